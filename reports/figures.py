"""Figures: one specification each, drawn to SVG without a browser or network.

Points come from the rows that the data files hold. Colours are Okabe and Ito's, which stay apart for colour-blind
readers; a line's dash says the same as its colour. In a page, text takes the page's colour, so that one drawing serves
light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bellcheck.proofs.claim import GROUPS

from .convergence import Curve, rows
from .dependencies import Node

__all__ = [
    "baird_figure",
    "by_colour",
    "by_dash",
    "dependency_figure",
    "embedded",
    "error_figure",
    "fields_figure",
    "finished",
    "on_a_margin",
    "powers_of_ten",
    "svg",
]

BLUE, VERMILLION, GREEN, ORANGE, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#8a8a8a"

DEEPEST = 1e-4
"""Curves are drawn down to this share of the initial error; what is below lies on the lower edge."""

_EXPONENTS = range(-15, 19)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_ERROR_LINES = {
    "median error, 10 to 90 % shaded": (BLUE, [1, 0]),
    "proved bound": (VERMILLION, [7, 3]),
    "sharper bound": (PURPLE, [10, 3, 2, 3]),
    "proved bound, above the trivial one": (GREY, [2, 3]),
    "trivial bound": (GREY, [1, 0]),
    "5 % of the initial error": (GREEN, [3, 2]),
}


def error_figure(curves: Sequence[Curve]) -> dict[str, Any]:
    """Return the specification of an experiment's error curves, a panel for each step size."""
    import altair as alt

    experiment, initial = curves[0].experiment, curves[0].initial_error or 1.0
    trivial = experiment.problem.trivial_bound
    bounded = experiment.problem.bounded
    smallest = min(float(curve.quantile(0.1).min()) for curve in curves)
    lowest = max(smallest / 1.5, initial * DEEPEST)
    highest = 1.3 * max(
        initial,
        *(min(float(curve.bound.max()), 20 * trivial) for curve in curves if bounded),
        trivial if bounded else 0.0,
    )
    points = _error_points(curves, initial, lowest)
    drawn = {line: style for line, style in _ERROR_LINES.items() if any(point["line"] == line for point in points)}

    x = alt.X(
        "t:Q",
        title="updates of every pair" if experiment.epsilon is None else "steps of the trajectory",
        scale=alt.Scale(type="log", domain=[1, experiment.n], nice=False),
        axis=powers_of_ten(1, experiment.n),
    )
    scale = alt.Scale(type="log", domain=[lowest, highest], nice=False, clamp=True)
    band = (
        alt.Chart()
        .mark_area(opacity=0.28, color=BLUE, clip=True)
        .encode(
            x=x,
            y=alt.Y("low:Q", scale=scale, title="‖Q − q*‖", axis=powers_of_ten(lowest, highest)),
            y2="high:Q",
        )
        .transform_filter("isValid(datum.low)")
    )
    names = list(drawn)
    lines = (
        alt.Chart()
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=alt.Y("y:Q", scale=scale, title="‖Q − q*‖", axis=powers_of_ten(lowest, highest)),
            color=by_colour("line", names, [drawn[name][0] for name in names]),
            strokeDash=by_dash("line", names, [drawn[name][1] for name in names]),
            detail="piece:N",
        )
    )
    chart = (
        alt.layer(band, lines, data=alt.Data(values=points))
        .properties(width=410, height=210)
        .facet(
            facet=alt.Facet(
                "step:N",
                title=None,
                sort=[curve.schedule for curve in curves],
                header=alt.Header(labelExpr="'step size: ' + datum.value", labelFontSize=13),
            ),
            columns=2,
        )
    )
    return finished(chart)


def _error_points(curves: Sequence[Curve], initial: float, lowest: float) -> list[dict[str, Any]]:
    bounded = curves[0].experiment.problem.bounded
    points: list[dict[str, Any]] = []
    piece, before, gaps = 0, "", 0
    for row in rows(curves):
        if not row["updates"]:
            continue
        low, median, high = (max(row[f"error_{name}"], lowest) for name in ("q10", "median", "q90"))
        common = {"step": row["step_size"], "t": row["updates"]}
        points.append({**common, "line": "median error, 10 to 90 % shaded", "y": median, "low": low, "high": high})
        points.append({**common, "line": "5 % of the initial error", "y": 0.05 * initial})
        if bounded:
            says = row["bound"] <= row["trivial_bound"]
            line = "proved bound" if says else "proved bound, above the trivial one"
            # Where the bound changes sides a new line begins, lest the old one be drawn across.
            piece, before = piece + (line != before), line
            points.append({**common, "line": line, "y": max(row["bound"], lowest), "piece": piece})
            points.append({**common, "line": "trivial bound", "y": row["trivial_bound"]})
            if row["sharper_bound"] <= row["trivial_bound"]:
                y = max(row["sharper_bound"], lowest)
                points.append({**common, "line": "sharper bound", "y": y, "piece": gaps})
            else:
                gaps += 1
    return points


def finished(chart: Any) -> dict[str, Any]:
    """Return the specification of a chart, in the look that all figures have."""
    specification: dict[str, Any] = (
        chart.configure(font="sans-serif")
        .configure_axis(
            labelFontSize=12,
            titleFontSize=13,
            titleFontWeight="normal",
            gridOpacity=0.25,
            domainColor=GREY,
            tickColor=GREY,
            gridColor=GREY,
        )
        .configure_view(stroke=None)
        .to_dict()
    )
    return specification


def powers_of_ten(low: float, high: float) -> Any:
    """Return an axis whose ticks are the powers of ten between two numbers."""
    import altair as alt

    labels = ", ".join(f"'10{str(k).translate(_SUPERSCRIPTS)}'" for k in _EXPONENTS)
    return alt.Axis(
        values=[10.0**k for k in _EXPONENTS if low <= 10.0**k <= high],
        labelExpr=f"[{labels}][round(log(datum.value) / LN10) - ({_EXPONENTS[0]})]",
    )


def _legend() -> Any:
    import altair as alt

    return alt.Legend(
        orient="bottom",
        columns=3,
        labelFontSize=12,
        labelLimit=320,
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=2.5,
    )


def svg(specification: dict[str, Any]) -> str:
    """Return the drawing of a specification, on white."""
    import vl_convert

    drawing: str = vl_convert.vegalite_to_svg(specification)
    # One label for each point would make a screen reader read out the data; the caption says what is seen.
    return re.sub(r' (?:aria-[a-z]+|role)="[^"]*"', "", drawing)


def embedded(drawing: str, name: str) -> str:
    """Return a drawing as part of a page: no background, identifiers of its own, a width that follows the page."""
    drawing = re.sub(r'<rect width="[\d.]+" height="[\d.]+" fill="white"/>', "", drawing, count=1)
    drawing = re.sub(r'(id="|url\(#)(clip|gradient)', rf"\g<1>{name}-\g<2>", drawing)
    return re.sub(
        r' width="([\d.]+)" height="[\d.]+"',
        r' style="--natural:\1px;max-width:\1px" aria-hidden="true"',
        drawing,
        count=1,
    )


def baird_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of the largest value on Baird's star against the number of expected updates."""
    import altair as alt

    names = list(dict.fromkeys(point["method"] for point in points))
    chart = (
        alt.Chart(alt.Data(values=list(points)))
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(
            x=alt.X("update:Q", title="expected updates"),
            y=alt.Y(
                "largest_value:Q",
                title="‖Xw‖, the largest error of a value",
                axis=powers_of_ten(1e-4, 1e12),
                scale=alt.Scale(type="log", domain=[1e-4, 1e12]),
            ),
            color=by_colour("method", names, [VERMILLION, ORANGE, BLUE, GREEN]),
            strokeDash=by_dash("method", names, [[1, 0], [8, 3], [1, 0], [3, 2]]),
        )
        .properties(width=860, height=320)
    )
    return finished(chart)


def fields_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of the paths of the descents in the plane of parameters, a panel for each process."""
    import altair as alt

    names = list(dict.fromkeys(point["method"] for point in points))
    last = max(point["update"] for point in points)
    x = alt.X("w1:Q", title="w₁, the value of A", scale=alt.Scale(domain=[-0.5, 1.1]))
    y = alt.Y("w2:Q", title="w₂, the value of B", scale=alt.Scale(domain=[-0.2, 1.3]))
    colour = by_colour("method", names, [VERMILLION, PURPLE, BLUE, GREEN])
    paths = (
        alt.Chart()
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            color=colour,
            order="update:Q",
            strokeDash=by_dash("method", names, [[1, 0], [8, 3], [3, 2], [1, 0]]),
        )
    )
    ends = (
        alt.Chart()
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
        )
        .transform_filter(alt.datum.update == last)
    )
    chart = (
        alt.layer(paths, ends, data=alt.Data(values=list(points)))
        .properties(width=410, height=330)
        .facet(
            facet=alt.Facet(
                "process:N",
                title=None,
                header=alt.Header(
                    labelExpr="datum.value == 'left' ? 'left: A and B' : 'right: A, and B in two states'",
                    labelFontSize=13,
                ),
            ),
            columns=2,
        )
    )
    return finished(chart)


_GROUP_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, "#56B4E9", GREY)
_CHARACTER, _GAP, _LINE = 6.3, 36, 23
"""Pixels: the width of a character of a label, the room between two layers, the height of a line."""


def dependency_figure(columns: Sequence[Sequence[Node]]) -> dict[str, Any]:
    """Return the specification of the graph of claims: a column a layer, a line from what is used to its user.

    Names lie on a margin, so that a line that passes behind one does not cross it out.
    """
    import altair as alt

    height = _LINE * max(len(column) for column in columns)
    left, at = 0.0, {}
    labels: list[dict[str, Any]] = []
    for column in columns:
        for node in column:
            text = node.id.partition(".")[2]
            at[node.id] = (left, left + _CHARACTER * len(text) + 12, node.place * height)
            labels.append({"x": left, "y": node.place * height, "text": text, "group": GROUPS[node.group]})
        left = max(at[node.id][1] for node in column) + _GAP
    lines = []
    for node in (node for column in columns for node in column):
        x2, _, y2 = at[node.id]
        for _, x1, y1 in (at[used] for used in node.uses):
            lines.append({"x": x1, "y": y1, "x2": x2 - 4, "y2": y2, "group": GROUPS[node.group]})
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, left - _GAP], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False))
    present = [title for title in GROUPS.values() if any(label["group"] == title for label in labels)]
    colours = [colour for title, colour in zip(GROUPS.values(), _GROUP_COLOURS, strict=True) if title in present]
    colour = by_colour("group", present, colours)
    drawn = (
        alt.Chart(alt.Data(values=lines))
        .mark_rule(opacity=0.5, strokeWidth=1.3)
        .encode(x=x, y=y, x2="x2", y2="y2", color=colour)
    )
    claims = alt.Chart(alt.Data(values=labels)).encode(x=x, y=y)
    dots = claims.mark_point(filled=True, opacity=1, size=50).encode(color=colour)
    names = on_a_margin(claims, align="left", fontSize=13, dx=8)
    return finished(alt.layer(drawn, names, dots).properties(width=left - _GAP, height=height))


def on_a_margin(points: Any, **style: Any) -> Any:
    """Return the "text" of points, on a margin of the page's ground that keeps it apart from what it lies over."""
    import altair as alt

    margin: dict[str, Any] = {"stroke": "white", "strokeWidth": 5, "strokeJoin": "round"}
    return alt.layer(*(points.mark_text(**style, **each).encode(text="text:N") for each in (margin, {})))


def by_colour(field: str, names: list[str], colours: list[str]) -> Any:
    """Return the encoding of a field by colours, with a legend below."""
    import altair as alt

    return alt.Color(f"{field}:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=_legend())


def by_dash(field: str, names: list[str], dashes: list[list[int]]) -> Any:
    """Return the encoding of a field by dashes, in the legend of `by_colour`."""
    import altair as alt

    return alt.StrokeDash(f"{field}:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=_legend())
