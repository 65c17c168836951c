"""The weighted norm and the weights that a policy brings about, with ends and with several closed classes."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies
from bellcheck.proofs.weighted import a_solution, own_chain, own_weights, projected, weighted_square


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


def test_what_a_system_leaves_open_is_zero():
    """Of all solutions of x + y = 3 the one with y = 0."""
    matrix = exact_array([1, 1, 2, 2]).reshape(2, 2)

    assert list(a_solution(matrix, exact_array([3, 6]))) == [3, 0]


def test_projection_on_features_that_depend_on_each_other():
    """Twice the same feature (1, 2): the projection of (1, 0) is (1, 2) / 5, at even weights."""
    features = exact_array([1, 1, 2, 2]).reshape(2, 2)

    assert list(projected(exact_array(["1/2", "1/2"]), features, exact_array([1, 0]))) == [exact("1/5"), exact("2/5")]
