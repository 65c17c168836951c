r"""Whether w <- w + alpha (b - A w) converges, decided in rationals from the characteristic polynomial of A.

.. math::
    \lvert 1 - \alpha \lambda \rvert < 1 \iff
    \operatorname{Re} \Bigl( \frac{2}{\alpha \lambda} - 1 \Bigr) > 0

No eigenvalue is computed. Routh's table tells whether all roots of a polynomial lie in the right half-plane; the
polynomial whose roots are 2 / (alpha lambda) - 1 is that of A, its coefficients reversed and the variable shifted.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq, fmpq_poly

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.linear_algebra import characteristic_polynomial, rank

__all__ = ["all_roots_have_positive_real_part", "converges", "small_steps_converge"]


def small_steps_converge(A: Array, b: Array) -> bool:
    """Return whether the iteration converges from every w_0 for some step size, and then for every smaller one."""
    return _has_equilibrium(A, b) and all_roots_have_positive_real_part(_without_zeros(A))


def converges(A: Array, b: Array, step_size: fmpq) -> bool:
    """Return whether the iteration converges from every w_0, for A of shape (d, d), b of shape (d,), a step above 0."""
    inverses = fmpq_poly(_without_zeros(A)[::-1])
    moved = inverses(fmpq_poly([step_size / 2, step_size / 2]))
    return _has_equilibrium(A, b) and all_roots_have_positive_real_part(list(moved))


def _has_equilibrium(A: Array, b: Array) -> bool:
    """Whether b is in the range of A, and 0 is a semisimple eigenvalue or none: nothing drifts without end."""
    return rank(np.column_stack([A, b])) == rank(A) == rank(A @ A)


def _without_zeros(A: Array) -> list[fmpq]:
    coefficients = characteristic_polynomial(A)
    while coefficients[0] == 0:
        del coefficients[0]
    return coefficients


def all_roots_have_positive_real_part(coefficients: list[fmpq]) -> bool:
    """Decide by Routh's table, from the constant coefficient up, the leading one not 0; true where there is no root.

    Replacing x by -x turns "positive real part" into "negative real part", which holds exactly if the first column of
    the table is positive throughout (or negative throughout).
    """
    mirrored = [c if i % 2 == 0 else -c for i, c in enumerate(coefficients)][::-1]
    if mirrored[0] < 0:
        mirrored = [-c for c in mirrored]
    above, row = mirrored[0::2], mirrored[1::2]
    while row:
        if above[0] <= 0 or row[0] <= 0:
            return False
        below = [
            (row[0] * above[i + 1] - above[0] * (row[i + 1] if i + 1 < len(row) else 0)) / row[0]
            for i in range(len(above) - 1)
        ]
        above, row = row, below
    return bool(above[0] > 0)
