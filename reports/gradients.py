r"""The gradient of VE by two roads, and the paths of semi- and full-gradient descent.

*By two roads*: SymPy differentiates the expression of the loss, torch the loss as it is computed; neither uses the
closed form 2 sum mu (q_hat - q) grad q_hat. Parameters, weights and values are small dyadic rationals, so that no
operation of binary64 rounds and the two must agree in every bit: the bound on their difference is 0.

*Paths*: every method follows its expected update, without sampling noise, from the same first parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy
from flint import fmpq

from bellcheck.mdp.approximation import LinearQ, NetworkQ, PolynomialQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array, fraction, to_floats
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.examples import baird_features, stay_or_switch, twin_features, twin_process
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient, gradient, key_matrix, semi_gradient
from bellcheck.mdp.solve import evaluate, policy_iteration
from bellcheck.mdp.value_error import bellman_error, squared_td_error, value_error

__all__ = ["BAIRD_STEP", "GradientRow", "baird_paths", "gradient_table", "objective_paths"]


@dataclass(frozen=True)
class GradientRow:
    """One component of the gradient of VE: SymPy's rational, torch's float, and the bound on their difference."""

    q_hat: str
    parameter: int
    symbolic: fmpq
    autograd: float
    bound: fmpq

    @property
    def difference(self) -> fmpq:
        """The exact distance of the two."""
        return abs(exact(self.autograd) - self.symbolic)

    @property
    def holds(self) -> bool:
        """Whether the distance is within the bound."""
        return bool(self.difference <= self.bound)


def gradient_table() -> list[GradientRow]:
    """Return every component for a linear and a polynomial q_hat and a network with one hidden layer of ReLUs.

    The values are q* of `stay_or_switch` at discount 1/2, the weights 1/2, 1/4, 1/8, 1/8. Needs torch.
    """
    import torch

    mdp = stay_or_switch("1/2")
    mu, q = exact_array(["1/2", "1/4", "1/8", "1/8"]), policy_iteration(mdp).q
    weights, values = torch.from_numpy(to_floats(mu)), torch.from_numpy(to_floats(q))
    table = []
    for name, symbolic, computed, parameters in (_linear(), _polynomial(), _network()):
        names = sympy.symbols(f"w0:{len(parameters)}")
        loss = sum(
            _rational(m) * (_rational(value) - estimate) ** 2
            for m, value, estimate in zip(mu, q, symbolic(names), strict=True)
        )
        at = {w: _rational(number) for w, number in zip(names, parameters, strict=True)}
        by_torch = gradient(
            lambda w, computed=computed: value_error(weights, values, computed(w)),  # type: ignore[misc]
            torch.from_numpy(to_floats(parameters)),
        )
        for i, w in enumerate(names):
            table.append(GradientRow(name, i, exact(str(sympy.diff(loss, w).subs(at))), float(by_torch[i]), exact(0)))
    return table


_Form = tuple[str, Callable[[Any], list[Any]], Any, Array]


def _linear() -> _Form:
    rows = [[1, "1/2"], [0, "3/4"], ["-1/4", 1], [2, "-1/2"]]
    return (
        "linear",
        lambda w: [sum(_rational(c) * x for c, x in zip(row, w, strict=True)) for row in rows],
        LinearQ(rows).to_tensor(),
        exact_array(["3/8", "-5/4"]),
    )


def _polynomial() -> _Form:
    monomials = [(), (0,), (0, 1), (1, 1, 2)]
    rows = [["1/2", 1, 0, "1/4"], [0, "-1/2", 1, 1], [1, 0, "3/4", "-1/2"], ["1/4", "1/4", "-1", 2]]
    return (
        "polynomial",
        lambda w: [
            sum(_rational(c) * sympy.Mul(*(w[j] for j in m)) for c, m in zip(row, monomials, strict=True))
            for row in rows
        ],
        PolynomialQ(rows, monomials, 3).to_tensor(),
        exact_array(["1/2", "-3/4", "5/4"]),
    )


def _network() -> _Form:
    import torch

    inputs: list[list[Any]] = [[1, "1/2"], ["-1/2", 1], ["1/4", "-1"], [1, 1]]
    hidden = 3
    module = torch.nn.Sequential(
        torch.nn.Linear(2, hidden, dtype=torch.float64),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden, 1, dtype=torch.float64),
    )

    def symbolic(w: Any) -> list[Any]:
        first, bias, second, last = (
            w[: 2 * hidden],
            w[2 * hidden : 3 * hidden],
            w[3 * hidden : 4 * hidden],
            w[4 * hidden],
        )
        return [
            sum(
                second[j] * sympy.Max(0, sum(first[2 * j + i] * _rational(row[i]) for i in range(2)) + bias[j])
                for j in range(hidden)
            )
            + last
            for row in inputs
        ]

    # No hidden unit is at its kink for any of the four pairs, so that the derivative exists.
    parameters = ["1/2", "-1/4", "3/4", "1/2", "-1/2", "1", "1/8", "-1/4", "3/8", "1", "-1/2", "3/4", "1/4"]
    return "two-layer network", symbolic, NetworkQ(module, inputs), exact_array(parameters)


def _rational(number: object) -> sympy.Rational:
    return sympy.Rational(fraction(exact(number)))


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
