"""What `bellcheck verify` does: run, show every verdict when it is there, write the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bellcheck.proofs.registry import select
from bellcheck.proofs.verdict import ClaimVerdict, Run
from bellcheck.proofs.verify import run_of, verify_claim

from .claim_text import print_verdict, summary
from .output import require_writable, write_json
from .progress import progress_on

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
    verdicts: list[ClaimVerdict] = []
    with progress_on(console, plain=False) as report:
        for claim in claims:
            verdict = verify_claim(
                claim, examples=examples, seed=seed, progress=lambda step: report(step, len(verdicts), len(claims))
            )
            print_verdict(console, verdict, seed, examples, alone=len(claims) == 1)
            verdicts.append(verdict)
    run = run_of(verdicts, seed)
    console.print(summary(run), highlight=False)
    if json_file is not None:
        write_json(json_file, run)
        console.print(f"written to {json_file}", highlight=False, soft_wrap=True)
    return run
