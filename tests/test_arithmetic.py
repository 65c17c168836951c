"""How numbers enter, and maxima, norms, sums and solutions in each arithmetic."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import z3
from flint import fmpq
from hypothesis import given

from bellcheck.mdp import arithmetic
from bellcheck.mdp.arithmetic import (
    NotANumber,
    Reals,
    exact,
    exact_array,
    fraction,
    is_exact,
    max_norm,
    maximum,
    segment_max,
    segment_sum,
    to_floats,
    zeros,
)

RATIONALS = st.fractions(min_value=-50, max_value=50, max_denominator=12)
STARTS = np.array([0, 1, 4])


@pytest.mark.parametrize(
    ("value", "numerator", "denominator"),
    [
        (3, 3, 1),
        ("3/4", 3, 4),
        ("-0.75", -3, 4),
        ("2e-3", 1, 500),
        ("6/4", 3, 2),
        (0.5, 1, 2),
        (True, 1, 1),
        (Fraction(2, 6), 1, 3),
        (fmpq(1, 7), 1, 7),
        (np.int64(-2), -2, 1),
        (np.float64(0.25), 1, 4),
        (np.str_("1/3"), 1, 3),
        (0.1, 3602879701896397, 36028797018963968),
        ("+5", 5, 1),
        (".9", 9, 10),
        ("1.", 1, 1),
        ("0/5", 0, 1),
    ],
    ids=repr,
)
def test_a_number_is_the_rational_that_it_is(value, numerator, denominator):
    """Integers, fractions, decimals and floats enter without rounding, floats bit for bit."""
    number = exact(value)

    assert (int(number.p), int(number.q)) == (numerator, denominator)


@pytest.mark.parametrize(
    "value",
    [
        "abc",
        "",
        "1/0",
        "1//2",
        " 1",
        "1_000",
        "nan",
        "inf",
        "١",
        float("nan"),
        float("inf"),
        None,
        1j,
        [1],
        "1/-2",
        "0x1",
    ],
    ids=repr,
)
def test_what_is_no_number_is_named(value):
    """Text and objects that are no rational are refused with what was given and how to write it."""
    with pytest.raises(NotANumber, match="is not a rational number; write it like"):
        exact(value)


@pytest.mark.parametrize("value", ["1e999999999", "9" * 5_000, "1/" + "9" * 5_000, "1e-1000"])
def test_text_of_astronomic_size_is_refused_in_a_short_message(value):
    """A few characters cannot make gigabytes of digits, and the message quotes no more than the beginning."""
    with pytest.raises(NotANumber) as error:
        exact(value)

    assert len(str(error.value)) < 120


@given(RATIONALS)
def test_fractions_and_text_come_back(number):
    """A rational survives the way through fmpq and through its text."""
    assert fraction(exact(number)) == number
    assert exact(str(exact(number))) == exact(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back(value):
    """A float is a rational; rounding it gives the float again."""
    assert to_floats(exact_array([value]))[0] == value


def test_rounding_is_correct_where_a_quotient_of_floats_would_overflow_or_round_twice():
    """Numerator and denominator may exceed binary64 while their quotient does not."""
    huge = fmpq(10**400 + 1, 3 * 10**400)

    assert to_floats(exact_array([huge, fmpq(2**53 + 1, 1)])).tolist() == [1 / 3, float(2**53)]


def test_comparisons_that_look_equal_are_the_trap_that_exact_avoids():
    """An fmpq never equals a float or a Fraction; after `exact` it does."""
    assert exact("3/4") != 0.75
    assert exact("3/4") == exact(0.75) == exact(Fraction(3, 4))


def test_is_exact_tells_the_arithmetics_apart():
    """Only object arrays of fmpq are exact."""
    others = [np.zeros(2), torch.zeros(2), Reals().array("x", 2), np.array([1, 2], dtype=object), [fmpq(1)]]

    assert is_exact(exact_array([1, 2]))
    assert is_exact(exact_array([]))
    assert not any(is_exact(array) for array in others)


def test_zeros_are_of_the_same_arithmetic():
    """Zeros are fmpq, float64, z3 terms of the same context, or tensors of the same type."""
    like_exact = zeros(exact_array([1]), 2)
    like_float = zeros(np.ones(1), 2)
    reals = Reals().array("x", 1)
    like_reals = zeros(reals, 2)
    like_tensor = zeros(torch.ones(1, dtype=torch.float64), 2)

    assert [type(x) for x in like_exact] == [fmpq, fmpq]
    assert like_float.dtype == np.float64
    assert all(z3.is_real(x) and x.ctx == reals[0].ctx for x in like_reals)
    assert like_tensor.dtype == torch.float64
    assert [len(z) for z in (like_exact, like_float, like_reals, like_tensor)] == [2] * 4


@given(st.lists(RATIONALS, min_size=5, max_size=9))
def test_segments_are_summed_and_maximised_alike(values):
    """Over exact numbers and over floats, a segment's sum and maximum are those of its part of the list."""
    parts = [values[0:1], values[1:4], values[4:]]
    table = exact_array(values)

    assert [fraction(x) for x in segment_sum(table, STARTS)] == [sum(part) for part in parts]
    assert [fraction(x) for x in segment_max(table, STARTS)] == [max(part) for part in parts]
    assert segment_max(to_floats(table), STARTS).tolist() == [float(max(part)) for part in parts]


@given(st.lists(st.integers(-99, 99), min_size=5, max_size=9))
def test_float_sums_of_integers_are_exact(values):
    """Integers of two digits add up without rounding in binary64, so both arithmetics agree."""
    table = exact_array(values)

    assert segment_sum(to_floats(table), STARTS).tolist() == to_floats(segment_sum(table, STARTS)).tolist()


def test_segments_of_tensors_agree_and_keep_their_gradient():
    """Sums and maxima of tensors are those of the floats; each entry of a segment has its share of the gradient."""
    values = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0, 9.0], dtype=torch.float64, requires_grad=True)

    sums, largest = segment_sum(values, STARTS), segment_max(values, STARTS)
    (sums @ torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64)).backward()

    assert sums.tolist() == [3.0, 6.0, 14.0]
    assert largest.tolist() == [3.0, 4.0, 9.0]
    assert values.grad.tolist() == [1.0, 10.0, 10.0, 10.0, 100.0, 100.0]


def test_a_tied_maximum_of_tensors_splits_the_gradient():
    """At ties ``amax`` shares the gradient evenly among the maximisers."""
    values = torch.tensor([2.0, 2.0, 1.0], dtype=torch.float64, requires_grad=True)

    maximum(values).backward()

    assert values.grad.tolist() == [0.5, 0.5, 0.0]


def test_no_segments_give_nothing():
    """Without segments, sums and maxima are empty, in each arithmetic."""
    none = np.array([], dtype=int)
    arrays = [exact_array([]), np.zeros(0), torch.zeros(0, dtype=torch.float64)]

    assert [len(f(array, none)) for array in arrays for f in (segment_sum, segment_max)] == [0] * 6


@given(st.lists(RATIONALS, max_size=6))
def test_max_norm_is_the_largest_absolute_value(values):
    """It is exact on exact numbers, the same on floats, and 0 of nothing."""
    norm = max_norm(exact_array(values))

    assert isinstance(norm, fmpq)
    assert fraction(norm) == max(map(abs, values), default=0)
    assert max_norm(to_floats(exact_array(values))) == float(fraction(norm))


def test_norms_and_maxima_of_tensors():
    """They are tensors, so that gradients pass."""
    values = torch.tensor([1.0, -3.0], dtype=torch.float64, requires_grad=True)

    assert (max_norm(values).item(), maximum(values).item()) == (3.0, 1.0)
    assert max_norm(values).requires_grad
    assert max_norm(torch.zeros(0)).item() == 0.0


def _entails(proof, statement):
    solver = z3.Solver(ctx=proof.context)
    solver.add(*proof.facts, z3.Not(statement))
    return solver.check() == z3.unsat


def test_a_maximum_over_the_reals_is_named_by_its_definition():
    """z3 proves of the named maximum that it is an entry and that no entry exceeds it, and can refute more."""
    proof = Reals()
    x = proof.array("x", 3)

    largest = maximum(x)

    assert _entails(proof, z3.And([largest >= entry for entry in x]))
    assert _entails(proof, z3.Or([largest == entry for entry in x]))
    assert not _entails(proof, largest == x[0])


def test_the_norm_over_the_reals_obeys_the_triangle_inequality():
    """z3 proves ||x + y|| <= ||x|| + ||y|| from the definitions of the three norms alone."""
    proof = Reals()
    x, y = proof.array("x", 3), proof.array("y", 3)

    together, apart = max_norm(x + y), max_norm(x) + max_norm(y)

    assert _entails(proof, together <= apart)
    assert not _entails(proof, together >= apart)


def test_segment_maxima_over_the_reals():
    """A segment of one entry is that entry, without a new name; longer ones get one each."""
    proof = Reals()
    x = proof.array("x", 6)

    largest = segment_max(x, STARTS)

    assert largest[0] is x[0]
    assert len(proof.facts) == 4
    assert _entails(proof, largest[1] >= x[3])


def test_proofs_do_not_share_their_context():
    """Each proof has its own variables and facts, and a term finds its proof."""
    first, second = Reals(), Reals()

    maximum(first.array("x", 2))

    assert len(first.facts) == 2
    assert second.facts == []
    assert Reals.of(first.real("x")) is first
    assert Reals.of(second.real("x")) is second


@given(st.lists(st.integers(-5, 5), min_size=9, max_size=9), st.lists(RATIONALS, min_size=3, max_size=3))
def test_solutions_solve(entries, right):
    """The exact solution satisfies every equation with equality; a singular matrix is refused."""
    matrix, side = exact_array(entries).reshape(3, 3), exact_array(right)
    a, b, c, d, e, f, g, h, i = entries
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    if determinant == 0:
        with pytest.raises(ZeroDivisionError):
            arithmetic.solve(matrix, side)
    else:
        assert list(matrix @ arithmetic.solve(matrix, side)) == list(side)


def test_float_systems_are_solved_by_lapack():
    """A float system has a float solution; a singular one is refused."""
    assert arithmetic.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([1.0, 1.0])).tolist() == [0.5, 0.25]
    with pytest.raises(np.linalg.LinAlgError):
        arithmetic.solve(np.ones((2, 2)), np.ones(2))


def test_a_solution_over_the_reals_is_named_by_its_equations():
    """z3 knows the solution of a regular system through the equations that define it."""
    proof = Reals()
    matrix = exact_array([2, 0, 0, 4]).reshape(2, 2)
    right = proof.array("b", 2)
    lifted = zeros(right, 4).reshape(2, 2) + np.array([[2, 0], [0, 4]], dtype=object)

    solution = arithmetic.solve(lifted, right)

    assert matrix.shape == lifted.shape
    assert _entails(proof, solution[1] * 4 == right[1])


def test_no_unknowns_have_an_empty_solution():
    """A system of no equations has the empty solution."""
    assert len(arithmetic.solve(exact_array([]).reshape(0, 0), exact_array([]))) == 0
