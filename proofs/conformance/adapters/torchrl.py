"""torchrl: ``DQNLoss`` with a target network, as a function of our two linear networks and a batch.

It divides a weighted mean by the sum of the weights, its smooth L1 loss is Huber's with threshold 1, and where an
episode is ``done`` it asks ``terminated`` whether to bootstrap.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal

import torch
from tensordict import TensorDict
from torchrl.data import Categorical
from torchrl.modules import QValueActor
from torchrl.objectives import DQNLoss

__all__ = ["double_dqn", "dqn", "dqn_l1", "dqn_smooth_l1", "weighted_dqn"]

Loss = Callable[..., dict[str, Any]]


def _loss(function: Literal["l2", "l1", "smooth_l1"], *, double: bool = False, weighted: bool = False) -> Loss:
    def loss(q_net: Any, target_net: Any, batch: Any, gamma: float) -> dict[str, Any]:
        n_actions, _ = q_net.weight.shape
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            actor = QValueActor(
                torch.nn.Linear(q_net.in_features, n_actions, bias=False, dtype=q_net.weight.dtype),
                in_keys=["observation"],
                spec=Categorical(n_actions),
            )
            module = DQNLoss(
                actor, loss_function=function, delay_value=True, double_dqn=double, action_space="categorical"
            )
            module.make_value_estimator(gamma=gamma)
        online, target = (
            _only(getattr(module, name)) for name in ("value_network_params", "target_value_network_params")
        )
        with torch.no_grad():
            online.data.copy_(q_net.weight)
            target.data.copy_(target_net.weight)
        data = TensorDict(_data(batch), [len(batch.actions)])
        if weighted:
            data["priority_weight"] = batch.weights
        value = module(data)["loss"]
        value.backward()
        return {"value": value.detach(), "gradient": online.grad, "target_gradient": target.grad}

    return loss


def _only(parameters: Any) -> Any:
    (value,) = parameters.values(True, True)
    return value


def _data(batch: Any) -> dict[Any, Any]:
    ended, cut = batch.dones.bool(), batch.truncated.bool()
    return {
        "observation": batch.observations,
        "action": batch.actions,
        ("next", "observation"): batch.next_observations,
        ("next", "reward"): batch.rewards[:, None],
        ("next", "done"): (ended | cut)[:, None],
        ("next", "terminated"): ended[:, None],
    }


dqn = _loss("l2")
double_dqn = _loss("l2", double=True)
dqn_l1 = _loss("l1")
dqn_smooth_l1 = _loss("smooth_l1")
weighted_dqn = _loss("l2", weighted=True)
