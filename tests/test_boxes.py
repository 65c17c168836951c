"""The least box that Q-learning never leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables
from bellcheck.proofs.boxes import least_box
from bellcheck.proofs.definitions import state_value


@st.composite
def _models_and_tables(draw):
    mdp = draw(mdps(max_states=3))
    return mdp, draw(tables(mdp))


def _targets(mdp, values, x):
    """What an update of a pair may move towards, if the table were `values`."""
    return [
        mdp.reward[k] + mdp.discount * state_value(mdp, values, int(mdp.next_state[k]))
        for k in mdp.outcomes_of(x)
        if mdp.probability[k] > 0
    ]


@given(_models_and_tables())
def test_both_ends_solve_their_equation(drawn):
    """Each end is the first value or the extreme target made from the end itself; that equation has one solution."""
    mdp, q = drawn

    low, high = least_box(mdp, q)

    assert list(low) == [min(q[x], *_targets(mdp, low, x)) for x in range(mdp.n_pairs)]
    assert list(high) == [max(q[x], *_targets(mdp, high, x)) for x in range(mdp.n_pairs)]


def test_the_box_is_a_pairs_own():
    """Two loops that pay 1 and 2 at discount 1/2, from 0: the first is worth at most 1 + 4/2, the second 4."""
    low, high = least_box(two_arms("1/2"), exact_array([0, 0]))

    assert (list(low), list(high)) == ([0, 0], [3, 4])


def test_impossible_outcomes_do_not_count():
    """A reward of probability 0 is never paid."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1), (0, 9, 1)])], "1/2")

    assert list(least_box(mdp, exact_array([0]))[1]) == [1]


def test_the_lower_end_waits_for_the_better_action():
    """The lower end takes the worst outcome, but the best action that follows it."""
    mdp = FiniteMDP.from_pairs(
        3, [(0, 0, [("1/2", 0, 1), ("1/2", 0, 2)]), (1, 0, [(1, -2, 2)]), (1, 1, [(1, -8, 2)])], "1/2"
    )

    assert list(least_box(mdp, exact_array([0, 0, 0]))[0]) == [-1, -2, -8]
