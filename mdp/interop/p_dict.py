"""A model as the table that Gymnasium's toy-text environments carry.

``P[state][action] = [(probability, next state, reward, terminated), ...]``, floats rounded correctly, an entry for each
outcome: the joint law of reward and next state is kept. An outcome terminates where it leads to a terminal state. By
the convention of these tables a terminal state has a row for every action, in which it ends again and pays nothing;
other states have rows for the actions that they have. `gymnasium.from_gymnasium` reads such a table back.
"""

from __future__ import annotations

from typing import TypeAlias

from ..model import FiniteMDP

__all__ = ["PDict", "n_actions", "to_p_dict"]

PDict: TypeAlias = dict[int, dict[int, list[tuple[float, int, float, bool]]]]


def n_actions(mdp: FiniteMDP) -> int:
    """Return how many numbers actions have, from 0: those that are named, or else up to the largest in use."""
    return max(1, len(mdp.action_names or ()) or 1 + int(mdp.pair_action.max(initial=0)))


def to_p_dict(mdp: FiniteMDP) -> PDict:
    """Return the table of a model. Raises ``InvalidMDP`` if a reward is too large for binary64.

    >>> to_p_dict(FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/2", 3, 1)])], "9/10"))
    {0: {0: [(0.5, 0, 1.0, False), (0.5, 1, 3.0, True)]}, 1: {0: [(1.0, 1, 0.0, True)]}}
    """
    rounded = mdp.to_float()
    terminal = set(mdp.terminal_states)
    table: PDict = {state: {} for state in range(mdp.n_states)}
    for x in range(mdp.n_pairs):
        table[int(mdp.pair_state[x])][int(mdp.pair_action[x])] = [
            (
                float(rounded.probability[k]),
                int(mdp.next_state[k]),
                float(rounded.reward[k]),
                int(mdp.next_state[k]) in terminal,
            )
            for k in mdp.outcomes_of(x)
        ]
    for state in terminal:
        table[state] = {action: [(1.0, state, 0.0, True)] for action in range(n_actions(mdp))}
    return table
