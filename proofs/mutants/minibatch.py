"""Wrong updates from a minibatch, each with the signature of `bellcheck.mdp.minibatch.minibatch_update`."""

from __future__ import annotations

from collections.abc import Sequence

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.minibatch import minibatch_update
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update

from ..subject import Subject

__all__ = ["last_of_a_pair", "one_after_the_other", "sum_in_place_of_mean", "weights_left_out"]

Batch = Sequence[tuple[int, int]]
Weights = Sequence[Scalar] | None


def _last_of_a_pair(mdp: FiniteMDP, q: Array, batch: Batch, step_size: Scalar, weights: Weights = None) -> Array:
    table = q.copy()
    for place, (pair, outcome) in enumerate(batch):
        weight = 1 if weights is None else weights[place]
        table[pair] = q[pair] + weight * (update(mdp, q, pair, outcome, step_size)[pair] - q[pair]) / len(batch)
    return table


def _one_after_the_other(mdp: FiniteMDP, q: Array, batch: Batch, step_size: Scalar, weights: Weights = None) -> Array:
    for place, (pair, outcome) in enumerate(batch):
        weight = 1 if weights is None else weights[place]
        q = update(mdp, q, pair, outcome, weight * step_size / len(batch))
    return q


def _sum(mdp: FiniteMDP, q: Array, batch: Batch, step_size: Scalar, weights: Weights = None) -> Array:
    return q + len(batch) * (minibatch_update(mdp, q, batch, step_size, weights) - q)


def _unweighted(mdp: FiniteMDP, q: Array, batch: Batch, step_size: Scalar, weights: Weights = None) -> Array:
    return minibatch_update(mdp, q, batch, step_size)


last_of_a_pair = Subject(
    "minibatch", "Q[pairs] += changes: of a pair that occurs twice only the last change counts", _last_of_a_pair
)
one_after_the_other = Subject("minibatch", "each member from the table that the one before left", _one_after_the_other)
sum_in_place_of_mean = Subject("minibatch", "sum over the batch in place of the mean", _sum, bug="D4")
weights_left_out = Subject("minibatch", "importance weights left out", _unweighted, bug="G4")
