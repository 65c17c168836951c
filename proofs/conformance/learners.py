"""Doors of tabular learners: Q-learning, SARSA, expected SARSA, double and n-step Q-learning, and agents.

A table is handed over as the program keeps it. A terminal state has a row as any program's table has, and what stands
there must not matter: it is filled with a number of its own, unless the learner has no parameter that says that the
episode has ended; then it relies on that row being 0, and gets it so. Where a state has fewer actions than others, the
learner is told which it has; without such a parameter it is asked only about models where all have as many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, is_exact
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.model import FiniteMDP

from .child.data import FORMS
from .door import Convention, Door, Foreign, View, choice, flag, names, number
from .faults import Fault, NotOffered
from .grid import Grid, as_float, fraction_bits, require_exact
from .otherwise import built_in_numbers

__all__ = ["ARGUMENTS", "DISCOUNT", "DOORS", "EPSILON", "STEP_SIZE", "TABLE", "Table", "grid", "told"]

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


def _seen(foreign: Foreign, mdp: FiniteMDP, table: Table, pair: int, outcome: int, step_size: Scalar) -> dict[str, Any]:
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


def _exactly(foreign: Foreign, mdp: FiniteMDP, step_size: fmpq, numbers: Sequence[Any], discounts: int = 1) -> None:
    bits = fraction_bits([step_size]) + discounts * fraction_bits([exact(mdp.discount)]) + fraction_bits(numbers)
    dtype = "float32" if foreign.declared.get("table") == "float32" else "float64"
    require_exact(bits, [4 * x for x in numbers], dtype)


def grid(foreign: Foreign) -> Grid:
    """Return the grid on which a learner is asked."""
    discount, step_size = (foreign.declared.get(name) for name in ("discount", "step_size"))
    return Grid(discount=discount, step_size=step_size, rectangular=not told(foreign))


def _view(foreign: Foreign, kind: str, call: Callable[..., Any], *numbers: str, **options: Any) -> View:
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


# -------------------------------------------------------------------- one table


def _update(foreign: Foreign) -> Callable[..., Array]:
    def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
        """The signature of ``bellcheck.mdp.q_learning.update``; in floats for the checks that bound all rounding."""
        table = Table(foreign, mdp)
        if is_exact(mdp.reward):
            _exactly(foreign, mdp, step_size, [*q, mdp.reward[outcome]])
        elif foreign.declared["table"] == "float32":
            raise NotOffered("a run in binary64, where the table is float32")
        rows = table.rows(q)
        answer = foreign.ask({**_seen(foreign, mdp, table, pair, outcome, step_size), "table": rows})
        return table.read(rows, answer["table"])

    return update


def _flagged_target(foreign: Foreign) -> Callable[..., Scalar]:
    step_size = foreign.declared.get("step_size") or fmpq(1)

    def shown(mdp: FiniteMDP, values: Sequence[Any], outcome: int, terminated: bool, truncated: bool) -> fmpq:
        """What an update shows of its target: all actions of a state worth the same, and where its entry moved."""
        pair = int(np.searchsorted(mdp.outcome_start, outcome, side="right")) - 1
        if truncated and "truncated" not in foreign.roles and "terminated" not in foreign.roles:
            raise NotOffered("no parameter says that the episode was cut off")
        if terminated and "terminated" not in foreign.roles:
            raise NotOffered("no parameter says that the episode has ended")
        table = Table(foreign, mdp)
        q = exact_array(values[state] for state in mdp.pair_state)
        known = [x for x in values if isinstance(x, fmpq)]
        if len(known) < len(values) and not foreign.declared.get("undefined"):
            raise NotOffered(
                "rows of ends that hold no numbers, which a table that the agent alone writes never does"
                if foreign.door.kind == "agent"
                else "rows of ends that hold NaN; what bears them says so: --declare undefined=yes"
            )
        _exactly(foreign, mdp, step_size, [*q, *known, exact(mdp.reward[outcome])])
        rows = table.rows(q, values)
        seen = _seen(foreign, mdp, table, pair, outcome, step_size)
        answer = foreign.ask({**seen, "terminated": terminated, "truncated": truncated, "table": rows})
        after = exact(table.read(rows, answer["table"])[pair])
        return (after - (1 - step_size) * q[pair]) / step_size

    def target(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
        """The same of a model in floats, where the value of an end may be no number; nor need the target be one."""
        if isinstance(mdp.discount, fmpq):
            return shown(mdp, values, outcome, terminated, truncated)
        known = [exact(v) if np.isfinite(v) else v for v in values]
        try:
            return as_float(shown(mdp, known, outcome, terminated, truncated))
        except Fault as fault:
            if fault.kind == "not-finite":
                return math.nan
            raise

    return target


def _notes(foreign: Foreign) -> list[str]:
    notes = []
    if "terminated" not in foreign.roles:
        notes.append("no parameter says that the episode has ended: rows of ends held 0, on which it relies")
    if foreign.door.kind == "agent":
        notes.append(f"judged is {foreign.sandbox.method} of a new agent each time, and not how it acts or changes")
    return notes


def _learner_views(foreign: Foreign) -> list[View]:
    return [
        _view(foreign, "q-learner", _update(foreign), other_declarations=partial(built_in_numbers, foreign)),
        _view(foreign, "flagged-target", _flagged_target(foreign)),
    ]


# -------------------------------------------------------------------- SARSA and its mean


def _sarsa(foreign: Foreign) -> Callable[..., Array]:
    def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar) -> Array:
        """The signature of ``bellcheck.mdp.sarsa.update``."""
        table = Table(foreign, mdp)
        _exactly(foreign, mdp, step_size, [*q, mdp.reward[outcome]])
        rows = table.rows(q)
        seen = _seen(foreign, mdp, table, pair, outcome, step_size)
        action = 0 if next_pair is None else table.place(next_pair)[1]
        answer = foreign.ask({**seen, "next_action": action, "table": rows})
        return table.read(rows, answer["table"])

    return update


def _expected_sarsa(foreign: Foreign) -> Callable[..., Array]:
    epsilon = _epsilon(foreign)

    def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, policy: Array, step_size: Scalar) -> Array:
        """The signature of ``bellcheck.mdp.sarsa.expected_update``."""
        if "policy" not in foreign.roles and not np.array_equal(policy, epsilon_greedy(mdp, q, epsilon, "split")):
            raise NotOffered(f"a policy that is not epsilon-greedy with epsilon {epsilon}, which is all it is told")
        table = Table(foreign, mdp)
        bits = [*policy, epsilon]
        _exactly(foreign, mdp, step_size, [x * p for x in q for p in bits] + [*q, mdp.reward[outcome]])
        rows = table.rows(q)
        following = mdp.pairs_of(int(mdp.next_state[outcome]))
        probabilities = [as_float(policy[x]) for x in following]
        probabilities += [0.0] * (table.width - len(probabilities))
        seen = _seen(foreign, mdp, table, pair, outcome, step_size)
        answer = foreign.ask({**seen, "table": rows, "policy": probabilities, "epsilon": as_float(epsilon)})
        return table.read(rows, answer["table"])

    return update


def _expected_sarsa_views(foreign: Foreign) -> list[View]:
    def derive(instance: dict[str, Any]) -> dict[str, Any]:
        # Told epsilon alone, it takes the mean over the policy that is epsilon-greedy for its own table.
        if "policy" in foreign.roles or not {"mdp", "q", "policy"} <= instance.keys():
            return instance
        return {**instance, "policy": epsilon_greedy(instance["mdp"], instance["q"], _epsilon(foreign), "split")}

    built_in = ("epsilon",) if foreign.declared["epsilon"] is not None else ()
    return [_view(foreign, "expected-sarsa", _expected_sarsa(foreign), *built_in, derive=derive)]


def _epsilon(foreign: Foreign) -> fmpq:
    declared = foreign.declared["epsilon"]
    return fmpq(1, 4) if declared is None else declared


# -------------------------------------------------------------------- double and n-step


def _double(foreign: Foreign) -> Callable[..., Any]:
    declared_ties = foreign.declared["ties"]

    def update(
        mdp: FiniteMDP,
        tables: tuple[Array, Array],
        first: bool,
        pair: int,
        outcome: int,
        step_size: Scalar,
        ties: str = "lowest",
    ) -> tuple[Array, Array]:
        """The signature of ``bellcheck.mdp.double_q.double_update``."""
        if ties != declared_ties:
            raise NotOffered(f"ties {ties!r}, where {declared_ties!r} is declared")
        table = Table(foreign, mdp)
        _exactly(foreign, mdp, step_size, [*tables[0], *tables[1], mdp.reward[outcome]])
        rows = [table.rows(q) for q in tables]
        seen = _seen(foreign, mdp, table, pair, outcome, step_size)
        answer = foreign.ask({**seen, "first": bool(first), "table_a": rows[0], "table_b": rows[1]})
        return table.read(rows[0], answer["table_a"]), table.read(rows[1], answer["table_b"])

    return update


def _n_step_target(foreign: Foreign) -> Callable[..., Array]:
    step_size = foreign.declared.get("step_size") or fmpq(1)

    def targets(mdp: FiniteMDP, values: Array, steps: Sequence[tuple[int, int, bool]], n: int) -> Array:
        """The signature of ``bellcheck.mdp.n_step.n_step_targets``: the windows of n steps, one update each."""
        table = Table(foreign, mdp)
        q = exact_array(values[state] for state in mdp.pair_state)
        rows = table.rows(q, values)
        found = []
        for t, (pair, _, _) in enumerate(steps):
            window = _window(mdp, steps, t, n)
            rewards = [mdp.reward[outcome] for _, outcome, _ in window]
            _exactly(foreign, mdp, step_size, [*q, *rewards], discounts=len(window))
            _, last, cut = window[-1]
            seen = _seen(foreign, mdp, table, pair, last, step_size)
            seen["truncated"] = bool(cut) and not seen["terminated"]
            answer = foreign.ask({**seen, "rewards": [as_float(r) for r in rewards], "table": rows})
            after = table.read(rows, answer["table"])
            found.append((after[pair] - (1 - step_size) * q[pair]) / step_size)
        return exact_array(found)

    return targets


def _window(mdp: FiniteMDP, steps: Sequence[tuple[int, int, bool]], t: int, n: int) -> list[tuple[int, int, bool]]:
    """The next n steps from t, or as many as the episode has."""
    window = []
    for step in steps[t : t + n]:
        window.append(step)
        if step[2] or int(mdp.next_state[step[1]]) in mdp.terminal_states:
            break
    return window


_SIGNATURE = "(Q, s, a, r, s_next, terminated[, truncated, alpha, gamma, legal])"
_RULE = "q-learning.update-rule"
DOORS = (
    Door(
        "q-learner",
        "one update of Q-learning",
        "update" + _SIGNATURE + ": the new table, the new value, or nothing if Q is changed in place",
        (*COMMON, UNDEFINED),
        ("q-learner", "flagged-target"),
        _learner_views,
        rule=_RULE,
        notes=_notes,
    ),
    Door(
        "agent",
        "a class that keeps a table, as in Gymnasium's tutorials",
        "Agent([env, n_states, n_actions, alpha, gamma, epsilon]) with update(s, a, r, terminated, s_next)",
        (*COMMON[1:], choice("table", "how the table is kept", "", "array", "lists", "dict", "nested", "rows",
                form=True),
         Convention("update", "the method that learns from a step", str),
         Convention("attribute", "the attribute that holds the table", str)),
        ("q-learner", "flagged-target"),
        _learner_views,
        rule=_RULE,
        notes=_notes,
    ),
    Door(
        "sarsa",
        "one update of SARSA",
        "update(Q, s, a, r, s_next, a_next, terminated[, alpha, gamma])",
        COMMON,
        ("sarsa",),
        lambda foreign: [_view(foreign, "sarsa", _sarsa(foreign))],
        rule=_RULE,
        notes=_notes,
    ),
    Door(
        "expected-sarsa",
        "one update of expected SARSA",
        "update(Q, s, a, r, s_next, terminated, epsilon or policy[, alpha, gamma])",
        (*COMMON, EPSILON),
        ("expected-sarsa",),
        _expected_sarsa_views,
        rule=_RULE,
        notes=_notes,
    ),
    Door(
        "double-q-learner",
        "one update of double Q-learning",
        "update(QA, QB, s, a, r, s_next, terminated[, alpha, gamma, first])",
        (*COMMON, choice("ties", "which of several best actions is valued", "lowest", "split")),
        ("double-q-learner",),
        lambda foreign: [_view(foreign, "double-q-learner", _double(foreign))],
        notes=_notes,
    ),
    Door(
        "n-step-learner",
        "one update of n-step Q-learning",
        "update(Q, s, a, rewards, s_last, terminated[, truncated, alpha, gamma])",
        COMMON,
        ("n-step-target",),
        lambda foreign: [_view(foreign, "n-step-target", _n_step_target(foreign))],
        notes=_notes,
    ),
)  # fmt: skip
