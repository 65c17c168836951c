"""The textbook's definitions of values, at discount 1 too."""

from __future__ import annotations

import pytest

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.examples import self_loop, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.definitions import action_values, optimal_values


def test_a_loop_without_rewards_is_worth_nothing_at_discount_one() -> None:
    """The equation of the loop reads q = q; the sum of what it pays is 0."""
    values = action_values(zero_reward_loop(), exact_array([1]))

    assert values.tolist() == [0]


def test_staying_for_ever_forgoes_the_exit_at_discount_one() -> None:
    """Under the policy that stays, leaving is worth 1 and staying 0; the best policy leaves, and may do so later."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 1, 1)])], discount=1)

    assert action_values(mdp, exact_array([1, 0])).tolist() == [0, 1]
    assert optimal_values(mdp).tolist() == [1, 1]


def test_a_loop_that_pays_for_ever_has_no_value_at_discount_one() -> None:
    """A sum of infinitely many ones is refused."""
    with pytest.raises(ZeroDivisionError):
        action_values(self_loop(discount=1), exact_array([1]))
