r"""Prioritised experience replay: what is drawn more often counts less.

.. math:: P(i) = \frac{p_i}{\sum_k p_k}, \qquad w_i = \frac{(N P(i))^{-\beta}}{\max_j\, (N P(j))^{-\beta}}

for N experiences with priorities p_i > 0, which are p_i^alpha already if there is an exponent alpha. At beta = 1 the
weights undo the priorities: the mean of w g over draws by P is the uniform mean of g, times N min P. At beta = 0 they
are 1. Schaul et al. 2016, (1) and section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from .arithmetic import Array, Scalar, exact_array

__all__ = ["WrongPriorities", "importance_weights", "replay_probabilities"]


class WrongPriorities(ValueError):
    """No priorities, or one that is not positive."""


def replay_probabilities(priorities: Sequence[Scalar]) -> Array:
    """Return the exact (N,) probabilities of being drawn. Raises `WrongPriorities`.

    >>> replay_probabilities([1, 1, 2])
    array([1/4, 1/4, 1/2], dtype=object)
    """
    p = exact_array(priorities)
    if not len(p) or not min(p) > 0:
        raise WrongPriorities(f"priorities {list(map(str, p))}; give at least one, all positive")
    return p / sum(p, fmpq(0))


def importance_weights(priorities: Sequence[Scalar], beta: int) -> Array:
    """Return the (N,) weights, the largest 1, for an integer beta: exact for exact priorities.

    >>> importance_weights([1, 1, 2], 1)
    array([1, 1, 1/2], dtype=object)
    """
    probabilities = replay_probabilities(priorities)
    weights = (len(probabilities) * probabilities) ** -beta
    return weights / max(weights)
