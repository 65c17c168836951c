"""The vector fields of the report: exact matrices, points of rest, paths, and where each method stops converging."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.value_error import bellman_error, value_error
from bellcheck.proofs.stability import converges, small_steps_converge
from bellcheck.reports.field_section import field_section, growth_of_a_turn, regions
from bellcheck.reports.fields import (
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
from bellcheck.reports.folder import Folder, writable

WALK, W_TO_2W, STAR = PROBLEMS
SEMI, RESIDUAL, VE = METHODS


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_descents_are_those_of_their_objectives(problem: FieldProblem) -> None:
    """b - A w is half the falling slope of BE and of VE, and the weighted mean TD step, by exact differences."""
    chain = problem.chain(problem.discount)
    always, mu, X = exact_array([1] * chain.n_pairs), problem.mu, problem.features
    w = exact_array(fmpq(k + 1, 3) for k in range(X.shape[1]))
    q = evaluate(chain, always)
    objectives = {
        RESIDUAL: lambda w: bellman_error(chain, mu, X @ w, X @ w, always),
        VE: lambda w: value_error(mu, q, X @ w),
    }

    for method, objective in objectives.items():
        A, b = affine_update(problem, method, problem.discount)
        # A central difference of a quadratic is its derivative.
        units = exact_array(np.eye(len(w), dtype=int).flat).reshape(len(w), len(w))
        slope = [(objective(w + unit) - objective(w - unit)) / 2 for unit in units]
        assert list(b - A @ w) == [-part / 2 for part in slope]
    A, b = affine_update(problem, SEMI, problem.discount)
    td_errors = policy_operator(chain, always, X @ w) - X @ w
    assert list(b - A @ w) == list((X.T * mu) @ td_errors)


def test_unknown_method_is_named() -> None:
    """A method that is none of the three is an error that lists them."""
    with pytest.raises(ValueError, match="'newton' is none of semi-gradient, residual gradient, VE descent"):
        affine_update(WALK, "newton", "1/2")


@pytest.mark.parametrize("method", METHODS)
def test_points_of_rest(method: str) -> None:
    """The walk has three of them, the others share one, the true values."""
    expected = {
        (WALK, SEMI): ["1/3", 0],
        (WALK, RESIDUAL): ["1/9", "-2/3"],
        (WALK, VE): ["17/33", "6/11"],
    }

    assert list(fixed_point(WALK, method)) == list(exact_array(expected[WALK, method]))
    for problem, truth in ((W_TO_2W, [0, 1]), (STAR, [0, 0])):
        chain = problem.chain(problem.discount)
        assert list(fixed_point(problem, method)) == list(exact_array(truth))
        values = problem.features @ problem.basis @ fixed_point(problem, method)
        assert list(values) == list(evaluate(chain, exact_array([1] * chain.n_pairs)))


def test_semi_gradient_of_the_walk_is_a_gradient() -> None:
    """Its matrix is symmetric, and that of the star is not."""
    walk, star = (in_the_plane(p, *affine_update(p, SEMI, p.discount))[0] for p in (WALK, STAR))

    assert walk[0, 1] == walk[1, 0]
    assert star[0, 1] != star[1, 0]


@pytest.mark.parametrize("method", METHODS)
def test_star_stays_in_its_plane(method: str) -> None:
    """In it w_1, ..., w_6 are alike and w_8 = 3 w_1 + 2 w_7; another plane is refused."""
    A, b = affine_update(STAR, method, "9/10")
    w = STAR.basis @ exact_array([5, 7])

    assert list(w) == [5] * 6 + [7, 3 * 5 + 2 * 7]
    assert (A @ w).tolist() == (STAR.basis @ in_the_plane(STAR, A, b)[0] @ exact_array([5, 7])).tolist()
    with pytest.raises(ValueError, match="leave the plane"):
        in_the_plane(replace(STAR, basis=exact_array(np.eye(8, 2, dtype=int).flat).reshape(8, 2)), A, b)


def test_where_paths_end() -> None:
    """Off-policy the semi-gradient leaves the frame, but for the line w_1 = 0; every other path comes to rest."""
    ends = {
        (problem.name, method): [points[-1]["end"] for points in _by_path(problem, method)]
        for problem in PROBLEMS
        for method in METHODS
    }

    assert ends.pop((W_TO_2W.name, SEMI)) == ["out", "rest", "out", "out", "out"]
    assert ends.pop((STAR.name, SEMI)) == ["out"] * 3
    assert all(set(end) == {"rest"} for end in ends.values())


def test_paths_follow_the_expected_update() -> None:
    """Points of a path are powers of the update away from its start."""
    A, b = (
        to_floats(x.flat).reshape(x.shape) for x in in_the_plane(WALK, *affine_update(WALK, RESIDUAL, WALK.discount))
    )
    rest, points = np.linalg.solve(A, b), _by_path(WALK, RESIDUAL)[0]

    for point in points[:: len(points) // 5]:
        power = np.linalg.matrix_power(np.eye(2) - 0.1 * A, point["update"])
        assert [point["x"], point["y"]] == pytest.approx(rest + power @ (np.array(WALK.starts[0]) - rest))


def _by_path(problem: FieldProblem, method: str) -> list[list[dict[str, float]]]:
    points = paths(problem, method)
    return [[p for p in points if p["path"] == path] for path in range(len(problem.starts))]


def test_arrows_point_along_the_update() -> None:
    """VE descent on the star's frame: the angle is that of the drawn direction, in degrees from up, clockwise."""
    A, b = (to_floats(x.flat).reshape(x.shape) for x in in_the_plane(STAR, *affine_update(STAR, VE, STAR.discount)))

    for arrow in arrows(STAR, VE, per_side=4):
        step = (b - A @ np.array([arrow["x"], arrow["y"]])) / STAR.reach
        turned = np.radians(arrow["angle"])
        assert [np.sin(turned), np.cos(turned)] == pytest.approx(step / np.linalg.norm(step))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("method", METHODS)
def test_largest_step_is_enclosed(problem: FieldProblem, method: str) -> None:
    """It is min 2 Re(lambda) / |lambda|^2, of which the two step sizes returned are no further apart than 2^-12."""
    for discount in ("0", "1/2", "22/25", "999/1000"):
        A, b = affine_update(problem, method, discount)
        below, above = largest_steps(problem, method, discount)
        eigenvalues = np.linalg.eigvals(to_floats(A.flat).reshape(A.shape))
        # Without the eigenvalue 0 of the star, whose features have a kernel.
        others = eigenvalues[np.abs(eigenvalues) > 1e-9]
        largest = max(0.0, float((2 * others.real / np.abs(others) ** 2).min()))

        assert above - below <= exact(problem.steps_shown) / 2**12
        shown = min(largest, problem.steps_shown)
        assert float(to_floats([below])[0]) <= shown * (1 + 1e-9)
        assert shown <= float(to_floats([above])[0]) * (1 + 1e-9)
        if 0 < below < above:
            assert converges(A, b, below)
            assert not converges(A, b, above)


@pytest.mark.parametrize("problem", [W_TO_2W, STAR], ids=lambda problem: problem.name)
def test_thresholds_are_exact(problem: FieldProblem) -> None:
    """A millionth above the threshold no step of the semi-gradient converges, a millionth below all small ones do.

    At its own threshold w to 2w stands still, and the star diverges.
    """
    below, at, above = (
        small_steps_converge(*affine_update(problem, SEMI, exact(problem.threshold) + side * fmpq(1, 10**6)))
        for side in (-1, 0, 1)
    )

    assert below
    assert at == (problem is W_TO_2W)
    assert not above


def test_what_the_caption_of_the_regions_says() -> None:
    """Small steps of all but the semi-gradient off-policy converge; VE's limit is constant; at discount 0 all agree."""
    rows = regions()
    ends = {(r["problem"], r["method"], r["discount"]): r["step_size"] for r in rows}
    discounts = sorted({discount for *_, discount in ends})

    for problem in PROBLEMS:
        never = [g for g in discounts if ends[problem.name, SEMI, g] == 0 and (problem, g) != (STAR, 15 / 17)]
        assert never == [
            g for g in discounts if problem.threshold and g > float(to_floats([exact(problem.threshold)])[0])
        ]
        assert all(ends[problem.name, RESIDUAL, g] > 0 for g in discounts)
        assert len({ends[problem.name, VE, g] for g in discounts}) == 1
        assert len({ends[problem.name, method, 0.0] for method in METHODS}) == 1


def test_spiral_of_the_star() -> None:
    """Eigenvalues (3 -+ i sqrt(1031)) / -140 give the turns; a walk with a symmetric matrix does not turn."""
    updates, growth = growth_of_a_turn(STAR, SEMI)
    A, _ = in_the_plane(STAR, *affine_update(STAR, SEMI, "9/10"))
    factor = 1 + 3 / 1400 + 1j * np.sqrt(1031) / 1400

    assert [A.trace(), A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]] == [fmpq(-3, 70), fmpq(26, 490)]
    assert updates == pytest.approx(2 * np.pi / np.angle(factor))
    assert growth == pytest.approx(abs(factor) ** updates)
    with pytest.raises(ValueError, match="does not turn"):
        growth_of_a_turn(WALK, SEMI)


def test_section_has_three_fields_and_the_regions(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Four figures with captions that name the numbers, and the data behind them."""
    figures = field_section(Folder(writable(tmp_path)))

    assert [figure["id"] for figure in figures] == [
        "figure-fields-walk",
        "figure-fields-w-to-2w",
        "figure-fields-bairds-star",
        "figure-field-regions",
    ]
    assert "(1/3, 0), the residual gradient to (1/9, −2/3), VE descent to (17/33, 6/11)" in figures[0]["caption"]
    assert "factor 1 + 2/15 α, and of 5 paths 4 leave" in figures[1]["caption"]
    assert "275 expected updates and is 1.9 times" in figures[2]["caption"]
    assert ">1.5</text>" in figures[1]["svg"]
    assert ">0.6</text>" in figures[2]["svg"]
    assert {path.name for path in (tmp_path / "data").iterdir()} >= {
        "field-paths.csv",
        "field-rests.csv",
        "field-regions.csv",
    }
