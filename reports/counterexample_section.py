"""The counterexamples of the textbook as figures, with captions that say what is seen, and their data."""

from __future__ import annotations

from typing import Any

from .counterexamples import divergence_figure, divergence_paths, drift_curves, drift_figure, split_figure, split_paths
from .folder import Folder
from .valley import valley_figure, valley_points

__all__ = ["counterexample_section"]

_DRAWN = (
    (
        "w-to-2w",
        "Two states of values w and 2w",
        (
            "The first leads to the second, which stays, and nothing is paid: the true w is 0. From w = 1, left by "
            "the expected semi-gradient update at step size 1/4, right by value iteration with an exact least-squares"
            " fit after each sweep. With both states updated equally often both diverge above γ = 5/6, stand still at"
            " 5/6 and converge below. At γ = 99/100 they converge with the weights of the policy's own path, all on "
            "the second state, and if half of the steps from there end the episode."
        ),
        divergence_paths,
        divergence_figure,
    ),
    (
        "one-weight",
        "How many fixed points Q-learning has with one weight",
        (
            "One state, two loops of features 1 and 2 that pay the same, weighted equally. Drawn is by how much a "
            "sweep of T followed by a least-squares fit moves w; it rests at the dots, where that is 0. With reward 1"
            " and discount 9/10 it rests nowhere, with discount 1/2 at 3/2. With reward −1 and discount 9/10 there "
            "are two: −30/23 attracts and 15/2 repels."
        ),
        drift_curves,
        drift_figure,
    ),
    (
        "split",
        "A that leads to B or C, by chance or by looks",
        (
            "Expected updates from 0 at step size 1/4; B ends with reward 1 and C with 0, so the true values of A, B "
            "and C are 1/2, 1 and 0. Above, A leads to either by chance: descent on TDE alone misses them and goes to"
            " 1/2, 3/4 and 1/4. Below, A is two states that look alike, one before B and one before C: there descent "
            "on BE does the same."
        ),
        split_paths,
        split_figure,
    ),
    (
        "valley",
        "The valley of the Bellman error, and a limit that is printed wrongly",
        (
            "BE on the right-hand process above: contours of equal height above its minimum. The minimiser is (−γ, "
            "γ/2)/(1 + γ + γ²) and tends to (−1/3, 1/6) as γ tends to 1. The valley becomes flat along (1, 1), until "
            "at discount 1 its whole floor is least. The printed limit (−1/2, 0) lies on that floor, but is least for"
            " no discount below 1."
        ),
        valley_points,
        valley_figure,
    ),
)


def counterexample_section(out_of: Folder) -> list[dict[str, Any]]:
    """Write the figures and the points they are drawn from; return the figures."""
    drawn = []
    for name, title, caption, points_of, figure_of in _DRAWN:
        points = points_of()
        columns = dict.fromkeys(column for point in points for column in point)
        out_of.table(name, [{column: point.get(column) for column in columns} for point in points])
        drawn.append(out_of.figure(name, title, caption, figure_of(points)))
    return drawn
