r"""The weighted norm of the value error, and the weights that a policy brings about.

.. math:: \lVert f \rVert_d^2 = \sum_x d(x) f(x)^2, \qquad d P_\pi = d

Squares stay rational, so that norms are compared by them. An episode that ends begins again in some acting state; a
policy that keeps to several closed classes of pairs has a stationary d for each.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, zeros
from bellcheck.mdp.chain import pair_chain, recurrent_classes, stationary
from bellcheck.mdp.model import FiniteMDP

__all__ = ["own_chain", "own_weights", "weighted_square"]


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
