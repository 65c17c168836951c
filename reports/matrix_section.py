"""The planted bugs on the report's page: the drawn matrix, each bug with its threads, and where the suite is thin."""

from __future__ import annotations

from typing import Any

from bellcheck.proofs.matrix import Matrix, Row, states
from bellcheck.proofs.mutants.bugs import bug, bugs
from bellcheck.proofs.planted import origin, planted

from .folder import Folder
from .matrix_data import matrix_to_data
from .matrix_figure import matrix_figure
from .planted_bugs import why
from .threads import linked

__all__ = ["matrix_section"]


def matrix_section(found: Matrix, out_of: Folder, *, whole: bool) -> dict[str, Any]:
    """Write ``data/mutants.json`` and the figure; return what the page shows. `whole` if all claims were asked."""
    data = matrix_to_data(found)
    out_of.data("mutants.json", data)
    real = [row for row in found.rows if row.bug]
    return {
        "whole": whole,
        "summary": data["summary"],
        "n_real": len(real),
        "n_rows": len({row.bug for row in real}),
        "n_bugs": len(bugs()),
        "figure": _figure(found, out_of) if found.rows else None,
        "kinds": [{"kind": kind, "rows": [_row(row) for row in rows]} for kind, rows in found.by_kind.items()],
        "survivors": [{"name": row.name, "kind": row.kind, "why": why(row)} for row in found.survivors if whole],
        "hanging": found.hanging,
        "idle": found.idle_claims,
        "left_out": data["left_out"],
    }


def _figure(found: Matrix, out_of: Folder) -> dict[str, Any]:
    return out_of.figure(
        "mutants",
        "Which claim sees which planted bug",
        f"{len(found.rows)} bugs, a row each, by kind of subject; {len(found.claims)} claims, a column each, by group. "
        "A bug is put to every claim about its kind, named by it or not. A full row is seen by many claims; a row with "
        "one square hangs on one. Not asked is what only a proof or a statistic could show, where the claim does not "
        "name the bug.",
        matrix_figure(found),
        wide=True,
    )


def _row(row: Row) -> dict[str, Any]:
    smallest = row.smallest
    return {
        "name": row.name,
        "bug": row.bug,
        "words": bug(row.bug).words if row.bug else "",
        "origin": "" if row.bug else _origin(row),
        "threads": [linked(thread) for thread in row.threads],
        "refuted_by": row.refuted_by,
        "smallest": smallest,
        "states": states(smallest.counterexample) if smallest else None,
    }


def _origin(row: Row) -> str:
    return next((origin(mutant) for mutant in planted(row.kind) if mutant.name == row.name), "")
