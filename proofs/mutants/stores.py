"""Wrong replay buffers: transitions that never happened, or that were lost.

Each has the signature of `bellcheck.mdp.transitions.stored`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bellcheck.mdp.transitions import Transition, stored

from ..subject import Subject

__all__ = [
    "final_observations_dropped",
    "first_of_the_next_episode",
    "newest_followed_by_the_oldest",
    "oldest_kept",
    "unused_places_returned",
]


def _first_of_the_next_episode(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    """One array of observations: what followed stands where the next observation does, that of a new episode too."""
    followed = [
        transition._replace(next_observation=following.observation) for transition, following in pairwise(stream)
    ]
    return stored([*followed, *stream[-1:]], capacity)


def _newest_followed_by_the_oldest(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    """``observations[(index + 1) % size]``: after the newest comes what the ring will overwrite next."""
    held = stored(stream, capacity)
    return [*held[:-1], *(newest._replace(next_observation=held[0].observation) for newest in held[-1:])]


def _final_observations_dropped(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    """An episode of T steps has T + 1 observations; with T of them its last transition cannot be made."""
    return stored([t for t in stream if not (t.terminated or t.truncated)], capacity)


def _oldest_kept(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    return list(stream[:capacity])


def _unused_places_returned(stream: Sequence[Transition], capacity: int) -> list[Transition]:
    """A buffer allocated with zeros that is read as if it were full."""
    held = stored(stream, capacity)
    return held + [Transition(0, 0, 0, 0, terminated=False, truncated=False)] * (capacity - len(held))


first_of_the_next_episode = Subject(
    "transition-store", "first observation of the next episode", _first_of_the_next_episode, bug="A7"
)
newest_followed_by_the_oldest = Subject(
    "transition-store", "the newest followed by the oldest", _newest_followed_by_the_oldest, bug="A8"
)
final_observations_dropped = Subject(
    "transition-store", "final observations dropped", _final_observations_dropped, bug="A9"
)
oldest_kept = Subject("transition-store", "the oldest kept", _oldest_kept)
unused_places_returned = Subject("transition-store", "places that were never filled", _unused_places_returned)
