r"""Fitted Q-iteration: value iteration whose every sweep is fitted to what a function class can represent.

.. math:: Q_{k+1} = M\, T Q_k

with an (N, N) matrix M for the fit of values at the pairs: what is fitted is linear in the values, as it is for state
aggregation, nearest neighbours, interpolation and least squares. An *averager* (Gordon 1995) has rows that are
probability distributions: each fitted value is a mean of values. Least squares is none: its rows may have negative
entries, and absolute values that sum to more than 1; its matrix is `linear_algebra.weighted_projection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact_array, zeros
from .bellman import optimality_operator
from .model import FiniteMDP

__all__ = ["WrongFit", "aggregation", "averaged_model", "fitted_backup", "fitted_q_iterates"]


class WrongFit(ValueError):
    """Groups, weights or a matrix that do not fit the pairs, or are no averager."""


def aggregation(groups: Sequence[object], weights: Sequence[object] | Array) -> Array:
    """Return the exact (N, N) averager that gives every pair the weighted mean of its group.

    `groups` has a label for each pair, `weights` a rational >= 0 with a positive sum in each group. Raises `WrongFit`.

    >>> aggregation(["a", "b", "a"], [1, 1, 3]).tolist()
    [[1/4, 0, 3/4], [0, 1, 0], [1/4, 0, 3/4]]
    """
    mu, labels = exact_array(weights), list(groups)
    if len(mu) != len(labels):
        raise WrongFit(f"{len(labels)} pairs have a group and {len(mu)} a weight; give both for each pair")
    totals = {label: sum((w for w, g in zip(mu, labels, strict=True) if g == label), fmpq(0)) for label in labels}
    for label, total in totals.items():
        if not total > 0:
            raise WrongFit(f"the weights of group {label!r} sum to {total}; give one of its pairs a positive weight")
    rows = [[w / totals[g] if g == label else fmpq(0) for w, g in zip(mu, labels, strict=True)] for label in labels]
    return exact_array(entry for row in rows for entry in row).reshape(len(labels), len(labels))


def fitted_backup(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    """Return M T Q: one sweep of value iteration, then the fit. `matrix` has shape (N, N), `q` (N,)."""
    if np.shape(matrix) != (mdp.n_pairs, mdp.n_pairs):
        raise WrongFit(f"a matrix of shape {np.shape(matrix)} for a model with {mdp.n_pairs} pairs; it must be square")
    return matrix @ optimality_operator(mdp, q)


def fitted_q_iterates(mdp: FiniteMDP, matrix: Array, q: Array) -> Iterator[Array]:
    """Yield Q, MTQ, (MT)^2 Q, ... without end; for least squares from a Q that the features represent."""
    while True:
        yield q
        q = fitted_backup(mdp, matrix, q)


def averaged_model(mdp: FiniteMDP, averager: Array) -> FiniteMDP:
    """Return the model in which the pair x first becomes a pair y with probability M(x, y): its T is M T.

    Its q* is where fitted Q-iteration with this averager ends. Raises `WrongFit` if M is no averager.
    """
    if np.shape(averager) != (mdp.n_pairs, mdp.n_pairs):
        raise WrongFit(f"an averager of shape {np.shape(averager)} for a model with {mdp.n_pairs} pairs")
    for pair, row in enumerate(averager):
        if min(row) < 0 or sum(row) != 1:
            raise WrongFit(f"the row of {mdp.pair_name(pair)} is no distribution: {', '.join(map(str, row))}")
    chosen = [np.flatnonzero(row != 0) for row in averager]
    outcomes = [[(averager[x, y], k) for y in chosen[x] for k in mdp.outcomes_of(int(y))] for x in range(mdp.n_pairs)]
    flat = [k for row in outcomes for _, k in row]
    probability = zeros(mdp.probability, len(flat))
    probability[:] = [share * mdp.probability[k] for row in outcomes for share, k in row]
    return replace(
        mdp,
        outcome_start=np.cumsum([0] + [len(row) for row in outcomes]),
        probability=probability,
        reward=mdp.reward[flat],
        next_state=mdp.next_state[flat],
    )
