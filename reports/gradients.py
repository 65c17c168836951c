r"""The gradient of VE by two roads, and the paths of semi- and full-gradient descent.

*By two roads*: SymPy differentiates the expression of the loss, torch the loss as it is computed; neither uses the
closed form 2 sum mu (q_hat - q) grad q_hat (value-error.autograd-agrees, whose roads and bound these are). Parameters,
features, weights and values are small dyadic rationals, so that no operation of binary64 rounds and the two must be
equal. A hyperbolic tangent is rounded; there the bound is derived from the roundings that torch makes.

*Paths*: every method follows its expected update, without sampling noise, from the same first parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array, to_floats
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.examples import baird_features, stay_or_switch, twin_features, twin_process
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient, gradient, key_matrix, semi_gradient
from bellcheck.mdp.solve import evaluate, policy_iteration
from bellcheck.mdp.value_error import bellman_error, squared_td_error, value_error
from bellcheck.proofs.approximations import COLUMNS, Family, torch_q
from bellcheck.proofs.gradient_bound import gradient_error_bounds
from bellcheck.proofs.networks import Network
from bellcheck.proofs.value_error.autograd_agrees import (
    distances,
    network_gradient,
    symbolic_gradient,
    torch_gradients,
)

__all__ = ["BAIRD_STEP", "Component", "GradientRow", "baird_paths", "gradient_table", "objective_paths"]


@dataclass(frozen=True)
class Component:
    """One component of the gradient of VE by each road, and the derived bound on their distance.

    `symbolic` and `bound` are exact; where there is a hyperbolic tangent, 60 digits as text and a float.
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
}
# In every form no hidden unit is at its kink for any of the four pairs, so that the derivative exists.
_NETWORK_PARAMETERS = ["1/2", "-1/4", "3/4", "1/2", "1/8", "-1/4", "1", "-1/2", "1/4"]
_PARAMETERS: dict[Family, list[str]] = {
    "linear": ["3/8", "-5/4"],
    "polynomial": ["1/2", "-3/4"],
    "relu": _NETWORK_PARAMETERS,
}
_FEATURES = [[1, "1/2", "-1/2"], ["-1/2", 1, "1/4"], ["1/4", "-1", 1], [1, 1, "3/4"]]


def gradient_table() -> list[GradientRow]:
    """Return the gradient of VE for a linear and a polynomial q_hat and for two-layer ReLU and tanh networks.

    The values are q* of `stay_or_switch` at discount 1/2, the weights 1/2, 1/4, 1/8, 1/8. Needs torch.
    """
    mu, q = exact_array(["1/2", "1/4", "1/8", "1/8"]), policy_iteration(stay_or_switch("1/2")).q
    table = []
    for family, name in _FORMS.items():
        features, w = _features(COLUMNS[family]), exact_array(_PARAMETERS[family])
        derived = symbolic_gradient(family, mu, q, features, w)
        computed, _ = torch_gradients(value_error, torch_q(family, features), mu, q, w)
        components = [
            Component(symbolic, autograd, abs(symbolic - exact(autograd)), fmpq(0))
            for symbolic, autograd in zip(derived, computed, strict=True)
        ]
        table.append(GradientRow(name, tuple(components)))
    return [*table, _tanh_row(mu, q)]


def _tanh_row(mu: Array, q: Array) -> GradientRow:
    network, w = Network("one layer", "tanh"), exact_array(_NETWORK_PARAMETERS)
    instance = mu, q, _features(network.columns), w
    derived = network_gradient(network, *instance)
    computed, _ = torch_gradients(value_error, network.to_torch(instance[2]), mu, q, w)
    columns = computed, distances(computed, derived), gradient_error_bounds(network, *instance)
    components = [
        Component(symbolic.str(60, radius=False), *column) for symbolic, *column in zip(derived, *columns, strict=True)
    ]
    return GradientRow("two-layer network, tanh", tuple(components))


def _features(columns: int) -> Array:
    return np.stack([exact_array(row[:columns]) for row in _FEATURES])


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
