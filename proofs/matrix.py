"""The matrix of planted bugs and claims: which claim refutes which bug, and where the suite is thin.

A mutant is put to every check that is about its kind of subject, of every claim that is expected to hold, whether or
not the claim names it among its controls. So a claim's reach is measured and not stated. A mutant that a single claim
refutes hangs on that one; a claim that refutes none may be true of any code.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Literal, TypeAlias

import msgspec

from .claim import Check, Claim, Control, Kind
from .evidence import refute, stream
from .mutants.bugs import bug, properties
from .planted import planted
from .registry import all_claims
from .shared_draws import SharedDraws
from .subject import Subject
from .verdict import ControlVerdict, Run
from .verify import refutations

__all__ = ["MARKS", "Cell", "Mark", "Matrix", "Row", "extent", "matrix", "n_steps", "states"]

EXAMPLES = 100
"""Instances of a check that a mutant may survive; of one that the claim names it for as many as in `verify`."""

_SEARCHED: tuple[Kind, ...] = ("exact", "enumerated", "pathwise", "fixture", "autograd")

Mark: TypeAlias = Literal["refuted", "survived", "not-run", "error"]

MARKS: dict[Mark, str] = {
    "refuted": "refuted by the claim",
    "survived": "not refuted",
    "not-run": "not asked",
    "error": "breaks the check",
}
"""What came of a mutant under a claim, in words."""


class Cell(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What came of one mutant under one claim: the check that refuted it with the smallest instance, if one did."""

    claim: str
    mark: Mark
    check: str = ""
    kind: str = ""
    counterexample: dict[str, Any] | None = None
    reason: str | None = None


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One mutant under all claims about its kind.

    `bug` is its row in the catalogue of real bugs, with the public threads and the properties that must see it;
    `by_property` whether a claim that carries one of those refuted it.
    """

    kind: str
    name: str
    cells: list[Cell]
    bug: str = ""
    threads: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    by_property: bool | None = None

    @property
    def refuted_by(self) -> list[str]:
        """The claims that refute it."""
        return [cell.claim for cell in self.cells if cell.mark == "refuted"]

    @property
    def smallest(self) -> Cell | None:
        """The refutation with the smallest instance; None if there is none."""
        refuted = [cell for cell in self.cells if cell.mark == "refuted"]
        return min(refuted, key=lambda cell: extent(cell.counterexample), default=None)


class Matrix(msgspec.Struct, kw_only=True):
    """All rows of a run."""

    bellcheck: str
    seed: int
    rows: list[Row]

    @property
    def by_kind(self) -> dict[str, list[Row]]:
        """The rows of each kind of subject."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.kind, []).append(row)
        return found

    @property
    def claims(self) -> list[str]:
        """The claims that were asked, each once."""
        return list(dict.fromkeys(cell.claim for row in self.rows for cell in row.cells))

    @property
    def survivors(self) -> list[Row]:
        """The mutants that nothing refutes, or no claim that carries a property of their bug."""
        return [row for row in self.rows if not row.refuted_by or row.by_property is False]

    @property
    def refuted_once(self) -> list[Row]:
        """The mutants that exactly one claim refutes."""
        return [row for row in self.rows if len(row.refuted_by) == 1]

    @property
    def hanging(self) -> dict[str, list[str]]:
        """The names of the mutants that a claim alone refutes, by claim."""
        found: dict[str, list[str]] = {}
        for row in self.refuted_once:
            found.setdefault(row.refuted_by[0], []).append(row.name)
        return found

    @property
    def idle_claims(self) -> list[str]:
        """The claims about the kind of some mutant that refute none."""
        working = {claim for row in self.rows for claim in row.refuted_by}
        return [claim for claim in self.claims if claim not in working]

    @property
    def median_states(self) -> float | None:
        """The median number of states of the smallest counterexamples that hold a model."""
        sizes = [n for row in self.rows if (cell := row.smallest) and (n := states(cell.counterexample)) is not None]
        return statistics.median(sizes) if sizes else None


def matrix(
    mutants: Sequence[Subject] | None = None,
    claims: Sequence[Claim] | None = None,
    *,
    seed: int = 0,
    jobs: int = 1,
    run: Run | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Matrix:
    """Put mutants, all by default, to the checks of claims, all by default, on `jobs` processes.

    The result does not depend on `jobs`: the stream of each search is a hash of the names of what is searched. Where a
    claim names a mutant the verdict is that of `verify`; if it has run already with this seed, `run` spares the work.
    """
    from joblib import Parallel, delayed

    if run is not None and run.seed != seed:
        raise ValueError(
            f"the run has seed {run.seed} and the matrix {seed}: their verdicts are of different instances"
        )
    chosen = planted() if mutants is None else tuple(mutants)
    ids = tuple(claim.id for claim in claims) if claims is not None else None
    verdicts = {verdict.id: verdict.controls for verdict in run.claims} if run is not None else {}
    columns = _columns(chosen, ids)
    columns.sort(key=lambda column: -len(column[2]))  # the longest first, lest one be waited for in the end
    running = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_column)(*column, seed, verdicts.get(column[1])) for column in columns
    )
    cells: dict[tuple[str, str, str], Cell] = {}
    for done, ((kind, claim_id, names), column) in enumerate(zip(columns, running, strict=True)):
        progress(f"{claim_id}: {kind}", done, len(columns))
        cells |= {(kind, name, claim_id): cell for name, cell in zip(names, column, strict=True)}
    rows = [
        _row(m, [cells[m.kind, m.name, claim.id] for claim, _ in about], whole=ids is None)
        for m in chosen
        if (about := _checks(m.kind, ids))
    ]
    return Matrix(bellcheck=version("bellcheck"), seed=seed, rows=rows)


def n_steps(claims: Sequence[Claim] | None = None) -> int:
    """Return how many steps `matrix` announces of all mutants and these claims."""
    return len(_columns(planted(), tuple(claim.id for claim in claims) if claims is not None else None))


def _columns(mutants: Sequence[Subject], ids: tuple[str, ...] | None) -> list[tuple[str, str, list[str]]]:
    """The names of the mutants of a kind that are put to a claim, by kind and claim."""
    return [
        (kind, claim.id, [m.name for m in mutants if m.kind == kind])
        for kind in dict.fromkeys(m.kind for m in mutants)
        for claim, _ in _checks(kind, ids)
    ]


@cache
def _checks(kind: str, ids: tuple[str, ...] | None) -> tuple[tuple[Claim, tuple[Check, ...]], ...]:
    """The claims that are about a kind, each with its checks of it."""
    found = []
    for claim in all_claims():
        checks = tuple(check for check in claim.checks if check.subject == kind)
        if checks and claim.expected == "holds" and (ids is None or claim.id in ids):
            found.append((claim, checks))
    return tuple(found)


def _row(mutant: Subject, cells: list[Cell], *, whole: bool) -> Row:
    row = Row(kind=mutant.kind, name=mutant.name, cells=cells, bug=mutant.bug)
    if mutant.bug:
        real = bug(mutant.bug)
        row.threads, row.properties = real.threads, real.properties
        carriers = {claim for p in properties() if p.id in real.properties for claim in p.claims}
        row.by_property = bool(carriers & set(row.refuted_by)) if whole else None
    return row


def _column(
    kind: str, claim_id: str, names: Sequence[str], seed: int, verdicts: Sequence[ControlVerdict] | None
) -> list[Cell]:
    """The cells of the named mutants of a kind under one claim; by names, so that another process can find them."""
    [(claim, checks)] = _checks(kind, (claim_id,))
    mutants = {mutant.name: mutant for mutant in planted(kind)}
    shared = [SharedDraws(c.draws, EXAMPLES, stream(seed, claim.id, c.name, c.kind)) for c in checks]
    return [_cell(claim, _asked(mutants[name], claim, checks, shared, seed, verdicts)) for name in names]


def _asked(
    mutant: Subject,
    claim: Claim,
    checks: Sequence[Check],
    shared: Sequence[SharedDraws],
    seed: int,
    verdicts: Sequence[ControlVerdict] | None,
) -> Iterator[tuple[Check, ControlVerdict]]:
    """Ask the checks in turn, first those that the claim names for the mutant.

    Proofs and statistics are asked where the claim names them: for wrong code a proof may never end.
    """
    named = []
    for place, (control, check) in enumerate(refutations(claim)):
        if control.subject == mutant:
            named.append(check)
            yield check, verdicts[place] if verdicts else refute(claim, control, check, examples=EXAMPLES, seed=seed)
    for check, among in zip(checks, shared, strict=True):
        if check.kind in _SEARCHED and not any(check is other for other in named):
            control = Control(mutant.name, check.function, subject=mutant)
            yield check, refute(claim, control, check, examples=EXAMPLES, seed=seed, among=among)


def _cell(claim: Claim, asked: Iterable[tuple[Check, ControlVerdict]]) -> Cell:
    """What one check refutes no other is asked about; else what went through counts, and then what broke."""
    cell = Cell(claim=claim.id, mark="not-run", reason="proofs and statistics are asked about named mutants alone")
    for check, verdict in asked:
        if verdict.status == "refuted":
            return Cell(
                claim=claim.id,
                mark="refuted",
                check=check.name,
                kind=check.kind,
                counterexample=verdict.counterexample,
            )
        if cell.mark == "not-run" or verdict.status == "survived":
            cell.mark, cell.reason = verdict.status, verdict.reason
    return cell


# -------------------------------------------------------------------- sizes


def states(counterexample: dict[str, Any] | None) -> int | None:
    """Return how many states the model of a counterexample has; None if it holds no model."""
    models = [v for v in (counterexample or {}).values() if isinstance(v, dict) and "bellcheck_mdp" in v]
    if not models:
        return None
    declared = models[0]["states"]
    return declared if isinstance(declared, int) else len(declared)


def extent(counterexample: dict[str, Any] | None) -> tuple[int, int]:
    """Order counterexamples by what a reader has to take in: states, then characters."""
    return states(counterexample) or 0, len(str(counterexample))
