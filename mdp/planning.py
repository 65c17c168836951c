r"""What a solver answers, as data, and two solvers that keep what they promise.

A solver is asked for values within epsilon of v* and a policy that loses at most epsilon in any state. One number
certifies both. Let Q be any table, B = ||TQ - Q|| / (1 - gamma), and pi greedy for Q. Then

.. math:: \lVert V_Q - v^* \rVert \le B, \qquad v^* - v_\pi \le 2B

Why: B bounds ||Q - q*||, and maxima are no further apart than tables. A greedy policy has T_pi Q = TQ, so that B bounds
||Q - q_pi|| as well, and V_Q(s) = Q(s, pi(s)) is within B of v_pi(s). So sweeps that certify B <= epsilon / 2 are
enough. From ||Q - q*|| <= B alone a greedy policy may lose 2B / (1 - gamma): the residual says more than the distance.

In binary64 there are tolerances that no sweep reaches, near discount 1 more sweeps than anybody waits for, and at
discount 1 no residual certifies anything. `plan` says so in the first two cases, and iterates policies in the third.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact, exact_array, to_floats, zeros
from .bellman import WrongTable, expected_backup, greedy_policy, state_values
from .model import FiniteMDP, InvalidMDP
from .solve import ImproperPolicy, policy_iteration, value_iteration

__all__ = ["Plan", "accepts", "iterate", "no_plan", "plan"]

MAX_SWEEPS = 5_000
"""Enough at discount 99/100 for any epsilon that binary64 can reach; then `plan` says that it stopped short."""


@dataclass(frozen=True)
class Plan:
    """The answer of a solver.

    Parameters
    ----------
    values : (S,) values of the states, exact numbers (floats bit for bit); 0 in terminal states.
    policy : (N,) zeros and ones over the pairs, one action for each state that has any.
    converged : what the solver says of itself; None if it says nothing.
    sweeps : how many it made, or how many policies it looked at; None if it does not say.
    stopped : False if it had to be stopped from outside, because it would have gone on for ever.
    failed : why there is no answer: what the solver said when it refused the model, or crashed; empty if there is one.
    """

    values: Array
    policy: Array
    converged: bool | None
    sweeps: int | None
    stopped: bool = True
    failed: str = ""

    @property
    def answered(self) -> bool:
        """Whether the solver came to an end, and with an answer."""
        return self.stopped and not self.failed


def no_plan(why: str) -> Plan:
    """Return what is left of a solver that refused or crashed: its words."""
    return Plan(exact_array([]), exact_array([]), None, None, failed=why)


def plan(mdp: FiniteMDP, epsilon: object, start: Array | None = None) -> Plan:
    """Return values within epsilon of v* and a policy that loses at most epsilon, or say that this is not certain.

    Value iteration in binary64, from the state values `start`, (S,), or from 0; entries of terminal states are not
    read. `converged` is true just if the residual of the result, taken in exact rationals, proves the promise. At
    discount 1 exact policy iteration, which needs no start.

    A model without an answer (at discount 1 a policy may go on for ever; a reward is beyond binary64) gives a `Plan`
    that names the reason. Raises `WrongTable` if `start` has another shape.

    >>> loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "9/10")
    >>> answer = plan(loop, "1/100")
    >>> abs(answer.values[0] - 10) < exact("1/100"), answer.converged
    (True, True)
    """
    try:
        if mdp.discount == 1:
            solution = policy_iteration(mdp)
            return Plan(solution.v, solution.policy, True, solution.iterations)
        table = None if start is None else _looking_ahead(mdp, start)
        certified = value_iteration(mdp, exact(epsilon) / 2, MAX_SWEEPS, start=table)
    except (ImproperPolicy, InvalidMDP) as error:
        return no_plan(str(error))
    q = exact_array(certified.q)
    return Plan(state_values(mdp, q), greedy_policy(mdp, q), certified.converged, certified.iterations)


def _looking_ahead(mdp: FiniteMDP, start: Array) -> np.ndarray:
    if np.shape(start) != (mdp.n_states,):
        raise WrongTable(f"the start has shape {np.shape(start)}; it needs a value for each of {mdp.n_states} states")
    v = np.zeros(mdp.n_states)
    v[mdp.acting] = to_floats(start[mdp.acting])
    return expected_backup(mdp.to_float(), v)


def iterate(mdp: FiniteMDP) -> Plan:
    """Return v* and an optimal policy by Howard's exact policy iteration from the lowest action of each state.

    `sweeps` counts the policies that were evaluated, the last of which no step improves. Where at discount 1 a policy
    may go on for ever, the `Plan` says so.
    """
    first = zeros(mdp.probability, mdp.n_pairs)
    first[mdp.acting_start] = fmpq(1)
    try:
        solution = policy_iteration(mdp, first)
    except ImproperPolicy as error:
        return no_plan(str(error))
    return Plan(solution.v, solution.policy, True, solution.iterations)


def accepts(P: object, R: object, discount: object) -> bool:
    """Return whether transition probabilities (S, A, S), rewards (S, A) and a discount are a decision process.

    >>> accepts([[[1, 0]], [["4/5", 1]]], [[0], [0]], "1/2")
    False
    """
    try:
        FiniteMDP.from_arrays(P, R, discount)
    except InvalidMDP:
        return False
    return True
