r"""Linear q_hat with one weight: the fit g(w) of the backed-up values, its two pieces, and where g(w) = w.

.. math:: g(w) = \Pi\, T(X w) = b + c_{+} w \ (w \ge 0), \quad b + c_{-} w \ (w \le 0)

The pieces are computed from outcomes, one at a time; the fixed points from values of g alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.linear_algebra import weighted_projection
from bellcheck.mdp.model import FiniteMDP

__all__ = ["HALF_LINE", "census", "fit", "fixed_points", "number", "number_by_the_signs", "pieces", "projection"]

ZERO, ONE = fmpq(0), fmpq(1)
HALF_LINE = "a half-line"


def projection(features: Array, mu: Array) -> Array:
    """Return the (N, N) least-squares projection on the multiples of features of shape (N,)."""
    return weighted_projection(features.reshape(-1, 1), mu)


def fit(fitted: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Callable[[fmpq], fmpq]:
    """Return g, read where a feature is not 0."""
    matrix, x = projection(features, mu), int(np.flatnonzero(features != 0)[0])
    return lambda w: fitted(mdp, matrix, features * w)[x] / features[x]


def pieces(mdp: FiniteMDP, features: Array, mu: Array) -> tuple[fmpq, fmpq, fmpq]:
    """Return b, c_+ and c_- by their formulas, from outcomes one at a time."""
    total = sum((mu[x] * features[x] ** 2 for x in range(mdp.n_pairs)), ZERO)
    offset = right = left = ZERO
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            following = [features[y] for y in mdp.pairs_of(int(mdp.next_state[k]))]
            share = mu[x] * features[x] * mdp.probability[k] / total
            offset += share * mdp.reward[k]
            right += share * mdp.discount * max(following, default=ZERO)
            left += share * mdp.discount * min(following, default=ZERO)
    return offset, right, left


def fixed_points(g: Callable[[fmpq], fmpq]) -> list[fmpq] | str:
    """Return the fixed points of a function that is affine on each side of 0, or that they fill a half-line."""
    offset = g(ZERO)
    right, left = g(ONE) - offset, offset - g(-ONE)
    if offset == 0:
        return HALF_LINE if 1 in (right, left) else [ZERO]
    roots = [(offset / (1 - slope), side) for slope, side in ((left, -1), (right, 1)) if slope != 1]
    return [root for root, side in roots if root * side > 0]


def number(found: list[fmpq] | str) -> str:
    """Return how many fixed points were found, in words."""
    return found if isinstance(found, str) else str(len(found))


def number_by_the_signs(offset: fmpq, right: fmpq, left: fmpq) -> str:
    """Return how many fixed points there are by the signs of b (1 - c) on both sides."""
    if offset == 0:
        return HALF_LINE if 1 in (right, left) else "1"
    return str(int(offset * (1 - right) > 0) + int(offset * (1 - left) < 0))


def _census_model(numbers: Callable[[int], int]) -> tuple[FiniteMDP, Array, Array]:
    """Return a model of two states with two actions at gamma = 9/10, features and weights, from small integers."""
    pairs = []
    for state in range(2):
        for action in range(2):
            there = fmpq(1 + numbers(9), 10)
            reward = numbers(7) - 3
            pairs.append((state, action, [(1 - there, reward, 0), (there, reward, 1)]))
    features = exact_array([1 + numbers(3), *(numbers(7) - 3 for _ in range(3))])
    visits = [1 + numbers(9) for _ in range(4)]
    return FiniteMDP.from_pairs(2, pairs, "9/10"), features, exact_array(fmpq(n, sum(visits)) for n in visits)


def census(fitted: Any, models: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many models of a seeded family have each number of fixed points: as found, and by the signs."""
    # Raw output of PCG64, the same for every release of NumPy; the remainder's bias is of no matter here.
    stream = np.random.PCG64(np.random.SeedSequence(2000))
    found, by_the_signs = {"0": 0, "1": 0, "2": 0, HALF_LINE: 0}, {"0": 0, "1": 0, "2": 0, HALF_LINE: 0}
    for _ in range(models):
        model = _census_model(lambda size: int(stream.random_raw() % size))
        found[number(fixed_points(fit(fitted, *model)))] += 1
        by_the_signs[number_by_the_signs(*pieces(*model))] += 1
    return found, by_the_signs
