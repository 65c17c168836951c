"""The tests that ``--bellcheck-subject`` adds: one for each check of its kind, and one for its conduct."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .doors import door
from .expected import ExpectedFailures, read_expected
from .parametrize import ClaimCheck, ConductCheck, UnderTest, checks_for
from .sandbox import InvalidSubject, Limits

__all__ = ["ClaimItem", "StaleExpectation", "items_of"]


class StaleExpectation(pytest.PytestWarning):
    """A line of the file of expected failures that is not refuted any more."""


class _Subject(pytest.Collector):
    """The subject that the command line names."""

    subject: UnderTest
    expected: ExpectedFailures
    checks: list[ClaimCheck | ConductCheck]

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each check, and one for conduct, which looks back at the others."""
        for check in self.checks:
            yield ClaimItem.from_parent(self, name=str(check), check=check)


class ClaimItem(pytest.Item):
    """One check of the subject."""

    def __init__(self, *, check: ClaimCheck | ConductCheck, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.check = check
        if isinstance(check, ClaimCheck):
            self.add_marker(pytest.mark.claim(check.claim.id))

    @property
    def _owner(self) -> _Subject:
        assert isinstance(self.parent, _Subject)
        return self.parent

    def runtest(self) -> None:
        """Put the check to the subject; what is expected to fail and does is an expected failure."""
        expected = self._owner.expected
        known = expected.lines_about(self.name)
        try:
            self.check(self._owner.subject, lambda name, value: self.user_properties.append((name, value)))
        except pytest.fail.Exception as failure:
            if known:
                pytest.xfail(f"expected by {known[0]!r}: {str(failure).splitlines()[0]}")
            raise
        if known:
            warnings.warn(StaleExpectation(f"{known[0]!r} is expected to fail, and {self.name} does not"), stacklevel=1)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the check in failure reports."""
        return self.path, None, f"{self._owner.subject}: {self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the counterexample alone."""
        return str(excinfo.value) if isinstance(excinfo.value, pytest.fail.Exception) else super().repr_failure(excinfo)


def items_of(session: pytest.Session) -> list[pytest.Item]:
    """Return the tests of the subject that the options name. Raises ``pytest.UsageError``."""
    option = session.config.getoption
    kind = option("bellcheck_as")
    if not kind:
        raise pytest.UsageError("--bellcheck-subject needs --bellcheck-as KIND: what the subject is")
    try:
        about = door(kind)
        declared = dict(text.split("=", 1) for text in option("bellcheck_declare"))
        spec = (option("bellcheck_subject"), kind, declared)
        collector = _Subject.from_parent(session, name=str(option("bellcheck_subject")))
        collector.subject = UnderTest(spec, max_examples=option("bellcheck_max_examples"), seed=0, limits=Limits())
        file = option("bellcheck_expect_fail")
        collector.expected = read_expected(Path(file)) if file else ExpectedFailures()
        collector.checks = [*checks_for(about), ConductCheck()]
        collector.subject.foreign.sandbox.start()
    except ValueError as error:
        if isinstance(error, InvalidSubject):
            raise pytest.UsageError(str(error)) from None
        raise pytest.UsageError("--bellcheck-declare takes NAME=VALUE") from None
    return list(collector.collect())
