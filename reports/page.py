"""The page: verdicts, curves and tables as one HTML file that needs nothing else.

Everything is escaped on its way into the page, by jinja2; only formulas, drawings and the style sheet, all made here,
go in as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from bellcheck.proofs.claim import GROUPS, KINDS, Claim
from bellcheck.proofs.instance_data import RECORDS
from bellcheck.proofs.registry import claim, explanation
from bellcheck.proofs.verdict import CheckVerdict, ClaimVerdict, ControlVerdict, Run

from .folder import GENERATOR
from .source_answer import ANSWER, ANSWER_URL, QUESTION_URL, Sentence

__all__ = ["render"]

_LONGEST = 400
"""Characters of a value of a counterexample that are shown."""


def render(run: Run, context: Mapping[str, Any]) -> str:
    """Return the page; `context` is what the template needs beside the verdicts of the claims."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from .typography import scientific

    here = files("bellcheck.reports")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        plain=_plain, state_name=_state_name, action_name=_action_name, scientific=scientific, small=_small
    )
    template = environment.from_string(here.joinpath("page.html.jinja").read_text("utf-8"))
    claims = _claims(run)
    verdict_of = {member["id"]: member for member in claims}
    named = {name for sentence in ANSWER for name in (*sentence.claims, *sentence.folklore)}
    return template.render(
        generator=GENERATOR,
        style=Markup(here.joinpath("page.css").read_text("utf-8")),
        answer_url=ANSWER_URL,
        question_url=QUESTION_URL,
        kinds=KINDS,
        summary=run.summary,
        claims=claims,
        groups_of_claims=_groups(claims),
        verdict_of=verdict_of,
        sentences=[_sentence(sentence, verdict_of) for sentence in ANSWER],
        beyond=[name for name in verdict_of if name not in named],
        left_out=len(named - verdict_of.keys()),
        **context,
    )


def _plain(value: Any) -> str:
    """Return a value of a counterexample as short text: vectors in parentheses, other kinds without their tags."""
    if isinstance(value, list):
        text = f"({', '.join(_plain(entry) for entry in value)})"
    elif isinstance(value, Mapping) and len(value) == 1:
        [(tag, content)] = value.items()
        text = _plain(content) if tag not in RECORDS else f"{tag}{_plain(list(content.values()))}"
    elif isinstance(value, Mapping):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _small(number: Any) -> str:
    """Return an exact 0 as such, another small number as two digits times a power of ten."""
    from .typography import scientific

    return scientific(float(number)) if number else "0"


def _state_name(state: int, model: Mapping[str, Any]) -> str:
    names = model.get("states")
    return str(names[state]) if isinstance(names, list) else str(state)


def _action_name(action: int, model: Mapping[str, Any]) -> str:
    names = model.get("actions")
    return str(names[action]) if isinstance(names, list) else str(action)


# -------------------------------------------------------------------- the answer


def _sentence(sentence: Sentence, verdict_of: Mapping[str, Any]) -> dict[str, Any]:
    from .prose import inline

    named = (*sentence.claims, *sentence.folklore)
    known = [verdict_of[name] for name in named if name in verdict_of]
    carried = sum(name in verdict_of for name in sentence.claims)
    wrong = [member["id"] for member in known if not member["as_expected"]]
    if wrong:
        badge, verdict = "wrong", f"not as expected: {', '.join(wrong)}"
    elif not known:
        badge, verdict = "none", "none of its claims is in this run"
    elif not carried:
        badge, verdict = "none", "only its caveat is in this run"
    elif len(known) == len(named):
        badge, verdict = "holds", f"true under its condition: all {len(known)} claims as expected"
    else:
        badge, verdict = (
            "part",
            f"checked in part: {len(known)} of {len(named)} claims are in this run, all as expected",
        )
    return {
        "says": inline(sentence.says),
        "needs": inline(sentence.needs),
        "claims": sentence.claims,
        "folklore": sentence.folklore,
        "badge": badge,
        "verdict": verdict,
    }


# -------------------------------------------------------------------- the claims


def _claims(run: Run) -> list[dict[str, Any]]:
    shown = [_claim(claim(verdict.id), verdict) for verdict in run.claims]
    for user in shown:
        for used in shown:
            if used["id"] in user["uses"]:
                used["used_by"].append(user["id"])
    return shown


def _groups(claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups that have claims, in the catalogue's order."""
    found = []
    for group, title in GROUPS.items():
        members = [member for member in claims if member["group"] == group]
        if members:
            right = sum(member["as_expected"] for member in members)
            found.append({"id": group, "title": title, "claims": members, "n": len(members), "as_expected": right})
    return found


def _claim(member: Claim, verdict: ClaimVerdict) -> dict[str, Any]:
    from .bibliography import reference
    from .prose import formula, inline, prose
    from .typography import scientific

    folklore = member.expected == "refuted"
    badge, text = _verdict(verdict)
    checks = _by(verdict.checks, "name")
    number = {name: i for i, ((name,), _) in enumerate(checks, start=1)}
    return {
        "id": member.id,
        "title": inline(member.title),
        "group": member.group,
        "statement": formula(member.statement),
        "folklore": folklore,
        "as_expected": verdict.as_expected,
        "badge": badge,
        "text": text,
        "kinds": member.kinds,
        "examples": sum(check.examples for check in verdict.checks),
        "refuted": sum(control.status == "refuted" for control in verdict.controls),
        "false_alarm": scientific(total) if (total := sum(check.false_alarm for check in verdict.checks)) else "0",
        "truths": [
            inline(_first_line(control.statement))
            for control in member.controls
            if folklore and control.statement is not None
        ],
        "needs": [
            {"name": need.name, "statement": inline(need.statement), "kept": _kept(member, need.name)}
            for need in member.needs
        ],
        "attained": [inline(f"{tight}, check {number[tight.by.__name__]}") for tight in member.tight],
        "uses": member.uses,
        "used_by": [],
        "checks": [
            {"text": inline(_check_text(member, name)), "parts": [_check_part(member, part) for part in parts]}
            for (name,), parts in checks
        ],
        "controls": [
            {
                "text": inline(_control_text(member, name, by)),
                "by": number[by],
                "parts": [_control_part(member, p) for p in parts],
            }
            for (name, by), parts in _by(verdict.controls, "name", "by")
        ],
        "n_controls": len(verdict.controls),
        "sources": [
            {"text": reference(source.key), "locator": source.locator, "verified": source.verified}
            for source in member.sources
        ],
        "proved_in": member.proved_in,
        "explanation": prose(explanation(member)),
    }


def _kept(member: Claim, assumption: str) -> str:
    """Return why no check drops an assumption, with who shows what happens without it."""
    from .prose import inline

    for kept in member.undropped:
        if kept.assumption.name == assumption:
            places = (f"{source.key}, {source.locator}" if source.locator else source.key for source in kept.sources)
            return inline(f"Not dropped here: {' '.join([kept.because, *(f'({place})' for place in places)])}")
    return ""


def _verdict(verdict: ClaimVerdict) -> tuple[str, str]:
    if verdict.status in ("not-run", "cited"):
        return "none", "not run" if verdict.status == "not-run" else "cited, not checked"
    if not verdict.as_expected:
        return "wrong", f"{verdict.status}, not as expected"
    return ("refuted", "refuted, as expected") if verdict.status == "refuted" else ("holds", "holds")


def _by(verdicts: Iterable[Any], *names: str) -> list[tuple[tuple[str, ...], list[Any]]]:
    """Group what was run under several kinds of evidence."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for verdict in verdicts:
        groups.setdefault(tuple(getattr(verdict, name) for name in names), []).append(verdict)
    return list(groups.items())


def _check_text(member: Claim, name: str) -> str:
    return _first_line(next(check.function for check in member.checks if check.name == name)) or _words(name)


def _check_part(member: Claim, verdict: CheckVerdict) -> dict[str, Any]:
    from .prose import inline
    from .typography import scientific

    power = next(check.power for check in member.checks if (check.name, check.kind) == (verdict.name, verdict.kind))
    counted = f"{verdict.examples:,} examples" if verdict.examples > 1 else "decided once"
    chance = f", false alarm {scientific(verdict.false_alarm)}; power: {power}" if verdict.false_alarm else ""
    return {
        "detail": inline(f"{verdict.kind}, {counted}{chance}"),
        "badge": _colour(verdict.status == member.expected, verdict.status),
        "status": verdict.status,
        "reason": verdict.reason,
        "counterexample": verdict.counterexample,
    }


def _control_text(member: Claim, name: str, by: str) -> str:
    control = next(c for c in member.controls if (c.name, c.by.__name__) == (name, by))
    if control.subject is not None:
        cited = f" (after {control.subject.cites})" if control.subject.cites else ""
        return f"Wrong code: {control.subject.name}{cited}."
    if control.without is not None:
        return f"Without the assumption “{control.without.statement.rstrip('.')}”."
    return _first_line(control.statement) or _words(control.name)


def _control_part(member: Claim, verdict: ControlVerdict) -> dict[str, Any]:
    right, status = verdict.status == "refuted", str(verdict.status)
    if member.expected == "refuted":
        status = {"refuted": "holds", "survived": "fails"}.get(status, status)
    return {
        "detail": verdict.kind,
        "badge": _colour(right, status),
        "status": status,
        "reason": verdict.reason,
        "counterexample": verdict.counterexample,
    }


def _colour(right: bool, status: str) -> str:
    if status == "not-run":
        return "none"
    return status if right else "wrong"


def _first_line(function: Any) -> str:
    return " ".join((function.__doc__ or "").strip().split("\n\n")[0].split())


def _words(name: str) -> str:
    return name.replace("_", " ")
