"""Quadratic functions known by their values."""

from __future__ import annotations

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.proofs.quadratics import curvature, slope, stationary_point


def _bowl(w):
    return 3 * w[0] * w[0] + 2 * w[0] * w[1] + w[1] * w[1] - 4 * w[0] + 7


def test_slope_and_curvature_are_the_derivatives():
    """Of 3 a^2 + 2 a b + b^2 - 4 a + 7 at (1, 2), by hand."""
    assert slope(_bowl, exact_array([1, 2])).tolist() == [6, 6]
    assert curvature(_bowl, 2).tolist() == [[6, 2], [2, 2]]


def test_the_stationary_point_is_where_the_slope_vanishes():
    """There is one: (1, -1)."""
    assert stationary_point(_bowl, 2).tolist() == [1, -1]


def test_a_valley_has_no_single_stationary_point():
    """(a - b)^2 is least on a line."""
    assert stationary_point(lambda w: (w[0] - w[1]) * (w[0] - w[1]), 2) is None
