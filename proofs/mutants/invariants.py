"""Wrong learners and behaviours that break an invariance: of scale, of order, of shift, of names.

Learners have the signature of `bellcheck.mdp.q_learning.update`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, max_norm, segment_sum, to_floats
from bellcheck.mdp.behaviour import softmax, uniform
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update

from ..subject import Subject

__all__ = ["clipped_rewards", "relative_temperature", "roulette_wheel"]


def _clipped_rewards(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    """Rewards cut to [-1, 1], each in its own arithmetic: another problem, whose tables do not scale with them."""
    clipped = np.array([min(max(reward, -1), 1) + 0 * reward for reward in mdp.reward], mdp.reward.dtype)
    return update(replace(mdp, reward=clipped), q, pair, outcome, step_size)


def _roulette_wheel(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: str = "lowest") -> Array:
    """Actions in proportion to their positive values, evenly where none is positive: a behaviour that sees levels."""
    share = exact_array(max(value, fmpq(0)) for value in q)
    total = segment_sum(share, mdp.acting_start)
    rows = np.repeat(np.arange(len(mdp.acting)), np.diff(mdp.pair_start)[mdp.acting])
    even = uniform(mdp)
    chosen = exact_array(share[x] / total[i] if total[i] > 0 else even[x] for x, i in enumerate(rows))
    return epsilon * even + (1 - epsilon) * chosen


def _relative_temperature(mdp: FiniteMDP, q: Array, temperature: float) -> Array:
    largest = float(to_floats([max_norm(q)])[0])
    return softmax(mdp, q, temperature * largest if largest > 0 else temperature)


clipped_rewards = Subject(
    "q-learner", "rewards clipped to [-1, 1]", _clipped_rewards, cites="Mnih et al. 2015, Methods"
)
relative_temperature = Subject("softmax", "temperature relative to the largest value", _relative_temperature)
roulette_wheel = Subject("behaviour", "actions in proportion to their values", _roulette_wheel)
