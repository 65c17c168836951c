"""The convergence report: run everything, then write one folder.

``index.html`` shows everything and needs nothing else; ``data/`` holds the numbers behind it as CSV and JSON,
``figures/`` the drawings as SVG. Other files in the folder are left alone, and a page that is no report is an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from bellcheck.mdp.extras import MissingExtra, missing_extra
from bellcheck.mdp.interop.gymnasium import Reading
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.claim import Claim
from bellcheck.proofs.matrix import Matrix, matrix, n_steps
from bellcheck.proofs.registry import select
from bellcheck.proofs.verdict import Run
from bellcheck.proofs.verify import DEFAULT_EXAMPLES, DEFAULT_SEED, refutations, verify

from . import figures
from .captions import about_problem, at_a_glance, caption, outcomes
from .convergence import DELTA, Curve, Effort, experiments, rows, run_curves
from .counterexample_section import counterexample_section
from .dependencies import layers, parts
from .field_section import field_section
from .folder import Folder, writable
from .matrix_section import matrix_section
from .page import render
from .problems import environments, families, problem
from .provenance import of_run, to_data

__all__ = ["Progress", "write_report"]

Progress = Callable[[str, int, int], None]
"""Called with what is about to run, and how many of how many parts are done."""

PLAIN_EFFORT = Effort(replicas=10, updates=1_000, steps=20_000, engine="plain")
"""What is run without numba."""


def write_report(
    out: Path | str = "bellcheck-report",
    *,
    mdps: Sequence[tuple[str, FiniteMDP | Reading]] = (),
    seed: int = DEFAULT_SEED,
    examples: int = DEFAULT_EXAMPLES,
    claims: Iterable[Claim] | None = None,
    effort: Effort | None = None,
    command: str = "bellcheck report",
    progress: Progress = lambda step, done, total: None,
) -> tuple[Path, Run, Matrix]:
    """Run everything and write the report; return the path of its page, the verdicts and the matrix in it.

    Parameters
    ----------
    out : the folder, made if it is not there.
    mdps : named models of your own, or environments as they were read, learned beside ours.
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
    folder = writable(Path(out))
    _require_extra()
    clock = _Clock()
    not_run: list[str] = []
    with clock("models solved exactly"):
        problems = families(seed)
        try:
            problems += environments()
        except ImportError as error:
            not_run.append(f"FrozenLake, CliffWalking and Taxi: not run, {_remedy(error)}.")
        problems += [problem(name, "yours", model) for name, model in mdps]
    effort = effort or _affordable(not_run)
    chosen = experiments(problems, effort)
    whole = claims is None
    members = list(select([]) if claims is None else claims)

    total = (
        sum(len(member.checks) + len(refutations(member)) for member in members)
        + sum(len(x.schedules) for x in chosen)
        + len(chosen)
        + n_steps(members)
        + 3
    )
    steps = _Steps(progress, total)
    with clock("claims and curves, side by side"), ThreadPoolExecutor(1) as background:
        # The compiled loops release the interpreter's lock: the curves are learned while the claims are verified.
        learning = background.submit(clock.timed("curves"), run_curves, chosen, effort, seed=seed, progress=steps)
        run = clock.timed("claims")(verify, members, examples=examples, seed=seed, progress=steps)
        curves: list[Curve] = learning.result()

    with clock("planted bugs"):
        # A few claims are done before other processes have begun.
        found = matrix(claims=None if whole else members, seed=seed, jobs=-1 if whole else 1, run=run, progress=steps)

    out_of = Folder(folder)
    with clock("gradients"):
        steps("gradients")
        gradients, semi = _gradients(out_of)
        semi += counterexample_section(out_of)
    with clock("vector fields"):
        steps("vector fields")
        fields = field_section(out_of)
    with clock("figures and page"):
        groups = _error_figures(curves, out_of, steps)
        dependencies = _dependencies(members, out_of)
        planted = matrix_section(found, out_of, whole=whole)
        out_of.table("curves", list(rows(curves)))
        out_of.table("convergence", outcomes(curves))
        out_of.data("verify.json", msgspec.to_builtins(run))
        steps("page")
        out_of.data("report.json", to_data(run, curves, examples, command))
        context = {
            "run": of_run(run, curves, examples, command, clock.seconds),
            "files": out_of.written,
            "not_run": not_run,
            "replicas": effort.replicas,
            "delta": DELTA,
            "engine_note": _engine_note(effort),
            "glance": at_a_glance(curves),
            "groups": groups,
            "gradients": gradients,
            "semi": semi,
            "fields": fields,
            "dependencies": dependencies,
            "planted": planted,
        }
        return out_of.write("index.html", render(run, context)), run, found


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


def _error_figures(curves: Sequence[Curve], out_of: Folder, steps: _Steps) -> list[dict[str, Any]]:
    groups: dict[Any, dict[str, Any]] = {}
    for number, (experiment, members) in enumerate(groupby(curves, key=lambda curve: curve.experiment), start=1):
        steps(f"figure of {experiment.problem.name}, {experiment.mode}")
        same = list(members)
        name = f"{number:02d}-{experiment.slug}"
        title = f"{experiment.problem.name}, {experiment.mode}"
        group = groups.setdefault(
            id(experiment.problem),
            {"title": experiment.problem.name, "about": about_problem(experiment.problem), "figures": []},
        )
        group["figures"].append(out_of.figure(name, title, caption(same), figures.error_figure(same)))
    return list(groups.values())


def _gradients(out_of: Folder) -> tuple[Any, list[Any]]:
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
                "parameter": i,
                "symbolic": str(component.symbolic),
                "autograd": repr(component.autograd),
                "difference": str(component.difference),
                "bound": str(component.bound),
                "holds": component.holds,
            }
            for row in table
            for i, component in enumerate(row.components)
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


def _dependencies(members: Sequence[Claim], out_of: Folder) -> list[dict[str, Any]]:
    drawings = []
    for part, claims in parts(members).items():
        columns = layers(claims)
        if not columns:
            continue
        n_lines = sum(len(node.uses) for column in columns for node in column)
        n_drawn = sum(len(column) for column in columns)
        drawings.append(
            out_of.figure(
                f"dependencies-{part}",
                f"What rests on what in the theory of {part}",
                f"{n_lines} lines, each from a claim to one whose argument invokes it, further right; what is invoked "
                f"through another claim has no line of its own. Colours are the groups. {n_drawn} claims are drawn; of "
                f"this part {len(claims) - n_drawn} neither invoke another nor are invoked.",
                figures.dependency_figure(columns),
                wide=True,
            )
        )
    return drawings


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
