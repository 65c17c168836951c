"""Agents in the style of Gymnasium's tutorials: classes with a method that learns from a step, and a table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from .binding import bind, named_as
from .constants import numbers_of_a_class
from .data import FORMS, read_table
from .environment import recorded
from .learners import Learner
from .loading import CannotLoad

__all__ = ["TABLES", "Agent", "only"]

_UPDATES = ("update", "learn", "observe", "update_q", "step_update", "train_step", "update_q_table", "update_q_value")
TABLES = ("q_values", "q_table", "Q", "q", "qtable", "table", "q_value")
"""The attributes in which a table is looked for."""
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
        self.method = only(function, declared.get("update"), _UPDATES, "a method that learns from a step", "update")
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
        name = self._table or only(agent, None, TABLES, "an attribute that holds its table", "attribute")
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


def only(owner: Any, declared: str | None, names: tuple[str, ...], what: str, key: str) -> str:
    """Return the name that is declared, or the first of several that an object or class has; `CannotLoad` if none."""
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
