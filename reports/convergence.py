r"""Error curves: how ||Q_t - q*|| falls on models whose q* is known exactly, beside what is proved about it.

A *problem* is a model with its exact q*. An *experiment* runs it in one way: synchronously, every pair from the old
table, or along trajectories of an epsilon-greedy behaviour. A *curve* is an experiment under one step size: the errors
of independent replicas from Q_0 = 0, and two proved bounds, a plain and a sharper one. They are Theorem 1 and the bound
of bounded differences (the claims q-learning.finite-time-synchronous and q-learning.bounded-differences), along
trajectories Theorem 2 and the successor's certificate (q-learning.trajectory-certificate and
q-learning.successor-certificate).

Errors are largest errors over the pairs that can be reached from the start; the rest is no part of the problem, and its
number is reported. No table of a run exceeds max(||Q_0||, R / (1 - gamma)), R the largest |reward| (the claim
q-learning.bounded), so every run obeys ||Q_t - q*|| <= ||q*|| + max(||Q_0||, R / (1 - gamma)): every run from Q_0 = 0,
as all runs here, obeys the trivial bound ||q*|| + R / (1 - gamma). A bound that exceeds it says nothing.

A run is said to exceed its bound only if it does so by more than rounding explains. The bounds are about exact runs
with the float step sizes. Rounding the run costs 5 n u B (`bounds.rounding_bound`); reading rewards and discount in
binary64 moves each target by at most 2 u B, hence the tables by 2 n u B; taking the distance to a rounded q* costs
4 u B: together less than 10 n u B. Drawing from rounded probabilities changes the law of a path, which adds to the
probability that a bound fails (`Experiment.false_alarm`).

Every replica has its own named stream of random numbers, so that neither the number of threads nor what else runs
changes a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import max_norm, to_floats
from bellcheck.mdp.simulation import Engine, run_trajectory, sample_synchronous
from bellcheck.mdp.step_size import Constant, Linear, Polynomial, RescaledLinear, StepSize
from bellcheck.proofs.bounds import synchronous_bound
from bellcheck.proofs.evidence import stream
from bellcheck.proofs.sharper_bounds import bounded_differences_bound

from .certificate import largest_certified_errors, largest_sharper_errors
from .problems import Problem

__all__ = ["DELTA", "Curve", "Effort", "Experiment", "experiments", "rows", "run_curve", "run_curves"]

DELTA = 1e-10
"""The probability with which each of the two drawn bounds may fail."""


@dataclass(frozen=True)
class Effort:
    """How much is run: replicas of each curve, updates of each pair, and steps along each trajectory."""

    replicas: int = 10
    updates: int = 30_000
    steps: int = 1_000_000
    engine: Engine = "compiled"


@dataclass(frozen=True, eq=False)
class Experiment:
    """A problem and the way in which it is learned; `epsilon` is None for a synchronous run of `n` updates."""

    problem: Problem
    n: int
    epsilon: fmpq | None = None

    @property
    def mode(self) -> str:
        """The way of learning in words."""
        if self.epsilon is None:
            return "synchronous"
        return "uniform behaviour" if self.epsilon == 1 else f"ε-greedy, ε = {self.epsilon}"

    @property
    def false_alarm(self) -> float:
        """The probability that one run exceeds a bound: `DELTA` for each, and what rounding the probabilities adds.

        A draw compares a uniform multiple of u with K rounded partial sums, each of which has moved by at most K u.
        """
        draws = self.n * (self.problem.model.n_pairs if self.epsilon is None else 1)
        outcomes = int(np.diff(self.problem.model.outcome_start).max())
        return 2 * DELTA + draws * outcomes * (outcomes + 1) * 2.0**-53

    @property
    def slug(self) -> str:
        """A name for files."""
        words = f"{self.problem.name} {self.mode}".lower().replace("ε", "epsilon")
        return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in words).split())

    @property
    def schedules(self) -> list[StepSize]:
        """The step sizes that are compared; with visits as their clock along a trajectory."""
        discount = self.problem.model.discount
        rescaled = [RescaledLinear(discount)] if discount < 1 else []
        return [
            Constant(fmpq(1) if self.problem.deterministic else fmpq(1, 20)),
            Linear(),
            *rescaled,
            Polynomial(fmpq(3, 5)),
        ]


@dataclass(frozen=True, eq=False)
class Curve:
    """The errors of an experiment under one step size.

    Attributes
    ----------
    updates : (m,) numbers of updates (of every pair, or steps of the trajectory).
    errors : (replicas, m) largest errors.
    bound, sharper : (m,) proved bounds; along trajectories, where they depend on the path, their medians over the
        replicas.
    exceeded : number of replicas with an error above one of their own bounds at one of the `updates`.
    rarest : (trajectories) fewest visits to a pair in any replica.
    """

    experiment: Experiment
    schedule: str
    updates: np.ndarray
    errors: np.ndarray
    bound: np.ndarray
    sharper: np.ndarray
    exceeded: int
    rarest: int | None = None

    def quantile(self, share: float) -> np.ndarray:
        """The (m,) quantile over the replicas that a share of them does not exceed."""
        return np.asarray(np.quantile(self.errors, share, axis=0, method="inverted_cdf"))

    @property
    def initial_error(self) -> float:
        """The error of the first table."""
        return float(self.errors[0, 0])

    @property
    def remaining(self) -> float:
        """The share of the initial error that the median run ends with."""
        return self.remaining_at(0.5)

    def remaining_at(self, share: float) -> float:
        """The share of the initial error that a share of the runs does not exceed in the end."""
        return float(self.quantile(share)[-1]) / self.initial_error if self.initial_error else 0.0

    @property
    def gain(self) -> float:
        """By which factor the sharper bound is below the other in the end."""
        return float(self.bound[-1] / self.sharper[-1])

    @property
    def bound_says_something(self) -> np.ndarray:
        """(m,) mask: where the bound is at most the trivial one."""
        return self.bound <= self.experiment.problem.trivial_bound


def experiments(problems: Iterable[Problem], effort: Effort) -> list[Experiment]:
    """Return what is run: families synchronously too, environments under two behaviours, noisy ones for longer."""
    chosen = []
    for each in problems:
        if each.kind == "family":
            chosen += [Experiment(each, effort.updates), Experiment(each, effort.steps, fmpq(3, 10))]
            if each.name == "Corridor":
                chosen.append(Experiment(each, effort.steps, fmpq(1)))
        else:
            n = effort.steps if each.deterministic else 3 * effort.steps
            chosen += [Experiment(each, n, fmpq(1)), Experiment(each, n, fmpq(3, 10))]
    return chosen


# -------------------------------------------------------------------- the runs


def run_curves(
    chosen: Sequence[Experiment],
    effort: Effort,
    *,
    seed: int,
    workers: int = 2,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> list[Curve]:
    """Run every experiment under each of its step sizes; the same seed gives the same curves."""
    tasks = [(experiment, schedule) for experiment in chosen for schedule in experiment.schedules]
    curves = []
    with ThreadPoolExecutor(workers) as pool:
        for done, (experiment, schedule) in enumerate(tasks):
            progress(f"{experiment.problem.name}, {experiment.mode}, {schedule.name}", done, len(tasks))
            curves.append(run_curve(experiment, schedule, effort, pool, seed=seed))
    return curves


def run_curve(
    experiment: Experiment, schedule: StepSize, effort: Effort, pool: ThreadPoolExecutor, *, seed: int
) -> Curve:
    """Run the replicas of an experiment under one step size on the threads of a pool."""
    learned = experiment.problem
    streams = stream(seed, "report", experiment.slug, schedule.name).spawn(effort.replicas)
    kept = _checkpoints(experiment.n)
    steps = schedule.floats(experiment.n)
    if experiment.epsilon is None:
        errors = np.array(
            list(
                pool.map(
                    lambda random: _errors(
                        learned,
                        sample_synchronous(
                            learned.model,
                            learned.model.table(0),
                            steps,
                            np.random.default_rng(random),
                            checkpoints=kept,
                            engine=effort.engine,
                        ),
                    ),
                    streams,
                )
            )
        )
        bound = synchronous_bound(
            steps, learned.model.discount, learned.model.n_pairs, learned.noise.range, max_norm(learned.q), DELTA
        )[kept]
        sharper = bounded_differences_bound(steps, learned.model.discount, learned.noise, max_norm(learned.q), DELTA)[
            kept
        ]
        bounds, sharper_bounds, rarest = bound[None, :], sharper[None, :], None
    else:
        runs = list(pool.map(lambda random: _trajectory(experiment, steps, kept, random, effort.engine), streams))
        errors, bounds, sharper_bounds = (
            np.array(parts) for parts in zip(*((run.errors, run.bound, run.sharper) for run in runs), strict=True)
        )
        rarest = min(run.rarest for run in runs)
    exceeded = errors > np.minimum(bounds, sharper_bounds) + learned.rounding(learned.model.n_pairs * experiment.n)
    return Curve(
        experiment,
        schedule.name,
        kept,
        errors,
        _median(bounds),
        _median(sharper_bounds),
        exceeded=int(exceeded.any(axis=1).sum()),
        rarest=rarest,
    )


@dataclass(frozen=True)
class _Run:
    errors: np.ndarray
    bound: np.ndarray
    sharper: np.ndarray
    rarest: int


def _trajectory(
    experiment: Experiment, steps: np.ndarray, kept: np.ndarray, random: np.random.SeedSequence, engine: Engine
) -> _Run:
    learned = experiment.problem
    assert experiment.epsilon is not None
    run = run_trajectory(
        learned.model,
        learned.model.table(0),
        steps,
        float(to_floats([experiment.epsilon])[0]),
        np.random.default_rng(random),
        checkpoints=kept,
        engine=engine,
    )
    first = abs(learned.q)
    bound = largest_certified_errors(run, steps, learned.model.discount, learned.noise.range, first, DELTA, engine)
    sharper = largest_sharper_errors(learned.model, run, steps, learned.noise, first, DELTA, engine)
    return _Run(_errors(learned, run.tables), bound, sharper, int(run.visits.min()))


def _errors(learned: Problem, tables: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(tables - learned.best).max(axis=1))


def _median(bounds: np.ndarray) -> np.ndarray:
    """The (m,) median of (replicas, m) bounds, one of them."""
    return np.asarray(np.quantile(bounds, 0.5, axis=0, method="inverted_cdf"))


def _checkpoints(n: int, points: int = 60) -> np.ndarray:
    """0, and numbers of updates from 1 to n evenly spaced on a logarithmic axis."""
    return np.unique(np.concatenate([[0], np.rint(np.geomspace(1, n, points))]).astype(np.int64))


def rows(curves: Iterable[Curve]) -> Iterator[dict[str, Any]]:
    """Yield the points of all curves, as the figures draw them and the files hold them."""
    for curve in curves:
        experiment = curve.experiment
        low, median, high = (curve.quantile(share) for share in (0.1, 0.5, 0.9))
        for i, updates in enumerate(curve.updates):
            yield {
                "problem": experiment.problem.name,
                "mode": experiment.mode,
                "step_size": curve.schedule,
                "updates": int(updates),
                "error_q10": float(low[i]),
                "error_median": float(median[i]),
                "error_q90": float(high[i]),
                "bound": float(curve.bound[i]) if experiment.problem.bounded else None,
                "sharper_bound": float(curve.sharper[i]) if experiment.problem.bounded else None,
                "trivial_bound": experiment.problem.trivial_bound if experiment.problem.bounded else None,
            }
