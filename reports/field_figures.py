"""Figures for the lecture room: vector fields side by side, and where in step size and discount each diverges.

Three panels in a row, a method each, on the same axes. Type is large, arrows and frames are grey, and a method keeps
its colour throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bellcheck.mdp.arithmetic import exact, to_floats

from .fields import METHODS, FieldProblem
from .figures import BLUE, GREEN, GREY, VERMILLION, on_a_margin

__all__ = ["field_figure", "region_figure"]

_COLOUR = dict(zip(METHODS, (VERMILLION, BLUE, GREEN), strict=True))
_REST = dict(zip(METHODS, ("TD fixed point", "least BE", "least VE"), strict=True))
_SIDE, _TYPE = 296, 18
"""Pixels: the side of a panel, the height of type."""


def field_figure(
    problem: FieldProblem,
    fields: Mapping[str, Sequence[dict[str, Any]]],
    paths: Mapping[str, Sequence[dict[str, Any]]],
    rests: Mapping[str, tuple[float, float]],
) -> dict[str, Any]:
    """Return the specification of a panel for each method: arrows, paths from their starts, the point of rest.

    A ring marks where the panel's own method rests, crosses where the others do, unless that is the same point.
    """
    import altair as alt

    panels: list[Any] = []
    for method in METHODS:
        first = not panels
        x, y = (
            channel(
                f"{name}:Q",
                title=title,
                scale=alt.Scale(domain=[-reach, reach], nice=False),
                axis=_axis(labels=labels, values=[-2 / 3 * reach, 0, 2 / 3 * reach]),
            )
            for channel, name, reach, title, labels in (
                (alt.X, "x", problem.reach[0], problem.axes[0], True),
                (alt.Y, "y", problem.reach[1], problem.axes[1] if first else None, first),
            )
        )
        own, colour = rests[method], _COLOUR[method]
        others = [{"x": other[0], "y": other[1]} for other in set(rests.values()) - {own}]
        starts = [point for point in paths[method] if point["update"] == 0]
        rest = _points([{"x": own[0], "y": own[1], "text": _REST[method]}])
        layers = [
            _points(fields[method])
            .mark_point(shape="arrow", size=330, filled=True, color=GREY, opacity=0.55)
            .encode(angle=alt.Angle("angle:Q", scale=alt.Scale(domain=[0, 360], range=[0, 360]))),
            _points(paths[method])
            .mark_line(strokeWidth=3, clip=True, color=colour)
            .encode(detail="path:N", order="update:Q"),
            _points(others).mark_point(shape="cross", size=130, filled=True, color=GREY, opacity=1),
            _points(starts).mark_point(size=100, filled=True, opacity=1, color=colour),
            rest.mark_point(size=260, strokeWidth=3.5, color=colour, opacity=1),
            on_a_margin(rest, fontSize=_TYPE, fontWeight="bold", dy=-25),
        ]
        panels.append(_panel(alt.layer(*(layer.encode(x=x, y=y) for layer in layers)), _SIDE, method))
    return _projected(alt.hconcat(*panels, spacing=18))


def region_figure(problems: Sequence[FieldProblem], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of where each method diverges: a row for each problem, a column for each method.

    `rows` hold "problem", "method", "discount" and "step_size", the end of the step sizes that converge.
    """
    import altair as alt

    lines = []
    for problem in problems:
        panels: list[Any] = []
        for method in METHODS:
            first, bottom = not panels, problem is problems[-1]
            x = alt.X(
                "discount:Q",
                title="discount γ" if bottom else None,
                scale=alt.Scale(domain=[0, 1], nice=False),
                axis=_axis(labels=bottom, values=[0, 0.5, 1]),
            )
            y = alt.Y(
                "step_size:Q",
                title=[problem.name, "step size α"] if first else None,
                scale=alt.Scale(domain=[0, problem.steps_shown], nice=False),
                axis=_axis(labels=first, values=[0, problem.steps_shown / 2]),
            )
            ends = _points([row for row in rows if (row["problem"], row["method"]) == (problem.name, method)])
            drawn = [{"discount": _number(problem.discount), "step_size": _number(problem.step_size)}]
            layers = [
                ends.mark_area(color=_COLOUR[method], opacity=0.3).encode(y2=alt.Y2Datum(problem.steps_shown)),
                ends.mark_line(strokeWidth=3, clip=True, color=_COLOUR[method]),
                _points(drawn).mark_point(size=120, filled=True, opacity=1, color=GREY),
            ]
            if method == METHODS[0] and problem.threshold:
                threshold = {
                    "discount": _number(problem.threshold),
                    "step_size": problem.steps_shown / 4,
                    "text": f"γ = {problem.threshold}",
                }
                layers.append(
                    _points([threshold]).mark_text(fontSize=_TYPE, align="right", dx=-8).encode(text="text:N")
                )
            chart = alt.layer(*(layer.encode(x=x, y=y) for layer in layers))
            panels.append(_panel(chart, 180, method if problem is problems[0] else None))
        lines.append(alt.hconcat(*panels, spacing=18))
    return _projected(alt.vconcat(*lines, spacing=18))


def _points(values: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.Chart(alt.Data(values=list(values)))


def _axis(*, labels: bool, **more: Any) -> Any:
    import altair as alt

    # Without a precision of its own a format would round 1.5 to the spacing of ticks that are not drawn.
    return alt.Axis(labels=labels, ticks=labels, grid=False, format=".3~g", **more)


def _panel(chart: Any, height: int, method: str | None) -> Any:
    import altair as alt

    named = {"title": alt.Title(method, fontSize=_TYPE + 3, color=_COLOUR[method])} if method else {}
    return chart.properties(width=_SIDE, height=height, **named)


def _number(text: str) -> float:
    return float(to_floats([exact(text)])[0])


def _projected(chart: Any) -> dict[str, Any]:
    specification: dict[str, Any] = (
        chart.configure(font="sans-serif")
        .configure_axis(
            labelFontSize=16, titleFontSize=_TYPE, titleFontWeight="normal", domainColor=GREY, tickColor=GREY
        )
        .configure_view(stroke=GREY)
        .to_dict()
    )
    return specification
