"""Wrong weights: outcomes, pairs or rewards that count for more or less than the theory says."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, segment_sum
from bellcheck.mdp.bellman import expected_backup, optimality_operator, policy_values, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix

from ..subject import Subject

__all__ = [
    "all_pairs_at_once",
    "clipped_rewards",
    "equally_weighted_outcomes",
    "pairs_weighted_equally",
    "undiscounted_move",
    "unweighted_mean_rewards",
    "unweighted_policy_backup",
]


def _clipped_rewards(mdp: FiniteMDP, q: Array) -> Array:
    """Each reward cut off at -1 and 1, so that the mean of what is left is no function of the mean."""
    clipped = exact_array(min(max(reward, fmpq(-1)), fmpq(1)) for reward in mdp.reward)
    v = state_values(mdp, q)
    return segment_sum(mdp.probability * (clipped + v[mdp.next_state] * mdp.discount), mdp.outcome_start[:-1])


def _equally_weighted_outcomes(mdp: FiniteMDP, q: Array) -> Array:
    """The plain average of the outcomes that are listed, however probable each is."""
    v = state_values(mdp, q)
    counts = np.diff(mdp.outcome_start)
    return segment_sum(mdp.reward + v[mdp.next_state] * mdp.discount, mdp.outcome_start[:-1]) / counts


def _all_pairs_at_once(mdp: FiniteMDP, mu: Array, q: Array) -> Array:
    """A sweep over all pairs in place of one update, mu forgotten."""
    return optimality_operator(mdp, q)


def _pairs_weighted_equally(mdp: FiniteMDP, mu: Array, q: Array) -> Array:
    return q + (optimality_operator(mdp, q) - q) / mdp.n_pairs


def _undiscounted_move(mdp: FiniteMDP, mu: Array, q: Array) -> Array:
    v = state_values(mdp, q)
    target = segment_sum(mdp.probability * (mdp.reward + v[mdp.next_state]), mdp.outcome_start[:-1])
    return q + mu * (target - q)


def _unweighted_policy_backup(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    """The values of a state's actions added up, however probable the policy makes each."""
    return expected_backup(mdp, policy_values(mdp, mdp.table(1), q))


def _unweighted_mean_rewards(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    """A = X' D (I - gamma P_pi) X beside b = X' r_bar, in which mu was forgotten."""
    A, _ = key_matrix(mdp, policy, mu, features)
    _, b = key_matrix(mdp, policy, mdp.table(1), features)
    return A, b


clipped_rewards = Subject("operator", "rewards clipped to [-1, 1]", _clipped_rewards, cites="Mnih and others 2015")
equally_weighted_outcomes = Subject("operator", "outcomes weighted equally", _equally_weighted_outcomes)
all_pairs_at_once = Subject("expected-update", "all pairs at once", _all_pairs_at_once)
pairs_weighted_equally = Subject("expected-update", "pairs weighted equally", _pairs_weighted_equally)
undiscounted_move = Subject("expected-update", "undiscounted expected update", _undiscounted_move)
unweighted_policy_backup = Subject("policy-operator", "actions weighted by 1 each", _unweighted_policy_backup)
unweighted_mean_rewards = Subject("key-matrix", "mu forgotten in b", _unweighted_mean_rewards)
