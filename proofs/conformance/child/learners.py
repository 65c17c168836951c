"""Tabular learners: one update of a table, or of two, from what was seen."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from .binding import bind
from .data import FORMS, Rows, WrongShape, read_table, scalar
from .loading import CannotLoad
from .randomness import seed

__all__ = ["DoubleLearner", "ExpectedSarsa", "Learner", "NStepLearner", "Sarsa"]


class Learner:
    """A function that updates one table; `more` names the roles that a kind adds to those of Q-learning."""

    required: tuple[str, ...] = ("table", "state", "action", "reward", "next_state")
    optional: tuple[str, ...] = ("terminated", "truncated", "step_size", "discount", "legal")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self._form = declared.get("table", "array")
        self._as_mask = declared.get("legal", "list") == "mask"
        self._returns_the_value: bool | None = None
        self.bound = bind(function, self.required, self.optional, declared)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rows of the table after the update that `request` describes."""
        rows, columns = request["table"], request["columns"]
        returned, table = self._call(request)
        returned = _first(returned)
        if returned is None:
            return {"table": read_table(table, rows, columns)}
        if isinstance(returned, Mapping | list) or np.ndim(returned) > 0:
            return {"table": read_table(returned, rows, columns)}
        if self._returns_the_value is None:
            self._returns_the_value = self._probe()
        found = read_table(table, rows, columns)
        if self._returns_the_value:
            found[request["state"]][request["action"]] = scalar(returned)
        return {"table": found}

    def _call(self, request: Mapping[str, Any]) -> tuple[Any, Any]:
        table = FORMS[self._form](copy.deepcopy(request["table"]), request["columns"])
        return self.bound({**self._values(request), "table": table}), table

    def _probe(self) -> bool:
        """Whether a number that is returned is the new value; beside a table changed in place it is something else."""
        rows, columns = [[0.0], [0.0]], [[0], [0]]
        seen = {"state": 0, "action": 0, "reward": 1.0, "next_state": 1, "next_action": 0, "terminated": False}
        rest = {
            "truncated": False,
            "step_size": 0.5,
            "discount": 0.5,
            "rewards": [1.0],
            "epsilon": 0.5,
            "policy": [1.0],
        }
        _, table = self._call({**seen, **rest, "table": rows, "columns": columns})
        return read_table(table, rows, columns) == rows

    def _values(self, request: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(request)
        legal = request["columns"][request["next_state"]]
        width = len(request["table"][0])
        values["legal"] = np.isin(np.arange(width), legal) if self._as_mask else list(legal)
        return values


def _first(returned: Any) -> Any:
    """Leave out what a learner returns beside its table: what stands behind it, and reports on the step."""
    if isinstance(returned, tuple):
        returned = returned[0] if returned else None
    is_report = isinstance(returned, Mapping) and all(isinstance(key, str) for key in returned)
    return None if is_report else returned


class Sarsa(Learner):
    """SARSA: the next action is given too."""

    required = (*Learner.required, "next_action")


class ExpectedSarsa(Learner):
    """Expected SARSA: it is told epsilon, or the probabilities of the next state's actions."""

    optional = (*Learner.optional, "epsilon", "policy")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        super().__init__(function, declared)
        if not {"epsilon", "policy"} & self.bound.roles.keys() and "epsilon" not in declared:
            raise CannotLoad(
                "no parameter is epsilon or a policy; if epsilon is built in, --declare epsilon=1/4 says so"
            )

    def _values(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._values(request), "policy": np.array(request["policy"])}


class NStepLearner(Learner):
    """n-step Q-learning: the rewards of the steps summed, and the state after the last of them."""

    required = ("table", "state", "action", "rewards", "next_state")


class DoubleLearner:
    """A function that updates one of two tables; without a parameter for the coin it tosses its own."""

    required = ("table_a", "table_b", "state", "action", "reward", "next_state")
    optional = (*Learner.optional, "first", "rng")
    tosses = 64

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self._form = declared.get("table", "array")
        self.bound = bind(function, self.required, self.optional, declared)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rows of both tables after an update of the one that ``request["first"]`` names."""
        tosses = 1 if "first" in self.bound.roles else self.tosses
        before = [request["table_a"], request["table_b"]]
        for toss in range(tosses):
            seed(toss, self.bound.namespace)
            after = self._once(request, np.random.default_rng(toss))
            other = 1 if request["first"] else 0
            if tosses == 1 or after[other] == before[other]:
                break
        return {"table_a": after[0], "table_b": after[1]}

    def _once(self, request: Mapping[str, Any], rng: np.random.Generator) -> tuple[Rows, Rows]:
        columns = request["columns"]
        rows = request["table_a"], request["table_b"]
        tables = [FORMS[self._form](copy.deepcopy(row), columns) for row in rows]
        values = {**request, "table_a": tables[0], "table_b": tables[1], "rng": rng}
        values["legal"] = list(columns[request["next_state"]])
        returned = self.bound(values)
        if returned is not None:
            if not isinstance(returned, list | tuple) or len(returned) != 2:
                raise WrongShape(f"a {type(returned).__name__} where the two tables are due")
            tables = list(returned)
        return read_table(tables[0], rows[0], columns), read_table(tables[1], rows[1], columns)
