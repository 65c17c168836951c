r"""The law of Q_k depends on the joint p(s', r | s, a), not only on its marginals.

.. math:: \mathbb E\,[Q_3(0, 0)] = \frac{693 + c}{512}

for models of two states, one for each correlation c in [-1, 1], with the same expected rewards, the same transition
probabilities, even the same law of the reward, hence the same T and q* = (8/3, 7/3, 4): in state 0, action 0 pays 0 or
2 and leads to state 0 or 1, evenly; independently for c = 0, 2 exactly with state 1 for c = 1, 2 exactly with state 0
for c = -1. The variance of the target at q* is (10 + 6c)/9.

The numbers are those of discount 1/2 and three synchronous updates at step 1/2 from the table 0; action 1 of state 0
pays 1 and stays, state 1 pays 2 and stays. Samples are independent: one that was drawn once and used three times would
give (700 - 36c)/512. A mean over three samples is a polynomial of degree 3 in c, so that four values of c decide it.

Why: T sees a pair's outcomes only through a mean, r + gamma V(s') summed under p. A sample sees them together: where a
large reward comes with a good successor the target swings more, noise passes through the maximum, and the maximum of a
noisier table is larger on average.

So a simulator that draws the reward and the next state each from its own marginal simulates another process, and
nothing that is stated in terms of T can tell. The second check can: every target that a sampled run uses must be one
that the joint law makes possible, and each must come as often as its probability says, within Hoeffding's bound.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, to_floats
from bellcheck.mdp.examples import joint_law as coupled
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import run_trajectory, sample_synchronous

from ..assumptions import independent_samples, joint_sampling
from ..claim import Claim
from ..definitions import backup, target
from ..expectations import mean_tables
from ..mutants import learners, simulators
from ..relation import Relation, all_of, at_most, equal
from ..subject import Subject

joint_law = Claim(
    id="q-learning.joint-law",
    title="The law of Q_k depends on the joint p(s', r | s, a), not only on its marginals",
    statement=r"\mathbb E[Q_3(0,0)] = \tfrac{693 + c}{512}\ \text{for models with correlation } c"
    r"\ \text{and the same } T",
    subject="synchronous-run",
    needs=(independent_samples, joint_sampling),
    uses=("q-learning.one-step-expectation",),
)

_HALF = exact("1/2")


def _coupled(c: fmpq) -> FiniteMDP:
    """The model in which reward and next state of the first pair are both small or both large with chance (1 + c) / 2.

    The named examples are c = 0, 1 and -1.
    """
    alike, apart = (1 + c) / 4, (1 - c) / 4
    mixed = [(alike, 0, 0), (apart, 0, 1), (apart, 2, 0), (alike, 2, 1)]
    return FiniteMDP.from_pairs(2, [(0, 0, mixed), (0, 1, [(1, 1, 0)]), (1, 0, [(1, 2, 1)])], _HALF)


def _mean_after(run: Any, mdp: FiniteMDP, samples: str = "independent") -> Array:
    """E[Q_3] from the table 0 at step 1/2, over all sequences of outcomes."""
    return mean_tables(run, mdp, mdp.table(0), [_HALF] * 3, samples)[3]


def _variance_of_target(mdp: FiniteMDP, q: Array, pair: int) -> fmpq:
    outcomes = [(mdp.probability[k], target(mdp, q, k)) for k in mdp.outcomes_of(pair)]
    mean = sum(p * y for p, y in outcomes)
    return sum(p * (y - mean) * (y - mean) for p, y in outcomes)


_CORRELATIONS = st.integers(-6, 6).map(lambda sixths: fmpq(sixths, 6))


@joint_law.enumerated(c=_CORRELATIONS)
def means_differ_where_operators_agree(run: Any, c: fmpq, samples: str = "independent") -> Relation:
    """Over all outcome sequences: E[Q_3(0, 0)] and the variance at q* depend on c; q* does not."""
    mdp, best = _coupled(c), exact_array(["8/3", "7/3", 4])
    return all_of(
        [
            equal(_mean_after(run, mdp, samples)[0], (693 + c) / 512),
            equal(_variance_of_target(mdp, best, 0), (10 + 6 * c) / 9),
            equal(backup(mdp, best), best),
        ]
    )


for _mutant in (learners.behaviour_average, learners.undiscounted_target, learners.minimum_in_place_of_maximum):
    joint_law.refutes(learners.synchronous(_mutant), by=means_differ_where_operators_agree)
joint_law.fails_without(
    independent_samples, by=means_differ_where_operators_agree, samples="one sample used throughout"
)


@joint_law.too_strong(beside=means_differ_where_operators_agree)
def law_depends_on_the_marginals_alone(run: Any, c: fmpq) -> Relation:
    """Said of Q-learning, true of q*: it depends only on the expected rewards and on P, and so not on c."""
    return equal(_mean_after(run, _coupled(c)), _mean_after(run, _coupled(fmpq(0))))


@joint_law.enumerated(c=_CORRELATIONS)
def one_sample_used_three_times(run: Any, c: fmpq) -> Relation:
    """Where all updates use the same sample the mean is (700 - 36 c) / 512."""
    return equal(_mean_after(run, _coupled(c), "one sample used throughout")[0], (700 - 36 * c) / 512)


for _mutant in (learners.behaviour_average, learners.undiscounted_target):
    joint_law.refutes(learners.synchronous(_mutant), by=one_sample_used_three_times)


_REPLICAS = 2000


_POWER = "a sampler that draws r and s' separately shows an impossible target with probability 1 - 2^-2000"


def _first_sweep(mdp: FiniteMDP, q: Array, rng: np.random.Generator) -> np.ndarray:
    return sample_synchronous(mdp, q, np.ones(1), rng)[0]


def _first_move(mdp: FiniteMDP, q: Array, rng: np.random.Generator) -> np.ndarray:
    return run_trajectory(mdp, q, np.ones(1), 0, rng, start_state=0).q


_sweep = Subject("sampler", "one sampled sweep", _first_sweep)
_move = Subject("sampler", "one move of a trajectory", _first_move)


@joint_law.statistical(false_alarm=1e-9, power=_POWER, mdp=lambda: coupled("correlated"), sampler=lambda: _sweep)
@joint_law.statistical(false_alarm=1e-9, power=_POWER, mdp=lambda: coupled("anticorrelated"), sampler=lambda: _move)
def sampled_runs_follow_the_joint_law(
    run: Any, mdp: FiniteMDP, sampler: Subject, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """One sampled step at step size 1 leaves the target itself at (0, 0): a possible one, as often as it is probable.

    The table tells each combination of a reward and a next state from the others, possible or not, and all numbers are
    dyadic, so that nothing is rounded. The share of impossible targets is 0. Hoeffding: of N replicas the share with
    one of m targets is off by more than sqrt(ln(2 m / delta) / 2 N) somewhere with probability at most delta.
    """
    q = exact_array([0, 0, "1/2"])
    idle = [mdp.outcomes_of(x)[0] for x in range(1, mdp.n_pairs)]
    *_, first = zip(*(list(run(mdp, q, [exact(1)], [[k, *idle]])) for k in mdp.outcomes_of(0)), strict=True)
    targets = to_floats([table[0] for table in first])
    probabilities = to_floats([mdp.probability[k] for k in mdp.outcomes_of(0)])

    rng = np.random.default_rng(seed)
    seen = np.array([sampler.call(mdp, q, rng)[0] for _ in range(_REPLICAS)])
    shares = np.array([(seen == value).mean() for value in targets])
    tolerance = math.sqrt(math.log(2 * len(targets) / false_alarm) / (2 * _REPLICAS))
    return all_of(
        [
            equal((~np.isin(seen, targets)).mean(), 0.0),
            at_most(abs(shares - probabilities), tolerance),
        ]
    )


joint_law.fails_without(
    joint_sampling, by=sampled_runs_follow_the_joint_law, sampler=lambda: simulators.separate_marginals
)
