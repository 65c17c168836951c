r"""Often said: Q-learning is a sampling version of value iteration, which it follows in expectation.

.. math:: \mathbb E[Q_k] = X_k, \qquad X_0 = Q_0,\ X_{k+1} = (1 - \alpha_k) X_k + \alpha_k\, T X_k

For one step it is (q-learning.one-step-expectation). For more it is not: the second update contains the maximum of a
table that is random by then, and the mean of a maximum is at least the maximum of the means. True is

.. math:: \mathbb E[Q_k] \ge X_k, \quad\text{with equality for}\ k \le 1,

in synchronous runs with given steps. Why: T is convex and monotone, so E[Q_{k+1}] = (1 - alpha) E[Q_k] + alpha E[T Q_k]
>= (1 - alpha) E[Q_k] + alpha T E[Q_k] >= (1 - alpha) X_k + alpha T X_k, by induction. Two equally good actions with
noisy rewards show it: loops that pay +1 or -1 evenly, discount 9/10, from Q_0 = 0 at step 1/2. There q* = 0 and every
X_k = 0, but E[Q_2] = 9/80. With a constant step the excess stays for ever.

What carries Q-learning to q* is not an expectation: it is the contraction, together with steps that average the noise
out (q-learning.finite-time-synchronous), and on almost every path.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import noisy_self_loops
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables, tied_to

from ..assumptions import deterministic_steps, discounted, finite, independent_samples, joint_sampling
from ..claim import Claim, cite
from ..expectations import averaged_iterates, mean_tables, with_noisy_twins
from ..relation import Relation, all_of, at_most, equal

in_expectation = Claim(
    id="folklore.in-expectation",
    title='"Q-learning follows value iteration in expectation"',
    statement=r"\mathbb E[Q_k] = X_k \quad\text{with}\quad X_{k+1} = (1-\alpha_k)X_k + \alpha_k\,TX_k,\ X_0 = Q_0",
    subject="synchronous-run",
    needs=(finite, discounted, deterministic_steps, independent_samples, joint_sampling),
    uses=("bellman.monotone-convex-shift", "q-learning.one-step-expectation", "q-learning.jensen-gap"),
    sources=(cite("thrun1993"), cite("vanhasselt2010")),
    expected="refuted",
)


@tied_to("pair")
def _tables_or_zero(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.one_of(st.just(mdp.table(0)), tables(mdp))


_models = st.one_of(
    mdps(max_states=2, max_actions=2, max_outcomes=2),
    mdps(max_states=2, max_actions=1, max_outcomes=1).map(with_noisy_twins),
)


@in_expectation.enumerated(mdp=_models, q=_tables_or_zero, step_size=step_sizes())
def means_are_the_iterates(run: Any, mdp: FiniteMDP, q: Array, step_size: fmpq) -> Relation:
    """E[Q_2] = X_2, over all outcomes of both steps."""
    steps = [step_size] * 2
    return equal(mean_tables(run, mdp, q, steps)[2], averaged_iterates(mdp, q, steps)[2])


@in_expectation.truth(beside=means_are_the_iterates)
def means_are_at_least_the_iterates(run: Any, mdp: FiniteMDP, q: Array, step_size: fmpq) -> Relation:
    """E[Q_k] >= X_k everywhere, with equality for k <= 1."""
    means, iterates = mean_tables(run, mdp, q, [step_size] * 2), averaged_iterates(mdp, q, [step_size] * 2)
    return all_of([equal(means[0], iterates[0]), equal(means[1], iterates[1]), at_most(iterates[2], means[2])])


@in_expectation.fixture(mdp=noisy_self_loops, step_size=lambda: exact("1/2"))
def means_stay_at_zero(run: Any, mdp: FiniteMDP, step_size: fmpq) -> Relation:
    """Two noisy loops with mean reward 0: E[Q_k] = X_k = 0 for k = 0, ..., 4."""
    return equal(
        np.array(mean_tables(run, mdp, mdp.table(0), [step_size] * 4)),
        np.array(averaged_iterates(mdp, mdp.table(0), [step_size] * 4)),
    )


@in_expectation.truth(beside=means_stay_at_zero)
def means_rise(run: Any, mdp: FiniteMDP, step_size: fmpq) -> Relation:
    """At both pairs E[Q_k] = 0, 0, 9/80, 99/400, 12249/32000."""
    means = np.array(mean_tables(run, mdp, mdp.table(0), [step_size] * 4))
    expected = exact_array([0, 0, "9/80", "99/400", "12249/32000"])
    return all_of([equal(means[:, x], expected) for x in range(mdp.n_pairs)])
