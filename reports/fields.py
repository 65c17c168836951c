r"""Three descents as vector fields on problems of two parameters, with the step sizes at which each converges.

.. math::
    w \leftarrow w + \alpha\,(b - A w), \qquad E = (I - \gamma P_\pi) X

=================  ====================  ==================
semi-gradient      A = X' D E            b = X' D r_bar
residual gradient  A = E' D E            b = E' D r_bar
VE descent         A = X' D X            b = X' D q
=================  ====================  ==================

The first is the expected TD update, the others descend on BE/2 and VE/2. All matrices are rational. Each converges from
everywhere for the step sizes below some number and for no other, which may be 0 (semi-gradient.stability-region); the
number is enclosed by deciding for one rational step size after another, by Routh's table, whether the update converges.
Only the drawn paths are computed in floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact, exact_array, solve, to_floats, zeros
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.examples import baird_features, w_to_2w
from bellcheck.mdp.linear_algebra import identity, inverse
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.solve import evaluate
from bellcheck.proofs.stability import converges, small_steps_converge

__all__ = [
    "METHODS",
    "PROBLEMS",
    "FieldProblem",
    "affine_update",
    "arrows",
    "fixed_point",
    "in_the_plane",
    "largest_steps",
    "paths",
]

METHODS = ("semi-gradient", "residual gradient", "VE descent")

_HALVINGS = 12
_LINE = 0.01
"""The width of a line, where half the side of a panel is 1."""


@dataclass(frozen=True, eq=False)
class FieldProblem:
    """A chain under one policy with weights and linear features, and the plane of parameters that is drawn.

    Attributes
    ----------
    chain : the process of a discount, one action a state; mu : (N,) weights of its states.
    features : (N, d); basis : (d, 2), the parameters are ``basis @ z`` at the point z of the plane.
    discount : of the drawn fields; axes : what the coordinates are; reach : the axes go from -reach to reach.
    starts : of the paths; step_size, updates : how they are followed; steps_shown : of the stability regions.
    threshold : the discount above which no step size lets the semi-gradient converge, if there is one below 1.
    """

    name: str
    chain: Callable[[object], FiniteMDP]
    mu: Array
    features: Array
    basis: Array
    axes: tuple[str, str]
    reach: tuple[float, float]
    starts: tuple[tuple[float, float], ...]
    updates: int
    steps_shown: float
    threshold: str | None = None
    discount: str = "9/10"
    step_size: str = "1/10"


def affine_update(problem: FieldProblem, method: str, discount: object) -> tuple[Array, Array]:
    """Return exact A, (d, d), and b, (d,), of the expected update w <- w + alpha (b - A w) of one of `METHODS`."""
    chain, mu, X = problem.chain(discount), problem.mu, problem.features
    always = exact_array([1] * chain.n_pairs)
    if method == "semi-gradient":
        return key_matrix(chain, always, mu, X)
    if method == "residual gradient":
        rewards = policy_operator(chain, always, zeros(X, chain.n_pairs))
        E = X - np.column_stack([policy_operator(chain, always, column) - rewards for column in X.T])
        return (E.T * mu) @ E, (E.T * mu) @ rewards
    if method == "VE descent":
        return (X.T * mu) @ X, (X.T * mu) @ evaluate(chain, always)
    raise ValueError(f"method {method!r} is none of {', '.join(METHODS)}")


def in_the_plane(problem: FieldProblem, A: Array, b: Array) -> tuple[Array, Array]:
    """Return the (2, 2) and (2,) of the update in the coordinates of the plane, which it must not leave.

    Raises ``ValueError`` if some update from the plane leads out of it.
    """
    B = problem.basis
    coordinates = inverse(B.T @ B) @ B.T
    inside, target = coordinates @ A @ B, coordinates @ b
    if (B @ inside != A @ B).any() or (B @ target != b).any():
        raise ValueError(f"the updates of {problem.name} leave the plane that is drawn; choose another basis")
    return inside, target


def fixed_point(problem: FieldProblem, method: str) -> Array:
    """Return the exact point of the plane, (2,), at which the expected update rests."""
    return solve(*in_the_plane(problem, *affine_update(problem, method, problem.discount)))


def arrows(problem: FieldProblem, method: str, per_side: int = 10) -> list[dict[str, Any]]:
    """Return the direction of the expected update at the centres of a square grid, in degrees from up, clockwise."""
    A, b = _floats(problem, method)
    centres = (2 * np.arange(per_side) + 1) / per_side - 1
    wide, high = problem.reach
    found = []
    for x in wide * centres:
        for y in high * centres:
            # In a square panel both axes are as long, whatever their reach.
            right, up = (b - A @ np.array([x, y])) / problem.reach
            found.append({"x": float(x), "y": float(y), "angle": float(np.degrees(np.arctan2(right, up)))})
    return found


def paths(problem: FieldProblem, method: str) -> list[dict[str, Any]]:
    """Return the points of the expected updates from every start, each path up to where it leaves the frame or rests.

    At rest is what is nearer to the fixed point than a line is wide. "end" says which: "out", "rest" or "on the way",
    for a path that the `updates` of the problem do not finish.
    """
    A, b = _floats(problem, method)
    step_size = float(to_floats([exact(problem.step_size)])[0])
    # Python's own floats: arrays of two entries would make the loop ten times as long.
    (a11, a12), (a21, a22) = A.tolist()
    b1, b2 = b.tolist()
    rest_x, rest_y = to_floats(fixed_point(problem, method)).tolist()
    wide, high = problem.reach

    def apart(x: float, y: float, other_x: float, other_y: float) -> float:
        """Return the distance in the panel, whose half side is 1."""
        return max(abs(x - other_x) / wide, abs(y - other_y) / high)

    points = []
    for start, first in enumerate(problem.starts):
        x, y = first
        drawn_x = drawn_y = float("inf")
        for k in range(problem.updates + 1):
            out = apart(x, y, 0, 0) > 1.15
            end = "out" if out else "rest" if apart(x, y, rest_x, rest_y) < _LINE / 2 else "on the way"
            # Points closer than a line is wide would only make the drawing longer.
            if apart(x, y, drawn_x, drawn_y) >= _LINE or end != "on the way" or k == problem.updates:
                points.append({"path": start, "update": k, "x": x, "y": y, "end": end})
                drawn_x, drawn_y = x, y
            if end != "on the way":
                break
            x, y = x + step_size * (b1 - a11 * x - a12 * y), y + step_size * (b2 - a21 * x - a22 * y)
    return points


def largest_steps(problem: FieldProblem, method: str, discount: object) -> tuple[fmpq, fmpq]:
    """Return two step sizes between which convergence ends: none above the second converges, all below the first do.

    The first is 0 if no step size converges. They differ by at most 1/2^12 of `steps_shown`, which the second is
    where every step size that is shown converges.
    """
    A, b = affine_update(problem, method, discount)
    low, high = fmpq(0), exact(problem.steps_shown)
    if not small_steps_converge(A, b):
        return low, low
    if converges(A, b, high):
        return high, high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if converges(A, b, middle) else (low, middle)
    return low, high


def _floats(problem: FieldProblem, method: str) -> tuple[np.ndarray, np.ndarray]:
    A, b = in_the_plane(problem, *affine_update(problem, method, problem.discount))
    return to_floats(A.flat).reshape(2, 2), to_floats(b)


# -------------------------------------------------------------------- the problems


def _matrix(rows: list[list[int]]) -> Array:
    return exact_array(entry for row in rows for entry in row).reshape(len(rows), len(rows[0]))


def _walk(discount: object) -> FiniteMDP:
    """Return three states in a row; as often as the walk goes up, it comes down: mu P is symmetric."""
    half, quarter = "1/2", "1/4"
    return FiniteMDP.from_pairs(
        3,
        [
            (0, 0, [(half, 1, 0), (half, 1, 1)]),
            (1, 0, [(quarter, 0, 0), (half, 0, 1), (quarter, 0, 2)]),
            (2, 0, [(half, 0, 1), (half, 0, 2)]),
        ],
        discount,
    )


def _w_to_2w_and_one_before(discount: object) -> FiniteMDP:
    """Return the two states of `w_to_2w`, and one that pays 1 and leads to the first."""
    two = w_to_2w(discount)
    pairs = [(s, 0, [(1, two.reward[s], int(two.next_state[s]))]) for s in range(2)]
    return FiniteMDP.from_pairs(3, [*pairs, (2, 0, [(1, 1, 0)])], discount)


def _star(discount: object) -> FiniteMDP:
    return FiniteMDP.from_pairs(7, [(state, 0, [(1, 0, 6)]) for state in range(7)], discount)


def _star_plane() -> Array:
    """Return the basis, (8, 2), of the parameters X'u with u alike in the outer states, by w_1 and w_7.

    Updates are of the form X'u and treat the outer states alike, so that they stay in this plane.
    """
    return baird_features().T @ (_matrix([[1, 0]] * 6 + [[0, 2]]) / fmpq(2))


PROBLEMS = (
    FieldProblem(
        "walk",
        _walk,
        exact_array(["1/4", "1/2", "1/4"]),
        _matrix([[1, 0], [0, 1], [2, 1]]),
        identity(2),
        ("w₁", "w₂"),
        (1.5, 1.5),
        ((-1.35, -1.35), (-1.35, 1.35), (1.35, -1.35), (1.35, 1.35)),
        updates=4_000,
        steps_shown=8,
        discount="4/5",
    ),
    FieldProblem(
        "w to 2w",
        _w_to_2w_and_one_before,
        exact_array(["1/3"] * 3),
        _matrix([[1, 0], [2, 0], [0, 1]]),
        identity(2),
        ("w₁", "w₂"),
        (2.25, 2.25),
        ((-0.6, -2), (0, -2), (0.6, -2), (-1.5, 2), (1, 2)),
        updates=4_000,
        steps_shown=4,
        threshold="5/6",
    ),
    FieldProblem(
        "Baird's star",
        _star,
        exact_array(["1/7"] * 7),
        baird_features(),
        _star_plane(),
        ("w₁ = … = w₆", "w₇"),
        (3, 0.9),
        ((0.4, 0), (1.5, 0.75), (-1.5, -0.75)),
        updates=40_000,
        steps_shown=2,
        threshold="15/17",
    ),
)
