r"""The gradient of VE by two roads, and the paths of semi- and full-gradient descent.

*By two roads*: SymPy differentiates the expression of the loss, torch the loss as it is computed; neither uses the
closed form 2 sum mu (q_hat - q) grad q_hat (value-error.ve-gradient, whose roads and bound these are). Parameters,
features, weights and values are small dyadic rationals, so that no operation of binary64 rounds and the two must be
equal. A hyperbolic tangent is rounded; there the bound is that of the running error analysis.

*Paths*: every method follows its expected update, without sampling noise, from the same first parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.examples import baird_features, stay_or_switch, twin_features, twin_process
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient, gradient, key_matrix, semi_gradient
from bellcheck.mdp.solve import evaluate, policy_iteration
from bellcheck.mdp.value_error import bellman_error, squared_td_error, value_error
from bellcheck.proofs.approximations import COLUMNS, Family
from bellcheck.proofs.running_error import exactly
from bellcheck.proofs.value_error.ve_gradient import autograd_gradient, symbolic_gradient, tanh_error_bounds

__all__ = ["BAIRD_STEP", "Component", "GradientRow", "baird_paths", "gradient_table", "objective_paths"]


@dataclass(frozen=True)
class Component:
    """One component of the gradient of VE by each road, and the derived bound on their distance.

    `symbolic` and `bound` are exact, or 60-digit numbers where there is a hyperbolic tangent.
    """

    symbolic: Any
    autograd: float
    difference: Any
    bound: Any

    @property
    def holds(self) -> bool:
        """Whether the distance is within the bound."""
        return bool(self.difference <= self.bound)


@dataclass(frozen=True)
class GradientRow:
    """The gradient of VE for one form of q_hat."""

    q_hat: str
    components: tuple[Component, ...]

    @property
    def furthest(self) -> Component:
        """The component at which the two roads differ most."""
        return max(self.components, key=lambda component: component.difference)

    @property
    def holds(self) -> bool:
        """Whether every component is within its bound."""
        return all(component.holds for component in self.components)


_FORMS: dict[Family, str] = {
    "linear": "linear",
    "polynomial": "polynomial of degree 2 in w",
    "relu": "two-layer network, ReLU",
    "tanh": "two-layer network, tanh",
}
# In every form no hidden unit is at its kink for any of the four pairs, so that the derivative exists.
_PARAMETERS: dict[Family, list[str]] = {
    "linear": ["3/8", "-5/4"],
    "polynomial": ["1/2", "-3/4"],
    "relu": ["1/2", "-1/4", "3/4", "1/2", "1/8", "-1/4", "1", "-1/2", "1/4"],
    "tanh": ["1/2", "-1/4", "3/4", "1/2", "1/8", "-1/4", "1", "-1/2", "1/4"],
}
_FEATURES = [[1, "1/2", "-1/2"], ["-1/2", 1, "1/4"], ["1/4", "-1", 1], [1, 1, "3/4"]]


def gradient_table() -> list[GradientRow]:
    """Return the gradient of VE for a linear and a polynomial q_hat and for two-layer ReLU and tanh networks.

    The values are q* of `stay_or_switch` at discount 1/2, the weights 1/2, 1/4, 1/8, 1/8. Needs torch.
    """
    mu, q = exact_array(["1/2", "1/4", "1/8", "1/8"]), policy_iteration(stay_or_switch("1/2")).q
    table = []
    for family, name in _FORMS.items():
        instance = (
            mu,
            q,
            np.stack([exact_array(row[: COLUMNS[family]]) for row in _FEATURES]),
            exact_array(_PARAMETERS[family]),
        )
        derived = symbolic_gradient(family, *instance)
        computed = autograd_gradient(value_error, family, *instance)
        bounds = tanh_error_bounds(*instance) if family == "tanh" else [fmpq(0)] * len(derived)
        read = [exactly(exact(x)) if family == "tanh" else exact(x) for x in computed]
        table.append(
            GradientRow(
                name,
                tuple(
                    Component(symbolic, autograd, abs(symbolic - number), bound)
                    for symbolic, autograd, number, bound in zip(derived, computed, read, bounds, strict=True)
                ),
            )
        )
    return table


# -------------------------------------------------------------------- Baird's star

BAIRD_STEP = 0.1
_BAIRD_START = np.array([1.0, 1, 1, 1, 1, 1, 10, 1])


def baird_paths(updates: int = 1_500) -> list[dict[str, Any]]:
    """Return ||Xw||, the largest value in error (all true values are 0), under the expected updates on Baird's star.

    All states are updated equally often, the first parameters are (1, 1, 1, 1, 1, 1, 10, 1).
    """
    methods: list[tuple[str, str, Literal["semi", "full"]]] = [
        ("semi-gradient, γ = 99/100", "99/100", "semi"),
        ("semi-gradient, γ = 15/17", "15/17", "semi"),
        ("semi-gradient, γ = 4/5", "4/5", "semi"),
        ("full gradient of BE, γ = 99/100", "99/100", "full"),
    ]
    features = baird_features()
    X = to_floats(features.flat).reshape(features.shape)
    points = []
    for name, discount, kind in methods:
        A = _baird_matrix(discount, kind)
        w = _BAIRD_START
        for k in range(updates + 1):
            if k % 5 == 0:
                points.append({"method": name, "update": k, "largest_value": float(np.abs(X @ w).max())})
            w = w - BAIRD_STEP * (A @ w)
    return points


def _baird_matrix(discount: object, kind: Literal["semi", "full"]) -> np.ndarray:
    """A of the expected update w <- w - step A w: the key matrix, or half the Hessian of BE."""
    star = FiniteMDP.from_pairs(7, [(state, 0, [(1, 0, 6)]) for state in range(7)], discount)
    always, mu, features = exact_array([1] * 7), exact_array(["1/7"] * 7), baird_features()
    if kind == "semi":
        A, _ = key_matrix(star, always, mu, features)
    else:
        # All rewards are 0, so T_pi applies gamma P_pi to the columns of X.
        error = features - np.column_stack([policy_operator(star, always, column) for column in features.T])
        A = (error.T * mu) @ error
    return to_floats(A.flat).reshape(A.shape)


# -------------------------------------------------------------------- three objectives, two processes

_TWIN_DISCOUNT = "1/2"


def objective_paths(updates: int = 900, step_size: float = 0.2) -> list[dict[str, Any]]:
    """Return the paths of four descents in the plane of two parameters, on the two processes of `twin_process`.

    The semi-gradient of TDE/2, and the full gradients of TDE/2, BE/2 and VE/2, from (1, 1), all states of equal weight.
    Needs torch.
    """
    import torch

    points = []
    for side in ("left", "right"):
        exact_model = twin_process(side, _TWIN_DISCOUNT)
        mdp, n = exact_model.to_tensor(), exact_model.n_pairs
        q_hat = LinearQ(twin_features(side)).to_tensor()
        # B and B' look the same; on the left B alone carries the weight of both, so that the data have the same law.
        mu = torch.tensor([1 / 3, 2 / 3] if side == "left" else [1 / 3] * 3, dtype=torch.float64)
        policy = torch.ones(n, dtype=torch.float64)
        q = torch.from_numpy(to_floats(evaluate(exact_model, exact_array([1] * n))))

        def tde(w: Any, u: Any, mdp: Any = mdp, mu: Any = mu, policy: Any = policy, q_hat: Any = q_hat) -> Any:
            return squared_td_error(mdp, mu, q_hat(w), q_hat(u), policy) / 2

        def be(w: Any, u: Any, mdp: Any = mdp, mu: Any = mu, policy: Any = policy, q_hat: Any = q_hat) -> Any:
            return bellman_error(mdp, mu, q_hat(w), q_hat(u), policy) / 2

        def ve(w: Any, mu: Any = mu, q: Any = q, q_hat: Any = q_hat) -> Any:
            return value_error(mu, q, q_hat(w)) / 2

        descents: dict[str, Callable[[Any], Any]] = {
            "semi-gradient": lambda w, tde=tde: semi_gradient(tde, w),  # type: ignore[misc]
            "full gradient of TDE": lambda w, tde=tde: full_gradient(tde, w),  # type: ignore[misc]
            "full gradient of BE": lambda w, be=be: full_gradient(be, w),  # type: ignore[misc]
            "gradient of VE": lambda w, ve=ve: gradient(ve, w),  # type: ignore[misc]
        }
        for name, direction in descents.items():
            w = torch.ones(2, dtype=torch.float64)
            for k in range(updates + 1):
                if k <= 60 or k % 10 == 0:
                    points.append({"process": side, "method": name, "update": k, "w1": float(w[0]), "w2": float(w[1])})
                w = w - step_size * direction(w)
    return points
