r"""Solvers: exact policy iteration, and value iteration with a certificate.

Exact policy iteration evaluates by a rational linear solve and improves with the incumbent action kept on ties, so it
stops after finitely many steps at q* (Puterman 1994, section 6.4). Value iteration runs in binary64; its error bound is

.. math:: \lVert Q - q^* \rVert \le \lVert TQ - Q \rVert / (1 - \gamma)

with the residual of the *float* table taken in exact rationals, so that no rounding escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact_array, max_norm, solve, to_floats, zeros
from .bellman import WrongTable, expected_backup, greedy_policy, optimality_operator, residual, state_values
from .model import FiniteMDP, InvalidMDP

__all__ = [
    "CertifiedSolution",
    "ImproperPolicy",
    "NoImprovement",
    "Solution",
    "evaluate",
    "improvement_step",
    "policy_iteration",
    "require_proper",
    "value_iteration",
]


class ImproperPolicy(ValueError):
    """A discount of 1 where some policy may go on for ever, so that values need not exist."""


class NoImprovement(ArithmeticError):
    """A policy came back, which the policy improvement theorem excludes if every operator is right."""


@dataclass(frozen=True)
class Solution:
    """q*, v* and an optimal deterministic policy, all exact."""

    q: Array
    v: Array
    policy: Array
    iterations: int


@dataclass(frozen=True)
class CertifiedSolution:
    """A float table and a proved bound on its distance to q*.

    `error_bound` is a rational B with max |q - q*| <= B; `converged` says whether B <= the tolerance asked for.
    """

    q: np.ndarray
    error_bound: fmpq
    converged: bool
    iterations: int


def require_proper(mdp: FiniteMDP) -> None:
    """Raise `ImproperPolicy` if the discount is 1 and some policy may never reach a terminal state.

    The states in which a policy can stay for ever are the greatest set W in which every state has an action that leads
    into W with probability 1.
    """
    if mdp.discount != 1:
        return
    inside = np.zeros(mdp.n_states, dtype=bool)
    inside[mdp.acting] = True
    while True:
        stays = inside[mdp.next_state] | np.asarray(mdp.probability == 0, dtype=bool)
        closed = np.logical_and.reduceat(stays, mdp.outcome_start[:-1]) if mdp.n_pairs else np.zeros(0, dtype=bool)
        keeps = np.zeros(mdp.n_states, dtype=bool)
        np.logical_or.at(keeps, mdp.pair_state, closed)
        if np.array_equal(keeps & inside, inside):
            break
        inside &= keeps
    if inside.any():
        state = mdp.state_name(int(np.flatnonzero(inside)[0]))
        raise ImproperPolicy(f"discount 1, but a policy may go on for ever from state {state}; give a discount below 1")


def evaluate(mdp: FiniteMDP, policy: Array) -> Array:
    """Return q_pi, the fixed point of T_pi, by a linear solve over the states; `policy` has shape (N,)."""
    if tuple(getattr(policy, "shape", ())) != (mdp.n_pairs,):
        raise WrongTable(f"a policy is an array of probabilities over the {mdp.n_pairs} pairs of the model")
    weight = np.repeat(policy, np.diff(mdp.outcome_start)) * mdp.probability
    source = mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]
    position = np.full(mdp.n_states, -1)
    position[mdp.acting] = np.arange(len(mdp.acting))
    n = len(mdp.acting)
    system = zeros(mdp.probability, n * n).reshape(n, n)
    right = zeros(mdp.probability, n)
    for i in range(n):
        system[i, i] = system[i, i] + 1
    for k in range(len(weight)):
        row, column = position[source[k]], position[mdp.next_state[k]]
        right[row] = right[row] + weight[k] * mdp.reward[k]
        if column >= 0:
            system[row, column] = system[row, column] - mdp.discount * weight[k]
    v = zeros(mdp.probability, mdp.n_states)
    v[mdp.acting] = solve(system, right)
    return expected_backup(mdp, v)


def improvement_step(mdp: FiniteMDP, policy: Array) -> Array:
    """Return Howard's next policy: in each state a best action for q_pi, which is the incumbent if that is one.

    Exact; `policy` is deterministic, of zeros and ones. It comes back as it was just if it is optimal.
    """
    q = evaluate(mdp, policy)
    improved = _keep_incumbent(mdp, q, state_values(mdp, q), policy)
    return policy if improved is None else improved


def policy_iteration(mdp: FiniteMDP, policy: Array | None = None) -> Solution:
    """Return q* of an exact model by Howard's policy iteration.

    Starts from the deterministic `policy`, (N,) zeros and ones; by default from the one that float value iteration
    proposes, which saves exact solves and changes no result. `iterations` counts the policies that were evaluated.
    Raises `ImproperPolicy` at discount 1 unless every policy terminates.
    """
    require_proper(mdp)
    if policy is None:
        policy = greedy_policy(mdp, _float_sweeps(mdp))
    policy = exact_array([int(x) for x in policy])
    left: set[tuple[int, ...]] = set()
    while True:
        q = evaluate(mdp, policy)
        v = state_values(mdp, q)
        improved = _keep_incumbent(mdp, q, v, policy)
        if improved is None:
            return Solution(q, v, policy, len(left) + 1)
        left.add(tuple(np.flatnonzero(policy).tolist()))
        if tuple(np.flatnonzero(improved).tolist()) in left:
            raise NoImprovement("policy iteration came back to a policy that it had left; an operator is wrong")
        policy = improved


def _keep_incumbent(mdp: FiniteMDP, q: Array, v: Array, policy: Array) -> Array | None:
    improved = policy.copy()
    changed = False
    for state in mdp.acting:
        pairs = mdp.pairs_of(state)
        incumbent = next(x for x in pairs if policy[x] == 1)
        if q[incumbent] < v[state]:
            changed = True
            improved[incumbent] = fmpq(0)
            improved[next(x for x in pairs if q[x] == v[state])] = fmpq(1)
    return improved if changed else None


def _float_sweeps(mdp: FiniteMDP, sweeps: int = 1_000) -> np.ndarray:
    q = np.zeros(mdp.n_pairs)
    try:
        rounded = mdp.to_float()
    except InvalidMDP:
        return q
    for _ in range(sweeps):
        following = _float_backup(rounded, q)
        if np.array_equal(following, q) or not np.isfinite(following).all():
            break
        q = following
    return q


def _float_backup(rounded: FiniteMDP, q: np.ndarray) -> np.ndarray:
    # Values beyond the range of binary64 become infinite or undefined; callers stop there.
    with np.errstate(over="ignore", invalid="ignore"):
        following: np.ndarray = optimality_operator(rounded, q)
    return following


def value_iteration(
    mdp: FiniteMDP, tolerance: object, max_sweeps: int = 100_000, *, start: np.ndarray | None = None
) -> CertifiedSolution:
    """Return a float table within a certified distance of q* of an exact model with discount below 1.

    Sweeps from `start`, an (N,) float table, or from 0, until the float residual promises the tolerance or stops
    shrinking; then the bound is computed exactly, and `converged` is true only if it meets `tolerance`. Raises
    `ImproperPolicy` at discount 1, and `InvalidMDP` if a reward is too large for binary64.
    """
    if mdp.discount == 1:
        raise ImproperPolicy("the residual certifies nothing at discount 1; use policy_iteration")
    asked = exact_array([tolerance])[0]
    rounded = mdp.to_float()
    goal = float(to_floats([asked * (1 - mdp.discount)])[0])
    q: np.ndarray = rounded.table(0.0) if start is None else start
    smallest = np.inf
    sweeps = 0
    while sweeps < max_sweeps:
        sweeps += 1
        following = _float_backup(rounded, q)
        if not np.isfinite(following).all():
            break
        change = max_norm(following - q)
        q = following
        if change <= goal / 2 or (change >= smallest and change <= 1e-12 * max_norm(q)):
            break
        smallest = min(smallest, change)
    bound = max_norm(residual(mdp, exact_array(q))) / (1 - mdp.discount)
    return CertifiedSolution(q, bound, bool(bound <= asked), sweeps)
