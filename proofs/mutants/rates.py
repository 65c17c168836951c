"""Wrong simulators whose means are right: what only the second moment, or the tail, of a run can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import synchronous_update
from bellcheck.mdp.simulation import sample_outcomes

from ..subject import Subject

__all__ = ["frozen_outcomes"]


def _frozen_outcomes(mdp: FiniteMDP, q0: Array, steps: Sequence[float] | np.ndarray, rng: np.random.Generator) -> Any:
    """A generator made anew from the same seed in every sweep: each pair sees its first outcome again and again."""
    rounded, q = mdp.to_float(), np.asarray(q0, dtype=np.float64)
    outcomes = sample_outcomes(mdp, rng.random((1, mdp.n_pairs)))[0]
    for step_size in steps:
        q = synchronous_update(rounded, q, outcomes, step_size)
    return q[None, :]


frozen_outcomes = Subject("synchronous-sampler", "the generator seeded anew in every sweep", _frozen_outcomes)
