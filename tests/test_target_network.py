"""Tabular target networks: one step of a sample, and expected steps."""

from __future__ import annotations

from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.examples import stay_or_switch
from bellcheck.mdp.q_learning import update as q_learning_update
from bellcheck.mdp.target_network import expected_steps, update

MODEL = stay_or_switch("1/2")
TABLE = exact_array([0, 1, 2, 3])
TARGET = exact_array([8, 4, 0, 0])


def test_the_target_is_read_from_the_copy() -> None:
    """Staying pays 1 and leads to the best value of the copy, 8; the other entries stay."""
    assert list(update(MODEL, TABLE, TARGET, 0, 0, exact("1/2"))) == [fmpq(5, 2), 1, 2, 3]


def test_without_a_copy_it_is_q_learning() -> None:
    """The table as its own target."""
    assert list(update(MODEL, TABLE, TABLE, 1, 1, exact("1/4"))) == list(
        q_learning_update(MODEL, TABLE, 1, 1, exact("1/4"))
    )


def test_a_whole_expected_step_forgets_the_table() -> None:
    """At step 1 the table is T of the target, and stays so; in floats as well."""
    backed_up = [5, 0, 0, 4]

    assert [list(q) for q in expected_steps(MODEL, TABLE, TARGET, exact_array([1, 1]))][1:] == [backed_up] * 2
    assert list(list(expected_steps(MODEL.to_float(), to_floats(TABLE), to_floats(TARGET), [1.0]))[-1]) == backed_up
