r"""The loss of a deep Q-network, as programs write it: two networks, a batch of transitions, one number.

.. math::
    y = \begin{cases} r & \text{terminated} \\ r + \gamma\, \hat q^-(s', a^*) & \text{else} \end{cases}, \qquad
    \hat q(s', a^*) = \max_{a' \in A(s')} \hat q(s', a') \ \text{(double)}, \quad
    \hat q^-(s', a^*) = \max_{a' \in A(s')} \hat q^-(s', a') \ \text{(else)}

The networks map observations of shape (B, d) to an output for each of A actions; q-hat^- is the target network. The
label y is detached, so that neither network is trained through it. Of the label a terminal state has no part at all:
it is chosen, not multiplied by 0, for 0 times an overflow is not 0. Mnih et al. 2015, algorithm 1; van Hasselt, Guez
and Silver 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arithmetic import to_floats
from .clipping import huber
from .loss_convention import LossConvention

if TYPE_CHECKING:
    import torch

__all__ = ["Network", "Transitions", "dqn_loss", "dqn_targets", "error_losses", "reduced"]

Network = Callable[["torch.Tensor"], "torch.Tensor"]
"""Maps observations (B, d) to action values (B, A)."""


@dataclass(frozen=True, eq=False)
class Transitions:
    """A batch of B transitions, as tensors.

    Parameters
    ----------
    observation, next_observation : (B, d).
    action : (B,) integers in [0, A).
    reward, weight : (B,); the weights are importance weights, 1 if there are none.
    terminated, truncated : (B,) booleans, as Gymnasium has them; both may be true.
    legal : (B, A) booleans, the actions of the next state; none where it is terminal.
    """

    observation: torch.Tensor
    action: torch.Tensor
    reward: torch.Tensor
    next_observation: torch.Tensor
    terminated: torch.Tensor
    truncated: torch.Tensor
    legal: torch.Tensor
    weight: torch.Tensor


def dqn_loss(
    q_net: Network, target_net: Network, batch: Transitions, discount: float, convention: LossConvention
) -> torch.Tensor:
    """Return the loss of a batch, a scalar whose gradient is in the parameters of `q_net` alone."""
    chosen = q_net(batch.observation).gather(1, batch.action.unsqueeze(1)).squeeze(1)
    errors = dqn_targets(q_net, target_net, batch, discount, convention) - chosen
    return reduced(error_losses(errors, convention), batch.weight, convention)


def dqn_targets(
    q_net: Network, target_net: Network, batch: Transitions, discount: float, convention: LossConvention
) -> torch.Tensor:
    """Return the (B,) labels, detached; of tied best actions the lowest is taken."""
    import torch

    with torch.no_grad():
        values = target_net(batch.next_observation)
        ranking = q_net(batch.next_observation) if convention.double else values
        if convention.masked:
            ranking = ranking.masked_fill(~batch.legal, -torch.inf)
        following = values.gather(1, ranking.argmax(1, keepdim=True)).squeeze(1)
        ended = batch.terminated
        if convention.truncation == "ends":
            ended = ended | batch.truncated
        return torch.where(ended, batch.reward, batch.reward + discount * following)


def error_losses(errors: torch.Tensor, convention: LossConvention) -> torch.Tensor:
    """Return the (B,) losses of TD errors; of an absolute value torch takes the slope 0 at 0."""
    match convention.error:
        case "half-square":
            return errors * errors / 2
        case "square":
            return errors * errors
        case "absolute":
            return errors.abs()
        case "huber":
            losses: torch.Tensor = huber(errors, float(to_floats([convention.threshold])[0]))
            return losses


def reduced(losses: torch.Tensor, weights: torch.Tensor, convention: LossConvention) -> torch.Tensor:
    """Return the mean or sum of the (B,) losses, weighted or not."""
    if convention.weighted:
        losses = losses * weights
    if convention.normalised:
        return losses.sum() / weights.sum()
    return losses.mean() if convention.reduction == "mean" else losses.sum()
