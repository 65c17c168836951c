"""Clipped rewards and the Huber loss."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.clipping import clipped_rewards, huber
from bellcheck.mdp.model import FiniteMDP

MODEL = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 10, 0), ("1/2", "-1/2", 0)]), (0, 1, [(1, -3, 0)])], "1/2")


def test_rewards_are_cut_at_both_ends() -> None:
    """What lies between stays; in floats as well."""
    assert list(clipped_rewards(MODEL, exact(-1), exact(1)).reward) == [1, fmpq(-1, 2), -1]
    assert clipped_rewards(MODEL.to_float(), -1.0, 1.0).reward.tolist() == [1.0, -0.5, -1.0]


def test_the_loss_is_a_square_and_then_a_line() -> None:
    """At threshold 2: 1/2, 2, and from there on 2 more for each unit."""
    assert list(huber(exact_array([1, -2, 3, -4]), exact(2))) == [fmpq(1, 2), 2, 4, 6]
    assert huber(np.array([0.0, 1e20]), 1.0).tolist() == [0.0, 1e20]


def test_slopes_are_clipped_errors() -> None:
    """At the threshold itself too."""
    torch = pytest.importorskip("torch")
    error = torch.tensor([0.5, -2.0, 3.0, -4.0], requires_grad=True)

    huber(error, 2.0).sum().backward()

    assert error.grad.tolist() == [0.5, -2.0, 2.0, -2.0]
