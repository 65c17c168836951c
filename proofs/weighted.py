r"""The weighted norm of the value error, and the weights that a policy brings about.

.. math:: \lVert f \rVert_d^2 = \sum_x d(x) f(x)^2, \qquad d P_\pi = d

Squares stay rational, so that norms are compared by them. An episode that ends begins again in some acting state; a
policy that keeps to several closed classes of pairs has a stationary d for each. The projection on the span of features
is that of least weighted squares; features may depend on each other, and d may be 0 somewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq, fmpq_mat

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, zeros
from bellcheck.mdp.chain import pair_chain, recurrent_classes, stationary
from bellcheck.mdp.model import FiniteMDP

__all__ = ["a_solution", "own_chain", "own_weights", "projected", "weighted_square"]


def weighted_square(d: Array, f: Array) -> Scalar:
    """Return the square of the norm of f weighted by d, both of shape (N,)."""
    return sum(d * f * f, fmpq(0))


def own_chain(mdp: FiniteMDP, policy: Array) -> Array:
    """Return the (N, N) chain of a policy over the pairs; an episode that ends begins in any acting state alike."""
    acts = np.diff(mdp.pair_start) > 0
    start = exact_array(fmpq(int(act), int(acts.sum())) for act in acts)
    return pair_chain(replace(mdp, start=start), policy)


def own_weights(mdp: FiniteMDP, policy: Array) -> Array:
    """Return d with d P = d and sum 1 for the chain P of a policy, on the first of its closed classes."""
    P = own_chain(mdp, policy)
    members = list(recurrent_classes(P)[0])
    d = zeros(mdp.probability, mdp.n_pairs)
    d[members] = stationary(P[np.ix_(members, members)])
    return d


def a_solution(matrix: Array, right: Array) -> Array:
    """Return one x with matrix @ x = right, if there is any, by elimination: what stays undetermined is 0."""
    n = matrix.shape[1]
    reduced, rank = fmpq_mat([[*row, side] for row, side in zip(matrix, right, strict=True)]).rref()
    x = zeros(right, n)
    for row in range(rank):
        pivot = next(y for y in range(n + 1) if reduced[row, y] != 0)
        if pivot < n:
            x[pivot] = reduced[row, n]
    return x


def projected(d: Array, features: Array, f: Array) -> Array:
    """Return X w for a w that makes the norm of f - X w weighted by d least, for features X of shape (N, columns)."""
    weighted = features.T * d
    return features @ a_solution(weighted @ features, weighted @ f)
