r"""One gradient step of regression on labels that stay as they are: what is repeated between two refreshes of a target.

.. math:: w \leftarrow w + \alpha \sum_x \mu(x) \, (y(x) - \hat q_w(x)) \, \nabla \hat q_w(x)

With labels y = T q_hat_w of the current parameters it is the expected semi-gradient step of Q-learning. With y computed
once and the step repeated until nothing moves, it is a step of fitted Q-iteration.
"""

from __future__ import annotations

from .approximation import QHat, WrongShape
from .arithmetic import Array, Scalar

__all__ = ["regression_step"]


def regression_step(q_hat: QHat, mu: Array, label: Array, parameters: Array, step_size: Scalar) -> Array:
    """Return the (d,) parameters after one step on half the squared error, for weights and labels of shape (N,)."""
    table = q_hat(parameters)
    if not len(mu) == len(label) == len(table):
        raise WrongShape(f"q_hat has {len(table)} values, mu {len(mu)} and the labels {len(label)}")
    after = parameters
    for x in range(len(table)):
        after = after + step_size * mu[x] * (label[x] - table[x]) * q_hat.gradient(parameters, x)
    return after
