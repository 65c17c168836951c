"""The catalogue of real bugs: whole, each row written after or left out for a reason, each property carried."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import msgspec
import pytest

from bellcheck.proofs import mutants
from bellcheck.proofs.mutants import bugs as catalogue
from bellcheck.proofs.mutants.bugs import Bug, bug, bugs, properties
from bellcheck.proofs.planted import origin, planted
from bellcheck.proofs.registry import all_claims
from bellcheck.proofs.subject import REFERENCES, Subject

NUMBERS = {"A": 12, "B": 8, "C": 12, "D": 8, "E": 6, "F": 8, "G": 7, "H": 21}
NEVER_GIVEN = {"H4", "H5", "H19", "H20"}
ROWS = [f"{letter}{n}" for letter, last in NUMBERS.items() for n in range(1, last + 1)]

IN_SCOPE = [pytest.param(row, id=row.id) for row in bugs() if not row.left_out]

GOOD = """
[[property]]
id = "P1"
words = "right code does it"
claims = ["bellman.contraction"]

[[bug]]
id = "A1"
words = "wrong code does not"
threads = ["somebody/something issue 1"]
mark = "confirmed"
properties = ["P1"]
"""


def _planted_after(id: str) -> list[Subject]:
    return [mutant for mutant in planted() if mutant.bug == id]


def _claims_carrying(row: Bug) -> set[str]:
    return {claim for p in properties() if p.id in row.properties for claim in p.claims}


# -------------------------------------------------------------------- the rows


def test_every_row_is_there_once() -> None:
    """A1 to H21 in their order, but for the four numbers that were never given."""
    assert [row.id for row in bugs()] == [row for row in ROWS if row not in NEVER_GIVEN]


def test_a_row_is_planted_or_left_out() -> None:
    """Never both and never neither; who leaves a row out gives a reason in words."""
    undecided = [row.id for row in bugs() if bool(_planted_after(row.id)) == bool(row.left_out)]

    assert undecided == []
    assert all(len(row.left_out.split()) > 3 for row in bugs() if row.left_out)


def test_what_is_left_out_is_what_no_subject_of_ours_has() -> None:
    """Eligibility traces, sum trees, priorities and distributions; of the rest at least sixty rows are planted."""
    left_out = [row.id for row in bugs() if row.left_out]

    assert left_out == ["E4", "E5", "E6", "G2", "G5", "G6", "G7"]
    assert len({mutant.bug for mutant in planted() if mutant.bug}) == len(bugs()) - len(left_out) >= 60


def test_every_row_says_where_it_was_seen() -> None:
    """In public threads, none twice in a row; a row without one was reproduced with the published package."""
    assert all(row.words for row in bugs())
    assert {row.mark for row in bugs() if not row.threads} == {"reproduced"}
    assert [row.id for row in bugs() if len(set(row.threads)) < len(row.threads)] == []


# -------------------------------------------------------------------- the subjects


def test_every_subject_cites_a_row_that_is_there() -> None:
    """A planted bug is written after a row of the catalogue, or cites its source itself, or is a slip of our own."""
    ids = {row.id for row in bugs()}

    assert [mutant.name for mutant in planted() if mutant.bug and mutant.bug not in ids] == []


def test_no_subject_is_forgotten() -> None:
    """Each wrong one that a module of mutants holds is named by some claim; else it would never have to fail."""
    modules = [import_module(f"{mutants.__name__}.{found.name}") for found in iter_modules(mutants.__path__)]
    held = [value for module in modules for value in vars(module).values() if isinstance(value, Subject)]

    assert held
    assert [subject.name for subject in held if subject.kind in REFERENCES and subject not in planted()] == []


def test_no_two_planted_bugs_share_a_name() -> None:
    """Kind and name tell a planted bug from all others: of two that share them a matrix would show the first alone."""
    named = {control.subject for claim in all_claims() for control in claim.controls if control.subject is not None}
    count = Counter((mutant.kind, mutant.name) for mutant in named)

    assert [name for name, n in count.items() if n > 1] == []
    assert named == set(planted()) == {mutant for kind in {m.kind for m in named} for mutant in planted(kind)}


def test_no_subject_cites_nothing() -> None:
    """A subject that is made of another without a row does not cite ``bug-`` and no number."""
    assert [mutant.name for mutant in planted() if mutant.cites.endswith("-")] == []


def test_origin_of_a_planted_bug_is_its_row_or_its_source() -> None:
    """The row with its threads; without a row what the subject itself cites."""
    (after_a_row, *_) = _planted_after("A5")
    by_itself = Subject("operator", "wrong", "nowhere:wrong", cites="somebody/something issue 1")

    assert origin(after_a_row) == f"bug-A5: {', '.join(bug('A5').threads)}"
    assert origin(by_itself) == "somebody/something issue 1"


# -------------------------------------------------------------------- the properties


def test_the_properties_are_twenty() -> None:
    """P1 to P20, each in words."""
    assert [p.id for p in properties()] == [f"P{n}" for n in range(1, 21)]
    assert all(p.words for p in properties())


def test_properties_are_carried_by_claims_that_exist() -> None:
    """Only what is left out altogether, traces and distributions, has no claim; a carrier is expected to hold."""
    expected = {claim.id: claim.expected for claim in all_claims()}

    assert [p.id for p in properties() if not p.claims] == ["P14", "P18"]
    assert {expected.get(claim) for p in properties() for claim in p.claims} == {"holds"}


def test_rows_break_properties_that_exist() -> None:
    """Each row breaks at least one."""
    known = {p.id for p in properties()}

    assert [row.id for row in bugs() if not row.properties or not set(row.properties) <= known] == []


@pytest.mark.parametrize("row", IN_SCOPE)
def test_a_carrier_can_be_asked_about_each_planted_bug(row: Bug) -> None:
    """Some claim that carries a property of the row has a check about the kind of each subject written after it."""
    kinds = {check.subject for claim in all_claims() if claim.id in _claims_carrying(row) for check in claim.checks}

    assert [mutant.name for mutant in _planted_after(row.id) if mutant.kind not in kinds] == []


# -------------------------------------------------------------------- the file


def _read(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Bug, ...]:
    """Read a catalogue as the one beside the module is read."""
    (folder / "bugs.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "__file__", str(folder / "bugs.py"))
    return catalogue._catalogue.__wrapped__().bug


def test_a_row_is_read_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not said of a row is that it is left out."""
    threads = ("somebody/something issue 1",)

    (row,) = _read(GOOD, tmp_path, monkeypatch)

    assert row == Bug("A1", "wrong code does not", threads, "confirmed", ("P1",), left_out="")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('mark = "confirmed"', 'mark = "certain"', "$.bug[0].mark"),
        ('mark = "confirmed"', "", "mark` - at `$.bug[0]"),
        ('properties = ["P1"]', 'properties = "P1"', "$.bug[0].properties"),
        ('threads = ["somebody/something issue 1"]', "threads = [1]", "$.bug[0].threads[0]"),
        ('mark = "confirmed"', 'mark = "confirmed"\nlefft_out = "a slip"', "lefft_out` - at `$.bug[0]"),
        ('id = "P1"', "id = 1", "$.property[0].id"),
        ("[[property]]", "[[properties]]", "unknown field `properties`"),
    ],
)
def test_a_file_of_another_form_is_refused(
    old: str, new: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the table, by its number, and the field."""
    with pytest.raises(msgspec.ValidationError) as caught:
        _read(GOOD.replace(old, new), tmp_path, monkeypatch)

    assert place in str(caught.value)


def test_a_key_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the line: one row cannot hide in another."""
    with pytest.raises(tomllib.TOMLDecodeError, match="line 9"):
        _read(GOOD.replace('id = "A1"', 'id = "A1"\nid = "A2"'), tmp_path, monkeypatch)
