r"""The update towards a label is gradient descent on *half* the squared error; without the half the step doubles.

.. math::
    \theta + \alpha \bigl(U - \hat q_\theta(x)\bigr) \nabla \hat q_\theta(x)
        = \theta - \alpha \nabla \tfrac12 \bigl(U - \hat q_\theta(x)\bigr)^2

Why: the 2 that the square brings down cancels the half. The label U is held fixed while theta moves; it may be the
true value q(x), a return, or a TD target.

So "SGD on VE" and the update rule differ by a factor 2 in the step size, which no proof notices and every comparison of
step sizes does: on (U - q_hat)^2, as most software writes the loss, alpha / 2 takes the same step.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..approximations import AnyQ
from ..assumptions import detached_target, differentiable
from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..exact_slopes import polynomial_q, slopes_along
from ..mutants import updates as mutants
from ..relation import Relation, all_of, equal
from ..sums import named

half_convention = Claim(
    id="value-error.half-convention",
    title="The update towards a label is a gradient step on half the squared error",
    statement=(
        r"\theta + \alpha (U - \hat q_\theta(x)) \nabla \hat q_\theta(x)"
        r" = \theta - \alpha \nabla \tfrac12 (U - \hat q_\theta(x))^2"
    ),
    subject="update-towards",
    needs=(detached_target, differentiable),
    sources=(cite("sutton2018", "(9.4)-(9.5) and (9.7)", verified=False),),
)


# -------------------------------------------------------------------- for any differentiable q_hat


@half_convention.symbolic(held=True)
def step_is_down_half_the_square(update: Any, held: bool) -> Relation:
    """For an undefined function q_hat and any one of its parameters; the label is `held`, or moves with it."""
    import sympy

    theta, alpha, x = sympy.symbols("theta alpha x")
    q_hat = AnyQ()
    label = sympy.Symbol("U") if held else sympy.Function("U")(theta)
    half = (label - q_hat(theta)[x]) ** 2 / 2
    return equal(named(update(q_hat, theta, x, label, alpha)), named(theta - alpha * sympy.diff(half, theta)))


# -------------------------------------------------------------------- in rationals, by differences


def _steps(update: Any, q_hat: QHat, w: Array, labels: Array, step_size: fmpq, share: fmpq) -> Relation:
    """Compare the update at each pair with a step down the slopes of a share of the squared error there."""

    def loss(pair: int, parameters: Array) -> fmpq:
        error = labels[pair] - q_hat(parameters)[pair]
        return share * error * error

    return all_of(
        equal(update(q_hat, w, x, labels[x], step_size), w - step_size * slopes_along(partial(loss, x), w, 4))
        for x in range(len(labels))
    )


@half_convention.exact(
    mdp=mdps(max_states=2, max_outcomes=1),
    labels=tables,
    degree=st.sampled_from([1, 2]),
    coefficients=dyadic_features(3, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
    step_size=st.sampled_from([exact(a) for a in ("1/2", "1", "1/10", "0")]),
)
def step_is_down_the_slopes(
    update: Any, mdp: FiniteMDP, labels: Array, degree: int, coefficients: Array, w: Array, step_size: fmpq
) -> Relation:
    """For a linear or quadratic q_hat, at every pair; the slopes of half the square are taken by differences."""
    q_hat = polynomial_q(degree, coefficients)
    return _steps(update, q_hat, w, labels, step_size, fmpq(1, 2))


# -------------------------------------------------------------------- what must fail


@half_convention.too_strong(beside=step_is_down_the_slopes)
def half_does_not_matter(
    update: Any, mdp: FiniteMDP, labels: Array, degree: int, coefficients: Array, w: Array, step_size: fmpq
) -> Relation:
    """The same step on the squared error itself."""
    return _steps(update, polynomial_q(degree, coefficients), w, labels, step_size, fmpq(1))


for _check in (step_is_down_half_the_square, step_is_down_the_slopes):
    half_convention.refutes(mutants.unhalved_step, by=_check)
    half_convention.refutes(mutants.uphill_step, by=_check)
half_convention.fails_without(detached_target, by=step_is_down_half_the_square, held=False)
half_convention.kept(differentiable, because="Without a derivative neither side is defined.")
