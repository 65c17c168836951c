"""Agents in the style of Gymnasium's tutorials, and training loops: classes that keep a table, functions that fill one.

An agent has a method that learns from a step and an attribute that holds its table. A training loop is given an
environment made of a model, which writes down every step that is taken in it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from .binding import bind, named_as
from .constants import numbers_of_a_class
from .data import FORMS, read_table
from .learners import Learner
from .loading import CannotLoad

__all__ = ["Agent", "Training", "recorded"]

_UPDATES = ("update", "learn", "observe", "update_q", "step_update", "train_step", "update_q_table", "update_q_value")
_TABLES = ("q_values", "q_table", "Q", "q", "qtable", "table", "q_value")
_CONSTRUCTOR = (
    "n_states", "n_actions", "env", "step_size", "discount", "epsilon", "first_epsilon", "last_epsilon",
    "epsilon_decay", "seed",
)  # fmt: skip


class Agent(Learner):
    """A class whose instances hold a table and update it; a new one is made for each question.

    Attributes
    ----------
    method : the name of the one that learns from a step.
    """

    required = ("state", "action", "reward", "next_state")
    optional = ("terminated", "truncated", "step_size", "discount", "legal")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        if not inspect.isclass(function):
            raise CannotLoad("an agent is a class; for a function that updates a table say --as q-learner")
        self._class = bind(function, (), _CONSTRUCTOR, {})
        if "env" in self._class.roles:
            import gymnasium  # noqa: F401 - a missing one is said at once, and is no fault of the subject
        self.method = _only(function, declared.get("update"), _UPDATES, "a method that learns from a step", "update")
        self._table = declared.get("attribute")
        self._form = declared.get("table")
        # Bound without self, which the instance will supply.
        method = functools.partial(getattr(function, self.method), None)
        self.bound = bind(method, self.required, self.optional, declared)
        self.bound.told |= self._class.roles.keys()
        self._attributes = self._kept(declared)
        self.bound.told |= self._attributes.keys()
        self.bound.constants |= {role: f"self.{name}" for role, name in self._attributes.items()}

    def _kept(self, declared: Mapping[str, Any]) -> dict[str, str]:
        """Return role -> attribute, of the numbers that an agent keeps and is not given."""
        missing = {"step_size", "discount"} - self.bound.told - declared.keys()
        if not missing:
            return {}
        numbers = numbers_of_a_class(self._class.function)
        found = {role: [name for name in numbers if named_as(name, role)] for role in missing}
        return {role: fitting[0] for role, fitting in found.items() if len(fitting) == 1}

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rows of the agent's table after it has learned from the step that `request` describes."""
        rows, columns = request["table"], request["columns"]
        agent = self._made(request)
        for role, attribute in self._attributes.items():
            setattr(agent, attribute, request[role])
        name = self._table or _only(agent, None, _TABLES, "an attribute that holds its table", "attribute")
        form = self._form or _form_of(getattr(agent, name))
        setattr(agent, name, FORMS[form]([list(row) for row in rows], columns))
        values = {**request, "legal": list(columns[request["next_state"]]), "state": request["state"]}
        named = {parameter: values[role] for role, parameter in self.bound.roles.items()}
        self.bound.set_constants(values)
        getattr(agent, self.method)(**named)
        return {"table": read_table(getattr(agent, name), rows, columns)}

    def _made(self, request: Mapping[str, Any]) -> Any:
        n_states, n_actions = len(request["table"]), len(request["table"][0])
        values = {
            "n_states": n_states,
            "n_actions": n_actions,
            "step_size": request["step_size"],
            "discount": request["discount"],
            **dict.fromkeys(("epsilon", "first_epsilon", "last_epsilon", "epsilon_decay"), 0.0),
            "seed": 0,
        }
        if "env" in self._class.roles:
            values["env"] = _idle(n_states, n_actions)
        return self._class(values)


def _only(owner: Any, declared: str | None, names: tuple[str, ...], what: str, key: str) -> str:
    found = declared or next((name for name in names if hasattr(owner, name)), None)
    if found is None or not hasattr(owner, found):
        raise CannotLoad(f"{what} is not recognised ({', '.join(names[:4])}, ...); name it: --declare {key}=NAME")
    return found


def _form_of(table: Any) -> str:
    if isinstance(table, Mapping):
        make = getattr(table, "default_factory", None)
        filling = make() if make is not None else np.zeros(1)
        if isinstance(filling, Mapping):
            return "nested"
        return "rows" if np.ndim(filling) else "dict"
    return "lists" if isinstance(table, list) else "array"


def _idle(n_states: int, n_actions: int) -> Any:
    stay = {s: {a: [(1.0, s, 0.0, False)] for a in range(n_actions)} for s in range(n_states)}
    return recorded(stay)


# -------------------------------------------------------------------- training loops


def _environment() -> Any:
    import gymnasium

    class Recorded(gymnasium.Env):
        """A model as an environment that writes down each step: state, action, outcome, and whether it was cut off."""

        metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as Gymnasium has it

        def __init__(self, table: Any, start: int, time_limit: int) -> None:
            self.P, self._start, self._time_limit = table, start, time_limit
            self.observation_space = gymnasium.spaces.Discrete(len(table))
            self.action_space = gymnasium.spaces.Discrete(max(map(len, table.values())))
            self.log: list[tuple[int, int, int, bool]] = []
            self._state: int | None = None
            self._steps = 0

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
            super().reset(seed=seed)
            self._state, self._steps = self._start, 0
            return self._state, {}

        def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
            if self._state is None:
                raise RuntimeError("step() after the episode had ended; call reset() first")
            row = self.P[self._state][int(action)]
            outcome = int(self.np_random.choice(len(row), p=[p for p, _, _, _ in row]))
            _, following, reward, terminated = row[outcome]
            self._steps += 1
            truncated = self._steps == self._time_limit and not terminated
            self.log.append((self._state, int(action), outcome, truncated))
            self._state = None if terminated or truncated else following
            return following, float(reward), bool(terminated), truncated, {}

    return Recorded


def recorded(table: Any, start: int = 0, time_limit: int = 1) -> Any:
    """Return the environment of a transition table, whose episodes begin in `start` and last `time_limit` steps.

    Needs Gymnasium.
    """
    return _environment()(table, start, time_limit)


class Training:
    """A training loop: given an environment and numbers, it returns a table, or an object that has one."""

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        import gymnasium  # noqa: F401 - as for agents

        optional = (
            "step_size", "discount", "epsilon", "episodes", "steps", "seed", "rng", "first_epsilon", "last_epsilon",
            "epsilon_decay",
        )  # fmt: skip
        self.bound = bind(function, ("env",), optional, declared)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the table that was learned, and the steps that were taken."""
        table = {
            s: {a: [tuple(outcome) for outcome in row] for a, row in enumerate(rows)}
            for s, rows in enumerate(request["table"])
        }
        environment = recorded(table, request["start"], request["time_limit"])
        environment.reset(seed=request["seed"])
        environment.action_space.seed(request["seed"])
        values = {**request, "env": environment, "rng": np.random.default_rng(request["seed"]), "epsilon_decay": 0.0}
        values["first_epsilon"] = values["last_epsilon"] = request["epsilon"]
        learned = self.bound(values)
        if isinstance(learned, tuple) and learned:
            learned = learned[0]  # behind the table stand rewards, lengths of episodes and the like
        if not isinstance(learned, Mapping | list) and not hasattr(learned, "shape"):
            learned = getattr(learned, _only(learned, None, _TABLES, "an attribute that holds its table", "attribute"))
        columns = [list(range(len(rows))) for rows in request["table"]]
        rows = [[0.0] * max(map(len, columns)) for _ in columns]
        if isinstance(learned, Mapping):
            learned = {**_filled(learned, rows), **learned}
        return {"table": read_table(learned, rows, columns), "log": [list(step) for step in environment.log]}


def _filled(learned: Mapping[Any, Any], rows: list[list[float]]) -> dict[Any, Any]:
    """Entries of 0 for states that a dictionary has not met."""
    if any(isinstance(key, tuple) for key in learned):
        return {(s, a): 0.0 for s, row in enumerate(rows) for a in range(len(row))}
    return {s: np.zeros(len(row)) for s, row in enumerate(rows)}
