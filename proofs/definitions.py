"""The textbook's definitions, written out over outcomes one at a time.

Slow, obvious, and sharing nothing with the operators in ``bellcheck.mdp``: a check that compares our code with these
cannot be satisfied by the same mistake twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from flint import fmpq, fmpq_mat

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP

__all__ = [
    "action_values",
    "backup",
    "closed_classes",
    "deterministic_policies_of",
    "optimal_values",
    "policies_within",
    "state_value",
    "state_values",
    "target",
]


def state_value(mdp: FiniteMDP, q: Array, state: int) -> fmpq:
    """Return max over a of Q(s, a), or 0 if s is terminal."""
    best: fmpq = max((q[x] for x in mdp.pairs_of(state)), default=fmpq(0))
    return best


def state_values(mdp: FiniteMDP, q: Array) -> Array:
    """Return V_Q, the (S,) values of all states."""
    return exact_array(state_value(mdp, q, state) for state in range(mdp.n_states))


def backup(mdp: FiniteMDP, q: Array) -> Array:
    """Return the sum over outcomes of p (r + gamma max over a' of Q(s', a'))."""
    return exact_array(
        sum(
            (
                mdp.probability[k] * (mdp.reward[k] + mdp.discount * state_value(mdp, q, int(mdp.next_state[k])))
                for k in mdp.outcomes_of(x)
            ),
            fmpq(0),
        )
        for x in range(mdp.n_pairs)
    )


def target(mdp: FiniteMDP, q: Array, outcome: int) -> fmpq:
    """Return r + gamma max over a' of Q(s', a') of one outcome: what Q-learning moves towards."""
    return mdp.reward[outcome] + mdp.discount * state_value(mdp, q, int(mdp.next_state[outcome]))


def action_values(mdp: FiniteMDP, policy: Array) -> Array:
    """Return q_pi, the (N,) solution of q(s, a) = sum of p (r + gamma sum over a' of pi(a' | s') q(s', a')).

    At discount 1 there may be more; pairs from which nothing is ever paid are then set to 0, their sum of rewards.
    Raises ``ZeroDivisionError`` where that leaves the solution open: the policy is paid for ever, without discount.
    """
    n = mdp.n_pairs
    idle = _never_paid(mdp, policy) if mdp.discount == 1 else set()
    system, right = fmpq_mat(n, n), fmpq_mat(n, 1)
    for x in range(n):
        system[x, x] += 1
        if x in idle:
            continue
        for k in mdp.outcomes_of(x):
            right[x, 0] += mdp.probability[k] * mdp.reward[k]
            for y in mdp.pairs_of(int(mdp.next_state[k])):
                system[x, y] -= mdp.discount * mdp.probability[k] * policy[y]
    return exact_array(system.solve(right).entries())


def _never_paid(mdp: FiniteMDP, policy: Array) -> set[int]:
    """Return the pairs that pay nothing and lead, under the policy, only to such pairs or to an end."""
    idle, before = set(range(mdp.n_pairs)), -1
    while len(idle) != before:
        before = len(idle)
        idle = {
            x
            for x in idle
            if all(
                mdp.probability[k] == 0
                or (
                    mdp.reward[k] == 0
                    and all(policy[y] == 0 or y in idle for y in mdp.pairs_of(int(mdp.next_state[k])))
                )
                for k in mdp.outcomes_of(x)
            )
        }
    return idle


def closed_classes(P: Array) -> int:
    """Return how many closed classes a chain has: the dimension of the space of all mu with mu P = mu."""
    n = len(P)
    return n - int(fmpq_mat(n, n, [fmpq(int(x == y)) - P[x, y] for x in range(n) for y in range(n)]).rank())


def deterministic_policies_of(mdp: FiniteMDP) -> Iterator[Array]:
    """Yield every deterministic stationary policy, as probabilities over the pairs."""
    return policies_within(mdp, np.ones(mdp.n_pairs, dtype=bool))


def policies_within(mdp: FiniteMDP, allowed: np.ndarray) -> Iterator[Array]:
    """Yield every deterministic policy that takes only pairs of a mask: of greedy pairs, every way to break ties."""
    for chosen in product(*([x for x in mdp.pairs_of(int(state)) if allowed[x]] for state in mdp.acting)):
        policy = np.full(mdp.n_pairs, fmpq(0), dtype=object)
        policy[list(chosen)] = fmpq(1)
        yield policy


def optimal_values(mdp: FiniteMDP) -> Array:
    """Return q*, at each pair the largest q_pi of any deterministic stationary policy: for models with few policies."""
    values = [action_values(mdp, policy) for policy in deterministic_policies_of(mdp)]
    return exact_array(max(q[x] for q in values) for x in range(mdp.n_pairs))
