"""Wrong behaviours and wrong stationary weights."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, segment_sum, zeros
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["late_marginal", "least_greedy", "proportional_policy", "right_eigenvector"]


def _right_eigenvector(P: Array) -> Array:
    """Solve P mu = mu, whose solution is constant because rows sum to 1."""
    return (zeros(P.reshape(-1), len(P)) + 1) / len(P)


def _late_marginal(P: Array) -> Array:
    """Start in the first pair, take 30 steps, and call the law of the pair stationary."""
    law = zeros(P.reshape(-1), len(P))
    law[0] = law[0] + 1
    for _ in range(30):
        law = law @ P
    return law


def _least_greedy(mdp: FiniteMDP, q: Array, epsilon: object, ties: Any = "lowest") -> Array:
    return epsilon_greedy(mdp, -q, epsilon, ties)


def _proportional_policy(mdp: FiniteMDP, q: Array, epsilon: object, ties: Any = "lowest") -> Array:
    """Prefer better actions by degrees, with weights that are rational: 1 + (Q - min Q)."""
    weight = q - q.min() + fmpq(1)
    return weight / segment_sum(weight, mdp.acting_start).repeat([len(mdp.pairs_of(int(s))) for s in mdp.acting])


right_eigenvector = Subject("stationary-weights", "right eigenvector for the left one", _right_eigenvector)
late_marginal = Subject("stationary-weights", "law at a late time for the share of time", _late_marginal)
least_greedy = Subject("behaviour", "costs for rewards: the minimum is greedy", _least_greedy)
proportional_policy = Subject("behaviour", "actions in proportion to their lead over the worst", _proportional_policy)
