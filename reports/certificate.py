"""Theorem 2's certificate along long trajectories, compiled: the same bits as `bounds.trajectory_certificate`.

The recursion repeats `bounds.asynchronous_bounds` operation by operation. The largest entry of D + tau is carried along
and looked up again only when its pair is updated, so that a step costs the same whatever the number of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.simulation import Engine, Trajectory
from bellcheck.proofs import bounds

__all__ = ["largest_certified_errors"]


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
    largest = np.empty(len(run.checkpoints))
    _compiled()(
        run.pairs,
        run.step_sizes,
        bounds.rounded_up(discount),
        np.array([bounds.rounded_up(x) for x in noise_range]),
        np.array([bounds.rounded_up(x) for x in initial_errors]),
        bounds.failure_logarithm(len(noise_range), len(steps), delta) / 2,
        run.checkpoints,
        largest,
    )
    return bounds.outward(largest, run.checkpoints)


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
