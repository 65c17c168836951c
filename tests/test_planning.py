"""Solvers that keep their promise, and say so where they cannot."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.bellman import WrongTable
from bellcheck.mdp.examples import loan, self_loop, two_arms, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import accepts, iterate, no_plan, plan
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps


def test_values_and_policy_of_the_loan() -> None:
    """To borrow is worth 1 / (1 + gamma), and is what the policy does; floats come bit for bit."""
    answer = plan(loan(), "1/1000")

    assert abs(answer.values[0] - exact("10/19")) <= exact("1/1000")
    assert list(answer.policy) == [0, 1, 1]
    assert answer.converged is True
    assert answer.answered
    assert exact(float(str(answer.values[0].p)) / float(str(answer.values[0].q))) == answer.values[0]


def test_a_start_saves_sweeps_and_is_left_alone() -> None:
    """From its value a loop is swept once; the entry of an end is not read."""
    one_step = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/2", 0, 1)])], "9/10")
    start = exact_array(["10/11", 1_000])

    answer = plan(one_step, "1/100", start)

    assert answer.sweeps == 1
    assert answer.sweeps < plan(one_step, "1/100").sweeps
    assert abs(answer.values[0] - exact("10/11")) <= exact("1/100")
    assert answer.values[1] == 0
    assert list(start) == [exact("10/11"), 1_000]


def test_a_start_of_another_shape_is_refused() -> None:
    """The error says how many values are needed."""
    with pytest.raises(WrongTable, match=r"shape \(2,\); it needs a value for each of 1 states"):
        plan(two_arms(), 1, exact_array([0, 0]))


@pytest.mark.parametrize(("discount", "epsilon"), [("1048575/1048576", "1/100"), ("9/10", "1e-16")])
def test_a_promise_that_cannot_be_kept_is_not_claimed(discount: str, epsilon: str) -> None:
    """Too many sweeps, or a tolerance below what binary64 holds: the plan says that it stopped short."""
    answer = plan(self_loop("1/3", discount), epsilon)

    assert answer.answered
    assert answer.converged is False


def test_a_proper_model_needs_no_discount() -> None:
    """At discount 1 the answer is exact: a die is rolled six times until a six."""
    die = FiniteMDP.from_pairs(2, [(0, 0, [("5/6", 1, 0), ("1/6", 1, 1)])], 1)

    assert [list(answer.values) for answer in (plan(die, 1), iterate(die))] == [[6, 0], [6, 0]]


@pytest.mark.parametrize("answer", [plan(zero_reward_loop(), 1), iterate(zero_reward_loop())])
def test_a_model_without_values_is_refused_in_words(answer: object) -> None:
    """Where a policy may go on for ever without discount there is no answer, but an end, and the state is named."""
    assert not answer.answered
    assert answer.stopped
    assert "may go on for ever from state 0" in answer.failed


def test_a_reward_beyond_floats_is_refused_in_words() -> None:
    """Sweeps in binary64 cannot hold it; exact policy iteration can."""
    rich = self_loop(fmpq(10) ** 400, "1/2")

    assert "too large for binary64" in plan(rich, 1).failed
    assert list(iterate(rich).values) == [2 * fmpq(10) ** 400]


@given(mdps(max_states=3))
def test_iteration_starts_at_the_lowest_actions_and_ends_at_the_solution(mdp: FiniteMDP) -> None:
    """Whatever the start, the exact values are those of the exact solver; one policy alone is looked at once."""
    answer = iterate(mdp)

    assert list(answer.values) == list(policy_iteration(mdp).v)
    assert mdp.n_pairs > len(mdp.acting) or answer.sweeps == 1


def test_iteration_counts_the_policies_that_it_evaluates() -> None:
    """The better of two arms is second: one policy is left, one is kept."""
    assert iterate(two_arms()).sweeps == 2


def test_what_failed_is_no_answer() -> None:
    """The words of a solver that crashed are all that is left of it."""
    failed = no_plan("ValueError: math domain error")

    assert not failed.answered
    assert (failed.stopped, failed.converged, failed.sweeps, len(failed.values)) == (True, None, None, 0)


@pytest.mark.parametrize(
    ("P", "R", "discount", "accepted"),
    [
        ([[["1/3", "2/3"]], [[0, 1]]], [[1], [0]], "9/10", True),
        ([[["4/5", 1]], [[0, 1]]], [[1], [0]], "9/10", False),
        ([[["3/2", "-1/2"]], [[0, 1]]], [[1], [0]], "9/10", False),
        ([[[float("nan"), 1]], [[0, 1]]], [[1], [0]], "9/10", False),
        ([[[1, 0]], [[0, 1]]], [[float("nan")], [0]], "9/10", False),
        ([[[1, 0]], [[0, 1]]], [[1], [0]], "11/10", False),
        ([[[1, 0]], [[0, 1]]], [[1], [0]], 1, True),
    ],
)
def test_arrays_are_accepted_if_they_are_a_decision_process(P: object, R: object, discount: object, accepted: bool):
    """Rows are distributions, entries are numbers, the discount is in [0, 1]."""
    assert accepts(P, R, discount) is accepted
