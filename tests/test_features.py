"""Strategies of linear features."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.linear_algebra import rank
from bellcheck.mdp.strategies import mdps
from bellcheck.proofs.features import features, independent_features, parameters


@given(st.data(), mdps())
def test_independent_features_are_independent(data, mdp):
    """As many as asked for, or as there are pairs; what is drawn is accepted."""
    draws = independent_features(3)

    matrix = data.draw(draws(mdp))

    assert matrix.shape == (mdp.n_pairs, min(3, mdp.n_pairs))
    assert rank(matrix) == matrix.shape[1]
    assert draws.accepts(matrix)


@given(st.data(), mdps())
def test_parameters_fit_the_features(data, mdp):
    """X w is a table."""
    X = data.draw(features(2)(mdp))

    w = data.draw(parameters(X))

    assert (X @ w).shape == (mdp.n_pairs,)
