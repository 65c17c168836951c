"""The matrix of planted bugs and claims as a drawing: a row a bug, a column a claim.

Bugs of one kind of subject stand together, so a claim's column is filled where it is about the kind. A full row is a
bug that many claims see; a row with one square hangs on one claim. Marks differ in shape as well as in colour.
"""

from __future__ import annotations

from typing import Any

from bellcheck.proofs.claim import GROUPS
from bellcheck.proofs.matrix import MARKS, Mark, Matrix

from .figures import BLUE, GREY, ORANGE, VERMILLION, finished

__all__ = ["matrix_figure"]

_COLUMN, _ROW, _LABEL, _GAP = 11, 7, 14, 4
"""Pixels: the width of a column, the height of a row, what a kind's name needs, the room between two kinds."""

_LOOKS: dict[Mark, tuple[str, str, int]] = {
    "refuted": ("square", BLUE, 36),
    "survived": ("circle", GREY, 9),
    "not-run": ("triangle-up", ORANGE, 36),
    "error": ("cross", VERMILLION, 36),
}
"""The shape of a mark, its colour and its size in square pixels."""


def matrix_figure(found: Matrix) -> dict[str, Any]:
    """Return the specification of the drawing of a matrix that has rows."""
    import altair as alt

    claims = _in_order(found)
    cells: list[dict[str, Any]] = []
    kinds: list[dict[str, Any]] = []
    y = 0.0
    for kind, rows in found.by_kind.items():
        height = max(len(rows) * _ROW, _LABEL)
        kinds.append({"x": -8, "y": y + height / 2, "text": kind, "line": y - _GAP / 2})
        first = y + (height - (len(rows) - 1) * _ROW) / 2
        for i, row in enumerate(rows):
            for cell in row.cells:
                x = (claims[cell.claim] + 0.5) * _COLUMN
                size = _LOOKS[cell.mark][2]
                cells.append({"x": x, "y": first + i * _ROW, "mark": MARKS[cell.mark], "size": size})
        y += height + _GAP
    width = len(claims) * _COLUMN
    across = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False))
    down = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[y, 0], nice=False))
    drawn = [mark for mark in MARKS if any(cell["mark"] == MARKS[mark] for cell in cells)]
    names = [MARKS[mark] for mark in drawn]
    shapes, colours, _ = zip(*(_LOOKS[mark] for mark in drawn), strict=True)
    legend = alt.Legend(orient="bottom", labelFontSize=13, symbolSize=90)
    marks = (
        alt.Chart(alt.Data(values=cells))
        .mark_point(filled=True, opacity=1)
        .encode(
            x=across,
            y=down,
            color=alt.Color("mark:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend),
            shape=alt.Shape("mark:N", title=None, scale=alt.Scale(domain=names, range=shapes), legend=legend),
            size=alt.Size("size:Q", scale=None, legend=None),
        )
    )
    heads = [{"x": (place + 0.5) * _COLUMN, "y": -8, "text": claim} for claim, place in claims.items()]
    column_names = (
        alt.Chart(alt.Data(values=heads)).mark_text(angle=270, align="left", fontSize=11).encode(x=across, y=down)
    )
    row_names = alt.Chart(alt.Data(values=kinds)).mark_text(align="right", fontSize=12).encode(x=across, y=down)
    lines = alt.Chart(alt.Data(values=kinds)).mark_rule(opacity=0.3, color=GREY)
    between_groups = alt.Chart(alt.Data(values=_borders(claims))).mark_rule(opacity=0.5, color=GREY).encode(x=across)
    chart = alt.layer(
        lines.encode(y=alt.Y("line:Q", axis=None, scale=alt.Scale(domain=[y, 0], nice=False))),
        between_groups,
        marks,
        column_names.encode(text="text:N"),
        row_names.encode(text="text:N"),
    )
    return finished(chart.properties(width=width, height=y))


def _in_order(found: Matrix) -> dict[str, int]:
    """The places of the claims: by group in the catalogue's order, in a group as the matrix meets them."""
    groups = list(GROUPS)
    ordered = sorted(found.claims, key=lambda claim: groups.index(claim.partition(".")[0]))
    return {claim: place for place, claim in enumerate(ordered)}


def _borders(claims: dict[str, int]) -> list[dict[str, Any]]:
    """Where in the row of claims another group begins."""
    group_of = {place: claim.partition(".")[0] for claim, place in claims.items()}
    return [{"x": place * _COLUMN} for place in group_of if place and group_of[place] != group_of[place - 1]]
