"""Doors of the relatives of Q-learning: SARSA, expected SARSA, double and n-step Q-learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.model import FiniteMDP

from .door import Door, Foreign, View, choice
from .faults import NotOffered
from .grid import as_float
from .steps import exactly, notes, observed, view
from .tables import COMMON, EPSILON, Table

__all__ = ["DOORS"]


# -------------------------------------------------------------------- SARSA and its mean


def _sarsa(foreign: Foreign) -> Callable[..., Array]:
    def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar) -> Array:
        """The signature of ``bellcheck.mdp.sarsa.update``."""
        table = Table(foreign, mdp)
        exactly(foreign, mdp, step_size, [*q, mdp.reward[outcome]])
        rows = table.rows(q)
        seen = observed(foreign, mdp, table, pair, outcome, step_size)
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
        exactly(foreign, mdp, step_size, [x * p for x in q for p in bits] + [*q, mdp.reward[outcome]])
        rows = table.rows(q)
        following = mdp.pairs_of(int(mdp.next_state[outcome]))
        probabilities = [as_float(policy[x]) for x in following]
        probabilities += [0.0] * (table.width - len(probabilities))
        seen = observed(foreign, mdp, table, pair, outcome, step_size)
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
    return [view(foreign, "expected-sarsa", _expected_sarsa(foreign), *built_in, derive=derive)]


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
        exactly(foreign, mdp, step_size, [*tables[0], *tables[1], mdp.reward[outcome]])
        rows = [table.rows(q) for q in tables]
        seen = observed(foreign, mdp, table, pair, outcome, step_size)
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
            exactly(foreign, mdp, step_size, [*q, *rewards], discounts=len(window))
            _, last, cut = window[-1]
            seen = observed(foreign, mdp, table, pair, last, step_size)
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


_RULE = "q-learning.update-rule"
DOORS = (
    Door(
        "sarsa",
        "one update of SARSA",
        "update(Q, s, a, r, s_next, a_next, terminated[, alpha, gamma])",
        COMMON,
        ("sarsa",),
        lambda foreign: [view(foreign, "sarsa", _sarsa(foreign))],
        rule=_RULE,
        notes=notes,
    ),
    Door(
        "expected-sarsa",
        "one update of expected SARSA",
        "update(Q, s, a, r, s_next, terminated, epsilon or policy[, alpha, gamma])",
        (*COMMON, EPSILON),
        ("expected-sarsa",),
        _expected_sarsa_views,
        rule=_RULE,
        notes=notes,
    ),
    Door(
        "double-q-learner",
        "one update of double Q-learning",
        "update(QA, QB, s, a, r, s_next, terminated[, alpha, gamma, first])",
        (*COMMON, choice("ties", "which of several best actions is valued", "lowest", "split")),
        ("double-q-learner",),
        lambda foreign: [view(foreign, "double-q-learner", _double(foreign))],
        notes=notes,
    ),
    Door(
        "n-step-learner",
        "one update of n-step Q-learning",
        "update(Q, s, a, rewards, s_last, terminated[, truncated, alpha, gamma])",
        COMMON,
        ("n-step-target",),
        lambda foreign: [view(foreign, "n-step-target", _n_step_target(foreign))],
        notes=notes,
    ),
)  # fmt: skip
