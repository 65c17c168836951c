r"""Often said: the Bellman optimality equation determines the values of any finite MDP.

.. math:: Q = TQ \ \text{and}\ Q' = TQ' \implies Q = Q'

It does for a discount below 1, by the contraction. At discount 1 it needs a hypothesis that the episode ends: on a
zero-reward loop *every* constant solves the equation, and what a learner converges to is where it began.

The instances here are exactly those: models at discount 1 and two tables that solve the equation. What is true of them:
both are solutions, and with any discount below 1 at most one of the two can be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..assumptions import finite
from ..claim import Claim, cite
from ..relation import Relation, all_of, equal, given

any_finite_mdp = Claim(
    id="folklore.any-finite-mdp",
    title='"The Bellman optimality equation determines the values of any finite MDP"',
    statement=r"Q = TQ \ \text{and}\ Q' = TQ' \implies Q = Q' \quad\text{also at}\ \gamma = 1",
    subject="operator",
    needs=(finite,),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.gamma-one"),
    sources=(cite("crossvalidated365618"),),
    expected="refuted",
)


def _without_rewards(mdp: FiniteMDP) -> FiniteMDP:
    return replace(mdp, reward=mdp.reward * 0, discount=fmpq(1))


_endless = mdps(max_states=2, max_actions=2, terminal=False).map(_without_rewards)


def _constant(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.integers(0, 5).map(mdp.table)


_constant.axis = "pair"  # type: ignore[attr-defined]


@any_finite_mdp.exact(mdp=_endless, q=_constant, w=_constant)
def solution_is_unique(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """Two tables that solve the optimality equation are equal."""
    return given(all_of([equal(T(mdp, q), q), equal(T(mdp, w), w)]), equal(q, w))


@any_finite_mdp.truth(beside=solution_is_unique)
def every_constant_solves_it_and_a_discount_selects_one(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """Both tables solve it at discount 1; at discount 9/10 T moves every table but the true value towards it."""
    discounted = replace(mdp, discount=exact("9/10"))
    return all_of(
        [
            equal(T(mdp, q), q),
            equal(T(mdp, w), w),
            equal(T(discounted, q) - T(discounted, w), discounted.discount * (q - w)),
        ]
    )
