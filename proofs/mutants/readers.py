"""Wrong readers: of tables and pairs that come out as another model, and of arrays that are none and pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import to_floats
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.rationals import distribution_from_floats, number_from_outside

from ..subject import Subject

__all__ = [
    "done_flag_ignored",
    "ends_that_pay",
    "last_successor_kept",
    "neighbours_actions",
    "no_look_at_signs",
    "no_look_at_sums",
    "no_look_at_the_discount",
    "not_a_number_passes",
    "pointers_added_up",
    "sums_to_the_last_bit",
    "zeros_refused",
]

# -------------------------------------------------------------------- tables

_Table = Mapping[int, Mapping[int, Sequence[tuple[Any, int, Any, bool]]]]
_Rows = dict[tuple[int, int], list[tuple[fmpq, int, fmpq, bool]]]


def _rows(table: _Table) -> _Rows:
    """The rows in rationals: (probability, next state, reward, terminated)."""
    rows: _Rows = {}
    for state, actions in table.items():
        for action, outcomes in actions.items():
            probabilities = distribution_from_floats([float(outcome[0]) for outcome in outcomes])
            rows[state, action] = [
                (p, following, number_from_outside(reward), done)
                for p, (_, following, reward, done) in zip(probabilities, outcomes, strict=True)
            ]
    return rows


def _last_successor_kept(table: _Table, discount: object) -> FiniteMDP:
    """``P[s, a, s'] = p`` in place of ``+=``: what is lost of a row is neither paid nor goes on."""
    end, pairs = len(table), []
    for (state, action), row in _rows(table).items():
        kept = {(end if done else following): (p, reward) for p, following, reward, done in row}
        lost = 1 - sum((p for p, _ in kept.values()), fmpq(0))
        outcomes = [(p, reward, following) for following, (p, reward) in kept.items()]
        pairs.append((state, action, [*outcomes, (lost, fmpq(0), end)]))
    return FiniteMDP.from_pairs(end + 1, pairs, discount)


def _done_flag_ignored(table: _Table, discount: object) -> FiniteMDP:
    """Every outcome goes on in its next state."""
    pairs = [(s, a, [(p, reward, t) for p, t, reward, _ in row]) for (s, a), row in _rows(table).items()]
    return FiniteMDP.from_pairs(len(table), pairs, discount)


def _ends_that_pay(table: _Table, discount: object) -> FiniteMDP:
    """A terminated outcome leads to where nothing follows, but where the next state's rewards are paid once more."""
    n, pairs = len(table), []
    for (state, action), row in _rows(table).items():
        pairs.append((state, action, [(p, reward, n + t if done else t) for p, t, reward, done in row]))
        pairs.append((n + state, action, [(p, reward, 2 * n) for p, _, reward, _ in row]))
    return FiniteMDP.from_pairs(2 * n + 1, pairs, discount)


# -------------------------------------------------------------------- pairs

_Pairs = Sequence[tuple[int, int, Sequence[tuple[Any, Any, int]]]]


def _pointers_added_up(n_states: int, pairs: _Pairs, discount: object) -> FiniteMDP:
    """Positions of rows are sorted as entries of a sparse matrix, which adds up those of a pair that comes twice."""
    position: dict[tuple[int, int], int] = {}
    for row, (state, action, _) in enumerate(pairs):
        position[state, action] = position.get((state, action), 0) + row
    if max(position.values()) >= len(pairs):
        raise InvalidMDP("index out of range")
    read = [(state, action, pairs[row][2]) for (state, action), row in position.items()]
    return FiniteMDP.from_pairs(n_states, read, discount)


def _neighbours_actions(n_states: int, pairs: _Pairs, discount: object) -> FiniteMDP:
    """Offsets without a look at empty segments: a state without actions has the pair that stands next in the list."""
    given = FiniteMDP.from_pairs(n_states, pairs, discount)
    ordered = sorted(pairs, key=lambda pair: pair[:2])
    read = list(ordered)
    for state in given.terminal_states:
        _, action, outcomes = ordered[min(int(given.pair_start[state]), len(ordered) - 1)]
        read.append((state, action, outcomes))
    return FiniteMDP.from_pairs(n_states, read, discount)


# -------------------------------------------------------------------- arrays


def _floats(array: Any) -> np.ndarray:
    return np.array([to_floats(row) for row in array])


def _sums(P: Any) -> bool:
    return all(np.allclose(_floats(rows).sum(axis=1), 1) for rows in P)


def _signs(P: Any) -> bool:
    return all((_floats(rows) >= 0).all() for rows in P)


def _numbers(R: Any) -> bool:
    return bool(np.isfinite(_floats(R)).all())


def _no_look_at_sums(P: Any, R: Any, discount: Any) -> bool:
    return _signs(P) and _numbers(R) and 0 <= float(to_floats([discount])[0]) <= 1


def _no_look_at_signs(P: Any, R: Any, discount: Any) -> bool:
    return _sums(P) and _numbers(R) and 0 <= float(to_floats([discount])[0]) <= 1


def _no_look_at_the_discount(P: Any, R: Any, discount: Any) -> bool:
    return _sums(P) and _signs(P) and _numbers(R)


def _not_a_number_passes(P: Any, R: Any, discount: Any) -> bool:
    """Looks for what is wrong, by comparisons that are all false of what is no number."""
    entries = np.array([_floats(rows) for rows in P])
    gamma = float(to_floats([discount])[0])
    return not ((abs(entries.sum(axis=2) - 1) > 1e-9).any() or (entries < 0).any() or gamma < 0 or gamma > 1)


def _sums_to_the_last_bit(P: Any, R: Any, discount: Any) -> bool:
    """Asks of sums in binary64 that they be 1, which six sixths miss by a bit."""
    exactly = all((_floats(rows).sum(axis=1) == 1).all() for rows in P)
    return exactly and _no_look_at_sums(P, R, discount)


def _zeros_refused(P: Any, R: Any, discount: Any) -> bool:
    """Asks for positive probabilities."""
    return all((_floats(rows) > 0).all() for rows in P) and _no_look_at_the_discount(P, R, discount)


last_successor_kept = Subject("table-reader", "the last of equal successors kept", _last_successor_kept, bug="H21")
done_flag_ignored = Subject("table-reader", "a done flag that is ignored", _done_flag_ignored, bug="H21")
ends_that_pay = Subject("table-reader", "ends that pay once more", _ends_that_pay, bug="H15")
pointers_added_up = Subject("pair-reader", "rows of equal pairs mixed up", _pointers_added_up, bug="H13")
neighbours_actions = Subject(
    "pair-reader", "a neighbour's actions where there are none", _neighbours_actions, bug="H13"
)
no_look_at_sums = Subject("input-check", "no look at row sums", _no_look_at_sums, bug="H18")
no_look_at_signs = Subject("input-check", "no look at signs", _no_look_at_signs)
no_look_at_the_discount = Subject("input-check", "no look at the discount", _no_look_at_the_discount)
not_a_number_passes = Subject("input-check", "comparisons that NaN passes", _not_a_number_passes)
sums_to_the_last_bit = Subject("input-check", "sums compared to the last bit", _sums_to_the_last_bit)
zeros_refused = Subject("input-check", "probabilities of 0 refused", _zeros_refused)
