"""The convergence report: run everything, then write one folder.

``index.html`` shows everything and needs nothing else; ``data/`` holds the numbers behind it as CSV and JSON,
``figures/`` the drawings as SVG. Other files in the folder are left alone, and a page that is no report is an error.
"""

from __future__ import annotations

import csv
import io
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from bellcheck.mdp.extras import MissingExtra, missing_extra
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.claim import Claim
from bellcheck.proofs.registry import select
from bellcheck.proofs.verdict import Run
from bellcheck.proofs.verify import DEFAULT_EXAMPLES, DEFAULT_SEED, verify

from . import figures
from .convergence import (
    DELTA,
    Curve,
    Effort,
    Problem,
    environments,
    experiments,
    families,
    problem,
    rows,
    run_curves,
)
from .page import GENERATOR, render

__all__ = ["UnwritableFolder", "write_report"]

Progress = Callable[[str, int, int], None]
"""Called with what is about to run, and how many of how many parts are done."""

PLAIN_EFFORT = Effort(replicas=10, updates=1_000, steps=20_000, engine="plain")
"""What is run without numba."""

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


class UnwritableFolder(Exception):
    """An output folder that cannot be written, or that holds a page which is not a report."""


def write_report(
    out: Path | str = "bellcheck-report",
    *,
    mdps: Sequence[tuple[str, FiniteMDP]] = (),
    seed: int = DEFAULT_SEED,
    examples: int = DEFAULT_EXAMPLES,
    claims: Iterable[Claim] | None = None,
    effort: Effort | None = None,
    command: str = "bellcheck report",
    progress: Progress = lambda step, done, total: None,
) -> Path:
    """Run everything and write the report; return the path of its page.

    Parameters
    ----------
    out : the folder, made if it is not there.
    mdps : named models of your own, learned beside ours.
    seed : of everything that is random.
    examples : of each generated check.
    claims : which claims are verified, all by default.
    effort : how much is learned; by default what the installed libraries allow.
    command : what makes the report again, for the page to print.

    Raises
    ------
    UnwritableFolder, MissingExtra : before anything runs.
    ImproperPolicy, MissingStart : a model of yours has no q*, or an episode cannot begin.
    """
    folder = _writable(Path(out))
    _require_extra()
    clock = _Clock()
    not_run: list[str] = []
    with clock("models solved exactly"):
        problems = families(seed)
        try:
            problems += environments()
        except ImportError as error:
            not_run.append(f"FrozenLake, CliffWalking and Taxi: not run, {_remedy(error)}.")
        problems += [problem(name, "yours", mdp) for name, mdp in mdps]
    effort = effort or _affordable(not_run)
    chosen = experiments(problems, effort)
    members = list(select([])) if claims is None else list(claims)

    total = sum(len(member.checks) for member in members) + sum(len(x.schedules) for x in chosen) + len(chosen) + 2
    steps = _Steps(progress, total)
    with clock("claims and curves, side by side"), ThreadPoolExecutor(1) as background:
        # The compiled loops release the interpreter's lock: the curves are learned while the claims are verified.
        learning = background.submit(clock.timed("curves"), run_curves, chosen, effort, seed=seed, progress=steps)
        run = clock.timed("claims")(verify, members, examples=examples, seed=seed, progress=steps)
        curves: list[Curve] = learning.result()

    out_of = _Folder(folder)
    with clock("gradients"):
        steps("gradients")
        gradients, semi = _gradients(out_of)
    with clock("figures and page"):
        groups = _error_figures(curves, out_of, steps)
        out_of.table("curves", list(rows(curves)))
        out_of.table("convergence", _glance_data(curves))
        out_of.data("verify.json", msgspec.to_builtins(run))
        steps("page")
        out_of.data("report.json", _about(run, curves, examples, command))
        context = {
            "run": _run(run, curves, examples, command, clock.seconds),
            "files": out_of.written,
            "not_run": not_run,
            "replicas": effort.replicas,
            "delta": f"{DELTA:.0e}",
            "engine_note": _engine_note(effort),
            "glance": _glance(curves),
            "groups": groups,
            "gradients": gradients,
            "semi": semi,
        }
        return out_of.write("index.html", render(run, context))


def _affordable(not_run: list[str]) -> Effort:
    try:
        import_module("numba")
    except ImportError as error:
        not_run.append(f"The long runs: not run, {_remedy(error)}; the curves below are shorter.")
        return PLAIN_EFFORT
    return Effort()


def _engine_note(effort: Effort) -> str:
    if effort.engine == "compiled":
        return "The loops are compiled, bit for bit the plain update rule."
    return "The loops are not compiled."


def _require_extra() -> None:
    """Miss at the start what is needed at the end."""
    for library in ("altair", "jinja2", "latex2mathml", "pybtex", "vl_convert"):
        try:
            import_module(library)
        except ImportError as error:
            raise MissingExtra(f"the report {_remedy(error)}") from None


def _remedy(error: ImportError) -> str:
    return missing_extra(error) or str(error)


# -------------------------------------------------------------------- the parts of the page


def _error_figures(curves: Sequence[Curve], out_of: _Folder, steps: _Steps) -> list[dict[str, Any]]:
    groups: dict[Any, dict[str, Any]] = {}
    for number, (experiment, members) in enumerate(groupby(curves, key=lambda curve: curve.experiment), start=1):
        steps(f"figure of {experiment.problem.name}, {experiment.mode}")
        same = list(members)
        name = f"{number:02d}-{experiment.slug}"
        title = f"{experiment.problem.name}, {experiment.mode}"
        group = groups.setdefault(
            id(experiment.problem),
            {"title": experiment.problem.name, "about": _about_problem(experiment.problem), "figures": []},
        )
        group["figures"].append(out_of.figure(name, title, _caption(same), figures.error_figure(same)))
    return list(groups.values())


def _about_problem(learned: Problem) -> str:
    n = learned.model.n_pairs
    words = [learned.about] if learned.about else []
    words.append(f"{n:,} pairs, discount {learned.model.discount}")
    if learned.left_out:
        words.append(f"{learned.left_out:,} further pairs cannot be reached from the start and are left out")
    return "; ".join(words) + "."


def _caption(curves: Sequence[Curve]) -> str:
    best = min(curves, key=lambda curve: curve.remaining)
    worst = max(curves, key=lambda curve: curve.remaining)
    experiment = best.experiment
    unit = "updates of every pair" if experiment.epsilon is None else "steps"
    left = f"{_percent(best.remaining)} of the initial error {_short(best.initial_error)} left in the median"
    other = f"{worst.schedule} {_percent(worst.remaining)}"
    parts = [
        f"After {experiment.n:,} {unit} the step size {best.schedule} has {left}, {other}",
    ]
    if best.rarest is not None:
        parts.append(f"the rarest pair of any run was updated {min(c.rarest or 0 for c in curves):,} times")
    grey = [curve.schedule for curve in curves if not curve.bound_says_something[1:].all()]
    if not experiment.problem.bounded:
        parts.append("no bound is drawn at discount 1")
    elif grey:
        parts.append(f"the bound lies above the trivial one for part of the time with {', '.join(grey)}")
    else:
        parts.append("the bound lies below the trivial one throughout")
    if any(curve.quantile(0.1).min() < figures.DEEPEST * best.initial_error for curve in curves):
        parts.append("errors below 0.01 % of the initial one are drawn on the lower edge")
    return "; ".join(parts) + "."


def _glance_data(curves: Sequence[Curve]) -> list[dict[str, Any]]:
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
            "rarest_visits": curve.rarest,
            "runs": len(curve.errors),
            "runs_above_bound": curve.exceeded,
        }
        for curve in curves
    ]


def _glance(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    found = []
    for _, members in groupby(curves, key=lambda curve: id(curve.experiment.problem)):
        best = min(members, key=lambda curve: (curve.remaining_at(0.9), curve.remaining))
        learned = best.experiment.problem
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
                "below": best.remaining < 0.05,
            }
        )
    return found


def _gradients(out_of: _Folder) -> tuple[Any, list[Any]]:
    from .gradients import BAIRD_STEP, baird_paths, gradient_table, objective_paths

    points = baird_paths()
    out_of.table("baird", points)
    baird = out_of.figure(
        "baird",
        "Baird's star, expected updates",
        "All true values are 0 and can be represented, every state is updated equally often, the step size is "
        f"{BAIRD_STEP}. The semi-gradient diverges at discount 99/100 and, far more slowly, at the threshold 15/17 = "
        "0.882…, from which on it does so for every step size; at 4/5 it converges. The full gradient of the Bellman "
        "error never grows, but at 99/100 its progress is hardly visible. Lines leave the frame above 10¹² and below "
        "10⁻⁴.",
        figures.baird_figure(points),
    )
    try:
        table = gradient_table()
        paths = objective_paths()
    except ImportError as error:
        missing = f"Not run: {_remedy(error)}."
        return missing, [f"The two processes: not run, {_remedy(error)}.", baird]
    out_of.table(
        "gradients",
        [
            {
                "q_hat": row.q_hat,
                "parameter": row.parameter,
                "symbolic": str(row.symbolic),
                "autograd": repr(row.autograd),
                "difference": str(row.difference),
                "bound": str(row.bound),
                "holds": row.holds,
            }
            for row in table
        ],
    )
    out_of.table("objectives", paths)
    fields = out_of.figure(
        "objectives",
        "Four descents on two processes that no data can tell apart",
        "Discount 1/2, from (1, 1); a dot marks where each ends. On the right B is two states that look the same. The "
        "semi-gradient takes the same path in both processes, and so does the full gradient of TDE, for both can be "
        "computed from data; but the first ends at the true values, (0, 0), and the second at (−2/7, 1/7). The full "
        "gradient of BE ends at the true values on the left and with TDE on the right: the Bellman error cannot be "
        "learned from data. The gradient of VE needs the true values.",
        figures.fields_figure(paths),
    )
    return table, [fields, baird]


# -------------------------------------------------------------------- about the run


def _run(run: Run, curves: Sequence[Curve], examples: int, command: str, times: Mapping[str, float]) -> dict[str, Any]:
    bounded = [curve for curve in curves if curve.experiment.problem.bounded]
    runs = sum(len(curve.errors) for curve in bounded)
    return {
        "seed": run.seed,
        "examples": examples,
        "command": command,
        "versions": _versions(),
        "times": dict(times),
        "exceeded": sum(curve.exceeded for curve in bounded),
        "bounded_runs": runs,
        "bounds_false_alarm": f"{runs * DELTA:.1e}",
    }


def _about(run: Run, curves: Sequence[Curve], examples: int, command: str) -> dict[str, Any]:
    about = _run(run, curves, examples, command, {})
    del about["times"]
    return {**about, "summary": msgspec.to_builtins(run.summary), "convergence": _glance_data(curves)}


def _versions() -> dict[str, str]:
    found = {"bellcheck": version("bellcheck"), "Python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def _percent(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 0.01:
        return "under 0.01 %"
    return f"{percent:.2g} %" if percent < 99.5 else f"{percent:.0f} %"


def _short(number: float) -> str:
    return f"{number:.3g}"


class _Clock:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Any:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began

    def timed(self, name: str) -> Callable[..., Any]:
        def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            with self(name):
                return function(*args, **kwargs)

        return call


class _Steps:
    """Counts what has been begun, for both threads."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, step: str, *_: int) -> None:
        self._progress(step, min(self._done, self._total), self._total)
        self._done += 1


# -------------------------------------------------------------------- the folder


def _writable(folder: Path) -> Path:
    """Make the folder and show that it can be written, before the long work."""
    try:
        for part in (folder, folder / "data", folder / "figures"):
            part.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=part):
                pass
        page = folder / "index.html"
        if page.exists() and GENERATOR not in page.read_text("utf-8", errors="replace")[:2_000]:
            raise UnwritableFolder(f"{page} is no report of bellcheck and will not be replaced; choose another folder")
    except OSError as error:
        reason = error.strerror or error
        raise UnwritableFolder(f"cannot write the folder {folder}: {reason}; choose another") from None
    return folder


class _Folder:
    """Writes the report's files and remembers their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: list[str] = []

    def write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text, "utf-8")
        return path

    def data(self, name: str, value: Any) -> None:
        self.write(f"data/{name}", json.dumps(value, indent=1, ensure_ascii=False) + "\n")
        self.written.append(f"data/{name}")

    def table(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        self.write(f"data/{name}.csv", text.getvalue())
        self.written.append(f"data/{name}.csv")
        self.data(f"{name}.json", list(records))

    def figure(self, name: str, title: str, caption: str, specification: dict[str, Any]) -> dict[str, Any]:
        from markupsafe import Markup

        drawing = figures.svg(specification)
        self.write(f"figures/{name}.svg", drawing)
        return {
            "id": f"figure-{name}",
            "title": title,
            "caption": caption,
            "file": f"figures/{name}.svg",
            "svg": Markup(figures.embedded(drawing, name)),
        }
