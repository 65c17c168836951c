"""Wrong SARSA updates, and wrong answers to where SARSA comes to rest."""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, segment_sum, zeros
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.bellman import expected_backup, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update as q_learning
from bellcheck.mdp.sarsa import update
from bellcheck.mdp.solve import Solution, evaluate, policy_iteration

from ..subject import Subject

__all__ = [
    "action_repeated",
    "all_of_both",
    "best_value_of_next_state",
    "end_bootstrapped",
    "exploring_left_out",
    "greedy_for_q_star",
]


def _best_value(mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar) -> Array:
    return q_learning(mdp, q, pair, outcome, step_size)


def _action_repeated(
    mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar
) -> Array:
    if next_pair is not None:
        row = mdp.pairs_of(int(mdp.next_state[outcome]))
        next_pair = next((x for x in row if mdp.pair_action[x] == mdp.pair_action[pair]), next_pair)
    return update(mdp, q, pair, outcome, next_pair, step_size)


def _end_bootstrapped(
    mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar
) -> Array:
    return update(mdp, q, pair, outcome, 0 if next_pair is None else next_pair, step_size)


def _exploring_left_out(mdp: FiniteMDP, epsilon: object) -> Solution:
    return policy_iteration(mdp)


def _greedy_for_q_star(mdp: FiniteMDP, epsilon: object) -> Solution:
    best = policy_iteration(mdp)
    policy = epsilon_greedy(mdp, best.q, epsilon)
    q = evaluate(mdp, policy)
    return Solution(q, state_values(mdp, q), policy, 1)


def _all_of_both(mdp: FiniteMDP, q: Array, epsilon: Scalar) -> Array:
    values = zeros(q, mdp.n_states)
    mean = segment_sum(q, mdp.acting_start) / np.diff(mdp.pair_start)[mdp.acting]
    values[mdp.acting] = state_values(mdp, q)[mdp.acting] + mean * epsilon
    return expected_backup(mdp, values)


best_value_of_next_state = Subject("sarsa", "best action in place of the one taken next", _best_value)
action_repeated = Subject("sarsa", "the action just taken in place of the one taken next", _action_repeated)
end_bootstrapped = Subject("sarsa", "terminal state bootstrapped", _end_bootstrapped)
exploring_left_out = Subject("soft-solver", "exploring left out: q*", _exploring_left_out)
greedy_for_q_star = Subject("soft-solver", "the epsilon-greedy policy of q*", _greedy_for_q_star)
all_of_both = Subject("soft-operator", "maximum + epsilon mean", _all_of_both)
