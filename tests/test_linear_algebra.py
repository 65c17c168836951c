"""Exact linear algebra: signs of quadratic forms, projections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.linear_algebra import (
    characteristic_polynomial,
    determinant,
    identity,
    ldl,
    oblique_projection,
    rank,
    weighted_projection,
)


def matrices(n: int, m: int) -> st.SearchStrategy[np.ndarray]:
    """Small integer matrices, zeros often."""
    entries = st.lists(st.integers(-2, 2), min_size=n * m, max_size=n * m)
    return entries.map(lambda values: exact_array(values).reshape(n, m))


@given(matrices(3, 3))
def test_pivots_rebuild_the_matrix(A):
    """S = M diag(p) M', whatever the signs, pivots of 0 included."""
    S = A + A.T

    M, pivots = ldl(S)

    assert (M @ np.diag(pivots) @ M.T == S).all()
    assert determinant(M) != 0


@given(matrices(3, 2))
def test_pivots_of_a_gram_matrix_are_not_negative(X):
    """X X' is positive semidefinite, and has as many pivots above 0 as its rank."""
    _, pivots = ldl(X @ X.T)

    assert (pivots >= 0).all()
    assert (pivots > 0).sum() == rank(X)


def test_pivot_zero_over_other_entries_hides_no_sign():
    """The form 2xy has a diagonal of zeros, one positive and one negative eigenvalue."""
    _, pivots = ldl(exact_array([0, 1, 1, 0]).reshape(2, 2))

    assert sorted(pivots) == exact_array([-1 / 2, 2]).tolist()


def test_matrix_of_ldl_is_unit_triangular_without_zero_pivots():
    """The usual L D L'."""
    factor, pivots = ldl(exact_array([2, 1, 1, 3]).reshape(2, 2))

    assert (factor == exact_array([1, 0, "1/2", 1]).reshape(2, 2)).all()
    assert (pivots == exact_array([2, "5/2"])).all()


@given(matrices(3, 2), matrices(3, 2))
def test_projection_keeps_the_span_and_kills_what_is_orthogonal_to_psi(X, psi):
    """P P = P, P X = X and Psi' (f - P f) = 0."""
    if determinant(psi.T @ X) == 0:
        return

    P = oblique_projection(X, psi)

    assert (P @ P == P).all()
    assert (P @ X == X).all()
    assert (psi.T @ P == psi.T).all()


def test_weighted_projection_is_the_weighted_mean():
    """Onto the constants, with weights 3/4 and 1/4."""
    means = weighted_projection(exact_array([1, 1]).reshape(2, 1), exact_array(["3/4", "1/4"]))

    assert (means == exact_array(["3/4", "1/4"] * 2).reshape(2, 2)).all()


def test_dependent_features_have_no_projection_formula():
    """X' D X is singular."""
    with pytest.raises(ZeroDivisionError):
        weighted_projection(exact_array([1, 1, 2, 2]).reshape(2, 2), exact_array([1, 1]))


def test_characteristic_polynomial_starts_with_the_constant():
    """det(x I - A) = x^2 - 3 x + 2 for the eigenvalues 1 and 2."""
    assert characteristic_polynomial(exact_array([1, 5, 0, 2]).reshape(2, 2)) == exact_array([2, -3, 1]).tolist()
    assert (identity(2) == exact_array([1, 0, 0, 1]).reshape(2, 2)).all()
