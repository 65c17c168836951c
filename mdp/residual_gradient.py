r"""The residual-gradient update: a step of gradient descent on the Bellman error, which takes two successors.

.. math::
    w \leftarrow w - \alpha \, \delta \, \nabla \delta', \qquad
    \delta = r + \gamma V_{\hat q_w}(s') - \hat q_w(x), \qquad
    \nabla \delta' = \gamma \nabla V_{\hat q_w}(s'') - \nabla \hat q_w(x)

With s' and s'' drawn independently after the same pair x the mean step is that of descent on BE/2. With one successor
in the place of both ("naive") it is descent on TDE/2, another objective. Baird 1995 gives both.
"""

from __future__ import annotations

import numpy as np

from .approximation import QHat, WrongShape
from .arithmetic import Array, Scalar
from .bellman import greedy_policy, policy_values
from .model import FiniteMDP

__all__ = ["residual_gradient_update"]


def residual_gradient_update(
    mdp: FiniteMDP,
    q_hat: QHat,
    parameters: Array,
    outcomes: tuple[int, int],
    step_size: Scalar,
    policy: Array | None = None,
) -> Array:
    """Return w - step_size * delta * grad delta', the (d,) parameters after two outcomes of one pair.

    The first outcome gives the error delta, the second the slope; both number outcomes of the model. Without a policy V
    is the greedy action's value, ties to the lowest. Raises ``ValueError`` if the outcomes belong to different pairs.
    """
    table = q_hat(parameters)
    if len(table) != mdp.n_pairs:
        raise WrongShape(f"q_hat has {len(table)} values for the {mdp.n_pairs} pairs of the model")
    pair, other = (int(x) for x in np.searchsorted(mdp.outcome_start, outcomes, side="right") - 1)
    if pair != other:
        raise ValueError(
            f"outcomes {outcomes[0]} and {outcomes[1]} follow pairs {pair} and {other}; take two of one pair"
        )
    followed = greedy_policy(mdp, table) if policy is None else policy
    values = policy_values(mdp, followed, table)
    first, second = outcomes
    td_error = mdp.reward[first] + mdp.discount * values[mdp.next_state[first]] - table[pair]
    slope = -q_hat.gradient(parameters, pair)
    for x in mdp.pairs_of(int(mdp.next_state[second])):
        slope = slope + q_hat.gradient(parameters, x) * (mdp.discount * followed[x])
    return parameters - slope * (step_size * td_error)
