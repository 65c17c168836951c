r"""Policy iteration looks at no policy twice, and its answer is v* itself.

.. math:: \#\{\text{policies evaluated}\} \le \prod_s |A(s)|, \qquad V = v_\pi = v^*

Why: each step but the last raises some value and lowers none (improvement.improvement-theorem), so that no policy comes
back, and there are no more than the product says. Where a step changes nothing, the policy is optimal
(improvement.pi-terminates), and what was computed of it are its exact values. Unlike value iteration there is no
epsilon: ties, duplicated actions and a discount next to 1 make no difference.

All of this hangs on three lines of a loop. The test must be one of *values*, or keep the incumbent where values tie:
who compares policies and may take any of the best goes round among equal ones for ever. The flag must mean what its
name says. And the evaluation must end: at discount 1 the sweeps of a policy that goes on for ever add its rewards up
without end, and a limit on their number is one only if they are counted. So where some policy may go on for ever at
discount 1, the solver has to look before it starts, and refuse.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.draws import DISCOUNTS
from bellcheck.mdp.examples import two_arms, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..assumptions import finite, values_exist
from ..claim import Claim, cite
from ..mutants import planners
from ..plans import best_values, is_complete, solvable, values_of
from ..relation import Relation, all_of, at_most, equal

policy_iteration = Claim(
    id="improvement.policy-iteration",
    title="Policy iteration looks at no policy twice, and its answer is v* itself",
    statement=r"\#\{\text{policies evaluated}\} \le \prod_s |A(s)|, \qquad V = v_\pi = v^*",
    subject="policy-iteration",
    needs=(finite, values_exist),
    uses=("improvement.improvement-theorem", "improvement.pi-terminates"),
    sources=(cite("puterman1994", "section 6.4", verified=False), cite("sutton2018", "section 4.3", verified=False)),
)
policy_iteration.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many policies the product bounds nothing, and"
    " there need be no last step.",
)


@policy_iteration.exact(mdp=mdps(max_states=2, discounts=["1/2", 1, 0, "9/10", "99/100"]))
def it_ends(iterate: Any, mdp: FiniteMDP) -> Relation:
    """Every state is answered for, or the model refused: also where at discount 1 a policy may go on for ever."""
    plan = iterate(mdp)
    return equal(mdp.n_states if plan.stopped else 0, mdp.n_states)


for _mutant in (
    planners.changes_for_no_gain,
    planners.stable_when_changed,
    planners.endless_evaluation,
    planners.uncounted_evaluation,
):
    policy_iteration.refutes(_mutant, by=it_ends)


# Two actions that are each other's mirror image tie exactly, and in floats now the one is ahead and now the other.
_alike = mdps(max_states=4, terminal=False, discounts=["7/8", "9/10", "15/16", "3/4"], shapes=["reflected"])


@policy_iteration.exact(mdp=st.one_of(mdps(max_states=3), _alike))
def no_policy_is_seen_twice(iterate: Any, mdp: FiniteMDP) -> Relation:
    """It evaluates no more policies than there are, stopped from outside or not, if it says how many."""
    sweeps = iterate(mdp).sweeps
    if sweeps is None:
        return all_of([])
    return at_most(sweeps, math.prod(len(mdp.pairs_of(int(state))) for state in mdp.acting))


policy_iteration.attained("two arms, the better one second", by=no_policy_is_seen_twice, mdp=two_arms)
policy_iteration.refutes(planners.changes_for_no_gain, by=no_policy_is_seen_twice)


@policy_iteration.exact(mdp=solvable(DISCOUNTS))
def answer_is_optimal(iterate: Any, mdp: FiniteMDP) -> Relation:
    """There is one, its values are v*, and its policy has them."""
    plan = iterate(mdp)
    complete = is_complete(mdp, plan)
    if not complete.holds:
        return complete
    best = best_values(mdp)
    return all_of([complete, equal(plan.values, best), equal(values_of(mdp, plan.policy), best)])


for _mutant in (planners.best_for_one_step, planners.changes_for_no_gain, planners.stable_when_changed):
    policy_iteration.refutes(_mutant, by=answer_is_optimal)
policy_iteration.fails_without(values_exist, by=answer_is_optimal, mdp=zero_reward_loop)


@policy_iteration.too_strong(beside=answer_is_optimal)
def the_first_step_is_enough(iterate: Any, mdp: FiniteMDP) -> Relation:
    """From the lowest actions more than one step may be needed: it looks at more than two policies."""
    return at_most(iterate(mdp).sweeps, 2)
