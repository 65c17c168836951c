"""Slopes by differences are exact up to the stated degree, and no further."""

from __future__ import annotations

import pytest

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.proofs.exact_slopes import slope, slopes_along


@pytest.mark.parametrize(("degree", "allowed"), [(1, 2), (2, 2), (3, 4), (4, 4)])
@pytest.mark.parametrize("step", ["1", "1/3"])
def test_slopes_of_polynomials_are_exact(degree: int, allowed: int, step: str) -> None:
    """(h - 2)^degree has the slope degree (-2)^(degree - 1) at 0, whatever the step."""
    assert slope(lambda h: (h - 2) ** degree, allowed, exact(step)) == degree * (-2) ** (degree - 1)


def test_a_cube_is_beyond_the_lower_degree() -> None:
    """One quotient takes the slope of h^3 for 1, not 0."""
    assert slope(lambda h: h**3, 2) == 1


def test_slopes_along_each_parameter() -> None:
    """For x y^2 at (3, 5): 25 and 30."""
    assert list(slopes_along(lambda w: w[0] * w[1] * w[1], exact_array([3, 5]), 2)) == [25, 30]
