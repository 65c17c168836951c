"""Whole runs that learn something else: black boxes with the signature of `bellcheck.mdp.learner_run.learn`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.learner_run import EPSILON, STEPS, learn
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.step_size import Linear

from ..subject import Subject
from . import simulators

__all__ = ["past_the_end", "reward_of_another_pair"]


def _reward_of_another_pair(mdp: FiniteMDP, seed: int, start_state: int | None = None) -> Array:
    """A sparse matrix read with rows for columns: each pair is paid what the first outcome of the one before pays."""
    paid = np.roll(mdp.reward[mdp.outcome_start[:-1]], 1)
    return learn(replace(mdp, reward=np.repeat(paid, np.diff(mdp.outcome_start))), seed, start_state)


def _past_the_end(mdp: FiniteMDP, seed: int, start_state: int) -> Array:
    run = simulators.past_the_end.call(
        mdp,
        mdp.table(0),
        Linear().floats(STEPS),
        EPSILON,
        np.random.default_rng(seed),
        start_state=start_state,
        checkpoints=np.array([STEPS]),
    )
    return exact_array(run.q)


reward_of_another_pair = Subject("learner-run", "reward of another pair", _reward_of_another_pair)
past_the_end = Subject("learner-run", "updates past the end", _past_the_end, bug="A3")
