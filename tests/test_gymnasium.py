"""An environment's table becomes the exact model of what the environment does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from bellcheck.mdp.arithmetic import exact
from bellcheck.mdp.extras import MissingExtra
from bellcheck.mdp.interop.gymnasium import NoTable, UnknownEnvironment, from_gymnasium, read_table
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import policy_iteration

Table = dict[int, dict[int, list[tuple[Any, ...]]]]


def environment(table: Any, start: Sequence[float] | None = None) -> SimpleNamespace:
    """Return the least that an environment with a table is."""
    bare = SimpleNamespace(P=table, spec=SimpleNamespace(id="Tiny-v0"))
    if start is not None:
        bare.initial_state_distrib = start
    return SimpleNamespace(unwrapped=bare)


def test_frozen_lake_rows_are_thirds() -> None:
    """0.33333333333333337 was meant as 1/3, and the change of at most 4 ulp is reported with its place."""
    pytest.importorskip("gymnasium")
    reading = from_gymnasium("FrozenLake-v1", "99/100")
    moved = reading.changes[0]

    assert {str(p) for p in reading.mdp.probability} == {"1/3", "2/3"}
    assert (moved.state, moved.action, moved.next_state, moved.given, moved.used) == (
        0,
        0,
        0,
        0.33333333333333337,
        exact("1/3"),
    )
    assert reading.largest_change <= 4 * exact(2.0**-54)


def test_frozen_lake_from_the_start() -> None:
    """FrozenLake's start is worth 0.542026 to six places at discount 99/100."""
    pytest.importorskip("gymnasium")
    value = policy_iteration(from_gymnasium("FrozenLake-v1", "99/100").mdp).v[0]

    assert abs(value - exact("0.542026")) < exact("0.0000005")


def test_frozen_lake_holes_lose_their_rows() -> None:
    """Holes and goal are entered by termination alone: their self-loops are not part of any episode."""
    pytest.importorskip("gymnasium")
    reading = from_gymnasium("FrozenLake-v1", "99/100")

    assert reading.dropped_rows == (5, 7, 11, 12, 15)
    assert reading.mdp.terminal_states == (5, 7, 11, 12, 15, 16)


def test_cliff_walking_from_the_start() -> None:
    """Thirteen steps of -1 are worth -(1 - gamma^13) / (1 - gamma), exactly."""
    pytest.importorskip("gymnasium")
    gamma = exact("99/100")
    mdp = from_gymnasium("CliffWalking-v1", gamma).mdp

    assert policy_iteration(mdp).v[36] == -(1 - gamma**13) / (1 - gamma)
    assert mdp.start is not None
    assert mdp.start[36] == 1


def test_cliff_walking_keeps_rows_that_nothing_enters() -> None:
    """The ten cliff squares are never entered, terminated or not: they are unreachable, not terminal."""
    pytest.importorskip("gymnasium")
    reading = from_gymnasium("CliffWalking-v1", "99/100")

    assert reading.dropped_rows == (47,)
    assert not set(range(37, 47)) & set(reading.mdp.next_state.tolist())


def test_taxi_destinations_keep_their_rows() -> None:
    """In Taxi a delivered state is an ordinary one too: only the delivering transition ends the episode."""
    pytest.importorskip("gymnasium")
    reading = from_gymnasium("Taxi-v4", "99/100")

    assert reading.dropped_rows == ()
    assert reading.mdp.terminal_states == (500,)
    assert reading.mdp.n_pairs == 3000
    # State 0: the passenger waits at the destination. Picking up costs 1, putting down pays 20.
    assert policy_iteration(reading.mdp).v[0] == -1 + exact("99/100") * 20


def test_arguments_stand_in_the_id() -> None:
    """What follows a question mark is handed to the environment: booleans, numbers, text."""
    pytest.importorskip("gymnasium")
    mdp = from_gymnasium("FrozenLake-v1?map_name=8x8&is_slippery=false", "1/2").mdp

    assert mdp.n_states == 65
    assert set(mdp.probability) == {exact(1)}


def test_equal_outcomes_add_up() -> None:
    """Two outcomes with the same reward and next state are one; a different reward keeps them apart."""
    table: Table = {0: {0: [(0.25, 0, 1, False), (0.25, 0, 1, False), (0.25, 0, 2, False), (0.25, 0, 1, True)]}}
    reading = from_gymnasium(environment(table), "1/2")

    assert reading.mdp == FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/4", 2, 0), ("1/4", 1, 1)])], "1/2")
    assert reading.added_up == 1
    assert reading.changes == ()


def test_termination_belongs_to_the_transition() -> None:
    """A state that one outcome ends in and another passes through keeps its row; ending there is worth 0."""
    table: Table = {0: {0: [(1.0, 1, 0, True)], 1: [(1.0, 1, 0, False)]}, 1: {0: [(1.0, 0, 5, True)]}}
    reading = from_gymnasium(environment(table), "1/2")

    assert reading.dropped_rows == ()
    assert list(policy_iteration(reading.mdp).q) == [exact(0), exact("5/2"), exact(5)]


def test_start_keeps_a_row() -> None:
    """An episode that may start in a terminated state acts there."""
    table: Table = {0: {0: [(1.0, 1, 0, True)]}, 1: {0: [(1.0, 1, 7, True)]}}

    assert from_gymnasium(environment(table, [1.0, 0.0]), "1/2").dropped_rows == (1,)
    assert from_gymnasium(environment(table, [0.5, 0.5]), "1/2").dropped_rows == ()


def test_unknown_start_keeps_every_row() -> None:
    """Where an environment does not say where it starts, it may start anywhere."""
    table: Table = {0: {0: [(1.0, 1, 0, True)]}, 1: {0: [(1.0, 1, 7, True)]}}

    assert from_gymnasium(environment(table), "1/2").dropped_rows == ()


def test_dropped_row_enters_nothing() -> None:
    """Two goals that lead only to each other are both dropped, whatever their padding rows say."""
    table: Table = {
        0: {0: [(0.5, 1, 1, True), (0.5, 2, 1, True)]},
        1: {0: [(1.0, 2, 0, False)]},
        2: {0: [(1.0, 1, 0, False)]},
    }

    assert from_gymnasium(environment(table, [1.0, 0.0, 0.0]), "1/2").dropped_rows == (1, 2)


def test_without_termination_no_state_is_added() -> None:
    """A continuing environment has exactly its own states."""
    mdp = from_gymnasium(environment({0: {0: [(1.0, 0, 1, False)]}}, [1.0]), "1/2").mdp

    assert mdp.n_states == 1
    assert mdp.terminal_states == ()


def test_a_bare_table_keeps_every_row() -> None:
    """A table says nothing of starts: where a terminated outcome leads, an episode may begin too."""
    table: Table = {0: {0: [(0.5, 1, 1, True), (0.5, 0, 1, False)]}, 1: {0: [(1.0, 1, 7, True)]}}

    assert read_table(table, "1/2") == FiniteMDP.from_pairs(
        3, [(0, 0, [("1/2", 1, 2), ("1/2", 1, 0)]), (1, 0, [(1, 7, 2)])], "1/2"
    )


def test_a_bare_table_that_is_no_decision_process_is_refused() -> None:
    """The error names the place in the table."""
    with pytest.raises(InvalidMDP, match=r"sum to 0\.5.*of state 0, action 0 in the table"):
        read_table({0: {0: [(0.5, 0, 0, False)]}}, "1/2")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({0: {0: [(0.5, 0, 0, False)]}}, r"sum to 0\.5.*of state 0, action 0 in Tiny-v0's table"),
        ({0: {0: [(-1.0, 0, 0, False)]}}, r"probability -1\.0 is not in \[0, 1\]"),
        ({0: {0: [(float("nan"), 0, 0, False)]}}, r"probability nan is not in \[0, 1\]"),
        ({0: {0: [(1.0, 1, 0, False)]}}, "next state 1 of state 0, action 0 in Tiny-v0's table does not exist"),
        ({0: {0: [(1.0, 0, 0)]}}, "is not a list of \\(probability, next state, reward, terminated\\)"),
        ({3: {0: [(1.0, 3, 0, False)]}}, "not numbered 0 to 0"),
        ({0: {0: [(1.0, 0, float("inf"), False)]}}, "reward of state 0, action 0 in Tiny-v0's table: inf is not"),
    ],
)
def test_table_that_is_no_decision_process_is_refused(table: Any, message: str) -> None:
    """A wrong table is an error that names the value and the place."""
    with pytest.raises(InvalidMDP, match=message):
        from_gymnasium(environment(table), "1/2")


@pytest.mark.parametrize(
    ("environment_id", "error", "message"),
    [
        ("Nope-v1", UnknownEnvironment, "cannot make the environment 'Nope-v1'.*doesn't exist"),
        ("Taxi-v3", UnknownEnvironment, "deprecated. Please use `Taxi-v4`"),
        ("FrozenLake-v1?map_name=9x9", UnknownEnvironment, "KeyError: '9x9'"),
        ("FrozenLake-v1?slippery", UnknownEnvironment, "bad query field"),
        ("Blackjack-v1", NoTable, "Blackjack-v1 has no transition table P"),
        ("CartPole-v1", NoTable, "CartPole-v1 has no transition table P"),
        ("Taxi-v4?fickle_passenger=true", NoTable, "fickle_passenger changes states outside its table"),
    ],
)
def test_environment_that_cannot_be_read_is_refused(environment_id: str, error: type[Exception], message: str) -> None:
    """The error is one line that names the environment and what is wrong with it."""
    pytest.importorskip("gymnasium")
    with pytest.raises(error, match=message) as caught:
        from_gymnasium(environment_id, "1/2")

    assert len(str(caught.value).splitlines()) == 1


def test_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gymnasium the error says what to install."""
    monkeypatch.setitem(sys.modules, "gymnasium", None)

    with pytest.raises(MissingExtra, match=r"pip install 'bellcheck\[gymnasium\]'"):
        from_gymnasium("FrozenLake-v1", "1/2")
