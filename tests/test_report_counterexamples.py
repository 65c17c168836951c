"""The counterexamples that the report draws: their paths end where the theory says, and their figures can be drawn."""

from __future__ import annotations

import pytest

from bellcheck.reports.counterexamples import (
    divergence_figure,
    divergence_paths,
    drift_curves,
    drift_figure,
    split_figure,
    split_paths,
)
from bellcheck.reports.figures import svg

TRUTH = (0.5, 1, 0)
HALF_WAY = (0.5, 0.75, 0.25)


@pytest.mark.parametrize("form", ["expected semi-gradient update", "exact least-squares fit"])
def test_w_grows_beyond_five_sixths_alone(form):
    """At 5/6 it stays; above it grows, unless weights or ends are other; below it shrinks."""
    last = {p["setting"]: p["size"] for p in divergence_paths() if p["form"] == form and p["update"] == 60}

    assert last["γ = 5/6"] == 1
    assert last["γ = 99/100"] > 100
    assert all(size < 1 for setting, size in last.items() if setting not in {"γ = 5/6", "γ = 99/100"})


def test_fixed_points_are_none_one_and_two():
    """The drift is 0 nowhere, once and twice, at the places that the model's docstring names."""
    fixed = {p["instance"].partition(":")[0]: [] for p in drift_curves()}
    for point in drift_curves():
        if point["fixed"]:
            fixed[point["instance"].partition(":")[0]].append(point["w"])

    assert fixed == {"none": [], "one": [1.5], "two": [-30 / 23, 7.5]}


@pytest.mark.parametrize(
    ("process", "method", "end"),
    [
        ("A leads to B or C", "TD (semi-gradient)", TRUTH),
        ("A leads to B or C", "descent on TDE", HALF_WAY),
        ("A leads to B or C", "descent on BE", TRUTH),
        ("A leads to B or C", "descent on VE", TRUTH),
        ("two states look like A", "TD (semi-gradient)", TRUTH),
        ("two states look like A", "descent on TDE", HALF_WAY),
        ("two states look like A", "descent on BE", HALF_WAY),
        ("two states look like A", "descent on VE", TRUTH),
    ],
)
def test_descents_of_the_split_end_where_theory_says(process, method, end):
    """Descent on TDE draws B and C half-way to A; descent on BE does so where A is two states."""
    path = [p for p in split_paths(updates=200) if (p["process"], p["method"]) == (process, method)]

    assert [p["value"] for p in path if p["update"] == 200] == pytest.approx(end, abs=2e-3)


@pytest.mark.parametrize(
    ("figure", "points"),
    [(divergence_figure, divergence_paths), (drift_figure, drift_curves), (split_figure, split_paths)],
)
def test_figures_can_be_drawn(figure, points):
    """Without a browser or network."""
    assert svg(figure(points())).startswith("<svg")
