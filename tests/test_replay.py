"""The weights and the model of a replay buffer."""

from __future__ import annotations

import pytest
from flint import fmpq

from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.replay import EmptyBuffer, buffer_model, buffer_weights

MODEL = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 4, 0), ("1/2", 2, 1)]), (0, 1, [(1, 0, 0)])], "1/2")
"""Outcomes 0 and 1 of pair 0, 2 of pair 1."""


def test_weights_are_shares_of_the_buffer() -> None:
    """Three experiences of the first pair and one of the second."""
    assert list(buffer_weights(MODEL, [(0, 0), (0, 0), (1, 2), (0, 1)])) == [fmpq(3, 4), fmpq(1, 4)]


def test_outcomes_have_their_relative_frequencies() -> None:
    """One of three was the second; a pair that the buffer does not hold is as it was."""
    model = buffer_model(MODEL, [(0, 0), (0, 0), (0, 1)])

    assert list(model.probability) == [fmpq(2, 3), fmpq(1, 3), 1]
    assert list(MODEL.probability) == [fmpq(1, 2), fmpq(1, 2), 1]


def test_an_empty_buffer_has_no_weights() -> None:
    """Nothing can be drawn from it."""
    with pytest.raises(EmptyBuffer, match="fill it"):
        buffer_weights(MODEL, [])
