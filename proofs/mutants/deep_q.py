"""Wrong DQN-style algorithms: target networks, fitted iteration, double estimators, masks and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, segment_sum
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.fitted import least_squares
from bellcheck.mdp.iteration import damped_value_iterates
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update as q_learning_update

from ..subject import Subject
from . import operators

__all__ = [
    "fit_before_the_sweep",
    "fit_left_out",
    "mean_in_place_of_maximum",
    "median_in_place_of_maximum",
    "online_steps",
    "online_update",
    "undiscounted_copy",
    "undiscounted_sweep",
    "unweighted_least_squares",
]


# -------------------------------------------------------------------- target networks


def _online_steps(mdp: FiniteMDP, q: Array, target: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    return damped_value_iterates(mdp, q, step_sizes)


def _undiscounted_copy(mdp: FiniteMDP, q: Array, target: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    towards = optimality_operator(mdp, target / mdp.discount if mdp.discount > 0 else target)
    yield q
    for step_size in step_sizes:
        q = q * (1 - step_size) + towards * step_size
        yield q


def _online_update(mdp: FiniteMDP, q: Array, target: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    return q_learning_update(mdp, q, pair, outcome, step_size)


online_steps = Subject("target-network", "target from the table that learns", _online_steps)
undiscounted_copy = Subject("target-network", "discount left out", _undiscounted_copy)
online_update = Subject("target-network-update", "target from the table that learns", _online_update)


# -------------------------------------------------------------------- fitted Q-iteration


def _undiscounted_sweep(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return matrix @ operators.undiscounted_backup.call(mdp, q)


def _fit_before_the_sweep(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return optimality_operator(mdp, matrix @ q)


def _fit_left_out(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return optimality_operator(mdp, q)


def _unweighted_least_squares(features: Array, mu: Array) -> Array:
    return least_squares(features, mu / mu)


undiscounted_sweep = Subject("fitted-operator", "discount left out", _undiscounted_sweep)
fit_before_the_sweep = Subject("fitted-operator", "fitted before the sweep, not after", _fit_before_the_sweep)
fit_left_out = Subject("fitted-operator", "fit left out", _fit_left_out)
unweighted_least_squares = Subject("least-squares", "weights forgotten", _unweighted_least_squares)


# -------------------------------------------------------------------- estimates of a maximum


def _mean(values: Array) -> Scalar:
    return segment_sum(values, np.array([0]))[0] / len(values)


def _median(values: Array) -> Scalar:
    return sorted(values)[(len(values) - 1) // 2]


mean_in_place_of_maximum = Subject("maximum", "mean in place of the maximum", _mean)
median_in_place_of_maximum = Subject("maximum", "median in place of the maximum", _median)
