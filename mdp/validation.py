"""What makes numbers and lists a Markov decision process; each error names the value, the place and the remedy."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from .arithmetic import NotANumber, exact
from .rationals import NotADistribution, distribution_from_floats, number_from_outside

if TYPE_CHECKING:
    from .model import FiniteMDP

__all__ = [
    "InvalidMDP",
    "Names",
    "is_not_zero",
    "read_array",
    "read_index",
    "read_number",
    "read_outcome",
    "read_probabilities",
    "validate",
]


class InvalidMDP(ValueError):
    """A model that is not a Markov decision process; the message names the value, the place and the remedy."""


class Names:
    """How error messages name a pair."""

    def __init__(self, states: Sequence[str] | None, actions: Sequence[str] | None) -> None:
        self.states, self.actions = states, actions

    def pair(self, state: int, action: int) -> str:
        """Return "of state S, action A", by name where there is one."""
        known_state = self.states is not None and 0 <= state < len(self.states)
        known_action = self.actions is not None and 0 <= action < len(self.actions)
        return (
            f"of state {self.states[state] if known_state and self.states else state}, "
            f"action {self.actions[action] if known_action and self.actions else action}"
        )


def read_number(value: object, what: str, place: str) -> fmpq:
    """Return the rational meant by a number from outside, or raise `InvalidMDP` naming what it is and where."""
    try:
        return number_from_outside(value)
    except NotANumber as error:
        raise InvalidMDP(f"{what} {place}: {error}" if place else f"{what}: {error}") from None


def read_index(value: Any, what: str) -> int:
    """Return a state or action number as an integer, or raise `InvalidMDP`."""
    # NumPy would cut 1/2 down to 0 without a word.
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidMDP(f"{what} is {value!r}, not an integer; states and actions are numbered from 0") from None


def read_array(values: Any, name: str) -> np.ndarray:
    """Return nested lists as an array, or raise `InvalidMDP` if rows differ in length."""
    try:
        return np.asarray(values)
    except ValueError:
        raise InvalidMDP(f"{name} is no array: its rows differ in length") from None


def read_outcome(outcome: Any, place: str) -> tuple[Any, Any, Any]:
    """Return the three entries of an outcome, or raise `InvalidMDP`."""
    if not isinstance(outcome, Sequence) or isinstance(outcome, str) or len(outcome) != 3:
        raise InvalidMDP(
            f"outcome {outcome!r} {place} is not (probability, reward, next state); "
            "an outcome that ends the episode leads to a state without actions"
        )
    return outcome[0], outcome[1], outcome[2]


def is_not_zero(value: Any) -> bool:
    """Whether a probability from outside is anything but 0."""
    if not isinstance(value, str):
        return bool(value != 0)
    try:
        return exact(value) != 0
    except NotANumber:
        return True  # to be reported with its place


def read_probabilities(row: list[object], place: str) -> list[fmpq]:
    """Return a row of probabilities as rationals; a row of floats is read as `rationals` describes."""
    values = [value.item() if isinstance(value, np.generic) else value for value in row]
    if any(isinstance(value, float) for value in values) and all(isinstance(value, float | int) for value in values):
        try:
            return distribution_from_floats([float(value) for value in values])  # type: ignore[arg-type]
        except NotADistribution as error:
            raise InvalidMDP(f"{error} ({place})") from None
    return [read_number(value, "probability", place) for value in values]


def validate(mdp: FiniteMDP) -> None:
    """Raise `InvalidMDP` unless an exact model is a Markov decision process."""
    names = Names(mdp.state_names, mdp.action_names)
    if mdp.n_states < 1:
        raise InvalidMDP("there are no states; a process needs at least one")
    if not 0 <= mdp.discount <= 1:
        raise InvalidMDP(f"discount {mdp.discount} is not in [0, 1]")
    for states, kind in ((mdp.state_names, "state"), (mdp.action_names, "action")):
        if states is not None and len(set(states)) != len(states):
            twice = next(name for name in states if states.count(name) > 1)
            raise InvalidMDP(f"{kind} name {twice!r} is given twice; names must differ")
    if mdp.state_names is not None and len(mdp.state_names) != mdp.n_states:
        raise InvalidMDP(f"{len(mdp.state_names)} state names for {mdp.n_states} states; give one each")
    seen: set[tuple[int, int]] = set()
    for x in range(mdp.n_pairs):
        state, action = int(mdp.pair_state[x]), int(mdp.pair_action[x])
        place = names.pair(state, action)
        if not 0 <= state < mdp.n_states:
            raise InvalidMDP(f"state {state} does not exist; there are {mdp.n_states}, numbered from 0")
        if action < 0 or (mdp.action_names is not None and action >= len(mdp.action_names)):
            raise InvalidMDP(f"action {action} of state {state} does not exist; actions are numbered from 0")
        if (state, action) in seen:
            raise InvalidMDP(f"the pair {place.removeprefix('of ')} is given twice; put its outcomes together")
        seen.add((state, action))
        for k in mdp.outcomes_of(x):
            if not 0 <= mdp.next_state[k] < mdp.n_states:
                raise InvalidMDP(
                    f"next state {mdp.next_state[k]} {place} does not exist; there are {mdp.n_states}, numbered from 0"
                )
        _validate_distribution([mdp.probability[k] for k in mdp.outcomes_of(x)], place)
    if mdp.start is not None:
        if len(mdp.start) != mdp.n_states:
            raise InvalidMDP(f"the start distribution has {len(mdp.start)} entries for {mdp.n_states} states")
        _validate_distribution(list(mdp.start), "of the start distribution")


def _validate_distribution(probabilities: list[fmpq], place: str) -> None:
    for probability in probabilities:
        if probability < 0:
            raise InvalidMDP(f"probability {probability} {place} is negative; probabilities lie in [0, 1]")
    total = sum(probabilities, fmpq(0))
    if total != 1:
        raise InvalidMDP(f"probabilities {place} sum to {total}, not 1")
