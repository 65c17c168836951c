"""What the answer of a solver is worth, by the textbook's definitions, and the models that have an answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import Plan
from bellcheck.mdp.solve import ImproperPolicy, require_proper
from bellcheck.mdp.strategies import mdps

from .definitions import action_values, optimal_values, state_values
from .relation import Relation, equal

__all__ = ["best_values", "is_complete", "lost", "solvable", "values_of"]


def best_values(mdp: FiniteMDP) -> Array:
    """Return v*, (S,), from the values of all policies: for models with few of them."""
    return state_values(mdp, optimal_values(mdp))


def values_of(mdp: FiniteMDP, policy: Array) -> Array:
    """Return v_pi, (S,): the mean of q_pi over the actions of each state, and 0 where there are none."""
    q = action_values(mdp, policy)
    return exact_array(sum((policy[x] * q[x] for x in mdp.pairs_of(s)), fmpq(0)) for s in range(mdp.n_states))


def lost(mdp: FiniteMDP, policy: Array) -> Array:
    """Return v* - v_pi, (S,): what a policy loses in each state."""
    return best_values(mdp) - values_of(mdp, policy)


def is_complete(mdp: FiniteMDP, plan: Plan) -> Relation:
    """Of each state: how many values the plan gives it, and how many actions; one of each, but of ends no action.

    Who refused, crashed or had to be stopped gives none.
    """
    has_value = int(plan.answered and len(plan.values) == mdp.n_states)
    given = [
        [has_value, sum(int(plan.policy[x] == 1) for x in mdp.pairs_of(s)) if plan.answered else 0]
        for s in range(mdp.n_states)
    ]
    return equal(given, [[1, int(len(mdp.pairs_of(s)) > 0)] for s in range(mdp.n_states)])


def _onwards(mdp: FiniteMDP) -> FiniteMDP:
    """Let every state lead to later ones only, the last of which is a new one without actions."""
    source = mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]
    later = np.minimum(mdp.n_states, source + 1 + mdp.next_state)
    return FiniteMDP(
        mdp.n_states + 1,
        mdp.pair_state,
        mdp.pair_action,
        mdp.outcome_start,
        mdp.probability,
        mdp.reward,
        later,
        mdp.discount,
    )


@st.composite
def _one_in_four(
    draw: st.DrawFn, rarely: st.SearchStrategy[FiniteMDP], mostly: st.SearchStrategy[FiniteMDP]
) -> FiniteMDP:
    return draw(rarely if draw(st.integers(0, 3)) == 3 else mostly)


def solvable(discounts: Sequence[object], *, max_states: int = 3) -> st.SearchStrategy[FiniteMDP]:
    """Draw models that have values: one in four at discount 1, where every episode then ends."""
    discounted = mdps(max_states=max_states, discounts=discounts)
    ending = mdps(max_states=max_states - 1, terminal=False, discounts=[1]).map(_onwards)
    strategy = _one_in_four(ending, discounted)
    allowed = exact_array(discounts)

    def accepts(mdp: FiniteMDP) -> bool:
        if mdp.discount < 1:
            return mdp.n_states <= max_states and bool((allowed == mdp.discount).any())
        try:
            require_proper(mdp)
        except ImproperPolicy:
            return False
        return mdp.n_states <= max_states

    strategy.accepts = accepts  # type: ignore[attr-defined]
    return strategy
