"""The pytest plug-in: tests that are about a claim, and a subject judged from the command line of pytest.

``@pytest.mark.claim("bellman.contraction")`` says what a test is about: an unknown id is an error, the id stands in
the JUnit report, and ``--bellcheck-claim 'bellman.*'`` selects. ``--bellcheck-subject mypkg.agents:q_update
--bellcheck-as q-learner`` adds a test for each check of that kind of subject.

pytest loads this module at every start in everybody's environment, so it imports nothing but pytest; the rest is loaded
when one of the options or markers is used.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]

MARKER = 'claim(id): the test is about this claim, e.g. "bellman.contraction"'


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("bellcheck", "the theory of Q-learning, checked")
    group.addoption(
        "--bellcheck-claim", action="append", default=[], metavar="CLAIM", help="Only tests about it; a glob."
    )
    group.addoption("--bellcheck-subject", metavar="ADDRESS", help="Judge package.module:name or file.py:name.")
    group.addoption("--bellcheck-as", metavar="KIND", help="What the subject is: q-learner, solver, td-loss, ...")
    group.addoption(
        "--bellcheck-declare", action="append", default=[], metavar="NAME=VALUE", help="A convention of it."
    )
    group.addoption("--bellcheck-max-examples", type=int, default=50, metavar="N", help="Instances of each check.")
    group.addoption("--bellcheck-expect-fail", metavar="FILE", help="What is known to be refuted, an id a line.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that ``--strict-markers`` knows it."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of a subject, name the claim of each test for the report, and select by claim."""
    if config.getoption("bellcheck_subject"):
        from .conformance.pytest_items import items_of

        items += items_of(session)
    for item in items:
        for marker in item.iter_markers("claim"):
            _name_claim(item, *marker.args)
    wanted = config.getoption("bellcheck_claim")
    if wanted:
        about = [item for item in items if any(fnmatchcase(name, glob) for name in _claims(item) for glob in wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in about])
        items[:] = about


def _claims(item: pytest.Item) -> list[str]:
    return [str(value) for name, value in item.user_properties if name == "bellcheck_claim"]


def _name_claim(item: pytest.Item, *ids: str) -> None:
    from .registry import UnknownClaim, claim

    for name in ids:
        try:
            claim(name)
        except UnknownClaim as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None
        if name not in _claims(item):
            item.user_properties.append(("bellcheck_claim", name))
