"""Wrong tests of whether the expected update converges."""

from __future__ import annotations

from flint import fmpq

from bellcheck.mdp.arithmetic import Array

from ..stability import converges, small_steps_converge
from ..subject import Subject

__all__ = ["backwards", "half_plane_alone", "positive_diagonal", "zeros_overlooked"]


def _positive_diagonal(A: Array, b: Array, step_size: fmpq) -> bool:
    return bool((A.diagonal() > 0).all())


def _half_plane_alone(A: Array, b: Array, step_size: fmpq) -> bool:
    return small_steps_converge(A, b)


def _zeros_overlooked(A: Array, b: Array, step_size: fmpq) -> bool:
    return converges(A, A @ b, step_size)


def _backwards(A: Array, b: Array, step_size: fmpq) -> bool:
    """The step with the wrong sign: w - alpha (b - A w)."""
    return converges(-A, -b, step_size)


positive_diagonal = Subject("stability", "stable iff the diagonal is positive", _positive_diagonal)
half_plane_alone = Subject("stability", "step size forgotten", _half_plane_alone)
zeros_overlooked = Subject("stability", "b outside the range of A overlooked", _zeros_overlooked)
backwards = Subject("stability", "step with the wrong sign", _backwards)
