"""Double estimators and tabular double Q-learning."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.double_q import double_estimate, double_target, double_update
from bellcheck.mdp.model import FiniteMDP

LOOPS = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 0, 1)])], "1/2")
"""Stay and be paid 1, or leave for the end."""

TABLES = exact_array([0, 1]), exact_array([2, 6])


@pytest.mark.parametrize(("ties", "value"), [("lowest", 2), ("split", 4)])
def test_ties_are_broken_as_told(ties, value: int) -> None:  # type: ignore[no-untyped-def]
    """By the lowest index, or by the mean of the tied."""
    assert double_estimate(exact_array([7, 7, 0]), exact_array([2, 6, 9]), ties) == value


def test_one_table_chooses_and_the_other_values() -> None:
    """Q^A prefers the second action, which Q^B holds for 6; Q^B prefers it too, and Q^A holds it for 1."""
    assert double_target(LOOPS, TABLES, True, 0) == 4
    assert double_target(LOOPS, TABLES, False, 0) == fmpq(3, 2)


def test_an_end_is_worth_nothing() -> None:
    """The second action pays 0 and ends."""
    assert double_target(LOOPS, TABLES, True, 1) == 0


def test_one_table_is_updated_at_a_time() -> None:
    """The other stays as it was, and so do the tables that were given."""
    first, second = double_update(LOOPS, TABLES, True, 0, 0, exact("1/2"))
    again = double_update(LOOPS, TABLES, False, 0, 0, exact("1/2"))

    assert (list(first), list(second)) == ([2, 1], [2, 6])
    assert (list(again[0]), list(again[1])) == ([0, 1], [fmpq(7, 4), 6])
    assert list(TABLES[0]) == [0, 1]


def test_floats_stay_floats() -> None:
    """Next to a model in binary64 the tables stay in binary64."""
    first, _ = double_update(LOOPS.to_float(), (np.array([0.0, 1.0]), np.array([2.0, 6.0])), True, 0, 0, 0.5)

    assert first.dtype == np.float64
    assert first.tolist() == [2.0, 1.0]
