"""Wrong sweeps, improvement steps and policy iterations."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, to_floats, zeros
from bellcheck.mdp.bellman import expected_backup, greedy_pairs, greedy_policy, optimality_operator
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import evaluate

from ..subject import Subject

__all__ = ["argmax_of_floats", "exploring_elsewhere", "leaves_the_incumbent", "looks_at_rewards", "swept_twice"]


def _swept_twice(mdp: FiniteMDP, q: Array) -> Array:
    return optimality_operator(mdp, optimality_operator(mdp, q))


def _exploring_elsewhere(mdp: FiniteMDP, q: Array, epsilon: Scalar) -> Array:
    """Epsilon spread over the actions that are not greedy, so that they are taken more often than epsilon / |A(s)|."""
    greedy = greedy_policy(mdp, q)
    others = (np.diff(mdp.pair_start) - 1)[mdp.pair_state]
    return np.where(others == 0, greedy, (1 - epsilon) * greedy + epsilon * (1 - greedy) / np.maximum(others, 1))


def _leaves_the_incumbent(mdp: FiniteMDP, policy: Array) -> Array:
    """The best action after the incumbent in cyclic order, where there are several: a random choice gets there too."""
    greedy = greedy_pairs(mdp, evaluate(mdp, policy))
    chosen = mdp.table(0)
    for state in map(int, mdp.acting):
        pairs = list(mdp.pairs_of(state))
        incumbent = next(i for i, x in enumerate(pairs) if policy[x] == 1)
        after = pairs[incumbent + 1 :] + pairs[: incumbent + 1]
        chosen[next(x for x in after if greedy[x])] = fmpq(1)
    return chosen


def _argmax_of_floats(mdp: FiniteMDP, policy: Array) -> Array:
    """The first action with the largest value in binary64, where rounding makes equal values differ."""
    rounded = mdp.to_float()
    return exact_array(greedy_policy(rounded, evaluate(rounded, to_floats(policy))))


def _looks_at_rewards(mdp: FiniteMDP, policy: Array) -> Array:
    """The action with the largest mean reward, whatever it leads to."""
    return greedy_policy(mdp, expected_backup(mdp, zeros(mdp.probability, mdp.n_states)))


argmax_of_floats = Subject("improvement-step", "argmax of rounded values", _argmax_of_floats)
exploring_elsewhere = Subject("behaviour", "exploration among the other actions alone", _exploring_elsewhere)
leaves_the_incumbent = Subject(
    "improvement-step", "another of several best actions at each step", _leaves_the_incumbent
)
looks_at_rewards = Subject("improvement-step", "best for one step only", _looks_at_rewards)
swept_twice = Subject("operator", "two sweeps in place of one", _swept_twice)
