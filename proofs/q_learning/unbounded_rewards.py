r"""The finite reward set matters: with Cauchy rewards Q-learning learns nothing, however long it averages.

.. math:: P(\lvert Q_n \rvert > 1) = \tfrac12 \quad\text{for every}\ n \ge 1

for one state with one action, discount 0, independent standard Cauchy rewards, a first step of 1 and any later steps in
[0, 1] that are given in advance: 1 / (k + 1), the sample mean, or any other.

Why: the standard Cauchy law has the characteristic function exp(-|t|). If Q has that of scale s, exp(-s |t|), and r is
independent of it, then b Q + a r has exp(-(|b| s + |a|) |t|). An update has b = 1 - alpha and a = alpha, both at least
0 and of sum 1: the scale stays 1. Half of that law lies beyond 1: its distribution function is 1/2 + arctan(x) / pi,
and arctan(1) is pi / 4. QED.

With a discount the scale 1 / (1 - gamma) is kept in the same way, and any other scale tends to it if the sum of the
steps is infinite. It does not tend to 0: a mean of samples settles only where the law has a mean. Convergence proofs
use bounded rewards, or a variance; and in a finite model, where rewards are finitely many, both are free of charge.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from bellcheck.mdp.examples import self_loop

from ..assumptions import cauchy_rewards, deterministic_steps, independent_samples, steps_in_unit_interval
from ..claim import Claim, cite
from ..loops import symbolic_update
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

unbounded_rewards = Claim(
    id="q-learning.unbounded-rewards",
    title="With Cauchy rewards half of all runs stay beyond 1, however long: the finite reward set matters",
    statement=r"r_k \sim \text{Cauchy},\ \gamma = 0,\ \alpha_0 = 1 \implies P(\lvert Q_n \rvert > 1) = \tfrac12"
    r"\ \text{for every}\ n \ge 1",
    subject="synchronous-run",
    needs=(cauchy_rewards, independent_samples, deterministic_steps, steps_in_unit_interval),
    uses=("q-learning.float-budget",),
    sources=(cite("hoeffding1963"),),
)


# -------------------------------------------------------------------- the law, by induction


def _inside_the_unit_interval() -> Any:
    """Any number above 0 and below 1, as t / (1 + t), so that SymPy knows its sign and that of the rest."""
    import sympy

    t = sympy.Symbol("t", positive=True)
    return t / (1 + t)


def _above_one() -> Any:
    import sympy

    return 1 + sympy.Symbol("t", positive=True)


def _any_discount() -> Any:
    import sympy

    u = sympy.Symbol("u", nonnegative=True)
    return u / (1 + u)


def _zero() -> Any:
    import sympy

    return sympy.Integer(0)


@unbounded_rewards.symbolic(step_size=_inside_the_unit_interval, discount=_any_discount)
def scale_is_kept(run: Any, step_size: Any, discount: Any) -> Relation:
    """The update is b Q + a r, and |b| s + |a| = s at s = 1 / (1 - gamma); of scale 1, half of the law is beyond 1."""
    import sympy

    q, reward = sympy.symbols("Q r")
    after = symbolic_update(run, q, step_size, reward, discount)
    of_table, of_reward = sympy.cancel(sympy.diff(after, q)), sympy.diff(after, reward)
    scale = 1 / (1 - discount)
    return all_of(
        [
            equal(after, of_table * q + of_reward * reward),
            equal(sympy.cancel(abs(of_table) * scale + abs(of_reward)), sympy.cancel(scale)),
            equal(1 - (sympy.atan(1) - sympy.atan(-1)) / sympy.pi, sympy.Rational(1, 2)),
        ]
    )


unbounded_rewards.refutes(learners.synchronous(learners.undiscounted_target), by=scale_is_kept)
unbounded_rewards.fails_without(steps_in_unit_interval, by=scale_is_kept, step_size=_above_one, discount=_zero)


@unbounded_rewards.too_strong(beside=scale_is_kept)
def variances_shrink(run: Any, step_size: Any, discount: Any) -> Relation:
    """With squares in place of absolute values, as for rewards that have a variance: b^2 s^2 + a^2 is less than s^2."""
    import sympy

    q, reward = sympy.symbols("Q r")
    after = symbolic_update(run, q, step_size, reward, discount)
    scale = 1 / (1 - discount)
    squares = sympy.diff(after, q) ** 2 * scale**2 + sympy.diff(after, reward) ** 2
    return equal(sympy.cancel(squares), sympy.cancel(scale**2))


# -------------------------------------------------------------------- sampled

_REPLICAS, _UPDATES, _TIMES = 1000, 16, (1, 4, 16)
_ROUNDING = 1e-6
"""Unless one of 16 rewards exceeds 10^8, which has a probability below 2e-7, 16 updates round Q by less than 1e-6 in
all (q-learning.float-budget), and |Q| is that near to 1 with a probability below 7e-7: P(|Q| > 1) is off by less than
this. Rounded steps lie in [0, 1] as well."""


def _rewards(law: str, rng: np.random.Generator) -> np.ndarray:
    """(replicas, updates) rewards."""
    if law == "normal":
        return rng.standard_normal((_REPLICAS, _UPDATES))
    rewards = rng.standard_cauchy((_REPLICAS, _UPDATES))
    if law == "Cauchy, every other one the negative of the one before":
        rewards[:, 1::2] = -rewards[:, 0::2]
    return rewards


def _steps(rule: str, rewards: np.ndarray) -> np.ndarray:
    """Step sizes for a row of rewards."""
    steps = 1.0 / np.arange(1, len(rewards) + 1)
    return np.where(abs(rewards) > 1, 0.0, steps) if rule == "1 / (k + 1), but 0 if |r| > 1" else steps


def _shares_beyond_one(run: Any, rewards: np.ndarray, steps: str) -> np.ndarray:
    """The share of replicas with |Q_n| > 1 at each of the times, from Q_0 = 0 at discount 0."""
    loop = self_loop(discount=0).to_float()
    model = replace(
        loop,
        outcome_start=np.array([0, rewards.size]),
        probability=np.full(rewards.size, 1 / rewards.size),
        reward=rewards.ravel(),
        next_state=np.zeros(rewards.size, dtype=np.int64),
    )
    beyond = np.zeros(len(_TIMES))
    for row, outcomes in zip(rewards, np.arange(rewards.size).reshape(rewards.shape), strict=True):
        tables = list(run(model, np.zeros(1), _steps(steps, row), outcomes[:, None]))
        beyond += [abs(tables[n][0]) > 1 for n in _TIMES]
    return beyond / len(rewards)


@unbounded_rewards.statistical(
    false_alarm=1e-9,
    power="each control leaves a share below 1e-4 beyond 1 after 16 updates (normal rewards 6e-5, the others none but "
    "by rounding); it comes within the tolerance of 0.11 around 1/2 with probability below e^-300",
    law="Cauchy",
    steps="1 / (k + 1)",
)
def half_of_the_runs_stay_beyond_one(
    run: Any, law: str, steps: str, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """Of 1,000 replicas the share with |Q_n| > 1 is 1/2 for n = 1, 4, 16, within Hoeffding's bound for all three."""
    shares = _shares_beyond_one(run, _rewards(law, np.random.default_rng(seed)), steps)
    tolerance = math.sqrt(math.log(2 * len(_TIMES) / false_alarm) / (2 * _REPLICAS))
    return at_most(abs(shares - 0.5), tolerance + _ROUNDING)


unbounded_rewards.fails_without(cauchy_rewards, by=half_of_the_runs_stay_beyond_one, law="normal")
unbounded_rewards.fails_without(
    independent_samples,
    by=half_of_the_runs_stay_beyond_one,
    law="Cauchy, every other one the negative of the one before",
)
unbounded_rewards.fails_without(
    deterministic_steps, by=half_of_the_runs_stay_beyond_one, steps="1 / (k + 1), but 0 if |r| > 1"
)


@unbounded_rewards.too_strong(beside=half_of_the_runs_stay_beyond_one)
def large_numbers_settle_it(
    run: Any, law: str, steps: str, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """As the law of large numbers would have it: after 16 updates less than a tenth is left beyond 1."""
    return at_most(_shares_beyond_one(run, _rewards(law, np.random.default_rng(seed)), steps)[-1], 0.1)
