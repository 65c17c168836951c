r"""Exact linear algebra: what the theory of linear approximation needs beyond solving a system.

.. math::
    S = M \operatorname{diag}(p)\, M^\top, \qquad \Pi_{X, \Psi} = X (\Psi^\top X)^{-1} \Psi^\top

The first is Lagrange's reduction of a quadratic form: by Sylvester's law of inertia the signs of the pivots p are those
of the eigenvalues of S, so that "positive semidefinite" is decided without an eigenvalue. The second is the projection
onto the span of X along the vectors that are orthogonal to Psi: the orthogonal one in the norm weighted by mu where Psi
= diag(mu) X, oblique otherwise. Matrices are two-dimensional arrays of rationals.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq, fmpq_mat

from .arithmetic import Array, Scalar, exact_array

__all__ = [
    "characteristic_polynomial",
    "determinant",
    "identity",
    "inverse",
    "ldl",
    "oblique_projection",
    "rank",
    "weighted_projection",
]


def identity(n: int) -> Array:
    """Return the (n, n) identity."""
    return exact_array(np.eye(n, dtype=int).flat).reshape(n, n)


def inverse(A: Array) -> Array:
    """Return the inverse; raises ``ZeroDivisionError`` if A is singular."""
    return exact_array(_flint(A).inv().entries()).reshape(A.shape)


def determinant(A: Array) -> Scalar:
    """Return the determinant."""
    return _flint(A).det()


def rank(A: Array) -> int:
    """Return the rank of a matrix of any shape."""
    return int(_flint(A).rank())


def characteristic_polynomial(A: Array) -> list[fmpq]:
    """Return the coefficients of det(x I - A), from the constant one up to the leading 1."""
    return list(_flint(A).charpoly())


def ldl(S: Array) -> tuple[Array, Array]:
    """Return (M, p) with S = M diag(p) M' for a symmetric S: p >= 0 exactly if S is positive semidefinite.

    M is invertible, and unit lower triangular unless a pivot 0 stands over entries that are not: then a later row and
    column is first added to that of the pivot.
    """
    n = len(S)
    form, moves = S.copy(), identity(n)
    for k in range(n):
        if form[k, k] == 0 and (form[k, k:] != 0).any():
            j = next(j for j in range(k, n) if form[k, j] != 0)
            _add(form, moves, k, j, fmpq(1) if 2 * form[k, j] + form[j, j] != 0 else fmpq(-1))
        if form[k, k] != 0:
            for i in range(k + 1, n):
                _add(form, moves, i, k, -form[i, k] / form[k, k])
    return inverse(moves), form.diagonal().copy()


def _add(form: Array, moves: Array, row: int, other: int, factor: fmpq) -> None:
    """Add a multiple of another row and column to a row and its column; `moves` keeps moves S moves' = form."""
    form[row] = form[row] + factor * form[other]
    form[:, row] = form[:, row] + factor * form[:, other]
    moves[row] = moves[row] + factor * moves[other]


def oblique_projection(features: Array, psi: Array) -> Array:
    """Return X (Psi' X)^-1 Psi', of shape (N, N), for X and Psi of shape (N, d).

    Raises ``ZeroDivisionError`` if Psi' X is singular.
    """
    return features @ inverse(psi.T @ features) @ psi.T


def weighted_projection(features: Array, mu: Array) -> Array:
    """Return X (X' D X)^-1 X' D with D = diag(mu): the nearest point of the span, where mu weighs the squares.

    Raises ``ZeroDivisionError`` if some combination of the features vanishes wherever mu does not.
    """
    return oblique_projection(features, features * mu[:, None])


def _flint(A: Array) -> fmpq_mat:
    n_rows, n_columns = A.shape
    return fmpq_mat(n_rows, n_columns, list(A.flat))
