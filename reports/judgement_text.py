"""What `bellcheck check` prints: what is wrong first, with the smallest counterexample told as a story."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.proofs.conformance.door import Door
from bellcheck.proofs.conformance.doors import DOORS
from bellcheck.proofs.conformance.expected import ExpectedFailures
from bellcheck.proofs.conformance.story import story
from bellcheck.proofs.conformance.verdicts import CONDUCT, Judgement, Result, Status, words_of_inferred
from bellcheck.proofs.matrix import extent

__all__ = ["print_judgement"]

_FEW = 3
_STYLE = {"holds": "green", "refuted": "red", "expected": "yellow", "not-run": "yellow"}


def print_judgement(console: Console, judgement: Judgement, expected: ExpectedFailures) -> None:
    """Print a judgement: the count, the counterexample, and a line for each result."""
    unexpected = expected.unexpected(judgement)
    console.print(Text(_headline(judgement, len(unexpected)), style="bold"))
    if judgement.inferred:
        console.print(Text(words_of_inferred(judgement.inferred)))
    if judgement.constants:
        roles = ", ".join(f"{name} as the {role.replace('_', ' ')}" for role, name in judgement.constants.items())
        console.print(Text(f"set before each call, whatever the program has built in: {roles}", style="dim"))
    for note in judgement.notes:
        console.print(Text(note, style="dim"))
    shown = _most_telling(unexpected, DOORS[judgement.kind])
    if shown is not None:
        console.print()
        for line in story(shown):
            console.print(Padding(Text(line), (0, 0, 0, 2)))
        if shown.id not in CONDUCT:
            console.print(Padding(Text(f"why      bellcheck explain {shown.id}"), (0, 0, 0, 2)))
    for likeness in judgement.looks_like:
        console.print()
        console.print(Padding(Text(likeness[0].upper() + likeness[1:] + ".", style="bold"), (0, 0, 0, 2)))
    console.print()
    console.print(_table(judgement, expected))
    for line in expected.stale(judgement):
        console.print(Text(f"stale: {expected.why_stale(line, judgement)}", style="yellow"))


def _headline(judgement: Judgement, n_unexpected: int) -> str:
    count = {status: sum(r.status == status for r in judgement.results) for status in ("holds", "refuted", "not-run")}
    name = f"{judgement.subject} as {judgement.kind}"
    if not count["refuted"]:
        verdict = "agrees with the theory" if judgement.exit_status == 0 else "could not be asked anything"
    else:
        verdict = f"{count['refuted']} refuted"
        if n_unexpected < count["refuted"]:
            verdict += f" ({count['refuted'] - n_unexpected} of them expected)"
    return f"{name}: {verdict}, {count['holds']} hold, {count['not-run']} not run, {judgement.calls} calls"


def _most_telling(results: list[Result], door: Door) -> Result | None:
    """A counterexample under the view that comes first, whose wrong call is known, to the rule itself; the smallest."""
    views = door.judged_as

    def rank(result: Result) -> tuple[Any, ...]:
        place = views.index(result.view) if result.view in views else len(views)
        return (
            place,
            result.call is None,
            result.id != door.rule,
            extent(result.call.asked if result.call else result.instance),
        )

    return min((result for result in results if result.instance is not None), key=rank, default=None)


# -------------------------------------------------------------------- all results


def _table(judgement: Judgement, expected: ExpectedFailures) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for result in _of(judgement, "refuted"):
        mark = "expected" if expected.covers(result) else "refuted"
        table.add_row(Text(mark, style=_STYLE[mark]), _line(result.name, result.in_a_line))
    reasons: dict[str | None, list[Result]] = {}
    for result in _of(judgement, "not-run"):
        reasons.setdefault(result.reason, []).append(result)
    for reason, alike in reasons.items():
        table.add_row(Text("not-run", style=_STYLE["not-run"]), _line(_together(alike), reason))
    for result in _of(judgement, "holds"):
        table.add_row(Text("holds", style=_STYLE["holds"]), _line(result.name, result.reason))
    return table


def _of(judgement: Judgement, status: Status) -> list[Result]:
    return [result for result in judgement.results if result.status == status]


def _line(name: str, detail: str | None) -> Text:
    line = Text(name)
    if detail:
        line.append(f"  {detail}", style="dim")
    return line


def _together(alike: list[Result]) -> str:
    """The name of a result; of several, whose reason is the same, how many there are of which claims."""
    if len(alike) == 1:
        return alike[0].name
    claims = list(dict.fromkeys(result.id for result in alike))
    shown = ", ".join(claims[:_FEW]) + (f" and {len(claims) - _FEW} more" if len(claims) > _FEW else "")
    return f"{len(alike)} checks of {shown}:"
