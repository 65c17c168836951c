"""The action-replay process: which card is played how likely, and where it leads."""

from __future__ import annotations

import pytest
from flint import fmpq

from bellcheck.mdp.action_replay import action_replay_process
from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import policy_iteration

MODEL = FiniteMDP.from_pairs(3, [(0, 0, [("1/2", 5, 1), ("1/2", 7, 2)]), (1, 0, [(1, 3, 0)])], "1/2")
"""Two acting states and a terminal one; outcomes 0 and 1 of pair 0, 2 of pair 1."""

Q0 = exact_array([-1, -2])
PATH = [(0, 0, exact("1/2")), (1, 2, exact("1/4")), (0, 1, exact("1/3"))]


def _actions(process: FiniteMDP, pair: int) -> list[tuple[fmpq, fmpq, int]]:
    return [(process.probability[k], process.reward[k], int(process.next_state[k])) for k in process.outcomes_of(pair)]


def test_cards_are_played_from_the_top() -> None:
    """At <0, 3> card 3 has its own step size, card 1 what the coin of card 3 leaves, and Q_0 is paid for the rest."""
    process = action_replay_process(MODEL, Q0, PATH)
    stop = process.n_states - 1

    assert _actions(process, 6) == [
        (fmpq(1, 3), 7, 2 * 3 + 2),
        (fmpq(2, 3) * fmpq(1, 2), 5, 0 * 3 + 1),
        (fmpq(2, 3) * fmpq(1, 2), -1, stop),
    ]
    assert stop in process.terminal_states


def test_without_cards_the_initial_table_is_paid() -> None:
    """At <s, 0> every action pays Q_0(s, a) and stops."""
    process = action_replay_process(MODEL, Q0, PATH)

    assert [_actions(process, x) for x in range(2)] == [[(1, q, process.n_states - 1)] for q in Q0]


def test_a_terminal_state_stays_one() -> None:
    """With any number of cards a terminal state has no actions: what follows it is worth 0."""
    process = action_replay_process(MODEL, Q0, PATH)

    assert {3 * k + 2 for k in range(4)} < set(process.terminal_states)


def test_only_the_experience_is_read() -> None:
    """A model with the same pairs and outcomes but other probabilities has the same replay."""
    other = FiniteMDP.from_pairs(3, [(0, 0, [("1/8", 5, 1), ("7/8", 7, 2)]), (1, 0, [(1, 3, 0)])], "1/2")

    assert action_replay_process(other, Q0, PATH) == action_replay_process(MODEL, Q0, PATH)


def test_a_step_size_is_a_probability() -> None:
    """No coin shows heads with probability 3/2."""
    with pytest.raises(InvalidMDP, match="probabilit"):
        action_replay_process(MODEL, Q0, [(0, 0, exact("3/2"))])


def test_values_are_the_learners_by_hand() -> None:
    """Q_1(0) = (1 - 1/2)(-1) + 1/2 (5 + 1/2 (-2)) = 3/2 and Q_2(1) = 3/4 (-2) + 1/4 (3 + 1/2 3/2) = -9/16."""
    values = policy_iteration(action_replay_process(MODEL, Q0, PATH)).q.reshape(4, 2)

    assert list(values[:3].flat) == list(exact_array([-1, -2, "3/2", -2, "3/2", "-9/16"]))
