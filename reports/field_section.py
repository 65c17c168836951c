"""The section of the vector fields: figures with captions that give the numbers of what is seen, and their data."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact, to_floats

from .field_figures import field_figure, region_figure
from .fields import (
    METHODS,
    PROBLEMS,
    FieldProblem,
    affine_update,
    arrows,
    fixed_point,
    in_the_plane,
    largest_steps,
    paths,
)
from .folder import Folder

__all__ = ["field_section", "growth_of_a_turn", "regions"]


def field_section(out_of: Folder) -> list[dict[str, Any]]:
    """Write the figures and their data; return the figures, one for each problem and that of the regions."""
    drawn, points, rests = [], [], []
    for problem in PROBLEMS:
        found = {method: paths(problem, method) for method in METHODS}
        rest = {method: fixed_point(problem, method) for method in METHODS}
        points += [{"problem": problem.name, "method": method, **p} for method in METHODS for p in found[method]]
        rests += [
            {"problem": problem.name, "method": method, "x": str(point[0]), "y": str(point[1])}
            for method, point in rest.items()
        ]
        specification = field_figure(
            problem,
            {method: arrows(problem, method) for method in METHODS},
            found,
            {method: tuple(to_floats(point).tolist()) for method, point in rest.items()},
        )
        words = {"walk": _walk, "w to 2w": _w_to_2w, "Baird's star": _star}[problem.name](problem, rest, found)
        slug = problem.name.lower().replace("'", "").replace(" ", "-")
        title = f"Three descents, {problem.name}"
        drawn.append(out_of.figure(f"fields-{slug}", title, words, specification))
    rows = regions()
    out_of.table("field-paths", points)
    out_of.table("field-rests", rests)
    out_of.table("field-regions", rows)
    where = "Where each diverges"
    return [*drawn, out_of.figure("field-regions", where, _of_regions(rows), region_figure(PROBLEMS, rows))]


def regions() -> list[dict[str, Any]]:
    """Return, for each problem, method and discount, where the step sizes that converge end; `exact` as a rational.

    A value of `steps_shown` is where the drawing ends: all step sizes below converge.
    """
    rows = []
    thresholds = [exact(problem.threshold) for problem in PROBLEMS if problem.threshold]
    # Right beside a threshold, so that the edge is drawn upright.
    beside = [threshold + further for threshold in thresholds for further in (fmpq(0), fmpq(1, 10**6))]
    discounts = sorted({*(fmpq(k, 100) for k in range(100)), fmpq(999, 1000), *beside})
    for problem in PROBLEMS:
        for method in METHODS:
            for discount in discounts:
                below, _ = largest_steps(problem, method, discount)
                rows.append(
                    {
                        "problem": problem.name,
                        "method": method,
                        "discount": float(to_floats([discount])[0]),
                        "step_size": float(to_floats([below])[0]),
                        "exact": str(below),
                    }
                )
    return rows


def growth_of_a_turn(problem: FieldProblem, method: str) -> tuple[float, float]:
    """Return the number of expected updates that make a full turn about the fixed point, and the growth in one turn.

    Raises ``ValueError`` if the method does not turn there.
    """
    A, _ = in_the_plane(problem, *affine_update(problem, method, problem.discount))
    step_size = float(to_floats([exact(problem.step_size)])[0])
    factor = complex(np.linalg.eigvals(np.eye(2) - step_size * to_floats(A.flat).reshape(2, 2))[0])
    if not factor.imag:
        raise ValueError(f"the {method} on {problem.name} does not turn about its fixed point")
    updates = 2 * math.pi / abs(cmath.phase(factor))
    return updates, abs(factor) ** updates


# -------------------------------------------------------------------- captions


def _walk(problem: FieldProblem, rest: Mapping[str, Array], found: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    semi, residual, least = (_point(rest[method]) for method in METHODS)
    return (
        f"Discount {problem.discount}. Three states in a row, two weights: the values are w₁, w₂ and 2w₁ + w₂. The "
        "states are updated as often as the walk visits them, and it steps up as often as down; so the semi-gradient "
        "is a gradient here, of an objective of its own. All three converge from everywhere, each to its own ring: the "
        f"semi-gradient to {semi}, the residual gradient to {residual}, VE descent to {least}, where the value error "
        "is least. Grey crosses: where the other two rest."
    )


def _w_to_2w(problem: FieldProblem, rest: Mapping[str, Array], found: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    A, _ = affine_update(problem, METHODS[0], problem.discount)
    out = sum(point["end"] == "out" for point in found[METHODS[0]])
    return (
        f"Discount {problem.discount}. Two states of the values w₁ and 2w₁, the first leading to the second, which "
        "loops and pays nothing; a third, of value w₂, pays 1 and leads to the first. All are updated equally often. "
        f"The true values are at {_point(rest[METHODS[0]])}, and there all three rest. For the semi-gradient that is a "
        f"saddle: in each expected update w₁ grows by the factor 1 + {-A[0, 0]} α, and of {len(problem.starts)} paths "
        f"{out} leave the frame; only on the line w₁ = 0 does it come to rest. The other two come to rest from "
        "everywhere."
    )


def _star(problem: FieldProblem, rest: Mapping[str, Array], found: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    updates, growth = growth_of_a_turn(problem, METHODS[0])
    slow, quick = (max(point["update"] for point in found[method] if point["path"]) for method in METHODS[1:])
    return (
        f"Discount {problem.discount}, above 15/17; six outer states and an inner one, updated equally often, all "
        "values 0. Drawn is the plane w₁ = … = w₆, w₈ = 3w₁ + 2w₇, which no update leaves. The semi-gradient turns "
        f"about the true values and away from them: at the step size {problem.step_size} each turn takes about "
        f"{updates:.0f} expected updates and is {growth:.1f} times as wide as the one before. The residual gradient "
        "drops into a narrow valley and creeps along it: the longer of the outer paths takes "
        f"{slow:,} updates to the ring, with VE descent {quick:,}."
    )


def _of_regions(rows: Sequence[dict[str, Any]]) -> str:
    at_zero = {
        problem.name: next(
            row["step_size"]
            for row in rows
            if (row["problem"], row["method"], row["discount"]) == (problem.name, METHODS[2], 0)
        )
        for problem in PROBLEMS
    }
    sizes = ", ".join(f"{at_zero[problem.name]:.2f}" for problem in PROBLEMS)
    return (
        "Shaded: discount and step size with which the expected update diverges from almost everywhere; grey dots: "
        "what is drawn above. Whether it converges was decided in rationals by Routh's table, not by running it; each "
        "edge lies between two step sizes, one of which converges and the other does not. On the walk, with its own "
        "weights, small steps of all three converge at every discount. With weights that are not the policy's own no "
        "step of the semi-gradient is small enough above the discount 5/6 for w to 2w, and from 15/17 on for "
        "Baird's star; the other two always have one. VE descent has the same limits at all discounts, "
        f"{sizes} from top to bottom; at discount 0 the three methods are one."
    )


def _point(point: Array) -> str:
    return f"({point[0]}, {point[1]})".replace("-", "−")
