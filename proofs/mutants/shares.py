"""Slips about the weights mu: forgotten in the key matrix, held fixed where they move, or those of another policy."""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, Scalar, zeros
from bellcheck.mdp.chain import pair_chain, stationary
from bellcheck.mdp.frozen_regression import regression_step
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.moving_weights import softmax_policy
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.value_error import value_error

from ..subject import Subject

__all__ = [
    "costs_for_rewards",
    "detached_weights",
    "undivided_regression",
    "unweighted_key_matrix",
    "unweighted_regression",
]


def _unweighted_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> Any:
    return key_matrix(mdp, policy, zeros(mu, len(mu)) + 1, features)


unweighted_key_matrix = Subject("key-matrix", "weights mu forgotten", _unweighted_key_matrix)


def _moving(mdp: FiniteMDP, q: Any, q_hat: QHat, parameters: Any, *, sign: int = 1, detached: bool = False) -> Any:
    table = q_hat(parameters)
    mu = stationary(pair_chain(mdp, softmax_policy(mdp, sign * table)))
    return value_error(mu.detach() if detached else mu, q, table)


def _detached_weights(mdp: FiniteMDP, q: Any, q_hat: QHat, parameters: Any) -> Any:
    return _moving(mdp, q, q_hat, parameters, detached=True)


def _costs_for_rewards(mdp: FiniteMDP, q: Any, q_hat: QHat, parameters: Any) -> Any:
    return _moving(mdp, q, q_hat, parameters, sign=-1)


detached_weights = Subject("moving-value-error", "weights mu held fixed", _detached_weights)
costs_for_rewards = Subject("moving-value-error", "softmax of the costs", _costs_for_rewards)


def _unweighted_regression(q_hat: QHat, mu: Array, label: Array, parameters: Array, step_size: Scalar) -> Array:
    return regression_step(q_hat, zeros(mu, len(mu)) + 1, label, parameters, step_size)


def _undivided_regression(q_hat: QHat, mu: Array, label: Array, parameters: Array, step_size: Scalar) -> Array:
    return regression_step(q_hat, mu, label, parameters, 2 * step_size)


unweighted_regression = Subject("frozen-regression", "weights mu forgotten", _unweighted_regression)
undivided_regression = Subject("frozen-regression", "loss not halved", _undivided_regression)
