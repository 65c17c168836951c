r"""One noisy value converges in mean square if and only if the steps tend to 0 and their sum is infinite.

.. math:: \mathbb E (Q_n - q^*)^2 \to 0 \ \text{for every}\ Q_0
          \quad\Longleftrightarrow\quad \alpha_k \to 0 \ \text{and}\ \sum_k \alpha_k = \infty

for one state with one action, rewards of variance sigma^2 > 0, c = 1 - gamma > 0 and steps in [0, 1] given in advance.

Everything is exact here. Q_{k+1} - q* = (1 - c alpha_k)(Q_k - q*) + alpha_k (r_k - E r), so the mean error d and the
variance v, whose sum d^2 + v is the mean-square error, follow

.. math:: d_{k+1} = (1 - c\,\alpha_k)\, d_k, \qquad v_{k+1} = (1 - c\,\alpha_k)^2\, v_k + \alpha_k^2 \sigma^2.

*Sufficient.* For any m < n, because (1 - x)^2 <= 1 - x on [0, 1] and the sum telescopes,

.. math:: v_n \le v_m \prod_{j=m}^{n-1} (1 - c\,\alpha_j) + \frac{\sigma^2}{c} \max_{m \le j < n} \alpha_j .

Choose m so that later steps are small, then n so that the product is, which is at most exp(-c times the steps' sum).
The mean error d_n is d_m times the same product.

*Necessary.* v_{k+1} >= alpha_k^2 sigma^2: the steps must tend to 0. And for any m < n the product of 1 - c alpha_j over
m <= j < n is at least 1 - c times their sum, so that

.. math:: \mathbb E (Q_n - q^*)^2 \ge \Bigl(1 - c \sum_{j=m}^{n-1} \alpha_j\Bigr)^2\, \mathbb E (Q_m - q^*)^2
          \qquad\text{where the bracket is positive.}

If the sum is finite, some m has a rest of at most 1/2, and at least a quarter of the error at m remains for ever. That
error is not 0: the last positive step before m left a variance; and if there was none, Q_m is still Q_0. QED.

The sum of squares plays no role. After 200,000 steps at gamma = 1/2, sigma = 1 the variance is 0.0076 under
(k + 1)^-0.4 and 0.0022 under (k + 1)^-0.5, falling, although their squares sum to infinity; a constant 0.1 stays at
0.1026 for ever (q-learning.noise-floor); 2^-(k+1) freezes it at 0.215, and 0.578 of the first error with it.
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import step_sizes

from ..assumptions import deterministic_steps, discounted, independent_samples, noisy_reward, steps_in_unit_interval
from ..bounds import noise_weights
from ..claim import Claim
from ..expectations import moments
from ..loops import errors_without_noise, symbolic_update, variance_in_balls
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

step_necessary_sufficient = Claim(
    id="q-learning.step-necessary-sufficient",
    title="One noisy value converges in mean square iff the steps tend to 0 and their sum is infinite",
    statement=r"\mathbb E(Q_n - q^*)^2 \to 0 \iff \alpha_k \to 0 \ \text{and}\ \textstyle\sum_k \alpha_k = \infty",
    subject="synchronous-run",
    needs=(discounted, noisy_reward, steps_in_unit_interval, deterministic_steps, independent_samples),
    uses=("q-learning.noise-floor",),
)
step_necessary_sufficient.kept(
    discounted,
    because="At discount 1 the loop has no q* unless its mean reward is 0, and then no step size moves the mean.",
)


_ONE = fmpq(1)


def _moments(
    run: Any, discount: fmpq, first: fmpq, steps: Array, samples: str = "independent", sigma: fmpq = _ONE
) -> tuple[list[fmpq], list[fmpq]]:
    """Return the mean errors and the mean-square errors of Q_0, ..., Q_n over all outcomes.

    Rewards are sigma or -sigma, evenly, so that q* = 0.
    """
    loop = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", sigma, 0), ("1/2", -sigma, 0)])], discount)
    means, squares = moments(run, loop, exact_array([first]), steps, samples)
    return [mean[0] for mean in means], [square[0] for square in squares]


_DISCOUNTS = st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10))
_FIRST = st.integers(-6, 6).map(lambda halves: fmpq(halves, 2))
_STEPS = st.lists(step_sizes(), min_size=1, max_size=3).map(exact_array)
_MUTANTS = [learners.synchronous(mutant) for mutant in (learners.undiscounted_target, learners.doubled_step)]


# -------------------------------------------------------------------- the recursion


@step_necessary_sufficient.symbolic()
def update_is_linear(run: Any) -> Relation:
    """From q* + d with a reward that misses its mean by e: the error is (1 - (1 - gamma) alpha) d + alpha e."""
    import sympy

    error, noise, mean, step_size, discount = sympy.symbols("d e r alpha gamma")
    best = mean / (1 - discount)
    after = symbolic_update(run, best + error, step_size, mean + noise, discount)
    return equal(sympy.cancel(after - best), sympy.expand((1 - (1 - discount) * step_size) * error + step_size * noise))


@step_necessary_sufficient.too_strong(beside=update_is_linear)
def target_stands_still(run: Any) -> Relation:
    """As if the target did not move with the table: (1 - alpha) d + alpha e."""
    import sympy

    error, noise, step_size, discount = sympy.symbols("d e alpha gamma")
    after = symbolic_update(run, error, step_size, noise, discount)
    return equal(sympy.expand(after), sympy.expand((1 - step_size) * error + step_size * noise))


@step_necessary_sufficient.enumerated(discount=_DISCOUNTS, first=_FIRST, steps=_STEPS)
def moments_follow_the_recursion(
    run: Any, discount: fmpq, first: fmpq, steps: Array, samples: str = "independent"
) -> Relation:
    """Over all outcomes: the mean error is the product of 1 - (1 - gamma) alpha, the variance follows its recursion."""
    means, squares = _moments(run, discount, first, steps, samples)
    factors = [1 - (1 - discount) * step_size for step_size in steps]
    errors, variances = [first], [fmpq(0)]
    for factor, step_size in zip(factors, steps, strict=True):
        errors.append(factor * errors[-1])
        variances.append(factor**2 * variances[-1] + step_size**2)
    spread = [square - mean**2 for mean, square in zip(means, squares, strict=True)]
    return all_of([equal(means, errors), equal(spread, variances)])


step_necessary_sufficient.fails_without(
    deterministic_steps, by=moments_follow_the_recursion, steps=lambda: exact_array([1]), samples="good news ignored"
)
step_necessary_sufficient.fails_without(
    independent_samples,
    by=moments_follow_the_recursion,
    steps=lambda: exact_array(["1/2", "1/2"]),
    samples="one sample used throughout",
)


@step_necessary_sufficient.too_strong(beside=moments_follow_the_recursion)
def noise_is_that_of_fixed_targets(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """The squared weights of a weighted mean of samples, (1 - alpha)^2 v + alpha^2, as if gamma were 0."""
    means, squares = _moments(run, discount, first, steps)
    return equal([square - mean**2 for mean, square in zip(means, squares, strict=True)], list(noise_weights(steps)))


# -------------------------------------------------------------------- what sufficiency and necessity rest on


@step_necessary_sufficient.enumerated(discount=_DISCOUNTS, first=_FIRST, steps=_STEPS)
def small_steps_and_a_large_sum_suffice(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """v_n is at most v_m times the product, plus sigma^2 / (1 - gamma) times the largest step since m, for m < n."""
    means, squares = _moments(run, discount, first, steps)
    variance = [square - mean**2 for mean, square in zip(means, squares, strict=True)]
    n, rate = len(steps), 1 - discount
    bounds = [
        variance[m] * math.prod((1 - rate * step for step in steps[m:]), start=fmpq(1)) + max(steps[m:]) / rate
        for m in range(n)
    ]
    return at_most(variance[n], bounds)


step_necessary_sufficient.attained(
    "step 1 without bootstrapping: every table is the last sample",
    by=small_steps_and_a_large_sum_suffice,
    discount=lambda: fmpq(0),
    first=lambda: fmpq(0),
    steps=lambda: exact_array([1, 1]),
)
step_necessary_sufficient.fails_without(
    steps_in_unit_interval,
    by=small_steps_and_a_large_sum_suffice,
    discount=lambda: fmpq(0),
    steps=lambda: exact_array([2]),
)


@step_necessary_sufficient.too_strong(beside=small_steps_and_a_large_sum_suffice)
def noise_costs_the_square_of_a_step(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """With the squares of the largest step: as if noise did not add up."""
    means, squares = _moments(run, discount, first, steps)
    return at_most(squares[-1] - means[-1] ** 2, max(steps) ** 2)


@step_necessary_sufficient.enumerated(discount=_DISCOUNTS, first=_FIRST, steps=_STEPS)
def large_steps_or_a_small_sum_prevent(
    run: Any, discount: fmpq, first: fmpq, steps: Array, sigma: fmpq = _ONE
) -> Relation:
    """For sigma = 1: the error is at least the last step's noise, and (1 - (1 - gamma) sum since m)^2 of that at m."""
    _, squares = _moments(run, discount, first, steps, sigma=sigma)
    kept = [max(1 - (1 - discount) * sum(steps[m:], fmpq(0)), fmpq(0)) for m in range(len(steps))]
    bounds = [share**2 * squares[m] for m, share in enumerate(kept)]
    return at_most([steps[-1] ** 2, *bounds], squares[-1])


step_necessary_sufficient.fails_without(
    noisy_reward,
    by=large_steps_or_a_small_sum_prevent,
    first=st.just(fmpq(0)),
    steps=lambda: exact_array(["1/2"]),
    sigma=lambda: fmpq(0),
)
step_necessary_sufficient.attained(
    "the first step from q* adds its own noise and no more",
    by=large_steps_or_a_small_sum_prevent,
    discount=lambda: fmpq(1, 2),
    first=lambda: fmpq(0),
    steps=lambda: exact_array(["1/2"]),
)


@step_necessary_sufficient.too_strong(beside=large_steps_or_a_small_sum_prevent)
def errors_never_shrink(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """As if every step lost something: the error is at least the first."""
    _, squares = _moments(run, discount, first, steps)
    return at_most(squares[0], squares[-1])


for _mutant in _MUTANTS:
    step_necessary_sufficient.refutes(_mutant, by=update_is_linear)
    step_necessary_sufficient.refutes(_mutant, by=moments_follow_the_recursion)
    step_necessary_sufficient.refutes(_mutant, by=small_steps_and_a_large_sum_suffice)
step_necessary_sufficient.refutes(_MUTANTS[1], by=large_steps_or_a_small_sum_prevent)


# -------------------------------------------------------------------- the table

_DISCOUNT, _UPDATES = fmpq(1, 2), 200_000


def _rounds_to(value: arb, printed: str, place: int) -> Relation:
    """The ball lies within half a unit of the printed number's last place."""
    return at_most(abs(value - arb(exact(printed))), arb(fmpq(1, 2 * 10**place)))


@step_necessary_sufficient.fixture(exponent=lambda: fmpq(2, 5), variance="0.0076", earlier="0.0191")
@step_necessary_sufficient.fixture(exponent=lambda: fmpq(1, 2), variance="0.0022", earlier="0.0071")
def steps_that_are_not_square_summable(run: Any, exponent: fmpq, variance: str, earlier: str) -> Relation:
    """(k + 1)^-0.4 and (k + 1)^-0.5 at gamma = 1/2, sigma = 1: the variance after 20,000 and 200,000 updates."""
    return all_of(
        [
            _rounds_to(variance_in_balls(run, _DISCOUNT, exponent, _UPDATES // 10), earlier, 4),
            _rounds_to(variance_in_balls(run, _DISCOUNT, exponent, _UPDATES), variance, 4),
        ]
    )


@step_necessary_sufficient.too_strong(beside=steps_that_are_not_square_summable)
def square_summable_steps_are_necessary(run: Any, exponent: fmpq, variance: str, earlier: str) -> Relation:
    """As if steps whose squares sum to infinity left a floor: no less than the constant step 0.1 leaves."""
    return at_most(arb(fmpq(1, 10)), variance_in_balls(run, _DISCOUNT, exponent, _UPDATES))


@step_necessary_sufficient.fixture()
def floor_and_freeze(run: Any) -> Relation:
    """A constant 0.1 keeps the variance at 4/39 = 0.1026.

    The steps 2^-(k+1) come to a variance of 0.215 and 0.578 of the bias, after 100 updates.
    """
    constant, steps = exact("1/10"), [fmpq(1, 2 ** (k + 1)) for k in range(100)]
    floor, kept = fmpq(4, 39), errors_without_noise(run, _DISCOUNT, fmpq(1), [constant])[-1]
    bias = errors_without_noise(run, _DISCOUNT, arb(1), [arb(step) for step in steps])[-1]
    variance = arb(0)
    for step in steps:
        factor = errors_without_noise(run, _DISCOUNT, fmpq(1), [step])[-1]
        variance = arb(factor) ** 2 * variance + arb(step) ** 2
    # Later steps sum to 2^-100: they move either number by less than the slack that rounding to three places leaves.
    return all_of(
        [
            equal(kept**2 * floor + constant**2, floor),
            _rounds_to(arb(floor), "0.1026", 4),
            _rounds_to(variance, "0.215", 3),
            _rounds_to(bias, "0.578", 3),
        ]
    )


for _mutant in _MUTANTS:
    step_necessary_sufficient.refutes(_mutant, by=floor_and_freeze)
