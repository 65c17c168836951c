"""The valley of the Bellman error: contours are at their levels, and the drawing can be made."""

from __future__ import annotations

import pytest

from bellcheck.mdp.arithmetic import exact, exact_array, fraction
from bellcheck.mdp.examples import twin_features, twin_process
from bellcheck.mdp.value_error import bellman_error

pytest.importorskip("altair")

from bellcheck.reports.figures import svg
from bellcheck.reports.valley import valley_figure, valley_points


def _error(discount: str, a: object, b: object) -> float:
    mdp, table = twin_process("right", exact(discount)), twin_features("right") @ exact_array([a, b])
    return float(fraction(bellman_error(mdp, exact_array(["1/3"] * 3), table, table)))


def _least(discount: str) -> float:
    gamma = exact(discount)
    S = 1 + gamma + gamma * gamma
    return _error(discount, -gamma / S, gamma / 2 / S)


def test_contours_lie_at_their_levels() -> None:
    """At every corner BE is above its minimum by the level, but for the rounding of the corner."""
    corners = [point for point in valley_points() if "level" in point]

    above = [_error(p["discount"], p["a"], p["b"]) - _least(p["discount"]) for p in corners]

    assert {p["discount"] for p in corners} == {"0.9", "0.99", "1"}
    assert above == pytest.approx([float(p["level"]) for p in corners], rel=1e-9, abs=1e-9)


def test_no_minimiser_is_marked_where_there_is_a_line() -> None:
    """At discount 1 the floor of the valley is drawn instead; the printed point lies on it."""
    marked = [(p["discount"], p["mark"]) for p in valley_points() if p.get("mark") == "least"]

    assert marked == [("0.9", "least"), ("0.99", "least")]
    assert _error("1", "-1/2", 0) == _error("1", "-1/3", "1/6") == _least("1")


def test_the_figure_is_drawn() -> None:
    """A panel for each discount."""
    drawing = svg(valley_figure(valley_points()))

    assert all(f">discount {gamma}<" in drawing for gamma in ("0.9", "0.99", "1"))
