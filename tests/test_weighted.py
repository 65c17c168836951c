"""The weighted norm and the weights that a policy brings about, with ends and with several closed classes."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies
from bellcheck.proofs.weighted import own_chain, own_weights, weighted_square


@st.composite
def _models_with_policies(draw):
    mdp = draw(mdps())
    return mdp, draw(policies(mdp))


@given(_models_with_policies())
def test_own_weights_are_stationary(drawn):
    """The weights are a distribution that one step of the chain leaves as it is."""
    mdp, policy = drawn

    d = own_weights(mdp, policy)

    assert sum(d) == 1
    assert list(d @ own_chain(mdp, policy)) == list(d)


def test_weights_of_the_first_class_where_there_are_two():
    """Two loops that never meet: all weight is on the first."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 0)]), (1, 0, [(1, 0, 1)])], "1/2")

    assert list(own_weights(mdp, exact_array([1, 1]))) == [1, 0]


def test_an_end_leads_back_to_the_states_that_act():
    """The episode that ends in the terminal state 2 begins again in 0 or 1."""
    mdp = FiniteMDP.from_pairs(3, [(0, 0, [(1, 0, 2)]), (1, 0, [(1, 0, 1)])], "1/2")

    assert list(own_chain(mdp, exact_array([1, 1]))[0]) == [exact("1/2"), exact("1/2")]


def test_the_weighted_square_by_hand():
    """1/4 times 4 plus 3/4 times 1."""
    assert weighted_square(exact_array(["1/4", "3/4"]), exact_array([2, -1])) == exact("7/4")
