"""The door of training loops: a function that is given an environment, and returns what it has learned.

The environment is made of a model, writes down every step, and ends each episode after a few; so the table in the end
can be held against the rule along the log of what was really done, in exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.training import EPISODES, TIME_LIMIT
from bellcheck.mdp.transitions import Recording

from .door import Door, Foreign, View
from .faults import Fault, NotOffered
from .grid import Grid, as_float, fraction_bits, require_exact
from .tables import ARGUMENTS, DISCOUNT, EPSILON, STEP_SIZE

__all__ = ["DOORS"]


def _train(foreign: Foreign) -> Callable[..., tuple[Recording, Array]]:
    def train(mdp: FiniteMDP, step_size: Scalar, epsilon: Scalar, seed: int) -> tuple[Recording, Array]:
        """The signature of ``bellcheck.mdp.training.train``."""
        numbers = {"step_size": step_size, "discount": mdp.discount, "epsilon": epsilon}
        for role, value in numbers.items():
            declared = foreign.declared[role]
            if declared is not None and value != declared:
                raise NotOffered(f"the {role} {value}, where {declared} is built in")
        question = {
            **{role: as_float(value) for role, value in numbers.items()},
            "table": _rows(mdp),
            "start": int(mdp.acting[0]),
            "time_limit": TIME_LIMIT,
            "episodes": EPISODES,
            "steps": EPISODES * TIME_LIMIT,
        }
        answer = foreign.ask({**question, "seed": int(seed)}, seed=int(seed))
        steps = tuple(_step(mdp, *step) for step in answer["log"])
        bits = fraction_bits(mdp.reward) + len(steps) * (fraction_bits([step_size]) + fraction_bits([mdp.discount]))
        require_exact(bits, [*mdp.reward] * 4)
        table = [answer["table"][int(mdp.pair_state[x])][_column(mdp, x)] for x in range(mdp.n_pairs)]
        if not np.isfinite(table).all():
            raise Fault("not-finite", f"the table is {table}")
        return steps, exact_array(table)

    return train


def _rows(mdp: FiniteMDP) -> list[list[list[list[Any]]]]:
    """P[s][a] as lists of [probability, next state, reward, terminated]; an end has rows that stay there."""
    width = max(len(mdp.pairs_of(state)) for state in range(mdp.n_states))
    rows = []
    for state in range(mdp.n_states):
        own = [
            [
                [
                    as_float(mdp.probability[k]),
                    int(mdp.next_state[k]),
                    as_float(mdp.reward[k]),
                    int(mdp.next_state[k]) in mdp.terminal_states,
                ]
                for k in mdp.outcomes_of(x)
            ]
            for x in mdp.pairs_of(state)
        ]
        rows.append(own or [[[1.0, state, 0.0, True]]] * width)
    return rows


def _step(mdp: FiniteMDP, state: int, action: int, position: int, cut: bool) -> tuple[int, int, bool]:
    pair = mdp.pairs_of(state)[action]
    return pair, mdp.outcomes_of(pair)[position], cut


def _column(mdp: FiniteMDP, pair: int) -> int:
    return pair - int(mdp.pair_start[mdp.pair_state[pair]])


def _views(foreign: Foreign) -> list[View]:
    grid = Grid(
        discount=foreign.declared["discount"],
        step_size=foreign.declared["step_size"],
        probabilities=True,
        rectangular=True,
    )
    pins = {role: value for role in ("step_size", "epsilon") if (value := foreign.declared[role]) is not None}
    unasked = foreign.unasked("step_size", "discount", "epsilon")
    return [View("training", _train(foreign), grid, pins=pins, left_out=unasked, pointwise=False)]


DOORS = (
    Door(
        "training",
        "a training loop on a Gymnasium environment",
        "train(env[, alpha, gamma, epsilon, episodes, seed]) -> Q, or an object that has it",
        (ARGUMENTS, STEP_SIZE, DISCOUNT, EPSILON),
        ("training",),
        _views,
        random=True,
    ),
)
