"""The planted bugs of tabular learners do what the real ones do."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.mutants import behaviours, sarsa, simulators, targets

ONE_STEP = FiniteMDP.from_pairs(2, [(0, 0, [(1, 4, 1)])], "1/2", start=[1, 0])
"""A reward of 4, and the end."""


def test_epsilon_counts_once_for_each_action() -> None:
    """Its value of a state is epsilon times the sum plus (1 - epsilon) times the largest."""
    arms = FiniteMDP.from_pairs(1, [(0, a, [(1, 0, 0)]) for a in range(3)], "1/2")
    q = exact_array([2, 8, -4])
    policy = epsilon_greedy(arms, q, "1/4")

    moved = sarsa.exploring_once_for_each_action.call(arms, q, 0, 0, policy, exact(1))

    assert moved[0] == fmpq(1, 2) * (fmpq(1, 4) * (2 + 8 - 4) + fmpq(3, 4) * 8)


def test_epsilon_is_locked_at_its_end() -> None:
    """From the second step on it is the end, however long the decay was to take."""
    values = [behaviours.locked_at_its_end.call(step, exact(1), exact("1/10"), 1000) for step in range(1, 5)]

    assert values == [fmpq(1, 10)] * 4


def test_values_grow_beyond_the_largest_return() -> None:
    """Updating past the end, a task that pays 4 once in an episode comes to be worth nearly 4 / (1 - 1/2)."""
    run = simulators.past_the_end.call(
        ONE_STEP,
        ONE_STEP.table(0),
        np.full(100, 0.5),
        0.0,
        np.random.default_rng(0),
        start_state=0,
        checkpoints=np.array([100]),
    )

    assert run.q[0] > 7.9


def test_the_end_is_worth_the_next_percepts_reward() -> None:
    """The first update moves towards 4, the second towards 4 + 4/2: what the episode after the first began with."""
    run = simulators.end_worth_the_next_reward.call(
        ONE_STEP,
        ONE_STEP.table(0),
        np.ones(2),
        0.0,
        np.random.default_rng(0),
        start_state=0,
        checkpoints=np.arange(3),
    )

    assert run.tables[:, 0].tolist() == [0, 4, 6]


@pytest.mark.parametrize("undefined", [np.nan, np.inf])
def test_a_product_does_not_mask(undefined) -> None:
    """0 times what is undefined is undefined."""
    with np.errstate(invalid="ignore"):
        target = targets.masked_by_a_product.call(ONE_STEP.to_float(), np.array([0, undefined]), 0, True, False)

    assert np.isnan(target)


def test_the_discount_is_a_summand() -> None:
    """A loop pays 1 at discount 9/10, and its value is 5: 1 + 9/10 + 1 + 5 in one form, 1 + 9/10 - 5 in the other."""
    loop, values = self_loop(), exact_array([5])

    assert targets.discount_added.call(loop, values, 0, False, False) == exact("79/10")
    assert targets.value_subtracted.call(loop, values, 0, False, False) == exact("-31/10")
