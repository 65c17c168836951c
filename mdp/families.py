"""Random families of models: named, drawn from a seed, with rational entries.

Probabilities are quotients of small integer weights and rewards have small denominators, so that each model can be
solved exactly and printed. The same arguments give the same model.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from .model import FiniteMDP, Outcome

__all__ = ["Seed", "corridor", "garnet", "grid"]

Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator
"""What a model is drawn from; a generator moves on, so that it draws a different model next."""

LARGEST_WEIGHT = 9
"""Weights of branches are drawn from 1..9: no branch is impossible, and denominators stay small."""


def garnet(n_states: int, n_actions: int, branching: int, discount: object, seed: Seed) -> FiniteMDP:
    """Draw a Garnet: every pair leads to `branching` different states, drawn evenly, with random probabilities.

    Each outcome has its own reward in {-1, -9/10, ..., 1}, so rewards and successors are dependent. No state is
    terminal; the start distribution is uniform. After Archibald, McKinnon and Thomas 1995
    (locator unverified), with integer weights so that probabilities are rational.

    Raises ``ValueError`` unless 1 <= branching <= n_states.
    """
    if not 1 <= branching <= n_states:
        raise ValueError(f"branching {branching} is not in 1..{n_states}, the number of states")
    rng = np.random.default_rng(seed)
    pairs = []
    for state in range(n_states):
        for action in range(n_actions):
            successors = np.sort(rng.choice(n_states, size=branching, replace=False))
            rewards = [fmpq(int(tenths), 10) for tenths in rng.integers(-10, 11, size=branching)]
            pairs.append((state, action, _outcomes(_probabilities(rng, branching), rewards, successors)))
    return FiniteMDP.from_pairs(n_states, pairs, discount, start=[fmpq(1, n_states)] * n_states)


def corridor(n_states: int, discount: object, seed: Seed) -> FiniteMDP:
    """Draw a corridor: left (0) returns to the first state, right (1) advances or, with a random probability, stays.

    Right pays 1 from the last state, where it stays for good; left pays a random reward of 1/10 to 3/10, a bait that a
    learner must refuse. The advance of each state succeeds with probability 1/2 to 9/10. The start distribution is
    uniform, for from the first state alone undirected exploration needs a number of steps exponential in the length.
    """
    rng = np.random.default_rng(seed)
    pairs: list[tuple[int, int, list[Outcome]]] = []
    for state in range(n_states):
        bait, advance = fmpq(int(rng.integers(1, 4)), 10), fmpq(int(rng.integers(5, 10)), 10)
        pairs.append((state, 0, [(fmpq(1), bait, 0)]))
        last = state == n_states - 1
        pairs.append((state, 1, [(1, 1, state)] if last else [(advance, 0, state + 1), (1 - advance, 0, state)]))
    return FiniteMDP.from_pairs(
        n_states, pairs, discount, start=[fmpq(1, n_states)] * n_states, action_names=["left", "right"]
    )


def grid(height: int, width: int, discount: object, seed: Seed) -> FiniteMDP:
    """Draw a grid with slippery moves and a random price of 1/4 to 1 on entering each cell.

    Actions are up, right, down, left; a move goes as meant with probability 4/5 and to either side with 1/10, and stays
    where it would leave the grid. An episode starts in the first cell and ends in the last, the only terminal state.
    """
    rng = np.random.default_rng(seed)
    price = [fmpq(int(quarters), 4) for quarters in rng.integers(1, 5, size=height * width)]
    moves = [(-1, 0), (0, 1), (1, 0), (0, -1)]

    def after(cell: int, direction: int) -> int:
        row, column = divmod(cell, width)
        down, right = moves[direction % 4]
        return min(max(row + down, 0), height - 1) * width + min(max(column + right, 0), width - 1)

    pairs = []
    for cell in range(height * width - 1):
        for action in range(4):
            weights = {action: fmpq(4, 5), action - 1: fmpq(1, 10), action + 1: fmpq(1, 10)}
            reached = {after(cell, way): fmpq(0) for way in weights}
            for way, weight in weights.items():
                reached[after(cell, way)] += weight
            pairs.append((cell, action, [(weight, -price[to], to) for to, weight in reached.items()]))
    return FiniteMDP.from_pairs(
        height * width,
        pairs,
        discount,
        start=[1] + [0] * (height * width - 1),
        action_names=["up", "right", "down", "left"],
    )


def _probabilities(rng: np.random.Generator, n: int) -> list[fmpq]:
    weights = [int(weight) for weight in rng.integers(1, LARGEST_WEIGHT + 1, size=n)]
    return [fmpq(weight, sum(weights)) for weight in weights]


def _outcomes(probabilities: list[fmpq], rewards: list[fmpq], successors: Any) -> list[Outcome]:
    return [(p, r, int(s)) for p, r, s in zip(probabilities, rewards, successors, strict=True)]
