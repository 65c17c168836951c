r"""The mean of the target r + gamma v(s') under a policy, and its covariance with grad v(s'), outcome by outcome.

.. math:: (T_\pi \hat q)(x) = \mathbb E[r + \gamma v(s') \mid x], \qquad
          \gamma \sum_x \mu(x) \operatorname{Cov}\bigl(r + \gamma v(s'), \nabla v(s') \bigm| x\bigr)

for linear q_hat = X w, where v(s') is the policy's mean of q_hat and grad v(s') that of the rows of X. Nothing is
shared with the operators and objectives of ``bellcheck.mdp``.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP

__all__ = ["covariances", "discounted_successor", "policy_backup"]


def discounted_successor(mdp: FiniteMDP, policy: Array, rows: Array, outcome: int) -> Any:
    """Return gamma times the policy's mean at the next state of a table, or of the rows of a matrix; 0 at an end."""
    pairs = mdp.pairs_of(int(mdp.next_state[outcome]))
    return mdp.discount * sum((policy[y] * rows[y] for y in pairs), 0 * rows[0])


def policy_backup(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    """Return T_pi q, of shape (N,)."""
    return exact_array(
        sum(
            (
                mdp.probability[k] * (mdp.reward[k] + discounted_successor(mdp, policy, q, k))
                for k in mdp.outcomes_of(x)
            ),
            fmpq(0),
        )
        for x in range(mdp.n_pairs)
    )


def covariances(mdp: FiniteMDP, policy: Array, mu: Array, features: Array, q: Array) -> Array:
    """Return gamma sum mu Cov(r + gamma v(s'), grad v(s') | x), of shape (d,), for the table q of those features."""
    total = 0 * features[0]
    for x in range(mdp.n_pairs):
        outcomes = list(mdp.outcomes_of(x))
        targets = [mdp.reward[k] + discounted_successor(mdp, policy, q, k) for k in outcomes]
        center = sum((mdp.probability[k] * y for k, y in zip(outcomes, targets, strict=True)), fmpq(0))
        for k, y in zip(outcomes, targets, strict=True):
            slope = discounted_successor(mdp, policy, features, k)
            total = total + mu[x] * mdp.probability[k] * (y - center) * slope
    return total
