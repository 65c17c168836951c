r"""Between value and policy iteration: sweeps in place, and improvement steps with partial evaluation.

A Gauss-Seidel sweep backs up one state after the other and reads what it has just written:

.. math:: V(s) \leftarrow \max_{a \in A(s)} \sum_{s', r} p(s', r \mid s, a) \, (r + \gamma V(s'))

A step of modified policy iteration takes the policy pi that is greedy for V by one step of look-ahead, and evaluates it
by m sweeps in place of a linear solve: V <- T_pi^m V. With m = 1 it is a sweep of value iteration; as m grows it nears
a step of policy iteration (Puterman and Shin 1978).

Value functions are (S,) vectors, 0 in terminal states; a sweep leaves those entries alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .arithmetic import Array, Scalar, maximum, segment_sum
from .bellman import expected_backup, greedy_policy, policy_values
from .model import FiniteMDP

__all__ = ["WrongOrder", "best_backup", "gauss_seidel_sweep", "modified_policy_iteration_step"]


class WrongOrder(ValueError):
    """An order of a sweep that leaves out a state, repeats one, or names one that does not act."""


def best_backup(mdp: FiniteMDP, v: Array, state: int) -> Scalar:
    """Return (TV)(s) of one acting state: the best expected reward plus discounted value, in every arithmetic."""
    pairs = slice(mdp.pair_start[state], mdp.pair_start[state + 1])
    starts = mdp.outcome_start[:-1][pairs]
    outcomes = slice(starts[0], mdp.outcome_start[pairs.stop])
    # The array stands first: z3's multiplication would take a whole array for a number.
    returns = mdp.reward[outcomes] + v[mdp.next_state[outcomes]] * mdp.discount
    return maximum(segment_sum(mdp.probability[outcomes] * returns, starts - starts[0]))


def gauss_seidel_sweep(mdp: FiniteMDP, v: Array, order: Iterable[int]) -> Array:
    """Return the values after one sweep in place over the acting states, each once, in the order given.

    `v` has shape (S,) and is left as it is. Raises `WrongOrder` naming the states.
    """
    order = [int(state) for state in order]
    if sorted(order) != mdp.acting.tolist():
        raise WrongOrder(f"the order {order} must name each of the acting states {mdp.acting.tolist()} once")
    v = v[np.arange(len(v))]  # a copy in every arithmetic
    for state in order:
        v[state] = best_backup(mdp, v, state)
    return v


def modified_policy_iteration_step(mdp: FiniteMDP, v: Array, sweeps: int) -> Array:
    """Return T_pi^m V for the policy pi that is greedy for V and m = `sweeps` >= 1; ties go to the lowest action.

    `v` has shape (S,), exact or float. Raises ``ValueError`` if there is no sweep.
    """
    if sweeps < 1:
        raise ValueError(f"{sweeps} sweeps evaluate nothing; give at least 1")
    q = expected_backup(mdp, v)
    policy = greedy_policy(mdp, q)
    for _ in range(sweeps - 1):
        q = expected_backup(mdp, policy_values(mdp, policy, q))
    return policy_values(mdp, policy, q)
