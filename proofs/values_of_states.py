"""Value functions of states as instances: (S,) vectors that are 0 in terminal states, T on them, subsolutions.

A subsolution V <= TV can be had from any V: lowering it by c at the acting states lowers TV by gamma c at most, so that
c = max(0, max(V - TV)) / (1 - gamma) is enough.
"""

from __future__ import annotations

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import expected_backup, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import state_tables, tied_to

from .definitions import optimal_values

__all__ = ["best_values", "subsolutions", "swept", "values"]


def swept(mdp: FiniteMDP, v: Array) -> Array:
    """Return TV, all values read before any is written."""
    return state_values(mdp, expected_backup(mdp, v))


def best_values(mdp: FiniteMDP) -> Array:
    """Return v*, from the values of all policies: for models with few of them."""
    return state_values(mdp, optimal_values(mdp))


@tied_to("state")
def values(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw any values of the states that act."""
    acts = exact_array(int(state in mdp.acting) for state in range(mdp.n_states))
    return state_tables(mdp).map(lambda v: v * acts)


@tied_to("state")
@st.composite
def subsolutions(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw values that a sweep of value iteration lowers nowhere."""
    v = draw(values(mdp))
    v[mdp.acting] -= max([fmpq(0), *(v - swept(mdp, v))[mdp.acting]]) / (1 - mdp.discount)
    return v
