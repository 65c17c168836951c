"""A finite MDP by its pairs: construction, what is refused and how it is said, shape, equality, other arithmetics."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from flint import fmpq
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array, fraction, is_exact
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.strategies import mdps

LOOP = [(1, 0, 0)]


def _pairs(mdp):
    return [
        (
            int(mdp.pair_state[x]),
            int(mdp.pair_action[x]),
            [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)],
        )
        for x in range(mdp.n_pairs)
    ]


@pytest.fixture
def ragged():
    """Four states: two actions (numbered 0 and 2), none, one, none."""
    return FiniteMDP.from_pairs(
        4,
        [(2, 1, [(1, "-1/2", 3)]), (0, 2, [("1/3", 5, 2), ("2/3", 0, 0)]), (0, 0, [(1, 1, 1)])],
        "9/10",
        start=["1/4", 0, "3/4", 0],
    )


def test_pairs_are_grouped_by_state_whatever_their_order(ragged):
    """Pairs come sorted by state and action, outcomes in the order given."""
    assert ragged.pair_state.tolist() == [0, 0, 2]
    assert ragged.pair_action.tolist() == [0, 2, 1]
    assert ragged.outcome_start.tolist() == [0, 1, 3, 4]
    assert list(ragged.reward) == [1, 5, 0, fmpq(-1, 2)]


def test_shape(ragged):
    """Offsets, acting and terminal states follow from the pairs; a terminal state between others is no special case."""
    assert ragged.n_pairs == 3
    assert ragged.pair_start.tolist() == [0, 2, 2, 3, 3]
    assert ragged.acting.tolist() == [0, 2]
    assert ragged.acting_start.tolist() == [0, 2]
    assert ragged.terminal_states == (1, 3)
    assert [ragged.pairs_of(s) for s in range(4)] == [range(2), range(2, 2), range(2, 3), range(3, 3)]
    assert [ragged.outcomes_of(x) for x in range(3)] == [range(1), range(1, 3), range(3, 4)]


def test_a_pair_is_found_by_state_and_action(ragged):
    """The number of a pair, or an error that names the action that the state does not have."""
    assert [ragged.pair(0, 0), ragged.pair(0, 2), ragged.pair(2, 1)] == [0, 1, 2]
    with pytest.raises(KeyError, match="state 0 has no action 1"):
        ragged.pair(0, 1)


def test_tables_are_constant_and_of_the_models_arithmetic(ragged):
    """A table has an entry for each pair, exact or float like the model."""
    assert list(ragged.table()) == [0, 0, 0]
    assert list(ragged.table("1/3")) == [fmpq(1, 3)] * 3
    assert is_exact(ragged.table())
    assert ragged.to_float().table(0.5).tolist() == [0.5] * 3


@given(mdps(start=True))
def test_a_model_is_equal_to_its_rebuilt_self(mdp):
    """Building a model from the listed pairs, in another order, gives an equal model."""
    assert FiniteMDP.from_pairs(mdp.n_states, reversed(_pairs(mdp)), mdp.discount, start=list(mdp.start)) == mdp


@given(mdps())
def test_the_repr_can_be_typed_in(mdp):
    """What a model without names prints is Python that builds it, for the quotients of its floats are read as such."""
    assert eval(repr(mdp), {"FiniteMDP": FiniteMDP}) == mdp


BASE = {"n_states": 2, "pairs": [(0, 0, [("1/2", 1, 0), ("1/2", 2, 1)]), (1, 0, LOOP)], "discount": "1/2"}


@pytest.mark.parametrize(
    "change",
    [
        {"discount": "1/3"},
        {"n_states": 3},
        {"pairs": [(0, 0, [("1/2", 1, 0), ("1/2", 2, 1)]), (1, 1, LOOP)]},
        {"pairs": [(0, 0, [("1/2", 1, 0), ("1/2", 3, 1)]), (1, 0, LOOP)]},
        {"pairs": [(0, 0, [("1/2", 1, 0), ("1/2", 2, 0)]), (1, 0, LOOP)]},
        {"pairs": [(0, 0, [("1/3", 1, 0), ("2/3", 2, 1)]), (1, 0, LOOP)]},
        {"pairs": [(0, 0, [("1/2", 1, 0), ("1/2", 2, 1)])]},
        {"start": [1, 0]},
        {"state_names": ["a", "b"]},
        {"action_names": ["go"]},
    ],
    ids=str,
)
def test_models_that_differ_anywhere_are_not_equal(change):
    """Equality looks at every field."""
    first, second = FiniteMDP.from_pairs(**BASE), FiniteMDP.from_pairs(**{**BASE, **change})

    assert first == FiniteMDP.from_pairs(**BASE)
    assert first != second
    assert first != "a model"


def test_a_model_is_not_hashable_and_cannot_be_changed():
    """A model is compared by value and is frozen, its arrays too."""
    mdp = FiniteMDP.from_pairs(**BASE)

    with pytest.raises(TypeError, match="unhashable type: 'FiniteMDP'"):
        hash(mdp)
    with pytest.raises(FrozenInstanceError):
        mdp.discount = fmpq(0)
    with pytest.raises(ValueError, match="read-only"):
        mdp.reward[0] = fmpq(9)


WRONG = {
    "no states": ({"n_states": 0, "pairs": []}, "there are no states; a process needs at least one"),
    "discount above 1": ({"discount": "3/2"}, "discount 3/2 is not in [0, 1]"),
    "negative discount": ({"discount": -1}, "discount -1 is not in [0, 1]"),
    "discount no number": ({"discount": "abc"}, "discount: 'abc' is not a rational number"),
    "discount NaN": ({"discount": float("nan")}, "discount: nan is not a rational number"),
    "sum below 1": (
        {"pairs": [(1, 0, [("1/2", 0, 0), ("2/5", 0, 1)])]},
        "probabilities of state 1, action 0 sum to 9/10, not 1",
    ),
    "sum of floats": ({"pairs": [(1, 0, [(0.5, 0, 0), (0.4, 0, 1)])]}, "probabilities sum to 0.9"),
    "negative probability": (
        {"pairs": [(1, 0, [("-1/2", 0, 0), ("3/2", 0, 1)])]},
        "probability -1/2 of state 1, action 0 is negative",
    ),
    "probability NaN": (
        {"pairs": [(0, 2, [(float("nan"), 0, 0)])]},
        "probability nan is not in [0, 1] (of state 0, action 2)",
    ),
    "probability no number": (
        {"pairs": [(0, 0, [("x", 0, 0)])]},
        "probability of state 0, action 0: 'x' is not a rational number",
    ),
    "reward NaN": ({"pairs": [(0, 1, [(1, float("nan"), 0)])]}, "reward of state 0, action 1: nan is not a rational"),
    "reward infinite": ({"pairs": [(0, 1, [(1, float("inf"), 0)])]}, "reward of state 0, action 1: inf is not"),
    "no outcomes": ({"pairs": [(0, 0, [])]}, "probabilities of state 0, action 0 sum to 0, not 1"),
    "unknown successor": ({"pairs": [(0, 0, [(1, 0, 2)])]}, "next state 2 of state 0, action 0 does not exist"),
    "negative successor": ({"pairs": [(0, 0, [(1, 0, -1)])]}, "next state -1 of state 0, action 0 does not exist"),
    "successor and a half": (
        {"pairs": [(0, 0, [(1, 0, 0.5)])]},
        "next state of state 0, action 0 is 0.5, not an integer",
    ),
    "successor as text": ({"pairs": [(0, 0, [(1, 0, "1")])]}, "next state of state 0, action 0 is '1', not an integer"),
    "unknown state": ({"pairs": [(2, 0, LOOP)]}, "state 2 does not exist; there are 2, numbered from 0"),
    "negative state": ({"pairs": [(-1, 0, LOOP)]}, "state -1 does not exist"),
    "state and a half": ({"pairs": [(0.5, 0, LOOP)]}, "state is 0.5, not an integer"),
    "negative action": ({"pairs": [(0, -1, LOOP)]}, "action -1 of state 0 does not exist"),
    "action no number": ({"pairs": [(0, None, LOOP)]}, "action of state 0 is None, not an integer"),
    "pair given twice": ({"pairs": [(0, 0, LOOP), (0, 0, LOOP)]}, "the pair state 0, action 0 is given twice"),
    "pair given twice in two ways": (
        {"pairs": [(0, 0, LOOP), (0, 0, [("1", 0, 0)])]},
        "the pair state 0, action 0 is given twice",
    ),
    "start too long": ({"start": [1, 0, 0]}, "the start distribution has 3 entries for 2 states"),
    "start below 1": ({"start": ["1/2", 0]}, "probabilities of the start distribution sum to 1/2, not 1"),
    "start no number": ({"start": ["x", 0]}, "probability of the start distribution: 'x' is not a rational number"),
    "start negative": ({"start": [2, -1]}, "probability -1 of the start distribution is negative"),
    "state name twice": ({"state_names": ["a", "a"]}, "state name 'a' is given twice; names must differ"),
    "action name twice": ({"action_names": ["a", "a"]}, "action name 'a' is given twice; names must differ"),
    "too few state names": ({"state_names": ["a"]}, "1 state names for 2 states; give one each"),
    "unnamed action": ({"pairs": [(0, 1, LOOP)], "action_names": ["a"]}, "action 1 of state 0 does not exist"),
    "place by name": (
        {"pairs": [(1, 0, [("1/2", 0, 0)])], "state_names": ["a", "b"], "action_names": ["go"]},
        "probabilities of state b, action go sum to 1/2, not 1",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_place(case):
    """Each way to get a model wrong is refused in one line: the value, the place, and what is expected."""
    change, message = WRONG[case]

    with pytest.raises(InvalidMDP) as error:
        FiniteMDP.from_pairs(**{**BASE, **change})

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_without_actions_is_a_model():
    """All states may be terminal: there is nothing to choose, and nothing wrong."""
    assert FiniteMDP.from_pairs(2, [], "1/2").terminal_states == (0, 1)


@pytest.mark.parametrize(
    "row",
    [
        ["1/3", "2/3"],
        [Fraction(1, 3), Fraction(2, 3)],
        [1 / 3, 2 / 3],
        [fmpq(1, 3), fmpq(2, 3)],
        [np.float64(1 / 3), np.float64(2 / 3)],
    ],
    ids=lambda row: type(row[0]).__name__,
)
def test_probabilities_of_every_type_are_read(row):
    """Text, fractions and floats give the same model."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(p, 0, 0) for p in row])], "1/2")

    assert list(mdp.probability) == [fmpq(1, 3), fmpq(2, 3)]


def test_duplicate_outcomes_are_kept():
    """The same outcome twice is not merged: its probabilities add up in every operator."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 1, 0), ("1/2", 1, 0)])], "1/2")

    assert len(mdp.reward) == 2


P = [[[0.5, 0.5], [0, 1]], [[1, 0], [0, 1]]]


@pytest.mark.parametrize(
    ("R", "rewards"),
    [([7, 8], [7, 7, 7, 8, 8]), ([[1, 2], [3, 4]], [1, 1, 2, 3, 4]), (np.arange(8).reshape(2, 2, 2), [0, 1, 3, 4, 7])],
    ids=["state", "pair", "transition"],
)
def test_arrays_take_rewards_of_three_shapes(R, rewards):
    """Rewards belong to the state left, to the pair or to the transition; impossible transitions are left out."""
    mdp = FiniteMDP.from_arrays(P, R, "9/10")

    assert list(mdp.reward) == rewards
    assert mdp.next_state.tolist() == [0, 1, 1, 0, 1]


def test_arrays_with_terminal_states_and_missing_actions():
    """Rows of terminal states and of missing actions are not read, whatever they hold."""
    mdp = FiniteMDP.from_arrays(
        [[[0, 1], [float("nan"), 9]], [[9, 9], [9, 9]]],
        [1, 2],
        "1/2",
        terminal=[1],
        available=[[1, 0], [1, 1]],
        start=[1, 0],
    )

    assert _pairs(mdp) == [(0, 0, [(1, 1, 1)])]
    assert list(mdp.start) == [1, 0]


def test_arrays_in_which_all_states_are_terminal():
    """The first state may be terminal, and so may each of three hundred; nothing is read then."""
    nothing = FiniteMDP.from_arrays(np.full((300, 1, 300), np.nan), np.zeros(300), "1/2", terminal=range(300))

    assert nothing.terminal_states == tuple(range(300))


@pytest.mark.parametrize("convert", [str, exact, lambda p: Fraction(p)], ids=["text", "fmpq", "Fraction"])
def test_arrays_of_exact_numbers_are_read(convert):
    """Arrays may hold text or rationals; a zero is an impossible transition in each."""
    exact_P = [[[convert(p) for p in ("1/3", "2/3")]], [[convert(p) for p in ("0", "1")]]]

    mdp = FiniteMDP.from_arrays(exact_P, [convert("1/7"), convert("0")], "1/2")

    assert _pairs(mdp) == [(0, 0, [(fmpq(1, 3), fmpq(1, 7), 0), (fmpq(2, 3), fmpq(1, 7), 1)]), (1, 0, [(1, 0, 1)])]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"P": [[1]], "R": [1]}, "P has shape (1, 1); it must be (states, actions, states)"),
        ({"P": [[[[1]]]], "R": [1]}, "P has shape (1, 1, 1, 1); it must be"),
        ({"P": [[[1, 0]]], "R": [1]}, "P has shape (1, 1, 2); it must be"),
        ({"P": [[[1]], [[1]]], "R": [1, 1]}, "P has shape (2, 1, 1); it must be"),
        ({"P": [[[1], [1, 0]]], "R": [1]}, "P is no array: its rows differ in length"),
        ({"P": [[[1]]], "R": [[1], [1, 2]]}, "R is no array: its rows differ in length"),
        ({"P": [[[1]]], "R": [[1, 2]]}, "R has shape (1, 2); it must be one of (1,), (1, 1), (1, 1, 1)"),
        ({"P": [[[1]]], "R": [1], "terminal": [1]}, "terminal state 1 does not exist; there are 1 states"),
        ({"P": [[[1]]], "R": [1], "terminal": [2]}, "terminal state 2 does not exist; there are 1 states"),
        ({"P": [[[1]]], "R": [1], "terminal": [-1]}, "terminal state -1 does not exist; there are 1 states"),
        ({"P": [[[1]]], "R": [1], "available": [1]}, "available has shape (1,); it must be (1, 1)"),
        ({"P": [[[1]]], "R": [1], "available": [[1], [1]]}, "available has shape (2, 1); it must be (1, 1)"),
        ({"P": [[["x"]]], "R": [1]}, "probability of state 0, action 0: 'x' is not a rational number"),
        ({"P": [[[float("nan")]]], "R": [1]}, "probability nan is not in [0, 1] (of state 0, action 0)"),
        ({"P": [[[0.0]]], "R": [1]}, "probabilities of state 0, action 0 sum to 0, not 1"),
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_named(arguments, message):
    """A wrong shape or entry is refused with what it is and what it must be."""
    with pytest.raises(InvalidMDP) as error:
        FiniteMDP.from_arrays(**arguments, discount="1/2")

    assert message in str(error.value)


def test_dictionaries_give_names():
    """Keys become the names of states and actions, numbered in order of first appearance."""
    mdp = FiniteMDP.from_dict(
        {"home": {"go": [(1, -1, "work")]}, "work": {"stay": [(1, 2, "work")], "go": [(1, 0, "end")]}, "end": {}},
        "1/2",
        start={"work": 1},
    )

    assert mdp.state_names == ("home", "work", "end")
    assert mdp.action_names == ("go", "stay")
    assert [mdp.pair_name(x) for x in range(3)] == ["(home, go)", "(work, go)", "(work, stay)"]
    assert mdp.terminal_states == (2,)
    assert list(mdp.start) == [0, 1, 0]


def test_the_start_is_given_by_name():
    """After transitions and discount, whose names may be used too, there is no third place."""
    lamp = {"on": {"wait": [(1, 1, "on")]}}

    assert FiniteMDP.from_dict(transitions=lamp, discount="1/2", start={"on": 1}).start[0] == 1
    with pytest.raises(TypeError, match="positional"):
        FiniteMDP.from_dict(lamp, "1/2", {"on": 1})


def test_numbers_are_names_of_the_nameless():
    """Without names, states and actions are called by their numbers."""
    mdp = FiniteMDP.from_pairs(2, [(1, 3, LOOP)], 0)

    assert (mdp.state_name(1), mdp.action_name(3), mdp.pair_name(0)) == ("1", "3", "(1, 3)")


@pytest.mark.parametrize(
    ("transitions", "start", "message"),
    [
        ({"a": {"x": [(1, 0, "b")]}}, None, "unknown state 'b' of state a, action x; give it a key, with {} if"),
        ({"a": {"x": [(1, 0, "a")]}}, {"b": 1}, "unknown state 'b' in the start distribution"),
        ({1: {"x": [(1, 0, 1)]}, "1": {}}, None, "state name '1' is given twice"),
        ({"a": {"x": [("1/2", 0, "a")]}}, None, "probabilities of state a, action x sum to 1/2, not 1"),
        ({"a": {"x": [(1, 0)]}}, None, "of state a, action x is not (probability, reward, next state)"),
    ],
    ids=str,
)
def test_dictionaries_that_do_not_fit_are_named(transitions, start, message):
    """An unknown successor, start or doubled name is refused with its place in the dictionary."""
    with pytest.raises(InvalidMDP) as error:
        FiniteMDP.from_dict(transitions, "1/2", start=start)

    assert message in str(error.value)


@given(mdps(start=True))
def test_floats_are_the_rationals_rounded(mdp):
    """The float model has the same shape and every number rounded correctly."""
    rounded = mdp.to_float()

    assert rounded.reward.tolist() == [float(fraction(r)) for r in mdp.reward]
    assert rounded.probability.tolist() == [float(fraction(p)) for p in mdp.probability]
    assert rounded.probability.dtype == rounded.start.dtype == np.float64
    assert isinstance(rounded.discount, float)
    assert np.array_equal(rounded.next_state, mdp.next_state)


def test_a_reward_beyond_binary64_is_refused_by_floats():
    """An exact reward of any size is fine; rounding it says what to do."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 10**400, 0)])], "1/2")

    with pytest.raises(InvalidMDP, match=r"a reward is too large for binary64.*rescale the rewards"):
        mdp.to_float()


@given(mdps(start=True))
def test_tensors_are_the_floats(mdp):
    """The tensor model holds the numbers of the float model, in float64."""
    rounded, tensors = mdp.to_float(), mdp.to_tensor()

    assert tensors.probability.dtype == tensors.reward.dtype == tensors.start.dtype == torch.float64
    assert np.array_equal(tensors.start.numpy(), rounded.start)
    assert np.array_equal(tensors.probability.numpy(), rounded.probability)
    assert np.array_equal(tensors.reward.numpy(), rounded.reward)
    assert tensors.next_state.tolist() == mdp.next_state.tolist()


def test_without_a_start_there_is_none_in_other_arithmetics():
    """A model that begins nowhere begins nowhere in floats and in tensors."""
    mdp = FiniteMDP.from_pairs(**BASE)

    assert [mdp.to_float().start, mdp.to_tensor().start] == [None, None]


@given(mdps(), st.integers(0, 3))
def test_each_pair_belongs_to_one_state(mdp, state):
    """The pairs of the states are all pairs, each once, and `pair` finds each by its state and action."""
    pairs = [x for s in range(mdp.n_states) for x in mdp.pairs_of(s)]
    found = [mdp.pair(int(s), int(a)) for s, a in zip(mdp.pair_state, mdp.pair_action, strict=True)]

    assert pairs == found == list(range(mdp.n_pairs))
    assert state >= mdp.n_states or (state in mdp.terminal_states) == (len(mdp.pairs_of(state)) == 0)


def test_other_arithmetics_are_not_checked():
    """z3 terms and floats have no truth to check: only exact models are validated."""
    arrays = {
        "pair_state": np.array([0]),
        "pair_action": np.array([0]),
        "outcome_start": np.array([0, 1]),
        "next_state": np.array([0]),
    }

    unchecked = FiniteMDP(n_states=1, probability=np.array([0.5]), reward=np.array([0.0]), discount=0.5, **arrays)

    assert unchecked.probability[0] == 0.5
    with pytest.raises(InvalidMDP, match="sum to 1/2, not 1"):
        FiniteMDP(
            n_states=1, probability=exact_array(["1/2"]), reward=exact_array([0]), discount=exact("1/2"), **arrays
        )


@pytest.mark.parametrize("outcome", [(1, 0, 0, False), (1, 0), "1, 0, 0", 1])
def test_outcome_of_another_shape_is_named(outcome):
    """An outcome with a done flag, as Gymnasium has it, is refused with its place and what to write."""
    with pytest.raises(InvalidMDP, match=r"of state 0, action 0 is not \(probability, reward, next state\)"):
        FiniteMDP.from_pairs(1, [(0, 0, [outcome])], "1/2")
