"""Value iteration: its iterates in every arithmetic, and a stop that keeps its promise."""

from __future__ import annotations

from itertools import islice

import pytest
from flint import fmpq

from bellcheck.mdp import examples
from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.iteration import damped_value_iterates, nearly_optimal_policy, value_iterates
from bellcheck.mdp.solve import ImproperPolicy


def test_iterates_begin_at_the_table_and_apply_the_operator() -> None:
    """On a loop that pays 1 at discount 1/2 the tables are 0, 1, 3/2, 7/4, ..."""
    iterates = value_iterates(examples.self_loop(discount="1/2"), exact_array([0]))

    assert [q[0] for q in islice(iterates, 4)] == [0, 1, exact("3/2"), exact("7/4")]


def test_a_damped_step_goes_a_share_of_the_way() -> None:
    """Step 0 changes nothing, step 1 is a sweep, and a step of 1/2 ends half-way between."""
    tables = damped_value_iterates(examples.self_loop(), exact_array([0]), exact_array([0, "1/2", 1]))

    assert [q[0] for q in tables] == [0, 0, exact("1/2"), 1 + fmpq(9, 10) * fmpq(1, 2)]


def test_floats_and_tensors_iterate_too() -> None:
    """The same generators give 0, 1, 3/2, 7/4 in binary64 and in torch."""
    torch = pytest.importorskip("torch")
    exact_model = examples.self_loop(discount="1/2")
    rounded, tensors = exact_model.to_float(), exact_model.to_tensor()

    assert [float(q[0]) for q in islice(value_iterates(rounded, to_floats([0])), 4)] == [0, 1, 1.5, 1.75]
    assert [float(q[0]) for q in damped_value_iterates(tensors, torch.zeros(1).double(), [1.0, 1.0])] == [0, 1, 1.5]


def test_a_policy_is_returned_when_the_rule_allows() -> None:
    """Two arms that pay 1 and 2: the second is found, from any start and to any precision."""
    policy = nearly_optimal_policy(examples.two_arms(), exact_array([-100]), exact("1/100"))

    assert list(policy) == [0, 1]


def test_no_discount_is_refused() -> None:
    """At discount 1 a change of 0 shows nothing: every constant is a fixed point on a loop without reward."""
    with pytest.raises(ImproperPolicy, match="discount 1"):
        nearly_optimal_policy(examples.zero_reward_loop(), exact_array([0]), exact(1))


def test_a_tolerance_of_zero_is_refused() -> None:
    """Value iteration reaches q* only in the limit."""
    with pytest.raises(ValueError, match="epsilon 0 is not positive"):
        nearly_optimal_policy(examples.self_loop(), exact_array([0]), exact(0))
