"""What `bellcheck check` does: put a subject to the checks of its kind, show the verdicts, write the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from bellcheck.proofs.conformance.expected import ExpectedFailures, read_expected
from bellcheck.proofs.conformance.front import subject_of
from bellcheck.proofs.conformance.judge import judge
from bellcheck.proofs.conformance.sandbox import Limits
from bellcheck.proofs.conformance.verdicts import Judgement
from bellcheck.proofs.registry import select

from .judgement_text import print_judgement
from .output import require_writable, write_json
from .progress import progress_on

__all__ = ["check_and_show", "judgement_to_data"]


def check_and_show(
    subject: str,
    kind: str | None,
    *,
    declared: dict[str, str],
    claims: Sequence[str],
    examples: int,
    seed: int,
    limits: Limits,
    expect_fail: Path | None,
    json_file: Path | None,
    console: Console,
) -> int:
    """Judge a subject, print the verdicts, and return the exit status."""
    expected = read_expected(expect_fail) if expect_fail is not None else ExpectedFailures()
    chosen = select(list(claims)) if claims else None
    if json_file is not None:
        require_writable(json_file)
    foreign = subject_of(subject, kind, declared, limits)
    with progress_on(Console(stderr=True, highlight=False), plain=False) as progress:
        judgement = judge(foreign, claims=chosen, examples=examples, seed=seed, progress=progress)
    if json_file is not None:
        write_json(json_file, judgement_to_data(judgement, expected))  # first: who reads the words may leave early
    print_judgement(console, judgement, expected)
    if json_file is not None:
        console.print(f"written to {json_file}", highlight=False, soft_wrap=True)
    if judgement.exit_status == 1 and not expected.unexpected(judgement):
        return 0
    return judgement.exit_status


def judgement_to_data(judgement: Judgement, expected: ExpectedFailures) -> dict[str, Any]:
    """Return a judgement for ``--json``; each result has its instance, what was expected and what came."""
    data: dict[str, Any] = msgspec.to_builtins(judgement)
    for result, entry in zip(judgement.results, data["results"], strict=True):
        entry["expected"], entry["got"] = result.expected, result.got
        entry["expected_failure"] = result.status == "refuted" and expected.covers(result)
    count = [result.status for result in judgement.results]
    data["summary"] = {status.replace("-", "_"): count.count(status) for status in ("holds", "refuted", "not-run")}
    data["summary"]["stale"] = expected.stale(judgement)
    return data
