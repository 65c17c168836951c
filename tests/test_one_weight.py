"""Fixed points with one weight, found from values and told by signs."""

from __future__ import annotations

import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.examples import loops_of_one_weight, w_to_2w
from bellcheck.mdp.fitted import fitted_backup
from bellcheck.proofs.one_weight import HALF_LINE, fit, fixed_points, number_by_the_signs, pieces


@pytest.mark.parametrize(
    ("offset", "right", "left", "found"),
    [
        ("1", "1/2", "1/2", ["2"]),
        ("1", "2", "1/2", []),
        ("-1", "2", "1/2", ["-2", "1"]),
        ("1", "1", "1", []),
        ("0", "2", "1/2", ["0"]),
        ("0", "1", "1/2", HALF_LINE),
    ],
)
def test_fixed_points_are_found_and_counted(offset, right, left, found):
    """Where the pieces b + c w meet the diagonal, and as many as the signs say."""
    b, up, down = exact_array([offset, right, left])

    points = fixed_points(lambda w: b + (up if w > 0 else down) * w)

    assert (points if isinstance(points, str) else [str(w) for w in points]) == found
    assert number_by_the_signs(b, up, down) == (HALF_LINE if found == HALF_LINE else str(len(found)))


@pytest.mark.parametrize("mdp", [loops_of_one_weight(1), w_to_2w(end="1/4")])
def test_pieces_are_those_of_the_fit(mdp):
    """From outcomes, and by the operator and the projection; with a terminal state too."""
    features, mu = exact_array([1, 2]), exact_array(["1/3", "2/3"])
    offset, right, left = pieces(mdp, features, mu)
    g = fit(fitted_backup, mdp, features, mu)

    assert [g(fmpq(w)) for w in (3, 0, -2)] == [offset + 3 * right, offset, offset - 2 * left]
