r"""As the table changes the weights mu of an epsilon-greedy behaviour stay, and then jump.

.. math::
    \mu_\theta = \mu(b_\theta), \qquad b_\theta = \varepsilon\text{-greedy}(\hat q_\theta):
    \quad \text{piecewise constant in } \theta

Why: the behaviour depends on the table through its greedy actions alone, and mu on the behaviour. So mu does not move
while the greedy actions stay, and jumps where one of them changes. Two states with the actions stay and switch, at
epsilon = 1/5: if staying is greedy in both, mu = (9/20, 1/20, 9/20, 1/20); if switching is greedy in the second,
mu = (81/100, 9/100, 1/100, 9/100).

Hence "VE(theta) with mu the share of time steps" is discontinuous in theta, and its textbook gradient is right almost
everywhere because the missing term, the gradient of mu, is 0 there; at the jumps there is no gradient. For a softmax
behaviour mu is smooth and the missing term is not 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.chain import pair_chain, stationary
from bellcheck.mdp.examples import stay_or_switch
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables
from bellcheck.mdp.value_error import value_error

from ..assumptions import finite, unichain
from ..claim import Claim
from ..definitions import closed_classes
from ..mutants import chain as mutants
from ..relation import Relation, at_most, equal, given
from .mu_stationary import beginning_where_it_acts

mu_nonstationary = Claim(
    id="value-error.mu-nonstationary",
    title="The weights of an epsilon-greedy behaviour are piecewise constant in the table, with jumps",
    statement=(
        r"\text{equal greedy actions} \implies \mu_\theta = \mu_{\theta'}; \quad"
        r" (\tfrac{9}{20}, \tfrac{1}{20}, \tfrac{9}{20}, \tfrac{1}{20}) \to"
        r" (\tfrac{81}{100}, \tfrac{9}{100}, \tfrac{1}{100}, \tfrac{9}{100})"
    ),
    subject="behaviour",
    needs=(finite, unichain),
    uses=("value-error.mu-stationary",),
)

EPSILON = exact("1/5")


_models = mdps(start=True).map(beginning_where_it_acts)


@mu_nonstationary.exact(mdp=_models, q=tables, scale=st.integers(1, 9), shift=st.integers(-9, 9), lowered=tables)
def same_greedy_actions_have_the_same_weights(
    behaviour: Any, mdp: FiniteMDP, q: Array, scale: int, shift: int, lowered: Array
) -> Relation:
    """A positive factor, a constant for each state, and lower values of what is not greedy do not move the weights."""
    moved = scale * q + shift * exact_array(1 + int(state) for state in mdp.pair_state)
    moved = np.where(greedy_pairs(mdp, q), moved, moved - abs(lowered))
    chains = [pair_chain(mdp, behaviour(mdp, table, EPSILON)) for table in (q, moved)]
    unique = equal([closed_classes(P) for P in chains], 1)
    if not unique.holds:
        return given(unique, unique)
    return given(unique, equal(*(stationary(P) for P in chains)))


mu_nonstationary.refutes(mutants.proportional_policy, by=same_greedy_actions_have_the_same_weights)
mu_nonstationary.kept(
    unichain,
    because="It makes mu one vector, and no more: with several recurrent classes the behaviour stays likewise, and with"
    " it every share of time, but that depends on where the path begins (value-error.mu-stationary).",
)
mu_nonstationary.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many states a share of time need not have a"
    " limit.",
)


@mu_nonstationary.too_strong(beside=same_greedy_actions_have_the_same_weights)
def weights_do_not_move(behaviour: Any, mdp: FiniteMDP, q: Array, scale: int, shift: int, lowered: Array) -> Relation:
    """Reversing the order of the actions moves the weights: the distribution is not stationary."""
    chains = [pair_chain(mdp, behaviour(mdp, table, EPSILON)) for table in (q, -q)]
    unique = equal([closed_classes(P) for P in chains], 1)
    if not unique.holds:
        return given(unique, unique)
    return given(unique, equal(*(stationary(P) for P in chains)))


# -------------------------------------------------------------------- the jump

STAY, SWITCH = exact_array([1, 0, 1, 0]), exact_array([1, 0, 0, 1])
"""Tables over (0, stay), (0, switch), (1, stay), (1, switch)."""


def _weights(behaviour: Any, q: Array) -> Array:
    mdp = stay_or_switch()
    return stationary(pair_chain(mdp, behaviour(mdp, q, EPSILON)))


@mu_nonstationary.fixture(step=st.integers(0, 40).map(lambda k: fmpq(1, 2**k)))
def weights_jump_with_the_greedy_action(behaviour: Any, step: fmpq) -> Relation:
    """However small the step across the tie in the second state, the weights jump by the same amount."""
    tie = (STAY + SWITCH) / 2
    before, after = tie + step * (STAY - SWITCH), tie + step * (SWITCH - STAY)
    return equal(
        [_weights(behaviour, before), _weights(behaviour, after)],
        [exact_array(["9/20", "1/20", "9/20", "1/20"]), exact_array(["81/100", "9/100", "1/100", "9/100"])],
    )


mu_nonstationary.refutes(mutants.least_greedy, by=weights_jump_with_the_greedy_action)
mu_nonstationary.refutes(mutants.proportional_policy, by=weights_jump_with_the_greedy_action)


@mu_nonstationary.too_strong(beside=weights_jump_with_the_greedy_action)
def weights_vary_smoothly(behaviour: Any, step: fmpq) -> Relation:
    """No multiple of the step bounds the change of the weights; here a thousandfold."""
    tie = (STAY + SWITCH) / 2
    change = _weights(behaviour, tie + step * (STAY - SWITCH)) - _weights(behaviour, tie + step * (SWITCH - STAY))
    return at_most(abs(change), 1_000 * step)


@mu_nonstationary.too_strong(beside=weights_jump_with_the_greedy_action)
def value_error_is_continuous(behaviour: Any, step: fmpq) -> Relation:
    """VE with the moving weights, for q = (1, 0, 0, 0), jumps with them."""
    q = exact_array([1, 0, 0, 0])
    tie = (STAY + SWITCH) / 2
    before, after = tie + step * (STAY - SWITCH), tie + step * (SWITCH - STAY)
    change = value_error(_weights(behaviour, before), q, before) - value_error(_weights(behaviour, after), q, after)
    return at_most(abs(change), 1_000 * step)
