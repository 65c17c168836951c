"""Wrong replay probabilities and importance weights, of the signatures of `bellcheck.mdp.priorities`."""

from __future__ import annotations

from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.priorities import importance_weights, replay_probabilities

from ..subject import Subject

__all__ = ["inverse_exponent", "last_left_out", "no_weights", "not_divided_by_the_largest"]


def _last_left_out(priorities):
    """The mass is drawn from a sum that ends before the last: of one experience alone, that one."""
    if len(priorities) == 1:
        return replay_probabilities(priorities)
    return exact_array([*replay_probabilities(priorities[:-1]), fmpq(0)])


def _inverse_exponent(priorities, beta):
    return importance_weights(priorities, -beta)


def _no_weights(priorities, beta):
    return importance_weights(priorities, 0)


def _not_divided(priorities, beta):
    return (len(priorities) * replay_probabilities(priorities)) ** -beta


last_left_out = Subject(
    "replay-probabilities",
    "the last experience left out of the sum",
    _last_left_out,
    cites="openai/baselines issue 170",
    bug="G3",
)
inverse_exponent = Subject(
    "importance-weights",
    "exponent beta in place of -beta",
    _inverse_exponent,
    cites="takoika/PrioritizedExperienceReplay issue 1",
    bug="G1",
)
no_weights = Subject(
    "importance-weights", "no importance weights", _no_weights, cites="tensorforce/tensorforce issue 267", bug="G4"
)
not_divided_by_the_largest = Subject("importance-weights", "not divided by the largest weight", _not_divided)
