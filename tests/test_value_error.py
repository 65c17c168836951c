"""The objectives against values worked out by hand."""

from __future__ import annotations

import pytest

from bellcheck.mdp.approximation import LinearQ, WrongShape
from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.value_error import (
    bellman_error,
    outcome_pairs,
    regression_loss,
    squared_td_error,
    td_errors,
    td_targets,
    value_error,
    value_error_gradient,
)

A_SPLIT = FiniteMDP.from_pairs(
    4, [(0, 0, [("1/2", 0, 1), ("1/2", 0, 2)]), (1, 0, [(1, 1, 3)]), (2, 0, [(1, 0, 3)])], discount=1
)
"""A to B or C, B to the end with reward 1, C with reward 0: Sutton and Barto 2018, Example 11.2."""
WEIGHTS = exact_array(["1/2", "1/4", "1/4"])
TRUTH = exact_array(["1/2", 1, 0])
COMPROMISE = exact_array(["1/2", "3/4", "1/4"])


def test_value_error_weighs_squares() -> None:
    """VE of errors 1 and 3 with weights 3/4 and 1/4 is 3."""
    assert value_error(exact_array(["3/4", "1/4"]), exact_array([1, 1]), exact_array([0, 4])) == 3


def test_value_error_gradient_by_hand() -> None:
    """With one feature 2, q = 1, w = 3 and mu = 1/2 the gradient is 2 * 1/2 * (6 - 1) * 2."""
    gradient = value_error_gradient(exact_array(["1/2"]), exact_array([1]), LinearQ([[2]]), exact_array([3]))

    assert list(gradient) == [exact(10)]


def test_the_truth_does_not_minimise_the_squared_td_error() -> None:
    """On the A-split example TDE is 1/8 at the true values and 1/16 at (1/2, 3/4, 1/4)."""
    assert squared_td_error(A_SPLIT, WEIGHTS, TRUTH, TRUTH) == exact("1/8")
    assert squared_td_error(A_SPLIT, WEIGHTS, COMPROMISE, COMPROMISE) == exact("1/16")


def test_bellman_error_vanishes_at_the_truth() -> None:
    """BE is 0 at the true values and not at the compromise."""
    assert bellman_error(A_SPLIT, WEIGHTS, TRUTH, TRUTH) == 0
    assert bellman_error(A_SPLIT, WEIGHTS, COMPROMISE, COMPROMISE) == exact("1/32")


def test_targets_take_terminal_states_as_zero_and_follow_a_policy() -> None:
    """Labels take the best action's value, the policy's mean if there is one, and 0 where the episode ends."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/2", 2, 1)]), (0, 1, [(1, 3, 0)])], discount="1/2")
    table = exact_array([4, 8])

    assert list(outcome_pairs(mdp)) == [0, 0, 1]
    assert list(td_targets(mdp, table)) == list(exact_array([5, 2, 7]))
    assert list(td_targets(mdp, table, exact_array([1, 0]))) == list(exact_array([3, 2, 5]))
    assert list(td_errors(mdp, exact_array([1, 2]), table)) == list(exact_array([4, 1, 5]))


def test_objectives_follow_a_policy() -> None:
    """With the policy that takes the worse action delta is 2 - 4 or 1 - 4 at the first pair, 4 - 8 at the second."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 1)]), (0, 1, [(1, 2, 0)])], discount="1/2")
    mu, table, worse = exact_array(["3/4", "1/4"]), exact_array([4, 8]), exact_array([1, 0])

    # Means of delta^2: (4 + 9) / 2 and 16; means of delta: -5/2 and -4.
    assert squared_td_error(mdp, mu, table, table, worse) == exact("3/4") * exact("13/2") + exact("1/4") * 16
    assert bellman_error(mdp, mu, table, table, worse) == exact("3/4") * exact("25/4") + exact("1/4") * 16


def test_a_model_without_actions_has_no_error() -> None:
    """Over no pairs, and over an empty batch, every sum is 0."""
    nothing = FiniteMDP.from_pairs(1, [], discount="1/2")
    empty = nothing.table()

    assert value_error(empty, empty, empty) == 0
    assert squared_td_error(nothing, empty, empty, empty) == 0
    assert bellman_error(nothing, empty, empty, empty) == 0
    assert regression_loss(empty, empty) == 0


def test_half_of_the_sum_is_the_default() -> None:
    """Without a word the loss is the one whose gradient step is the update rule."""
    assert regression_loss(exact_array([0, 0, 0]), exact_array([1, 1, 2])) == 3


@pytest.mark.parametrize(("reduction", "loss"), [("half-sum", 6), ("sum", 12), ("mean", 4)])
def test_reductions(reduction: str, loss: int) -> None:
    """Errors 2, -2 and 2: the sum of squares is 12, its half 6 and its mean 4."""
    predictions, labels = exact_array([0, 3, 1]), exact_array([2, 1, 3])

    assert regression_loss(predictions, labels, reduction) == loss  # type: ignore[arg-type]


def test_tensors_give_the_same_objectives() -> None:
    """On dyadic tables every objective over tensors equals the rational one."""
    torch = pytest.importorskip("torch")
    tensors = A_SPLIT.to_tensor()
    mu, table = torch.tensor(to_floats(WEIGHTS)), torch.tensor(to_floats(COMPROMISE))

    assert exact(squared_td_error(tensors, mu, table, table).item()) == exact("1/16")
    assert exact(bellman_error(tensors, mu, table, table).item()) == exact("1/32")
    assert exact(value_error(mu, torch.tensor(to_floats(TRUTH)), table).item()) == exact("1/32")


def test_lengths_that_differ_are_refused() -> None:
    """The message names each length, and a reduction that does not exist."""
    with pytest.raises(WrongShape, match="mu has 3, q has 3, estimate has 1"):
        value_error(WEIGHTS, TRUTH, exact_array([1]))
    with pytest.raises(WrongShape, match="pairs has 3, estimate has 1, target has 3"):
        td_errors(A_SPLIT, exact_array([1]), TRUTH)
    with pytest.raises(WrongShape, match="mu has 1, q has 3, estimate has 3"):
        value_error_gradient(exact_array([1]), TRUTH, LinearQ([[1], [1], [1]]), exact_array([1]))
    with pytest.raises(WrongShape, match="mu has 1, estimate has 3"):
        squared_td_error(A_SPLIT, exact_array([1]), TRUTH, TRUTH)
    with pytest.raises(WrongShape, match="mu has 1, estimate has 3"):
        bellman_error(A_SPLIT, exact_array([1]), TRUTH, TRUTH)
    with pytest.raises(WrongShape, match="prediction has 1, label has 3"):
        regression_loss(exact_array([1]), TRUTH)
    with pytest.raises(ValueError, match="'median' is none of"):
        regression_loss(TRUTH, TRUTH, "median")  # type: ignore[arg-type]
