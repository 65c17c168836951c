"""Transformed models: other rewards and other numbers, on the same outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.strategies import mdps, state_tables, tables
from bellcheck.mdp.transform import InvalidTransformation, affine_rewards, relabelled, shaped


@pytest.fixture
def corridor():
    """State 0 goes on to 1 or ends in 2; state 1 goes back to 0."""
    pairs = [(0, 0, [("1/4", 1, 0), ("3/4", 2, 1)]), (0, 1, [(1, 5, 2)]), (1, 0, [(1, -1, 0)])]
    return FiniteMDP.from_pairs(
        3, pairs, "1/2", start=["1/2", "1/3", "1/6"], state_names=["a", "b", "end"], action_names=["go", "stop"]
    )


@given(mdp=mdps(), data=st.data())
def test_a_shift_of_rewards_shifts_every_backup(mdp, data):
    """T of the shifted model is a times the old part of the reward, plus b: a mean of constants is that constant."""
    q = data.draw(tables(mdp))

    shifted = affine_rewards(mdp, 1, "7/3")

    assert (optimality_operator(shifted, q) - optimality_operator(mdp, q) == exact_array(["7/3"])[0]).all()


def test_affine_rewards_work_in_floats(corridor):
    """A float model keeps its arithmetic."""
    rounded = affine_rewards(corridor.to_float(), 2.0, 0.5)

    assert rounded.reward.tolist() == [2.5, 4.5, 10.5, -1.5]


def test_shaping_adds_the_discounted_successor_and_takes_the_state(corridor):
    """Each outcome gains gamma Phi(s') - Phi(s), the one that ends included."""
    model = shaped(corridor, [8, 6, 4])

    assert (model.reward - corridor.reward).tolist() == exact_array([-4, -5, -6, -2]).tolist()


def test_shaping_refuses_a_potential_of_the_pairs(corridor):
    """A potential has one entry a state."""
    with pytest.raises(InvalidTransformation, match=r"shape \(2,\); it needs one entry for each of 3 states"):
        shaped(corridor, [1, 2])


def test_relabelling_moves_everything_along(corridor):
    """States, actions, outcomes, the start distribution and the states' names stand under their new numbers."""
    moved = relabelled(corridor, states=[2, 0, 1], actions=[1, 0, 0])

    assert moved.mdp == FiniteMDP.from_pairs(
        3,
        [(2, 1, [("1/4", 1, 2), ("3/4", 2, 0)]), (2, 0, [(1, 5, 1)]), (0, 0, [(1, -1, 2)])],
        "1/2",
        start=["1/3", "1/6", "1/2"],
        state_names=["b", "end", "a"],
        action_names=["go", "stop"],
    )


@given(mdp=mdps(), data=st.data())
def test_new_numbers_lead_to_the_old_pairs_and_outcomes(mdp, data):
    """Each old pair and outcome is found under its new number, and a table moves with its pairs."""
    states = data.draw(st.permutations(range(mdp.n_states)))
    keys = data.draw(st.permutations(range(mdp.n_pairs)))
    q = data.draw(tables(mdp))

    moved = relabelled(mdp, states, keys)

    assert np.array_equal(moved.mdp.pair_state[moved.pairs], moved.states[mdp.pair_state])
    assert np.array_equal(moved.mdp.pair_action[moved.pairs], keys)
    assert np.array_equal(moved.mdp.reward[moved.outcomes], mdp.reward)
    assert np.array_equal(moved.mdp.next_state[moved.outcomes], moved.states[mdp.next_state])
    assert np.array_equal(moved.table(q)[moved.pairs], q)
    for x in range(mdp.n_pairs):
        assert [moved.outcomes[k] for k in mdp.outcomes_of(x)] == list(moved.mdp.outcomes_of(moved.pairs[x]))


def test_a_path_moves_with_its_pairs_and_outcomes(corridor):
    """The steps keep their order and sizes."""
    moved = relabelled(corridor, states=[2, 0, 1], actions=[1, 0, 0])

    assert moved.path([(0, 1, 1), (2, 3, 0)]) == ((2, 3, 1), (0, 0, 0))


@pytest.mark.parametrize(
    ("states", "actions", "message"),
    [
        ([0, 0, 1], [0, 1, 0], r"states \[0, 0, 1\] is no permutation of 0 to 2"),
        ([0, 1, 2], [0, 1], r"shape \(2,\); it needs a number for each of 3 pairs"),
        ([0, 1, 2], [1, 1, 0], r"actions of state 0 become \[1, 1\]; give each its own number"),
        ([0, 1, 2], [0, -1, 0], r"actions of state 0 become \[0, -1\]"),
    ],
)
def test_relabelling_refuses_what_is_no_renumbering(corridor, states, actions, message):
    """Two states or two actions under one number are refused, with the place."""
    with pytest.raises(InvalidTransformation, match=message):
        relabelled(corridor, states, actions)


def test_relabelling_refuses_a_number_without_a_name(corridor):
    """Where actions have names, their new numbers have names too."""
    with pytest.raises(InvalidMDP):
        relabelled(corridor, [0, 1, 2], [0, 5, 0])


@given(mdp=mdps(), data=st.data())
def test_shaping_back_undoes_shaping(mdp, data):
    """The potential -Phi takes Phi back."""
    potential = data.draw(state_tables(mdp))

    assert shaped(shaped(mdp, potential), -potential) == mdp
