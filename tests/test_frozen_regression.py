"""A gradient step of regression on given labels."""

from __future__ import annotations

import pytest

from bellcheck.mdp.approximation import LinearQ, WrongShape
from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.frozen_regression import regression_step


def test_a_step_by_hand():
    """1/2 of (3/4 * (5 - 1) * 1 + 1/4 * (0 - 2) * 2) is 1: from 1 to 2."""
    mu, label = exact_array(["3/4", "1/4"]), exact_array([5, 0])

    assert list(regression_step(LinearQ([[1], [2]]), mu, label, exact_array([1]), exact("1/2"))) == [2]


def test_labels_of_another_length_are_an_error():
    """Each pair has a label."""
    with pytest.raises(WrongShape, match="2 values, mu 2 and the labels 1"):
        regression_step(LinearQ([[1], [2]]), exact_array([1, 0]), exact_array([1]), exact_array([1]), exact("1/2"))
