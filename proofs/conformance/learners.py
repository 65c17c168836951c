"""Doors of Q-learning: an update of a table, and an agent that keeps one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, is_exact
from bellcheck.mdp.model import FiniteMDP

from .door import Convention, Door, Foreign, View, choice
from .faults import Fault, NotOffered
from .grid import as_float
from .otherwise import built_in_numbers
from .steps import exactly, notes, observed, view
from .tables import COMMON, UNDEFINED, Table

__all__ = ["DOORS"]


def _update(foreign: Foreign) -> Callable[..., Array]:
    def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
        """The signature of ``bellcheck.mdp.q_learning.update``; in floats for the checks that bound all rounding."""
        table = Table(foreign, mdp)
        if is_exact(mdp.reward):
            exactly(foreign, mdp, step_size, [*q, mdp.reward[outcome]])
        elif foreign.declared["table"] == "float32":
            raise NotOffered("a run in binary64, where the table is float32")
        rows = table.rows(q)
        answer = foreign.ask({**observed(foreign, mdp, table, pair, outcome, step_size), "table": rows})
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
        exactly(foreign, mdp, step_size, [*q, *known, exact(mdp.reward[outcome])])
        rows = table.rows(q, values)
        seen = observed(foreign, mdp, table, pair, outcome, step_size)
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


def _learner_views(foreign: Foreign) -> list[View]:
    return [
        view(foreign, "q-learner", _update(foreign), other_declarations=partial(built_in_numbers, foreign)),
        view(foreign, "flagged-target", _flagged_target(foreign)),
    ]


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
        notes=notes,
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
        notes=notes,
    ),
)  # fmt: skip
