r"""What a replay buffer holds of a model: weights mu, and relative frequencies in the place of probabilities.

.. math:: \hat\mu(x) = \frac{\#\{i : x_i = x\}}{n}, \qquad
          \hat p(s', r \mid x) = \frac{\#\{i : x_i = x,\ (s'_i, r_i) = (s', r)\}}{\#\{i : x_i = x\}}

An experience is (pair, outcome), the outcome an index as in ``mdp.outcomes_of(pair)``. mu-hat is a record of the
policies that filled the buffer; it is the visit distribution of the current one only by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flint import fmpq

from .arithmetic import Array, exact_array
from .model import FiniteMDP

__all__ = ["EmptyBuffer", "buffer_model", "buffer_weights"]


class EmptyBuffer(ValueError):
    """A buffer without experiences: there is nothing to draw from."""


def buffer_weights(mdp: FiniteMDP, buffer: Sequence[tuple[int, int]]) -> Array:
    """Return mu-hat, the exact (N,) shares of the buffer that are of each pair. Raises `EmptyBuffer`.

    >>> buffer_weights(FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], 0), [(0, 0), (1, 1), (1, 1)])
    array([1/3, 2/3], dtype=object)
    """
    if not buffer:
        raise EmptyBuffer("the buffer is empty; fill it before a batch is drawn")
    pairs = [int(pair) for pair, _ in buffer]
    return exact_array(fmpq(pairs.count(x), len(pairs)) for x in range(mdp.n_pairs))


def buffer_model(mdp: FiniteMDP, buffer: Sequence[tuple[int, int]]) -> FiniteMDP:
    """Return the exact model with p-hat at the pairs that the buffer holds; the others keep their probabilities."""
    probability = mdp.probability.copy()
    outcomes = [int(outcome) for _, outcome in buffer]
    for pair in {int(pair) for pair, _ in buffer}:
        seen = [outcomes.count(k) for k in mdp.outcomes_of(pair)]
        probability[list(mdp.outcomes_of(pair))] = [fmpq(count, sum(seen)) for count in seen]
    return replace(mdp, probability=probability)
