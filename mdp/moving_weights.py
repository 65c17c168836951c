r"""The value error whose weights move: mu is the share of time of the policy that the parameters themselves make.

.. math::
    \mathrm{VE}(w) = \sum_x \mu_w(x)\, (q(x) - \hat q_w(x))^2, \qquad \mu_w P_w = \mu_w, \qquad
    \pi_w(a \mid s) \propto e^{\hat q_w(s, a) / \tau}

Where the textbook's gradient holds mu fixed, automatic differentiation of this function follows it: through the
softmax, the chain over the pairs, and the linear system that mu solves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .approximation import QHat
from .arithmetic import segment_max, segment_sum
from .chain import pair_chain, stationary
from .model import FiniteMDP
from .value_error import value_error

if TYPE_CHECKING:
    import torch

__all__ = ["moving_value_error", "softmax_policy"]


def softmax_policy(mdp: FiniteMDP, table: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """Return the (N,) softmax policy of a table, both tensors; differentiable in the table."""
    state = np.repeat(np.arange(len(mdp.acting)), np.diff(mdp.pair_start)[mdp.acting])
    # Below the maximum no exponential overflows; that it is held fixed changes nothing, for it cancels.
    best = segment_max(table.detach(), mdp.acting_start)
    weight = ((table - best[state]) / temperature).exp()
    policy: torch.Tensor = weight / segment_sum(weight, mdp.acting_start)[state]
    return policy


def moving_value_error(
    mdp: FiniteMDP, q: torch.Tensor, q_hat: QHat, parameters: torch.Tensor, temperature: float = 1.0
) -> torch.Tensor:
    """Return VE of parameters of shape (d,), weighted by the share of time of the softmax policy of `q_hat`.

    The model is one of tensors (``to_tensor()``). Raises `chain.NotUnique` if the policy's chain has several closed
    classes, and `chain.MissingStart` if an episode can end and nothing says where the next begins.
    """
    table = q_hat(parameters)
    mu = stationary(pair_chain(mdp, softmax_policy(mdp, table, temperature)))
    error: torch.Tensor = value_error(mu, q, table)
    return error
