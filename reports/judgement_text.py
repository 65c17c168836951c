"""What `bellcheck check` prints: what is wrong first, with the smallest counterexample told as a story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.proofs.conformance.doors import DOORS
from bellcheck.proofs.conformance.expected import ExpectedFailures
from bellcheck.proofs.conformance.story import story
from bellcheck.proofs.conformance.verdicts import Judgement, Result
from bellcheck.proofs.matrix import extent

__all__ = ["print_judgement"]

_STYLE = {"holds": "green", "refuted": "red", "expected": "yellow", "not-run": "yellow"}


def print_judgement(console: Console, judgement: Judgement, expected: ExpectedFailures) -> None:
    """Print a judgement: the count, the counterexample, and a line for each result."""
    unexpected = expected.unexpected(judgement)
    console.print(Text(_headline(judgement, len(unexpected)), style="bold"))
    if judgement.constants:
        roles = ", ".join(f"{name} as the {role.replace('_', ' ')}" for role, name in judgement.constants.items())
        console.print(Text(f"set before each call, whatever the program has built in: {roles}", style="dim"))
    shown = _most_telling(unexpected, DOORS[judgement.kind].judged_as)
    if shown is not None:
        console.print()
        for line in story(shown):
            console.print(Padding(Text(line), (0, 0, 0, 2)))
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
        verdict = "agrees with the theory" if count["holds"] else "could not be asked anything"
    else:
        verdict = f"{count['refuted']} refuted"
        if n_unexpected < count["refuted"]:
            verdict += f" ({count['refuted'] - n_unexpected} of them expected)"
    return f"{name}: {verdict}, {count['holds']} hold, {count['not-run']} not run, {judgement.calls} calls"


def _most_telling(results: list[Result], views: Sequence[str]) -> Result | None:
    """The smallest counterexample, under the view that comes first; one whose wrong call is known if there is one."""

    def rank(result: Result) -> tuple[Any, ...]:
        place = views.index(result.view) if result.view in views else len(views)
        return place, result.call is None, extent(result.call.asked if result.call else result.instance)

    return min((result for result in results if result.instance is not None), key=rank, default=None)


# -------------------------------------------------------------------- all results


def _table(judgement: Judgement, expected: ExpectedFailures) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    order = {"refuted": 0, "not-run": 1, "holds": 2}
    for result in sorted(judgement.results, key=lambda result: order[result.status]):
        mark = "expected" if result.status == "refuted" and expected.covers(result) else result.status
        line = Text(result.name)
        detail = result.reason if result.reason is not None else result.says if result.status == "refuted" else None
        if detail:
            line.append(f"  {detail}", style="dim")
        table.add_row(Text(mark, style=_STYLE[mark]), line)
    return table
