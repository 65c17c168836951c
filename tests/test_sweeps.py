"""Sweeps in place and partial evaluation: what they compute, in which arithmetics, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from bellcheck.mdp.arithmetic import Reals, exact_array
from bellcheck.mdp.bellman import expected_backup, state_values
from bellcheck.mdp.examples import loan, stay_or_switch
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps
from bellcheck.mdp.sweeps import WrongOrder, best_backup, gauss_seidel_sweep, modified_policy_iteration_step

CHAIN = FiniteMDP.from_pairs(3, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 1, 2)])], "1/2")
"""Two states on the way to an end; every step pays 1."""


@given(mdps())
def test_a_best_backup_is_an_entry_of_the_operator(mdp: FiniteMDP) -> None:
    """State by state it is TV."""
    v = exact_array(int(state in mdp.acting) * (state + 1) for state in range(mdp.n_states))

    backed_up = [best_backup(mdp, v, int(state)) for state in mdp.acting]

    assert backed_up == list(state_values(mdp, expected_backup(mdp, v))[mdp.acting])


@pytest.mark.parametrize(("order", "values"), [([0, 1], ["1", "1", "0"]), ([1, 0], ["3/2", "1", "0"])])
def test_a_sweep_reads_what_it_has_written(order: list[int], values: list[str]) -> None:
    """Backwards along a chain one sweep is enough; forwards it is a sweep of value iteration."""
    v = exact_array([0, 0, 0])

    assert list(gauss_seidel_sweep(CHAIN, v, order)) == list(exact_array(values))
    assert list(v) == [0, 0, 0]


@pytest.mark.parametrize("order", [[0], [0, 0], [0, 1, 2]])
def test_an_order_names_every_acting_state_once(order: list[int]) -> None:
    """Left out, repeated or terminal: the states are named."""
    with pytest.raises(WrongOrder, match=r"acting states \[0, 1\] once"):
        gauss_seidel_sweep(CHAIN, exact_array([0, 0, 0]), order)


def test_a_sweep_in_floats_tensors_and_reals() -> None:
    """The same sweep in the other arithmetics."""
    torch, z3 = pytest.importorskip("torch"), pytest.importorskip("z3")
    reals = Reals()
    start = reals.array("v", 2)
    tensor = torch.tensor([2.0, 0.0], dtype=torch.float64, requires_grad=True)

    swept = gauss_seidel_sweep(stay_or_switch().to_tensor(), tensor, [1, 0])
    swept[0].backward()
    symbolic = gauss_seidel_sweep(stay_or_switch("1/2"), start, [1, 0])

    assert gauss_seidel_sweep(stay_or_switch("1/2").to_float(), np.array([2.0, 0.0]), [1, 0]).tolist() == [2.0, 1.0]
    assert tensor.grad.tolist() == [0.9, 0.0]
    assert all(z3.is_expr(value) for value in symbolic)


@pytest.mark.parametrize(("sweeps", "values"), [(1, ["1", "-1"]), (2, ["1/2", "-1/2"]), (3, ["3/4", "-3/4"])])
def test_a_step_evaluates_one_policy(sweeps: int, values: list[str]) -> None:
    """Borrowing is greedy for 0; its values approach 2/3 and -2/3 from both sides."""
    assert list(modified_policy_iteration_step(loan("1/2"), exact_array([0, 0]), sweeps)) == list(exact_array(values))


def test_no_sweep_is_no_step() -> None:
    """Nothing would be evaluated."""
    with pytest.raises(ValueError, match="give at least 1"):
        modified_policy_iteration_step(loan(), exact_array([0, 0]), 0)
