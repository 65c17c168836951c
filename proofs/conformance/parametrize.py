"""Tests of foreign code from the claims: one test a check, in anybody's pytest suite.

::

    from bellcheck.proofs.conformance import parametrize_with_claims

    @parametrize_with_claims([("mypkg.agents:q_update", "q-learner"), ("mypkg.plan:solve", "solver", {"axes": "ass"})])
    def test_conforms(subject, check):
        check(subject)

A check that is refuted fails the test with the counterexample; one that could not be asked skips it with the reason.
The last test of a subject is about its conduct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ..pytest_plugin import CONDUCT
from ..registry import UnknownClaim
from .expected import ExpectedFailures, read_expected
from .judge import DEFAULT_EXAMPLES
from .sandbox import InvalidSubject, Limits
from .under_test import ConductCheck, UnderTest, numbered

__all__ = ["SubjectSpec", "parametrize_with_claims"]

SubjectSpec: TypeAlias = (
    "str | tuple[str | Callable[..., Any], str] | tuple[str | Callable[..., Any], str, Mapping[str, Any]]"
)
"""A subject: its address or the function itself, its kind, and what it declares; of a known library the address."""


def parametrize_with_claims(
    subjects: Sequence[SubjectSpec],
    *,
    claims: Sequence[str] = (),
    max_examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    limits: Limits | None = None,
    expect_fail: str | Path | None = None,
) -> pytest.MarkDecorator:
    """Make a test of each subject and check out of a function that calls ``check(subject)``.

    Parameters
    ----------
    subjects : (address or function, kind), with a dictionary of conventions behind them where there are some.
    claims : ids, groups or globs; all by default.
    expect_fail : a file of what is known to be refuted, as for ``bellcheck check``; it is about each of the subjects.

    Raises ``pytest.Collector.CollectError``, which pytest reports as a message.
    """
    try:
        expected = ExpectedFailures() if expect_fail is None else read_expected(Path(expect_fail))
        listed = [
            UnderTest(
                *_parts(spec), claims=claims, max_examples=max_examples, seed=seed, limits=limits, expected=expected
            )
            for spec in subjects
        ]
    except OSError as error:
        raise pytest.Collector.CollectError(f"expect_fail: {error.filename}: {error.strerror}") from None
    except (InvalidSubject, UnknownClaim) as error:
        raise pytest.Collector.CollectError(str(error)) from None
    for subject, name in zip(listed, numbered(map(str, listed)), strict=True):
        subject.name = name
    return pytest.mark.parametrize(("subject", "check"), [case for subject in listed for case in _cases(subject)])


def _parts(spec: SubjectSpec) -> tuple[str | Callable[..., Any], str | None, Mapping[str, Any]]:
    target, kind, declared = (*spec, {})[:3] if isinstance(spec, tuple | list) else (spec, None, {})
    return target, kind, declared


def _cases(subject: UnderTest) -> Iterator[Any]:
    for check in subject.checks:
        yield pytest.param(subject, check, id=f"{subject}-{check}", marks=pytest.mark.claim(check.claim.id))
    yield pytest.param(subject, ConductCheck(), id=f"{subject}-conduct", marks=pytest.mark.claim(CONDUCT))
