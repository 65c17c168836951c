"""Double Q-learning at the wrong state: its value, or its action, taken one step early.

Each has the signature of `bellcheck.mdp.double_q.double_update`.
"""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, zeros
from bellcheck.mdp.double_q import Pair, Ties
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject
from .deep_q import double_update_towards

__all__ = ["chosen_one_step_early", "valued_at_the_state_left"]


def _best(mdp: FiniteMDP, q: Array, state: int) -> int:
    """The number of the best action of a state, the lowest of several."""
    row = mdp.pairs_of(state)
    return int(mdp.pair_action[row[int(np.argmax(q[row.start : row.stop]))]])


def _entry(mdp: FiniteMDP, q: Array, state: int, action: int) -> Scalar:
    """The entry of an action in the row of a state, or the row's last where it has no such action."""
    row = mdp.pairs_of(state)
    return q[next((x for x in row if mdp.pair_action[x] == action), row[-1])]


def _state_left(mdp: FiniteMDP, outcome: int) -> int:
    return int(mdp.pair_state[np.searchsorted(mdp.outcome_start, outcome, side="right") - 1])


def _target(
    mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, chosen_at: int | None, valued_at: int | None
) -> Scalar:
    """The double target with the action chosen, and valued, in the given states; None is the one that follows."""
    chooser, values = tables if first else (tables[1], tables[0])
    following = int(mdp.next_state[outcome])
    if not mdp.pairs_of(following):
        return mdp.reward[outcome] + mdp.discount * zeros(values, 1)[0]
    action = _best(mdp, chooser, following if chosen_at is None else chosen_at)
    return mdp.reward[outcome] + mdp.discount * _entry(
        mdp, values, following if valued_at is None else valued_at, action
    )


def _valued_early(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    return _target(mdp, tables, first, outcome, chosen_at=None, valued_at=_state_left(mdp, outcome))


def _chosen_early(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    return _target(mdp, tables, first, outcome, chosen_at=_state_left(mdp, outcome), valued_at=None)


valued_at_the_state_left = Subject(
    "double-q-learner", "valued at s in place of s'", double_update_towards(_valued_early), bug="C5"
)
chosen_one_step_early = Subject(
    "double-q-learner", "action chosen at s, one step early", double_update_towards(_chosen_early), bug="C6"
)
