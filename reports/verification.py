"""What `bellcheck verify` does: run, show every verdict when it is there, write the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bellcheck.proofs.registry import select
from bellcheck.proofs.verdict import Run
from bellcheck.proofs.verify import run_of, verify_claim

from .claim_text import print_verdict, summary
from .output import require_writable, write_json

__all__ = ["verify_and_show"]


def verify_and_show(
    patterns: Sequence[str], *, examples: int, seed: int, json_file: Path | None, console: Console
) -> Run:
    """Verify the claims that the patterns select, print each verdict as it comes, and return the run.

    A bar shows what is running on a terminal; elsewhere the verdicts are the progress.
    """
    claims = select(list(patterns))
    if json_file is not None:
        require_writable(json_file)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    verdicts = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(claims))
        for claim in claims:
            verdict = verify_claim(
                claim, examples=examples, seed=seed, progress=lambda step: progress.update(task, description=step)
            )
            print_verdict(console, verdict, seed, examples)
            verdicts.append(verdict)
            progress.advance(task)
    run = run_of(verdicts, seed)
    console.print(summary(run), highlight=False)
    if json_file is not None:
        write_json(json_file, run)
        console.print(f"written to {json_file}", highlight=False, soft_wrap=True)
    return run
