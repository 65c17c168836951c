"""Sampled trajectories beside the bounds that are claimed of them, and the models on which bounds are tried.

A control that drops a hypothesis needs a sampler without it: one that samples another model than the one that is
certified, or that draws every outcome by the same uniform.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Trajectory, bit_for_bit
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.step_size import Clock

from .bounds import largest_value, rounding_bound
from .relation import Relation, all_of, at_most

__all__ = ["crossroads", "frozen_lake", "lopsided_loop", "one_way_to_two", "trajectories_beside", "zero_table"]


# -------------------------------------------------------------------- models


def crossroads() -> FiniteMDP:
    """Return two states whose rewards are deterministic and whose transitions are not, with dyadic numbers only."""
    either = [("1/2", 1, 0), ("1/2", 1, 1)]
    return FiniteMDP.from_pairs(
        2, [(0, 0, either), (0, 1, [(1, "1/2", 0)]), (1, 0, [("3/4", 0, 0), ("1/4", 0, 1)])], "1/2"
    )


def frozen_lake() -> FiniteMDP:
    """Return Gymnasium's slippery lake of 4 by 4, at discount 9/10."""
    from bellcheck.mdp.interop.gymnasium import from_gymnasium

    return from_gymnasium("FrozenLake-v1", "9/10").mdp


def lopsided_loop(odds: object) -> FiniteMDP:
    """Return a loop that pays 1 with the given probability, else 0, at discount 1/2."""
    p = exact(odds)
    return FiniteMDP.from_pairs(1, [(0, 0, [(p, 1, 0), (1 - p, 0, 0)])], "1/2")


def one_way_to_two(law: Literal["joint", "product"]) -> FiniteMDP:
    """From state 0 the reward 1 comes with a stay, 3/2 with a move to state 1, which leads back; or each on its own.

    q* = (2, 1) for both laws. Jointly r + gamma v*(s') is 2 always, with no noise.
    """
    p, other = ("1/2", 0) if law == "joint" else ("1/4", "1/4")
    ways = [(p, 1, 0), (other, 1, 1), (other, "3/2", 0), (p, "3/2", 1)]
    return FiniteMDP.from_pairs(2, [(0, 0, ways), (1, 0, [(1, 0, 0)])], "1/2")


def zero_table(mdp: FiniteMDP) -> Array:
    """Return the table 0."""
    return mdp.table(0)


# -------------------------------------------------------------------- runs


class _Stuck:
    """A generator whose outcomes are all drawn by the same uniform: samples that depend on those before them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def random(self, shape: tuple[int, int] | None = None) -> Any:
        """Draw uniforms; in each row the third, from which the outcome is taken, is 0."""
        uniforms = self._rng.random(shape)
        if shape is not None:
            uniforms[:, 2] = 0
        return uniforms


def trajectories_beside(
    certify: Callable[[FiniteMDP, Array, Trajectory, float, np.ndarray], np.ndarray],
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    steps: np.ndarray,
    *,
    sampled: FiniteMDP,
    clock: Clock,
    stuck: bool,
    replicas: int,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """Compare the errors of trajectories with epsilon 1/4 with the certificate of `mdp`, each where it comes closest.

    Parameters
    ----------
    certify : (model as the floats have it, its q*, path, probability of failure, checkpoints) -> (checkpoints, N).
    sampled : the model that is sampled, which should be `mdp`.
    stuck : all outcomes are drawn by the same uniform, which they should not be.
    """
    same_bits = bit_for_bit(mdp)
    best = policy_iteration(same_bits).q
    checkpoints = np.unique(np.geomspace(1, len(steps), 40).astype(int))
    # The other half of delta covers that probabilities are rounded: the law of all draws together is off by < 2^-35.
    share = false_alarm / (2 * replicas)
    # Rounding a run costs the float budget; rounding q* and the difference, less than that of one more update.
    rounding = float(to_floats([rounding_bound(len(steps) + 1, largest_value(same_bits, q))])[0])
    relations = []
    for stream in seed.spawn(replicas):
        rng: Any = np.random.default_rng(stream)
        path = run(
            sampled,
            q,
            steps,
            0.25,
            _Stuck(rng) if stuck else rng,
            clock=clock,
            start_state=int(mdp.acting[0]),
            checkpoints=checkpoints,
        )
        bounds = rounding + certify(same_bits, best, path, share, checkpoints)
        errors = np.abs(path.tables - to_floats(best))
        worst = np.unravel_index(np.argmax(errors - bounds), errors.shape)
        relations.append(at_most(errors[worst], bounds[worst]))
    return all_of(relations)
