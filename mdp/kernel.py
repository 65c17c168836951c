"""The loops of `simulation`, compiled by numba: the same bits, 100 times as fast.

Each loop repeats its plain counterpart operation by operation, without fast-math, so that no product is fused or
reordered, and takes its uniforms from outside. Bit-identity is no luxury: with an argmax in the loop one unit in the
last place can flip an action, after which two runs have nothing in common. Ties go to the lowest action in both. Only
the sign of a zero among tied maxima could differ, and no reward being -0.0, r + gamma (+-0.0) has the same bits.

numba is an extra: it is imported, and the loops are compiled, at the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .extras import MissingExtra, missing_extra
from .model import FiniteMDP

if TYPE_CHECKING:
    from .simulation import Trajectory

__all__ = ["synchronous_loop", "trajectory_loop"]


def synchronous_loop(
    mdp: FiniteMDP,
    q: np.ndarray,
    begin: int,
    steps: np.ndarray,
    uniforms: np.ndarray,
    kept: np.ndarray,
    tables: np.ndarray,
) -> None:
    """Continue a synchronous run after `begin` updates: change `q`, keep it in `tables` at the times `kept`."""
    synchronous, _ = _compiled()
    synchronous(*_model(mdp), q, begin, steps, uniforms, kept, np.searchsorted(kept, begin), tables)


def trajectory_loop(
    mdp: FiniteMDP,
    run: Trajectory,
    begin: int,
    state: int,
    steps: np.ndarray,
    by_visits: bool,
    epsilon: float,
    restart: np.ndarray,
    uniforms: np.ndarray,
) -> int:
    """Continue a trajectory after `begin` updates from `state`: fill `run` in, return the state that it ends in."""
    _, trajectory = _compiled()
    return int(
        trajectory(
            *_model(mdp),
            run.q,
            begin,
            state,
            steps,
            by_visits,
            epsilon,
            restart,
            uniforms,
            run.checkpoints,
            np.searchsorted(run.checkpoints, begin),
            run.tables,
            run.pairs,
            run.outcomes,
            run.step_sizes,
            run.visits,
        )
    )


def _model(mdp: FiniteMDP) -> tuple[Any, ...]:
    return (mdp.pair_start, mdp.outcome_start, mdp.probability, mdp.reward, mdp.next_state, mdp.discount)


@cache
def _compiled() -> tuple[Callable[..., None], Callable[..., int]]:
    try:
        from numba import njit
    except ImportError as error:
        raise MissingExtra(f"engine 'compiled' {missing_extra(error)}; or use engine 'plain'") from None

    @njit(nogil=True)
    def inverse(probability, first, end, u):  # type: ignore[no-untyped-def]
        total, last = 0.0, first
        for k in range(first, end):
            if probability[k] > 0:
                total += probability[k]
                last = k
                if u < total:
                    break
        return last

    @njit(nogil=True)
    def best_pair(q, first, end):  # type: ignore[no-untyped-def]
        best = first
        for pair in range(first + 1, end):
            if q[pair] > q[best]:
                best = pair
        return best

    @njit(nogil=True)
    def td_target(q, outcome, pair_start, reward, next_state, discount):  # type: ignore[no-untyped-def]
        state = next_state[outcome]
        first, end = pair_start[state], pair_start[state + 1]
        value = q[best_pair(q, first, end)] if first < end else 0.0
        return reward[outcome] + discount * value

    @njit(nogil=True)
    def synchronous(  # type: ignore[no-untyped-def]
        pair_start,
        outcome_start,
        probability,
        reward,
        next_state,
        discount,
        q,
        begin,
        steps,
        uniforms,
        kept,
        saved,
        tables,
    ):
        n_pairs = len(q)
        old = q.copy()
        if saved < len(kept) and kept[saved] == begin:
            tables[saved] = q
            saved += 1
        for i in range(len(uniforms)):
            step_size = steps[begin + i]
            old[:] = q
            for pair in range(n_pairs):
                outcome = inverse(probability, outcome_start[pair], outcome_start[pair + 1], uniforms[i, pair])
                target = td_target(old, outcome, pair_start, reward, next_state, discount)
                q[pair] = (1 - step_size) * old[pair] + step_size * target
            if saved < len(kept) and kept[saved] == begin + i + 1:
                tables[saved] = q
                saved += 1

    @njit(nogil=True)
    def trajectory(  # type: ignore[no-untyped-def]
        pair_start,
        outcome_start,
        probability,
        reward,
        next_state,
        discount,
        q,
        begin,
        state,
        steps,
        by_visits,
        epsilon,
        restart,
        uniforms,
        kept,
        saved,
        tables,
        pairs,
        outcomes,
        step_sizes,
        visits,
    ):
        if saved < len(kept) and kept[saved] == begin:
            tables[saved] = q
            saved += 1
        for i in range(len(uniforms)):
            t = begin + i
            first, end = pair_start[state], pair_start[state + 1]
            explores = uniforms[i, 0] < epsilon
            pair = first + int(uniforms[i, 1] * (end - first)) if explores else best_pair(q, first, end)
            outcome = inverse(probability, outcome_start[pair], outcome_start[pair + 1], uniforms[i, 2])
            step_size = steps[visits[pair]] if by_visits else steps[t]
            target = td_target(q, outcome, pair_start, reward, next_state, discount)
            q[pair] = (1 - step_size) * q[pair] + step_size * target
            visits[pair] += 1
            pairs[t], outcomes[t], step_sizes[t] = pair, outcome, step_size
            if saved < len(kept) and kept[saved] == t + 1:
                tables[saved] = q
                saved += 1
            state = next_state[outcome]
            if pair_start[state] == pair_start[state + 1]:
                state = inverse(restart, 0, len(restart), uniforms[i, 3])
        return state

    return synchronous, trajectory
