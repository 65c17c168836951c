r"""A DQN loss on linear networks, from exact numbers to exact numbers: what checks ask of anybody's loss.

.. math:: \hat q(s, a) = \theta_a \cdot \phi(s), \qquad \hat q^-(s, a) = \theta^-_a \cdot \phi(s)

with a row of features for each state, terminal ones included (a network has outputs for them, whatever they mean), and
a row of weights, a head, for each action. The loss is computed in binary64, and what it came to is returned as the
rationals that those floats are. On small dyadic numbers nothing rounds, and they are what the formula says.

A sample is (pair, outcome, weight, cut): the outcome as in ``mdp.outcomes_of(pair)``, an importance weight, and whether
a time limit cut the recording off after it. It terminated where the successor has no actions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .approximation import WrongShape
from .arithmetic import Array, Scalar, exact, exact_array, to_floats
from .dqn_loss import Network, Transitions, dqn_loss
from .loss_convention import LossConvention
from .model import FiniteMDP

if TYPE_CHECKING:
    import torch

__all__ = [
    "Batch",
    "Differentiated",
    "Loss",
    "TorchLoss",
    "differentiated",
    "linear_dqn_loss",
    "linear_network",
    "transitions",
]

Batch: TypeAlias = Sequence[tuple[int, int, Scalar, bool]]
"""Samples (pair, outcome, weight, cut)."""


@dataclass(frozen=True, eq=False)
class Differentiated:
    """A loss and its gradients, exact: the value, and one array of shape (A, d) for each network."""

    value: Scalar
    gradient: Array
    target_gradient: Array


TorchLoss: TypeAlias = "Callable[[Network, Network, Transitions, float, LossConvention], torch.Tensor]"
Loss: TypeAlias = Callable[[FiniteMDP, Array, Array, Array, Batch, LossConvention], Differentiated]


def differentiated(loss: TorchLoss) -> Loss:
    """Return a torch loss as a function of exact numbers: it builds two linear networks, runs and differentiates it."""

    def run(
        mdp: FiniteMDP, features: Array, online: Array, target: Array, batch: Batch, convention: LossConvention
    ) -> Differentiated:
        networks = linear_network(online), linear_network(target)
        samples = transitions(mdp, features, batch, len(online))
        value = loss(*networks, samples, float(to_floats([mdp.discount])[0]), convention)
        value.backward()
        gradients = (_exact_gradient(network.weight) for network in networks)
        return Differentiated(exact(value.item()), *gradients)

    return run


def linear_dqn_loss(
    mdp: FiniteMDP, features: Array, online: Array, target: Array, batch: Batch, convention: LossConvention
) -> Differentiated:
    """Return our own loss of a batch and its gradients.

    Parameters
    ----------
    features : (S, d) exact numbers, a row a state.
    online, target : (A, d) exact weights of the two networks, a row for each action number.
    batch : samples (pair, outcome, weight, cut).
    """
    return differentiated(dqn_loss)(mdp, features, online, target, batch, convention)


def transitions(mdp: FiniteMDP, features: Array, batch: Batch, n_actions: int) -> Transitions:
    """Return a batch as tensors of float64. Raises `WrongShape` if features or actions do not fit the model."""
    import torch

    if len(features) != mdp.n_states or n_actions <= mdp.pair_action.max():
        raise WrongShape(
            f"{len(features)} rows of features and {n_actions} heads for {mdp.n_states} states and"
            f" actions up to {mdp.pair_action.max()}"
        )
    observations = _floats(features)
    pairs = [pair for pair, *_ in batch]
    outcomes = [outcome for _, outcome, *_ in batch]
    next_states = mdp.next_state[outcomes]
    legal = np.zeros((mdp.n_states, n_actions), dtype=bool)
    legal[mdp.pair_state, mdp.pair_action] = True
    return Transitions(
        observation=observations[mdp.pair_state[pairs]],
        action=torch.from_numpy(mdp.pair_action[pairs]),
        reward=torch.from_numpy(to_floats(mdp.reward[outcomes])),
        next_observation=observations[next_states],
        terminated=torch.from_numpy(~legal[next_states].any(axis=1)),
        truncated=torch.tensor([cut for *_, cut in batch]),
        legal=torch.from_numpy(legal[next_states]),
        weight=torch.from_numpy(to_floats(weight for _, _, weight, _ in batch)),
    )


def _floats(matrix: Array) -> torch.Tensor:
    import torch

    return torch.from_numpy(to_floats(matrix.flat).reshape(matrix.shape))


def linear_network(weights: Array) -> torch.nn.Linear:
    """Return a network without shifts that has the exact (A, d) weights, in float64."""
    import torch

    heads, columns = weights.shape
    network: torch.nn.Linear = _given_layer()(columns, heads, bias=False, dtype=torch.float64)
    network.weight = torch.nn.Parameter(_floats(weights))
    return network


@cache
def _given_layer() -> Any:
    """A linear layer whose weights are given: nothing is drawn from torch's global generator."""
    import torch

    class GivenLinear(torch.nn.Linear):
        def reset_parameters(self) -> None:
            pass

    return GivenLinear


def _exact_gradient(weights: torch.Tensor) -> Array:
    """The gradient that was left at a parameter; none at all is zero."""
    gradient = np.zeros(tuple(weights.shape)) if weights.grad is None else weights.grad.numpy()
    return exact_array(gradient.flat).reshape(gradient.shape)
