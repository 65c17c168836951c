"""Wrong learners and behaviours that break an invariance: of scale, of order, of shift, of names.

Learners have the signature of `bellcheck.mdp.q_learning.update`.
"""

from __future__ import annotations

from dataclasses import replace

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update

from ..subject import Subject

__all__ = ["clipped_rewards"]


def _clipped_rewards(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    """Rewards cut to [-1, 1]: another problem, whose tables do not scale with the rewards."""
    clipped = exact_array(min(max(reward, fmpq(-1)), fmpq(1)) for reward in mdp.reward)
    return update(replace(mdp, reward=clipped), q, pair, outcome, step_size)


clipped_rewards = Subject(
    "q-learner", "rewards clipped to [-1, 1]", _clipped_rewards, cites="Mnih et al. 2015, Methods"
)
