r"""Where an episode ends, and where it is only cut off.

.. math:: r + \gamma\, V(s') \ \text{if the process goes on}, \qquad r \ \text{if it has ended}

A terminal state has the value 0 by definition, but a network has an output for it all the same; so the target is
masked where the transition *terminates*. A time limit that truncates an episode ends the recording and not the
process: there the value of s' counts as ever. Gymnasium tells the two apart as ``terminated`` and ``truncated``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .arithmetic import Array, Scalar
from .bellman import WrongTable
from .model import FiniteMDP

__all__ = ["flagged_target", "with_values_at_ends"]


def flagged_target(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """Return r + gamma V(s') of an outcome, or r if it `terminated`; whether it was `truncated` makes no difference.

    `values` has shape (S,), with an entry for terminal states too, as a network has.
    """
    reward = mdp.reward[outcome]
    return reward if terminated else reward + mdp.discount * values[mdp.next_state[outcome]]


def with_values_at_ends(mdp: FiniteMDP, values: Array) -> FiniteMDP:
    """Return the model in which each terminal state has a loop that pays (1 - gamma) V(s), hence the value V(s).

    It is the model that a learner solves whose targets are not masked. `values` has shape (S,); only the entries of
    terminal states are used. The other pairs keep their order. Raises `WrongTable` for another shape.

    >>> from .arithmetic import exact_array
    >>> one_step = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2")
    >>> with_values_at_ends(one_step, exact_array([0, 6]))
    FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 3, 1)])], discount=1/2)
    """
    if np.shape(values) != (mdp.n_states,):
        raise WrongTable(f"values of shape {np.shape(values)}; give one for each of {mdp.n_states} states")
    ends = np.array(mdp.terminal_states, dtype=np.int64)
    order = np.argsort(np.concatenate([mdp.pair_state, ends]), kind="stable")
    sizes = np.concatenate([np.diff(mdp.outcome_start), np.ones(len(ends), dtype=np.int64)])
    first = np.concatenate([mdp.outcome_start[:-1], len(mdp.reward) + np.arange(len(ends))])
    outcomes = np.array([first[x] + k for x in order for k in range(sizes[x])], dtype=np.int64)
    loops = (1 - mdp.discount) * values[ends]
    return replace(
        mdp,
        pair_state=np.concatenate([mdp.pair_state, ends])[order],
        pair_action=np.concatenate([mdp.pair_action, 0 * ends])[order],
        outcome_start=np.cumsum([0, *sizes[order]]),
        probability=np.concatenate([mdp.probability, loops * 0 + 1])[outcomes],
        reward=np.concatenate([mdp.reward, loops])[outcomes],
        next_state=np.concatenate([mdp.next_state, ends])[outcomes],
    )
