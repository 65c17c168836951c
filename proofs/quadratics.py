r"""A quadratic function of d parameters, known by its values alone: its slope, curvature and stationary point, exactly.

.. math::
    \partial_j J(w) = \tfrac12 \bigl(J(w + e_j) - J(w - e_j)\bigr), \qquad
    \partial_i \partial_j J = J(e_i + e_j) - J(e_i) - J(e_j) + J(0)

Both hold for every quadratic, whatever the step. VE, TDE and BE are quadratic in the parameters of a linear q_hat under
a fixed policy, so that their gradients can be had from the objectives themselves, without a formula for them.
"""

from __future__ import annotations

from collections.abc import Callable

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, solve

__all__ = ["curvature", "slope", "stationary_point"]

Objective = Callable[[Array], Scalar]


def _units(d: int) -> list[Array]:
    return [exact_array(int(i == j) for i in range(d)) for j in range(d)]


def slope(objective: Objective, w: Array) -> Array:
    """Return the (d,) gradient at w."""
    return exact_array((objective(w + unit) - objective(w - unit)) / 2 for unit in _units(len(w)))


def curvature(objective: Objective, d: int) -> Array:
    """Return the (d, d) matrix of second derivatives."""
    units, origin = _units(d), exact_array([0] * d)
    flat = exact_array(objective(a + b) - objective(a) - objective(b) + objective(origin) for a in units for b in units)
    return flat.reshape(d, d)


def stationary_point(objective: Objective, d: int) -> Array | None:
    """Return where the gradient vanishes, or None unless that is a single point."""
    try:
        return solve(curvature(objective, d), -slope(objective, exact_array([0] * d)))
    except ZeroDivisionError:
        return None
