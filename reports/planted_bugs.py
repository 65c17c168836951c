"""What `bellcheck mutants` shows: each planted bug, the claims that refute it, and where the suite is thin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.proofs.matrix import Matrix, Row, matrix, states
from bellcheck.proofs.mutants.bugs import bugs
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import select

from .output import require_writable, write_json
from .progress import progress_on

__all__ = ["matrix_text", "matrix_to_data", "show_mutants", "status_of"]

MARKS = {"refuted": "✗", "survived": "·", "not-run": "?", "error": "!"}


def show_mutants(
    patterns: Sequence[str], *, seed: int, jobs: int, json_file: Path | None, console: Console
) -> tuple[Matrix, int]:
    """Put the planted bugs to the claims that the patterns select, print the matrix, and return it with the status."""
    claims = select(list(patterns)) if patterns else None
    if json_file is not None:
        require_writable(json_file)
    with progress_on(Console(stderr=True, highlight=False)) as progress:
        found = matrix(planted(), claims, seed=seed, jobs=jobs, progress=progress)
    console.print(matrix_text(found))
    if json_file is not None:
        write_json(json_file, matrix_to_data(found))
        console.print(f"written to {json_file}", highlight=False, soft_wrap=True)
    return found, status_of(found, whole=claims is None)


def status_of(found: Matrix, *, whole: bool) -> int:
    """0 if every bug is refuted, 1 if one survives; of chosen claims a bug may be another's business."""
    return 1 if whole and found.survivors else 0


def matrix_text(found: Matrix) -> RenderableType:
    """Return the matrix by kind of subject, and where the suite is thin."""
    parts: list[RenderableType] = []
    for kind in dict.fromkeys(row.kind for row in found.rows):
        parts += _of_kind(kind, [row for row in found.rows if row.kind == kind])
    parts.append(Text(_summary(found), style="bold"))
    if found.refuted_once:
        lines = "\n".join(f"{row.name} ({row.kind}): {row.refuted_by[0]}" for row in found.refuted_once)
        parts += [Text(f"\n{len(found.refuted_once)} bugs that only one claim refutes:"), _indented(lines)]
    if found.idle_claims:
        parts += [Text(f"\n{len(found.idle_claims)} claims that refute no planted bug:")]
        parts += [_indented(", ".join(found.idle_claims))]
    for row in found.survivors:
        why = "survives" if not row.refuted_by else "is refuted, but by no claim that carries a property of its bug"
        parts.append(Text(f"{row.name} ({row.kind}) {why}", style="red"))
    return Group(*parts)


def _of_kind(kind: str, rows: list[Row]) -> list[RenderableType]:
    """A matrix with a column for each claim about the kind, by number, and the claims' names below."""
    claims = list(dict.fromkeys(cell.claim for row in rows for cell in row.cells))
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(kind, header_style="bold", overflow="fold", ratio=1)
    table.add_column("row", no_wrap=True)
    table.add_column("states", justify="right", no_wrap=True)
    for number in range(1, len(claims) + 1):
        table.add_column(str(number), no_wrap=True)
    for row in rows:
        marks = {cell.claim: MARKS[cell.mark] for cell in row.cells}
        smallest = row.smallest
        size = states(smallest.counterexample) if smallest else None
        table.add_row(
            Text(row.name),
            f"bug-{row.bug}" if row.bug else "",
            "" if size is None else str(size),
            *(Text(marks.get(claim, ""), style="red" if marks.get(claim) == "✗" else "dim") for claim in claims),
        )
    names = "  ".join(f"{number} {claim}" for number, claim in enumerate(claims, start=1))
    return [table, _indented(names), Text()]


def _indented(text: str) -> RenderableType:
    return Padding(Text(text, style="dim"), (0, 0, 0, 2))


def _summary(found: Matrix) -> str:
    refuted = sum(bool(row.refuted_by) for row in found.rows)
    real = [row for row in found.rows if row.bug]
    rows = {row.bug for row in real}
    left_out = [bug for bug in bugs() if bug.left_out]
    median = found.median_states
    lines = [
        f"{refuted} of {len(found.rows)} planted bugs refuted",
        f"{len(real)} of them are written after {len(rows)} of {len(bugs())} real ones, {len(left_out)} are left out",
        f"median counterexample: {median:g} states" if median is not None else "",
        f"seed {found.seed}",
    ]
    return "\n".join(line for line in lines if line)


def matrix_to_data(found: Matrix) -> dict[str, Any]:
    """Return the matrix for ``--json``."""
    data: dict[str, Any] = msgspec.to_builtins(found)
    for row, entry in zip(found.rows, data["rows"], strict=True):
        smallest = row.smallest
        entry["refuted_by"] = row.refuted_by
        entry["smallest"] = None if smallest is None else msgspec.to_builtins(smallest)
    data["left_out"] = [{"bug": bug.id, "words": bug.words, "reason": bug.left_out} for bug in bugs() if bug.left_out]
    data["thin"] = {
        "refuted_once": [
            {"kind": row.kind, "name": row.name, "claim": row.refuted_by[0]} for row in found.refuted_once
        ],
        "claims_without_a_refutation": found.idle_claims,
    }
    data["summary"] = {
        "mutants": len(found.rows),
        "refuted": sum(bool(row.refuted_by) for row in found.rows),
        "survivors": [row.name for row in found.survivors],
        "median_states": found.median_states,
    }
    return data
