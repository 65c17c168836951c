"""Targets at the end of an episode, and the model that unmasked targets solve."""

from __future__ import annotations

import numpy as np
import pytest

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.bellman import WrongTable
from bellcheck.mdp.episode_ends import flagged_target, with_values_at_ends
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration

MODEL = FiniteMDP.from_pairs(
    3, [(0, 0, [("1/2", 1, 1), ("1/2", 1, 2)]), (2, 0, [(1, 4, 1)]), (2, 3, [(1, 0, 0)])], "1/2"
)
"""State 1 is terminal, in the middle."""

VALUES = exact_array([0, 6, 4])


@pytest.mark.parametrize(("terminated", "truncated", "target"), [(False, False, 4), (False, True, 4), (True, False, 1)])
def test_only_termination_masks_the_value(terminated: bool, truncated: bool, target: int) -> None:
    """The first outcome pays 1 and leads to where the network says 6."""
    assert flagged_target(MODEL, VALUES, 0, terminated, truncated) == target


def test_ends_get_the_values_that_they_are_given() -> None:
    """The terminal state is worth 6 by its loop, and pairs keep their order around it."""
    model = with_values_at_ends(MODEL, VALUES)

    assert model == FiniteMDP.from_pairs(
        3,
        [
            (0, 0, [("1/2", 1, 1), ("1/2", 1, 2)]),
            (1, 0, [(1, 3, 1)]),
            (2, 0, [(1, 4, 1)]),
            (2, 3, [(1, 0, 0)]),
        ],
        "1/2",
    )
    assert policy_iteration(model).v[1] == 6


def test_a_model_without_ends_is_left_as_it_is() -> None:
    """There is nothing to add; floats stay floats."""
    loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2").to_float()

    assert with_values_at_ends(loop, np.array([7.0])).reward.tolist() == [1.0]


def test_values_of_another_shape_are_refused() -> None:
    """One for each state."""
    with pytest.raises(WrongTable, match="each of 3 states"):
        with_values_at_ends(MODEL, exact_array([1, 2]))
