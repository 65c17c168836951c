r"""An action that is worth no more than another of its state changes nothing elsewhere.

.. math:: Q(s, b) \le Q(s, a) \quad\Longrightarrow\quad
          \text{with or without } b, \text{ every other pair is updated alike}

in particular where b is a copy of a: the same outcomes, the same entry.

Why: the entries of a state enter the rule through their maximum alone, and a number that is no larger than another does
not change a maximum. A sum, a mean or an index of entries does change, and so does any rule that counts actions.

This is about one update. Along a path b may become needed: if it is not visited, its entry stays, and that of a may
fall below it. Then the learner bootstraps from an entry that nobody corrects (q-learning.unvisited).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..claim import Claim
from ..mutants import learners
from ..relation import Relation, all_of, equal
from ..runs import Update, tables_along

needless_actions = Claim(
    id="q-learning.needless-actions",
    title="An action that is worth no more than another of its state changes nothing elsewhere",
    statement=r"Q(s, b) \le Q(s, a) \implies \text{with or without } b, \text{ every other pair is updated alike}",
    subject="q-learner",
)


@dataclass(frozen=True)
class _Extended:
    """A model with one more action, its table, and the numbers of the old pairs and outcomes in it."""

    mdp: FiniteMDP
    table: Array
    pairs: np.ndarray
    outcomes: np.ndarray


def _with_a_copy(mdp: FiniteMDP, q: Array, drop: int, first: bool) -> _Extended:
    """Give the state of the first pair a copy of that pair, worth less by `drop`, as its first action or its last."""
    state, row = int(mdp.pair_state[0]), mdp.outcomes_of(0)
    outcomes = [
        (int(mdp.pair_state[x]), int(mdp.pair_action[x]) + 1, [_outcome(mdp, k) for k in mdp.outcomes_of(x)])
        for x in range(mdp.n_pairs)
    ]
    copy = (state, 0 if first else int(mdp.pair_action.max()) + 2, [_outcome(mdp, k) for k in row])
    model = FiniteMDP.from_pairs(mdp.n_states, [*outcomes, copy], mdp.discount)
    place = 0 if first else len(mdp.pairs_of(state))
    begins = int(model.outcome_start[place])
    return _Extended(
        mdp=model,
        table=np.insert(q, place, q[0] - drop),
        pairs=np.delete(np.arange(model.n_pairs), place),
        outcomes=np.delete(np.arange(len(model.reward)), range(begins, begins + len(row))),
    )


def _outcome(mdp: FiniteMDP, k: int) -> tuple[Scalar, Scalar, int]:
    return mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])


_drops = st.sampled_from([0, 1])


@needless_actions.exact(mdp=mdps(), q=tables, drop=_drops, first=st.booleans(), step_size=step_sizes())
def others_are_updated_alike(
    update: Update, mdp: FiniteMDP, q: Array, drop: int, first: bool, step_size: Scalar
) -> Relation:
    """Every outcome of every pair, with and without a copy of the first action, be it as good or worse."""
    return _alike(update, mdp, q, drop, first, step_size, times=1)


def _alike(update: Update, mdp: FiniteMDP, q: Array, drop: int, first: bool, step_size: Scalar, times: int) -> Relation:
    """The tables with and without the copy after one outcome, or after the same outcome several times in a row."""
    more = _with_a_copy(mdp, q, drop, first)
    relations = []
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            old = tables_along(update, mdp, q, [(x, k, step_size)] * times)[-1]
            step = (int(more.pairs[x]), int(more.outcomes[k]), step_size)
            new = tables_along(update, more.mdp, more.table, [step] * times)[-1]
            relations.append(equal(new[more.pairs], old))
    return all_of(relations)


for _mutant in (
    learners.sum_over_actions,
    learners.behaviour_average,
    learners.argmax_in_place_of_max,
    learners.minimum_in_place_of_maximum,
):
    needless_actions.refutes(_mutant, by=others_are_updated_alike)


@needless_actions.too_strong(beside=others_are_updated_alike)
def later_updates_are_alike(
    update: Update, mdp: FiniteMDP, q: Array, drop: int, first: bool, step_size: Scalar
) -> Relation:
    """A copy that is not visited keeps its entry, and may come to be the largest of its state: two updates in a row."""
    return _alike(update, mdp, q, drop, first, step_size, times=2)
