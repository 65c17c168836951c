"""The report's part on planted bugs: the matrix is drawn whole, bugs link to their threads, thin places are named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bellcheck.proofs.matrix import Cell, Matrix, Row, matrix, n_steps
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import select
from bellcheck.reports.folder import Folder, writable
from bellcheck.reports.matrix_data import matrix_to_data
from bellcheck.reports.matrix_figure import matrix_figure
from bellcheck.reports.matrix_section import matrix_section

CLAIMS = ["bellman.contraction", "deep-q.importance-weights"]


@pytest.fixture(scope="module")
def found() -> Matrix:
    """The bugs that two claims are about."""
    return matrix(claims=select(CLAIMS))


def _points(part: Any) -> Iterator[dict[str, Any]]:
    """Every point that a specification draws."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from value if key == "values" else _points(value)
    elif isinstance(part, list):
        for entry in part:
            yield from _points(entry)


def test_every_cell_is_drawn(found: Matrix) -> None:
    """As many marks of each sort as the matrix has, and a name for each claim and kind."""
    points = list(_points(matrix_figure(found)))
    drawn = Counter(point.get("mark") for point in points)
    texts = {point.get("text") for point in points}
    cells = Counter(cell.mark for row in found.rows for cell in row.cells)

    assert drawn["refuted by the claim"] == cells["refuted"] > 0
    assert drawn["not refuted"] == cells["survived"]
    assert {*CLAIMS, *(row.kind for row in found.rows)} <= texts


def test_marks_differ_in_shape() -> None:
    """Who sees no colours sees the marks."""
    row = Row(
        kind="operator",
        name="one",
        cells=[Cell(claim=f"bellman.{mark}", mark=mark) for mark in ("refuted", "survived", "not-run", "error")],
    )
    marks = matrix_figure(Matrix(bellcheck="", seed=0, rows=[row]))["layer"][2]["encoding"]

    assert len(set(marks["shape"]["scale"]["range"])) == 4
    assert marks["shape"]["scale"]["domain"] == marks["color"]["scale"]["domain"]


def test_a_bug_links_to_its_threads(found: Matrix, tmp_path: Path) -> None:
    """A real defect is named by its row, its words and its threads, as they lie in the data."""
    section = matrix_section(found, Folder(writable(tmp_path)), whole=False)
    rows = [row for kind in section["kinds"] for row in kind["rows"]]
    real = next(row for row in rows if row["threads"])

    assert len(rows) == len(found.rows)
    assert real["words"]
    assert '<a href="https://github.com/' in str(real["threads"][0])
    assert section["n_real"] == sum(bool(row["bug"]) for row in rows)
    assert json.loads((tmp_path / "data" / "mutants.json").read_text("utf-8")) == json.loads(
        json.dumps(matrix_to_data(found))
    )


def test_survivors_are_named_where_all_were_asked(tmp_path: Path) -> None:
    """Where some claims were chosen a bug that survives may be another's business."""
    row = Row(kind="operator", name="one", cells=[Cell(claim="bellman.contraction", mark="survived")])
    survived = Matrix(bellcheck="", seed=0, rows=[row])
    folder = Folder(writable(tmp_path))

    [note] = matrix_section(survived, folder, whole=True)["survivors"]

    assert note == {"name": "one", "kind": "operator", "why": ["survives bellman.contraction"]}
    assert matrix_section(survived, folder, whole=False)["survivors"] == []
    assert matrix_section(survived, folder, whole=True)["idle"] == ["bellman.contraction"]


def test_hanging_bugs_are_listed_by_claim(found: Matrix, tmp_path: Path) -> None:
    """What one claim alone refutes."""
    hanging = matrix_section(found, Folder(writable(tmp_path)), whole=False)["hanging"]

    assert sum(map(len, hanging.values())) == len(found.refuted_once) > 0
    assert set(hanging) <= set(CLAIMS)


def test_no_bug_no_figure(tmp_path: Path) -> None:
    """Claims that no planted bug is about leave nothing to draw."""
    assert matrix_section(matrix(claims=[]), Folder(writable(tmp_path)), whole=False)["figure"] is None


def test_as_many_steps_as_announced() -> None:
    """Who shows progress knows how much there is."""
    steps: list[str] = []
    matrix(claims=select(CLAIMS[1:]), progress=lambda step, done, total: steps.append(step))

    assert len(steps) == n_steps(select(CLAIMS[1:])) > 0
    assert n_steps() >= len({mutant.kind for mutant in planted()})
