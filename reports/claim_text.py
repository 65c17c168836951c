"""Claims and verdicts in the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.proofs.claim import GROUPS, Claim
from bellcheck.proofs.mutants.bugs import bug
from bellcheck.proofs.registry import claim, explanation
from bellcheck.proofs.verdict import CheckVerdict, ClaimVerdict, ControlVerdict, Run

__all__ = ["catalogue", "page", "print_verdict", "summary"]

_STYLE = {"holds": "green", "refuted": "red", "survived": "red", "error": "red", "not-run": "yellow", "cited": "blue"}


def catalogue(claims: Sequence[Claim]) -> RenderableType:
    """Return the claims by group: id, kinds of evidence, title."""
    lines: list[RenderableType] = []
    for group, title in GROUPS.items():
        members = [member for member in claims if member.group == group]
        if members:
            lines.append(Text(title, style="bold"))
        for member in members:
            lines.append(Text.assemble(f"  {member.id}  ", (", ".join(member.kinds), "dim")))
            lines.append(Padding(Text(member.title), (0, 0, 0, 6)))
        if members:
            lines.append(Text())
    return Group(*lines)


def page(member: Claim) -> RenderableType:
    """Return a claim's page: the explanation, then assumptions, evidence, controls and sources."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1)

    def rows(title: str, lines: list[str]) -> None:
        if lines:
            table.add_row(title, Text("\n".join(lines)))

    expected = {"holds": "holds", "refuted": "refuted (folklore)", "cited": "cited; nothing is checked"}
    rows("expected", [expected[member.expected]])
    rows("needs", [f"{assumption.name}: {assumption.statement}" for assumption in member.needs])
    rows("not dropped", [f"{kept.assumption.name}: {kept.because}" for kept in member.undropped])
    rows("uses", list(member.uses))
    rows("evidence", [f"{check.name} ({check.kind})" for check in member.checks])
    rows("attained", [f"{tight}, in {tight.by.__name__}" for tight in member.tight])
    rows("must fail", [f"{control.name}, by {control.by.__name__}" for control in member.controls])
    rows("real bugs", _real_bugs(member))
    rows("sources", [_source(source.key, source.locator, source.verified) for source in member.sources])
    rows("proved in", [f"{proof.prover}: {proof.name} ({proof.library})" for proof in member.proved_in])
    return Group(
        Text(member.id, style="bold"),
        Text(),
        Text(_reflowed(explanation(member))),
        Text(),
        table,
        Text(),
        Text(f"bellcheck verify {member.id}", style="dim"),
    )


def _reflowed(text: str) -> str:
    """Join the lines of each paragraph of prose, for a terminal of any width; formulas and lists stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        part if any(line.startswith((" ", "*", "..")) for line in part.splitlines()) else part.replace("\n", " ")
        for part in paragraphs
    )


def _real_bugs(member: Claim) -> list[str]:
    """Return the rows of the catalogue of real bugs that what must fail is written after."""
    rows = dict.fromkeys(c.subject.bug for c in member.controls if c.subject is not None and c.subject.bug)
    found = map(bug, rows)
    return [f"bug-{b.id}: {b.words}" + (f" ({', '.join(b.threads)})" if b.threads else "") for b in found]


def _source(key: str, locator: str, verified: bool) -> str:
    return f"{key}, {locator}" + ("" if verified else " (locator not verified)") if locator else key


def print_verdict(console: Console, verdict: ClaimVerdict, seed: int, examples: int, *, alone: bool) -> None:
    """Print one line for a verdict that is as expected, and everything needed to see why for any other.

    Of a claim verified alone, also what each control came to.
    """
    examples_run = sum(check.examples for check in verdict.checks)
    refuted = sum(control.status == "refuted" for control in verdict.controls)
    parts: list[CheckVerdict | ControlVerdict] = [*verdict.checks, *verdict.controls]
    seconds = sum(part.seconds for part in parts)
    line = Text.assemble(
        ("✓ " if verdict.as_expected else "✗ ", "green" if verdict.as_expected else "red"),
        f"{verdict.id}: ",
        (verdict.status, _STYLE[verdict.status] if not verdict.as_expected else "green"),
        (", as expected" if verdict.as_expected and verdict.expected == "refuted" else ""),
        (f"  {examples_run} examples, {refuted} of {len(verdict.controls)} controls refuted, {seconds:.1f} s", "dim"),
    )
    console.print(line, soft_wrap=True)
    for control in verdict.controls if alone else []:
        if control.status == "refuted" and control.counterexample:
            console.print(
                Text(f"    {control.name} ({control.kind}): {_false(control.counterexample)}", style="dim"),
                soft_wrap=True,
            )
    shown = [part for part in parts if not _as_it_should_be(part, verdict)]
    if not shown:
        return
    member = claim(verdict.id)
    console.print(Text(f"    {member.title}\n    {member.statement}"), soft_wrap=True)
    for part in shown:
        what = "check" if isinstance(part, CheckVerdict) else "control"
        console.print(
            Text.assemble(f"    {what} {part.name} ({part.kind}): ", (part.status, _STYLE[part.status])), soft_wrap=True
        )
        if part.reason:
            console.print(Text(f"      {part.reason}"), soft_wrap=True)
        if part.counterexample:
            console.print(Text(_indented(part.counterexample)), soft_wrap=True)
    if not verdict.as_expected:
        console.print(
            Text(f"    again: bellcheck verify {verdict.id} --seed {seed} --examples {examples}"), soft_wrap=True
        )


def _as_it_should_be(part: CheckVerdict | ControlVerdict, verdict: ClaimVerdict) -> bool:
    return part.status == (verdict.expected if isinstance(part, CheckVerdict) else "refuted")


def _indented(counterexample: dict[str, Any]) -> str:
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in counterexample.items() if name != "sides"
    ]
    lines.append(_false(counterexample))
    return "\n".join("      " + line for line in lines)


def _false(counterexample: dict[str, Any]) -> str:
    sides = counterexample["sides"]
    return f"{_short(sides['left'])}  {sides['relation']}  {_short(sides['right'])}  is false"


def _short(side: Any) -> str:
    text = side if isinstance(side, str) else json.dumps(side, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + " ..."


def summary(run: Run) -> str:
    """Return the closing lines of a run."""
    s = run.summary
    lines = [
        f"{s.as_expected} of {s.claims} claims as expected, {s.controls_refuted} of {s.controls} controls refuted"
        + (f", {s.not_run} not run" if s.not_run else "")
        + (f", {s.errors} errors" if s.errors else ""),
        f"seed {run.seed}, "
        + (f"false-alarm probability {s.false_alarm:.1e}" if s.false_alarm else "nothing left to chance"),
    ]
    return "\n".join(lines)
