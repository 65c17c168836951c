"""One step of a learner as a question: what it is told, whether floats hold all of it, how its author would call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Scalar, exact
from bellcheck.mdp.model import FiniteMDP

from .child.data import FORMS
from .door import Foreign, View
from .faults import NotOffered
from .grid import Grid, as_float, fraction_bits, require_exact
from .tables import Table, told

__all__ = ["exactly", "grid", "notes", "observed", "view"]


def observed(
    foreign: Foreign, mdp: FiniteMDP, table: Table, pair: int, outcome: int, step_size: Scalar
) -> dict[str, Any]:
    """What every learner is told of one step."""
    state, action = table.place(pair)
    following = int(mdp.next_state[outcome])
    return {
        "columns": table.columns,
        "state": state,
        "action": action,
        "reward": as_float(exact(mdp.reward[outcome])),
        "next_state": following,
        "next_action": 0,
        "terminated": following in mdp.terminal_states,
        "truncated": False,
        "step_size": _offered(foreign, "step_size", step_size),
        "discount": _offered(foreign, "discount", mdp.discount),
    }


def _offered(foreign: Foreign, role: str, value: fmpq) -> float:
    """A number as a parameter; where there is none for it, it must be the number that is built in."""
    declared = foreign.declared.get(role)
    if declared is not None and exact(value) != declared:
        raise NotOffered(f"the {role} {value}, where {declared} is built in")
    return as_float(exact(value))


def exactly(foreign: Foreign, mdp: FiniteMDP, step_size: fmpq, numbers: Sequence[Any], discounts: int = 1) -> None:
    """Raise `NotOffered` unless the step, with so many powers of the discount, rounds nothing in any order."""
    bits = fraction_bits([step_size]) + discounts * fraction_bits([exact(mdp.discount)]) + fraction_bits(numbers)
    dtype = "float32" if foreign.declared.get("table") == "float32" else "float64"
    require_exact(bits, [4 * x for x in numbers], dtype)


def grid(foreign: Foreign) -> Grid:
    """Return the grid on which a learner is asked."""
    discount, step_size = (foreign.declared.get(name) for name in ("discount", "step_size"))
    return Grid(discount=discount, step_size=step_size, rectangular=not told(foreign))


def view(foreign: Foreign, kind: str, call: Callable[..., Any], *numbers: str, **options: Any) -> View:
    """Return the view of a learner, which is asked where step size, discount and other `numbers` of it are known."""
    unasked = foreign.unasked("step_size", "discount", *numbers)
    return View(kind, call, grid(foreign), left_out=unasked, as_called=lambda: _as_called(foreign), **options)


def _as_called(foreign: Foreign) -> str | None:
    """The last call with every argument by its name; and why, where the row of an end is filled with a number."""
    question = foreign.latest
    rows, columns = question.get("table"), question.get("columns", [])
    if rows is None:
        return None
    form = foreign.declared["table"]
    table = FORMS[form](rows, columns) if form in ("dict", "nested") else rows
    legal = columns[question["next_state"]]
    if foreign.declared["legal"] == "mask":
        legal = [column in legal for column in range(len(rows[0]))]
    values = {**question, "table": table, "legal": legal}
    if not foreign.parameters.keys() <= values.keys():
        return None
    given = ", ".join(f"{name}={values[role]!r}" for role, name in foreign.parameters.items())
    name = ".".join(filter(None, [foreign.name.rpartition(":")[2], foreign.sandbox.method]))
    text = f"{name}({given})"
    if "table" not in foreign.parameters:
        text += f", its table being {table!r}"
    if foreign.constants:
        text += ", with " + ", ".join(f"{name}={question[role]!r}" for role, name in foreign.constants.items())
    if question["terminated"]:
        text += f"; state {question['next_state']} is an end, and what its row holds must not matter"
    return text


def notes(foreign: Foreign) -> list[str]:
    """Return what of a learner is not judged."""
    found = []
    if "terminated" not in foreign.roles:
        found.append("no parameter says that the episode has ended: rows of ends held 0, on which it relies")
    if foreign.door.kind == "agent":
        found.append(f"judged is {foreign.sandbox.method} of a new agent each time, and not how it acts or changes")
    return found
