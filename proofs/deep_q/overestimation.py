r"""The largest of several estimates is too large on average, unless one action is best in every sample.

.. math:: \mathbb E\bigl[\max_a \hat Q(a)\bigr] \ge \max_a \mathbb E[\hat Q(a)],

with equality exactly if one action has the largest estimate almost surely. For m independent errors, uniform on
[-epsilon, epsilon], around equal true values

.. math:: \mathbb E \max_a e_a = \epsilon\, \frac{m - 1}{m + 1}

and the target r + gamma max Q is too large by gamma times that on average.

Why: let action a have the largest mean. Then max Q^ >= Q^(a) in every sample; take means. The two means are equal only
if the difference, which is never negative, is 0 almost surely: if a is always among the best. No independence is
needed for that, and no assumption on the noise beyond that it has a mean. For uniform errors, with F(x) = (x + epsilon)
/ (2 epsilon), the largest is below x with probability F(x)^m; so its mean is epsilon less the integral of F^m, which is
2 epsilon / (m + 1).

The bias is about the estimates of *one* state; the errors need not be large, only as large as the differences between
actions. It is why the mean of Q-learning exceeds value iteration (q-learning.jensen-gap). Noise in the rewards brings
it about as well as the error of a network, and more actions make it larger: for m large it is nearly epsilon. Errors
that all actions share do no harm of this kind.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.draws import DISCOUNTS
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import tied_to

from ..assumptions import independent_estimates
from ..claim import Claim, cite
from ..mutants import deep_q as mutants
from ..mutants import learners, operators
from ..relation import Relation, all_of, at_most, equal, less_than
from ..runs import Update

overestimation = Claim(
    id="deep-q.overestimation",
    title="The largest of noisy estimates is too large on average",
    statement=r"\mathbb E[\max_a \hat Q(a)] \ge \max_a \mathbb E[\hat Q(a)]; \quad"
    r" \mathbb E \max_{a \le m} e_a = \epsilon \tfrac{m-1}{m+1} \ \text{for independent uniform errors}",
    subject="maximum",
    needs=(independent_estimates,),
    sources=(cite("thrun1993"), cite("vanhasselt2010")),
)


# -------------------------------------------------------------------- any estimates


@tied_to("numbers")
@st.composite
def _samples(draw: st.DrawFn) -> Array:
    """One to four samples (rows) of estimates of one to three actions; in some, one action is always best."""
    rows, actions = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    size = rows * actions
    estimates = exact_array(draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))).reshape(rows, actions)
    if draw(st.booleans()):
        estimates[:, 0] = estimates.max(axis=1)
    return estimates


_chances = st.lists(st.integers(1, 5), min_size=4, max_size=4).map(exact_array)


@overestimation.enumerated(estimates=_samples(), chances=_chances)
def largest_estimate_is_too_large(maximum: Any, estimates: Array, chances: Array) -> Relation:
    """Over the samples, with probabilities in the ratio of `chances`: at least, and equal only where it must be."""
    weights = chances[: len(estimates)] / sum(chances[: len(estimates)])
    mean_of_largest = sum((w * maximum(row) for w, row in zip(weights, estimates, strict=True)), fmpq(0))
    largest_mean = max(weights @ estimates)
    always_best = any(all(row[a] == max(row) for row in estimates) for a in range(estimates.shape[1]))
    exactly = equal if always_best else less_than
    return all_of([at_most(largest_mean, mean_of_largest), exactly(largest_mean, mean_of_largest)])


for _mutant in (operators.total, mutants.mean_in_place_of_maximum, mutants.median_in_place_of_maximum):
    overestimation.refutes(_mutant, by=largest_estimate_is_too_large)
overestimation.attained(
    "the first of two actions is always the better one",
    by=largest_estimate_is_too_large,
    estimates=exact_array([2, 0, 3, 3]).reshape(2, 2),
    chances=exact_array([1, 1]),
)


@overestimation.too_strong(beside=largest_estimate_is_too_large)
def unbiased_estimates_give_an_unbiased_maximum(maximum: Any, estimates: Array, chances: Array) -> Relation:
    """Each estimate has the right mean, and the largest has not."""
    weights = chances[: len(estimates)] / sum(chances[: len(estimates)])
    return equal(sum((w * maximum(row) for w, row in zip(weights, estimates, strict=True))), max(weights @ estimates))


# -------------------------------------------------------------------- independent uniform errors


def _means_of_the_largest() -> tuple[Any, Any, list[Any]]:
    """Return m, epsilon and the mean of the largest of m errors by three routes."""
    import sympy

    m = sympy.Symbol("m", integer=True, positive=True)
    epsilon = sympy.Symbol("epsilon", positive=True)
    u = sympy.Symbol("u", positive=True)
    # u = F(x), x = epsilon (2 u - 1): an error's rank among all that it could have been is uniform on [0, 1].
    tail = epsilon - sympy.integrate(u**m * 2 * epsilon, (u, 0, 1))
    density = sympy.integrate(sympy.expand(epsilon * (2 * u - 1) * m * u ** (m - 1)), (u, 0, 1))
    # The largest of m is the m-th order statistic, whose rank has the law Beta(m, 1).
    rank = sympy.gammasimp(sympy.gamma(m + 1) * sympy.gamma(m + 1) / (sympy.gamma(m) * sympy.gamma(m + 2)))
    return m, epsilon, [tail, density, epsilon * (2 * rank - 1)]


@overestimation.symbolic()
def mean_of_the_largest_error(maximum: Any) -> Relation:
    """For every m: by the integral of F^m, by the density m F^(m-1) f, and as an order statistic."""
    import sympy

    m, epsilon, means = _means_of_the_largest()
    return equal([sympy.simplify(mean) for mean in means], [epsilon * (m - 1) / (m + 1)] * len(means))


@overestimation.too_strong(beside=mean_of_the_largest_error)
def errors_of_mean_zero_cancel(maximum: Any) -> Relation:
    """Each error has the mean 0, the largest has not."""
    _, epsilon, means = _means_of_the_largest()
    return equal(means, [0 * epsilon] * len(means))


def _grid(epsilon: Scalar, points: int) -> list[Scalar]:
    """Return equally spaced errors from -epsilon to epsilon."""
    return [epsilon * fmpq(2 * i - (points - 1), points - 1) for i in range(points)]


def _errors(epsilon: Scalar, points: int, actions: int, shared: bool) -> list[Array]:
    grid = _grid(epsilon, points)
    return [exact_array(e) for e in (((e,) * actions for e in grid) if shared else product(grid, repeat=actions))]


def _mean_of_the_largest(epsilon: Scalar, points: int, actions: int) -> Scalar:
    """The sum in the place of the integral of F^m: it tends to epsilon (m - 1) / (m + 1) as the grid gets finer."""
    below = sum((fmpq(k, points) ** actions for k in range(1, points)), fmpq(0))
    return epsilon * (1 - 2 * below / (points - 1))


_grids: dict[str, Any] = {
    "epsilon": st.sampled_from(exact_array([1, 2, "1/2", "1/3"]).tolist()),
    "points": st.integers(2, 4),
    "actions": st.integers(1, 3),
    "shared": False,
}


@overestimation.enumerated(**_grids)
def grids_of_errors_obey_the_formula(
    maximum: Any, epsilon: Scalar, points: int, actions: int, shared: bool
) -> Relation:
    """Errors on an even grid, over all their combinations; at two points, epsilon (1 - 2^(1 - m))."""
    errors = _errors(epsilon, points, actions, shared)
    mean = sum((maximum(e) for e in errors), fmpq(0)) / len(errors)
    return equal(mean, _mean_of_the_largest(epsilon, points, actions))


for _mutant in (operators.total, mutants.mean_in_place_of_maximum):
    overestimation.refutes(_mutant, by=grids_of_errors_obey_the_formula)
overestimation.fails_without(independent_estimates, by=grids_of_errors_obey_the_formula, shared=True)


@overestimation.enumerated(
    of="q-learner",
    **_grids,
    value=st.integers(-3, 3).map(exact),
    discount=st.sampled_from(list(DISCOUNTS[:6])),
)
def targets_are_too_large_by_the_discount_times_that(
    update: Update, epsilon: Scalar, points: int, actions: int, shared: bool, value: Scalar, discount: Scalar
) -> Relation:
    """Over all errors around equal true values: the mean target of Q-learning, less the true one."""
    mdp = FiniteMDP.from_pairs(1, [(0, a, [(1, 1, 0)]) for a in range(actions)], discount)
    errors = _errors(epsilon, points, actions, shared)
    targets = [update(mdp, value + e, 0, 0, fmpq(1))[0] for e in errors]
    bias = np.sum(targets) / len(errors) - (1 + discount * value)
    return equal(bias, discount * _mean_of_the_largest(epsilon, points, actions))


for _learner in (learners.behaviour_average, learners.undiscounted_target):
    overestimation.refutes(_learner, by=targets_are_too_large_by_the_discount_times_that)
overestimation.fails_without(independent_estimates, by=targets_are_too_large_by_the_discount_times_that, shared=True)
