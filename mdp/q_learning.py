r"""Q-learning: the one update rule, and the runs that are made of it.

.. math:: Q(s, a) \leftarrow (1 - \alpha)\, Q(s, a) + \alpha \bigl(r + \gamma \max_{a' \in A(s')} Q(s', a')\bigr)

with 0 for the maximum where s' is terminal (Sutton and Barto 2018, (6.8)). The rule is written once, in this order of
operations, for every arithmetic; it looks the maximum up by itself rather than through `bellman`, so that a defect in
one of the two shows in their comparison. An outcome is an index into the model's outcomes: reward and next state are
drawn together, never from their marginals.

A *synchronous* run updates every pair at each k from the old table, an *asynchronous* one a single pair at a time. Both
take their outcomes as given, so that several runs can share one path; `simulation` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .arithmetic import Array, Scalar, maximum, zeros
from .model import FiniteMDP

__all__ = ["run_asynchronous", "run_synchronous", "synchronous_update", "td_target", "update"]


def td_target(mdp: FiniteMDP, q: Array, outcome: int) -> Scalar:
    """Return r + gamma V_q(s') of an outcome, in the arithmetic of the model and `q`."""
    state = mdp.next_state[outcome]
    first, end = mdp.pair_start[state], mdp.pair_start[state + 1]
    value = maximum(q[first:end]) if first < end else zeros(q, 1)[0]
    return mdp.reward[outcome] + mdp.discount * value


def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    """Return a new table in which Q(x) has become (1 - alpha) Q(x) + alpha (r + gamma V_Q(s')), x being `pair`."""
    changed = _copy(q)
    changed[pair] = (1 - step_size) * q[pair] + step_size * td_target(mdp, q, outcome)
    return changed


def synchronous_update(mdp: FiniteMDP, q: Array, outcomes: Sequence[int] | np.ndarray, step_size: Scalar) -> Array:
    """Return a new table, every pair updated from the old one; `outcomes` is an (N,) vector of outcome indices."""
    changed = _copy(q)
    for pair, outcome in enumerate(outcomes):
        changed[pair] = (1 - step_size) * q[pair] + step_size * td_target(mdp, q, outcome)
    return changed


def run_synchronous(
    mdp: FiniteMDP, q0: Array, step_sizes: Iterable[Scalar], outcomes: Iterable[Sequence[int] | np.ndarray]
) -> Iterator[Array]:
    """Yield the tables Q_0, Q_1, ..., Q_n of a synchronous run over n steps and (n, N) outcomes."""
    q = q0
    yield q
    for step_size, row in zip(step_sizes, outcomes, strict=True):
        q = synchronous_update(mdp, q, row, step_size)
        yield q


def run_asynchronous(mdp: FiniteMDP, q0: Array, path: Iterable[tuple[int, int, Scalar]]) -> Iterator[Array]:
    """Yield the tables Q_0, Q_1, ... of a run along a path of (pair, outcome, step size)."""
    q = q0
    yield q
    for pair, outcome, step_size in path:
        q = update(mdp, q, pair, outcome, step_size)
        yield q


def _copy(q: Array) -> Array:
    # Indexing by an array copies in every arithmetic; .copy() and .clone() do not exist in each.
    return q[np.arange(len(q))]
