"""Training loops: functions that fill a table, in an environment that writes down every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .agents import TABLES, only
from .binding import bind
from .data import read_table
from .environment import recorded

__all__ = ["Training"]


class Training:
    """A training loop: given an environment and numbers, it returns a table, or an object that has one."""

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        import gymnasium  # noqa: F401 - a missing one is said at once, and is no fault of the subject

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
            learned = getattr(learned, only(learned, None, TABLES, "an attribute that holds its table", "attribute"))
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
