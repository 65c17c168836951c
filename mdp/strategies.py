"""Hypothesis strategies for finite MDPs and for what lives on one: tables, policies, distributions, sample paths.

Values are constructed, never filtered, so no example is lost. A model is free, or it has one of the shapes in which
theorems break and mutants hide: mirror images, equal rows, duplicated actions, deterministic, periodic, one-way
(transient and unreachable states) and separate (reducible) chains. Its rewards are free, a function of the successor,
all negative or all zero. A shape that must be asked for is "reflected": a model of mirror images in which every second
action is the image of the one before. The two are worth the same and lead to different states, so that in floats their
values differ by a rounding, now in favour of the one and now of the other.

>>> mdps(max_states=2, discounts=["9/10"]).accepts(FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], "9/10"))
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import hypothesis.strategies as st
import numpy as np
from flint import fmpq
from hypothesis.errors import InvalidArgument

from .arithmetic import Array, NotANumber, exact_array
from .draws import DISCOUNTS, NEGATIVE, NUMBERS, Below, below, one_of, weights
from .model import FiniteMDP
from .strategies_on_models import (
    deterministic_policies,
    distributions,
    paths,
    policies,
    positive_distributions,
    positive_policies,
    recordings,
    state_tables,
    step_sizes,
    synchronous_paths,
    tables,
    tied_to,
)

__all__ = [
    "deterministic_policies",
    "distributions",
    "mdps",
    "paths",
    "policies",
    "positive_distributions",
    "positive_policies",
    "recordings",
    "state_tables",
    "step_sizes",
    "synchronous_paths",
    "tables",
    "tied_to",
]

_WEIGHTS = (1, 2, 3, 4, 0)
_NAMED = (
    _FREE, _MIRRORED, _EQUAL_ROWS, _DUPLICATED, _DETERMINISTIC, _PERIODIC, _ONE_WAY, _SEPARATE,
) = ("free", "mirrored", "equal rows", "duplicated", "deterministic", "periodic", "one-way", "separate")  # fmt: skip
_REFLECTED = "reflected"
# A fault shows in most free models of some size, so those are drawn more often; likewise for rewards below.
_SHAPES = (*_NAMED, _FREE, _FREE, _FREE)
_ActionSet = tuple[int, ...]
_Outcomes = list[tuple[int, fmpq, int]]
_Rows = dict[tuple[int, int], _Outcomes]


def mdps(
    *,
    max_states: int = 4,
    max_actions: int = 3,
    max_outcomes: int = 3,
    terminal: bool = True,
    discounts: Sequence[object] | None = None,
    start: bool = False,
    shapes: Sequence[str] = _SHAPES,
) -> st.SearchStrategy[FiniteMDP]:
    """Draw exact MDPs with at least one pair; the simplest has one state, one action, reward 0 and discount 1/2.

    Parameters
    ----------
    max_states : 1 to 12.
    max_actions : 1 to 5, for each state; action numbers may have gaps.
    max_outcomes : 1 to 12, for each pair; some repeat a successor or have probability 0.
    terminal : whether states without actions may occur.
    discounts : rationals in [0, 1] to choose from, the simplest first; by default some in [0, 1).
    start : whether the models have a start distribution.
    shapes : those to choose from, the simplest first; some of "free", "mirrored", "equal rows", "duplicated",
        "deterministic", "periodic", "one-way", "separate" and "reflected".

    The strategy has a method ``accepts(mdp)``: whether a model keeps these limits, so that reducers can keep them too.
    Raises ``hypothesis.errors.InvalidArgument`` naming the argument.
    """
    for name, value, largest in (
        ("max_states", max_states, 12),
        ("max_actions", max_actions, 5),
        ("max_outcomes", max_outcomes, 12),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
            raise InvalidArgument(f"{name}={value!r} is not an integer from 1 to {largest}")
    for shape in shapes:
        if shape not in (*_NAMED, _REFLECTED):
            raise InvalidArgument(f"shapes contains {shape!r}; choose from {', '.join((*_NAMED, _REFLECTED))}")
    allowed = DISCOUNTS if discounts is None else _checked_discounts(discounts)
    action_sets = [chosen for size in range(1, max_actions + 1) for chosen in combinations(range(max_actions), size)]
    strategy = _models(max_states, action_sets, max_outcomes, terminal, allowed, start, tuple(shapes))

    def accepts(mdp: FiniteMDP) -> bool:
        n_actions = np.diff(mdp.pair_start)
        return bool(
            mdp.n_states <= max_states
            and 1 <= n_actions.max() <= max_actions
            and np.diff(mdp.outcome_start).max() <= max_outcomes
            and (terminal or n_actions.min() > 0)
            and (0 <= mdp.discount < 1 if discounts is None else mdp.discount in allowed)
            and (mdp.start is not None) == start
        )

    strategy.accepts = accepts  # type: ignore[attr-defined]
    return strategy


def _checked_discounts(discounts: Sequence[object]) -> Array:
    if isinstance(discounts, (st.SearchStrategy, str)):
        raise InvalidArgument(f"discounts={discounts!r} is no list of rationals; write it like ['1/2', '9/10']")
    try:
        allowed = exact_array(discounts)
    except NotANumber as error:
        raise InvalidArgument(f"discounts: {error}") from None
    if not 1 <= len(allowed) < 100:
        raise InvalidArgument(f"discounts has {len(allowed)} entries; give 1 to 99, or None for the usual ones")
    for discount in allowed:
        if not 0 <= discount <= 1:
            raise InvalidArgument(f"discounts contains {discount}, which is not in [0, 1]")
    return allowed


@st.composite
def _models(
    draw: st.DrawFn,
    max_states: int,
    action_sets: list[_ActionSet],
    max_outcomes: int,
    terminal: bool,
    discounts: Array,
    start: bool,
    shapes: tuple[str, ...],
) -> FiniteMDP:
    pick = below(draw)
    n_states = one_of(pick, [1, *range(2, max_states + 1), *range(2, max_states + 1)])
    shape = one_of(pick, shapes)
    reward = _reward_rule(pick, n_states)
    discount = one_of(pick, discounts)
    actions = _actions(pick, n_states, action_sets, terminal, mirrored=shape in (_MIRRORED, _REFLECTED))
    rows: _Rows = {}
    for state in range(n_states):
        for action in actions[state]:
            row = _twin(shape, rows, state, action, n_states)
            if row is None:
                n_outcomes = 1 if shape == _DETERMINISTIC else 1 + pick(max_outcomes)
                row = _outcomes(pick, n_outcomes, _successors(shape, state, n_states), reward)
            rows[state, action] = row
    return _build(n_states, rows, discount, weights(pick, n_states) if start else None)


def _actions(
    pick: Below, n_states: int, action_sets: list[_ActionSet], terminal: bool, mirrored: bool
) -> list[_ActionSet]:
    # Two or more actions are drawn twice as often as one. A fifth of the states have none, but the last to be drawn has
    # some if no other has: there is always a pair.
    action_sets = action_sets + [chosen for chosen in action_sets if len(chosen) > 1]
    choices = action_sets + [()] * ((len(action_sets) + 3) // 4 if terminal else 0)
    drawn: list[_ActionSet] = []
    n_drawn = (n_states + 1) // 2 if mirrored else n_states
    for state in range(n_drawn):
        must_act = state == n_drawn - 1 and not any(drawn)
        drawn.append(one_of(pick, action_sets if must_act else choices))
    return drawn + drawn[: n_states - n_drawn][::-1]


def _twin(shape: str, rows: _Rows, state: int, action: int, n_states: int) -> _Outcomes | None:
    """Return the row that an earlier one determines, if any."""

    def image(row: _Outcomes) -> _Outcomes:
        return [(weight, reward, n_states - 1 - successor) for weight, reward, successor in row]

    if shape in (_MIRRORED, _REFLECTED) and (n_states - 1 - state, action) in rows:
        return image(rows[n_states - 1 - state, action])
    if shape == _REFLECTED:
        own = [row for (owner, _), row in rows.items() if owner == state]
        return image(own[-1]) if len(own) % 2 else None
    if rows and shape in (_EQUAL_ROWS, _DUPLICATED):
        (last_state, _), last = next(reversed(rows.items()))
        return last if shape == _EQUAL_ROWS or last_state == state else None
    return None


def _successors(shape: str, state: int, n_states: int) -> Sequence[int]:
    if shape == _PERIODIC:
        return [(state + 1) % n_states]
    if shape == _ONE_WAY:
        return range(state, n_states)
    middle = shape in (_MIRRORED, _REFLECTED) and 2 * state == n_states - 1
    return [state] if shape == _SEPARATE or middle else range(n_states)


def _reward_rule(pick: Below, n_states: int) -> Callable[[int], fmpq]:
    rule = one_of(pick, ("free", "of successor", "negative", "zero", "free", "free", "of successor"))
    if rule == "zero":
        return lambda successor: NUMBERS[0]
    if rule == "of successor":
        of_state = [one_of(pick, NUMBERS) for _ in range(n_states)]
        return lambda successor: of_state[successor]
    numbers = NEGATIVE if rule == "negative" else NUMBERS
    return lambda successor: one_of(pick, numbers)


def _outcomes(pick: Below, n_outcomes: int, successors: Sequence[int], reward: Callable[[int], fmpq]) -> _Outcomes:
    outcomes: _Outcomes = []
    for k in range(n_outcomes):
        # Probability 0 is for later outcomes only: a row needs some weight.
        weight = one_of(pick, _WEIGHTS if k else _WEIGHTS[:-1]) if n_outcomes > 1 else 1
        successor = one_of(pick, successors)
        outcomes.append((weight, reward(successor), successor))
    return outcomes


def _build(n_states: int, rows: _Rows, discount: fmpq, start: Any) -> FiniteMDP:
    # Not `from_pairs`: what it sorts and converts is right by construction here.
    outcomes = [outcome for row in rows.values() for outcome in row]
    probability: list[fmpq] = []
    for row in rows.values():
        total = sum(weight for weight, _, _ in row)
        probability += [fmpq(weight, total) for weight, _, _ in row]
    return FiniteMDP(
        n_states=n_states,
        pair_state=np.array([state for state, _ in rows], dtype=np.int64),
        pair_action=np.array([action for _, action in rows], dtype=np.int64),
        outcome_start=np.cumsum([0] + [len(row) for row in rows.values()]),
        probability=exact_array(probability),
        reward=exact_array([reward for _, reward, _ in outcomes]),
        next_state=np.array([successor for _, _, successor in outcomes], dtype=np.int64),
        discount=discount,
        start=start,
    )
