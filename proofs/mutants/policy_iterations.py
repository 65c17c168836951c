"""Wrong sweeps, improvement steps and policy iterations."""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.bellman import greedy_policy, optimality_operator
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["exploring_elsewhere", "swept_twice"]


def _swept_twice(mdp: FiniteMDP, q: Array) -> Array:
    return optimality_operator(mdp, optimality_operator(mdp, q))


def _exploring_elsewhere(mdp: FiniteMDP, q: Array, epsilon: Scalar) -> Array:
    """Epsilon spread over the actions that are not greedy, so that they are taken more often than epsilon / |A(s)|."""
    greedy = greedy_policy(mdp, q)
    others = (np.diff(mdp.pair_start) - 1)[mdp.pair_state]
    return np.where(others == 0, greedy, (1 - epsilon) * greedy + epsilon * (1 - greedy) / np.maximum(others, 1))


exploring_elsewhere = Subject("behaviour", "exploration among the other actions alone", _exploring_elsewhere)
swept_twice = Subject("operator", "two sweeps in place of one", _swept_twice)
