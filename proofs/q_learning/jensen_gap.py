r"""Over several steps the mean of Q-learning is at least value iteration: noise enters the maximum, and raises it.

.. math:: \mathbb E[Q_k] \ge X_k, \qquad X_0 = Q_0,\quad X_{k+1} = (1 - \alpha_k) X_k + \alpha_k\, T X_k

in every entry, for synchronous runs with steps given in advance; with equality for k <= 1, and for all k where every
state has one action.

Proof, by induction. Given Q_k, the samples of step k are independent of it, so one step is exact in the mean
(q-learning.one-step-expectation): E[Q_{k+1}] = (1 - alpha_k) E[Q_k] + alpha_k E[T Q_k]. A maximum is convex, hence
every entry of T is, and E[T Q_k] >= T E[Q_k] (Jensen). T is monotone, and so T E[Q_k] >= T X_k by the induction
hypothesis. The weights 1 - alpha_k and alpha_k are not negative, therefore

.. math:: \mathbb E[Q_{k+1}] \ge (1 - \alpha_k)\, X_k + \alpha_k\, T X_k = X_{k+1}.

For k = 0 the table is not random, and with one action a state there is no maximum: T is affine, and
equality holds. QED.

*The gap in numbers*: one state, two loops that pay 1 or -1 evenly, discount 9/10, Q_0 = 0. All X_k and q* are 0, but
E[Q_0], ..., E[Q_4] are 0, 0, 9/80, 99/400, 12249/32000 at step 1/2, and 0, 0, 9/20, 171/200, 2439/2000 at step 1.

Samples of different pairs may depend on each other; it is over time that they must not. With costs and a minimum the
sign turns. Under steps that average the noise out the gap vanishes in the limit, since Q_k tends to q*.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import noisy_self_loops, self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..assumptions import deterministic_steps, finite, independent_samples, steps_in_unit_interval
from ..claim import Claim, cite
from ..expectations import averaged_iterates, last_chance, mean_tables, with_noisy_twins
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

jensen_gap = Claim(
    id="q-learning.jensen-gap",
    title="Over several steps the mean of Q-learning is at least value iteration, and mostly more",
    statement=r"\mathbb E[Q_k] \ge X_k, \quad X_0 = Q_0,\ X_{k+1} = (1-\alpha_k)X_k + \alpha_k\,TX_k",
    subject="synchronous-run",
    needs=(finite, deterministic_steps, steps_in_unit_interval, independent_samples),
    uses=("q-learning.one-step-expectation", "bellman.monotone-convex-shift"),
    sources=(cite("thrun1993"), cite("vanhasselt2010")),
)
jensen_gap.kept(
    finite, because="With infinitely many outcomes a reward need have no mean, and there is nothing to compare."
)


def _steps(n: int) -> st.SearchStrategy[Array]:
    return st.lists(step_sizes(), min_size=n, max_size=n).map(exact_array)


_two_states = mdps(max_states=2, max_actions=2, max_outcomes=2)
_one_state = st.one_of(
    mdps(max_states=1, max_actions=2, max_outcomes=2),
    mdps(max_states=1, max_actions=1, max_outcomes=1).map(with_noisy_twins),
)


@jensen_gap.enumerated(mdp=_two_states, q=tables, steps=_steps(2))
@jensen_gap.enumerated(mdp=_one_state, q=tables, steps=_steps(3))
def means_are_at_least_the_iterates(
    run: Any, mdp: FiniteMDP, q: Array, steps: Array, samples: str = "independent"
) -> Relation:
    """Over all outcomes of every step: E[Q_k] >= X_k for each k, with equality for k <= 1."""
    means, iterates = mean_tables(run, mdp, q, steps, samples), averaged_iterates(mdp, q, steps)
    first = [equal(mean, iterate) for mean, iterate in zip(means[:2], iterates[:2], strict=True)]
    return all_of([*first, *(at_most(x, mean) for x, mean in zip(iterates[2:], means[2:], strict=True))])


def _coin_loop(discount: object) -> FiniteMDP:
    """One action that pays 1 or -1."""
    return FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 1, 0), ("1/2", -1, 0)])], discount)


def _zero(mdp: FiniteMDP) -> Array:
    return mdp.table(0)


for _mutant in (learners.behaviour_average, learners.minimum_in_place_of_maximum, learners.undiscounted_target):
    jensen_gap.refutes(learners.synchronous(_mutant), by=means_are_at_least_the_iterates)
jensen_gap.fails_without(
    steps_in_unit_interval,
    by=means_are_at_least_the_iterates,
    mdp=noisy_self_loops,
    q=_zero,
    steps=lambda: exact_array([1, -1]),
)
jensen_gap.fails_without(
    independent_samples,
    by=means_are_at_least_the_iterates,
    mdp=last_chance,
    q=_zero,
    steps=lambda: exact_array([1, 1]),
    samples="one sample used throughout",
)
jensen_gap.fails_without(
    deterministic_steps,
    by=means_are_at_least_the_iterates,
    mdp=lambda: _coin_loop(0),
    q=_zero,
    steps=lambda: exact_array([1]),
    samples="good news ignored",
)
jensen_gap.attained(
    "without noise nothing enters the maximum",
    by=means_are_at_least_the_iterates,
    mdp=self_loop,
    q=_zero,
    steps=lambda: exact_array(["1/2", "1/2"]),
)


@jensen_gap.too_strong(beside=means_are_at_least_the_iterates)
def means_are_the_iterates(run: Any, mdp: FiniteMDP, q: Array, steps: Array, samples: str = "independent") -> Relation:
    """Q-learning as value iteration "in expectation": equality for every k."""
    return equal(np.array(mean_tables(run, mdp, q, steps, samples)), np.array(averaged_iterates(mdp, q, steps)))


@jensen_gap.enumerated(mdp=mdps(max_states=2, max_actions=1), q=tables, steps=_steps(3))
def one_action_leaves_no_gap(run: Any, mdp: FiniteMDP, q: Array, steps: Array) -> Relation:
    """With one action a state T is affine, and E[Q_k] = X_k for each k."""
    return equal(np.array(mean_tables(run, mdp, q, steps)), np.array(averaged_iterates(mdp, q, steps)))


jensen_gap.refutes(learners.synchronous(learners.undiscounted_target), by=one_action_leaves_no_gap)
jensen_gap.refutes(learners.synchronous(learners.doubled_step), by=one_action_leaves_no_gap)


@jensen_gap.fixture(mdp=noisy_self_loops, step_size=1, gap=("0", "0", "9/20", "171/200", "2439/2000"))
@jensen_gap.fixture(mdp=noisy_self_loops, step_size="1/2", gap=("0", "0", "9/80", "99/400", "12249/32000"))
def gap_in_numbers(run: Any, mdp: FiniteMDP, step_size: object, gap: tuple[str, ...]) -> Relation:
    """Two noisy loops from the table 0: E[Q_0], ..., E[Q_4] at both pairs, where every X_k is 0."""
    steps = exact_array([step_size] * 4)
    means = np.array(mean_tables(run, mdp, mdp.table(0), steps))
    return all_of(
        [
            *(equal(means[:, x], exact_array(gap)) for x in range(mdp.n_pairs)),
            equal(np.array(averaged_iterates(mdp, mdp.table(0), steps)), fmpq(0)),
        ]
    )


for _mutant in (learners.behaviour_average, learners.minimum_in_place_of_maximum, learners.undiscounted_target):
    jensen_gap.refutes(learners.synchronous(_mutant), by=gap_in_numbers)
