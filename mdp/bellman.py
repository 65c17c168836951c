r"""Bellman operators: one step of look-ahead.

.. math::
    V_Q(s) = \max_{a \in A(s)} Q(s, a), \qquad V_Q(\text{terminal}) = 0

    (TQ)(s, a) = \sum_{s', r} p(s', r \mid s, a) \, (r + \gamma V_Q(s'))

T is the optimality operator, with fixed point q*; T_pi, with the mean over pi in place of the maximum, has the fixed
point q_pi. Sutton and Barto 2018, section 3.5 and 3.6. Everything here works in every arithmetic.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import Array, segment_max, segment_sum, zeros
from .model import FiniteMDP

__all__ = [
    "WrongTable",
    "expected_asynchronous_operator",
    "expected_backup",
    "greedy_pairs",
    "greedy_policy",
    "optimality_operator",
    "policy_operator",
    "policy_values",
    "residual",
    "state_values",
]


class WrongTable(ValueError):
    """Something that is no table over the pairs of the model, or in another arithmetic than the model."""


def _require_table(mdp: FiniteMDP, values: Array, what: str) -> None:
    shape = tuple(getattr(values, "shape", ()))
    if shape != (mdp.n_pairs,):
        given = f"has shape {shape}" if shape else f"is a {type(values).__name__}"
        raise WrongTable(f"{what} {given}; it must be an array over the {mdp.n_pairs} pairs of the model")


def state_values(mdp: FiniteMDP, q: Array) -> Array:
    """Return V_Q, the (S,) values of the states under the best action of each; 0 where there is no action."""
    _require_table(mdp, q, "the table")
    values = zeros(q, mdp.n_states)
    values[mdp.acting] = segment_max(q, mdp.acting_start)
    return values


def policy_values(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    """Return the (S,) values sum over a of pi(a | s) Q(s, a); `policy` is an (N,) vector of probabilities."""
    _require_table(mdp, q, "the table")
    _require_table(mdp, policy, "the policy")
    values = zeros(q, mdp.n_states)
    values[mdp.acting] = segment_sum(policy * q, mdp.acting_start)
    return values


def expected_backup(mdp: FiniteMDP, v: Array) -> Array:
    """Return the (N,) table of expected reward plus discounted value of the next state."""
    if (v.dtype == object) != (mdp.probability.dtype == object):
        raise WrongTable(
            "the table is in floats and the model exact, or the reverse; use mdp.to_float() or exact_array"
        )
    # The array stands first: z3's multiplication would take a whole array for a number.
    return segment_sum(mdp.probability * (mdp.reward + v[mdp.next_state] * mdp.discount), mdp.outcome_start[:-1])


def optimality_operator(mdp: FiniteMDP, q: Array) -> Array:
    """Return TQ for a table `q` of shape (N,)."""
    return expected_backup(mdp, state_values(mdp, q))


def policy_operator(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    """Return T_pi Q for a table `q` and a policy, both of shape (N,)."""
    return expected_backup(mdp, policy_values(mdp, policy, q))


def residual(mdp: FiniteMDP, q: Array) -> Array:
    """Return the Bellman residual TQ - Q; its max norm bounds the distance to q* from both sides."""
    return optimality_operator(mdp, q) - q


def expected_asynchronous_operator(mdp: FiniteMDP, mu: Array, q: Array) -> Array:
    """Return Q + mu (TQ - Q), entry by entry: where one update at step 1 leads on average if its pair is drawn from mu.

    `mu` and `q` have shape (N,). At step size alpha the mean update goes the share alpha of that way.
    """
    _require_table(mdp, mu, "mu")
    return q + mu * residual(mdp, q)


def greedy_pairs(mdp: FiniteMDP, q: Array) -> np.ndarray:
    """Return an (N,) mask of the pairs whose action is greedy: every tied one, not the first alone."""
    return np.asarray(q == state_values(mdp, q)[mdp.pair_state], dtype=bool)


def greedy_policy(mdp: FiniteMDP, q: Array) -> Array:
    """Return the deterministic greedy policy, an (N,) vector of zeros and ones; ties go to the lowest action."""
    greedy = greedy_pairs(mdp, q)
    policy = zeros(q, mdp.n_pairs)
    for state in mdp.acting:
        first = next(pair for pair in mdp.pairs_of(state) if greedy[pair])
        policy[first] = policy[first] + 1
    return policy
