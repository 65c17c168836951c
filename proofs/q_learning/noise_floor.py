r"""With a constant step noise never averages out: the variance has a floor, of known height.

.. math:: \operatorname{Var} Q_n = \alpha^2 \sigma^2\, \frac{1 - b^{2n}}{1 - b^2}, \quad b = 1 - (1 - \gamma)\alpha
    \qquad\longrightarrow\qquad \frac{\alpha\, \sigma^2}{(1 - \gamma)\,(2 - (1 - \gamma)\alpha)}

for one state with one action, 0 < alpha <= 1, and rewards of variance sigma^2. The mean is known as well:
E[Q_n] - q* = b^n (Q_0 - q*).

Why: Q_{n+1} = b Q_n + alpha r, and r is independent of Q_n. So the mean's distance to q* is multiplied by b, and the
variance obeys v_{n+1} = b^2 v_n + alpha^2 sigma^2 from v_0 = 0, a geometric series. In its limit 1 - b^2 is
(1 - gamma) alpha (2 - (1 - gamma) alpha).

To first order in alpha the floor is alpha sigma^2 / (2 (1 - gamma)); exactly it is a little higher, always. A smaller
step lowers it and slows the decay of the mean by the same factor: this is the trade that decreasing steps resolve.

*What is left to statistics* is the simulator: that it draws a new outcome in every sweep. With rewards 1 or -1 and Q_0
= 0 all |Q_n| are at most B = 1 / (1 - gamma) (q-learning.bounded); by Hoeffding the mean of Q_n^2 over N independent
replicas is off by more than B^2 sqrt(ln(2 / delta) / (2 N)) with probability at most delta.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, fraction
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.step_size import Constant
from bellcheck.mdp.strategies import tied_to

from ..assumptions import constant_steps, discounted, independent_samples
from ..claim import Claim
from ..definitions import optimal_values
from ..expectations import moments
from ..loops import symbolic_update
from ..mutants import learners, rates
from ..relation import Relation, all_of, at_most, equal

noise_floor = Claim(
    id="q-learning.noise-floor",
    title="With a constant step the variance of one value has a floor of known height",
    statement=r"\operatorname{Var} Q_n = \alpha^2\sigma^2\,\tfrac{1-b^{2n}}{1-b^2},\ b = 1-(1-\gamma)\alpha;"
    r"\quad \lim = \tfrac{\alpha\sigma^2}{(1-\gamma)(2-(1-\gamma)\alpha)}",
    subject="synchronous-run",
    needs=(discounted, constant_steps, independent_samples),
    uses=("q-learning.bounded", "q-learning.one-step-expectation"),
)
noise_floor.kept(
    discounted,
    because="At discount 1 the formula has b = 1 and divides by 0; the variance is n alpha^2 sigma^2, without limit.",
)

_MUTANTS = [learners.synchronous(mutant) for mutant in (learners.undiscounted_target, learners.doubled_step)]


def _variance(power: Any, step_size: Any, discount: Any, variance: Any) -> Any:
    """Return the formula, `power` standing for b^(2n)."""
    contraction = 1 - (1 - discount) * step_size
    return step_size**2 * variance * (1 - power) / (1 - contraction**2)


# -------------------------------------------------------------------- for every n, by induction


@noise_floor.symbolic()
def variance_by_induction(run: Any) -> Relation:
    """The learner maps Q to b Q + alpha r, thus v to b^2 v + alpha^2 sigma^2, and the formula of n to that of n + 1.

    With p for b^(2n): p = 1 gives v_0 = 0, p -> b^2 p is the step, and p = 0 gives the limit.
    """
    import sympy

    step_size, discount, variance, q, reward, power = sympy.symbols("alpha gamma sigma^2 Q r p")
    after = symbolic_update(run, q, step_size, reward, discount)
    of_table, of_reward = sympy.diff(after, q), sympy.diff(after, reward)
    contraction = 1 - (1 - discount) * step_size
    now, then, first, limit = (
        _variance(p, step_size, discount, variance)
        for p in (power, contraction**2 * power, sympy.Integer(1), sympy.Integer(0))
    )
    return all_of(
        [
            equal(after, of_table * q + of_reward * reward),
            equal(sympy.cancel(of_table**2 * now + of_reward**2 * variance - then), sympy.Integer(0)),
            equal(first, sympy.Integer(0)),
            equal(sympy.cancel(limit - _floor(step_size, discount, variance)), sympy.Integer(0)),
        ]
    )


def _floor(step_size: Any, discount: Any, variance: Any) -> Any:
    return step_size * variance / ((1 - discount) * (2 - (1 - discount) * step_size))


@noise_floor.too_strong(beside=variance_by_induction)
def floor_to_first_order(run: Any) -> Relation:
    """alpha sigma^2 / (2 (1 - gamma)) as the exact limit."""
    import sympy

    step_size, discount, variance = sympy.symbols("alpha gamma sigma^2", positive=True)
    limit = _variance(sympy.Integer(0), step_size, discount, variance)
    return equal(sympy.cancel(limit - step_size * variance / (2 * (1 - discount))), sympy.Integer(0))


# -------------------------------------------------------------------- over all outcomes

_NUMBERS = st.integers(-6, 6).map(lambda halves: fmpq(halves, 2))
_LENGTH = 3


def _loop(rewards: Array, discount: fmpq) -> FiniteMDP:
    outcomes = [(p, reward, 0) for p, reward in zip(("1/2", "1/3", "1/6"), rewards, strict=True)]
    return FiniteMDP.from_pairs(1, [(0, 0, outcomes)], discount)


@noise_floor.enumerated(
    rewards=tied_to("numbers")(st.lists(_NUMBERS, min_size=3, max_size=3).map(exact_array)),
    first=_NUMBERS,
    discount=st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10)),
    steps=st.integers(1, 12).map(lambda twelfths: exact_array([fmpq(twelfths, 12)] * _LENGTH)),
)
def variance_over_all_outcomes(
    run: Any, rewards: Array, first: fmpq, discount: fmpq, steps: Array, samples: str = "independent"
) -> Relation:
    """For three rewards: mean and variance of Q_1, Q_2, Q_3 over all outcomes are those of the formulas."""
    loop, start = _loop(rewards, discount), exact_array([first])
    best, variance = optimal_values(loop)[0], _variance_of_reward(loop)
    means, squares = ([table[0] for table in of] for of in moments(run, loop, start, steps, samples))
    contraction = 1 - (1 - discount) * steps[0]
    times = range(1, len(steps) + 1)
    return all_of(
        [
            equal([squares[n] - means[n] ** 2 for n in times], [_at(n, steps[0], discount, variance) for n in times]),
            equal([means[n] - best for n in times], [contraction**n * (first - best) for n in times]),
        ]
    )


def _at(n: int, step_size: fmpq, discount: fmpq, variance: fmpq) -> fmpq:
    power: fmpq = (1 - (1 - discount) * step_size) ** (2 * n)
    return _variance(power, step_size, discount, variance)


def _variance_of_reward(mdp: FiniteMDP) -> fmpq:
    mean = (mdp.probability * mdp.reward).sum()
    return (mdp.probability * (mdp.reward - mean) ** 2).sum()


noise_floor.fails_without(
    constant_steps,
    by=variance_over_all_outcomes,
    rewards=lambda: exact_array([1, 0, 0]),
    steps=lambda: exact_array([1, "1/2"]),
)
noise_floor.fails_without(
    independent_samples,
    by=variance_over_all_outcomes,
    rewards=lambda: exact_array([1, 0, 0]),
    samples="one sample used throughout",
)


@noise_floor.too_strong(beside=variance_over_all_outcomes)
def noise_averages_out(run: Any, rewards: Array, first: fmpq, discount: fmpq, steps: Array) -> Relation:
    """As if n samples with a constant step were a mean of n: a variance of at most sigma^2 / n."""
    loop, start = _loop(rewards, discount), exact_array([first])
    means, squares = moments(run, loop, start, steps)
    return at_most(squares[-1] - means[-1] ** 2, _variance_of_reward(loop) / _LENGTH)


for _mutant in _MUTANTS:
    noise_floor.refutes(_mutant, by=variance_by_induction)
    noise_floor.refutes(_mutant, by=variance_over_all_outcomes)


# -------------------------------------------------------------------- the simulator

_REPLICAS, _UPDATES = 2000, 12
_STEP, _DISCOUNT = fmpq(1, 2), fmpq(1, 4)


@noise_floor.statistical(
    of="synchronous-sampler",
    false_alarm=1e-9,
    power="with the same outcome in every sweep each Q_n^2 is 1.77, and the tolerance 0.13 around 0.41: always refuted",
)
def sampled_squares_have_the_mean(sampler: Any, seed: np.random.SeedSequence, false_alarm: float) -> Relation:
    """2,000 replicas, each a state of its own, of 12 updates from 0: the mean of Q^2 is the variance, within Hoeffding.

    All numbers are dyadic, and neither the replicas nor their squares are rounded before the mean is taken.
    """
    coin = [("1/2", 1), ("1/2", -1)]
    replicas = FiniteMDP.from_pairs(
        _REPLICAS, [(s, 0, [(p, reward, s) for p, reward in coin]) for s in range(_REPLICAS)], _DISCOUNT
    )
    tables = sampler(replicas, replicas.table(0), Constant(_STEP).floats(_UPDATES), np.random.default_rng(seed))
    values = exact_array(tables[-1])
    mean = (values**2).sum() / _REPLICAS
    largest = 1 / (1 - _DISCOUNT)
    tolerance = float(fraction(largest**2)) * math.sqrt(math.log(2 / false_alarm) / (2 * _REPLICAS))
    return at_most(abs(mean - _at(_UPDATES, _STEP, _DISCOUNT, fmpq(1))), exact(tolerance))


noise_floor.refutes(rates.frozen_outcomes, by=sampled_squares_have_the_mean)
