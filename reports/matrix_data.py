"""What `bellcheck mutants --json` writes, and the report as ``data/mutants.json``.

===========================  =======================================================================================
field                        meaning
===========================  =======================================================================================
``bellcheck``, ``seed``      the version, and the seed that gives the same matrix again
``rows``                     a planted bug each: ``kind`` of subject and ``name``; ``refuted_by``, ids of claims;
                             ``smallest``, the cell with the smallest counterexample or null; ``cells``. Of one that is
                             written after a real bug also ``bug``, its row in ``mutants/bugs.toml``; ``threads``;
                             ``properties``, of P1 to P20, that must see it; ``by_property``, whether a claim that
                             carries one refuted it (not where the claims were chosen)
``cells``                    a claim about that kind each: ``claim``; ``mark``, "refuted", "survived", "not-run" or
                             "error"; where refuted ``check``, ``kind`` of evidence and ``counterexample``, as `verify`
                             writes it; else ``reason`` if there is one to give
``left_out``                 the real bugs that no planted one is written after: ``bug``, ``words``, ``reason``
``thin.refuted_once``        the planted bugs that one claim alone refutes: ``kind``, ``name``, ``claim``
``thin.claims_without_...``  ``claims_without_a_refutation``: ids of claims that were asked and refuted none
``summary``                  ``mutants``, how many; ``refuted``, how many of them; ``survivors``, names of those that
                             nothing refutes or no claim that carries a property of their bug; ``median_states`` of
                             the smallest counterexamples that hold a model, or null; ``cells``, how many by ``mark``
===========================  =======================================================================================
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from bellcheck.proofs.matrix import Matrix
from bellcheck.proofs.mutants.bugs import bugs

__all__ = ["matrix_to_data"]


def matrix_to_data(found: Matrix) -> dict[str, Any]:
    """Return the matrix as JSON data."""
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
        "cells": dict(Counter(cell.mark for row in found.rows for cell in row.cells)),
    }
    return data
