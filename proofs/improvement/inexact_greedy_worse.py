r"""Greedy for a table that is not the value of one's policy may be worse, but by no more than the error of the table.

.. math:: \pi' \in \operatorname{greedy}(Q) \not\Rightarrow v_{\pi'} \ge v_\pi, \qquad
    v_\pi(s) - v_{\pi'}(s) \le \frac{2}{1 - \gamma} \lVert Q - q_\pi \rVert

Why: let e be the distance of Q from q_pi. The chosen action a' is best for Q, so for each other a
q_pi(s, a') >= Q(s, a') - e >= Q(s, a) - e >= q_pi(s, a) - 2e: a step of pi' followed by pi loses at most 2e against pi.
By improvement.performance-difference the whole loss adds such steps up, each discounted: at most 2e / (1 - gamma).

It is attained: two loops, one paying 0 and one 2e, and a table that is off by e at both, so that they tie. Improvement
needs exact values, at least where the advantage is small; an approximate policy iteration may go up and down for ever
inside this bound. And a table need not be random to be wrong: two sweeps of value iteration on a loan give one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import greedy_pairs, greedy_policy, policy_values, state_values
from bellcheck.mdp.examples import loan
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, tables, tied_to

from ..assumptions import discounted, finite
from ..claim import Claim, cite
from ..definitions import action_values, backup
from ..draws import symbolic_mdp, symbolic_table
from ..relation import Relation, at_most, given, less_than

inexact_greedy_worse = Claim(
    id="improvement.inexact-greedy-worse",
    title="Greedy for an inexact table may be worse, by at most 2 / (1 - gamma) times its error",
    statement=r"\pi' \in \operatorname{greedy}(Q) \implies"
    r" v_\pi - v_{\pi'} \le \tfrac{2}{1-\gamma} \lVert Q - q_\pi \rVert,"
    r"\quad\text{but not}\ v_{\pi'} \ge v_\pi",
    subject="evaluation",
    needs=(finite, discounted),
    uses=("improvement.performance-difference",),
    sources=(cite("bertsekas1996"),),
)
inexact_greedy_worse.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many actions no greedy one need exist.",
)
inexact_greedy_worse.kept(
    discounted,
    because="At discount 1 the bound is a division by 0: the loss of a step is added up as often as the policy acts.",
)


# -------------------------------------------------------------------- it may be worse


def _after_sweeps(mdp: FiniteMDP, sweeps: int) -> Array:
    """The values of the policy that is greedy for T^sweeps 0."""
    q = mdp.table(0)
    for _ in range(sweeps):
        q = backup(mdp, q)
    policy = greedy_policy(mdp, q)
    return policy_values(mdp, policy, action_values(mdp, policy))


@inexact_greedy_worse.fixture(mdp=loan)
def a_sweep_makes_it_worse(_: Any, mdp: FiniteMDP) -> Relation:
    """On the loan, greedy for T^2 0 is worse in both states than greedy for T 0, which is optimal."""
    return less_than(_after_sweeps(mdp, 2), _after_sweeps(mdp, 1))


@inexact_greedy_worse.too_strong(beside=a_sweep_makes_it_worse)
def a_sweep_makes_it_no_worse(_: Any, mdp: FiniteMDP) -> Relation:
    """As if one more sweep could only help."""
    return at_most(_after_sweeps(mdp, 1), _after_sweeps(mdp, 2))


# -------------------------------------------------------------------- by no more than


# pi takes the first action, pi' the second, which the table prefers; the other state is terminal.
@inexact_greedy_worse.all_reals(mdp=symbolic_mdp(2, 2, terminal=1), q=symbolic_table)
def one_state_loses_no_more(evaluate: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """The bound for every table, in a state that may return to itself or end."""
    policy, greedy = np.array([1, 0]), np.array([0, 1])
    q_pi = evaluate(mdp, policy)
    loss = policy_values(mdp, policy, q_pi) - policy_values(mdp, greedy, evaluate(mdp, greedy))
    return given(at_most(q[0], q[1]), at_most(loss[0] * (1 - mdp.discount), 2 * max_norm(q - q_pi)))


@inexact_greedy_worse.too_strong(beside=one_state_loses_no_more)
def one_state_loses_at_most_the_error(evaluate: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Without the 2: both actions may be misjudged, in opposite directions."""
    policy, greedy = np.array([1, 0]), np.array([0, 1])
    q_pi = evaluate(mdp, policy)
    loss = policy_values(mdp, policy, q_pi) - policy_values(mdp, greedy, evaluate(mdp, greedy))
    return given(at_most(q[0], q[1]), at_most(loss[0] * (1 - mdp.discount), max_norm(q - q_pi)))


def _loss(evaluate: Any, mdp: FiniteMDP, policy: Array, error: Array) -> Array:
    """What the policy loses that is greedy for q_pi + error; among tied actions it takes the worst."""
    q = evaluate(mdp, policy)
    truth = action_values(mdp, policy)
    greedy, chosen = greedy_pairs(mdp, q + error), mdp.table(0)
    for state in map(int, mdp.acting):
        chosen[min((x for x in mdp.pairs_of(state) if greedy[x]), key=lambda x: truth[x])] = fmpq(1)
    return policy_values(mdp, policy, truth) - policy_values(mdp, chosen, action_values(mdp, chosen))


@tied_to("pair")
def _errors(mdp: FiniteMDP, policy: Array) -> st.SearchStrategy[Array]:
    """Any errors, half of them such that all actions of a state look the same, half way between best and worst."""
    q = action_values(mdp, policy)
    middle = (state_values(mdp, q) - state_values(mdp, -q)) / 2
    return st.one_of(tables(mdp), st.just(middle[mdp.pair_state] - q))


@inexact_greedy_worse.exact(mdp=mdps(max_states=3), policy=policies, error=_errors)
def loss_is_bounded_by_the_error(evaluate: Any, mdp: FiniteMDP, policy: Array, error: Array) -> Relation:
    """The bound for Q = q_pi + error in every state, with the worst choice among tied actions."""
    return at_most(_loss(evaluate, mdp, policy, error), 2 * max_norm(error) / (1 - mdp.discount))


def _two_and_nothing() -> FiniteMDP:
    return FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 2, 0)])], "9/10")


inexact_greedy_worse.attained(
    "two loops that pay 0 and 2, which errors of 1 make look the same",
    by=loss_is_bounded_by_the_error,
    mdp=_two_and_nothing,
    policy=lambda: exact_array([0, 1]),
    error=lambda: exact_array([1, -1]),
)


@inexact_greedy_worse.too_strong(beside=loss_is_bounded_by_the_error)
def greedy_never_hurts(evaluate: Any, mdp: FiniteMDP, policy: Array, error: Array) -> Relation:
    """It does where the table is not the value of the policy that one has."""
    return at_most(_loss(evaluate, mdp, policy, error), fmpq(0))


@inexact_greedy_worse.too_strong(beside=loss_is_bounded_by_the_error)
def loss_is_at_most_the_error(evaluate: Any, mdp: FiniteMDP, policy: Array, error: Array) -> Relation:
    """A wrong choice is made not once but at every step."""
    return at_most(_loss(evaluate, mdp, policy, error), 2 * max_norm(error))
