"""Wrong SARSA updates, and wrong answers to where SARSA comes to rest."""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, segment_sum, zeros
from bellcheck.mdp.behaviour import epsilon_greedy, uniform
from bellcheck.mdp.bellman import expected_backup, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update as q_learning
from bellcheck.mdp.sarsa import expected_update, update
from bellcheck.mdp.solve import Solution, evaluate, policy_iteration

from ..subject import Subject

__all__ = [
    "action_repeated",
    "all_of_both",
    "best_value_of_next_state",
    "end_bootstrapped",
    "exploring_left_out",
    "exploring_once_for_each_action",
    "greedy_for_q_star",
    "policy_not_asked",
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


def _exploring_once_for_each_action(
    mdp: FiniteMDP, q: Array, pair: int, outcome: int, policy: Array, step_size: Scalar
) -> Array:
    """Weights epsilon in place of epsilon / |A(s)|, beside 1 - epsilon for the greedy action: more than 1 in all.

    In an epsilon-greedy row the smallest probability is epsilon / |A(s)|.
    """
    weights = policy.copy()
    for state in mdp.acting:
        row = slice(mdp.pair_start[state], mdp.pair_start[state + 1])
        weights[row] = policy[row] + (len(policy[row]) - 1) * min(policy[row])
    return expected_update(mdp, q, pair, outcome, weights, step_size)


def _policy_not_asked(mdp: FiniteMDP, q: Array, pair: int, outcome: int, policy: Array, step_size: Scalar) -> Array:
    return expected_update(mdp, q, pair, outcome, uniform(mdp), step_size)


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


best_value_of_next_state = Subject("sarsa", "best action in place of the one taken next", _best_value, bug="F1")
action_repeated = Subject("sarsa", "the action just taken in place of the one taken next", _action_repeated)
end_bootstrapped = Subject("sarsa", "terminal state bootstrapped", _end_bootstrapped)
exploring_once_for_each_action = Subject(
    "expected-sarsa", "epsilon in place of epsilon / |A(s)|", _exploring_once_for_each_action, bug="F3"
)
policy_not_asked = Subject("expected-sarsa", "plain mean in place of the policy's", _policy_not_asked)
exploring_left_out = Subject("soft-solver", "exploring left out: q*", _exploring_left_out)
greedy_for_q_star = Subject("soft-solver", "the epsilon-greedy policy of q*", _greedy_for_q_star)
all_of_both = Subject("soft-operator", "maximum + epsilon mean", _all_of_both)
