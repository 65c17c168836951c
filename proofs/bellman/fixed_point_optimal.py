r"""The fixed point of T is the best value of any policy, at every pair at once.

.. math:: q^*(s, a) = \max_\pi q_\pi(s, a), \qquad q^* = T q^*

The maximum runs over all deterministic stationary policies, and one policy attains it in every coordinate.

Why: T q_pi >= q_pi, since a maximum is at least a mean; T is monotone (bellman.monotone-convex-shift) and a contraction
(bellman.contraction), so iterating it from any q_pi climbs to its fixed point, which therefore dominates every q_pi. A
policy that is greedy for the fixed point has it as its own value, by the equation itself. Here it is checked by listing
every policy.

This is what Q-learning's limit *means*. It holds for the discounted model and for action sets that depend on the state.
At discount 1 T may have many fixed points: on a loop without rewards it moves no table at all, and only one of them is
the value (folklore.any-finite-mdp).
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps

from ..assumptions import discounted, finite
from ..claim import Claim, cite, isabelle, rocq
from ..definitions import action_values, deterministic_policies_of, optimal_values
from ..mutants import operators
from ..relation import Relation, all_of, equal
from ..runs import best_or_any

fixed_point_optimal = Claim(
    id="bellman.fixed-point-optimal",
    title="The fixed point of T is the best value of any policy, at every pair at once",
    statement=r"q^*(s, a) = \max_\pi q_\pi(s, a) \quad\text{and}\quad q^* = T q^*",
    subject="operator",
    needs=(finite, discounted),
    uses=("bellman.contraction", "bellman.monotone-convex-shift"),
    sources=(cite("sutton2018", "(3.20), (4.2)", verified=False), cite("puterman1994", "Thm 6.2.7", verified=False)),
    proved_in=(rocq("max_ltv_eq_fixpt"), isabelle("𝓛⇩b_fix_iff_opt")),
)

_few_policies = mdps(max_states=3, max_actions=3)


def _values_of_policies(mdp: FiniteMDP) -> list[Array]:
    return [action_values(mdp, policy) for policy in deterministic_policies_of(mdp)]


def _best(values: list[Array]) -> Array:
    best = values[0]
    for q in values[1:]:
        best = best + (q - best) * (q > best)
    return best


@fixed_point_optimal.exact(mdp=_few_policies)
def best_policy_solves_the_equation(T: Any, mdp: FiniteMDP) -> Relation:
    """The pointwise best of all policies is a fixed point of T, is attained by one policy, and is what we solve for."""
    values = _values_of_policies(mdp)
    best = _best(values)
    best_single_policy = max(values, key=lambda q: sum(q, 0))
    return all_of([equal(T(mdp, best), best), equal(best_single_policy, best), equal(policy_iteration(mdp).q, best)])


fixed_point_optimal.refutes(operators.minimum_in_place_of_maximum, by=best_policy_solves_the_equation)
fixed_point_optimal.refutes(operators.padded_maximum, by=best_policy_solves_the_equation)
fixed_point_optimal.refutes(operators.terminal_value_from_the_table, by=best_policy_solves_the_equation)
fixed_point_optimal.refutes(operators.value_of_the_state_left, by=best_policy_solves_the_equation)


@fixed_point_optimal.too_strong(beside=best_policy_solves_the_equation)
def optimal_somewhere_is_optimal_everywhere(T: Any, mdp: FiniteMDP) -> Relation:
    """A policy that is optimal at one pair need not be optimal at the others."""
    values = _values_of_policies(mdp)
    best = _best(values)
    return all_of([equal(q, best) for q in values if (q == best).any()])


@fixed_point_optimal.too_strong(beside=best_policy_solves_the_equation)
def optimal_policy_is_unique(T: Any, mdp: FiniteMDP) -> Relation:
    """Values are unique, policies are not: ties leave several optimal ones."""
    values = _values_of_policies(mdp)
    best = _best(values)
    return equal(sum(bool((q == best).all()) for q in values), 1)


@fixed_point_optimal.exact(mdp=_few_policies, best=optimal_values, q=best_or_any)
def no_other_table_stays(T: Any, mdp: FiniteMDP, best: Array, q: Array) -> Relation:
    """T leaves a table where it is exactly if that is the best value: *the* fixed point."""
    return equal(bool((T(mdp, q) == q).all()), bool((q == best).all()))


fixed_point_optimal.refutes(operators.minimum_in_place_of_maximum, by=no_other_table_stays)
# Nothing is ever paid on the loop, so its value is 0; T leaves 1 as well.
fixed_point_optimal.fails_without(
    discounted,
    by=no_other_table_stays,
    mdp=zero_reward_loop,
    q=lambda: exact_array([1]),
)
fixed_point_optimal.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many actions the best value may be attained"
    " by no policy: actions that pay 1 - 1/n.",
)
