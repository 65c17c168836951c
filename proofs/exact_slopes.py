r"""Slopes from differences alone, without any derivative: exact where a function is a polynomial of low degree.

.. math::
    \frac{f(h) - f(-h)}{2h} = f'(0) + \frac{h^2}{6} f'''(0) + \frac{h^4}{120} f^{(5)}(0) + \dots

Up to degree 2 that quotient is the slope; up to degree 4 four thirds of it, less a third of the one for 2h, are. A
squared error of a q_hat that is linear (quadratic) along each parameter has degree 2 (4).
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from bellcheck.mdp.approximation import LinearQ, PolynomialQ, QHat
from bellcheck.mdp.arithmetic import Array, exact_array

from .approximations import MONOMIALS

__all__ = ["polynomial_q", "slope", "slopes_along"]


def slope(function: Callable[[fmpq], fmpq], degree: int, step: fmpq | None = None) -> fmpq:
    """Return the slope at 0 of a polynomial of degree at most 4, from steps of a size, by default 1."""
    h = fmpq(1) if step is None else step
    narrow = (function(h) - function(-h)) / (2 * h)
    if degree <= 2:
        return narrow
    return (4 * narrow - (function(2 * h) - function(-2 * h)) / (4 * h)) / 3


def slopes_along(function: Callable[[Array], fmpq], w: Array, degree: int, step: fmpq | None = None) -> Array:
    """Return the slope along each parameter of a function that is a polynomial in each, of that degree at most."""

    def along(j: int) -> Callable[[fmpq], fmpq]:
        unit = exact_array(int(i == j) for i in range(len(w)))
        return lambda h: function(w + h * unit)

    return exact_array(slope(along(j), degree, step) for j in range(len(w)))


def polynomial_q(degree: int, coefficients: Array) -> QHat:
    """Return a q_hat of degree 1 or 2 in two parameters, for coefficients of shape (N, 3)."""
    return PolynomialQ(coefficients, MONOMIALS, 2) if degree == 2 else LinearQ(coefficients[:, :2])
