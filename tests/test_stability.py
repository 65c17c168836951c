"""Whether a linear iteration converges, decided from the polynomial of its matrix."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq, fmpq_poly

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.proofs.stability import all_roots_have_positive_real_part, converges, small_steps_converge


def _matrix(*entries: object) -> np.ndarray:
    size = round(len(entries) ** 0.5)
    return exact_array(entries).reshape(size, size)


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([[-1, 1], [-2, 1], [-3, 1]], True),
        ([[-1, 1], [2, 1]], False),
        ([[2, -2, 1], [-1, 1]], True),  # 1 + i, 1 - i, 1
        ([[2, 2, 1], [-1, 1]], False),
        ([[1, 0, 1]], False),  # i and -i, on the border
        ([[1, 0, 1], [-5, 1]], False),
        ([[0, 1]], False),
        ([[3]], True),
    ],
)
def test_routh_finds_the_half_plane(factors, expected):
    """From the constant coefficient up; the border does not count, and a constant has no root."""
    polynomial = fmpq_poly([1])
    for factor in factors:
        polynomial = polynomial * fmpq_poly(factor)

    assert all_roots_have_positive_real_part(list(polynomial)) is expected
    assert all_roots_have_positive_real_part([-c for c in polynomial]) is expected


def test_step_size_has_an_exact_border():
    """For the eigenvalues 1 + i and 1 - i the step must be below 2 Re / |.|^2 = 1."""
    rotation, b = _matrix(1, -1, 1, 1), exact_array([1, 2])

    assert converges(rotation, b, fmpq(999, 1000))
    assert not converges(rotation, b, fmpq(1))
    assert small_steps_converge(rotation, b)


def test_zero_must_be_semisimple_and_b_in_the_range():
    """A nilpotent block adds up without end, and so does a part of b that A cannot balance."""
    half, zero = _matrix(1, 0, 0, 0), exact_array([0, 0])

    assert small_steps_converge(half, exact_array([3, 0]))
    assert not small_steps_converge(half, exact_array([0, 1]))
    assert not small_steps_converge(_matrix(0, 1, 0, 0), zero)
    assert converges(_matrix(0, 0, 0, 0), zero, fmpq(5))
