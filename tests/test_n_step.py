"""n-step targets of recordings."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.n_step import NoSteps, targets

CORRIDOR = FiniteMDP.from_pairs(3, [(0, 0, [(1, 5, 1)]), (0, 1, [(1, 6, 0)]), (1, 0, [(1, 7, 2)])], "1/2")
"""Two acting states in a row and an end; outcomes 0, 1, 2 of pairs 0, 1, 2."""

VALUES = exact_array([16, 32, 1000])
EPISODE = ((1, 1, False), (0, 0, False), (2, 2, False))


def test_rewards_up_to_the_end_are_summed() -> None:
    """With many steps the target is the discounted return, and the value of the end does not count."""
    assert list(targets(CORRIDOR, VALUES, EPISODE, 9)) == [6 + fmpq(5, 2) + fmpq(7, 4), 5 + fmpq(7, 2), 7]


def test_two_steps_bootstrap_with_the_square() -> None:
    """Two rewards, and the value of where they led at gamma squared."""
    assert list(targets(CORRIDOR, VALUES, EPISODE, 2)) == [6 + fmpq(5, 2) + 8, 5 + fmpq(7, 2), 7]


def test_a_cut_bootstraps_by_the_rewards_there_are() -> None:
    """An episode cut off after one step has the value of the observation that followed, discounted once."""
    assert targets(CORRIDOR, VALUES, ((1, 1, True), (0, 0, False), (2, 2, False)), 3)[0] == 6 + 8


def test_floats_have_float_targets() -> None:
    """A model and values in binary64 give binary64."""
    found = targets(CORRIDOR.to_float(), np.array([16.0, 32.0, np.nan]), EPISODE, 2)

    assert found.dtype == np.float64
    assert found.tolist() == [16.5, 8.5, 7.0]


def test_a_target_needs_a_reward() -> None:
    """The error names n."""
    with pytest.raises(NoSteps, match="n is 0"):
        targets(CORRIDOR, VALUES, EPISODE, 0)
