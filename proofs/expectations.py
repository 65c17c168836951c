"""Expectations of tables along synchronous runs, by enumeration: every path of outcomes, with its probability.

Exact, and exponential in the number of pairs times that of steps: for models with a handful of outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP

from .definitions import backup

__all__ = ["averaged_iterates", "last_chance", "mean_tables", "moments", "with_noisy_twins"]

Path: TypeAlias = tuple[fmpq, Sequence[fmpq], Sequence[Sequence[int]]]
"""The probability of a path, its n step sizes, and its n rows of outcomes, a row holding one of every pair."""


def _rows(mdp: FiniteMDP) -> list[tuple[fmpq, tuple[int, ...]]]:
    possible = [[k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0] for x in range(mdp.n_pairs)]
    return [(math.prod((mdp.probability[k] for k in row), start=fmpq(1)), row) for row in product(*possible)]


def _independent(mdp: FiniteMDP, steps: Sequence[fmpq]) -> Iterator[Path]:
    """Yield the paths of independent rows: what the theory assumes."""
    for path in product(_rows(mdp), repeat=len(steps)):
        yield math.prod((chance for chance, _ in path), start=fmpq(1)), steps, [row for _, row in path]


def _repeated(mdp: FiniteMDP, steps: Sequence[fmpq]) -> Iterator[Path]:
    """Yield the paths of one row that is used again and again: each sample has the right law, but all are the same."""
    for chance, row in _rows(mdp):
        yield chance, steps, [row] * len(steps)


def _good_news_ignored(mdp: FiniteMDP, steps: Sequence[fmpq]) -> Iterator[Path]:
    """Yield the paths of independent rows with steps that depend on them: 0 where the first pair is paid over 0."""
    for chance, _, rows in _independent(mdp, steps):
        taken = [fmpq(0) if mdp.reward[row[0]] > 0 else step for step, row in zip(steps, rows, strict=True)]
        yield chance, taken, rows


_LAWS: dict[str, Callable[[FiniteMDP, Sequence[fmpq]], Iterator[Path]]] = {
    "independent": _independent,
    "one sample used throughout": _repeated,
    "good news ignored": _good_news_ignored,
}


def mean_tables(run: Any, mdp: FiniteMDP, q: Array, steps: Sequence[fmpq], samples: str = "independent") -> list[Array]:
    """Return E[Q_0], ..., E[Q_n] of a synchronous run with these n step sizes from `q`.

    `samples` may also be "one sample used throughout" or "good news ignored" (step 0 where the first pair is paid more
    than 0): what the theory does not cover.
    """
    return moments(run, mdp, q, steps, samples)[0]


def moments(
    run: Any, mdp: FiniteMDP, q: Array, steps: Sequence[fmpq], samples: str = "independent"
) -> tuple[list[Array], list[Array]]:
    """Return the means of Q_0, ..., Q_n and those of their squares, entry by entry; arguments as for `mean_tables`."""
    means, squares = (np.zeros((len(steps) + 1, mdp.n_pairs), dtype=object) for _ in range(2))
    for chance, taken, rows in _LAWS[samples](mdp, steps):
        tables = np.array(list(run(mdp, q, taken, rows)))
        means += chance * tables
        squares += chance * tables * tables
    return list(means), list(squares)


def averaged_iterates(mdp: FiniteMDP, q: Array, steps: Sequence[fmpq]) -> list[Array]:
    """Return X_0 = q, X_{k+1} = (1 - alpha_k) X_k + alpha_k T X_k: value iteration with these step sizes."""
    iterates = [q]
    for step_size in steps:
        iterates.append((1 - step_size) * iterates[-1] + step_size * backup(mdp, iterates[-1]))
    return iterates


def with_noisy_twins(mdp: FiniteMDP) -> FiniteMDP:
    """Give every action an equal one beside it, and every reward a coin of 1 or -1: maxima are then over noise."""

    def outcomes(x: int) -> list[tuple[fmpq, fmpq, int]]:
        return [
            (mdp.probability[k] / 2, mdp.reward[k] + coin, int(mdp.next_state[k]))
            for k in mdp.outcomes_of(x)
            for coin in (1, -1)
        ]

    pairs = [
        (int(mdp.pair_state[x]), 2 * int(mdp.pair_action[x]) + twin, outcomes(x))
        for x in range(mdp.n_pairs)
        for twin in (0, 1)
    ]
    return FiniteMDP.from_pairs(mdp.n_states, pairs, mdp.discount)


def last_chance() -> FiniteMDP:
    """Return the loop that either costs 1 and goes on, or pays 1 and ends, evenly: q* = 0.

    Where one sample is used throughout, the runs that go on are the ones that cost.
    """
    return FiniteMDP.from_pairs(2, [(0, 0, [("1/2", -1, 0), ("1/2", 1, 1)])], "1/2")
