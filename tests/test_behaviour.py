"""Behaviours: the policies and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array, is_exact
from bellcheck.mdp.behaviour import InvalidBehaviour, epsilon_at, epsilon_greedy, softmax, uniform
from bellcheck.mdp.model import FiniteMDP

LOOP = [(1, 0, 0)]
RAGGED = FiniteMDP.from_pairs(3, [(0, 0, LOOP), (0, 1, LOOP), (0, 2, LOOP), (2, 0, LOOP)], "1/2")
"""Three actions, a terminal state, one action."""


def test_uniform_counts_the_actions_of_each_state() -> None:
    """Each state's probabilities are one over the number of its own actions."""
    policy = uniform(RAGGED)

    assert list(policy) == [fmpq(1, 3)] * 3 + [fmpq(1)]


def test_uniform_in_floats() -> None:
    """A float model has a float policy."""
    policy = uniform(RAGGED.to_float())

    assert policy.dtype == np.float64
    assert np.array_equal(policy, [1 / 3, 1 / 3, 1 / 3, 1])


def test_epsilon_greedy_sends_ties_to_the_lowest_action() -> None:
    """By default the first of the greedy actions takes the greedy mass."""
    policy = epsilon_greedy(RAGGED, exact_array([1, 2, 2, 0]), "3/10")

    assert list(policy) == [fmpq(1, 10), fmpq(8, 10), fmpq(1, 10), fmpq(1)]


def test_epsilon_greedy_splits_ties_on_request() -> None:
    """With ties="split" all greedy actions share the greedy mass."""
    policy = epsilon_greedy(RAGGED, exact_array([1, 2, 2, 0]), "3/10", ties="split")

    assert list(policy) == [fmpq(1, 10), fmpq(9, 20), fmpq(9, 20), fmpq(1)]


@pytest.mark.parametrize("ties", ["lowest", "split"])
@pytest.mark.parametrize("epsilon", [0, 0.1, "1/3", 1])
def test_epsilon_greedy_sums_to_one_in_the_arithmetic_of_the_table(ties: str, epsilon: object) -> None:
    """Exact tables give exact distributions, float tables float ones."""
    policy = epsilon_greedy(RAGGED, exact_array([3, 2, 3, -1]), epsilon, ties)  # type: ignore[arg-type]
    rounded = epsilon_greedy(RAGGED, np.array([3.0, 2.0, 3.0, -1.0]), epsilon, ties)  # type: ignore[arg-type]

    assert is_exact(policy)
    assert policy[:3].sum() == 1 == policy[3]
    assert rounded.dtype == np.float64
    assert np.abs(rounded - [float(p.p) / float(p.q) for p in policy]).max() <= 2**-50


def test_softmax_is_the_ratio_of_exponentials() -> None:
    """Probabilities of a state stand to each other as exp(Q / temperature)."""
    policy = softmax(RAGGED, exact_array([0, 1, 3, 7]), 2.0)

    # Each of a few operations errs by a unit in the last place or two.
    assert abs(policy[1] / policy[0] - math.exp(0.5)) <= 16 * math.ulp(1.0)
    assert abs(policy[:3].sum() - 1) <= 16 * math.ulp(1.0)
    assert policy[3] == 1


def test_softmax_does_not_overflow() -> None:
    """Where exp(Q / temperature) is too large for a float there is a policy still, for only differences matter."""
    policy = softmax(RAGGED, np.array([1e5, -1e5, 1e5, -1e5]), 1e-3)

    assert list(policy) == [0.5, 0.0, 0.5, 1.0]


def test_exploration_falls_in_a_straight_line() -> None:
    """Half way there epsilon is half way down; a float end means the decimal that it prints."""
    assert [epsilon_at(step, 1, 0.1, 4) for step in range(6)] == [1, fmpq(31, 40), fmpq(11, 20), fmpq(13, 40)] + [
        fmpq(1, 10)
    ] * 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: epsilon_greedy(RAGGED, exact_array([0] * 4), "3/2"), "epsilon 3/2 is not in"),
        (lambda: epsilon_greedy(RAGGED, exact_array([0] * 4), math.nan), "epsilon: nan is not a rational"),
        (lambda: epsilon_greedy(RAGGED, exact_array([0] * 3), 0), r"shape \(3,\)"),
        (lambda: epsilon_greedy(RAGGED, exact_array([0] * 4), 0, "random"), "ties 'random' is not"),  # type: ignore[arg-type]
        (lambda: epsilon_at(0, 2, 0, 1), "the first epsilon 2 is not in"),
        (lambda: epsilon_at(0, 1, -1, 1), "the last epsilon -1 is not in"),
        (lambda: epsilon_at(-1, 1, 0, 1), "step -1 of 1"),
        (lambda: epsilon_at(0, 1, 0, 0), "step 0 of 0"),
        (lambda: softmax(RAGGED, np.zeros(4), 0.0), "temperature 0.0 is not positive"),
        (lambda: softmax(RAGGED, np.zeros(4), math.inf), "temperature inf is not positive and finite"),
        (lambda: softmax(RAGGED, np.zeros(5), 1.0), r"shape \(5,\)"),
    ],
)
def test_refuses_wrong_arguments(make: object, message: str) -> None:
    """A wrong argument is named with its value."""
    with pytest.raises(InvalidBehaviour, match=message):
        make()  # type: ignore[operator]
