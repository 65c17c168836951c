"""What a judgement is as data: a result for each check and each point of conduct, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = ["CONDUCT", "Call", "Judgement", "Result", "Status", "words_of_inferred"]

Status: TypeAlias = Literal["holds", "refuted", "not-run"]

CONDUCT = {
    "conduct.answers": "it answers: no exception, crash, exit or endless loop on valid input",
    "conduct.shape": "the answer has the type and shape that was asked for",
    "conduct.finite": "numbers stay numbers: no NaN, no infinity",
    "conduct.cells": "it writes to cells of state-action pairs alone",
    "conduct.arguments": "the arguments are as they were",
    "conduct.output": "it keeps the terminal quiet",
    "conduct.repeatable": "it depends on its arguments alone: asked again, it answers the same",
}
"""Id -> what is expected of any subject, whatever its kind."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call that went wrong: what was asked, what came, and what our reference answers.

    `called` is the call as the subject's author would write it.
    """

    asked: dict[str, Any]
    got: Any
    expected: Any
    called: str | None = None


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The verdict of one check on the subject, or on a point of its conduct.

    Attributes
    ----------
    id : of the claim, or of the point of conduct.
    check : the name of the check; `says` is what it states, in a line.
    view : the kind of our own as which the subject was judged; evidence : the kind of evidence.
    examples : instances that reached a comparison.
    instance : the smallest one that refutes it, with both sides; the first call of it that went wrong is `call`.
    """

    id: str
    check: str
    says: str
    status: Status
    view: str = ""
    evidence: str = ""
    label: str = ""
    examples: int = 0
    seconds: float = 0.0
    reason: str | None = None
    instance: dict[str, Any] | None = None
    call: Call | None = None

    @property
    def name(self) -> str:
        """What expected failures and test ids call it."""
        parts = [self.id, self.check] if self.check else [self.id]
        return "::".join([*parts, *([self.label] if self.label else [])])

    @property
    def in_a_line(self) -> str:
        """What is wrong where it is refuted: what a claim says, with what may have to be declared; or what was seen."""
        if self.reason is None or self.id in CONDUCT:
            return self.reason or self.says
        return f"{self.says} ({self.reason})"

    @property
    def expected(self) -> Any:
        """What was due: of the first call that went wrong, else the right side of the relation."""
        if self.call is not None:
            return self.call.expected
        return None if self.instance is None else self.instance.get("sides", {}).get("right")

    @property
    def got(self) -> Any:
        """What came instead."""
        if self.call is not None:
            return self.call.got
        return None if self.instance is None else self.instance.get("sides", {}).get("left")


def words_of_inferred(inferred: Mapping[str, str]) -> str:
    """Return the line about conventions that a subject was held to without declaring them."""
    taken = " ".join(f"{name}={text}" for name, text in inferred.items())
    return f"taken from its answers, not declared: {taken}; declare it to be held to it"


class Judgement(msgspec.Struct, kw_only=True):
    """Everything that one run of `judge` showed about a subject.

    `inferred` are conventions that it did not declare and was held to, for its answers follow them; `constants` are the
    numbers in its module or object that were set before each call, by their role; `notes` say what was not judged.
    `looks_like` are the planted bugs that answer as it does, and the declarations that would fit it; `false_alarm` is
    the probability that right code is refuted by chance.
    """

    bellcheck: str
    subject: str
    kind: str
    declared: dict[str, str]
    inferred: dict[str, str]
    constants: dict[str, str]
    notes: list[str]
    seed: int
    results: list[Result]
    looks_like: list[str]
    calls: int
    false_alarm: float

    @property
    def agrees(self) -> bool:
        """Whether nothing was refuted."""
        return all(result.status != "refuted" for result in self.results)

    @property
    def exit_status(self) -> int:
        """0 where all holds, 1 where something is refuted, 3 where nothing at all could be asked."""
        if not self.agrees:
            return 1
        held = any(result.status == "holds" and result.id not in CONDUCT for result in self.results)
        return 0 if held else 3
