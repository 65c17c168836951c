r"""Recordings of episodes, the transitions in them, and a replay buffer that keeps the newest.

A recording is a sequence of steps (pair, outcome, cut). An episode goes on from one step to the next until it
*terminates*, in a terminal state, or the recording of it is *cut* off, by a time limit; then another begins, in any
state. Where a recording stops its last episode may be unfinished.

A transition is what a learner is given of a step: the observation, the action, the reward, the observation that
followed, and whether the process terminated or was truncated (cut off). The observation that followed a cut is no part
of the next episode, and nobody will see it again: a buffer that looks for it in the next transition finds another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from .model import FiniteMDP

__all__ = ["NoRoom", "Recording", "Transition", "linked", "stored", "transitions_of"]

Recording: TypeAlias = tuple[tuple[int, int, bool], ...]
"""Steps of (pair, outcome, cut), an outcome being its position in ``mdp.reward`` and ``mdp.next_state``."""


class NoRoom(ValueError):
    """A capacity that is no positive number of transitions."""


class Transition(NamedTuple):
    """One step as a learner is given it; states and actions go by their numbers."""

    observation: Any
    action: Any
    reward: Any
    next_observation: Any
    terminated: bool
    truncated: bool


def linked(mdp: FiniteMDP, steps: Iterable[tuple[int, int, bool]]) -> Recording:
    """Return the steps as a recording: cut where the next one begins in another state than this one led to."""
    steps = tuple(steps)
    recording = []
    for t, (pair, outcome, cut) in enumerate(steps):
        state = int(mdp.next_state[outcome])
        follows = t + 1 == len(steps) or not mdp.pairs_of(state) or mdp.pair_state[steps[t + 1][0]] == state
        recording.append((pair, outcome, cut or not follows))
    return tuple(recording)


def transitions_of(mdp: FiniteMDP, recording: Recording) -> list[Transition]:
    """Return the transitions of a recording, in order.

    >>> step = FiniteMDP.from_pairs(2, [(0, 0, [(1, 3, 1)])], "1/2")
    >>> transitions_of(step, ((0, 0, False),))
    [Transition(observation=0, action=0, reward=3, next_observation=1, terminated=True, truncated=False)]
    """
    return [
        Transition(
            observation=int(mdp.pair_state[pair]),
            action=int(mdp.pair_action[pair]),
            reward=mdp.reward[outcome],
            next_observation=int(mdp.next_state[outcome]),
            terminated=not mdp.pairs_of(int(mdp.next_state[outcome])),
            truncated=cut,
        )
        for pair, outcome, cut in recording
    ]


def stored(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    """Return what a replay buffer holds after a stream of transitions: the newest `capacity` of them, or all.

    Raises `NoRoom` unless the capacity is at least 1.
    """
    if capacity < 1:
        raise NoRoom(f"capacity {capacity}: a buffer holds at least 1 transition")
    return list(deque(stream, maxlen=capacity))
