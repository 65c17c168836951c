"""Faults: what foreign code can do in place of answering, each a verdict on it and never a crash of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["FAULTS", "Fault", "FaultKind", "NotOffered"]

FaultKind: TypeAlias = Literal[
    "raises", "crashes", "hangs", "exits", "out-of-memory", "floods", "wrong-shape", "not-finite", "elsewhere"
]

FAULTS: dict[FaultKind, str] = {
    "raises": "an exception on valid input",
    "crashes": "the process died of a signal",
    "hangs": "no answer within the time limit",
    "exits": "the process was left, by sys.exit or os._exit",
    "out-of-memory": "more memory than the limit",
    "floods": "more output than the limit",
    "wrong-shape": "an answer of another type or shape than asked for",
    "not-finite": "NaN or an infinity where a number was due",
    "elsewhere": "a change outside the cells of state-action pairs",
}
"""What ended a call without an answer, in words."""


@dataclass
class Fault(Exception):
    """A call that did not come back with an answer: which kind of fault, and what was seen."""

    kind: FaultKind
    detail: str

    @property
    def signature(self) -> tuple[str, str]:
        """What makes two faults the same one: the kind and, of an exception, its class."""
        return self.kind, self.detail.partition(":")[0] if self.kind == "raises" else ""

    def __str__(self) -> str:
        return f"{FAULTS[self.kind]}: {self.detail}"


class NotOffered(Exception):
    """An instance that the subject cannot be asked about.

    Its numbers would round on the way into floats, or it has ragged action sets where the subject takes a rectangle.
    """
