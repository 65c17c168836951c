"""A file of expected failures: what is known to be refuted, a line each, so that a run fails for what is new.

A line is the id of a claim or of a point of conduct, or ``id::check``, with ``*`` for any text; ``#`` begins a comment.
A line that nothing refuted matches is stale, and said to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .sandbox import InvalidSubject
from .verdicts import Judgement, Result

__all__ = ["ExpectedFailures", "read_expected"]


@dataclass(frozen=True)
class ExpectedFailures:
    """The lines of a file of expected failures."""

    lines: tuple[str, ...] = ()

    def covers(self, result: Result) -> bool:
        """Whether a result is expected to be refuted."""
        return any(_matches(line, result) for line in self.lines)

    def lines_about(self, name: str) -> list[str]:
        """Return the lines that a test of this name is about: an id, or an id and a check."""
        return [line for line in self.lines if fnmatchcase(name, line) or fnmatchcase(name.partition("::")[0], line)]

    def unexpected(self, judgement: Judgement) -> list[Result]:
        """Return what is refuted and not expected to be."""
        return [result for result in judgement.results if result.status == "refuted" and not self.covers(result)]

    def stale(self, judgement: Judgement) -> list[str]:
        """Return the lines that match nothing that is refuted."""
        refuted = [result for result in judgement.results if result.status == "refuted"]
        return [line for line in self.lines if not any(_matches(line, result) for result in refuted)]


def _matches(line: str, result: Result) -> bool:
    return fnmatchcase(result.name, line) or fnmatchcase(result.id, line)


def read_expected(path: Path) -> ExpectedFailures:
    """Read a file of expected failures. Raises `InvalidSubject` if a line holds more than one word."""
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = text.partition("#")[0].strip()
        if len(line.split()) > 1:
            raise InvalidSubject(f"{path}, line {number}: {line!r} is not one id; write one a line, comments behind #")
        if line:
            lines.append(line)
    return ExpectedFailures(tuple(lines))
