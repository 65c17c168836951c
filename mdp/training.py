r"""Training as a program's main loop does it: episodes with a time limit, epsilon-greedy actions, one update a step.

A few steps in exact rationals: what comes out is the recording of what was done and the table that was learned, so that
the one can be held against the other (claim `q-learning.run-is-its-log`). For long runs in floats see `simulation`.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import Array, Scalar, to_floats
from .behaviour import epsilon_greedy
from .model import FiniteMDP
from .q_learning import update
from .transitions import Recording

__all__ = ["EPISODES", "TIME_LIMIT", "drawn_from", "train"]

EPISODES, TIME_LIMIT = 2, 3
"""So few that the numbers of a program in floats stay exact: at most six updates."""


def train(mdp: FiniteMDP, step_size: Scalar, epsilon: Scalar, seed: int) -> tuple[Recording, Array]:
    """Return the steps of `EPISODES` episodes, each cut off after `TIME_LIMIT` steps, and the (N,) table afterwards.

    It starts from Q_0 = 0, and ties go to the lowest action. Episodes begin in the first state that acts.
    """
    rng = np.random.default_rng(seed)
    q = mdp.table(0)
    steps: list[tuple[int, int, bool]] = []
    for _ in range(EPISODES):
        state = int(mdp.acting[0])
        for t in range(TIME_LIMIT):
            pair = drawn_from(epsilon_greedy(mdp, q, epsilon), mdp.pairs_of(state), rng)
            outcome = drawn_from(mdp.probability, mdp.outcomes_of(pair), rng)
            q = update(mdp, q, pair, outcome, step_size)
            state = int(mdp.next_state[outcome])
            ended = not mdp.pairs_of(state)
            steps.append((pair, outcome, t + 1 == TIME_LIMIT and not ended))
            if ended:
                break
    return tuple(steps), q


def drawn_from(weights: Array, places: range | list[int], rng: np.random.Generator) -> int:
    """Return one of the places, each with a probability that is proportional to its exact weight."""
    shares = to_floats(weights[list(places)])
    return int(rng.choice(list(places), p=shares / shares.sum()))
