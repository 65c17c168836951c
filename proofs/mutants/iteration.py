"""Wrong greedy choices, operators that lose an order, and value iterations that shrink or stop wrongly."""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.bellman import expected_backup, greedy_pairs, state_values
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["first_of_the_ties", "largest_magnitude", "least_action"]


def _least_action(mdp: FiniteMDP, q: Array) -> np.ndarray:
    return greedy_pairs(mdp, -q)


def _first_of_the_ties(mdp: FiniteMDP, q: Array) -> np.ndarray:
    greedy = greedy_pairs(mdp, q)
    for state in mdp.acting:
        pairs = np.array(mdp.pairs_of(int(state)))
        greedy[pairs[np.flatnonzero(greedy[pairs])[1:]]] = False
    return greedy


def _largest_magnitude(mdp: FiniteMDP, q: Array) -> Array:
    return expected_backup(mdp, state_values(mdp, abs(q)))


least_action = Subject("greedy-pairs", "the action of least value", _least_action, cites="the sign convention of costs")
first_of_the_ties = Subject("greedy-pairs", "the first of the ties alone", _first_of_the_ties)
largest_magnitude = Subject("operator", "the largest magnitude in place of the maximum", _largest_magnitude)
