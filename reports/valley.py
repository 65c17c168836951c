r"""The valley of the Bellman error on the second process of Sutton and Barto's Example 11.4, and where it is least.

.. math:: \mathrm{BE}(w^* + x) - \mathrm{BE}(w^*) = \tfrac12 x^\top H x

is exact, BE being quadratic, so that a contour is an ellipse whose half-axes are sqrt(2 level / eigenvalue) along the
eigenvectors of H. At discount 1 the eigenvalue of (1, 1) is 0 and the ellipse opens into two parallel lines. Minimiser
and H are computed in rationals from the values of BE; only the axes of the ellipses are rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact, exact_array, to_floats
from bellcheck.mdp.examples import twin_features, twin_process
from bellcheck.mdp.value_error import bellman_error
from bellcheck.proofs.quadratics import curvature, stationary_point

from .figures import BLUE, GREEN, GREY, VERMILLION, finished

__all__ = ["valley_figure", "valley_points"]

DISCOUNTS = ("0.9", "0.99", "1")
LEVELS = ("0.00001", "0.001", "0.1")
"""By how much BE is above its minimum on each contour."""

_CORNERS = 121
_FAR = 10.0
"""Beyond the frame: where the lines at discount 1 end, and the floor of the valley."""
_MARKS = {"least": BLUE, "limit (−1/3, 1/6)": GREEN, "printed (−1/2, 0)": VERMILLION}


def valley_points() -> list[dict[str, Any]]:
    """Return contours (with their level) and marked points, in the plane of a, the value of A, and b, that of B."""
    points: list[dict[str, Any]] = []
    for discount in DISCOUNTS:
        hessian, least = _shape(discount)
        eigenvalues, axes = np.linalg.eigh(to_floats(hessian.flat).reshape(2, 2))
        valley = least is None
        if least is None:
            # The floor is a line; any of its points will do.
            eigenvalues[0], least = 0.0, exact_array(["-1/3", "1/6"])
            points += _contour("0", discount, [to_floats(least) + t * axes[:, 0] for t in (-_FAR, _FAR)])
        for level in LEVELS:
            half = np.sqrt(2 * float(level) / np.where(eigenvalues > 0, eigenvalues, np.inf))
            if valley:
                for side in (-1, 1):
                    edge = to_floats(least) + side * half[1] * axes[:, 1]
                    points += _contour(level, discount, [edge + t * axes[:, 0] for t in (-_FAR, _FAR)], piece=side)
            else:
                angles = np.linspace(0, 2 * np.pi, _CORNERS)
                rim = [to_floats(least) + axes @ (half * (np.cos(t), np.sin(t))) for t in angles]
                points += _contour(level, discount, rim)
        marked = {"limit (−1/3, 1/6)": exact_array(["-1/3", "1/6"]), "printed (−1/2, 0)": exact_array(["-1/2", 0])}
        if not valley:
            marked["least"] = least
        points += [
            {"discount": discount, "mark": name, "a": float(a), "b": float(b)}
            for name, (a, b) in ((name, to_floats(point)) for name, point in marked.items())
        ]
    return points


def _shape(discount: str) -> tuple[Array, Array | None]:
    """Return the Hessian of BE, and its minimiser if there is one."""
    mdp, features, thirds = twin_process("right", exact(discount)), twin_features("right"), exact_array(["1/3"] * 3)

    def error(w: Array) -> Any:
        return bellman_error(mdp, thirds, features @ w, features @ w)

    return curvature(error, 2), stationary_point(error, 2)


def _contour(level: str, discount: str, corners: Sequence[np.ndarray], piece: int = 0) -> list[dict[str, Any]]:
    return [
        {"discount": discount, "level": level, "piece": piece, "order": i, "a": float(a), "b": float(b)}
        for i, (a, b) in enumerate(corners)
    ]


def valley_figure(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the specification of the contours and marked points, a panel for each discount."""
    import altair as alt

    x = alt.X("a:Q", title="a, the value of A", scale=alt.Scale(domain=[-1.1, 0.5]))
    y = alt.Y("b:Q", title="b, the value of B", scale=alt.Scale(domain=[-0.6, 1.0]))
    contours = (
        alt.Chart()
        .mark_line(clip=True, color=GREY)
        .encode(
            x=x,
            y=y,
            order="order:Q",
            detail="piece:N",
            strokeWidth=alt.StrokeWidth(
                "level:N",
                title="above the minimum",
                scale=alt.Scale(domain=list(LEVELS), range=[3, 1.6, 0.7]),
                legend=alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeColor=GREY),
            ),
        )
        .transform_filter("isValid(datum.level) && datum.level != '0'")
    )
    floor = (
        alt.Chart()
        .mark_line(clip=True, color=_MARKS["least"], strokeWidth=2.5)
        .encode(x=x, y=y, order="order:Q")
        .transform_filter("datum.level == '0'")
    )
    names = list(_MARKS)
    marks = (
        alt.Chart()
        .mark_point(size=130, filled=False, strokeWidth=2.5, opacity=1, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "mark:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(_MARKS.values())),
                legend=alt.Legend(orient="bottom", labelLimit=320),
            ),
            shape=alt.Shape("mark:N", title=None, scale=alt.Scale(domain=names, range=["circle", "square", "cross"])),
        )
        .transform_filter("isValid(datum.mark)")
    )
    chart = (
        alt.layer(contours, floor, marks, data=alt.Data(values=list(points)))
        .properties(width=270, height=270)
        .facet(
            facet=alt.Facet(
                "discount:N",
                title=None,
                sort=list(DISCOUNTS),
                header=alt.Header(labelExpr="'discount ' + datum.value", labelFontSize=13),
            ),
            columns=3,
        )
    )
    return finished(chart)
