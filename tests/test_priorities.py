"""Replay probabilities and importance weights."""

from __future__ import annotations

from typing import Any

import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact
from bellcheck.mdp.priorities import WrongPriorities, importance_weights, replay_probabilities


def test_probabilities_are_shares() -> None:
    """Rational priorities have rational shares, the last of them too."""
    assert replay_probabilities([exact("1/2"), 1, exact("3/2")]).tolist() == [fmpq(1, 6), fmpq(1, 3), fmpq(1, 2)]


@pytest.mark.parametrize(
    ("beta", "weights"),
    [(0, [1, 1, 1]), (1, [1, fmpq(1, 2), fmpq(1, 3)]), (2, [1, fmpq(1, 4), fmpq(1, 9)])],
)
def test_the_largest_weight_is_one(beta: int, weights: list[Any]) -> None:
    """It is that of the experience that is drawn least."""
    assert importance_weights([1, 2, 3], beta).tolist() == weights


@pytest.mark.parametrize("priorities", [[], [1, 0], [1, -1]])
def test_priorities_are_positive(priorities: list[int]) -> None:
    """What is never drawn has no weight."""
    with pytest.raises(WrongPriorities, match="give at least one, all positive"):
        replay_probabilities(priorities)
