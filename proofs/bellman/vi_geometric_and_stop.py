r"""Value iteration approaches q* geometrically, and when it may stop.

.. math:: \lVert T^k Q - q^* \rVert \le \gamma^k \lVert Q - q^* \rVert

    2 \gamma \lVert TV - V \rVert \le \varepsilon (1 - \gamma) \implies v^* - v_\pi \le \varepsilon

for a policy pi that is greedy by look-ahead on V, that is, takes the actions that attain the maxima in TV.

Why: T contracts and leaves q* where it is (bellman.contraction, bellman.fixed-point-optimal), k times over. The rule is
the fourth bound of bellman.greedy-loss, solved for the loss.

One more sweep, and the policy that is greedy by look-ahead on TV, gain a factor gamma: ||T(TV) - TV|| is at most
gamma ||TV - V||, so that it loses at most gamma epsilon. Both constants are attained.

The classic error is to stop when a sweep changes V by less than epsilon, as if what is left were as small as the last
step. At discount 99/100: a state where to wait costs nothing and to leave costs 1, for one in which each step pays 1.
From V = 0 a sweep changes nothing by more than 1; who stops there at epsilon = 2 waits for ever and loses 98.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.bellman import expected_backup, policy_values, state_values
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, state_tables, tables

from ..assumptions import discounted
from ..claim import Claim, cite, isabelle, rocq
from ..definitions import action_values, optimal_values, policies_within
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import iteration
from ..relation import Relation, all_of, at_most

vi_geometric_and_stop = Claim(
    id="bellman.vi-geometric-and-stop",
    title="Value iteration approaches q* geometrically, and may stop once 2 gamma ||TV - V|| <= epsilon (1 - gamma)",
    statement=r"\lVert T^kQ-q^*\rVert \le \gamma^k \lVert Q-q^*\rVert; \qquad"
    r"2\gamma\lVert TV-V\rVert \le \varepsilon(1-\gamma) \implies v^* - v_\pi \le \varepsilon",
    subject="value-iteration",
    needs=(discounted,),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.greedy-loss"),
    sources=(cite("puterman1994", "section 6.3", verified=False),),
    proved_in=(isabelle("value_iteration_error"), isabelle("vi_policy_opt"), rocq("bellman_iterate")),
)


@vi_geometric_and_stop.exact(mdp=mdps(max_states=3), q=tables)
def iterates_approach(iterate: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """||T^k Q - q*|| <= gamma^k ||Q - q*|| for k = 1, ..., 4."""
    best = optimal_values(mdp)
    bounds = [mdp.discount**k * max_norm(q - best) for k in range(1, 5)]
    swept = islice(iterate(mdp, q), 1, 5)
    return all_of(at_most(max_norm(table - best), bound) for table, bound in zip(swept, bounds, strict=True))


@vi_geometric_and_stop.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table, w=symbolic_table)
def runs_approach_each_other(iterate: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """||T^2 Q - T^2 W|| <= gamma^2 ||Q - W||; a run that begins at q* stays there."""
    swept, other = (next(islice(iterate(mdp, table), 2, None)) for table in (q, w))
    return at_most(max_norm(swept - other), mdp.discount * mdp.discount * max_norm(q - w))


@vi_geometric_and_stop.exact(
    of="stopped-value-iteration",
    mdp=mdps(max_states=3, discounts=["1/2", 0, "3/4", "1/4"]),
    v=state_tables,
    epsilon=st.sampled_from([exact(1), exact("1/2"), exact("1/10")]),
)
def stops_in_time(plan: Any, mdp: FiniteMDP, v: Array, epsilon: Scalar) -> Relation:
    """The policy that is returned loses at most epsilon in any state."""
    policy = plan(mdp, v, epsilon)
    optimal = state_values(mdp, optimal_values(mdp))
    return at_most(optimal - policy_values(mdp, policy, action_values(mdp, policy)), epsilon)


# The first state has two actions: to wait (0), and to leave (1) at a cost of 1 for where every step pays 1.
_wait_or_leave = FiniteMDP.from_pairs(
    2, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, -1, 1)]), (1, 0, [(1, 1, 1)])], discount="99/100"
)
vi_geometric_and_stop.fixture(
    of="stopped-value-iteration", mdp=_wait_or_leave, v=exact_array([0, 0]), epsilon=exact(2)
)(stops_in_time)


@vi_geometric_and_stop.exact(of="greedy-pairs", mdp=mdps(max_states=3), error=state_tables)
def one_more_sweep_gains_the_discount(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """(1 - gamma) (v* - v_pi) <= 2 gamma^2 ||TV - V|| for every policy greedy by look-ahead on TV, V = v* + error."""
    optimal = state_values(mdp, optimal_values(mdp))
    v = optimal + error
    swept = state_values(mdp, expected_backup(mdp, v))
    bound = 2 * mdp.discount * mdp.discount * max_norm(swept - v)
    values = [
        policy_values(mdp, policy, action_values(mdp, policy))
        for policy in policies_within(mdp, greedy(mdp, expected_backup(mdp, swept)))
    ]
    return all_of(at_most((1 - mdp.discount) * (optimal - value), bound) for value in values)


_loop = self_loop()
vi_geometric_and_stop.attained("one loop, k sweeps", by=iterates_approach, mdp=_loop, q=_loop.table(0))
vi_geometric_and_stop.attained(
    "one loop, two runs", by=runs_approach_each_other, mdp=_loop, q=_loop.table(0), w=_loop.table(10)
)
# To stay and to go cost 1, but every later step costs 1 in the one case and pays 1 in the other: 18 between them.
vi_geometric_and_stop.attained(
    "two ways that look alike, where the rule just allows to stop",
    by=stops_in_time,
    mdp=FiniteMDP.from_pairs(2, [(0, 0, [(1, -1, 0)]), (0, 1, [(1, -1, 1)]), (1, 0, [(1, 1, 1)])], "9/10"),
    v=exact_array([0, 0]),
    epsilon=exact(18),
)
# The same with 9/10 for 1, so that a sweep from V = (1, -1) gives (0, 0). v* = (36/5, 9), the error is V - v*.
vi_geometric_and_stop.attained(
    "two ways that look alike after a sweep",
    by=one_more_sweep_gains_the_discount,
    mdp=FiniteMDP.from_pairs(
        2, [(0, 0, [(1, "-9/10", 0)]), (0, 1, [(1, "-9/10", 1)]), (1, 0, [(1, "9/10", 1)])], "9/10"
    ),
    error=exact_array(["-31/5", -10]),
)

vi_geometric_and_stop.kept(
    discounted,
    because="At discount 1 the first bound says no more than that T spreads nothing, and cannot fail. The rule can, "
    "and the code refuses to apply it there: beside an exit that pays 1 a loop that pays nothing has TV = V = 1, and "
    "the policy that stays, which is greedy too, loses 1.",
)

vi_geometric_and_stop.refutes(iteration.undiscounted_iterates, by=iterates_approach)
vi_geometric_and_stop.refutes(iteration.undiscounted_iterates, by=runs_approach_each_other)
vi_geometric_and_stop.refutes(iteration.least_action_in_the_end, by=stops_in_time)
vi_geometric_and_stop.refutes(iteration.stops_when_little_changes, by=stops_in_time, kinds=("fixture",))
vi_geometric_and_stop.refutes(iteration.least_action, by=one_more_sweep_gains_the_discount)


@vi_geometric_and_stop.too_strong(beside=iterates_approach)
def one_sweep_ahead(iterate: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """The exponent is the number of sweeps, not one more."""
    best = optimal_values(mdp)
    first = next(islice(iterate(mdp, q), 1, None))
    return at_most(max_norm(first - best), mdp.discount * mdp.discount * max_norm(q - best))
