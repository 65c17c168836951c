"""Draws for the transformations of models in `bellcheck.mdp.transform`: other names, other rewards, potentials."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.draws import NUMBERS
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import state_tables, tied_to
from bellcheck.mdp.transform import Relabelled, relabelled

__all__ = ["any_number", "negative_numbers", "pair_keys", "positive_numbers", "potentials", "renumbered", "state_keys"]


def renumbered(mdp: FiniteMDP, states: Array, pairs: Array) -> Relabelled:
    """Number the states, and the actions of each state, in the order of drawn keys."""
    of_state = [mdp.pairs_of(int(state)) for state in mdp.acting]
    actions = np.concatenate([_ranks(pairs[list(numbers)]) for numbers in of_state])
    return relabelled(mdp, _ranks(states), actions)


def _ranks(keys: Array) -> np.ndarray:
    return np.argsort(np.argsort(keys, kind="stable"))


@tied_to("state")
def state_keys(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw an order of the states, an (S,) vector for `renumbered`."""
    return st.permutations(range(mdp.n_states)).map(exact_array)


@tied_to("pair")
def pair_keys(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw an order of the pairs, an (N,) vector for `renumbered`."""
    return st.permutations(range(mdp.n_pairs)).map(exact_array)


@tied_to("numbers")
def any_number() -> st.SearchStrategy[Scalar]:
    """Draw a rational of any sign."""
    return st.sampled_from(list(NUMBERS))


# No axis: the reducer then keeps a number on its side of 0.
positive_numbers = st.sampled_from(list(NUMBERS[NUMBERS > 0]))
negative_numbers = tied_to("numbers")(st.sampled_from(list(NUMBERS[NUMBERS < 0])))


@tied_to("state")
def potentials(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw (S,) potentials that are 0 at terminal states."""
    return state_tables(mdp).map(lambda potential: _zero_at_ends(mdp, potential))


def _zero_at_ends(mdp: FiniteMDP, potential: Array) -> Array:
    potential = potential.copy()
    potential[list(mdp.terminal_states)] = 0 * mdp.discount
    return potential
