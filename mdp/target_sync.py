r"""When the target network of a DQN changes, and to what.

.. math:: \theta^-_t = \begin{cases} \tau\, \theta_t + (1 - \tau)\, \theta^-_{t-1} & \text{at a sync} \\
          \theta^-_{t-1} & \text{else} \end{cases}

A sync is due at each step with which the number of steps taken in the environment reaches or passes a multiple of the
interval C; tau = 1 copies the network, tau < 1 averages (Polyak). What counts are environment steps: n environments
side by side take n of them at once, and training, which may happen at other steps than these, has no part in it. An
agent that is saved and loaded goes on where it was. Mnih et al. 2015, Methods; Lillicrap et al. 2016.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from .arithmetic import Array, Scalar

__all__ = ["TargetNetwork", "follow"]


@dataclass
class TargetNetwork:
    """The parameters of a target network, its own copy, and the count of environment steps.

    Parameters
    ----------
    parameters : (d,) in any arithmetic.
    interval : C, in environment steps.
    tau : the share of the online network at a sync, in [0, 1].
    n_envs : how many environments step at once.
    """

    parameters: Array
    interval: int
    tau: Scalar
    n_envs: int = 1
    steps: int = 0

    def after_step(self, online: Array) -> None:
        """Count a step of each environment, and sync where that is due."""
        before = self.steps // self.interval
        self.steps += self.n_envs
        if self.steps // self.interval > before:
            self.parameters = self.tau * online + (1 - self.tau) * self.parameters

    def saved(self) -> dict[str, Any]:
        """Return what must be stored: ``TargetNetwork(**saved)`` goes on where this one is."""
        return {**vars(self), "parameters": self.parameters.copy()}


def follow(
    onlines: Sequence[Array],
    target: Array,
    interval: int,
    tau: Scalar,
    train_every: int = 1,
    n_envs: int = 1,
    reloads: Collection[int] = (),
) -> list[Array]:
    """Return the target network's (d,) parameters after each step of the environments.

    Parameters
    ----------
    onlines : the online network's (d,) parameters after each step; training changes them, in place.
    target : (d,) parameters of the target network at first.
    interval, tau, n_envs : see `TargetNetwork`.
    train_every : how many steps there are from one training to the next; it makes no difference.
    reloads : the numbers of the steps, from 1 on, after which the agent is saved and loaded.

    >>> from .arithmetic import exact, exact_array
    >>> onlines = [exact_array([n]) for n in (4, 8, 6, 2)]
    >>> [str(target[0]) for target in follow(onlines, exact_array([0]), interval=2, tau=exact("1/2"))]
    ['0', '4', '4', '3']
    """
    network = TargetNetwork(target.copy(), interval, tau, n_envs)
    online, targets = target.copy(), []
    for step, parameters in enumerate(onlines, start=1):
        online[:] = parameters
        network.after_step(online)
        if step in reloads:
            network = TargetNetwork(**network.saved())
        targets.append(network.parameters)
    return targets
