r"""A pair that is never visited keeps its first value, and being greedy may mean never to visit the best one.

.. math:: x \notin \{x_1, \dots, x_k\} \implies Q_k(x) = Q_0(x)

Why: an update writes one entry. So whatever is learned of x comes from visits to x, and Q-learning cannot find q* from
every table unless the behaviour visits every pair.

A greedy behaviour does not. Two loops pay 1 and 2; begin at Q_0 = 0 and let ties go to the first. The first loop is
tried, Q(first) becomes positive, and Q(second) = 0 is never the larger one: the learner stays with the first for ever,

    Q_k = ((1 - b^k) / (1 - gamma), 0),   b = 1 - (1 - gamma) alpha,

which tends to 1 / (1 - gamma), the right value of the wrong policy, while q* = (c - 1, c) with c = 2 / (1 - gamma).

Optimism helps here. From Q_0 = c everywhere, the largest that rewards of at most 2 can be worth, the first loop
disappoints at once and the second never does: Q_k = (c - alpha, c) for all k >= 1. The greedy policy is right from then
on, though Q(first) stops at c - alpha and does not reach c - 1: what the greedy policy avoids is not learned.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.bellman import greedy_policy
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tables

from ..claim import Claim
from ..definitions import optimal_values
from ..mutants import learners
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, tables_along

unvisited = Claim(
    id="q-learning.unvisited",
    title="A pair that is never visited keeps its first value; greedy behaviour may never visit the best",
    statement=r"x \notin \{x_1, \dots, x_k\} \implies Q_k(x) = Q_0(x)",
    subject="q-learner",
)


@unvisited.pathwise(mdp=mdps(), q=tables, path=paths)
def pair_keeps_its_first_value(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """After every step of any path, at every pair that the path does not contain."""
    visited = {pair for pair, _, _ in path}
    missed = [x for x in range(mdp.n_pairs) if x not in visited]
    return all_of([equal(table[missed], q[missed]) for table in tables_along(update, mdp, q, path)])


unvisited.refutes(learners.whole_row_written, by=pair_keeps_its_first_value)


@unvisited.too_strong(beside=pair_keeps_its_first_value)
def every_pair_keeps_its_first_value(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """The visited pairs do change."""
    return all_of([equal(table, q) for table in tables_along(update, mdp, q, path)])


# -------------------------------------------------------------------- greedy on two loops

_STEPS = 8

_arms = st.integers(0, 9).map(lambda tenths: two_arms(fmpq(tenths, 10)))
_positive_steps = st.integers(1, 12).map(lambda twelfths: fmpq(twelfths, 12))


def _greedy_run(update: Update, mdp: FiniteMDP, first: Any, step_size: Scalar) -> list[Array]:
    """Q_1, ..., Q_n of a learner that begins with the same value everywhere and takes the first greedy action."""
    q = mdp.table(first)
    run = []
    for _ in range(_STEPS):
        pair = list(greedy_policy(mdp, q)).index(1)
        q = update(mdp, q, pair, mdp.outcomes_of(pair)[0], step_size)
        run.append(q)
    return run


@unvisited.exact(mdp=_arms, step_size=_positive_steps)
def greedy_stays_with_the_first_arm(update: Update, mdp: FiniteMDP, step_size: Scalar) -> Relation:
    """From 0 the second arm is never tried, and the first is valued as if it were all there is."""
    factor = 1 - (1 - mdp.discount) * step_size
    expected = [exact_array([(1 - factor**k) / (1 - mdp.discount), 0]) for k in range(1, _STEPS + 1)]
    return equal(_greedy_run(update, mdp, 0, step_size), expected)


unvisited.refutes(learners.undiscounted_target, by=greedy_stays_with_the_first_arm)
unvisited.refutes(learners.minimum_in_place_of_maximum, by=greedy_stays_with_the_first_arm)


@unvisited.too_strong(beside=greedy_stays_with_the_first_arm)
def greedy_exploration_suffices(update: Update, mdp: FiniteMDP, step_size: Scalar) -> Relation:
    """As if the greedy policy became that of q*."""
    *_, last = _greedy_run(update, mdp, 0, step_size)
    return equal(greedy_policy(mdp, last), greedy_policy(mdp, optimal_values(mdp)))


@unvisited.exact(mdp=_arms, step_size=_positive_steps)
def optimism_finds_the_second_arm(update: Update, mdp: FiniteMDP, step_size: Scalar) -> Relation:
    """From c = 2 / (1 - gamma) the first arm is tried once; then the greedy policy is that of q*."""
    c = 2 / (1 - mdp.discount)
    run = _greedy_run(update, mdp, c, step_size)
    best = greedy_policy(mdp, optimal_values(mdp))
    return all_of(
        [
            equal(run, [exact_array([c - step_size, c])] * _STEPS),
            *(equal(greedy_policy(mdp, table), best) for table in run),
        ]
    )


unvisited.refutes(learners.undiscounted_target, by=optimism_finds_the_second_arm)


@unvisited.too_strong(beside=optimism_finds_the_second_arm)
def optimism_finds_every_value(update: Update, mdp: FiniteMDP, step_size: Scalar) -> Relation:
    """The first arm is not tried again, so its value stays too large."""
    *_, last = _greedy_run(update, mdp, 2 / (1 - mdp.discount), step_size)
    return equal(last, optimal_values(mdp))
