"""The pytest plug-in: tests that are about a claim, and a subject judged from the command line of pytest.

``@pytest.mark.claim("bellman.contraction")`` says what a test is about: an unknown id is an error, the id stands in
the JUnit report, and ``--bellcheck-claim 'bellman.*'`` selects. ``--bellcheck-subject mypkg.agents:q_update
--bellcheck-as q-learner`` adds a test for each check of that kind of subject.

pytest loads this module at every start in everybody's environment, so it imports nothing but pytest; the rest is loaded
when one of the options or markers is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextvars import ContextVar

import pytest

__all__ = [
    "CONDUCT",
    "RUNNING",
    "StaleExpectation",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_sessionstart",
]

CONDUCT = "conduct"
"""What stands in the marker in place of a claim where a test is about what is expected of any subject."""

MARKER = 'claim(id): the test is about this claim, e.g. "bellman.contraction"'

RUNNING: ContextVar[pytest.Item | None] = ContextVar("RUNNING", default=None)
"""The test that is running: a check that is called in its body reports to it, and the body need not hand it on."""

_REFUSED = pytest.StashKey[str]()


class StaleExpectation(pytest.PytestWarning):
    """A line of a file of expected failures that is not refuted any more, or is about nothing."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("bellcheck", "the theory of Q-learning, checked")
    group.addoption(
        "--bellcheck-claim", action="append", default=[], metavar="CLAIM", help="Only tests about it; a glob."
    )
    group.addoption(
        "--bellcheck-subject", metavar="ADDRESS", help="Judge package.module:name or file.py:name, a test a check."
    )
    group.addoption("--bellcheck-as", metavar="KIND", help="What the subject is: q-learner, solver, td-loss, ...")
    group.addoption(
        "--bellcheck-declare",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A convention of the subject; again for more.",
    )
    group.addoption(
        "--bellcheck-max-examples", type=_at_least_one, metavar="N", help="Instances of each of its checks."
    )
    group.addoption(
        "--bellcheck-expect-fail",
        metavar="FILE",
        help="What is known to be refuted of it, an id a line; a stale line warns (fails with -W error).",
    )


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that ``--strict-markers`` knows it."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse bad options before pytest-xdist starts its workers, which cannot refuse a run."""
    option = session.config.getoption
    if option("bellcheck_claim"):
        _ids(option("bellcheck_claim"))
    if option("bellcheck_subject") is not None:
        from .conformance.pytest_items import prepare

        prepare(session.config)
        return
    for name in ("as", "declare", "max-examples", "expect-fail"):
        if option(f"bellcheck_{name.replace('-', '_')}"):
            raise pytest.UsageError(f"--bellcheck-{name} says something of a subject; name it: --bellcheck-subject")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name the claim of each test for the report, select by claim, and add the tests of a subject."""
    for item in items:
        _name_claims(item)
    wanted = config.getoption("bellcheck_claim")
    if wanted:
        ids = _ids(wanted)
        about = [item for item in items if not ids.isdisjoint(_claims(item))]
        config.hook.pytest_deselected(items=[item for item in items if item not in about])
        items[:] = about
    if config.getoption("bellcheck_subject") is not None:
        from .conformance.pytest_items import items_of

        added = items_of(session)
        for item in added:
            _name_claims(item)
        items += added


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is wrong, where the whole run could not be refused."""
    if _REFUSED in item.stash:
        pytest.fail(item.stash[_REFUSED], pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Say which test is running."""
    before = RUNNING.set(item)
    try:
        return (yield)
    finally:
        RUNNING.reset(before)


def _claims(item: pytest.Item) -> list[str]:
    return [str(value) for name, value in item.user_properties if name == "bellcheck_claim"]


def _name_claims(item: pytest.Item) -> None:
    for marker in item.iter_markers("claim"):
        wrong = _wrong_with(marker)
        if wrong is not None and hasattr(item.config, "workerinput"):
            item.stash[_REFUSED] = wrong  # one worker of pytest-xdist cannot refuse a run
        elif wrong is not None:
            raise pytest.UsageError(f"{item.nodeid}: {wrong}")
        item.user_properties += [("bellcheck_claim", name) for name in marker.args if name not in _claims(item)]


def _wrong_with(marker: pytest.Mark) -> str | None:
    if marker.kwargs or not marker.args or not all(isinstance(name, str) for name in marker.args):
        return 'the marker names a claim by its id: @pytest.mark.claim("bellman.contraction")'
    from .registry import UnknownClaim, claim

    try:
        for name in marker.args:
            if name != CONDUCT:
                claim(name)
    except UnknownClaim as error:
        return str(error)
    return None


def _ids(patterns: list[str]) -> set[str]:
    from .registry import UnknownClaim, select

    try:
        return {claim.id for claim in select(patterns)}
    except UnknownClaim as error:
        raise pytest.UsageError(f"--bellcheck-claim: {error}") from None
