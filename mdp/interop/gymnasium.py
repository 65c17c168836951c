"""The exact model behind a Gymnasium environment that carries its transition table.

Toy-text environments hold ``P[state][action] = [(probability, next state, reward, terminated), ...]``. Three things
make a decision process of it, and each is reported:

* a row of floats becomes rationals that sum to exactly 1 (see `rationals`);
* termination belongs to the *transition*: a terminated outcome leads to one terminal state, added after the others.
  A state that only terminated outcomes enter is never acted in, so its own row is dropped (FrozenLake's holes); a state
  that is entered otherwise too keeps its row (Taxi's destinations).

States and actions keep the environment's numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flint import fmpq

from ..arithmetic import NotANumber, exact
from ..extras import MissingExtra, missing_extra
from ..model import FiniteMDP, InvalidMDP
from ..rationals import NotADistribution, distribution_from_floats, number_from_outside

__all__ = ["Change", "NoTable", "Reading", "UnknownEnvironment", "from_gymnasium", "read_table"]

_Outcome = tuple[fmpq, int, fmpq, bool]
"""(probability, next state, reward, terminated)."""


class UnknownEnvironment(ValueError):
    """Gymnasium cannot make the environment: an unknown or deprecated id, or arguments that it does not take."""


class NoTable(ValueError):
    """The environment has no transition table, or one that is not what the environment does."""


@dataclass(frozen=True)
class Change:
    """A float probability that is not the rational it was read as."""

    state: int
    action: int
    next_state: int
    given: float
    used: fmpq


@dataclass(frozen=True)
class Reading:
    """A model and what had to be done to a table to obtain it.

    `changes` are the probabilities that moved, `added_up` the number of outcomes merged into an equal one,
    `dropped_rows` the states whose own rows are not in the model; `name` is the environment's full id.
    """

    name: str
    mdp: FiniteMDP
    changes: tuple[Change, ...]
    added_up: int
    dropped_rows: tuple[int, ...]

    @property
    def largest_change(self) -> fmpq:
        """The largest distance that a probability moved, exactly."""
        return max((abs(change.used - exact(change.given)) for change in self.changes), default=fmpq(0))


def from_gymnasium(environment: Any, discount: object, **arguments: Any) -> Reading:
    """Read an environment, or an id such as "FrozenLake-v1" or "FrozenLake-v1?map_name=8x8&is_slippery=false".

    `arguments` are handed to ``gymnasium.make``. The start distribution is the environment's ``initial_state_distrib``,
    or None if it has none. Raises `UnknownEnvironment`, `NoTable`, ``InvalidMDP``, or ``MissingExtra`` if the library
    is not installed.
    """
    if isinstance(environment, str):
        environment = _make(environment, arguments)
    bare = environment.unwrapped
    name = bare.spec.id if getattr(bare, "spec", None) else type(bare).__name__
    table = getattr(bare, "P", None)
    if not isinstance(table, Mapping) or not table:
        raise NoTable(f"environment {name} has no transition table P; one like FrozenLake-v1 has")
    if getattr(bare, "fickle_passenger", False):
        raise NoTable(f"environment {name} with fickle_passenger changes states outside its table P; leave it out")

    start = getattr(bare, "initial_state_distrib", None)
    start = None if start is None else _distribution([float(p) for p in start], f"of {name}'s start distribution")
    return _read(table, discount, start, name, f"{name}'s table")


def read_table(table: Mapping[Any, Any], discount: object) -> FiniteMDP:
    """Return the model of a table ``{state: {action: [(probability, next state, reward, terminated), ...]}}``.

    States are numbered from 0. Every state keeps its row, for an episode may start in any; a terminated outcome leads
    to one more state, the last, which has no actions. Raises ``InvalidMDP``.

    >>> read_table({0: {0: [(0.5, 0, 1, False), (0.5, 0, 1, True)]}}, "1/2")
    FiniteMDP.from_pairs(2, [(0, 0, [(1/2, 1, 0), (1/2, 1, 1)])], discount=1/2)
    """
    return _read(table, discount, None, "table", "the table").mdp


def _read(table: Mapping[Any, Any], discount: object, start: list[fmpq] | None, name: str, table_name: str) -> Reading:
    rows, changes = _exact_rows(table, table_name)
    n_states = len(table)
    dropped = _entered_by_termination_alone(rows, start)
    ends = any(terminated for row in rows.values() for _, _, _, terminated in row)
    pairs, added_up = [], 0
    for (state, action), row in rows.items():
        if state in dropped:
            continue
        total: dict[tuple[fmpq, int], fmpq] = {}
        for probability, following, reward, terminated in row:
            # After termination nothing depends on the next state, but the reward of the transition stays its own.
            outcome = (reward, n_states if terminated else following)
            added_up += outcome in total
            total[outcome] = total.get(outcome, fmpq(0)) + probability
        pairs.append((state, action, [(p, reward, following) for (reward, following), p in total.items()]))
    mdp = FiniteMDP.from_pairs(
        n_states + ends, pairs, discount, start=None if start is None else [*start, *([fmpq(0)] * ends)]
    )
    kept = tuple(change for change in changes if change.state not in dropped)
    return Reading(name, mdp, kept, added_up, tuple(sorted(dropped)))


def _make(environment_id: str, arguments: dict[str, Any]) -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise MissingExtra(f"gymnasium:{environment_id} {missing_extra(error) or error}") from None
    bare_id, _, query = environment_id.partition("?")
    try:
        written = {key: _argument(text) for key, text in parse_qsl(query, keep_blank_values=True, strict_parsing=True)}
        with warnings.catch_warnings():
            # The id in the report says which version was made; notes on rendering and newer versions are not ours.
            warnings.simplefilter("ignore")
            return gymnasium.make(bare_id, **{**written, **arguments})
    except Exception as error:  # the constructor is foreign code; whatever it raises, it made nothing
        reason = (str(error).splitlines() or [""])[0][:200]
        raise UnknownEnvironment(
            f"cannot make the environment {environment_id!r}: {type(error).__name__}: {reason}"
        ) from None


def _argument(text: str) -> bool | int | float | str:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _exact_rows(
    table: Mapping[Any, Any], table_name: str
) -> tuple[dict[tuple[int, int], list[_Outcome]], list[Change]]:
    rows: dict[tuple[int, int], list[_Outcome]] = {}
    changes: list[Change] = []
    if {int(state) for state in table} != set(range(len(table))):
        raise InvalidMDP(f"the states of {table_name} are not numbered 0 to {len(table) - 1}")
    for state, actions in table.items():
        for action, outcomes in actions.items():
            place = f"of state {state}, action {action} in {table_name}"
            try:
                given = [(float(p), int(t), r, bool(done)) for p, t, r, done in outcomes]
            except (TypeError, ValueError):
                raise InvalidMDP(
                    f"the row {place} is not a list of (probability, next state, reward, terminated)"
                ) from None
            probabilities = _distribution([p for p, _, _, _ in given], place)
            row = rows[int(state), int(action)] = []
            for (float_probability, following, reward, done), probability in zip(given, probabilities, strict=True):
                if not 0 <= following < len(table):
                    raise InvalidMDP(f"next state {following} {place} does not exist; there are {len(table)}")
                if probability != exact(float_probability):
                    changes.append(Change(int(state), int(action), following, float_probability, probability))
                row.append((probability, following, _reward(reward, place), done))
    return rows, changes


def _reward(reward: object, place: str) -> fmpq:
    try:
        return number_from_outside(reward)
    except NotANumber as error:
        raise InvalidMDP(f"reward {place}: {error}") from None


def _distribution(probabilities: list[float], place: str) -> list[fmpq]:
    try:
        return distribution_from_floats(probabilities)
    except NotADistribution as error:
        raise InvalidMDP(f"{error} ({place})") from None


def _entered_by_termination_alone(rows: Mapping[tuple[int, int], list[_Outcome]], start: list[fmpq] | None) -> set[int]:
    """Return the states that a terminated outcome enters and nothing else does.

    A dropped row enters nothing, so the states that keep theirs are found as a least fixed point: those that no
    terminated outcome enters, those that an episode may start in (all, if that is unknown), and whatever a kept row
    enters without terminating.
    """
    entered = {t for row in rows.values() for p, t, _, done in row if done and p > 0}
    followers: dict[int, set[int]] = {}
    for (state, _), row in rows.items():
        followers.setdefault(state, set()).update(t for p, t, _, done in row if not done and p > 0)
    frontier = [state for state in followers if state not in entered or start is None or start[state] > 0]
    kept = set(frontier)
    while frontier:
        new = followers.get(frontier.pop(), set()) - kept
        kept |= new
        frontier.extend(new)
    return entered - kept
