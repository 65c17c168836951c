r"""Clipping, of rewards and of errors: two things with one name.

.. math::
    \text{rewards:}\quad r \mapsto \min(\max(r, l), h), \qquad
    \text{errors:}\quad L_\kappa(\delta) = \begin{cases} \delta^2 / 2 & |\delta| \le \kappa \\
        \kappa\, (|\delta| - \kappa / 2) & |\delta| > \kappa \end{cases}

The first changes the problem. The second, the Huber loss, changes the steps: its slope is the error, clipped.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .arithmetic import Array, Scalar
from .model import FiniteMDP

__all__ = ["clipped_rewards", "huber"]


def clipped_rewards(mdp: FiniteMDP, low: Scalar, high: Scalar) -> FiniteMDP:
    """Return the model that pays `low` where `mdp` pays less, and `high` where it pays more; exact or float.

    >>> clipped_rewards(FiniteMDP.from_pairs(1, [(0, 0, [(1, 10, 0)])], "1/2"), -1, 1).reward
    array([1], dtype=object)
    """
    # Added to a reward's zero, a bound has the arithmetic of the rewards.
    zero = mdp.reward * 0
    return replace(mdp, reward=np.minimum(np.maximum(mdp.reward, zero + low), zero + high))


def huber(error: Array, threshold: Scalar) -> Array:
    """Return the Huber loss of each error, for a threshold > 0: a square in between, and lines beyond.

    Works on exact, float and tensor arrays; the derivative of a tensor is the error clipped to [-threshold, threshold].
    """
    clipped = error.clip(-threshold, threshold)
    return clipped * (error - clipped / 2)
