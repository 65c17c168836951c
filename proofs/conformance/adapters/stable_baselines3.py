"""Stable-Baselines3: one training step of ``DQN``, with its own replay buffer, networks and optimiser.

The transitions go through the real buffer, time limits as ``TimeLimit.truncated``, and come back in order. What is read
are the gradients that ``train`` leaves, its clipping being out of reach: in binary32, the Huber loss of threshold 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.logger import Logger

__all__ = ["dqn"]


class _InOrder(ReplayBuffer):  # type: ignore[misc] # the library is Any, so that types do not depend on it
    """The buffer, which hands out everything that it holds in place of a random batch."""

    def sample(self, batch_size: int, env: Any = None) -> Any:
        return self._get_samples(np.arange(self.size()), env)


class _Idle(gymnasium.Env[Any, Any]):
    """The spaces alone; no step is taken in it."""

    def __init__(self, n_features: int, n_actions: int) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (n_features,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(n_actions)
        self._seen = np.zeros(n_features, np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return self._seen, {}

    def step(self, action: Any) -> Any:
        return self._seen, 0.0, True, False, {}


@cache
def _agent(n_features: int, n_actions: int, size: int) -> DQN:
    agent = DQN(
        "MlpPolicy",
        _Idle(n_features, n_actions),
        policy_kwargs={"net_arch": []},
        replay_buffer_class=_InOrder,
        buffer_size=size,
        max_grad_norm=1e12,
        device="cpu",
        seed=0,
    )
    agent.set_logger(Logger(None, []))  # which keeps the last number of each name, and writes nothing
    return agent


def dqn(q_net: Any, target_net: Any, batch: Any, gamma: float) -> dict[str, Any]:
    """Take one step of ``DQN.train`` and return the loss that it logs and the gradients that it leaves."""
    n_actions, n_features = q_net.weight.shape
    size = len(batch.actions)
    agent = _agent(n_features, n_actions, size)
    agent.gamma = gamma
    networks = agent.q_net, agent.q_net_target
    with torch.no_grad():
        for network, given in zip(networks, (q_net, target_net), strict=True):
            (weight, bias) = network.parameters()
            weight.copy_(given.weight)
            bias.zero_()
            weight.grad = bias.grad = None
    _fill(agent.replay_buffer, batch)
    agent.train(gradient_steps=1, batch_size=size)
    gradient, target_gradient = (next(iter(network.parameters())).grad for network in networks)
    value = agent.logger.name_to_value["train/loss"]
    return {"value": value, "gradient": gradient, "target_gradient": target_gradient}


def _fill(buffer: Any, batch: Any) -> None:
    buffer.reset()
    for i in range(len(batch.actions)):
        ended, cut = bool(batch.dones[i]), bool(batch.truncated[i])
        buffer.add(
            batch.observations[i : i + 1].numpy(),
            batch.next_observations[i : i + 1].numpy(),
            batch.actions[i : i + 1].numpy(),
            batch.rewards[i : i + 1].numpy(),
            np.array([ended or cut]),
            [{"TimeLimit.truncated": cut and not ended}],
        )
