"""Wrong Bellman operators and maxima: planted bugs, with the public thread or source that one is written after."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, segment_sum, zeros
from bellcheck.mdp.bellman import expected_backup, policy_values, state_values
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = [
    "boltzmann_average",
    "double_counted_outcomes",
    "doubled_reward",
    "minimum_in_place_of_maximum",
    "padded_maximum",
    "terminal_value_from_the_table",
    "total",
    "undiscounted_backup",
    "undiscounted_policy_backup",
    "value_of_the_state_left",
]


def _undiscounted_backup(mdp: FiniteMDP, q: Array) -> Array:
    v = state_values(mdp, q)
    return segment_sum(mdp.probability * (mdp.reward + v[mdp.next_state]), mdp.outcome_start[:-1])


def _double_counted_outcomes(mdp: FiniteMDP, q: Array) -> Array:
    """Each outcome added up twice, so that the probabilities of a pair sum to 2."""
    return 2 * expected_backup(mdp, state_values(mdp, q))


def _value_of_the_state_left(mdp: FiniteMDP, q: Array) -> Array:
    """The value of s taken in the place of that of s'."""
    v = state_values(mdp, q)[mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]]
    return segment_sum(mdp.probability * (mdp.reward + v * mdp.discount), mdp.outcome_start[:-1])


def _undiscounted_policy_backup(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    v = policy_values(mdp, policy, q)
    return segment_sum(mdp.probability * (mdp.reward + v[mdp.next_state]), mdp.outcome_start[:-1])


def _doubled_reward(mdp: FiniteMDP, q: Array) -> Array:
    v = state_values(mdp, q)
    return segment_sum(mdp.probability * (2 * mdp.reward + v[mdp.next_state] * mdp.discount), mdp.outcome_start[:-1])


def _minimum_in_place_of_maximum(mdp: FiniteMDP, q: Array) -> Array:
    return expected_backup(mdp, -state_values(mdp, -q))


def _padded_maximum(mdp: FiniteMDP, q: Array) -> Array:
    """Tables padded with zeros to a common number of actions, and the padding takes part in the maximum."""
    most = max(len(mdp.pairs_of(state)) for state in range(mdp.n_states))
    v = state_values(mdp, q)
    for state in mdp.acting:
        if len(mdp.pairs_of(state)) < most and v[state] < 0:
            v[state] = zeros(q, 1)[0]
    return expected_backup(mdp, v)


def _terminal_value_from_the_table(mdp: FiniteMDP, q: Array) -> Array:
    """The state's row read from a table that has one for terminal states too, here with the first entry of all."""
    v = state_values(mdp, q)
    v[list(mdp.terminal_states)] = q[0]
    return expected_backup(mdp, v)


def _total(values: Array) -> Scalar:
    return values.sum()


def _boltzmann_average(values: Array) -> Scalar:
    """Weights 2^x for integers x, so that the average is rational."""
    weights = [fmpq(2) ** int(x.p) for x in values]
    return sum(w * x for w, x in zip(weights, values, strict=True)) / sum(weights)


undiscounted_backup = Subject(
    "operator",
    "undiscounted backup",
    _undiscounted_backup,
    cites="llSourcell/AI_for_video_games_demo issue 2",
    bug="H8",
)
double_counted_outcomes = Subject("operator", "outcomes counted twice", _double_counted_outcomes)
undiscounted_policy_backup = Subject(
    "policy-operator",
    "undiscounted policy backup",
    _undiscounted_policy_backup,
    cites="aimacode/aima-python issue 16",
    bug="H8",
)
doubled_reward = Subject("operator", "reward counted twice", _doubled_reward)
minimum_in_place_of_maximum = Subject(
    "operator", "minimum in place of maximum", _minimum_in_place_of_maximum, cites="the sign convention of costs"
)
padded_maximum = Subject("operator", "maximum over padded actions", _padded_maximum, cites="thu-ml/tianshou issue 309")
terminal_value_from_the_table = Subject(
    "operator",
    "terminal value read from the table",
    _terminal_value_from_the_table,
    cites="lazyprogrammer/machine_learning_examples issue 13",
)
value_of_the_state_left = Subject("operator", "value of the state left", _value_of_the_state_left, bug="H17")
total = Subject("maximum", "sum in place of maximum", _total)
boltzmann_average = Subject("maximum", "Boltzmann average", _boltzmann_average, cites="Littman 1996")
