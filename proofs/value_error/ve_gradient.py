r"""The gradient of the weighted value error is 2 sum mu (q_hat - q) grad q_hat, as long as mu and q do not move.

.. math::
    \nabla_\theta \sum_x \mu(x) \bigl(q(x) - \hat q_\theta(x)\bigr)^2
        = 2 \sum_x \mu(x) \bigl(\hat q_\theta(x) - q(x)\bigr) \nabla \hat q_\theta(x)

Why: the chain rule, term by term; nothing is asked of q_hat but a derivative. Along any one parameter, written theta,
with all others held, and for any number n of pairs,

.. math::
    \frac{d}{d\theta} \sum_{i=1}^n \mu_i \bigl(q_i - \hat q_i(\theta)\bigr)^2
        = \sum_{i=1}^n \mu_i \cdot 2 \bigl(q_i - \hat q_i(\theta)\bigr) \cdot \bigl(-\hat q_i'(\theta)\bigr)

There is no back-propagation in the formula: for a network, grad q_hat(x) is what back-propagation supplies
(value-error.autograd-agrees).

The condition is the point. If q is q_pi and mu the behaviour's share of time, both depend on theta through the policy,
and two terms are missing (folklore.ve-gradient-is-total).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, tables
from bellcheck.mdp.value_error import value_error_gradient

from ..assumptions import differentiable, frozen_weights
from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..exact_slopes import polynomial_q, slopes_along
from ..mutants import gradient as mutants
from ..relation import Relation, equal
from ..sums import Entries, named

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


# -------------------------------------------------------------------- for any q_hat, any number of pairs


@ve_gradient.symbolic(frozen=True)
def derivative_is_the_formula(VE: Any, frozen: bool) -> Relation:
    """For n pairs, n a symbol, and undefined functions of a parameter as q_hat; mu and q are `frozen`, or such too."""
    import sympy

    theta = sympy.Symbol("theta", real=True)
    i, n = sympy.symbols("i n", integer=True, positive=True)
    table, mu, q = (sympy.Function(name)(i, theta) for name in ("q_hat", "mu", "q"))
    if frozen:
        mu, q = sympy.IndexedBase("mu")[i], sympy.IndexedBase("q")[i]
    derived = sympy.diff(VE(*(Entries(entry, (i, 1, n)) for entry in (mu, q, table))), theta)
    formula = sympy.Sum(2 * mu * (table - q) * sympy.diff(table, theta), (i, 1, n))
    return equal(named(derived), named(formula))


# -------------------------------------------------------------------- the formula, in rationals


@ve_gradient.exact(
    mdp=mdps(max_states=2, max_outcomes=1),
    mu=distributions,
    q=tables,
    degree=st.sampled_from([1, 2]),
    coefficients=dyadic_features(3, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
)
def formula_is_the_slope(
    VE: Any, mdp: FiniteMDP, mu: Array, q: Array, degree: int, coefficients: Array, w: Array
) -> Relation:
    """For a linear or quadratic q_hat VE is a polynomial along each parameter, and differences give its slope.

    The formula is that of `value_error_gradient`, with the gradients that the q_hat itself supplies.
    """
    q_hat = polynomial_q(degree, coefficients)
    slopes = slopes_along(lambda parameters: VE(mu, q, q_hat(parameters)), w, 2 * degree)
    return equal(slopes, value_error_gradient(mu, q, q_hat, w))


# -------------------------------------------------------------------- what must fail

for _check in (derivative_is_the_formula, formula_is_the_slope):
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
