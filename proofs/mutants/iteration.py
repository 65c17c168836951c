"""Wrong greedy choices, operators that lose an order, and value iterations that shrink or stop wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, max_norm
from bellcheck.mdp.bellman import expected_backup, greedy_pairs, greedy_policy, state_values
from bellcheck.mdp.iteration import damped_value_iterates
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject
from . import operators

__all__ = [
    "exchanged_shares",
    "first_of_the_ties",
    "largest_magnitude",
    "least_action",
    "least_action_in_the_end",
    "stops_when_little_changes",
    "undiscounted_iterates",
]


def _least_action(mdp: FiniteMDP, q: Array) -> np.ndarray:
    return greedy_pairs(mdp, -q)


def _first_of_the_ties(mdp: FiniteMDP, q: Array) -> np.ndarray:
    greedy = greedy_pairs(mdp, q)
    for state in mdp.acting:
        pairs = np.array(mdp.pairs_of(int(state)))
        greedy[pairs[np.flatnonzero(greedy[pairs])[1:]]] = False
    return greedy


def _largest_magnitude(mdp: FiniteMDP, q: Array) -> Array:
    return expected_backup(mdp, state_values(mdp, abs(q)))


def _undiscounted_iterates(mdp: FiniteMDP, q: Array) -> Iterator[Array]:
    while True:
        yield q
        q = operators.undiscounted_backup.call(mdp, q)


def _stops_when_little_changes(mdp: FiniteMDP, v: Array, epsilon: Scalar) -> Array:
    """Takes the change of a sweep for the distance that is left."""
    while True:
        q = expected_backup(mdp, v)
        following = state_values(mdp, q)
        if max_norm(following - v) <= epsilon:
            return greedy_policy(mdp, q)
        v = following


def _least_action_in_the_end(mdp: FiniteMDP, v: Array, epsilon: Scalar) -> Array:
    """Iterates with the maximum, and takes the least action from what it found."""
    while max_norm(state_values(mdp, expected_backup(mdp, v)) - v) > epsilon * (1 - mdp.discount) / 2:
        v = state_values(mdp, expected_backup(mdp, v))
    return greedy_policy(mdp, -expected_backup(mdp, v))


def _exchanged_shares(mdp: FiniteMDP, q: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    """alpha X + (1 - alpha) TX: the step size taken for the share that is kept."""
    return damped_value_iterates(mdp, q, [1 - step_size for step_size in step_sizes])


least_action = Subject("greedy-pairs", "the action of least value", _least_action, cites="the sign convention of costs")
first_of_the_ties = Subject("greedy-pairs", "the first of the ties alone", _first_of_the_ties)
largest_magnitude = Subject("operator", "the largest magnitude in place of the maximum", _largest_magnitude)
undiscounted_iterates = Subject("value-iteration", "undiscounted iterates", _undiscounted_iterates)
stops_when_little_changes = Subject(
    "stopped-value-iteration", "stopped when a sweep changes less than epsilon", _stops_when_little_changes
)
least_action_in_the_end = Subject(
    "stopped-value-iteration",
    "the action of least value in the end",
    _least_action_in_the_end,
    cites="the sign convention of costs",
)
exchanged_shares = Subject("damped-value-iteration", "step size taken for the share kept", _exchanged_shares)
