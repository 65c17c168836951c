r"""Objectives of value approximation: three different functions, often called "the loss".

.. math::
    \mathrm{VE} &= \sum_x \mu(x) \, (q(x) - \hat q_w(x))^2 \\
    \mathrm{TDE}(w, u) &= \sum_x \mu(x) \sum_k p_k \, \delta_k^2, \qquad
        \delta_k = r_k + \gamma V_{\hat q_u}(s'_k) - \hat q_w(x) \\
    \mathrm{BE}(w, u) &= \sum_x \mu(x) \Bigl(\sum_k p_k \, \delta_k\Bigr)^2

The target's parameters u are an argument of their own: what a program holds fixed by detaching the target is here said
in the mathematics (see `semi_gradient`). Every function takes tables over the pairs, ``estimate`` = q_hat_w and
``target`` = q_hat_u, and works in every arithmetic. V is the best action's value, or with a policy its mean. VE is
Sutton and Barto 2018, (9.1), over pairs in place of states; TDE and BE are defined in their section 11.5.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .approximation import QHat, WrongShape
from .arithmetic import Array, Scalar, segment_sum, zeros
from .bellman import policy_values, state_values
from .model import FiniteMDP

__all__ = [
    "bellman_error",
    "outcome_pairs",
    "regression_loss",
    "squared_td_error",
    "td_errors",
    "td_targets",
    "value_error",
    "value_error_gradient",
]


def value_error(mu: Array, q: Array, estimate: Array) -> Scalar:
    """Return VE = sum mu (q - estimate)^2 for weights, true values and estimates of shape (N,)."""
    _require_same_length(mu=mu, q=q, estimate=estimate)
    error = q - estimate
    return _total(mu * error * error)


def value_error_gradient(mu: Array, q: Array, q_hat: QHat, parameters: Array) -> Array:
    """Return 2 sum mu (q_hat - q) grad q_hat, the (d,) gradient of VE for mu and q that stay as they are."""
    estimate = q_hat(parameters)
    _require_same_length(mu=mu, q=q, estimate=estimate)
    gradient = zeros(parameters, len(parameters))
    for pair in range(len(estimate)):
        gradient = gradient + 2 * mu[pair] * (estimate[pair] - q[pair]) * q_hat.gradient(parameters, pair)
    return gradient


def outcome_pairs(mdp: FiniteMDP) -> np.ndarray:
    """Return the (K,) pair that each outcome belongs to."""
    return np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))


def td_targets(mdp: FiniteMDP, target: Array, policy: Array | None = None) -> Array:
    """Return the (K,) labels r + gamma V(s') of all outcomes under the table `target`; V(terminal) = 0."""
    values = state_values(mdp, target) if policy is None else policy_values(mdp, policy, target)
    return mdp.reward + mdp.discount * values[mdp.next_state]


def td_errors(mdp: FiniteMDP, estimate: Array, target: Array, policy: Array | None = None) -> Array:
    """Return the (K,) temporal-difference errors delta of all outcomes."""
    _require_same_length(pairs=mdp.pair_state, estimate=estimate, target=target)
    return td_targets(mdp, target, policy) - estimate[outcome_pairs(mdp)]


def squared_td_error(mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None = None) -> Scalar:
    """Return TDE = sum mu E[delta^2 | x], the mean squared TD error: one sample of it needs one successor."""
    _require_same_length(mu=mu, estimate=estimate)
    delta = td_errors(mdp, estimate, target, policy)
    return _total(mu[outcome_pairs(mdp)] * mdp.probability * delta * delta)


def bellman_error(mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None = None) -> Scalar:
    """Return BE = sum mu (E[delta | x])^2, the mean squared Bellman error: one sample needs two successors."""
    _require_same_length(mu=mu, estimate=estimate)
    mean = segment_sum(mdp.probability * td_errors(mdp, estimate, target, policy), mdp.outcome_start[:-1])
    return _total(mu * mean * mean)


def regression_loss(
    prediction: Array, label: Array, reduction: Literal["half-sum", "sum", "mean"] = "half-sum"
) -> Scalar:
    """Return the squared loss of a batch of predictions and labels of shape (B,).

    "half-sum" is half the sum of squares, whose gradient step is the update rule; "sum" doubles that step, and "mean",
    the MSE of software libraries, makes it 2/B of the batch's summed updates.
    """
    _require_same_length(prediction=prediction, label=label)
    error = label - prediction
    total = _total(error * error)
    match reduction:
        case "half-sum":
            return total / 2
        case "sum":
            return total
        case "mean":
            return total / len(prediction)
    raise ValueError(f"reduction {reduction!r} is none of 'half-sum', 'sum', 'mean'")


def _total(values: Array) -> Scalar:
    return values.sum() if len(values) else zeros(values, 1)[0]


def _require_same_length(**arrays: Array) -> None:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise WrongShape(f"lengths differ: {', '.join(f'{name} has {n}' for name, n in lengths.items())}")
