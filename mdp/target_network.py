r"""Q-learning with a target network, in tables: the target is computed from a copy Q^- that is kept for a while.

.. math:: Q(s, a) \leftarrow (1 - \alpha)\, Q(s, a) + \alpha \bigl(r + \gamma \max_{a' \in A(s')} Q^-(s', a')\bigr)

Between two refreshes Q^- <- Q the target does not depend on what is learnt, so this is regression on fixed labels: the
mean of a step is a step of the mean, and the mean moves straight towards TQ^-.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from .arithmetic import Array, Scalar
from .bellman import optimality_operator
from .model import FiniteMDP
from .q_learning import td_target

__all__ = ["expected_steps", "update"]


def update(mdp: FiniteMDP, q: Array, target: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    """Return a new table in which the entry of `pair` has moved towards r + gamma V(s'), V being that of `target`.

    `q` and `target` have shape (N,); with ``target = q`` it is the update of Q-learning.
    """
    changed = q[np.arange(len(q))]  # a copy in every arithmetic
    changed[pair] = (1 - step_size) * q[pair] + step_size * td_target(mdp, target, outcome)
    return changed


def expected_steps(mdp: FiniteMDP, q: Array, target: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    """Yield Q_0 = q, Q_1, ..., Q_n for n step sizes: each moves every pair a share alpha of the way to T `target`.

    >>> from .arithmetic import exact_array
    >>> loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")
    >>> zero = exact_array([0])
    >>> [str(q[0]) for q in expected_steps(loop, zero, zero, exact_array(["1/2", "1/2"]))]
    ['0', '1/2', '3/4']
    """
    towards = optimality_operator(mdp, target)
    yield q
    for step_size in step_sizes:
        # Tables stand first: z3 would take a whole array for a number.
        q = q * (1 - step_size) + towards * step_size
        yield q
