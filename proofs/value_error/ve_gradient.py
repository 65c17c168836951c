r"""The gradient of the weighted value error is 2 sum mu (q_hat - q) grad q_hat, as long as mu and q do not move.

.. math::
    \nabla_\theta \sum_x \mu(x) \bigl(q(x) - \hat q_\theta(x)\bigr)^2
        = 2 \sum_x \mu(x) \bigl(\hat q_\theta(x) - q(x)\bigr) \nabla \hat q_\theta(x)

Why: the chain rule, term by term; nothing is asked of q_hat but a derivative. There is no back-propagation in the
formula: for a network, grad q_hat(x) is what back-propagation supplies.

The condition is the point. If q is q_pi and mu the behaviour's share of time, both depend on theta through the policy,
and two terms are missing (value-error.mu-nonstationary).

**How torch is compared.** SymPy differentiates the expression of VE, torch our loss, and neither uses the formula. For
a linear, a polynomial and a two-layer ReLU q_hat the two are equal, without tolerance, on dyadic numbers of b bits
with unit 1/16 (`dyadic`): with at most 6 pairs no intermediate numerator exceeds

* linear, 2 weights: 2 mu (x.w - q) x summed over pairs, 6 * 2 * 3 * 2^(4b) < 2^(4b + 6), 50 bits at b = 11;
* polynomial, 3 monomials: 6 * 2 * 4 * 3 * 2^(6b) < 2^(6b + 8), 50 bits at b = 7;
* ReLU, 2 hidden units: 6 * 2 * 8 * 3 * 2^(6b) < 2^(6b + 9), 51 bits at b = 7 (in v; fewer in U, a and b).

A term with fewer factors than others is brought to their unit by 2^4 <= 2^b for each factor that it lacks.

For a two-layer tanh network the difference is at most the bound of a running error analysis of back-propagation
(`running_error`). With h = tanh(U x + a) and g = 2 mu (q_hat - q),

.. math::
    \partial_v = \sum g h, \quad \partial_b = \sum g, \quad
    \partial_U = \sum g v (1 - h^2) x, \quad \partial_a = \sum g v (1 - h^2)

every product and sum carries its rounding, and g as many as in mu e + mu e, however the square was written.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact_array, to_floats
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import distributions, mdps
from bellcheck.mdp.value_error import value_error_gradient

from ..approximations import (
    COLUMNS,
    HIDDEN,
    N_PARAMETERS,
    Family,
    evaluator,
    symbolic_q,
    torch_q,
    undefined_functions,
)
from ..assumptions import differentiable, frozen_weights
from ..claim import Claim, cite
from ..dyadic import (
    LINEAR_BITS,
    NETWORK_BITS,
    dyadic_features,
    dyadic_mdps,
    dyadic_parameters,
    dyadic_tables,
    dyadic_weights,
)
from ..mutants import gradient as mutants
from ..relation import Relation, at_most, equal
from ..running_error import Ball, exactly

ve_gradient = Claim(
    id="value-error.ve-gradient",
    title="The gradient of VE is 2 sum mu (q_hat - q) grad q_hat, for mu and q that do not move",
    statement=(
        r"\nabla_\theta \sum_x \mu(x) (q(x) - \hat q_\theta(x))^2"
        r" = 2 \sum_x \mu(x) (\hat q_\theta(x) - q(x)) \nabla \hat q_\theta(x)"
    ),
    subject="value-error",
    needs=(frozen_weights, differentiable),
    sources=(cite("sutton2018", "(9.1)", verified=False), cite("crossvalidated365618")),
)


# -------------------------------------------------------------------- for any differentiable q_hat


@ve_gradient.symbolic(frozen=True)
def derivative_is_the_formula(VE: Any, frozen: bool) -> Relation:
    """For undefined functions of two parameters as q_hat, at three pairs; mu and q are `frozen`, or such functions."""
    import sympy

    theta = sympy.symbols("theta1 theta2")
    named = {name: undefined_functions(name, 3, theta) for name in ("q_hat", "mu", "q")}
    table, mu, q = (np.array(functions, dtype=object) for functions, _ in named.values())
    if frozen:
        mu, q = np.array(sympy.symbols("mu:3 q:3"), dtype=object).reshape(2, 3)

    def naming(expression: Any) -> Any:
        for _, by_symbols in named.values():
            expression = by_symbols(expression)
        return expression

    derived = [naming(sympy.diff(VE(mu, q, table), t)) for t in theta]
    formula = [sum(naming(2 * mu[i] * (table[i] - q[i]) * sympy.diff(table[i], t)) for i in range(3)) for t in theta]
    return equal(derived, formula)


# -------------------------------------------------------------------- the formula, in rationals


_small_features = dyadic_features(2, NETWORK_BITS)
_two_parameters = dyadic_parameters(2, NETWORK_BITS)


@ve_gradient.exact(mdp=mdps(max_states=3), mu=distributions, features=_small_features, w=_two_parameters)
def formula_is_the_slope(VE: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array) -> Relation:
    """For q* and linear q_hat VE is a parabola along each parameter: its symmetric quotient is its slope."""
    q = policy_iteration(mdp).q
    units = [exact_array(int(i == j) for i in range(2)) for j in range(2)]
    slopes = [(VE(mu, q, features @ (w + unit)) - VE(mu, q, features @ (w - unit))) / 2 for unit in units]
    return equal(exact_array(slopes), value_error_gradient(mu, q, LinearQ(features), w))


# -------------------------------------------------------------------- torch's derivative against SymPy's


def symbolic_gradient(family: Family, mu: Array, q: Array, features: Array, w: Array) -> list[Any]:
    """Return SymPy's derivative of VE by each parameter: in rationals, for a tanh network to 60 digits."""
    derivatives = _derivatives(family, len(mu))
    if family != "tanh":
        return derivatives(mu, q, features.flat, w)
    return derivatives(*([exactly(x) for x in values.flat] for values in (mu, q, features, w)))


@cache
def _derivatives(family: Family, n_pairs: int) -> Any:
    import sympy

    q_hat = symbolic_q(family, n_pairs)
    mu, q = sympy.symbols(f"mu:{n_pairs}"), sympy.symbols(f"q:{n_pairs}")
    loss = sum(mu[i] * (q[i] - q_hat.table[i]) ** 2 for i in range(n_pairs))
    return evaluator([mu, q, q_hat.features, q_hat.parameters], [sympy.diff(loss, w) for w in q_hat.parameters])


def autograd_gradient(VE: Any, family: Family, mu: Array, q: Array, features: Array, w: Array) -> list[float]:
    """Return torch's derivative of a value error by each parameter."""
    import torch

    q_hat = torch_q(family, features)
    leaf = torch.tensor(to_floats(w), requires_grad=True)
    loss = VE(torch.tensor(to_floats(mu)), torch.tensor(to_floats(q)), q_hat(leaf))
    gradient: list[float] = torch.autograd.grad(loss, leaf)[0].tolist()
    return gradient


def tanh_error_bounds(mu: Array, q: Array, features: Array, w: Array) -> list[Any]:
    """Return how far torch's derivatives for a tanh network may be from the exact ones, as 60-digit numbers."""
    return [
        ball.error for ball in _backpropagation(*([Ball(exactly(x)) for x in v.flat] for v in (mu, q, features, w)))
    ]


def _exactly_equal(VE: Any, family: Family, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    derived = symbolic_gradient(family, mu, q, features, w)
    return equal(exact_array(autograd_gradient(VE, family, mu, q, features, w)), exact_array(derived))


def _draws(family: Family, bits: int) -> dict[str, Any]:
    return {
        "mdp": dyadic_mdps(max_states=3, max_actions=2),
        "mu": dyadic_weights(bits),
        "q": dyadic_tables(bits),
        "features": dyadic_features(COLUMNS[family], bits),
        "w": dyadic_parameters(N_PARAMETERS[family], bits),
    }


@ve_gradient.autograd(**_draws("linear", LINEAR_BITS))
def autograd_of_linear(VE: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """Equal to the last bit for linear q_hat."""
    return _exactly_equal(VE, "linear", mu, q, features, w)


@ve_gradient.autograd(**_draws("polynomial", NETWORK_BITS))
def autograd_of_polynomial(VE: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """Equal to the last bit for a q_hat that is quadratic in its parameters."""
    return _exactly_equal(VE, "polynomial", mu, q, features, w)


@ve_gradient.autograd(**_draws("relu", NETWORK_BITS))
def autograd_of_relu_network(VE: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """Equal to the last bit for a two-layer ReLU network; at its kinks both take the slope 0."""
    return _exactly_equal(VE, "relu", mu, q, features, w)


@ve_gradient.autograd(**_draws("tanh", NETWORK_BITS))
def autograd_of_tanh_network(VE: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """Within the running error bound for a two-layer tanh network."""
    derived = symbolic_gradient("tanh", mu, q, features, w)
    computed = [exactly(x) for x in exact_array(autograd_gradient(VE, "tanh", mu, q, features, w))]
    bounds = tanh_error_bounds(mu, q, features, w)
    # Floats on both sides read better, and what is at most the bound stays so: rounding to nearest is monotone.
    return at_most([float(abs(a - b)) for a, b in zip(computed, derived, strict=True)], [float(e) for e in bounds])


# The two binary64 numbers nearest to tanh(9/16) are about as far from it: no library can do better than this.
ve_gradient.attained(
    "one hidden unit, where tanh(9/16) must round by nearly half a unit in the last place",
    by=autograd_of_tanh_network,
    share="1/30",
    mdp=self_loop,
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
    features=lambda: exact_array([0, 0]).reshape(1, 2),
    w=lambda: exact_array([0, 0, 0, 0, "9/16", 0, 0, 0, 1]),
)


def _backpropagation(mu: list[Ball], q: list[Ball], features: list[Ball], w: list[Ball]) -> list[Ball]:
    """Return the gradient with its error bounds, by the steps of the module's docstring."""
    one, units, inputs = Ball(exactly(fmpq(1))), range(HIDDEN), range(COLUMNS["tanh"])
    weights = [[w[j * len(inputs) + i] for i in inputs] for j in units]
    shifts, v, b = w[4:6], w[6:8], w[8]
    by_weight: list[list[Ball]] = [[] for _ in range(HIDDEN * len(inputs))]
    by_shift: list[list[Ball]] = [[] for _ in units]
    by_v: list[list[Ball]] = [[] for _ in units]
    by_b: list[Ball] = []
    for i in range(len(mu)):
        x = features[i * len(inputs) : (i + 1) * len(inputs)]
        h = [Ball.dot([*weights[j], shifts[j]], [*x, one]).tanh() for j in units]
        error = Ball.dot([*v, b], [*h, one]) - q[i]
        g = Ball.dot([mu[i] * error, mu[i] * error], [one, one])
        by_b.append(g)
        for j in units:
            slope = (g * v[j]) * (one - h[j] * h[j])
            by_v[j].append(g * h[j])
            by_shift[j].append(slope)
            for k in inputs:
                by_weight[j * len(inputs) + k].append(slope * x[k])
    return [Ball.dot(terms, [one] * len(terms)) for terms in (*by_weight, *by_shift, *by_v, by_b)]


# -------------------------------------------------------------------- what must fail

for _check in (
    derivative_is_the_formula,
    formula_is_the_slope,
    autograd_of_linear,
    autograd_of_polynomial,
    autograd_of_relu_network,
    autograd_of_tanh_network,
):
    for _mutant in (
        mutants.negated_value_error,
        mutants.forgotten_weights,
        mutants.halved_value_error,
        mutants.squared_weights,
    ):
        ve_gradient.refutes(_mutant, by=_check)
ve_gradient.fails_without(frozen_weights, by=derivative_is_the_formula, frozen=False)
ve_gradient.kept(
    differentiable,
    because="Without a derivative neither side is defined. At a kink of a ReLU network torch and SymPy take the slope"
    " 0, by a convention.",
)
