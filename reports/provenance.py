"""Where the numbers of a report come from: seed, versions, command, and the probabilities of a false alarm."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from bellcheck.proofs.verdict import Run

from .captions import outcomes
from .convergence import Curve

__all__ = ["of_run", "to_data"]

_LIBRARIES = (
    "bellcheck",
    "numpy",
    "python-flint",
    "sympy",
    "hypothesis",
    "msgspec",
    "torch",
    "z3-solver",
    "numba",
    "gymnasium",
    "altair",
    "vl-convert-python",
    "jinja2",
    "latex2mathml",
    "pybtex",
)


def of_run(
    run: Run, curves: Sequence[Curve], examples: int, command: str, times: Mapping[str, float]
) -> dict[str, Any]:
    """Return what the page says about the run, its times included."""
    bounded = [curve for curve in curves if curve.experiment.problem.bounded]
    runs = sum(len(curve.errors) for curve in bounded)
    alarms = sum(len(curve.errors) * curve.experiment.false_alarm for curve in bounded)
    return {
        "seed": run.seed,
        "examples": examples,
        "command": command,
        "versions": _versions(),
        "times": dict(times),
        "exceeded": sum(curve.exceeded for curve in bounded),
        "bounded_runs": runs,
        "bounds_false_alarm": f"{alarms:.1e}",
    }


def to_data(run: Run, curves: Sequence[Curve], examples: int, command: str) -> dict[str, Any]:
    """Return the same as JSON data, with the outcomes; without times, so that a seed gives the same bytes."""
    about = of_run(run, curves, examples, command, {})
    del about["times"]
    return {**about, "summary": msgspec.to_builtins(run.summary), "convergence": outcomes(curves)}


def _versions() -> dict[str, str]:
    found = {"bellcheck": version("bellcheck"), "Python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found
