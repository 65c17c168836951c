"""`bellcheck mutants`: the planted bugs, the claims that refute them, and where the suite is thin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bellcheck.mdp.file_format import from_data
from bellcheck.proofs import matrix as matrix_module
from bellcheck.proofs.matrix import Cell, Matrix, Row
from bellcheck.proofs.mutants.bugs import bug, bugs
from bellcheck.proofs.planted import planted
from bellcheck.proofs.subject import REFERENCES, Subject
from bellcheck.reports import planted_bugs
from bellcheck.reports.command_line import main
from bellcheck.reports.planted_bugs import status_of, why

MASK = "student.py"
UPDATE = """
def update(Q, s, a, r, s_next, done, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * Q[s_next].max() - Q[s, a])
"""
ONE_CHECK = ["--claim", "q-learning.update-rule", "--max-examples", "5"]
TWO_CLAIMS = ["mutants", "deep-q.terminal-mask", "q-learning.targets-told-apart", "--jobs", "1", "--seed", "2"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What --json writes of a few claims."""
    file = tmp_path_factory.mktemp("mutants") / "mutants.json"
    assert main([*TWO_CLAIMS, "--json", str(file)]) == 0
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return data


def _plant(monkeypatch: pytest.MonkeyPatch, *mutants: Subject) -> None:
    """Let these be all planted bugs there are."""
    monkeypatch.setattr(planted_bugs, "planted", lambda: mutants)
    monkeypatch.setattr(matrix_module, "planted", lambda kind=None: tuple(m for m in mutants if kind in (None, m.kind)))


# -------------------------------------------------------------------- the exit status


def test_status_is_0_where_all_are_refuted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of all claims each bug is refuted by one that carries a property of its row."""
    _plant(monkeypatch, *planted("importance-weights"))

    status = main(["mutants", "--jobs", "1"])

    printed = capsys.readouterr().out
    assert status == 0
    assert "3 of 3 planted bugs refuted" in printed
    assert "survivor" not in printed


def test_status_is_1_where_one_survives(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named last, with who was asked and who should have seen it."""
    _plant(
        monkeypatch,
        *planted("importance-weights"),
        Subject("importance-weights", "a right one", REFERENCES["importance-weights"], bug="G1"),
    )

    status = main(["mutants", "--jobs", "1"])

    printed = " ".join(capsys.readouterr().out.split())
    assert status == 1
    assert "3 of 4 planted bugs refuted" in printed
    assert "1 survivor a right one (importance-weights, after bug-G1) survives deep-q.importance-weights" in printed
    assert "P17 must see it: carried by deep-q.importance-weights" in printed


def test_status_is_3_where_nothing_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an extra a bug is neither refuted nor cleared; the extra is named."""
    monkeypatch.setitem(sys.modules, "torch", None)
    _plant(monkeypatch, *planted("torch-loss"))

    status = main(["mutants", "--jobs", "1"])

    printed = capsys.readouterr().out
    assert status == 3
    assert "0 of 2 planted bugs refuted" in printed
    assert "bellcheck[torch]" in printed


def test_status_of_a_bug_that_breaks_a_check_is_1() -> None:
    """An error is worse than not run, and one survivor that was asked decides."""

    def status(*marks: Any) -> int:
        rows = [Row(kind="operator", name=mark, cells=[Cell(claim="a", mark=mark)]) for mark in marks]
        return status_of(Matrix(bellcheck="0", seed=0, rows=rows), whole=True)

    assert [status(mark) for mark in ("refuted", "survived", "error", "not-run")] == [0, 1, 1, 3]
    assert status("refuted", "not-run") == 3
    assert status("not-run", "error") == 1


def test_chosen_claims_need_not_refute_all(capsys: pytest.CaptureFixture[str]) -> None:
    """A bug may be another claim's business: it is counted, and the status is 0."""
    status = main([*TWO_CLAIMS, "--seed", "2"])

    printed = capsys.readouterr().out
    assert status == 0
    assert "bugs not refuted by these claims" in printed
    assert "; left out" not in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bellman.contractoin"], "did you mean bellman.contraction?"),
        (["--seed", "-1"], "'-1' is not a whole number of at least 0"),
        (["--jobs", "two"], "'two' is not a whole number of at least 0"),
        (["--json", "no/such/folder/out.json"], "cannot write no/such/folder/out.json"),
        (["--json", "."], "cannot write ."),
        (["--examples", "7"], "--examples"),
    ],
)
def test_bad_usage_is_one_line_and_no_work(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status is 2 before a single bug is planted, and the line names the value."""
    worked: list[Any] = []
    monkeypatch.setattr(planted_bugs, "matrix", lambda *given, **named: worked.append(given))

    status = main(["mutants", *arguments])

    printed = capsys.readouterr()
    assert status == 2
    assert worked == []
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert says in printed.err


def test_a_file_that_is_there_is_kept_until_the_work_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it can be written is tried without losing what it holds."""
    file = tmp_path / "mutants.json"
    file.write_text("last week's", encoding="utf-8")

    def stopped(*given: Any, **named: Any) -> Matrix:
        raise KeyboardInterrupt

    monkeypatch.setattr(planted_bugs, "matrix", stopped)

    assert main(["mutants", "--json", str(file)]) == 130
    assert file.read_text("utf-8") == "last week's"


# -------------------------------------------------------------------- what is printed


def test_the_matrix_shows_rows_and_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """By kind: each bug with its row in the catalogue and how many refute it; the claims by number; the count."""
    main([*TWO_CLAIMS[:2], *TWO_CLAIMS[3:]])

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith("flagged-target row states by") for line in lines)
    assert any(line.startswith("cut-offs taken for ends bug-A5 1 1") for line in lines)
    assert "1 deep-q.terminal-mask" in lines
    assert lines[-1] == "seed 2"
    assert lines[-2] == "median counterexample: 1 state"


def test_both_thin_places_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The bugs that one claim alone refutes, under that claim, and the claims that could refute one and did not."""
    sarsa = next(mutant for mutant in planted("sarsa") if mutant.bug)
    _plant(
        monkeypatch,
        *planted("importance-weights"),
        Subject("sarsa", "a right one", REFERENCES["sarsa"], bug=sarsa.bug),
    )

    main(["mutants", "--jobs", "1"])

    printed = " ".join(capsys.readouterr().out.split())
    names = "; ".join(mutant.name for mutant in planted("importance-weights"))
    assert f"3 bugs refuted by one claim alone, by that claim deep-q.importance-weights {names}" in printed
    assert (
        "3 claims that could refute a planted bug and did not"
        " q-learning.any-behaviour, q-learning.targets-told-apart, q-learning.update-rule" in printed
    )


def test_claims_about_nothing_planted_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Folklore is expected to be refuted by the right code, and has no bugs planted; the JSON is empty and whole."""
    file = tmp_path / "none.json"

    status = main(["mutants", "folklore", "--jobs", "1", "--json", str(file)])

    assert status == 0
    assert "No planted bug is about what these claims are about." in capsys.readouterr().out
    assert json.loads(file.read_text("utf-8"))["summary"] == {
        "mutants": 0, "refuted": 0, "survivors": [], "median_states": None, "cells": {},
    }  # fmt: skip


def test_a_survivor_says_who_saw_it_by_luck() -> None:
    """Refuted, but by no claim that carries a property of its bug; who broke and who was not asked is said too."""
    row = Row(
        kind="sarsa",
        name="x",
        bug="F1",
        properties=bug("F1").properties,
        by_property=False,
        cells=[
            Cell(claim="q-learning.any-behaviour", mark="refuted"),
            Cell(claim="q-learning.update-rule", mark="error", reason="RuntimeError: no"),
            Cell(claim="q-learning.targets-told-apart", mark="not-run"),
        ],
    )

    lines = why(row)

    assert lines[0].startswith("refuted by q-learning.any-behaviour, but by no claim that carries a property")
    assert "breaks q-learning.update-rule: RuntimeError: no" in lines
    assert "not asked by q-learning.targets-told-apart" in lines
    assert [line.split()[0] for line in lines if "must see it" in line] == sorted(bug("F1").properties)


# -------------------------------------------------------------------- what is written


def test_json_has_a_row_for_each_bug(written: dict[str, Any]) -> None:
    """The fields are those that `reports.matrix_data` documents."""
    kinds = ("flagged-target", "target-network-update", "sarsa", "expected-sarsa", "double-q-learner", "q-learner")
    about = {(row["kind"], row["name"]) for row in written["rows"]}

    assert set(written) == {"bellcheck", "seed", "rows", "left_out", "thin", "summary"}
    assert written["seed"] == 2
    assert {(m.kind, m.name) for m in planted("flagged-target")} <= about
    assert {kind for kind, _ in about} <= set(kinds)
    for row in written["rows"]:
        required = {"kind", "name", "cells", "refuted_by", "smallest"}
        assert required <= set(row) <= required | {"bug", "threads", "properties", "by_property"}
        assert ("bug" in row) == ("properties" in row)
        assert row["refuted_by"] == [cell["claim"] for cell in row["cells"] if cell["mark"] == "refuted"]
        assert row["smallest"] in [*row["cells"], None]


def test_json_has_a_cell_for_each_claim(written: dict[str, Any]) -> None:
    """Where it refutes, with the check, the evidence and a counterexample that can be fed back."""
    cells = [cell for row in written["rows"] for cell in row["cells"]]

    assert {cell["mark"] for cell in cells} == {"refuted", "survived"}
    for cell in cells:
        if cell["mark"] == "refuted":
            assert set(cell) == {"claim", "mark", "check", "kind", "counterexample"}
            assert set(cell["counterexample"]["sides"]) == {"left", "relation", "right"}
            from_data(cell["counterexample"]["mdp"])
        else:
            assert set(cell) <= {"claim", "mark", "reason"}


def test_json_counts_what_it_holds(written: dict[str, Any]) -> None:
    """The summary and the thin places are those of the rows; what is left out has a reason."""
    rows, summary = written["rows"], written["summary"]
    refuted = [row for row in rows if row["refuted_by"]]
    marks = [cell["mark"] for row in rows for cell in row["cells"]]

    assert set(summary) == {"mutants", "refuted", "survivors", "median_states", "cells"}
    assert (summary["mutants"], summary["refuted"]) == (len(rows), len(refuted))
    assert summary["survivors"] == [row["name"] for row in rows if not row["refuted_by"]]
    assert summary["cells"] == {mark: marks.count(mark) for mark in dict.fromkeys(marks)}
    assert written["thin"]["refuted_once"] == [
        {"kind": row["kind"], "name": row["name"], "claim": row["refuted_by"][0]}
        for row in rows
        if len(row["refuted_by"]) == 1
    ]
    assert written["thin"]["claims_without_a_refutation"] == []
    assert written["left_out"] == [
        {"bug": row.id, "words": row.words, "reason": row.left_out} for row in bugs() if row.left_out
    ]


def test_same_seed_same_json(written: dict[str, Any], tmp_path: Path) -> None:
    """Two runs with one seed differ in nothing."""
    file = tmp_path / "again.json"
    main([*TWO_CLAIMS, "--json", str(file)])

    assert json.loads(file.read_text("utf-8")) == written


def test_a_counterexample_can_be_exported(
    written: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`bellcheck export` reads what was written; a bug's name and a claim's say which, for the smallest counts once."""
    file = tmp_path / "mutants.json"
    file.write_text(json.dumps(written), encoding="utf-8")

    options = ["--claim", "deep-q.terminal-mask", "--check", "cut-offs taken for ends"]
    status = main(["export", str(file), "--to", "json", *options])

    (row,) = [row for row in written["rows"] if row["name"] == "cut-offs taken for ends"]
    assert status == 0
    assert json.loads(capsys.readouterr().out) == row["cells"][0]["counterexample"] == row["smallest"]["counterexample"]


# -------------------------------------------------------------------- a reader that leaves


@pytest.mark.parametrize("command", [TWO_CLAIMS, ["check", f"{MASK}:update", "--as", "q-learner", *ONE_CHECK]])
def test_the_file_is_written_before_the_words(tmp_path: Path, command: list[str]) -> None:
    """Where nobody reads the words, as behind `| head`, the finished work is still on disk."""
    (tmp_path / MASK).write_text(UPDATE, encoding="utf-8")
    program = "import sys; from bellcheck.reports.command_line import main; sys.exit(main())"
    run = subprocess.Popen(
        [sys.executable, "-c", program, *command, "--json", "verdict.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert run.stdout is not None
    run.stdout.close()
    run.wait()

    assert json.loads((tmp_path / "verdict.json").read_text("utf-8"))["seed"] in (0, 2)
