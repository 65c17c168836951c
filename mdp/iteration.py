r"""Value iteration, as it stands in the textbook: the iterates, their damped form, and when to stop.

.. math:: X_{k+1} = (1 - \alpha_k) X_k + \alpha_k T X_k

With every step size 1 these are the iterates T^k Q of value iteration; Q-learning is the same line with one sample in
the place of T. Each sweep shrinks the distance to q* by the factor 1 - (1 - gamma) alpha_k.

A sweep that changes little is not a sweep that is near: the distance to v* may be 1 / (1 - gamma) times the change.
`nearly_optimal_policy` stops by the rule that accounts for it. `solve.value_iteration` is what to use in floats: it
measures its own rounding errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .arithmetic import Array, Scalar, max_norm
from .bellman import expected_backup, greedy_policy, optimality_operator, state_values
from .model import FiniteMDP
from .solve import ImproperPolicy

__all__ = ["damped_value_iterates", "nearly_optimal_policy", "value_iterates"]


def value_iterates(mdp: FiniteMDP, q: Array) -> Iterator[Array]:
    """Yield Q, TQ, T^2 Q, ... without end, (N,) tables."""
    while True:
        yield q
        q = optimality_operator(mdp, q)


def damped_value_iterates(mdp: FiniteMDP, q: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    """Yield X_0 = Q, X_1, ..., X_n for n step sizes: each moves a share alpha_k of the way from X_k to T X_k."""
    yield q
    for step_size in step_sizes:
        # Tables stand first: z3 would take a whole array for a number.
        q = q * (1 - step_size) + optimality_operator(mdp, q) * step_size
        yield q


def nearly_optimal_policy(mdp: FiniteMDP, v: Array, epsilon: Scalar) -> Array:
    """Return a deterministic policy with v* - v_pi <= epsilon in every state, by value iteration from `v`.

    Sweeps V <- TV until 2 gamma ||TV - V|| <= epsilon (1 - gamma), and then takes the actions that attain the maximum
    in TV: the lowest of those that tie. `v` has shape (S,), the policy (N,). For exact models: in binary64 the change
    of a sweep need never become that small.

    Raises `ImproperPolicy` at discount 1, where no change is small enough, and ``ValueError`` unless epsilon > 0.
    """
    if mdp.discount == 1:
        raise ImproperPolicy("no sweep of value iteration shows how near it is at discount 1; use policy_iteration")
    if not epsilon > 0:
        raise ValueError(f"epsilon {epsilon} is not positive; value iteration would never stop")
    while True:
        q = expected_backup(mdp, v)
        following = state_values(mdp, q)
        if 2 * mdp.discount * max_norm(following - v) <= epsilon * (1 - mdp.discount):
            return greedy_policy(mdp, q)
        v = following
