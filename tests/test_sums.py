"""Finite sums of symbolic length: what the normal form identifies, tells apart and refuses."""

from __future__ import annotations

import pytest

from bellcheck.proofs.sums import Entries, mean, named, normal_form

sympy = pytest.importorskip("sympy")

n, m, i, j = sympy.symbols("n m i j", integer=True, positive=True)
a, b = sympy.IndexedBase("a"), sympy.IndexedBase("b")
c = sympy.Symbol("c")


def test_double_sum_of_a_product_is_the_product_of_sums():
    """Exchange of summation and factors drawn in make both one double sum."""
    product = sympy.Sum(a[i], (i, 1, n)) * sympy.Sum(b[j], (j, 1, m))
    double = sympy.Sum(sympy.Sum(b[j] * a[i], (i, 1, n)), (j, 1, m))

    assert normal_form(product - double) == 0


def test_sum_of_a_sum_is_taken_apart():
    """Additivity, with a constant factor, at symbolic length."""
    together = sympy.Sum(c * (a[i] + b[i]), (i, 1, n))
    apart = c * sympy.Sum(a[i], (i, 1, n)) + sympy.Sum(b[i] * c, (i, 1, n))

    assert normal_form(together - apart) == 0


def test_different_sums_stay_different():
    """The sum of products is not the product of sums."""
    products = sympy.Sum(a[i] * b[i], (i, 1, n))
    factors = sympy.Sum(a[i], (i, 1, n)) * sympy.Sum(b[j], (j, 1, n))

    assert normal_form(products - factors) != 0


def test_numeric_bounds_are_run():
    """With numbers for bounds a sum is what it adds up to."""
    assert sympy.expand(normal_form(sympy.Sum(c * a[i], (i, 1, 2))) - c * a[1] - c * a[2]) == 0


@pytest.mark.parametrize(
    "clash", [sympy.Sum(a[i], (i, 1, n)) * sympy.Sum(b[i], (i, 1, n)), sympy.Sum(a[i], (i, 1, n)) ** 2]
)
def test_clashing_indices_are_refused(clash):
    """A product of sums over one index would be taken for the sum of products."""
    with pytest.raises(ValueError, match=r"same index|two indices"):
        normal_form(clash)


def test_a_mean_is_linear_and_keeps_constants():
    """The weights add up to 1; a mean inside is a number."""
    average = mean(a[i], b, i, n)

    variance = mean((a[i] - average) ** 2, b, i, n)

    assert mean(2 * a[i] + c, b, i, n) == 2 * average + c
    assert sympy.expand(variance - mean(a[i] ** 2, b, i, n) + average**2) == 0


def test_named_sums_and_functions_can_be_told_apart():
    """Polynomials in symbols are equal or not; equal sums have the same name."""
    f = sympy.Function("f")(c)
    first, second = sympy.Sum(a[i], (i, 1, n)), sympy.Sum(b[i], (i, 1, n))

    assert named(first * (second + f) - second * first - f * first) == 0
    assert named(first**2 - second + sympy.diff(f, c)).is_polynomial()


def test_entries_stand_for_an_array_of_any_length():
    """A program that works entry by entry and adds up returns the sum of the general entry."""
    left, right = Entries(a[i], (i, 1, n)), Entries(b[i], (i, 1, n))

    total = (c * left * right - right + left).sum()

    assert normal_form(total - sympy.Sum(c * a[i] * b[i] - b[i] + a[i], (i, 1, n))) == 0


def test_sums_of_known_terms_are_carried_out():
    """Constants over a symbolic range, and any terms over a range of numbers; unknown terms stay a sum."""
    assert normal_form(sympy.Sum(c, (i, 1, n))) == c * n
    assert normal_form(sympy.Sum(a[i], (i, 1, 2))) == a[1] + a[2]
    assert normal_form(sympy.Sum(a[i], (i, 1, n))) == sympy.Sum(a[i], (i, 1, n))
