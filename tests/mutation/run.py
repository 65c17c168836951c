"""Mutate the core with cosmic-ray and see that its tests notice: ``tox -e mutation``, or ``tox -e mutation -- chain``.

Each module is mutated in a copy of the tree, never in the checkout, and judged by its own tests; a mutant that they let
live is judged by the module's doctests and what `MODULES` names besides. The exit status is 1 if too many mutants live,
or one that survivors.toml does not explain; how they are counted is in `mutants`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cosmic_ray.config import serialize_config
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult
from mutants import Mutant, Tried, function_at, is_viable, judge, triaged

ROOT = Path(__file__).parents[2]
TRIAGE = Path(__file__).with_name("survivors.toml")


def _claim(id: str) -> str:
    return f"tests/test_claims.py::test_claim_is_as_expected[{id}]"


MODULES = {
    "solve": (
        _claim("bellman.least-supersolution"),
        _claim("bellman.gamma-one"),
        _claim("improvement.inexact-greedy-worse"),
    ),
    "model": ("tests/test_hypothesis_hook.py", _claim("bellman.joint-vs-marginal")),
    "step_size": (_claim("q-learning.finite-time-corollaries"),),
    "chain": (_claim("value-error.mu-stationary"), _claim("value-error.mu-nonstationary")),
    "bellman": (_claim("bellman.max-nonexpansive"), _claim("bellman.contraction")),
    "semi_gradient": (_claim("semi-gradient.key-matrix"), _claim("semi-gradient.a-presplit")),
    "value_error": (_claim("value-error.half-convention"), _claim("semi-gradient.a-split")),
    "q_learning": (_claim("q-learning.monotone"),),
}
"""The modules, those with the longest sessions first, and what judges a mutant that the module's own tests let live."""

PATIENCE = 5
"""A mutant is stopped after so many times what the unmutated tests take."""


def try_module(module: str, folder: Path) -> list[Tried]:
    """Return every mutant of a module with what became of it."""
    began = time.monotonic()
    tree = copy_of_the_tree(folder / module)
    path = Path("bellcheck", "mdp", f"{module}.py")
    source = (tree / path).read_text(encoding="utf-8")
    command = test_command(module)

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tree), "NUMBA_DISABLE_JIT": "1"}
        done = subprocess.run(arguments, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{module}: {shlex.join(arguments)} failed\n{done.stdout}{done.stderr}")
        return done.stdout

    imported = run(sys.executable, "-c", f"import bellcheck.mdp.{module} as it; print(it.__file__, end='')")
    if Path(imported) != tree / path:
        raise SystemExit(f"{module}: the tests would import {imported}, not the copy that is mutated")
    run(*shlex.split(command))  # leaves bytecode behind; the second run takes what the runs of mutants take
    unmutated = time.monotonic()
    run(*shlex.split(command))
    patience = PATIENCE * (time.monotonic() - unmutated)
    print(f"{module}: a mutant is stopped after {patience:.0f} s", flush=True)
    config = {
        "module-path": str(path),
        "test-command": command,
        "timeout": patience,
        "excluded-modules": [],
        "distributor": {"name": "local"},
    }
    (tree / "config.toml").write_text(serialize_config(config), encoding="utf-8")
    run("cosmic-ray", "init", "config.toml", "session.sqlite")
    with use_db(tree / "session.sqlite") as session:
        skip(session, module, source)
    run("cosmic-ray", "exec", "config.toml", "session.sqlite")
    with use_db(tree / "session.sqlite") as session:
        tried = [read(module, source, *completed) for completed in session.completed_work_items]
    print(f"{module}: {len(tried)} mutants in {time.monotonic() - began:.0f} s", flush=True)
    return tried


def copy_of_the_tree(tree: Path) -> Path:
    """Return a copy of what the tests need, its folders importable under the names that they install as."""
    shutil.rmtree(tree, ignore_errors=True)
    for layer in ("mdp", "proofs", "reports"):
        shutil.copytree(ROOT / layer, tree / "bellcheck" / layer, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def test_command(module: str) -> str:
    """Return the command that judges a mutant: the module's tests and, only if they pass, what takes longer."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=mutation"]
    doctests = f"tests/test_doctests.py::test_examples_hold[bellcheck.mdp.{module}]"
    first, then = [*pytest, f"tests/test_{module}.py"], [*pytest, doctests, *MODULES[module]]
    return shlex.join(["sh", "-c", f"{shlex.join(first)} && {shlex.join(then)}"])


def skip(session: WorkDB, module: str, source: str) -> None:
    """Mark in a session what is not viable, so that no test runs for it."""
    for item in session.pending_work_items:
        [mutation] = item.mutations
        operator = get_operator(mutation.operator_name)()
        if not is_viable(module, source, mutate_code(source, operator, mutation.occurrence)):
            session.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def read(module: str, source: str, item: WorkItem, result: WorkResult) -> Tried:
    """Return what a session says of one mutant."""
    [mutation] = item.mutations
    if result.worker_outcome == WorkerOutcome.SKIPPED:
        outcome = "not viable"
    elif result.test_outcome == TestOutcome.SURVIVED:
        outcome = "survived"
    elif result.test_outcome == TestOutcome.KILLED:
        outcome = "timed out" if result.output == "timeout" else "killed"
    else:
        raise SystemExit(f"{module}: cosmic-ray could not try {mutation}\n{result.output}")
    changed = [text for text in (result.diff or "").splitlines() if not text.startswith(("---", "+++"))]
    line, becomes = (" ".join(text[1:].strip() for text in changed if text.startswith(sign)) for sign in "-+")
    return Mutant(module, function_at(source, mutation.start_pos[0]), line, becomes), outcome


def main() -> None:
    """Try the modules that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)} (default: all)")
    parser.add_argument("--folder", type=Path, required=True, help="where the copies of the tree go")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="modules at a time (default: one a core)")
    arguments = parser.parse_args()
    for module in arguments.modules:
        if module not in MODULES:
            parser.error(f"{module} is none of {', '.join(MODULES)}")

    known = triaged(TRIAGE.read_text(encoding="utf-8"))
    folder = arguments.folder.resolve()
    with ThreadPoolExecutor(arguments.workers) as pool:
        sessions = list(pool.map(lambda module: try_module(module, folder), arguments.modules or MODULES))
    report, passed = judge([mutant for session in sessions for mutant in session], known)
    print(report)
    raise SystemExit(0 if passed else 1)


if __name__ == "__main__":
    main()
