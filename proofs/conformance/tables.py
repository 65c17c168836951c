"""Tables as programs keep them, and the conventions that all who keep one share.

A table is handed over as the program keeps it. A terminal state has a row as any program's table has, and what stands
there must not matter: it is filled with a number of its own, unless the learner has no parameter that says that the
episode has ended; then it relies on that row being 0, and gets it so. Where a state has fewer actions than others, the
learner is told which it has; without such a parameter it is asked only about models where all have as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, is_exact
from bellcheck.mdp.model import FiniteMDP

from .door import Convention, Foreign, choice, flag, names, number
from .faults import Fault, NotOffered
from .grid import as_float

__all__ = ["ARGUMENTS", "COMMON", "DISCOUNT", "EPSILON", "STEP_SIZE", "TABLE", "UNDEFINED", "Table", "told"]

PADDING = fmpq(16)
"""What stands where a state has no such action."""
END = fmpq(8)
"""What stands in the row of a terminal state."""

TABLE = choice("table", "how the table is kept", "array", "float32", "lists", "dict", "nested", "rows", form=True)
LEGAL = choice("legal", "legal actions are given as a list, or as a mask", "list", "mask")
ARGUMENTS = names("arguments", "what the leading parameters are, in order, where their names do not say")
STEP_SIZE = number("step_size", "the step size, where it is built in", low=0, high=1)
DISCOUNT = number("discount", "the discount, where it is built in", low=0, high=1)
EPSILON = number("epsilon", "the share of exploration, where it is built in", low=0, high=1)
UNDEFINED = flag("undefined", "rows of ends may hold NaN, which must not matter either", default=False)
COMMON: tuple[Convention, ...] = (TABLE, LEGAL, ARGUMENTS, STEP_SIZE, DISCOUNT)


def told(foreign: Foreign) -> bool:
    """Whether a learner is told which actions a state has."""
    return "legal" in foreign.roles or foreign.declared["table"] == "nested"


class Table:
    """How a table over the pairs of a model lies in the rectangle of a program, a row a state."""

    def __init__(self, foreign: Foreign, mdp: FiniteMDP) -> None:
        self.mdp = mdp
        self.columns = [list(range(len(mdp.pairs_of(state)))) for state in range(mdp.n_states)]
        self.width = max(map(len, self.columns))
        if not told(foreign) and any(len(row) not in (0, self.width) for row in self.columns):
            raise NotOffered("states with different numbers of actions, which the subject is not told")
        self._end = END if "terminated" in foreign.roles else fmpq(0)
        for state in mdp.terminal_states:
            self.columns[state] = list(range(self.width))

    def rows(self, q: Array, values_of_ends: Sequence[Any] | None = None) -> list[list[float]]:
        """Return the rectangle of a table; `values_of_ends` (S,) stand in the rows of terminal states."""
        found = []
        for state in range(self.mdp.n_states):
            entries = [_any_float(q[x]) for x in self.mdp.pairs_of(state)]
            if entries:
                found.append(entries + [as_float(PADDING)] * (self.width - len(entries)))
            else:
                end = self._end if values_of_ends is None else values_of_ends[state]
                found.append([_any_float(end)] * self.width)
        return found

    def read(self, before: list[list[float]], after: list[list[float]]) -> Array:
        """Return the table over the pairs; raises `Fault` for what is not finite or was written elsewhere."""
        mdp = self.mdp
        q = []
        for state in range(mdp.n_states):
            n = len(mdp.pairs_of(state))
            for column in range(self.width):
                value = after[state][column]
                if column < n:
                    if not np.isfinite(value):
                        raise Fault("not-finite", f"Q({state}, {column}) is {value}")
                    q.append(value)
                elif repr(value) != repr(before[state][column]):
                    what = "terminal" if n == 0 else "illegal"
                    raise Fault("elsewhere", f"the {what} cell of state {state}, action {column} became {value}")
        return exact_array(q) if is_exact(mdp.reward) else np.array(q, dtype=float)

    def place(self, pair: int) -> tuple[int, int]:
        """Return the state and column of a pair."""
        state = int(self.mdp.pair_state[pair])
        return state, pair - int(self.mdp.pair_start[state])


def _any_float(value: Any) -> float:
    return as_float(value) if isinstance(value, fmpq) else float(value)
