"""Curves in words and in tables: captions say what is seen, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from .convergence import Curve
from .figures import DEEPEST
from .problems import Problem
from .reading import changes
from .typography import scientific

__all__ = ["about_problem", "at_a_glance", "caption", "outcomes"]

_LEARNED = 0.05
"""The share of the initial error below which a model counts as learned; the texts and figures say 5 %."""

_HARDLY = 1.05
"""A factor below which the sharper bound is not called sharper; the texts give two digits."""


def about_problem(learned: Problem) -> str:
    """Return what the model is, its discount and size, what cannot be reached, and what was done to its table."""
    n = learned.model.n_pairs
    words = [learned.about] if learned.about else []
    words.append(f"discount {learned.model.discount}, {n:,} pairs")
    sentences = ["; ".join(words)]
    if learned.states_left_out:
        sentences.append(
            f"{learned.states_left_out:,} of its {learned.acting:,} non-terminal states cannot be reached from the "
            f"start; they and their {learned.left_out:,} pairs are left out"
        )
    if learned.reading is not None:
        done = changes(learned.reading)
        sentences.append(
            f"What was done to the environment's table: {'; '.join([*done, 'nothing else' if done else 'nothing'])}"
        )
    return ". ".join(sentences) + "."


def caption(curves: Sequence[Curve]) -> str:
    """Return what the curves of one experiment show, with its numbers."""
    best = min(curves, key=lambda curve: curve.remaining)
    worst = max(curves, key=lambda curve: curve.remaining)
    experiment = best.experiment
    unit = "updates of every pair" if experiment.epsilon is None else "steps"
    ends = (
        f"After {experiment.n:,} {unit} the median run has {_percent(best.remaining)} of the initial error "
        f"{_short(best.initial_error)} left with the best step size, {best.schedule}, and {_percent(worst.remaining)} "
        f"with the worst, {worst.schedule}"
    )
    parts = [ends]
    if best.rarest is not None:
        parts.append(f"fewest updates of a pair in any run: {min(c.rarest or 0 for c in curves):,}")
    if best.remaining >= _LEARNED:
        parts.append("no step size gets below 5 %")
    grey = [curve.schedule for curve in curves if not curve.bound_says_something[1:].all()]
    if not experiment.problem.bounded:
        parts.append("no bound is drawn at discount 1")
    elif grey:
        parts.append(f"the bound lies above the trivial one for part of the time with {', '.join(grey)}")
    else:
        parts.append("the bound lies below the trivial one throughout")
    if experiment.problem.bounded:
        parts.append(_gains(curves))
    if any(curve.quantile(0.1).min() < DEEPEST * best.initial_error for curve in curves):
        parts.append("errors below 0.01 % of the initial one are drawn on the lower edge")
    return "; ".join(parts) + "."


def _gains(curves: Sequence[Curve]) -> str:
    """Return by which factors the sharper bound ends below the other."""
    least, most = min(curves, key=lambda curve: curve.gain), max(curves, key=lambda curve: curve.gain)
    if most.gain < _HARDLY:
        return "the sharper bound ends where the other does, or hardly below"
    below = f"the sharper bound ends {_times(most.gain)} times below the other with {most.schedule}"
    if len(curves) == 1:
        return below
    also = "and hardly below it" if least.gain < _HARDLY else f"and {_times(least.gain)} times"
    return f"{below}, {also} with {least.schedule}"


def _times(factor: float) -> str:
    return f"{factor:.2g}" if factor < 100 else f"{factor:,.0f}" if factor < 1e6 else scientific(factor)


def outcomes(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Return a record for each curve: where it began, where it ended, and whether a run left its bound."""
    return [
        {
            "problem": curve.experiment.problem.name,
            "mode": curve.experiment.mode,
            "step_size": curve.schedule,
            "n": curve.experiment.n,
            "initial_error": curve.initial_error,
            "remaining_median": curve.remaining,
            "remaining_q90": curve.remaining_at(0.9),
            "pairs": curve.experiment.problem.model.n_pairs,
            "left_out": curve.experiment.problem.left_out,
            "states_left_out": curve.experiment.problem.states_left_out,
            "rarest_visits": curve.rarest,
            "runs": len(curve.errors),
            "runs_above_bound": curve.exceeded,
            "bound_over_sharper": curve.gain if curve.experiment.problem.bounded else None,
        }
        for curve in curves
    ]


def at_a_glance(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Return a record for each model: the way and step size whose runs end lowest, and the ways in which none ends low.

    A name in `stuck` is a model with a way of visiting pairs in which no step size leaves the median run below 5 %.
    """
    found = []
    for _, group in groupby(curves, key=lambda curve: id(curve.experiment.problem)):
        members = list(group)
        best = min(members, key=lambda curve: (curve.remaining_at(0.9), curve.remaining))
        learned = best.experiment.problem
        ways = groupby(members, key=lambda curve: curve.experiment.mode)
        stuck = [mode for mode, same in ways if min(curve.remaining for curve in same) >= _LEARNED]
        found.append(
            {
                "problem": learned.name,
                "mode": best.experiment.mode,
                "step": best.schedule,
                "n": f"{best.experiment.n:,}",
                "initial": _short(best.initial_error),
                "median": _percent(best.remaining),
                "high": _percent(best.remaining_at(0.9)),
                "pairs": f"{learned.model.n_pairs:,}",
                "left_out": f"{learned.left_out:,}",
                "below": best.remaining < _LEARNED,
                "stuck": [f"{learned.name} ({mode})" for mode in stuck],
            }
        )
    return found


def _percent(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 0.01:
        return "under 0.01 %"
    return f"{percent:.2g} %" if percent < 99.5 else f"{percent:.0f} %"


def _short(number: float) -> str:
    return f"{number:.3g}"
