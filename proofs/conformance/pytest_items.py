"""The tests that ``--bellcheck-subject`` adds: one for each check of its kind, and one for its conduct."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..pytest_plugin import CONDUCT
from ..registry import UnknownClaim
from .expected import ExpectedFailures, read_expected
from .front import declarations
from .judge import DEFAULT_EXAMPLES
from .sandbox import InvalidSubject
from .under_test import ClaimCheck, ConductCheck, UnderTest

__all__ = ["CheckOfSubject", "SubjectOfOptions", "items_of", "prepare"]

_SUBJECT = pytest.StashKey[UnderTest]()


class SubjectOfOptions(pytest.Collector):
    """The subject that the options name."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each check, and the one for conduct."""
        subject = self.config.stash[_SUBJECT]
        for check in (*subject.checks, ConductCheck()):
            # The id is given, for pytest would take it to pieces at other places than it puts it together.
            nodeid = f"{self.nodeid}::{check}"
            yield CheckOfSubject.from_parent(self, name=str(check), nodeid=nodeid, subject=subject, check=check)


class CheckOfSubject(pytest.Item):
    """One check of the subject."""

    def __init__(self, *, subject: UnderTest, check: ClaimCheck | ConductCheck, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.subject, self.check = subject, check
        self.add_marker(pytest.mark.claim(check.claim.id if isinstance(check, ClaimCheck) else CONDUCT))

    def runtest(self) -> None:
        """Put the check to the subject."""
        self.check(self.subject)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the check in failure reports."""
        return self.path, None, f"{self.subject}: {self.name}"


def prepare(config: pytest.Config) -> None:
    """Read the options and, unless tests are only listed, load the subject. Raises ``pytest.UsageError``."""
    option = config.getoption
    file = option("bellcheck_expect_fail")
    try:
        subject = UnderTest(
            option("bellcheck_subject"),
            option("bellcheck_as"),
            declarations(option("bellcheck_declare")),
            claims=option("bellcheck_claim"),
            max_examples=option("bellcheck_max_examples") or DEFAULT_EXAMPLES,
            expected=read_expected(Path(file)) if file else ExpectedFailures(),
        )
        config.stash[_SUBJECT] = subject
        subject.close_with(config)
        if not option("collectonly") and not hasattr(config, "workerinput"):
            subject.start()
    except OSError as error:
        raise pytest.UsageError(f"--bellcheck-expect-fail {file}: {error.strerror}") from None
    except (InvalidSubject, UnknownClaim) as error:
        words = (
            " ".join(str(error).split()).replace("--declare", "--bellcheck-declare").replace("--as ", "--bellcheck-as ")
        )
        raise pytest.UsageError(f"--bellcheck-subject {option('bellcheck_subject')}: {words}") from None
    if config.pluginmanager.has_plugin("dsession"):
        subject.close()  # it is the workers of pytest-xdist that will ask it


def items_of(session: pytest.Session) -> list[pytest.Item]:
    """Return the tests of the subject that the options name, and report them as collected."""
    name = str(session.config.stash[_SUBJECT])
    items = list(SubjectOfOptions.from_parent(session, name=name, nodeid=name).collect())
    session.ihook.pytest_collectreport(report=pytest.CollectReport(name, "passed", None, [*items]))
    return items
