r"""Modified policy iteration lies between value and policy iteration, and from a subsolution it climbs.

.. math:: V_{k+1} = T_{\pi_k}^{m_k} V_k, \quad \pi_k \in \operatorname{greedy}(V_k), \qquad
    V_0 \le T V_0 \implies V_k \le V_{k+1} \le v^*, \quad T^k V_0 \le V_k

for any numbers m_k >= 1 of sweeps. With m = 1 a step is T V, a sweep of value iteration; as m grows it tends to v_pi,
a step of policy iteration: || T_pi^m V - v_pi || <= gamma^m || V - v_pi ||.

Why: pi is greedy for V, so T_pi V = TV. If V <= TV = T_pi V, then T_pi, being monotone, gives V <= T_pi V <= T_pi^2 V
and so on: the step V+ = T_pi^m V is at least TV, at least V, and at most v_pi <= v*. It is a subsolution again: T V+ >=
T_pi V+ = T_pi^m (T_pi V) >= T_pi^m V = V+. By induction V_{k+1} >= T V_k >= T T^k V_0. The rate in m is the contraction
of T_pi.

From elsewhere a step may go down, and away from v*: T_pi^m is a contraction towards v_pi and not v*. And more sweeps
help in each step, but not over several: a state that was evaluated further may look better than what it leads to, and
hold the next policy up.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import expected_backup, greedy_policy, policy_values
from bellcheck.mdp.examples import loan, self_loop, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..assumptions import discounted, finite, subsolution
from ..claim import Claim, cite
from ..definitions import action_values
from ..mutants import policy_iterations
from ..relation import Relation, all_of, at_most, equal
from ..values_of_states import best_values, subsolutions, swept, values

modified_policy_iteration = Claim(
    id="improvement.modified-policy-iteration",
    title="Modified policy iteration climbs from a subsolution, at least as fast as value iteration",
    statement=r"V_0 \le TV_0,\ V_{k+1} = T_{\pi_k}^{m_k} V_k \implies V_k \le V_{k+1} \le v^*,\ T^k V_0 \le V_k",
    subject="modified-policy-iteration",
    needs=(finite, discounted, subsolution),
    uses=(
        "bellman.contraction",
        "bellman.fixed-point-optimal",
        "bellman.least-supersolution",
        "bellman.monotone-convex-shift",
    ),
    sources=(cite("puterman1978"), cite("puterman1994")),
)
modified_policy_iteration.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many actions no greedy one need exist.",
)


def _sweep_counts() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, 4), min_size=1, max_size=3)


# -------------------------------------------------------------------- from below


@modified_policy_iteration.exact(mdp=mdps(max_states=3), v=subsolutions, counts=_sweep_counts)
def values_climb_past_value_iteration(step: Any, mdp: FiniteMDP, v: Array, counts: list[int]) -> Relation:
    """V_k <= T V_k <= V_{k+1} <= v* and T^k V_0 <= V_k, the number of sweeps changing from step to step."""
    best, iterate, relations = best_values(mdp), v, []
    for sweeps in counts:
        once, after, iterate = swept(mdp, v), step(mdp, v, sweeps), swept(mdp, iterate)
        relations += [at_most(v, once), at_most(once, after), at_most(after, best), at_most(iterate, after)]
        v = after
    return all_of(relations)


modified_policy_iteration.attained(
    "one sweep of a single loop",
    by=values_climb_past_value_iteration,
    mdp=self_loop,
    v=lambda: exact_array([0]),
    counts=[1],
)
modified_policy_iteration.refutes(policy_iterations.evaluated_from_zero, by=values_climb_past_value_iteration)
modified_policy_iteration.refutes(policy_iterations.one_sweep_short, by=values_climb_past_value_iteration)
modified_policy_iteration.fails_without(subsolution, by=values_climb_past_value_iteration, v=values)
# The loop pays nothing and is worth 0; 1 is a subsolution too, from which no step leads down.
modified_policy_iteration.fails_without(
    discounted,
    by=values_climb_past_value_iteration,
    mdp=zero_reward_loop,
    v=lambda: exact_array([1]),
    counts=[1],
)


def _held_up() -> FiniteMDP:
    """The first state pays 3 to leave it and costs 1 to stay; in the second one idles, or is paid 1 and may return."""
    coin = [("1/2", 1, 0), ("1/2", 1, 1)]
    return FiniteMDP.from_pairs(
        2, [(0, 0, [(1, 3, 1)]), (0, 1, [(1, -1, 0)]), (1, 0, coin), (1, 1, [(1, 0, 1)])], "9/10"
    )


@modified_policy_iteration.too_strong(
    beside=values_climb_past_value_iteration,
    mdp=_held_up,
    v=lambda: exact_array([-10, -15]),
    counts=lambda: [2, 2],
)
def more_sweeps_are_never_behind(step: Any, mdp: FiniteMDP, v: Array, counts: list[int]) -> Relation:
    """Two steps of two sweeps, and of three: the third makes the second state look so good that one idles there."""
    fewer = more = v
    for sweeps in counts:
        fewer, more = step(mdp, fewer, sweeps), step(mdp, more, sweeps + 1)
    return at_most(fewer, more)


# -------------------------------------------------------------------- between the two


@modified_policy_iteration.exact(mdp=mdps(), v=values)
def one_sweep_is_value_iteration(step: Any, mdp: FiniteMDP, v: Array) -> Relation:
    """With m = 1 the step is TV, from any V."""
    return equal(step(mdp, v, 1), swept(mdp, v))


modified_policy_iteration.refutes(policy_iterations.one_sweep_short, by=one_sweep_is_value_iteration)


@modified_policy_iteration.too_strong(beside=one_sweep_is_value_iteration)
def two_sweeps_are_value_iteration_twice(step: Any, mdp: FiniteMDP, v: Array) -> Relation:
    """T^2 V chooses again before its second sweep."""
    return equal(step(mdp, v, 2), swept(mdp, swept(mdp, v)))


def _sweeps() -> st.SearchStrategy[int]:
    return st.integers(1, 6)


@modified_policy_iteration.exact(mdp=mdps(), v=values, sweeps=_sweeps)
def many_sweeps_are_policy_iteration(step: Any, mdp: FiniteMDP, v: Array, sweeps: int) -> Relation:
    """The step is within gamma^m || V - v_pi || of v_pi, the step of policy iteration, from any V."""
    policy = greedy_policy(mdp, expected_backup(mdp, v))
    worth = policy_values(mdp, policy, action_values(mdp, policy))
    return at_most(max_norm(step(mdp, v, sweeps) - worth), mdp.discount**sweeps * max_norm(v - worth))


modified_policy_iteration.attained(
    "three sweeps of a single loop",
    by=many_sweeps_are_policy_iteration,
    mdp=self_loop,
    v=lambda: exact_array([0]),
    sweeps=3,
)
modified_policy_iteration.refutes(policy_iterations.one_sweep_short, by=many_sweeps_are_policy_iteration)
modified_policy_iteration.refutes(policy_iterations.greedy_at_every_sweep, by=many_sweeps_are_policy_iteration)


@modified_policy_iteration.too_strong(
    beside=many_sweeps_are_policy_iteration,
    mdp=lambda: loan("3/4"),
    v=lambda: exact_array([1, -1]),
    sweeps=6,
)
def distances_to_the_optimum_shrink(step: Any, mdp: FiniteMDP, v: Array, sweeps: int) -> Relation:
    """As if T_pi^m led to v*: after a sweep on the loan, it leads to the value of staying in place, which is worse."""
    best = best_values(mdp)
    return at_most(max_norm(step(mdp, v, sweeps) - best), mdp.discount * max_norm(v - best))
