r"""A whole run of Q-learning as a black box: a model and a seed go in, the last table comes out.

It is what most programs offer. Nobody sees the path, so nothing can be said of a single update; what can be said is
where a table may be at all, whatever was sampled (claim `q-learning.bounded`).
"""

from __future__ import annotations

import numpy as np

from .arithmetic import Array, exact_array, zeros
from .model import FiniteMDP
from .simulation import run_trajectory
from .step_size import Linear

__all__ = ["learn"]

STEPS, EPSILON = 400, 0.25


def learn(mdp: FiniteMDP, seed: int, start_state: int | None = None) -> Array:
    """Return the (N,) table of Q-learning from Q_0 = 0 after some hundred steps of one trajectory, as exact rationals.

    The run is in binary64: epsilon-greedy, with the step size 1 / n at the n-th visit to a pair. It begins in
    `start_state`, or in a state of the start distribution, as each later episode does.

    Raises `InvalidRun` and `MissingStart` as `run_trajectory` does.
    """
    rng = np.random.default_rng(seed)
    first = zeros(mdp.probability, mdp.n_pairs)
    run = run_trajectory(mdp, first, Linear().floats(STEPS), EPSILON, rng, start_state=start_state)
    return exact_array(run.q)
