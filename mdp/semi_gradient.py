r"""Semi-gradient and full gradient of an objective J(w, u) whose target has the parameters u.

.. math::
    \text{semi}(w) = \partial_w J(w, u) \big|_{u = w}, \qquad
    \text{full}(w) = \nabla_w \, J(w, w) = \partial_w J + \partial_u J \big|_{u = w}

Detaching the target in a program is taking the first of these. Finite differences of the program's loss cannot see it,
for they move w and u together; the two-argument objective can. "The full gradient" is ambiguous: that of VE, of TDE and
of BE are three different fields, so the objective is always named. Semi-gradient descent on TDE/2 is Q-learning:

.. math::
    w \leftarrow w + \alpha \, (r + \gamma V_{\hat q_w}(s') - \hat q_w(s, a)) \, \nabla \hat q_w(s, a)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .approximation import QHat, WrongShape
from .arithmetic import Array, Scalar, zeros
from .bellman import policy_operator, policy_values, state_values
from .model import FiniteMDP
from .value_error import outcome_pairs, regression_loss, td_targets

if TYPE_CHECKING:
    import torch

__all__ = [
    "full_gradient",
    "gradient",
    "key_matrix",
    "semi_gradient",
    "semi_gradient_update",
    "td_loss",
    "update_towards",
]


def gradient(objective: Callable[[torch.Tensor], torch.Tensor], parameters: torch.Tensor) -> torch.Tensor:
    """Return the (d,) gradient of a one-argument objective, such as VE, by automatic differentiation."""
    w = parameters.detach().requires_grad_()
    return _differentiate(objective(w), w)


def semi_gradient(
    objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameters: torch.Tensor
) -> torch.Tensor:
    """Return the (d,) partial derivative of J(w, u) in w alone, at u = w: the target is held fixed."""
    w = parameters.detach().requires_grad_()
    return _differentiate(objective(w, w.detach()), w)


def full_gradient(
    objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameters: torch.Tensor
) -> torch.Tensor:
    """Return the (d,) derivative of w -> J(w, w): the target moves with the parameters.

    Where the greedy action is tied, the maximum has no derivative; torch splits it evenly among the tied.
    """
    w = parameters.detach().requires_grad_()
    return _differentiate(objective(w, w), w)


def td_loss(
    mdp: FiniteMDP,
    q_hat: QHat,
    parameters: torch.Tensor,
    batch: Any,
    reduction: Literal["half-sum", "sum", "mean"] = "half-sum",
) -> torch.Tensor:
    """Return the squared loss of regression on TD targets, as programs write it: the label is detached.

    `batch` is a (B,) array of outcome indices; outcome k is one (r, s') of one pair (s, a) of the model, a tensor one.
    """
    prediction = q_hat(parameters)[outcome_pairs(mdp)[batch]]
    label = td_targets(mdp, q_hat(parameters.detach()))[batch]
    loss: torch.Tensor = regression_loss(prediction, label, reduction)
    return loss


def update_towards(q_hat: QHat, parameters: Array, pair: int, label: Scalar, step_size: Scalar) -> Array:
    """Return w + step_size * (label - q_hat(s, a)) * grad q_hat(s, a), the (d,) parameters after one step.

    The label is whatever stands for the true value of the pair: q itself, a return, or a TD target. Works in every
    arithmetic that `q_hat` does. Sutton and Barto 2018, (9.7).
    """
    error = label - q_hat(parameters)[pair]
    return parameters + step_size * error * q_hat.gradient(parameters, pair)


def semi_gradient_update(
    mdp: FiniteMDP, q_hat: QHat, parameters: Array, outcome: int, step_size: Scalar, policy: Array | None = None
) -> Array:
    """Return w + step_size * delta * grad q_hat(s, a), the (d,) parameters after one observed outcome.

    `outcome` numbers one (r, s') of one pair (s, a) of the model, as in ``mdp.outcomes_of(pair)``. With a policy, its
    mean takes the place of the maximum (expected Sarsa; evaluation). Works in every arithmetic that `q_hat` does.
    """
    table = q_hat(parameters)
    if len(table) != mdp.n_pairs:
        raise WrongShape(f"q_hat has {len(table)} values for the {mdp.n_pairs} pairs of the model")
    pair = int(np.searchsorted(mdp.outcome_start, outcome, side="right")) - 1
    values = state_values(mdp, table) if policy is None else policy_values(mdp, policy, table)
    td_error = mdp.reward[outcome] + mdp.discount * values[mdp.next_state[outcome]] - table[pair]
    # The array stands first: z3's multiplication would take a whole array for a number.
    return parameters + q_hat.gradient(parameters, pair) * (step_size * td_error)


def key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    r"""Return A = X' D (I - gamma P_pi) X, of shape (d, d), and b = X' D r_bar, of shape (d,), for linear evaluation.

    The expected semi-gradient update is alpha (b - A w) if pairs are visited with frequencies mu (D = diag mu); it is
    stable for small alpha exactly where A is. Sutton and Barto 2018, (9.10)-(9.12).
    """
    if not mdp.n_pairs == len(policy) == len(mu) == len(features):
        raise WrongShape(
            f"{mdp.n_pairs} pairs, but {len(policy)} entries of the policy, {len(mu)} of mu, "
            f"{len(features)} rows of features"
        )
    rewards = policy_operator(mdp, policy, zeros(features, len(features)))
    # T_pi is affine, T_pi Q = r_bar + gamma P_pi Q, so its differences apply gamma P_pi to the columns of X.
    following = np.column_stack([policy_operator(mdp, policy, column) - rewards for column in features.T])
    weighted = features.T * mu
    return weighted @ (features - following), weighted @ rewards


def _differentiate(value: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    import torch

    derivative: torch.Tensor = torch.autograd.grad(value, w)[0]
    return derivative
