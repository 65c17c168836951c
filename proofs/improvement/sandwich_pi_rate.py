r"""A step of policy iteration gains at least as much as a step of value iteration from the same table.

.. math:: T q_\pi \le q_{\pi^+} \le q^*, \qquad \lVert q_{\pi^+} - q^* \rVert \le \gamma \lVert q_\pi - q^* \rVert

for pi+ greedy for q_pi, whichever of several best actions it takes.

Why: pi+ takes a maximum where pi takes a mean, so T_pi+ q_pi = T q_pi >= T_pi q_pi = q_pi. T_pi+ is monotone: applied
to q_pi <= T_pi+ q_pi again and again it climbs, from T q_pi on, to its fixed point q_pi+. No policy is worth more than
q*. Then 0 <= q* - q_pi+ <= T q* - T q_pi, and T is a contraction (bellman.contraction).

The rate gamma is attained: where two actions look the same until the policy behind one of them improves, the gain
travels backwards one state a step, as in value iteration. There are finitely many policies, so the steps end
(improvement.pi-terminates), mostly long before the rate would say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import optimality_operator, policy_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import deterministic_policies, mdps, policies, tied_to

from ..assumptions import discounted, finite, greedy_step
from ..claim import Claim, cite, lean
from ..definitions import action_values, state_value
from ..draws import symbolic_mdp
from ..mutants import evaluations
from ..relation import Relation, all_of, at_most, equal, given

sandwich_pi_rate = Claim(
    id="improvement.sandwich-pi-rate",
    title="A step of policy iteration gains at least what a step of value iteration gains",
    statement=r"T q_\pi \le q_{\pi^+} \le q^*, \qquad"
    r" \lVert q_{\pi^+} - q^* \rVert \le \gamma \lVert q_\pi - q^* \rVert",
    subject="evaluation",
    needs=(finite, discounted, greedy_step),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.monotone-convex-shift"),
    sources=(cite("puterman1994"),),
    proved_in=(
        lean("policy_improvement_sandwich", library="jin-yidan/verified-rl"),
        lean("policy_iteration_convergence", library="jin-yidan/verified-rl"),
    ),
)
sandwich_pi_rate.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many actions no best one need exist, and pi+"
    " with it.",
)
sandwich_pi_rate.kept(
    discounted,
    because="At discount 1 the order fails where pi+ may stay for ever, on the instance with which the improvement"
    " theorem loses this assumption (improvement.improvement-theorem); here such a policy has no value, as the system"
    " for it is singular. Where all policies end the order holds with the same proof, and the rate 1 says nothing.",
)


# At 2 x 2, pi+ may be called the second action in both states, and pi then is the first one or agrees in the second.
@sandwich_pi_rate.all_reals(mdp=symbolic_mdp(2, 2), policy=np.array([1, 0, 1, 0]), better=np.array([0, 1, 0, 1]))
@sandwich_pi_rate.all_reals(mdp=symbolic_mdp(2, 2), policy=np.array([1, 0, 0, 1]), better=np.array([0, 1, 0, 1]))
def a_sweep_is_a_lower_bound(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """For states: T_pi+ v_pi, the best values of q_pi, are at most v_pi+. Backed up once more: T q_pi <= q_pi+."""
    q = evaluate(mdp, policy)
    v, swept = policy_values(mdp, policy, q), policy_values(mdp, better, q)
    return given(at_most(v, swept), at_most(swept, policy_values(mdp, better, evaluate(mdp, better))))


@sandwich_pi_rate.too_strong(beside=a_sweep_is_a_lower_bound)
def a_sweep_is_all(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """As if a step of policy iteration were one of value iteration: it goes further."""
    q = evaluate(mdp, policy)
    v, swept = policy_values(mdp, policy, q), policy_values(mdp, better, q)
    return given(at_most(v, swept), equal(swept, policy_values(mdp, better, evaluate(mdp, better))))


@tied_to("deterministic_policy")
@st.composite
def _howard_steps(draw: st.DrawFn, mdp: FiniteMDP, policy: Array) -> Array:
    """Draw policies that are greedy for q_pi, with any choice among tied actions."""
    q = action_values(mdp, policy)
    better = mdp.table(0)
    for state in map(int, mdp.acting):
        best = [x for x in mdp.pairs_of(state) if q[x] == state_value(mdp, q, state)]
        better[draw(st.sampled_from(best))] += 1
    return better


@sandwich_pi_rate.exact(mdp=mdps(), policy=policies, better=_howard_steps)
def between_a_sweep_and_the_optimum(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """Both sides of the sandwich, and the rate."""
    best = policy_iteration(mdp).q
    q, q_better = evaluate(mdp, policy), evaluate(mdp, better)
    return all_of(
        [
            at_most(optimality_operator(mdp, q), q_better),
            at_most(q_better, best),
            at_most(max_norm(q_better - best), mdp.discount * max_norm(q - best)),
        ]
    )


def _worth_going_to() -> FiniteMDP:
    """Stay, or go where one can idle for 0 or work for 1: going pays as soon as one works there."""
    return FiniteMDP.from_pairs(
        3, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 1)]), (1, 0, [(1, 0, 2)]), (1, 1, [(1, 1, 2)])], "9/10"
    )


sandwich_pi_rate.attained(
    "who works has not yet gone there: errors of 9/10, then 81/100",
    by=between_a_sweep_and_the_optimum,
    mdp=_worth_going_to,
    policy=lambda: exact_array([1, 0, 1, 0]),
    better=lambda: exact_array([1, 0, 0, 1]),
)

sandwich_pi_rate.refutes(evaluations.one_sweep, by=between_a_sweep_and_the_optimum)
sandwich_pi_rate.fails_without(greedy_step, by=between_a_sweep_and_the_optimum, better=deterministic_policies)


@sandwich_pi_rate.too_strong(beside=between_a_sweep_and_the_optimum)
def a_sweep_is_an_upper_bound(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """As if a step of policy iteration were one of value iteration: it goes further."""
    return at_most(evaluate(mdp, better), optimality_operator(mdp, evaluate(mdp, policy)))


@sandwich_pi_rate.too_strong(
    beside=between_a_sweep_and_the_optimum,
    mdp=_worth_going_to,
    policy=lambda: exact_array([1, 0, 1, 0]),
    better=lambda: exact_array([1, 0, 0, 1]),
)
def errors_shrink_faster_than_the_discount(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """No smaller factor will do: here the error goes from gamma to gamma^2."""
    best = policy_iteration(mdp).q
    q, q_better = evaluate(mdp, policy), evaluate(mdp, better)
    less = mdp.discount - mdp.discount**2 / 100
    return at_most(max_norm(q_better - best), less * max_norm(q - best))
