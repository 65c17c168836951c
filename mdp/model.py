r"""A finite Markov decision process, held by its state-action pairs.

A state has the actions that it has, no padding to maximise over; a state without actions is terminal, its value is 0.
A table is a vector over the pairs X = {(s, a)}. An outcome is (probability, reward, next state), so the model is the
*joint* law p(s', r | s, a): two models with the same marginals are different models. Duplicate outcomes add up.

Pairs are grouped by state and outcomes by pair, both through offsets::

    state  0      1            2 (terminal)
    pairs  [0 1]  [2]          []
    outcomes of pair x: probability[outcome_start[x]:outcome_start[x + 1]], and so for reward and next_state
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from .arithmetic import Array, Scalar, exact, exact_array, is_exact, to_floats, zeros
from .validation import (
    InvalidMDP,
    Names,
    is_not_zero,
    read_array,
    read_index,
    read_number,
    read_outcome,
    read_probabilities,
    validate,
)

__all__ = ["FiniteMDP", "InvalidMDP"]

Outcome = tuple[Any, Any, int]
"""(probability, reward, next state)."""


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A finite Markov decision process; build it with `from_pairs`, `from_arrays`, `from_dict` or from a file.

    Parameters
    ----------
    n_states : number of states, terminal ones included.
    pair_state : (N,) state of each pair, ascending.
    pair_action : (N,) action of each pair, ascending within a state; actions of different states share their numbers.
    outcome_start : (N + 1,) offsets of the outcomes of each pair.
    probability, reward : (K,) arrays in one arithmetic.
    next_state : (K,) successor of each outcome.
    discount : gamma, 0 <= gamma <= 1.
    start : (S,) distribution of the first state, or None.
    state_names, action_names : names in the order of their numbers, or None.

    Raises
    ------
    InvalidMDP : what is wrong, where, and what to do about it.
    """

    n_states: int
    pair_state: np.ndarray
    pair_action: np.ndarray
    outcome_start: np.ndarray
    probability: Array
    reward: Array
    next_state: np.ndarray
    discount: Scalar
    start: Array | None = None
    state_names: tuple[str, ...] | None = None
    action_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("pair_state", "pair_action", "outcome_start", "probability", "reward", "next_state", "start"):
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        if isinstance(self.discount, fmpq):
            validate(self)

    # ---------------------------------------------------------------- construction

    @classmethod
    def from_pairs(
        cls,
        n_states: int,
        pairs: Iterable[tuple[int, int, Sequence[Outcome]]],
        discount: object,
        *,
        start: Sequence[object] | None = None,
        state_names: Sequence[str] | None = None,
        action_names: Sequence[str] | None = None,
    ) -> FiniteMDP:
        """Build a model from (state, action, [(probability, reward, next state), ...]) in any order.

        Numbers are integers, ``Fraction``, ``fmpq``, text such as "3/4" or floats; a row of float probabilities is read
        as `rationals` describes.
        """
        rows = [(read_index(s, "state"), read_index(a, f"action of state {s}"), outcomes) for s, a, outcomes in pairs]
        rows.sort(key=lambda row: row[:2])
        probability: list[fmpq] = []
        reward: list[fmpq] = []
        next_state: list[int] = []
        offsets = [0]
        names = Names(state_names, action_names)
        for state, action, outcomes in rows:
            place = names.pair(state, action)
            read = [read_outcome(outcome, place) for outcome in outcomes]
            probability += read_probabilities([outcome[0] for outcome in read], place)
            reward += [read_number(outcome[1], "reward", place) for outcome in read]
            next_state += [read_index(outcome[2], f"next state {place}") for outcome in read]
            offsets.append(len(probability))
        return cls(
            n_states=n_states,
            pair_state=np.array([row[0] for row in rows], dtype=np.int64),
            pair_action=np.array([row[1] for row in rows], dtype=np.int64),
            outcome_start=np.array(offsets, dtype=np.int64),
            probability=exact_array(probability),
            reward=exact_array(reward),
            next_state=np.array(next_state, dtype=np.int64),
            discount=read_number(discount, "discount", ""),
            start=None if start is None else exact_array(read_probabilities(list(start), "of the start distribution")),
            state_names=None if state_names is None else tuple(state_names),
            action_names=None if action_names is None else tuple(action_names),
        )

    @classmethod
    def from_arrays(
        cls,
        P: Any,
        R: Any,
        discount: object,
        *,
        terminal: Sequence[int] = (),
        available: Any = None,
        start: Sequence[object] | None = None,
    ) -> FiniteMDP:
        """Build a model from a transition array and a reward array.

        Parameters
        ----------
        P : (S, A, S) transition probabilities P[s, a, s']; floats are read as `rationals` describes.
        R : (S,) reward on leaving s, (S, A) on taking a in s, or (S, A, S) on the transition.
        terminal : states without actions; their rows are not read.
        available : (S, A) booleans, the actions that a state has; all of them if None.

        >>> mdp = FiniteMDP.from_arrays(P=[[[0.9, 0.1]], [[0, 1]]], R=[1, 0], discount="1/2")
        >>> mdp.n_pairs, mdp.probability[0]
        (2, 9/10)
        """
        P, R = read_array(P, "P"), read_array(R, "R")
        if P.ndim != 3 or P.shape[0] != P.shape[2]:
            raise InvalidMDP(f"P has shape {P.shape}; it must be (states, actions, states)")
        n_states, n_actions, _ = P.shape
        shapes = {(n_states,): (n_states, 1, 1), (n_states, n_actions): (n_states, n_actions, 1), P.shape: P.shape}
        if R.shape not in shapes:
            raise InvalidMDP(f"R has shape {R.shape}; it must be one of {', '.join(map(str, shapes))}")
        rewards = np.broadcast_to(R.reshape(shapes[R.shape]), P.shape)
        has = np.ones((n_states, n_actions), dtype=bool) if available is None else np.asarray(available, dtype=bool)
        if has.shape != (n_states, n_actions):
            raise InvalidMDP(f"available has shape {has.shape}; it must be {(n_states, n_actions)}")
        for state in terminal:
            if not 0 <= state < n_states:
                raise InvalidMDP(f"terminal state {state} does not exist; there are {n_states} states")
        weights, rewards = P.tolist(), rewards.tolist()
        pairs = [
            (s, a, [(weights[s][a][t], rewards[s][a][t], t) for t in range(n_states) if is_not_zero(weights[s][a][t])])
            for s in range(n_states)
            if s not in set(terminal)
            for a in range(n_actions)
            if has[s, a]
        ]
        return cls.from_pairs(n_states, pairs, discount, start=start)

    @classmethod
    def from_dict(
        cls,
        transitions: Mapping[Any, Mapping[Any, Sequence[tuple[object, object, Any]]]],
        discount: object,
        *,
        start: Mapping[Any, object] | None = None,
    ) -> FiniteMDP:
        """Build a model from ``{state: {action: [(probability, reward, next state), ...]}}``; keys become names.

        A terminal state is a key with an empty dictionary.

        >>> mdp = FiniteMDP.from_dict({"on": {"stay": [(1, 2, "on")], "stop": [("1", 0, "off")]}, "off": {}}, "9/10")
        >>> mdp.terminal_states
        (1,)
        """
        states = {state: number for number, state in enumerate(transitions)}
        actions = {action: None for row in transitions.values() for action in row}
        numbers = {action: number for number, action in enumerate(actions)}
        names = Names([str(s) for s in states], [str(a) for a in numbers])

        def number_of(state: Any, place: str) -> int:
            if state not in states:
                raise InvalidMDP(f"unknown state {state!r} {place}; give it a key, with {{}} if it is terminal")
            return states[state]

        pairs = []
        for s, row in transitions.items():
            for a, outcomes in row.items():
                place = names.pair(states[s], numbers[a])
                read = [read_outcome(outcome, place) for outcome in outcomes]
                pairs.append((states[s], numbers[a], [(p, r, number_of(t, place)) for p, r, t in read]))
        first = None
        if start is not None:
            weights = {number_of(state, "in the start distribution"): weight for state, weight in start.items()}
            first = [weights.get(number, 0) for number in range(len(states))]
        return cls.from_pairs(
            len(states), pairs, discount, start=first, state_names=names.states, action_names=names.actions
        )

    def to_float(self) -> FiniteMDP:
        """Return the model in binary64, every number rounded correctly.

        Raises `InvalidMDP` if a reward is too large for binary64.
        """
        try:
            reward = to_floats(self.reward)
        except OverflowError:
            raise InvalidMDP("a reward is too large for binary64, which ends at 1.8e308; rescale the rewards") from None
        return replace(
            self,
            probability=to_floats(self.probability),
            reward=reward,
            discount=float(to_floats([self.discount])[0]),
            start=None if self.start is None else to_floats(self.start),
        )

    def to_tensor(self) -> FiniteMDP:
        """Return the model with probabilities and rewards as torch tensors of float64."""
        import torch

        rounded = self.to_float()
        return replace(
            rounded,
            probability=torch.from_numpy(rounded.probability.copy()),
            reward=torch.from_numpy(rounded.reward.copy()),
            # It indexes tensors, and torch warns about arrays that are not writable.
            next_state=torch.from_numpy(rounded.next_state.copy()),  # type: ignore[arg-type]
            start=None if rounded.start is None else torch.from_numpy(rounded.start.copy()),
        )

    # ---------------------------------------------------------------- shape

    @property
    def n_pairs(self) -> int:
        """N = |X|, the number of state-action pairs."""
        return len(self.pair_state)

    @cached_property
    def pair_start(self) -> np.ndarray:
        """(S + 1,) offsets of the pairs of each state."""
        return np.searchsorted(self.pair_state, np.arange(self.n_states + 1))

    @cached_property
    def acting(self) -> np.ndarray:
        """The states that have actions, ascending."""
        return np.flatnonzero(np.diff(self.pair_start))

    @cached_property
    def acting_start(self) -> np.ndarray:
        """Offsets of the pairs of each acting state: no empty segment, which ``reduceat`` would misread."""
        return self.pair_start[self.acting]

    @property
    def terminal_states(self) -> tuple[int, ...]:
        """The states without actions."""
        return tuple(np.flatnonzero(np.diff(self.pair_start) == 0).tolist())

    def pairs_of(self, state: int) -> range:
        """The pairs of a state."""
        return range(int(self.pair_start[state]), int(self.pair_start[state + 1]))

    def outcomes_of(self, pair: int) -> range:
        """The outcomes of a pair."""
        return range(int(self.outcome_start[pair]), int(self.outcome_start[pair + 1]))

    def pair(self, state: int, action: int) -> int:
        """The number of the pair (state, action); ``KeyError`` if the state does not have the action."""
        for pair in self.pairs_of(state):
            if self.pair_action[pair] == action:
                return pair
        raise KeyError(f"state {state} has no action {action}")

    def state_name(self, state: int) -> str:
        """The name of a state, its number if it has none."""
        return self.state_names[state] if self.state_names else str(state)

    def action_name(self, action: int) -> str:
        """The name of an action, its number if it has none."""
        return self.action_names[action] if self.action_names else str(action)

    def pair_name(self, pair: int) -> str:
        """The names of a pair: ``(state, action)``."""
        state, action = int(self.pair_state[pair]), int(self.pair_action[pair])
        return f"({self.state_name(state)}, {self.action_name(action)})"

    def table(self, value: object = 0) -> Array:
        """Return a table with the same value at every pair, in the arithmetic of this model."""
        table = zeros(self.probability, self.n_pairs)
        return table + (exact(value) if is_exact(self.probability) else value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FiniteMDP):
            return NotImplemented
        arrays = ("pair_state", "pair_action", "outcome_start", "probability", "reward", "next_state", "start")
        return (self.n_states, self.discount, self.state_names, self.action_names) == (
            other.n_states,
            other.discount,
            other.state_names,
            other.action_names,
        ) and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = []
        for x in range(self.n_pairs):
            outcomes = ", ".join(
                f"({self.probability[k]}, {self.reward[k]}, {self.next_state[k]})" for k in self.outcomes_of(x)
            )
            rows.append(f"({self.pair_state[x]}, {self.pair_action[x]}, [{outcomes}])")
        return f"FiniteMDP.from_pairs({self.n_states}, [{', '.join(rows)}], discount={self.discount})"


# Registering needs both modules; whichever is imported second does it (the other order: hypothesis_hook.register).
if "hypothesis" in sys.modules:
    from .hypothesis_hook import register

    register()
