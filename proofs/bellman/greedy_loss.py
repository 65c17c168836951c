r"""What a greedy policy loses when the table is wrong: the constants, and which belongs to which value.

Let pi be greedy for a table Q, whichever way ties are broken. Then

.. math:: \lVert q^* - q_\pi \rVert \le \frac{2\gamma}{1-\gamma} \lVert Q - q^* \rVert
          \qquad \lVert v^* - v_\pi \rVert \le \frac{2}{1-\gamma} \lVert Q - q^* \rVert

and if pi is greedy by one step of look-ahead on a vector V, that is greedy for the backup of V,

.. math:: \lVert v^* - v_\pi \rVert \le \frac{2\gamma}{1-\gamma} \lVert V - v^* \rVert
          \qquad \lVert v^* - v_\pi \rVert \le \frac{2\gamma}{1-\gamma} \lVert TV - V \rVert

Why: let a be the best action of s, b the one that pi takes, e = ||Q - q*||. Then Q(s, a) <= Q(s, b), so that

    v*(s) - v_pi(s) = [q*(s, a) - Q(s, a)] + [Q(s, a) - q*(s, b)] + [q*(s, b) - q_pi(s, b)]
                   <= e + e + gamma ||v* - v_pi||,

for q* and q_pi differ by the discounted values of the successors alone. That is the second bound; the same remark, once
more, gives the first. The backup of V is a table within gamma ||V - v*|| of q*, which makes the third from the second.
For the fourth, v* and v_pi both lie within gamma ||TV - V|| / (1 - gamma) of TV: each is the fixed point of a
contraction, T or T_pi, which takes V to TV.

All four are attained, and only by the worst way to break ties: where an example has to lose this much, the wrong action
looks exactly as good as the right one. At discount 0 a greedy policy for Q may still be wrong, for V it cannot be.
A wrong entry of V at a terminal state counts as any other. The last bound is often quoted without gamma in the
numerator; that is true, and at a positive loss never attained.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm
from bellcheck.mdp.bellman import expected_backup, optimality_operator, policy_values, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, state_tables, tables

from ..assumptions import discounted, finite
from ..claim import Claim, cite, isabelle, lean
from ..definitions import action_values, optimal_values, policies_within
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import evaluations, iteration
from ..relation import Relation, all_of, at_most, equal, given

greedy_loss = Claim(
    id="bellman.greedy-loss",
    title="What a greedy policy loses is bounded by the error of the table, however ties are broken",
    statement=r"\lVert q^*-q_\pi\rVert \le \tfrac{2\gamma}{1-\gamma}\lVert Q-q^*\rVert, \quad"
    r"\lVert v^*-v_\pi\rVert \le \tfrac{2}{1-\gamma}\lVert Q-q^*\rVert \quad (\pi\ \text{greedy for}\ Q);\qquad"
    r"\lVert v^*-v_\pi\rVert \le \tfrac{2\gamma}{1-\gamma}\min(\lVert V-v^*\rVert, \lVert TV-V\rVert)"
    r"\quad (\pi\ \text{by look-ahead on}\ V)",
    subject="greedy-pairs",
    needs=(finite, discounted),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.residual-bounds"),
    sources=(cite("singh1994"), cite("williams1993"), cite("bertsekas1996")),
    proved_in=(lean("q_error_amplification", library="jin-yidan/verified-rl"), isabelle("find_policy_error_bound")),
)

_models = mdps(max_states=3)


def _losses(mdp: FiniteMDP, greedy: Any) -> list[tuple[Array, Array]]:
    """q* - q_pi and v* - v_pi of each policy that takes greedy pairs only."""
    q_optimal = optimal_values(mdp)
    v_optimal = state_values(mdp, q_optimal)
    losses = []
    for policy in policies_within(mdp, greedy):
        q = action_values(mdp, policy)
        losses.append((q_optimal - q, v_optimal - policy_values(mdp, policy, q)))
    return losses


@greedy_loss.exact(mdp=_models, error=tables)
def lost_by_greedy_actions(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """The first two bounds, times 1 - gamma, for every policy that is greedy for Q = q* + error."""
    bounds = 2 * mdp.discount * max_norm(error), 2 * max_norm(error)
    losses = _losses(mdp, greedy(mdp, optimal_values(mdp) + error))
    return all_of(
        at_most((1 - mdp.discount) * lost, bound) for pair in losses for lost, bound in zip(pair, bounds, strict=True)
    )


def _look_ahead(mdp: FiniteMDP, greedy: Any, error: Array) -> tuple[list[Array], Array]:
    """Return v* - v_pi of each policy that is greedy by look-ahead on V = v* + error, and TV - V."""
    v = state_values(mdp, optimal_values(mdp)) + error
    q = expected_backup(mdp, v)
    return [lost for _, lost in _losses(mdp, greedy(mdp, q))], state_values(mdp, q) - v


@greedy_loss.exact(mdp=_models, error=state_tables)
def lost_by_looking_ahead(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """The other two, for every policy that is greedy by look-ahead on V = v* + error."""
    losses, residual = _look_ahead(mdp, greedy, error)
    bounds = [2 * mdp.discount * max_norm(wrong) for wrong in (error, residual)]
    return all_of(at_most((1 - mdp.discount) * lost, bound) for lost in losses for bound in bounds)


def _takes_the_first_actions(mdp: FiniteMDP, q: Array) -> tuple[Array, Relation]:
    """Return the policy that takes the first action of each state, and that it is greedy for Q.

    Which action is called first is a matter of names, and actions may be equal: this policy stands for all.
    """
    first = mdp.pair_start[mdp.acting]
    policy = np.zeros(mdp.n_pairs, dtype=int)
    policy[first] = 1
    others = np.flatnonzero(policy == 0)
    return policy, at_most(q[others], q[mdp.pair_start[mdp.pair_state[others]]])


@greedy_loss.all_reals(of="evaluation", mdp=symbolic_mdp(2, 2), q=symbolic_table, best=symbolic_table)
def lost_by_greedy_actions_at_any_reals(evaluate: Any, mdp: FiniteMDP, q: Array, best: Array) -> Relation:
    """The first two bounds for all models of a size and all tables, with `best` any table that T leaves as it is.

    For states the action that is not taken is enough: the one that is falls under the first bound, which is smaller.
    """
    policy, is_greedy = _takes_the_first_actions(mdp, q)
    premise = all_of([equal(optimality_operator(mdp, best), best), is_greedy])
    values, error = evaluate(mdp, policy), max_norm(q - best)
    of_actions = at_most((best - values) * (1 - mdp.discount), 2 * mdp.discount * error)
    lost = best[1] - values[0]
    return given(premise, all_of([of_actions, at_most(lost * (1 - mdp.discount), 2 * error)]))


# Two loops that pay 2 and 0: q* = (20, 18), and a table that errs by 1 everywhere makes them look alike.
_two_loops = {
    "mdp": FiniteMDP.from_pairs(1, [(0, 0, [(1, 2, 0)]), (0, 1, [(1, 0, 0)])], "9/10"),
    "error": exact_array([-1, 1]),
}
# To stay costs 9/5, to go where nothing happens is free, v* = 0: with V = (1, -1) both seem to be worth -9/10.
_costly_to_stay = {
    "mdp": FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)]), (0, 1, [(1, "-9/5", 0)]), (1, 0, [(1, 0, 1)])], "9/10"),
    "error": exact_array([1, -1]),
}
# To stay and to go cost 1, but every later step costs 1 in the one case and pays 1 in the other:
# v* = (8, 10), and V = 0 does not see it.
_costly_to_go = {
    "mdp": FiniteMDP.from_pairs(2, [(0, 0, [(1, -1, 1)]), (0, 1, [(1, -1, 0)]), (1, 0, [(1, 1, 1)])], "9/10"),
    "error": exact_array([-8, -10]),
}

greedy_loss.attained("two loops, and a table off by 1 in which they tie", by=lost_by_greedy_actions, **_two_loops)
greedy_loss.attained("staying costs just what an error of 1 hides", by=lost_by_looking_ahead, **_costly_to_stay)
greedy_loss.attained("two ways that look alike, one of them to rewards", by=lost_by_looking_ahead, **_costly_to_go)


@greedy_loss.fixture(**_two_loops)
def only_the_worst_tie_loses(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """Where Q ties, one greedy policy is optimal, and the other loses 2 / (1 - gamma) = 20 in v and 18 in q."""
    losses = _losses(mdp, greedy(mdp, optimal_values(mdp) + error))
    of_actions = [max_norm(lost) for lost, _ in losses]
    of_states = [max_norm(lost) for _, lost in losses]
    return equal([min(of_states), max(of_actions), max(of_states)], exact_array([0, 18, 20]))


greedy_loss.kept(
    finite,
    because="Only finite models can be written down here; with infinitely many actions no greedy one need exist.",
)
greedy_loss.kept(
    discounted,
    because="It cannot fail: at discount 1 the right sides are infinite, and the bounds are true and say nothing.",
)

greedy_loss.refutes(iteration.least_action, by=lost_by_greedy_actions)
greedy_loss.refutes(iteration.least_action, by=lost_by_looking_ahead)
greedy_loss.refutes(evaluations.one_sweep, by=lost_by_greedy_actions_at_any_reals)
greedy_loss.refutes(iteration.first_of_the_ties, by=only_the_worst_tie_loses)


@greedy_loss.too_strong(beside=lost_by_greedy_actions, mdp=mdps(max_states=3, discounts=[0]))
def states_with_the_constant_of_actions(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """2 gamma / (1 - gamma) is for q-values: at discount 0 it would forbid any loss, but Q may still be wrong."""
    losses = _losses(mdp, greedy(mdp, optimal_values(mdp) + error))
    bound = 2 * mdp.discount * max_norm(error)
    return all_of(at_most((1 - mdp.discount) * lost, bound) for _, lost in losses)


@greedy_loss.too_strong(beside=lost_by_greedy_actions, **_two_loops)
def actions_with_a_smaller_constant(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """99/50 in place of 2 is refuted by the worst way to break a tie; the other way loses nothing."""
    losses = _losses(mdp, greedy(mdp, optimal_values(mdp) + error))
    bound = exact("99/50") * mdp.discount * max_norm(error)
    return all_of(at_most((1 - mdp.discount) * lost, bound) for lost, _ in losses)


@greedy_loss.too_strong(beside=lost_by_looking_ahead, **_costly_to_stay)
def looking_ahead_with_a_smaller_constant(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """So it is for look-ahead."""
    losses, _ = _look_ahead(mdp, greedy, error)
    bound = exact("99/50") * mdp.discount * max_norm(error)
    return all_of(at_most((1 - mdp.discount) * lost, bound) for lost in losses)


@greedy_loss.too_strong(beside=lost_by_looking_ahead)
def no_more_is_lost_than_a_sweep_changes(greedy: Any, mdp: FiniteMDP, error: Array) -> Relation:
    """A sweep that changes V by less than epsilon is no reason to think that the policy loses less than epsilon."""
    losses, residual = _look_ahead(mdp, greedy, error)
    return all_of(at_most(lost, max_norm(residual)) for lost in losses)
