"""Rationals for floats: the simplest ones that round to what was given, and distributions that sum to 1."""

from __future__ import annotations

import math
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from flint import fmpq
from hypothesis import example, given

from bellcheck.mdp.arithmetic import NotANumber, exact, fraction, to_floats
from bellcheck.mdp.rationals import (
    ULPS,
    NotADistribution,
    distribution_from_floats,
    number_from_outside,
    simplest_between,
)

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.fractions(-9, 9, max_denominator=60), st.fractions(0, 1, max_denominator=60))
def test_the_simplest_between_has_the_smallest_denominator(low, width):
    """It lies in the interval, and no rational of a smaller denominator does."""
    high = low + width

    simplest = simplest_between(low, high)

    assert low <= simplest <= high
    assert all(math.ceil(low * d) > math.floor(high * d) for d in range(1, simplest.denominator))


def test_an_empty_interval_is_refused():
    """There is nothing between a number and a smaller one."""
    with pytest.raises(ValueError, match=r"the interval \[1, 0\] is empty"):
        simplest_between(Fraction(1), Fraction(0))


@given(FLOATS)
@example(5e-324)
@example(-5e-324)
@example(1.7976931348623157e308)
@example(2.0**-1022)
@example(1.0000000000000002)
@example(0.9999999999999999)
@example(0.5)
def test_the_rational_of_a_float_rounds_to_it(value):
    """Rounding gives the float back, for every float, powers of two and subnormal ones among them."""
    assert to_floats([number_from_outside(value)])[0] == value


@given(st.fractions(-99, 99, max_denominator=10_000))
def test_short_fractions_come_back(number):
    """A quotient of small integers, rounded to binary64, is read as that quotient."""
    assert fraction(number_from_outside(float(number))) == number


@pytest.mark.parametrize(
    ("value", "meant"),
    [(0.1, "1/10"), (-0.3, "-3/10"), (1 / 3, "1/3"), (2.0, "2"), (1e300, str(int(1e300))), (7, "7"), ("1/7", "1/7")],
)
def test_numbers_are_what_was_meant(value, meant):
    """Decimals and quotients in floats are read as such; integers and text are taken as they are."""
    assert str(number_from_outside(value)) == meant


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "x"])
def test_what_is_no_number_is_refused(value):
    """NaN and infinities have no rational."""
    with pytest.raises(NotANumber, match="is not a rational number"):
        number_from_outside(value)


ROWS = {
    "thirds": ([1 / 3, 1 / 3, 1 / 3], ["1/3", "1/3", "1/3"]),
    "FrozenLake's thirds": ([0.3333333333333333, 0.3333333333333333, 0.33333333333333337], ["1/3", "1/3", "1/3"]),
    "tenths": ([0.1] * 10, ["1/10"] * 10),
    "a sum that was rounded": ([0.1 + 0.2, 0.7], ["3/10", "7/10"]),
    "certain": ([1.0], ["1"]),
    "zeros stay zeros": ([0.0, 1.0, 0.0], ["0", "1", "0"]),
    "sevenths": ([k / 28 for k in range(8)], ["0", "1/28", "1/14", "3/28", "1/7", "5/28", "3/14", "1/4"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_read_as_they_were_meant(name):
    """Rows of floats become the distribution that somebody wrote down."""
    row, meant = ROWS[name]

    assert [str(p) for p in distribution_from_floats(row)] == meant


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(any))
def test_every_distribution_of_small_counts_comes_back(counts):
    """Counts over their sum, each rounded to binary64, are read as the counts over their sum."""
    total = sum(counts)

    row = distribution_from_floats([count / total for count in counts])

    assert row == [fmpq(count, total) for count in counts]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5).filter(any))
def test_what_is_read_sums_to_one_and_is_near(counts):
    """An accepted row sums to exactly 1, no entry moved by more than 4 ulp; only large denominators are refused."""
    row = [count / sum(counts) for count in counts]

    try:
        read = distribution_from_floats(row)
    except NotADistribution:
        assert sum(counts) > 1_000
        return

    assert sum(read, fmpq(0)) == 1
    assert all(abs(fraction(p) - Fraction(x)) <= ULPS * Fraction(math.ulp(x)) for p, x in zip(read, row, strict=True))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.3, 0.3, 0.3], r"probabilities sum to 0\.8999999999999999, and no rationals within 4 ulp"),
        ([0.5, 0.6], r"probabilities sum to 1\.1, and no rationals"),
        ([-0.5, 1.5], r"probability -0\.5 is not in \[0, 1\]"),
        ([math.nan, 1.0], r"probability nan is not in \[0, 1\]"),
        ([math.inf], r"probability inf is not in \[0, 1\]"),
        ([0.0, 0.0], r"probabilities sum to 0\.0"),
        (
            [1.0 - 2.0**-40],
            "no rationals within 4 ulp of them sum to 1; give them in binary64, or as text such as '1/3'",
        ),
        ([], "there are no probabilities"),
    ],
    ids=str,
)
def test_rows_that_are_no_distribution_are_named(row, message):
    """What is wrong with a row is said with the value, the sum and the remedy."""
    with pytest.raises(NotADistribution, match=message):
        distribution_from_floats(row)


def test_zero_is_never_adjusted():
    """An impossible outcome stays impossible: zero has no neighbours to move to."""
    assert distribution_from_floats([0.0, 0.5, 0.5])[0] == exact(0)


def test_float32_is_read_bit_for_bit():
    """A shorter float type is the number that it holds, not the decimal that it was rounded from."""
    assert number_from_outside(np.float32(0.1)) == exact(float(np.float32(0.1)))
