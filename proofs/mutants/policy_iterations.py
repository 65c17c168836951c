"""Wrong sweeps, improvement steps and policy iterations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, to_floats, zeros
from bellcheck.mdp.bellman import (
    expected_backup,
    greedy_pairs,
    greedy_policy,
    optimality_operator,
    policy_operator,
    policy_values,
)
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.sweeps import best_backup, gauss_seidel_sweep, modified_policy_iteration_step

from ..subject import Subject

__all__ = [
    "argmax_of_floats",
    "evaluated_from_zero",
    "exploring_elsewhere",
    "greedy_at_every_sweep",
    "last_state_left_out",
    "leaves_the_incumbent",
    "looks_at_rewards",
    "one_sweep_short",
    "stale_values",
    "swept_twice",
    "undiscounted_in_place",
]


def _swept_twice(mdp: FiniteMDP, q: Array) -> Array:
    return optimality_operator(mdp, optimality_operator(mdp, q))


def _exploring_elsewhere(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: str = "lowest") -> Array:
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


def _stale_values(mdp: FiniteMDP, v: Array, order: Iterable[int]) -> Array:
    """Read from a copy made before the sweep, which is then a sweep of value iteration."""
    swept = v.copy()
    for state in order:
        swept[state] = best_backup(mdp, v, state)
    return swept


def _last_state_left_out(mdp: FiniteMDP, v: Array, order: Iterable[int]) -> Array:
    swept = v.copy()
    for state in list(order)[:-1]:
        swept[state] = best_backup(mdp, swept, state)
    return swept


def _undiscounted_in_place(mdp: FiniteMDP, v: Array, order: Iterable[int]) -> Array:
    return gauss_seidel_sweep(replace(mdp, discount=mdp.discount * 0 + 1), v, order)


def _evaluated_from_zero(mdp: FiniteMDP, v: Array, sweeps: int) -> Array:
    """The greedy policy is evaluated from the value 0, and what was known of it is thrown away."""
    policy = greedy_policy(mdp, expected_backup(mdp, v))
    q = expected_backup(mdp, v * 0)
    for _ in range(sweeps - 1):
        q = policy_operator(mdp, policy, q)
    return policy_values(mdp, policy, q)


def _greedy_at_every_sweep(mdp: FiniteMDP, v: Array, sweeps: int) -> Array:
    for _ in range(sweeps):
        v = modified_policy_iteration_step(mdp, v, 1)
    return v


def _one_sweep_short(mdp: FiniteMDP, v: Array, sweeps: int) -> Array:
    """The sweep that finds the greedy policy is counted as one of its evaluation, and its result is not used."""
    return modified_policy_iteration_step(mdp, v, sweeps - 1) if sweeps > 1 else v


argmax_of_floats = Subject("improvement-step", "argmax of rounded values", _argmax_of_floats)
evaluated_from_zero = Subject("modified-policy-iteration", "every policy evaluated from 0", _evaluated_from_zero)
exploring_elsewhere = Subject("behaviour", "exploration among the other actions alone", _exploring_elsewhere)
greedy_at_every_sweep = Subject("modified-policy-iteration", "a new policy at every sweep", _greedy_at_every_sweep)
last_state_left_out = Subject("gauss-seidel", "a sweep without its last state", _last_state_left_out)
leaves_the_incumbent = Subject(
    "improvement-step", "another of several best actions at each step", _leaves_the_incumbent, bug="H6"
)
looks_at_rewards = Subject("improvement-step", "best for one step only", _looks_at_rewards)
one_sweep_short = Subject("modified-policy-iteration", "a sweep too few", _one_sweep_short)
stale_values = Subject("gauss-seidel", "reading what was there before the sweep", _stale_values)
swept_twice = Subject("operator", "two sweeps in place of one", _swept_twice)
undiscounted_in_place = Subject("gauss-seidel", "undiscounted backups in place", _undiscounted_in_place)
