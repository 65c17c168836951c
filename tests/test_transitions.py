"""Recordings, the transitions in them, and the buffer that keeps the newest."""

from __future__ import annotations

import pytest

from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.transitions import NoRoom, Transition, linked, stored, transitions_of

CORRIDOR = FiniteMDP.from_pairs(3, [(0, 0, [(1, 5, 1)]), (0, 2, [(1, 6, 0)]), (1, 0, [(1, 7, 2)])], "1/2")
"""Two acting states in a row and an end; outcomes 0, 1, 2 of pairs 0, 1, 2."""


def test_an_episode_goes_on_where_it_left_off() -> None:
    """Steps that follow each other, and an end followed by a new beginning, are not cut."""
    steps = ((1, 1, False), (0, 0, False), (2, 2, False), (0, 0, False))

    assert linked(CORRIDOR, steps) == steps


def test_a_jump_is_a_cut() -> None:
    """Where the next step begins elsewhere the recording was cut off, and what was cut stays so."""
    steps = ((0, 0, False), (0, 0, True), (2, 2, False))

    assert linked(CORRIDOR, steps) == ((0, 0, True), (0, 0, True), (2, 2, False))


def test_transitions_tell_an_end_from_a_cut() -> None:
    """The end of the process terminates, a cut truncates; each has the observation that followed."""
    assert transitions_of(CORRIDOR, ((1, 1, True), (2, 2, False))) == [
        Transition(0, 2, 6, 0, terminated=False, truncated=True),
        Transition(1, 0, 7, 2, terminated=True, truncated=False),
    ]


def test_the_newest_are_kept() -> None:
    """A full buffer drops the oldest; one that is not full holds everything."""
    stream = transitions_of(CORRIDOR, ((1, 1, False), (0, 0, False), (2, 2, False)))

    assert stored(stream, 2) == stream[1:]
    assert stored(stream, 9) == stream


def test_a_buffer_without_room_is_refused() -> None:
    """The error names the capacity."""
    with pytest.raises(NoRoom, match="capacity 0"):
        stored([], 0)
