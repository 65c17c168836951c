"""What `bellcheck mutants` shows: each planted bug, the claims that refute it, and where the suite is thin.

What matters most comes last, where a terminal stops: what survives and why, then the count. A matrix is as wide as its
claims, a character each under their numbers in fives, so that the widest is read on eighty columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.proofs.matrix import MARKS, Mark, Matrix, Row, matrix, states
from bellcheck.proofs.mutants.bugs import bugs, properties
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import select

from .matrix_data import matrix_to_data
from .output import require_writable, write_json
from .progress import progress_on

__all__ = ["matrix_text", "matrix_to_data", "show_mutants", "status_of", "why"]

_SIGNS: dict[Mark, tuple[str, str]] = {
    "refuted": ("✗", "green"),
    "survived": ("·", "dim"),
    "not-run": ("?", "yellow"),
    "error": ("!", "red"),
}


def show_mutants(
    patterns: Sequence[str], *, seed: int, jobs: int, json_file: Path | None, console: Console
) -> tuple[Matrix, int]:
    """Put the planted bugs to the claims that the patterns select, print the matrix, and return it with the status."""
    claims = select(list(patterns)) if patterns else None
    if json_file is not None:
        require_writable(json_file)
    with progress_on(Console(stderr=True, highlight=False)) as progress:
        found = matrix(planted(), claims, seed=seed, jobs=jobs, progress=progress)
    if json_file is not None:
        write_json(json_file, matrix_to_data(found))  # first: who reads the words may leave early
    console.print(matrix_text(found, whole=claims is None))
    if json_file is not None:
        console.print(f"written to {json_file}", highlight=False, soft_wrap=True)
    return found, status_of(found, whole=claims is None)


def status_of(found: Matrix, *, whole: bool) -> int:
    """0 if every bug is refuted, 1 if one survives, 3 if it could not be asked; by chosen claims none has to be."""
    if not whole or not found.survivors:
        return 0
    return 1 if any(_was_asked(row) for row in found.survivors) else 3


def _was_asked(row: Row) -> bool:
    return any(cell.mark != "not-run" for cell in row.cells)


def matrix_text(found: Matrix, *, whole: bool = True) -> RenderableType:
    """Return the matrix by kind of subject, where the suite is thin, what survives, and the count."""
    if not found.rows:
        return Text("No planted bug is about what these claims are about.")
    parts: list[RenderableType] = [
        Text("   ").join(Text(f"{sign} {MARKS[mark]}", style=colour) for mark, (sign, colour) in _SIGNS.items()),
        Text("row: of the real bug; states: of the smallest counterexample; by: so many claims\n", style="dim"),
    ]
    for kind, rows in found.by_kind.items():
        parts += _of_kind(kind, rows)
    parts += [*_thin(found), *_survivors(found, whole), _summary(found, whole)]
    return Group(*parts)


# -------------------------------------------------------------------- the matrix


def _of_kind(kind: str, rows: list[Row]) -> list[RenderableType]:
    """A matrix with a character for each claim about the kind, and the claims' names by number below."""
    claims = list(dict.fromkeys(cell.claim for row in rows for cell in row.cells))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(kind, style="bold"), overflow="fold", ratio=1)
    table.add_column("row", no_wrap=True)
    table.add_column("states", justify="right", no_wrap=True)
    table.add_column("by", justify="right", no_wrap=True)
    table.add_column(_in_fives([Text(str(number)[-1]) for number in range(1, len(claims) + 1)]), no_wrap=True)
    for row in rows:
        smallest = row.smallest
        size = states(smallest.counterexample) if smallest else None
        table.add_row(
            Text(row.name),
            f"bug-{row.bug}" if row.bug else "",
            "" if size is None else str(size),
            str(len(row.refuted_by)),
            _in_fives([Text(*_SIGNS[cell.mark]) for cell in row.cells]),
        )
    names = [
        Text(f"{number:>{len(str(len(claims)))}} {claim}", style="dim") for number, claim in enumerate(claims, start=1)
    ]
    return [table, _indented(Columns(names, padding=(0, 2), column_first=True)), Text()]


def _in_fives(characters: list[Text]) -> Text:
    """Return characters in a row, a gap after every fifth."""
    groups = [Text().join(characters[i : i + 5]) for i in range(0, len(characters), 5)]
    return Text(" ").join(groups)


def _indented(part: RenderableType) -> RenderableType:
    return Padding(part, (0, 0, 0, 2))


# -------------------------------------------------------------------- below it


def _thin(found: Matrix) -> list[RenderableType]:
    """The bugs that hang on one claim, by that claim; the claims that refute none."""
    parts: list[RenderableType] = []
    if found.hanging:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", style="dim")
        for claim, names in found.hanging.items():
            table.add_row(claim, Text("; ".join(names)))
        parts += [
            Text(f"{_many(len(found.refuted_once), 'bug')} refuted by one claim alone, by that claim", style="bold"),
            _indented(table),
            Text(),
        ]
    if found.idle_claims:
        title = f"{_many(len(found.idle_claims), 'claim')} that could refute a planted bug and did not"
        parts += [Text(title, style="bold"), _indented(Text(", ".join(found.idle_claims), style="dim")), Text()]
    return parts


def _survivors(found: Matrix, whole: bool) -> list[RenderableType]:
    """What survives and why; of chosen claims only how many, for a bug may be another's business."""
    if not found.survivors:
        return []
    if not whole:
        return [Text(f"{_many(len(found.survivors), 'bug')} not refuted by these claims", style="bold"), Text()]
    parts: list[RenderableType] = [Text(f"{_many(len(found.survivors), 'survivor')}", style="bold red")]
    for row in found.survivors:
        after = f", after bug-{row.bug}" if row.bug else ""
        parts += [Text(f"{row.name} ({row.kind}{after})", style="red"), *map(_indented, map(Text, why(row)))]
    return [*parts, Text()]


def why(row: Row) -> list[str]:
    """Return the lines that say why a bug counts as a survivor: who refuted it all the same, who was asked, who must.

    A claim that refutes it without carrying a property of its bug sees it by luck, through another error that it makes.
    """
    lines = []
    if row.refuted_by:
        lines.append(f"refuted by {', '.join(row.refuted_by)}, but by no claim that carries a property of its bug")
    by_answer: dict[str, list[str]] = {}
    for cell in row.cells:
        if cell.mark != "refuted":
            answer = {"survived": "survives", "not-run": "not asked by", "error": "breaks"}[cell.mark]
            by_answer.setdefault(f"{answer} {{}}{f': {cell.reason}' if cell.reason else ''}", []).append(cell.claim)
    lines += [answer.format(", ".join(claims)) for answer, claims in by_answer.items()]
    about = [cell.claim for cell in row.cells]
    for p in properties():
        if p.id in row.properties:
            carriers = [claim for claim in p.claims if claim in about]
            lines.append(f"{p.id} must see it: carried by {', '.join(carriers) or 'no claim about this kind'}")
    return lines


def _summary(found: Matrix, whole: bool) -> Text:
    refuted = sum(bool(row.refuted_by) for row in found.rows)
    real = [row for row in found.rows if row.bug]
    rows, left_out = {row.bug for row in real}, [bug.id for bug in bugs() if bug.left_out]
    about = "" if whole else " that these claims are about"
    lines = [f"{refuted} of {_many(len(found.rows), 'planted bug')}{about} refuted"]
    lines.append(f"{len(real)} of them written after {len(rows)} of {len(bugs())} real ones")
    if whole:
        lines[-1] += f"; left out {', '.join(left_out)}"
    if (median := found.median_states) is not None:
        lines.append(f"median counterexample: {median:g} state{'' if median == 1 else 's'}")
    lines.append(f"seed {found.seed}")
    return Text("\n".join(lines), style="bold")


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
