"""Instances are moved onto numbers that floats compute with exactly, or are not offered."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update
from bellcheck.mdp.strategies import mdps, step_sizes, tables
from bellcheck.proofs.conformance.faults import NotOffered
from bellcheck.proofs.conformance.grid import Grid, as_float, fraction_bits, require_exact
from bellcheck.proofs.draws import axes

DRAWS = {"mdp": mdps(), "q": tables, "step_size": step_sizes()}
AXES = axes(DRAWS)


@st.composite
def _instances(draw: st.DrawFn) -> dict:
    mdp = draw(mdps())
    return {"mdp": mdp, "q": draw(tables(mdp)), "step_size": draw(step_sizes())}


@given(_instances(), st.booleans(), st.booleans(), st.booleans())
def test_twice_is_once(instance, probabilities, mean_rewards, rectangular):
    """What has been moved stays where it is: the reducer moves instances again and again."""
    move = Grid(probabilities=probabilities, mean_rewards=mean_rewards, rectangular=rectangular).of(AXES)

    once = _or_none(move, instance)
    if once is None:
        return
    again = move(once)
    assert again["mdp"] == once["mdp"]
    assert again["step_size"] == once["step_size"]
    np.testing.assert_array_equal(again["q"], once["q"])


def _or_none(move, instance):
    try:
        return move(instance)
    except NotOffered:
        return None


@given(_instances())
def test_a_step_in_floats_is_the_step_in_rationals(instance):
    """One update from a moved instance rounds nothing, so that a difference is a fault of the program."""
    moved = Grid().of(AXES)(instance)
    mdp, q, step_size = (moved[name] for name in ("mdp", "q", "step_size"))
    floats = FiniteMDP.to_float(mdp)

    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            exactly = update(mdp, q, x, k, step_size)
            rounded = update(floats, to_floats(q), x, k, as_float(step_size))
            assert [exact(value) for value in rounded] == list(exactly)


@given(_instances())
def test_order_and_signs_are_kept(instance):
    """What was larger does not become smaller, and what was not 0 keeps its sign: ties may arise, others do not."""
    before = instance["q"]

    after = Grid().of(AXES)(instance)["q"]

    for i in range(len(before)):
        assert (before[i] > 0, before[i] < 0) == (after[i] > 0, after[i] < 0)
        assert all(after[i] <= after[j] for j in range(len(before)) if before[i] <= before[j])


@given(_instances())
def test_probabilities_in_eighths_sum_to_1_and_keep_their_support(instance):
    """A pair with more than eight outcomes is not offered."""
    mdp = instance["mdp"]
    if max((sum(mdp.probability[k] > 0 for k in mdp.outcomes_of(x)) for x in range(mdp.n_pairs)), default=0) > 8:
        with pytest.raises(NotOffered, match="8 at most"):
            Grid(probabilities=True).of(AXES)(instance)
        return

    moved = Grid(probabilities=True).of(AXES)(instance)["mdp"]

    assert [p > 0 for p in moved.probability] == [p > 0 for p in mdp.probability]
    assert fraction_bits(moved.probability) <= 3
    for x in range(moved.n_pairs):
        assert sum(moved.probability[list(moved.outcomes_of(x))], fmpq(0)) == 1


@given(_instances())
def test_rectangular_models_have_as_many_actions_everywhere(instance):
    """States that act have as many actions; those that end stay ends."""
    moved = Grid(rectangular=True).of(AXES)(instance)["mdp"]

    counts = {len(moved.pairs_of(state)) for state in range(moved.n_states)} - {0}
    assert len(counts) <= 1


@given(_instances())
def test_numbers_that_are_built_in_replace_those_drawn(instance):
    """The discount and the step size of the program."""
    moved = Grid(discount=fmpq(3, 4), step_size=fmpq(1, 2)).of(AXES)(instance)

    assert (moved["mdp"].discount, moved["step_size"]) == (fmpq(3, 4), fmpq(1, 2))


@given(_instances())
def test_discount_0_stays_0_or_is_not_offered(instance):
    """Some laws hold at 0 alone, and some nowhere else."""
    without_0 = Grid(discounts=(fmpq(1, 2), fmpq(3, 4)))

    assert (Grid().of(AXES)(instance)["mdp"].discount == 0) == (instance["mdp"].discount == 0)
    moved = _or_none(without_0.of(AXES), instance)
    assert (moved is None) == (instance["mdp"].discount == 0)


def test_textbook_numbers_are_left_alone():
    """Halves up to 32 are where they were."""
    q = exact_array(["24", "-31/2", "0", "1/2"])
    mdp = FiniteMDP.from_pairs(1, [(0, a, [(1, 0, 0)]) for a in range(4)], "1/2")

    moved = Grid().of({"mdp": None, "q": "pair"})({"mdp": mdp, "q": q})

    np.testing.assert_array_equal(moved["q"], q)


@pytest.mark.parametrize(
    ("numbers", "bits"), [(["1", "2"], 0), (["1/2", "3/8"], 3), (["0"], 0), (["-5/1024", "1/4"], 10)]
)
def test_bits_behind_the_point(numbers, bits):
    """All the numbers are multiples of 2^-b."""
    assert fraction_bits(exact_array(numbers)) == bits


def test_what_is_not_dyadic_is_not_offered():
    """A third has no float; the message names it."""
    with pytest.raises(NotOffered, match="1/3 has no exact binary form"):
        fraction_bits(exact_array(["1/2", "1/3"]))


def test_what_does_not_fit_the_mantissa_is_not_offered():
    """2^52 + 1/2 has 53 bits and fits; 2^53 + 1/2 does not, and binary32 holds 24."""
    require_exact(1, [fmpq(2**51)])

    with pytest.raises(NotOffered, match="float64 would round"):
        require_exact(1, [fmpq(2**53)])
    with pytest.raises(NotOffered, match="float32 would round"):
        require_exact(10, [fmpq(2**15)], "float32")
