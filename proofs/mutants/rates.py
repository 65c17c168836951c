"""Wrong runs that still look like learning: what only rates and second moments tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_synchronous, synchronous_update
from bellcheck.mdp.simulation import sample_outcomes

from ..subject import Subject

__all__ = ["frozen_outcomes", "step_left_out"]


def _frozen_outcomes(mdp: FiniteMDP, q0: Array, steps: Sequence[float] | np.ndarray, rng: np.random.Generator) -> Any:
    """A generator made anew from the same seed in every sweep: each pair sees its first outcome again and again."""
    rounded, q = mdp.to_float(), np.asarray(q0, dtype=np.float64)
    outcomes = sample_outcomes(mdp, rng.random((1, mdp.n_pairs)))[0]
    for step_size in steps:
        q = synchronous_update(rounded, q, outcomes, step_size)
    return q[None, :]


def _step_left_out(mdp: FiniteMDP, q0: Array, step_sizes: Iterable[Any], outcomes: Iterable[Any]) -> Iterator[Array]:
    """``Q[s, a] = r + gamma * max(Q[s_next])``: each entry is replaced by its target, whatever the step size."""
    return run_synchronous(mdp, q0, [fmpq(1) for _ in step_sizes], outcomes)


frozen_outcomes = Subject("synchronous-sampler", "the generator seeded anew in every sweep", _frozen_outcomes)
step_left_out = Subject("synchronous-run", "step size left out", _step_left_out)
