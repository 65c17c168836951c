r"""The greedy policies along value iteration need not improve: all states can get worse from one sweep to the next.

.. math:: \exists\,\text{MDP},\ V_0 = 0,\ k: \qquad v_{\pi_{k+1}}(s) < v_{\pi_k}(s) \ \forall s,
    \qquad \pi_k \in \operatorname{greedy}(T^k V_0)

Why: the improvement theorem is about the value of a policy, and T^k V_0 is none. It is what can be earned in k steps,
and what is best for k steps need not be good for ever. A loan shows it: staying pays 0, borrowing pays 1, then -1 to
pay back, for ever in turn. For one step borrowing is best, and so it is for ever. For two steps it is not, if gamma >
1/2: borrow last. So from the second sweep on 0 the policy that stays is greedy, it owes nothing and earns nothing, and
both states lose 1 / (1 + gamma) and gamma / (1 + gamma). Two states are the least: with a single acting state each
action's backup is a line in the one number V, their maximum is convex, and the fixed points of its tangents rise
as V approaches v*, from either side.

Nor does it help to begin below and climb. One more reward in every outcome makes V_0 = 0 a subsolution, V_0 <= T V_0,
and moves no greedy action: the iterates rise from sweep to sweep while the policies get worse. What rises with the
iterates is only a floor, v_pi >= T^{k+1} V_0 for pi = pi_k. That value iteration ends at v* is due to the contraction,
and its policies are good once it is near. Policy iteration, which evaluates what it follows, does improve at every
step.

The second instance, found by search, has three states, and both of its policies are greedy without a tie.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import greedy_policy, policy_values, state_values
from bellcheck.mdp.examples import loan, worsening_policies
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim, cite
from ..definitions import action_values
from ..mutants import operators, policy_iterations
from ..relation import Relation, all_of, at_most, equal, less_than

vi_not_monotone = Claim(
    id="improvement.vi-not-monotone",
    title="The greedy policies along value iteration can get worse in every state",
    statement=r"\exists\,\text{MDP},\ V_0 = 0,\ k:\ v_{\pi_{k+1}}(s) < v_{\pi_k}(s) \ \forall s,"
    r"\quad \pi_k \in \operatorname{greedy}(T^k V_0)",
    subject="operator",
    uses=("improvement.improvement-theorem",),
    sources=(cite("puterman1994"),),
)


def _iterates(T: Any, mdp: FiniteMDP, sweeps: int) -> list[Array]:
    iterates = [mdp.table(0)]
    for _ in range(sweeps):
        iterates.append(T(mdp, iterates[-1]))
    return iterates


def _worth_of_greedy(mdp: FiniteMDP, q: Array) -> Array:
    """The values of all states under the policy that is greedy for a table."""
    policy = greedy_policy(mdp, q)
    return policy_values(mdp, policy, action_values(mdp, policy))


@vi_not_monotone.fixture(mdp=loan, sweep=1)
@vi_not_monotone.fixture(mdp=worsening_policies, sweep=3)
def next_policy_is_worse_everywhere(T: Any, mdp: FiniteMDP, sweep: int) -> Relation:
    """The policy that is greedy one sweep later is worth less in every state."""
    *_, before, after = _iterates(T, mdp, sweep + 1)
    return less_than(_worth_of_greedy(mdp, after), _worth_of_greedy(mdp, before))


vi_not_monotone.refutes(operators.minimum_in_place_of_maximum, by=next_policy_is_worse_everywhere)
vi_not_monotone.refutes(policy_iterations.swept_twice, by=next_policy_is_worse_everywhere)


@vi_not_monotone.too_strong(beside=next_policy_is_worse_everywhere)
def greedy_policies_improve(T: Any, mdp: FiniteMDP, sweep: int) -> Relation:
    """As if every table were the value of a policy."""
    *_, before, after = _iterates(T, mdp, sweep + 1)
    return at_most(_worth_of_greedy(mdp, before), _worth_of_greedy(mdp, after))


_AFTER_THREE = exact_array(["34250/7401", "20345/4934", "73985/14802"])
_AFTER_FOUR = exact_array(["6950/1713", "3985/1142", "15365/3426"])


@vi_not_monotone.fixture(mdp=worsening_policies)
def values_of_the_two_policies(T: Any, mdp: FiniteMDP) -> Relation:
    """What the policies after three and after four sweeps are worth, to the last digit."""
    *_, third, fourth = _iterates(T, mdp, 4)
    return all_of(
        [
            equal(_worth_of_greedy(mdp, third), _AFTER_THREE),
            equal(_worth_of_greedy(mdp, fourth), _AFTER_FOUR),
        ]
    )


vi_not_monotone.refutes(operators.minimum_in_place_of_maximum, by=values_of_the_two_policies)


def _paid_one_more() -> FiniteMDP:
    mdp = loan()
    return replace(mdp, reward=mdp.reward + 1)


@vi_not_monotone.fixture(mdp=_paid_one_more)
def worse_while_the_iterates_rise(T: Any, mdp: FiniteMDP) -> Relation:
    """V_0 <= V_1 <= ... <= V_8 and every policy is worth the next iterate at least, yet the second is worse."""
    iterates = _iterates(T, mdp, 8)
    values = [state_values(mdp, q) for q in iterates]
    worth = [_worth_of_greedy(mdp, q) for q in iterates]
    rising = [at_most(before, after) for before, after in pairwise(values)]
    floors = [at_most(after, policy) for after, policy in zip(values[1:], worth, strict=False)]
    return all_of([less_than(worth[2], worth[1]), *rising, *floors])


vi_not_monotone.refutes(operators.double_counted_outcomes, by=worse_while_the_iterates_rise)
