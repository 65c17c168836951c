r"""Often said: a policy that is greedy for Q loses at most 2 gamma / (1 - gamma) times the error of Q.

.. math:: \lVert v^* - v_\pi \rVert \le \frac{2\gamma}{1-\gamma} \lVert Q - q^* \rVert

It mixes two theorems. The constant belongs to the loss in *action* values, ||q* - q_pi||, or to a policy found by
look-ahead on a table V of *state* values. The state values that a Q-greedy policy loses come with the larger constant
2 / (1 - gamma), which is attained (bellman.greedy-loss).

The instance to remember is discount 0, where the formula forbids any loss at all: two actions that pay 1 and 0, a table
that has them the wrong way round, and the greedy policy takes the worse one. The wrong choice is made *now*, from a
wrong Q; with look-ahead, rewards are known and only the discounted future can be wrong.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import policy_values, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..claim import Claim, cite
from ..definitions import action_values, optimal_values, policies_within
from ..relation import Relation, all_of, at_most

greedy_loss_constant = Claim(
    id="folklore.greedy-loss-constant",
    title='"A greedy policy loses at most 2 gamma / (1 - gamma) times the error of the table"',
    statement=r"\lVert v^* - v_\pi \rVert \le \frac{2\gamma}{1-\gamma} \lVert Q - q^* \rVert"
    r" \quad\text{for}\ \pi\ \text{greedy for}\ Q",
    subject="greedy-pairs",
    uses=("bellman.greedy-loss",),
    sources=(cite("singh1994"), cite("williams1993")),
    expected="refuted",
)

_two_arms = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 0, 0)])], discount=0)


# At discount 0 every loss refutes it; near discount 1 most tables satisfy it.
@greedy_loss_constant.fixture(mdp=_two_arms, error=exact_array([-1, 1]))
@greedy_loss_constant.exact(mdp=mdps(max_states=3, discounts=[0]), error=tables)
def state_values_lost(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """(1 - gamma) ||v* - v_pi|| <= 2 gamma ||error|| for every policy that is greedy for Q = q* + error."""
    best = optimal_values(mdp)
    bound = 2 * mdp.discount * max_norm(error)
    relations = []
    for policy in policies_within(mdp, greedy(mdp, best + error)):
        lost = state_values(mdp, best) - policy_values(mdp, policy, action_values(mdp, policy))
        relations.append(at_most((1 - mdp.discount) * max_norm(lost), bound))
    return all_of(relations)


@greedy_loss_constant.truth(beside=state_values_lost)
def actions_with_that_constant_and_states_without_gamma(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """The action values lost obey the formula; the state values lost obey 2 / (1 - gamma) times the error."""
    best = optimal_values(mdp)
    relations = []
    for policy in policies_within(mdp, greedy(mdp, best + error)):
        q = action_values(mdp, policy)
        lost = state_values(mdp, best) - policy_values(mdp, policy, q)
        relations += [
            at_most((1 - mdp.discount) * max_norm(best - q), 2 * mdp.discount * max_norm(error)),
            at_most((1 - mdp.discount) * max_norm(lost), 2 * max_norm(error)),
        ]
    return all_of(relations)
