r"""With a constant step Q-learning is biased upwards for ever: a stationary mean m has m >= Tm, hence m >= q*.

.. math:: \mathbb E[Q_{k+1}] - \mathbb E[Q_k] \ge \alpha\,(T\,\mathbb E[Q_k] - \mathbb E[Q_k])
          \quad\Longrightarrow\quad m \ge Tm \quad\Longrightarrow\quad m \ge q^*

Why: as in q-learning.jensen-gap E[Q_{k+1}] = (1 - alpha) E[Q_k] + alpha E[T Q_k], and E[T Q_k] >= T E[Q_k] because T is
convex (bellman.monotone-convex-shift). A stationary law has E[Q_{k+1}] = E[Q_k] = m, which leaves m = E[TQ] >= Tm; and
what is at least its own backup is at least q* (bellman.least-supersolution).

*There is a stationary law.* Two runs on the same samples approach each other by 1 - (1 - gamma) alpha in each sweep
(q-learning.nonexpansive), so the law of Q_k has a limit that does not depend on Q_0, and E[Q_k] tends to m.

*It is approached from below.* From q* the means never fall, q* = E[Q_0] <= E[Q_1] <= ... <= m. Say of two random tables
that Q is below Q' if E f(Q) <= E f(Q') for every increasing convex f. Such an f after one update, averaged over its
sample, is an increasing convex function of the table before it; hence if Q_k is below Q_{k+1}, so is Q_{k+1} below
Q_{k+2}. Jensen is the beginning: f(q*) = f(E[Q_1]) <= E f(Q_1). QED. Steps that change may undo it.

*One state at step 1.* There Q_k(a) = r_a + gamma V_{k-1} and V_k = max_a r_a + gamma V_{k-1}; with M the mean of the
largest reward of a row, m(a) = r(a) + gamma M / (1 - gamma), and from k = 1 on the distance of E[Q_k] to m shrinks by
gamma exactly. Two loops that pay 1 or -1 evenly, at discount 9/10: m = 9/2, while q* = 0.

With costs and a minimum the sign turns. Where noise never changes which action is best, as with one action a state,
T acts as an affine map on the tables that occur, and m = q*.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import noisy_self_loops, self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables, tied_to

from ..assumptions import constant_steps, discounted, independent_samples, steps_in_unit_interval
from ..claim import Claim, cite
from ..definitions import backup, optimal_values
from ..expectations import last_chance, mean_tables, with_noisy_twins
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

constant_step_bias = Claim(
    id="q-learning.constant-step-bias",
    title="With a constant step Q-learning stays above q* on average, for ever",
    statement=r"\mathbb E[Q_{k+1}] = \mathbb E[Q_k] = m \implies m \ge Tm \implies m \ge q^*",
    subject="synchronous-run",
    needs=(discounted, constant_steps, steps_in_unit_interval, independent_samples),
    uses=(
        "q-learning.jensen-gap",
        "q-learning.nonexpansive",
        "bellman.least-supersolution",
        "bellman.monotone-convex-shift",
    ),
    sources=(cite("thrun1993"), cite("vanhasselt2010")),
)
constant_step_bias.kept(
    discounted, because="At discount 1 there need be neither a stationary law nor a q* for its mean to exceed."
)

_models = st.one_of(
    mdps(max_states=2, max_actions=2, max_outcomes=2),
    mdps(max_states=2, max_actions=1, max_outcomes=1).map(with_noisy_twins),
)


# -------------------------------------------------------------------- any law, one step


@tied_to("pair")
def _tables_or_mirrored(mdp: FiniteMDP, q: Array) -> st.SearchStrategy[Array]:
    """Any table, or q with the actions of each state in reverse: then no action is best in both and on average."""
    mirrored = np.concatenate([q[list(mdp.pairs_of(int(state)))][::-1] for state in mdp.acting])
    return st.one_of(st.just(mirrored), tables(mdp))


@constant_step_bias.enumerated(mdp=_models, q=tables, w=_tables_or_mirrored, step_size=step_sizes())
def drift_is_at_least_that_of_the_mean(run: Any, mdp: FiniteMDP, q: Array, w: Array, step_size: fmpq) -> Relation:
    """For a table that is q or w, evenly: its mean moves by at least alpha (Tm - m)."""
    before = (q + w) / 2
    after = (mean_tables(run, mdp, q, [step_size])[1] + mean_tables(run, mdp, w, [step_size])[1]) / 2
    return at_most(step_size * (backup(mdp, before) - before), after - before)


for _mutant in (learners.behaviour_average, learners.minimum_in_place_of_maximum, learners.undiscounted_target):
    constant_step_bias.refutes(learners.synchronous(_mutant), by=drift_is_at_least_that_of_the_mean)


def _zero(mdp: FiniteMDP) -> Array:
    return mdp.table(0)


constant_step_bias.attained(
    "with one action T is affine",
    by=drift_is_at_least_that_of_the_mean,
    mdp=self_loop,
    q=_zero,
    w=lambda mdp: mdp.table(1),
    step_size=lambda: fmpq(1, 2),
)


@constant_step_bias.too_strong(beside=drift_is_at_least_that_of_the_mean)
def drift_is_that_of_the_mean(run: Any, mdp: FiniteMDP, q: Array, w: Array, step_size: fmpq) -> Relation:
    """No bias: the mean moves as T moves it, so that a stationary mean would be q*."""
    before = (q + w) / 2
    after = (mean_tables(run, mdp, q, [step_size])[1] + mean_tables(run, mdp, w, [step_size])[1]) / 2
    return equal(after - before, step_size * (backup(mdp, before) - before))


# -------------------------------------------------------------------- from q*


_constant = step_sizes().map(lambda step_size: exact_array([step_size] * 3))


@constant_step_bias.enumerated(
    mdp=st.one_of(
        mdps(max_states=1, max_actions=2, max_outcomes=2),
        mdps(max_states=1, max_actions=1, max_outcomes=1).map(with_noisy_twins),
    ),
    steps=_constant,
)
@constant_step_bias.enumerated(mdp=_models, steps=_constant.map(lambda steps: steps[:2]))
def means_from_the_optimum_never_fall(run: Any, mdp: FiniteMDP, steps: Array, samples: str = "independent") -> Relation:
    """q* = E[Q_0] = E[Q_1] <= E[Q_2] <= E[Q_3] from Q_0 = q*."""
    best = optimal_values(mdp)
    means = mean_tables(run, mdp, best, steps, samples)
    rises = [at_most(before, after) for before, after in pairwise(means[1:])]
    return all_of([equal(means[0], best), equal(means[1], best), *rises])


for _mutant in (learners.behaviour_average, learners.minimum_in_place_of_maximum, learners.undiscounted_target):
    constant_step_bias.refutes(learners.synchronous(_mutant), by=means_from_the_optimum_never_fall)


def _noisy_loops(discount: object) -> FiniteMDP:
    coin = [("1/2", 1, 0), ("1/2", -1, 0)]
    return FiniteMDP.from_pairs(1, [(0, 0, coin), (0, 1, coin)], discount)


constant_step_bias.fails_without(
    constant_steps,
    by=means_from_the_optimum_never_fall,
    mdp=lambda: _noisy_loops("1/10"),
    steps=lambda: exact_array([1, 1, "1/2", 1]),
)
constant_step_bias.fails_without(
    steps_in_unit_interval,
    by=means_from_the_optimum_never_fall,
    mdp=lambda: _noisy_loops("1/10"),
    steps=lambda: exact_array([2, 2, 2]),
)
constant_step_bias.fails_without(
    independent_samples,
    by=means_from_the_optimum_never_fall,
    mdp=last_chance,
    steps=lambda: exact_array([1, 1]),
    samples="one sample used throughout",
)
constant_step_bias.attained(
    "without noise the run stays at q*",
    by=means_from_the_optimum_never_fall,
    mdp=self_loop,
    steps=lambda: exact_array(["1/2"] * 3),
)


@constant_step_bias.too_strong(beside=means_from_the_optimum_never_fall)
def means_stay_at_the_optimum(run: Any, mdp: FiniteMDP, steps: Array, samples: str = "independent") -> Relation:
    """Started at q*, Q-learning would stay there on average: "unbiased"."""
    best = optimal_values(mdp)
    return all_of(equal(mean, best) for mean in mean_tables(run, mdp, best, steps, samples))


# -------------------------------------------------------------------- the stationary mean itself


def _stationary_mean(mdp: FiniteMDP) -> Array:
    """One state at step 1: r(a) + gamma M / (1 - gamma), M the mean of the largest reward of a row of outcomes."""
    rewards = mean_tables(_rewards_alone, mdp, mdp.table(0), [fmpq(1)])[1]
    largest = mean_tables(_largest_reward, mdp, mdp.table(0), [fmpq(1)])[1][0]
    return rewards + mdp.discount * largest / (1 - mdp.discount)


def _rewards_alone(mdp: FiniteMDP, q: Array, steps: Any, rows: Any) -> list[Array]:
    return [q, mdp.reward[list(rows[0])]]


def _largest_reward(mdp: FiniteMDP, q: Array, steps: Any, rows: Any) -> list[Array]:
    return [q, mdp.table(max(mdp.reward[list(rows[0])]))]


_one_state = st.one_of(
    mdps(max_states=1, max_actions=2, max_outcomes=2, terminal=False),
    mdps(max_states=1, max_actions=1, max_outcomes=1, terminal=False).map(with_noisy_twins),
)


@constant_step_bias.enumerated(mdp=_one_state, q=tables)
def means_approach_the_stationary_mean(run: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """One state at step 1, from any table: E[Q_{k+1}] - m = gamma (E[Q_k] - m) for k = 1, 2; so m is stationary."""
    means = np.array(mean_tables(run, mdp, q, exact_array([1, 1, 1])))[1:] - _stationary_mean(mdp)
    return equal(means[1:], mdp.discount * means[:-1])


for _mutant in (learners.behaviour_average, learners.minimum_in_place_of_maximum, learners.undiscounted_target):
    constant_step_bias.refutes(learners.synchronous(_mutant), by=means_approach_the_stationary_mean)


@constant_step_bias.too_strong(beside=means_approach_the_stationary_mean)
def means_approach_the_optimum(run: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """The same with q* for m."""
    means = np.array(mean_tables(run, mdp, q, exact_array([1, 1, 1])))[1:] - optimal_values(mdp)
    return equal(means[1:], mdp.discount * means[:-1])


@constant_step_bias.fixture(mdp=noisy_self_loops)
def stationary_mean_of_the_noisy_loops(run: Any, mdp: FiniteMDP) -> Relation:
    """m = 9/2 at discount 9/10, and E[Q_k] = (1 - (9/10)^(k-1)) 9/2 for k = 1, ..., 4; q* = 0."""
    means = mean_tables(run, mdp, mdp.table(0), exact_array([1] * 4))[1:]
    limit = fmpq(9, 2)
    return all_of(
        [
            equal(_stationary_mean(mdp), limit),
            equal(optimal_values(mdp), fmpq(0)),
            *(equal(mean, limit * (1 - mdp.discount**k)) for k, mean in enumerate(means)),
        ]
    )


constant_step_bias.refutes(learners.synchronous(learners.behaviour_average), by=stationary_mean_of_the_noisy_loops)
constant_step_bias.refutes(
    learners.synchronous(learners.minimum_in_place_of_maximum), by=stationary_mean_of_the_noisy_loops
)
