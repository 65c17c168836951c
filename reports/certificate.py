"""The certificates along long trajectories, compiled: the same bits as the functions that are proved.

The recursions repeat `bounds.asynchronous_bounds` and `sharper_bounds.successor_bounds`, operation by operation. The
first carries the largest entry of D + tau along and looks it up again only when its pair is updated, the second looks
at the pairs of one state, so that a step costs the same whatever the number of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Engine, Trajectory
from bellcheck.proofs import bounds, sharper_bounds
from bellcheck.proofs.sharper_bounds import Noise

__all__ = ["largest_certified_errors", "largest_sharper_errors"]


def largest_certified_errors(
    run: Trajectory,
    steps: np.ndarray,
    discount: object,
    noise_range: Array,
    initial_errors: Array,
    delta: float,
    engine: Engine,
) -> np.ndarray:
    """Return max over x of the certified bound on |Q_t(x) - q*(x)|, at the checkpoints t of a run; (m,).

    `steps` are those that the run was given, with the visits to the pair as their clock; the rest is as in
    `bounds.trajectory_certificate`, which does the work if `engine` is "plain".
    """
    if engine == "plain":
        certified = bounds.trajectory_certificate(
            run.pairs, steps, discount, noise_range, initial_errors, delta, run.checkpoints
        )
        return np.asarray(certified.max(axis=1))
    bounds.require_squares(steps)
    largest = np.empty(len(run.checkpoints))
    _compiled()(
        run.pairs,
        run.step_sizes,
        bounds.rounded_up(discount),
        _rounded_up(noise_range),
        _rounded_up(initial_errors),
        bounds.failure_logarithm(len(noise_range), len(steps), delta) / 2,
        run.checkpoints,
        largest,
    )
    return bounds.outward(largest, run.checkpoints)


def largest_sharper_errors(
    mdp: FiniteMDP,
    run: Trajectory,
    steps: np.ndarray,
    noise: Noise,
    initial_errors: Array,
    delta: float,
    engine: Engine,
) -> np.ndarray:
    """Return the same as `largest_certified_errors` for the bounds of `sharper_bounds.successor_certificate`; (m,)."""
    if engine == "plain":
        certified = sharper_bounds.successor_certificate(
            mdp, run.pairs, run.outcomes, steps, noise, initial_errors, delta, run.checkpoints
        )
        return np.asarray(certified.max(axis=1))
    bounds.require_squares(steps)
    following = np.array([[r.start, r.stop] for r in map(mdp.pairs_of, range(mdp.n_states))], dtype=np.int64)
    largest = np.empty(len(run.checkpoints))
    _compiled_sharper()(
        run.pairs,
        mdp.next_state[run.outcomes],
        following,
        run.step_sizes,
        bounds.rounded_up(mdp.discount),
        tuple(_rounded_up(values) for values in noise),
        _rounded_up(initial_errors),
        sharper_bounds.successor_logarithm(noise, len(steps), delta),
        run.checkpoints,
        largest,
    )
    return bounds.outward(largest, run.checkpoints)


def _rounded_up(values: Array) -> np.ndarray:
    return np.array([bounds.rounded_up(x) for x in values])


@cache
def _compiled() -> Callable[..., None]:
    from numba import njit

    @njit(nogil=True)
    def certify(pairs, step_sizes, discount, ranges, bias, half, kept, largest):  # type: ignore[no-untyped-def]
        v = np.zeros(len(bias))
        bound = bias.copy()
        top = np.argmax(bound)
        saved = 0
        if len(kept) and kept[0] == 0:
            largest[0] = bound[top]
            saved = 1
        for t in range(len(pairs)):
            pair, step_size = pairs[t], step_sizes[t]
            bias[pair] = (1 - step_size) * bias[pair] + step_size * discount * bound[top]
            v[pair] = (1 - step_size) * (1 - step_size) * v[pair] + step_size * step_size
            bound[pair] = bias[pair] + ranges[pair] * math.sqrt(v[pair] * half)
            if pair == top:
                top = np.argmax(bound)
            elif bound[pair] > bound[top]:
                top = pair
            if saved < len(kept) and kept[saved] == t + 1:
                largest[saved] = bound[top]
                saved += 1

    return certify


@cache
def _compiled_sharper() -> Callable[..., None]:
    from numba import njit

    @njit(nogil=True)
    def certify(  # type: ignore[no-untyped-def]
        pairs, successors, following, step_sizes, discount, noise, bias, logarithm, kept, largest
    ):
        ranges, variances, furthest = noise
        v, b, w = np.zeros(len(bias)), np.zeros(len(bias)), np.zeros(len(bias))
        bound = bias.copy()
        saved = 0
        if len(kept) and kept[0] == 0:
            largest[0] = bound.max()
            saved = 1
        for t in range(len(pairs)):
            pair, step_size = pairs[t], step_sizes[t]
            inherited = 0.0
            for x in range(following[successors[t], 0], following[successors[t], 1]):
                inherited = max(inherited, bound[x])
            bias[pair] = (1 - step_size) * bias[pair] + step_size * discount * inherited
            tau = 0.0
            # Where nothing varies tau is 0, and not worth two roots.
            if ranges[pair] > 0:
                v[pair] = (1 - step_size) * (1 - step_size) * v[pair] + step_size * step_size
                b[pair] = max((1 - step_size) * b[pair], step_size)
                w[pair] = (1 - step_size) * w[pair] + step_size
                c = b[pair] * furthest[pair] * logarithm / 3
                hoeffding = ranges[pair] * math.sqrt(v[pair] * logarithm / 2)
                bernstein = c + math.sqrt(c * c + 2 * variances[pair] * v[pair] * logarithm)
                tau = min(hoeffding, bernstein, furthest[pair] * w[pair])
            bound[pair] = bias[pair] + tau
            if saved < len(kept) and kept[saved] == t + 1:
                largest[saved] = bound.max()
                saved += 1

    return certify
