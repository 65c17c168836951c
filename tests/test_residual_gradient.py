"""The residual-gradient update."""

from __future__ import annotations

import pytest

from bellcheck.mdp.approximation import LinearQ, WrongShape
from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.examples import self_loop, two_arms
from bellcheck.mdp.residual_gradient import residual_gradient_update


def test_the_successor_moves_too():
    """On a loop the slope of the error is gamma - 1, so that the step is that share of the semi-gradient's."""
    q_hat, half = LinearQ([[1]]), exact("1/2")

    after = residual_gradient_update(self_loop(1, half), q_hat, exact_array([4]), (0, 0), half)

    # delta = 1 + 4/2 - 4 = -1, grad delta = -1/2
    assert after.tolist() == [exact("15/4")]


def test_a_policy_takes_the_place_of_the_greedy_action():
    """The value of the successor and its slope are the policy's means."""
    q_hat, w = LinearQ([[1, 0], [0, 1]]), exact_array([0, 2])

    greedy = residual_gradient_update(two_arms("1/2"), q_hat, w, (0, 0), exact(1))
    first = residual_gradient_update(two_arms("1/2"), q_hat, w, (0, 0), exact(1), exact_array([1, 0]))

    assert greedy.tolist() == [exact(2), exact(1)]
    assert first.tolist() == [exact("1/2"), exact(2)]


def test_outcomes_of_different_pairs_are_refused():
    """Two successors of different pairs say nothing about either."""
    with pytest.raises(ValueError, match="outcomes 0 and 1 follow pairs 0 and 1"):
        residual_gradient_update(two_arms(), LinearQ([[1], [1]]), exact_array([1]), (0, 1), exact(1))


def test_features_of_another_model_are_refused():
    """A table of the wrong length is named."""
    with pytest.raises(WrongShape, match="3 values for the 2 pairs"):
        residual_gradient_update(two_arms(), LinearQ([[1], [1], [1]]), exact_array([1]), (0, 0), exact(1))
