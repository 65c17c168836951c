"""Relations: what a check returns."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
import z3
from flint import fmpq

from bellcheck.mdp.arithmetic import Reals, exact_array
from bellcheck.proofs.relation import Undecided, all_of, at_most, equal, given, less_than


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        (equal(fmpq(1, 2), fmpq(1, 2)), True),
        (equal(exact_array([1, 2]), exact_array([1, 3])), False),
        (at_most(exact_array([1, 2]), 2), True),
        (at_most(exact_array([1, 3]), 2), False),
        (less_than(fmpq(1), fmpq(1)), False),
        (less_than(0, exact_array([1, 2])), True),
        (equal(torch.tensor([0.5, 0.25]), exact_array(["1/2", "1/4"])), True),
        (equal(np.array([0.5, 0.1]), exact_array(["1/2", "1/10"])), False),
    ],
)
def test_relation_compares_every_entry(relation, holds):
    """A relation holds if it does between all entries; a scalar stands beside each of them."""
    assert relation.holds is holds


def test_rational_equals_the_same_float():
    """A rational and a float are compared by value: flint's own comparison is silently False."""
    assert equal(fmpq(3, 4), 0.75).holds
    assert not equal(fmpq(1, 10), 0.1).holds


@pytest.mark.parametrize("wrong", [float("nan"), np.array([1.0, float("nan")])])
def test_nan_never_holds(wrong):
    """No relation holds of a NaN, on either side."""
    assert not equal(wrong, wrong).holds
    assert not at_most(wrong, 1.0).holds
    assert not at_most(1.0, wrong).holds


def test_nan_against_a_rational_is_an_error():
    """A NaN beside a rational is no number to compare with."""
    with pytest.raises(ValueError, match="nan"):
        _ = equal(float("nan"), fmpq(1)).holds


def test_sides_of_different_lengths_are_an_error():
    """Two arrays must be of one length; nothing is cut off in silence."""
    with pytest.raises(ValueError, match="2 and 3 entries"):
        _ = equal(exact_array([1, 2]), exact_array([1, 2, 3])).holds


def test_vacuous_implication_is_not_reached():
    """An implication whose premise fails holds, but compares nothing."""
    relation = given(less_than(1, 0), equal(1, 2))

    assert relation.holds
    assert not relation.reached


def test_implication_fails_with_its_conclusion():
    """An implication whose premise holds shows the sides of its conclusion."""
    relation = given(less_than(0, 1), equal(1, 2))

    assert not relation.holds
    assert (relation.sides().left, relation.sides().right) == (1, 2)


def test_all_of_shows_the_part_that_fails():
    """Of several relations the failing one is shown."""
    relation = all_of([equal(1, 1), at_most(3, 2)])

    assert not relation.holds
    assert relation.sides().left == 3


@pytest.mark.parametrize("nothing", [all_of([]), equal([], []), at_most(exact_array([]), 0)])
def test_nothing_to_compare_is_not_reached(nothing):
    """Where there is nothing to compare nothing fails, nothing is counted, and nothing can be proved."""
    assert nothing.holds
    assert not nothing.reached
    with pytest.raises(ValueError, match="nothing to prove"):
        nothing.formula()


def test_symbolic_identity_holds():
    """Expressions that SymPy simplifies to the same are equal; others are not."""
    x = sympy.Symbol("x", real=True)

    assert equal((x + 1) ** 2, x**2 + 2 * x + 1).holds
    assert not equal((x + 1) ** 2, x**2 + 1).holds


def test_undecided_inequality_is_neither():
    """What SymPy cannot decide is no evidence."""
    x = sympy.Symbol("x", real=True)

    with pytest.raises(Undecided):
        _ = at_most(x, 0).holds


def test_terms_become_an_obligation():
    """Between z3 terms a relation is a formula."""
    reals = Reals()
    x, y = reals.real("x"), reals.real("y")
    solver = z3.Solver(ctx=reals.context)

    solver.add(at_most(x, y).formula(), less_than(y, x).formula())

    assert solver.check() == z3.unsat


def test_what_was_compared_is_told():
    """A relation lists the comparisons that were reached: not those behind a premise that fails, none of nothing."""
    parts = all_of([at_most(1, 2), given(equal(1, 2), at_most(1, 1)), given(equal(1, 1), equal(3, 3)), at_most([], [])])

    assert [part.words for part in parts.comparisons()] == ["is at most", "equals"]


def test_room_is_seen():
    """An inequality is strict where some entry has room, and attained where one has none or hardly any."""
    loose, tight = at_most(exact_array([1, 9]), exact_array([2, 10])), at_most(1, 1)

    assert [part.strict for part in loose.comparisons() + tight.comparisons()] == [True, False]
    assert [part.attains(1) for part in loose.comparisons() + tight.comparisons()] == [False, True]
    assert [part.attains("9/10") for part in loose.comparisons()] == [True]
