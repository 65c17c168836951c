"""A file of expected failures: what is known to be refuted, a line each, so that a run fails for what is new.

A line is the id of a claim or of a point of conduct, or ``id::check``, with ``*`` for any text; ``#`` begins a comment.
A line is stale if all that it is about was asked, and nothing of it is refuted; or if it is about nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from .doors import door
from .judge import checks_about
from .sandbox import InvalidSubject
from .verdicts import CONDUCT, Judgement, Result

__all__ = ["ExpectedFailures", "read_expected"]


@dataclass(frozen=True)
class ExpectedFailures:
    """The lines of a file of expected failures, and the file; `numbers` say where in it each line stands."""

    lines: tuple[str, ...] = ()
    path: Path | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    def about(self, result: Result) -> list[str]:
        """Return the lines that expect a result to be refuted."""
        return [line for line in self.lines if _matches(line, result)]

    def place(self, line: str) -> str:
        """Return where a line stands, in words."""
        return f"{self.path}, line {self.numbers[line]}"

    def covers(self, result: Result) -> bool:
        """Whether a result is expected to be refuted."""
        return bool(self.about(result))

    def unexpected(self, judgement: Judgement) -> list[Result]:
        """Return what is refuted and not expected to be."""
        return [result for result in judgement.results if result.status == "refuted" and not self.covers(result)]

    def stale(self, judgement: Judgement) -> list[str]:
        """Return the lines that are stale."""
        return [line for line in self.lines if _is_stale(line, judgement)]

    def why_stale(self, line: str, judgement: Judgement) -> str:
        """Return what is wrong with a stale line, in words."""
        if _is_about_something(line, judgement.kind):
            return f"{line!r} is expected to be refuted, and holds; take the line out"
        names = [name for known in _known(judgement.kind) for name in (known[0], "::".join(known))]
        close = get_close_matches(line, names, n=1)
        remedy = f"did you mean {close[0]}?" if close else "take the line out"
        return f"{line!r} is about nothing that a {judgement.kind} is asked; {remedy}"


def _matches(line: str, result: Result) -> bool:
    return fnmatchcase(result.name, line) or fnmatchcase(result.id, line)


def _is_stale(line: str, judgement: Judgement) -> bool:
    if any(result.status == "refuted" and _matches(line, result) for result in judgement.results):
        return False
    seen = {result.status for result in judgement.results if _is_about(line, result.id, result.check)}
    return "not-run" not in seen if seen else not _is_about_something(line, judgement.kind)


def _is_about(line: str, id: str, check: str) -> bool:
    """Whether a line is about a check, whatever else it says: the form of a matrix, the exception that is raised."""
    first, *rest = line.split("::")
    if id in CONDUCT:
        return fnmatchcase(id, first)
    patterns = (line, "::".join([first, *rest[:1]]))
    return any(fnmatchcase(name, pattern) for name in (id, f"{id}::{check}") for pattern in patterns)


def _is_about_something(line: str, kind: str) -> bool:
    return any(_is_about(line, *known) for known in _known(kind))


def _known(kind: str) -> list[tuple[str, str]]:
    """The points of conduct, and what a subject of this kind can be asked: ids and checks."""
    checks = [(claim.id, check.name) for claim, check in checks_about(door(kind).judged_as)]
    return [*((point, "") for point in CONDUCT), *checks]


def read_expected(path: Path) -> ExpectedFailures:
    """Read a file of expected failures.

    Raises `InvalidSubject` for what is no such file, and ``OSError``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidSubject(f"{path}: a file of expected failures is text in UTF-8, an id a line") from None
    numbers: dict[str, int] = {}
    for number, whole in enumerate(text.splitlines(), start=1):
        line = whole.partition("#")[0].strip()
        if len(line.split()) > 1:
            raise InvalidSubject(f"{path}, line {number}: {line!r} is not one id; write one a line, comments behind #")
        if line:
            numbers.setdefault(line, number)
    return ExpectedFailures(tuple(numbers), path, numbers)
