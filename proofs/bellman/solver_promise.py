r"""A solver that is asked for epsilon ends, and its values and its policy are within epsilon, from any start.

.. math:: \lVert V - v^* \rVert \le \varepsilon, \qquad v^* - v_\pi \le \varepsilon

What makes the promise possible to keep, and to know that it is kept, is the residual: for every table Q and pi greedy
for Q, with B = ||TQ - Q|| / (1 - gamma),

.. math:: \lVert V_Q - v^* \rVert \le B, \qquad v^* - v_\pi \le 2B

Why: B bounds ||Q - q*|| (bellman.residual-bounds). A greedy policy has T_pi Q = TQ, so that B bounds ||Q - q_pi|| in
the same way, and in each state V_Q is within B of both v* and v_pi. So a solver that sweeps until B <= epsilon / 2 need
not guess whether it has converged; T contracts, and from any start it comes there (bellman.contraction).

What is said of itself counts apart from what is done. Who stops short and says so has kept no promise, but told no lie;
near discount 1, or for an epsilon below what binary64 can hold, there may be no other answer. Who says nothing has said
that all is well.

The rules that fail are those of a neighbour. The span of a change, max - min, tells when the *policy* is good, while
the values are still off by a constant; and it tells so of sweeps that read old values only. A bound on the number of
sweeps has a logarithm in it, of 0 where nothing is paid. "Less than epsilon (1 - gamma) / gamma" never comes true at
discount 1. And the start is the caller's: it is to be used, and left as it was.

At discount 1 the promise stands where every policy ends: there B says nothing, and policies are iterated. Where one may
go on for ever there need be no value, and to refuse is the answer.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, state_tables

from ..assumptions import finite, values_exist
from ..claim import Claim, cite
from ..definitions import backup, policies_within, state_values
from ..mutants import iteration, solvers
from ..plans import best_values, is_complete, lost, solvable, values_of
from ..relation import Relation, all_of, at_most, equal, given, less_than
from ..runs import optimal_or_any

solver_promise = Claim(
    id="bellman.solver-promise",
    title="A solver asked for epsilon ends, with values and a policy within epsilon, from any start",
    statement=r"\lVert V - v^*\rVert \le \varepsilon, \ v^* - v_\pi \le \varepsilon;\quad"
    r" B = \tfrac{\lVert TQ - Q\rVert}{1-\gamma} \implies \lVert V_Q - v^*\rVert \le B,\ v^* - v_\pi \le 2B",
    subject="solver",
    needs=(finite, values_exist),
    uses=("bellman.contraction", "bellman.residual-bounds"),
    sources=(cite("puterman1994", "sections 6.3 and 6.6", verified=False), cite("williams1993")),
)
solver_promise.kept(
    finite,
    because="Only finite models can be written down here; with infinitely many states a sweep has no end.",
)

_discounts = ["1/2", 0, "3/4", "9/10", "99/100"]
_models = solvable(_discounts)
_epsilons = st.sampled_from(exact_array([1, "1/2", "1/10", "1/100", "1/1000000"]).tolist())
_large_epsilons = st.sampled_from(exact_array([1, "1/2"]).tolist())

# -------------------------------------------------------------------- what can be known


@solver_promise.exact(of="greedy-pairs", mdp=mdps(max_states=2), q=optimal_or_any)
def one_residual_certifies_both(greedy: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """(1 - gamma) |V_Q - v*| is at most the residual, and (1 - gamma) (v* - v_pi) at most twice it, for greedy pi."""
    residual, best = max_norm(backup(mdp, q) - q), best_values(mdp)
    of_values = abs(state_values(mdp, q) - best)
    of_policies = [best - values_of(mdp, policy) for policy in policies_within(mdp, greedy(mdp, q))]
    scale = 1 - mdp.discount
    return all_of(
        [at_most(scale * of_values, residual), *(at_most(scale * loss, 2 * residual) for loss in of_policies)]
    )


# Two loops that pay 1 and -1 tie at 0: one is worth B = 2, the other -B.
solver_promise.attained(
    "two loops that pay 1 and -1, and a table that sees no difference",
    by=one_residual_certifies_both,
    mdp=lambda: FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, -1, 0)])], "1/2"),
    q=lambda: exact_array([0, 0]),
)
solver_promise.refutes(iteration.least_action, by=one_residual_certifies_both)

# -------------------------------------------------------------------- it ends


@solver_promise.exact(
    mdp=mdps(max_states=2, discounts=["1/2", 1, 0, "9/10"]), epsilon=_large_epsilons, start=state_tables
)
def it_ends(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """Every state is answered for, or the model refused: also where at discount 1 a policy may go on for ever."""
    plan = solve(mdp, epsilon, start.copy())
    return equal(mdp.n_states if plan.stopped else 0, mdp.n_states)


solver_promise.refutes(solvers.never_less_than_nothing, by=it_ends)
solver_promise.refutes(solvers.undiscounted_sweeps, by=it_ends)


@solver_promise.exact(mdp=_models, epsilon=_large_epsilons, start=state_tables)
def it_answers(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """Of each state: one value, and one action if it has any."""
    return is_complete(mdp, solve(mdp, epsilon, start.copy()))


solver_promise.refutes(solvers.logarithm_of_nothing, by=it_answers)
solver_promise.refutes(solvers.never_less_than_nothing, by=it_answers)
solver_promise.fails_without(
    values_exist, by=it_answers, mdp=zero_reward_loop, epsilon=exact(1), start=lambda: exact_array([0])
)

# -------------------------------------------------------------------- near enough


@solver_promise.exact(mdp=_models, epsilon=_epsilons, start=state_tables)
def values_are_within_epsilon(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """|V - v*| <= epsilon in every state, from any start, where there is an answer."""
    plan = solve(mdp, epsilon, start.copy())
    if not plan.answered:
        return all_of([])
    return at_most(abs(plan.values - best_values(mdp)), epsilon)


# To stay and to go both cost 2, to return costs 1. After one sweep in place the values are -2 and -2, so that they have
# changed alike, and the two ways look alike; to stay costs 4 in all, to go 10/3.
_two_ways = FiniteMDP.from_pairs(2, [(0, 0, [(1, -2, 0)]), (0, 1, [(1, -2, 1)]), (1, 0, [(1, -1, 0)])], "1/2")


@solver_promise.exact(mdp=_models, epsilon=_epsilons, start=state_tables)
@solver_promise.fixture(mdp=_two_ways, epsilon=exact("1/10"), start=exact_array([0, 0]))
def policy_loses_at_most_epsilon(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """v* - v_pi <= epsilon in every state, from any start, where there is an answer."""
    plan = solve(mdp, epsilon, start.copy())
    if not plan.answered:
        return all_of([])
    return at_most(lost(mdp, plan.policy), epsilon)


# Binary64 has no third; what it has lies below, by so much.
_third = exact(1 / 3)
_missing = exact("1/3") - _third
solver_promise.attained(
    "a third, missed by what binary64 misses it by",
    by=values_are_within_epsilon,
    mdp=self_loop("1/3", discount=0),
    epsilon=_missing,
    start=exact_array([0]),
)
solver_promise.attained(
    "a third, and what binary64 takes for it, which tie",
    by=policy_loses_at_most_epsilon,
    mdp=FiniteMDP.from_pairs(1, [(0, 0, [(1, _third, 0)]), (0, 1, [(1, "1/3", 0)])], 0),
    epsilon=_missing,
    start=exact_array([0]),
)


@solver_promise.exact(
    mdp=mdps(max_states=2, discounts=["1/2", "99/100", "9/10", 0, "63/64", "99/100", "3/4", "1048575/1048576"]),
    epsilon=st.sampled_from(exact_array([1, "1/100", "1e-15"]).tolist()),
    start=state_tables,
)
def converged_tells_the_truth(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """Unless the solver says that it stopped short, values and policy are within epsilon, however hard that is."""
    plan = solve(mdp, epsilon, start.copy())
    if not plan.answered or plan.converged is False:
        return all_of([])
    return all_of([at_most(abs(plan.values - best_values(mdp)), epsilon), at_most(lost(mdp, plan.policy), epsilon)])


for _mutant in (
    solvers.span_without_correction,
    solvers.limit_overwritten,
    solvers.residual_without_the_last_step,
    solvers.hundred_sweeps,
    solvers.start_read_at_ends,
    solvers.bound_of_the_jacobi_sweep,
):
    solver_promise.refutes(_mutant, by=values_are_within_epsilon)
solver_promise.refutes(solvers.least_action_in_the_end, by=policy_loses_at_most_epsilon, kinds=("exact",))
solver_promise.refutes(solvers.bound_of_the_jacobi_sweep, by=policy_loses_at_most_epsilon, kinds=("fixture",))
solver_promise.attained(
    "a loop that pays 3: sweeps stop at a quarter of what is asked",
    by=converged_tells_the_truth,
    share="6/25",
    mdp=self_loop(3, discount="99/100"),
    epsilon=exact(1),
    start=exact_array([0]),
)
solver_promise.refutes(solvers.hundred_sweeps, by=converged_tells_the_truth)
solver_promise.refutes(solvers.converged_at_any_rate, by=converged_tells_the_truth)

# -------------------------------------------------------------------- from any start


@solver_promise.exact(mdp=_models, epsilon=_large_epsilons, start=state_tables)
def start_is_left_alone(solve: Any, mdp: FiniteMDP, epsilon: Scalar, start: Array) -> Relation:
    """The caller's array holds after the call what it held before."""
    handed = start.copy()
    solve(mdp, epsilon, handed)
    return equal(handed, start)


solver_promise.refutes(solvers.start_overwritten, by=start_is_left_alone)


@solver_promise.exact(mdp=mdps(max_states=3, discounts=_discounts), epsilon=_epsilons)
def start_is_used(solve: Any, mdp: FiniteMDP, epsilon: Scalar) -> Relation:
    """From v* a sweep changes nothing: a solver that needs several from its own start needs fewer from there."""
    own, best = solve(mdp, epsilon), solve(mdp, epsilon, best_values(mdp))
    if not own.answered or not best.answered or own.sweeps is None or best.sweeps is None:
        return all_of([])
    return given(less_than(1, own.sweeps), less_than(best.sweeps, own.sweeps))


solver_promise.refutes(solvers.start_ignored, by=start_is_used)
solver_promise.attained(
    "a loop that needs two sweeps, and one from its value",
    by=start_is_used,
    share="1/2",
    mdp=self_loop("1/4", discount="1/2"),
    epsilon=exact(1),
)
