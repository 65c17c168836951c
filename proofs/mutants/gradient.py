"""Wrong losses and gradients of value approximation.

Those that come from public code cite the thread; the rest are the slips that a derivation on paper makes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import full_gradient
from bellcheck.mdp.value_error import outcome_pairs, regression_loss, squared_td_error, td_targets, value_error

from ..subject import Subject

__all__ = [
    "bootstrapping_after_the_end",
    "forgotten_weights",
    "full_gradient_for_semi",
    "halved_value_error",
    "mean_over_all_heads",
    "negated_value_error",
    "residual_key_matrix",
    "single_precision",
    "squared_weights",
    "tde_for_be",
    "undetached_target",
    "undiscounted_key_matrix",
]

# -------------------------------------------------------------------- the value error


def _forgotten_weights(mu: Array, q: Array, estimate: Array) -> Any:
    error = q - estimate
    return (error * error).sum()


def _squared_weights(mu: Array, q: Array, estimate: Array) -> Any:
    return value_error(mu * mu, q, estimate)


def _halved_value_error(mu: Array, q: Array, estimate: Array) -> Any:
    return value_error(mu, q, estimate) / 2


def _negated_value_error(mu: Array, q: Array, estimate: Array) -> Any:
    return -value_error(mu, q, estimate)


def _single_precision(mu: Array, q: Array, estimate: Array) -> Any:
    if not hasattr(estimate, "float"):
        return value_error(mu, q, estimate)
    return value_error(mu.float(), q.float(), estimate.float()).double()


single_precision = Subject("value-error", "computed in single precision", _single_precision)
forgotten_weights = Subject("value-error", "weights mu forgotten", _forgotten_weights)
squared_weights = Subject("value-error", "weights mu squared", _squared_weights)
halved_value_error = Subject("value-error", "the 2 of the gradient lost", _halved_value_error)
negated_value_error = Subject("value-error", "wrong sign", _negated_value_error)


# -------------------------------------------------------------------- the TD loss


def _undetached_target(mdp: FiniteMDP, q_hat: QHat, parameters: Any, batch: Any, reduction: Any = "half-sum") -> Any:
    table = q_hat(parameters)
    return regression_loss(table[outcome_pairs(mdp)[batch]], td_targets(mdp, table)[batch], reduction)


def _bootstrapping_after_the_end(
    mdp: FiniteMDP, q_hat: QHat, parameters: Any, batch: Any, reduction: Any = "half-sum"
) -> Any:
    table = q_hat(parameters)
    label = td_targets(mdp, table.detach())
    for k, state in enumerate(mdp.next_state):
        if int(state) in mdp.terminal_states:
            # The environment has been reset, and the next observation belongs to the next episode.
            label[k] = label[k] + mdp.discount * table.detach()[0]
    return regression_loss(table[outcome_pairs(mdp)[batch]], label[batch], reduction)


def _mean_over_all_heads(mdp: FiniteMDP, q_hat: QHat, parameters: Any, batch: Any, reduction: Any = "half-sum") -> Any:
    table = q_hat(parameters)
    pairs = outcome_pairs(mdp)[batch]
    loss = regression_loss(table[pairs], td_targets(mdp, table.detach())[batch], reduction)
    return loss / len(mdp.pairs_of(int(mdp.pair_state[pairs[0]])))


undetached_target = Subject(
    "td-loss", "target not detached", _undetached_target, cites="datawhalechina/easy-rl PR 117", bug="D1"
)
bootstrapping_after_the_end = Subject(
    "td-loss", "terminal mask forgotten", _bootstrapping_after_the_end, cites="cyoon1729/deep-Q-networks PR 5", bug="A2"
)
mean_over_all_heads = Subject("td-loss", "mean over the heads of all actions", _mean_over_all_heads)


# -------------------------------------------------------------------- semi-gradient and Bellman error

full_gradient_for_semi = Subject("semi-gradient", "full gradient in place of the semi-gradient", full_gradient)
tde_for_be = Subject("bellman-error", "mean of the squares for the square of the mean", squared_td_error)


# -------------------------------------------------------------------- the key matrix


def _columns(features: Array) -> list[Array]:
    return [features[:, j] for j in range(features.shape[1])]


def _undiscounted_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    rewards = policy_operator(mdp, policy, features[:, 0] * 0)
    discounted = [policy_operator(mdp, policy, x) - rewards for x in _columns(features)]
    following = np.column_stack(discounted) / mdp.discount
    weighted = features.T * mu
    return weighted @ (features - following), weighted @ rewards


def _residual_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    rewards = policy_operator(mdp, policy, features[:, 0] * 0)
    following = np.column_stack([policy_operator(mdp, policy, x) - rewards for x in _columns(features)])
    weighted = (features - following).T * mu
    return weighted @ (features - following), weighted @ rewards


undiscounted_key_matrix = Subject("key-matrix", "discount forgotten", _undiscounted_key_matrix)
residual_key_matrix = Subject("key-matrix", "full gradient of the Bellman error", _residual_key_matrix)
