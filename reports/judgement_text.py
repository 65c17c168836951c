"""What `bellcheck check` prints: what is wrong first, with the smallest counterexample told as a story."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bellcheck.mdp.file_format import from_data
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.conformance.doors import DOORS
from bellcheck.proofs.conformance.expected import ExpectedFailures
from bellcheck.proofs.conformance.verdicts import Judgement, Result
from bellcheck.proofs.matrix import extent

__all__ = ["print_judgement", "story"]

_STYLE = {"holds": "green", "refuted": "red", "expected": "yellow", "not-run": "yellow"}


def print_judgement(console: Console, judgement: Judgement, expected: ExpectedFailures) -> None:
    """Print a judgement: the count, the counterexample, and a line for each result."""
    unexpected = expected.unexpected(judgement)
    console.print(Text(_headline(judgement, len(unexpected)), style="bold"))
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
        console.print(Text(f"stale: {line} is expected to fail, and does not", style="yellow"))


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


# -------------------------------------------------------------------- one counterexample, told


def story(result: Result) -> list[str]:
    """Return the lines that tell a counterexample: the model, what was asked, what was due and what came."""
    lines = [f"{result.name}: {result.says}"]
    if result.call is not None:
        lines += _asked(result.call.asked)
        lines += [f"expected {_shown(result.call.expected)}", f"got      {_shown(result.call.got)}"]
    elif result.instance is not None:
        lines += _asked({name: value for name, value in result.instance.items() if name != "sides"})
        if "sides" in result.instance:
            sides = result.instance["sides"]
            lines.append(f"{_shown(sides['left'])} {sides['relation']} {_shown(sides['right'])} is false")
    if result.reason is not None:
        lines.append(result.reason)
    return lines


def _asked(values: dict[str, Any]) -> list[str]:
    """The model in words, a line a transition; then every other value by its name."""
    lines = []
    key = next((name for name, value in values.items() if isinstance(value, dict) and "bellcheck_mdp" in value), None)
    mdp = None
    if key is not None:
        mdp = from_data(values[key])
        lines += _model(mdp)
    rest = {name: value for name, value in values.items() if name != key}
    if mdp is not None and "outcome" in rest:
        lines.append("observed: " + _transition(mdp, _pair_of(mdp, int(rest["outcome"])), int(rest.pop("outcome"))))
        rest.pop("pair", None)
    for name, value in rest.items():
        if mdp is not None and isinstance(value, list) and len(value) == mdp.n_pairs and name in ("q", "w"):
            shown = ", ".join(f"Q{mdp.pair_name(x)} = {value[x]}" for x in range(mdp.n_pairs))
            lines.append(f"{name}: {shown}")
        else:
            lines.append(f"{name.replace('_', ' ')}: {_shown(value)}")
    return lines


def _model(mdp: FiniteMDP) -> list[str]:
    ends = f", {_states(mdp)} terminal" if mdp.terminal_states else ""
    lines = [f"{mdp.n_states} state{'s' if mdp.n_states > 1 else ''}{ends}, discount {mdp.discount}"]
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            chance = "" if mdp.probability[k] == 1 else f" with probability {mdp.probability[k]}"
            lines.append("  " + _transition(mdp, x, k) + chance)
    return lines


def _states(mdp: FiniteMDP) -> str:
    return "state " + " and ".join(mdp.state_name(s) for s in mdp.terminal_states)


def _transition(mdp: FiniteMDP, pair: int, outcome: int) -> str:
    state, action = (int(part[pair]) for part in (mdp.pair_state, mdp.pair_action))
    following = int(mdp.next_state[outcome])
    end = ", the end" if following in mdp.terminal_states else ""
    return (
        f"state {mdp.state_name(state)}, action {mdp.action_name(action)}: reward {mdp.reward[outcome]}, "
        f"to state {mdp.state_name(following)}{end}"
    )


def _pair_of(mdp: FiniteMDP, outcome: int) -> int:
    return next(x for x in range(mdp.n_pairs) if outcome in mdp.outcomes_of(x))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).replace('"', "")
    return text if len(text) <= 300 else text[:300] + " ..."


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
