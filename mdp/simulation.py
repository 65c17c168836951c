"""Sampled runs of Q-learning in binary64: synchronous sweeps, and one epsilon-greedy trajectory.

Outcomes are drawn from a generator that is passed in, reward and next state together. The loops here apply the update
rule of `q_learning` to what was drawn, and they define what `kernel` compiles, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from .arithmetic import Array, exact, exact_array, to_floats
from .chain import can_end, restart_distribution
from .model import FiniteMDP
from .q_learning import synchronous_update, td_target
from .step_size import Clock

__all__ = [
    "Engine",
    "InvalidRun",
    "Trajectory",
    "bit_for_bit",
    "outcome_of",
    "run_trajectory",
    "sample_outcomes",
    "sample_synchronous",
]

Engine: TypeAlias = Literal["plain", "compiled"]
"""How a float run is executed: by this module's loops or by numba; the numbers are the same bits."""

CHUNK = 1 << 18
"""Uniforms held at a time; a generator's stream does not depend on how it is cut."""


class InvalidRun(ValueError):
    """An argument with which no run can start; the message names it."""


def bit_for_bit(mdp: FiniteMDP) -> FiniteMDP:
    """Return the exact model whose rewards and discount are, bit for bit, those of ``mdp.to_float()``.

    A float run and an exact run on the same path differ by rounding alone only if they read the same numbers.
    """
    rounded = mdp.to_float()
    return replace(mdp, reward=exact_array(rounded.reward), discount=exact(rounded.discount))


# -------------------------------------------------------------------- sampling


def outcome_of(mdp: FiniteMDP, pair: int, u: float) -> int:
    """Return the outcome to which the inverse of the cumulative probabilities maps `u` in [0, 1); `mdp` is in floats.

    Should the rounded probabilities sum to less than 1, the last possible outcome takes the rest.
    """
    return _inverse(mdp.probability, int(mdp.outcome_start[pair]), int(mdp.outcome_start[pair + 1]), u)


def sample_outcomes(mdp: FiniteMDP, uniforms: np.ndarray) -> np.ndarray:
    """Map (n, N) uniforms in [0, 1) to (n, N) outcome indices, entry by entry as `outcome_of` does."""
    probability = mdp.to_float().probability
    outcomes = np.empty(uniforms.shape, dtype=np.int64)
    for pair in range(mdp.n_pairs):
        first, end = int(mdp.outcome_start[pair]), int(mdp.outcome_start[pair + 1])
        last = first + int(np.flatnonzero(probability[first:end])[-1])
        # Cumulative sums are taken from left to right, as _inverse does, so no entry differs by a rounding.
        found = first + np.searchsorted(np.cumsum(probability[first:end]), uniforms[:, pair], side="right")
        outcomes[:, pair] = np.minimum(found, last)
    return outcomes


def sample_synchronous(
    mdp: FiniteMDP,
    q0: Array,
    steps: np.ndarray,
    rng: np.random.Generator,
    *,
    checkpoints: Sequence[int] | np.ndarray | None = None,
    engine: Engine = "plain",
) -> np.ndarray:
    """Run synchronously in binary64 on outcomes drawn from `rng`, N uniforms a step.

    Parameters
    ----------
    mdp : exact or float; it is rounded.
    q0 : (N,) first table; it is rounded.
    steps : (n,) step sizes in [0, 1].
    checkpoints : ascending numbers of updates in 0..n after which the table is kept; n alone if None.

    Returns
    -------
    (len(checkpoints), N) tables, the same bits from either engine.
    """
    rounded, q, steps = mdp.to_float(), _first_table(mdp, q0), _steps(steps)
    n = len(steps)
    kept = _checkpoints(checkpoints, n)
    tables = np.empty((len(kept), mdp.n_pairs))
    loop = _engine(engine, _synchronous_loop, "synchronous_loop")
    rows = max(1, CHUNK // max(1, mdp.n_pairs))
    for begin in range(0, max(n, 1), rows):
        uniforms = rng.random((min(rows, n - begin), mdp.n_pairs))
        loop(rounded, q, begin, steps, uniforms, kept, tables)
    return tables


@dataclass(frozen=True)
class Trajectory:
    """What a float run along one trajectory leaves: n steps over N pairs.

    Attributes
    ----------
    q : (N,) last table.
    checkpoints, tables : numbers of updates, and the (len(checkpoints), N) tables after so many.
    pairs, outcomes, step_sizes : (n,) path: ``zip(pairs, outcomes, step_sizes)`` is what `run_asynchronous` takes.
    visits : (N,) number of updates of each pair.
    """

    q: np.ndarray
    checkpoints: np.ndarray
    tables: np.ndarray
    pairs: np.ndarray
    outcomes: np.ndarray
    step_sizes: np.ndarray
    visits: np.ndarray


def run_trajectory(
    mdp: FiniteMDP,
    q0: Array,
    steps: np.ndarray,
    epsilon: float,
    rng: np.random.Generator,
    *,
    clock: Clock = "visits",
    start_state: int | None = None,
    checkpoints: Sequence[int] | np.ndarray | None = None,
    engine: Engine = "plain",
) -> Trajectory:
    """Learn along one trajectory of the epsilon-greedy behaviour of the table as it evolves, in binary64.

    Each step takes four uniforms from `rng`: whether to explore, which action then, which outcome, and in which state
    the next episode begins should this one end. Among tied actions the lowest is greedy.

    Parameters
    ----------
    mdp : exact or float; it is rounded.
    q0 : (N,) first table; it is rounded.
    steps : (n,) step sizes in [0, 1]; the run has n steps.
    epsilon : probability of exploring, in [0, 1].
    clock : whether update t of a pair visited m times before uses ``steps[m]`` or ``steps[t]``.
    start_state : first state; drawn from the start distribution if None.
    checkpoints : ascending numbers of updates in 0..n after which the table is kept; n alone if None.

    Raises
    ------
    InvalidRun : naming the argument.
    MissingStart : an episode must begin and the model has no start distribution.
    """
    rounded, q, steps = mdp.to_float(), _first_table(mdp, q0), _steps(steps)
    if not 0 <= epsilon <= 1:
        raise InvalidRun(f"epsilon {epsilon} is not in [0, 1]")
    if clock not in ("visits", "global"):
        raise InvalidRun(f"clock {clock!r} is not 'visits' or 'global'")
    if start_state is not None and start_state not in mdp.acting:
        raise InvalidRun(f"start state {start_state} has no actions; a trajectory begins in a state that acts")
    needs_start = start_state is None or can_end(rounded)
    restart = restart_distribution(rounded) if needs_start else np.zeros(mdp.n_states)
    state = _inverse(restart, 0, mdp.n_states, rng.random()) if start_state is None else start_state

    n = len(steps)
    kept = _checkpoints(checkpoints, n)
    result = Trajectory(
        q=q,
        checkpoints=kept,
        tables=np.empty((len(kept), mdp.n_pairs)),
        pairs=np.empty(n, dtype=np.int64),
        outcomes=np.empty(n, dtype=np.int64),
        step_sizes=np.empty(n),
        visits=np.zeros(mdp.n_pairs, dtype=np.int64),
    )
    loop = _engine(engine, _trajectory_loop, "trajectory_loop")
    rows = CHUNK // 4
    for begin in range(0, max(n, 1), rows):
        uniforms = rng.random((min(rows, n - begin), 4))
        state = loop(rounded, result, begin, state, steps, clock == "visits", float(epsilon), restart, uniforms)
    return result


# -------------------------------------------------------------------- the loops that kernel compiles


def _synchronous_loop(
    mdp: FiniteMDP,
    q: np.ndarray,
    begin: int,
    steps: np.ndarray,
    uniforms: np.ndarray,
    kept: np.ndarray,
    tables: np.ndarray,
) -> None:
    """Continue a synchronous run after `begin` updates: change `q`, keep it in `tables` at the times `kept`."""
    tables[kept == begin] = q
    for t, row in enumerate(sample_outcomes(mdp, uniforms), start=begin):
        q[:] = synchronous_update(mdp, q, row, steps[t])
        tables[kept == t + 1] = q


def _trajectory_loop(
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
    q = run.q
    run.tables[run.checkpoints == begin] = q
    for t, (explore, which, chance, again) in enumerate(uniforms, start=begin):
        actions = mdp.pairs_of(state)
        if explore < epsilon:
            # For u < 1 the rounded product stays below the count: the gap, count / 2^53, is over half a unit in the
            # last place, or exact where count is a power of two.
            pair = actions[int(which * len(actions))]
        else:
            pair = actions[int(np.argmax(q[actions.start : actions.stop]))]
        outcome = outcome_of(mdp, pair, chance)
        step_size = steps[run.visits[pair]] if by_visits else steps[t]
        q[pair] = (1 - step_size) * q[pair] + step_size * td_target(mdp, q, outcome)
        run.visits[pair] += 1
        run.pairs[t], run.outcomes[t], run.step_sizes[t] = pair, outcome, step_size
        run.tables[run.checkpoints == t + 1] = q
        state = int(mdp.next_state[outcome])
        if not mdp.pairs_of(state):
            state = _inverse(restart, 0, len(restart), again)
    return state


def _inverse(probability: np.ndarray, first: int, end: int, u: float) -> int:
    total, last = 0.0, first
    for k in range(first, end):
        if probability[k] > 0:
            total += probability[k]
            last = k
            if u < total:
                break
    return last


# -------------------------------------------------------------------- arguments


def _engine(engine: str, plain: Any, compiled: str) -> Any:
    if engine == "plain":
        return plain
    if engine == "compiled":
        from . import kernel

        return getattr(kernel, compiled)
    raise InvalidRun(f"engine {engine!r} is not 'plain' or 'compiled'")


def _first_table(mdp: FiniteMDP, q0: Array) -> np.ndarray:
    q = to_floats(q0)
    if q.shape != (mdp.n_pairs,):
        raise InvalidRun(f"the first table has shape {q.shape}; it needs one entry for each of {mdp.n_pairs} pairs")
    if not np.isfinite(q).all():
        raise InvalidRun(f"the first table has the value {q[~np.isfinite(q)][0]} in it; every entry must be finite")
    return q


def _steps(steps: np.ndarray) -> np.ndarray:
    steps = np.asarray(steps, dtype=np.float64)
    wrong = ~((steps >= 0) & (steps <= 1))
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise InvalidRun(f"step size {steps[k]} of update {k} is not in [0, 1]")
    return steps


def _checkpoints(checkpoints: Sequence[int] | np.ndarray | None, n: int) -> np.ndarray:
    kept = np.asarray([n] if checkpoints is None else checkpoints, dtype=np.int64)
    if (np.diff(kept) <= 0).any() or (kept < 0).any() or (kept > n).any():
        raise InvalidRun(f"checkpoints {kept.tolist()} do not ascend within 0..{n}, the number of updates")
    return kept
