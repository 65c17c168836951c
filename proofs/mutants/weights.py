"""Wrong weights: outcomes, pairs or rewards that count for more or less than the theory says."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, segment_sum
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["clipped_rewards", "equally_weighted_outcomes"]


def _clipped_rewards(mdp: FiniteMDP, q: Array) -> Array:
    """Each reward cut off at -1 and 1, so that the mean of what is left is no function of the mean."""
    clipped = exact_array(min(max(reward, fmpq(-1)), fmpq(1)) for reward in mdp.reward)
    v = state_values(mdp, q)
    return segment_sum(mdp.probability * (clipped + v[mdp.next_state] * mdp.discount), mdp.outcome_start[:-1])


def _equally_weighted_outcomes(mdp: FiniteMDP, q: Array) -> Array:
    """The plain average of the outcomes that are listed, however probable each is."""
    v = state_values(mdp, q)
    counts = np.diff(mdp.outcome_start)
    return segment_sum(mdp.reward + v[mdp.next_state] * mdp.discount, mdp.outcome_start[:-1]) / counts


clipped_rewards = Subject("operator", "rewards clipped to [-1, 1]", _clipped_rewards, cites="Mnih and others 2015")
equally_weighted_outcomes = Subject("operator", "outcomes weighted equally", _equally_weighted_outcomes)
