"""Linear features of the pairs of a model, and parameters to go with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.draws import below, one_of
from bellcheck.mdp.linear_algebra import rank
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies_on_models import tied_to

__all__ = ["features", "independent_features", "parameters"]

_ENTRIES = exact_array([0, 1, -1, 2, -2, "1/2", 3])


def features(columns: int) -> Callable[[FiniteMDP], st.SearchStrategy[Array]]:
    """Features of shape (N, columns), dependent ones and zeros among them."""

    @st.composite
    def matrices(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
        pick = below(draw)
        return exact_array(one_of(pick, _ENTRIES) for _ in range(mdp.n_pairs * columns)).reshape(mdp.n_pairs, columns)

    return tied_to("pair")(matrices)


def independent_features(columns: int) -> Callable[[FiniteMDP], st.SearchStrategy[Array]]:
    """Features of shape (N, d) with independent columns; d is `columns`, or N where there are fewer pairs."""

    @st.composite
    def matrices(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
        pick, n = below(draw), mdp.n_pairs
        d = min(columns, n)
        matrix = exact_array(one_of(pick, _ENTRIES) for _ in range(n * d)).reshape(n, d)
        # A unit triangle somewhere among the rows makes the columns independent, whatever the rest is.
        first = pick(n)
        for j in range(d):
            matrix[(first + j) % n, j:] = exact_array([int(k == j) for k in range(j, d)])
        return matrix

    drawn = tied_to("pair")(matrices)
    drawn.accepts = lambda matrix: np.ndim(matrix) == 2 and rank(matrix) == np.shape(matrix)[1]  # type: ignore[attr-defined]
    return drawn


@tied_to("numbers")
@st.composite
def parameters(draw: st.DrawFn, features: Array) -> Array:
    """Draw (d,) parameters, one for each column of the features."""
    pick = below(draw)
    return exact_array(one_of(pick, _ENTRIES) for _ in range(features.shape[1]))
