"""The matrix of planted bugs and claims: the same however it is worked out, and honest about what survives."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.file_format import to_data
from bellcheck.proofs import matrix as matrix_module
from bellcheck.proofs.claim import Check
from bellcheck.proofs.evidence import stream
from bellcheck.proofs.instance_data import UnreadableInstance, instance_from_data, instance_to_data
from bellcheck.proofs.matrix import Cell, Mark, Matrix, Row, extent, matrix, states
from bellcheck.proofs.mutants.bugs import Property, bug, properties
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import claim, select
from bellcheck.proofs.subject import REFERENCES, Subject, reference
from bellcheck.proofs.verdict import ControlVerdict
from bellcheck.proofs.verify import refutations, verify, verify_claim
from bellcheck.reports.output import to_json

SEED = 3
KINDS = ("flagged-target", "importance-weights", "sarsa", "step-size", "table-reader")
MUTANTS = tuple(mutant for kind in KINDS for mutant in planted(kind))


@pytest.fixture(scope="module")
def found() -> Matrix:
    """The matrix of a few kinds under all claims about them."""
    return matrix(MUTANTS, seed=SEED)


def _plain(row: Row) -> Any:
    return msgspec.to_builtins(row)


def _named(kind: str, name: str) -> Subject:
    (mutant,) = [mutant for mutant in planted(kind) if mutant.name == name]
    return mutant


# -------------------------------------------------------------------- how it is worked out


def test_every_mutant_meets_every_claim_about_its_kind(found: Matrix) -> None:
    """Rows in the order asked for; a cell for each claim that holds and has a check of the kind."""
    assert [(row.kind, row.name) for row in found.rows] == [(mutant.kind, mutant.name) for mutant in MUTANTS]
    for row in found.rows:
        about = [c.id for c in select([]) if c.expected == "holds" and any(x.subject == row.kind for x in c.checks)]
        assert [cell.claim for cell in row.cells] == about


def test_neither_processes_nor_order_change_it(found: Matrix) -> None:
    """Two processes, and the rows the other way round, give the same cells."""
    on_two = matrix(MUTANTS, seed=SEED, jobs=2)
    turned = matrix(MUTANTS[::-1], seed=SEED)

    assert msgspec.to_builtins(on_two) == msgspec.to_builtins(found)
    assert [_plain(row) for row in turned.rows[::-1]] == [_plain(row) for row in found.rows]


def test_a_mutant_alone_gets_the_same_row(found: Matrix) -> None:
    """What another spoils or draws does not reach it."""
    for place in (0, 7, len(MUTANTS) - 1):
        (row,) = matrix([MUTANTS[place]], seed=SEED).rows
        assert _plain(row) == _plain(found.rows[place])


def test_chosen_claims_give_the_same_cells(found: Matrix) -> None:
    """A column does not depend on which others there are; by properties nothing is said, for others may carry them."""
    chosen = matrix(MUTANTS, select(["deep-q.terminal-mask", "q-learning.update-rule"]), seed=SEED)

    whole = {(row.kind, row.name): {cell.claim: cell for cell in row.cells} for row in found.rows}
    assert {row.kind for row in chosen.rows} == {"flagged-target", "sarsa"}
    assert all(cell == whole[row.kind, row.name][cell.claim] for row in chosen.rows for cell in row.cells)
    assert {row.by_property for row in chosen.rows} == {None}


def test_another_seed_draws_others(found: Matrix) -> None:
    """The seed is in the matrix, and in what is drawn."""
    other = matrix(planted("flagged-target"), seed=SEED + 1)

    assert (found.seed, other.seed) == (SEED, SEED + 1)
    assert [_plain(row) for row in other.rows] != [_plain(row) for row in found.rows if row.kind == "flagged-target"]


def test_verdicts_of_a_run_are_taken_over(found: Matrix) -> None:
    """A run of `verify` with the same seed has the verdicts on named mutants; one with another is refused."""
    run = verify(select(["q-learning.step-size-law"]), examples=5, seed=SEED)
    mutants = planted("step-size")

    assert [_plain(row) for row in matrix(mutants, seed=SEED, run=run).rows] == [
        _plain(row) for row in found.rows if row.kind == "step-size"
    ]
    with pytest.raises(ValueError, match=f"seed {SEED} and the matrix {SEED + 1}"):
        matrix(mutants, seed=SEED + 1, run=run)


def test_a_named_mutant_gets_the_verdict_of_verify(found: Matrix) -> None:
    """Where a claim names it, the counterexample is the one that `verify` shows with this seed."""
    member = claim("q-learning.step-size-law")
    verdict = verify_claim(member, examples=5, seed=SEED)

    shown = {control.name: control.counterexample for control in reversed(verdict.controls)}
    cells = {row.name: cell for row in found.rows for cell in row.cells if cell.claim == member.id}
    assert {name: cell.counterexample for name, cell in cells.items()} == {name: shown[name] for name in cells}


def test_progress_names_each_column() -> None:
    """It is told what was done, how much, and of how much."""
    seen: list[tuple[str, int, int]] = []

    matrix(planted("sarsa"), seed=SEED, progress=lambda *step: seen.append(step))

    assert [done for _, done, _ in seen] == [0, 1, 2]
    assert {total for _, _, total in seen} == {3}
    assert {step for step, _, _ in seen} >= {"q-learning.update-rule: sarsa"}


# -------------------------------------------------------------------- what refutes, refutes again


def _instances(mutant: Subject, cell: Cell, seed: int) -> list[tuple[Check, dict[str, Any], dict[str, Any]]]:
    """The checks that may have refuted a mutant, each with the counterexample as it is read back from JSON.

    A statistical check is also given its sample, by the entropy of the seed, and the probability of a false alarm.
    """
    member, data = claim(cell.claim), json.loads(to_json(cell.counterexample))
    asked = [(check, {**check.draws, **control.draws}, (control.name,)) for control, check in refutations(member)
             if control.subject == mutant]  # fmt: skip
    asked += [(check, dict(check.draws), ()) for check in member.checks if check.subject == mutant.kind]
    read = []
    for check, draws, names in asked:
        if (check.name, check.kind) == (cell.check, cell.kind):
            try:
                instance = instance_from_data(data, draws)
            except UnreadableInstance:
                continue  # of another check of that name
            sample: dict[str, Any] = {}
            if check.kind == "statistical":
                entropy = stream(seed, cell.claim, check.name, check.kind, *names).entropy
                sample = {"entropy": entropy, "false_alarm": check.false_alarm}
            read.append((check, instance, sample))
    return read


def _holds(check: Check, subject: Subject, instance: dict[str, Any], sample: dict[str, Any]) -> bool:
    drawn = dict(sample)
    if drawn:  # spawning from a seed changes it, so each call has its own
        drawn["seed"] = np.random.SeedSequence(drawn.pop("entropy"))
    return bool(check.function(subject.call, **instance, **drawn).holds)


def _not_replayed(found: Matrix) -> list[str]:
    """The refutations whose counterexample, read back, does not refute the same mutant by the same check again."""

    def refutes_again(mutant: Subject, cell: Cell) -> bool:
        return any(
            not _holds(check, mutant, *given) and _holds(check, reference(mutant.kind), *given)
            for check, *given in _instances(mutant, cell, found.seed)
        )

    return [
        f"{row.kind}: {row.name} by {cell.claim}::{cell.check} ({cell.kind})"
        for row in found.rows
        for cell in row.cells
        if cell.mark == "refuted" and not refutes_again(_named(row.kind, row.name), cell)
    ]


def test_every_counterexample_refutes_again(found: Matrix) -> None:
    """Read back from its JSON, by the same check, and the reference holds there."""
    assert sum(len(row.refuted_by) for row in found.rows) >= len(MUTANTS)
    assert _not_replayed(found) == []


def test_a_counterexample_that_is_none_is_noticed(found: Matrix) -> None:
    """The replay can fail: on an instance of another mutant's, a right answer is no refutation."""
    rows = {row.name: row for row in found.rows if row.kind == "flagged-target"}
    cell = next(cell for cell in rows["cut-offs taken for ends"].cells if cell.mark == "refuted")

    odd = Row(kind="flagged-target", name="terminal mask forgotten", cells=[cell])

    assert _not_replayed(Matrix(bellcheck="", seed=SEED, rows=[odd])) == [
        f"flagged-target: terminal mask forgotten by {cell.claim}::{cell.check} ({cell.kind})"
    ]


@pytest.mark.nightly
def test_every_planted_bug_is_refuted_and_every_counterexample_refutes_again() -> None:
    """The whole matrix: no survivor, no check that breaks, a median of two states at most, and all is replayed."""
    whole = matrix(seed=SEED, jobs=-1)

    assert len(whole.rows) == len(planted())
    assert [row.name for row in whole.survivors] == []
    assert whole.median_states is not None
    assert whole.median_states <= 2
    assert _not_replayed(whole) == []


# -------------------------------------------------------------------- what it says


def _model(n_states: int) -> dict[str, Any]:
    return {"bellcheck_mdp": 1, "discount": "0", "states": n_states, "transitions": []}


def _row(name: str, *, by_property: bool | None = None, **cells: tuple[Mark, int | None]) -> Row:
    """A row with a cell for each claim: its mark, and the states of its counterexample."""
    return Row(
        kind="operator",
        name=name,
        by_property=by_property,
        cells=[
            Cell(claim=name, mark=mark, counterexample=None if n is None else {"mdp": _model(n), "q": ["1"]})
            for name, (mark, n) in cells.items()
        ],
    )


HAND_MADE = Matrix(
    bellcheck="0",
    seed=0,
    rows=[
        _row("seen by all", by_property=True, a=("refuted", 3), b=("refuted", 1), c=("survived", None)),
        _row("seen by one", by_property=True, a=("refuted", 4), b=("survived", None), c=("not-run", None)),
        _row("seen by none", by_property=False, a=("survived", None), b=("survived", None), c=("survived", None)),
        _row("never asked", a=("not-run", None), b=("not-run", None), c=("not-run", None)),
        _row("breaks", a=("error", None), b=("survived", None), c=("error", None)),
        _row("seen by luck", by_property=False, a=("refuted", 2), b=("refuted", 2), c=("survived", None)),
    ],
)


def test_survivors_are_what_no_claim_refutes_as_it_must() -> None:
    """An error or a question that was not asked is no refutation, and one by a claim without the property is none."""
    assert [row.name for row in HAND_MADE.survivors] == ["seen by none", "never asked", "breaks", "seen by luck"]


def test_thin_places_are_bugs_of_one_claim_and_claims_of_no_bug() -> None:
    """Exactly one refutation; of claims those that were in the matrix, even if only not run."""
    assert [row.name for row in HAND_MADE.refuted_once] == ["seen by one"]
    assert HAND_MADE.idle_claims == ["c"]


def test_smallest_is_what_a_reader_takes_in_first() -> None:
    """Fewest states, then fewest characters; without a model least of all."""
    smallest = [row.smallest for row in HAND_MADE.rows]

    assert [cell and cell.claim for cell in smallest] == ["b", "a", None, None, None, "a"]
    assert extent({"q": ["1"] * 50}) < extent({"mdp": _model(1)}) < extent({"mdp": _model(2)})
    assert extent({"mdp": _model(1)}) < extent({"mdp": _model(1), "q": ["1"]})


def test_median_is_that_of_the_smallest_with_a_model() -> None:
    """1, 4 and 2 here; None where no counterexample holds a model."""
    without = Row(kind="step-size", name="x", cells=[Cell(claim="a", mark="refuted", counterexample={"n": 7})])

    assert HAND_MADE.median_states == 2
    assert Matrix(bellcheck="0", seed=0, rows=[*HAND_MADE.rows, without]).median_states == 2
    assert Matrix(bellcheck="0", seed=0, rows=[without]).median_states is None


def test_states_are_counted_by_name_too() -> None:
    """A model file may name its states or only say how many; the first model of an instance counts."""
    model = to_data(two_arms())

    assert states(instance_to_data({"mdp": two_arms()})) == two_arms().n_states
    assert states({"mdp": {**model, "states": ["on", "off"]}, "other": _model(5)}) == 2
    assert states({"q": ["1"]}) is None
    assert states(None) is None


# -------------------------------------------------------------------- what survives


def _plant(kind: str, where: str | Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Subject:
    """Plant one subject, with no others of its kind."""
    mutant = Subject(kind, "a planted one", where, bug="F8")
    monkeypatch.setattr(matrix_module, "planted", lambda kind=None: (mutant,))
    return mutant


def test_right_code_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference in the place of a mutant is asked by every claim about it, and refuted by none."""
    mutant = _plant("sarsa", REFERENCES["sarsa"], monkeypatch)

    found = matrix([mutant], seed=SEED)

    assert found.survivors == found.rows
    assert {cell.mark for cell in found.rows[0].cells} == {"survived"}
    assert len(found.idle_claims) == 3
    assert found.median_states is None


def test_what_breaks_a_check_is_an_error_and_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception is no relation that is false; the cell says which."""

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("not an answer")

    found = matrix([_plant("sarsa", broken, monkeypatch)], seed=SEED)

    assert found.survivors == found.rows
    assert {(cell.mark, cell.reason) for cell in found.rows[0].cells} == {("error", "RuntimeError: not an answer")}


def test_without_an_extra_it_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses in torch cannot be asked without torch: no refutation, and the remedy is named."""
    monkeypatch.setitem(sys.modules, "torch", None)

    found = matrix(planted("torch-loss"), seed=SEED)

    assert found.survivors == found.rows
    assert {cell.mark for row in found.rows for cell in row.cells} == {"not-run"}
    assert all("bellcheck[torch]" in (cell.reason or "") for row in found.rows for cell in row.cells)


def test_a_refutation_counts_only_by_a_carrier_of_the_property(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug that claims refute, none of which carries a property of its row, is a survivor all the same."""
    mutant = next(mutant for mutant in planted("sarsa") if mutant.bug)
    broken = bug(mutant.bug).properties

    by_carriers = matrix(planted("sarsa"), seed=SEED)
    elsewhere = tuple(Property(p.id, p.words, ("bellman.contraction",)) for p in properties() if p.id in broken)
    monkeypatch.setattr(matrix_module, "properties", lambda: elsewhere)
    by_others = matrix(planted("sarsa"), seed=SEED)

    assert by_carriers.survivors == []
    assert [row.name for row in by_others.survivors] == [mutant.name]
    assert by_others.survivors[0].by_property is False
    assert by_others.survivors[0].refuted_by


@pytest.mark.parametrize(
    ("statuses", "mark"),
    [
        (["survived", "refuted", "survived"], "refuted"),
        (["error", "survived"], "survived"),
        (["survived", "error"], "survived"),
        (["not-run", "error"], "error"),
        (["error", "not-run"], "error"),
        ([], "not-run"),
    ],
)
def test_a_cell_is_what_its_checks_came_to(statuses: list[Any], mark: Mark) -> None:
    """One refutation is enough, and no other check is asked; else what went through counts, and then what broke."""
    check = claim("q-learning.update-rule").checks[0]
    asked = []

    def verdicts() -> Any:
        for status in statuses:
            asked.append(status)
            yield check, ControlVerdict(name="x", kind="exact", status=status, counterexample=None, by="y", seconds=0)

    cell = matrix_module._cell(claim("q-learning.update-rule"), verdicts())

    assert cell.mark == mark
    assert asked == (statuses[: statuses.index("refuted") + 1] if "refuted" in statuses else statuses)
