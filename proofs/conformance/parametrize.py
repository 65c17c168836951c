"""Tests of foreign code from the claims: one test a check, in anybody's pytest suite.

::

    from bellcheck.proofs.conformance import parametrize_with_claims

    @parametrize_with_claims([("mypkg.agents:q_update", "q-learner"), ("mypkg.plan:solve", "solver", {"axes": "ass"})])
    def test_conforms(subject, check):
        check(subject)

A check that is refuted fails the test with the counterexample; one that could not be asked skips it with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import pytest

from ..assumptions import binary64
from ..claim import Check, Claim
from ..registry import all_claims, select
from .door import Door
from .front import subject_of, written
from .judge import DEFAULT_EXAMPLES, JUDGED, Court
from .sandbox import Limits
from .verdicts import Result

__all__ = [
    "ClaimCheck",
    "ConductCheck",
    "SubjectSpec",
    "UnderTest",
    "checks_for",
    "parametrize_with_claims",
    "text_of",
]

SubjectSpec: TypeAlias = (
    "tuple[str | Callable[..., Any], str] | tuple[str | Callable[..., Any], str, Mapping[str, Any]]"
)
"""A subject: its address or the function itself, its kind, and what it declares."""


class UnderTest:
    """A subject in a test session: it is started at the first check, and hears one check after the other."""

    def __init__(self, spec: SubjectSpec, *, max_examples: int, seed: int, limits: Limits) -> None:
        target, kind, *rest = spec
        declared = {name: written(value) for name, value in (rest[0] if rest else {}).items()}
        self.foreign = subject_of(target, kind, declared, limits)
        self.court = Court(self.foreign, max_examples, seed)

    def __str__(self) -> str:
        return self.foreign.name

    def hear(self, claim: Claim, check: Check) -> list[Result]:
        """Return the results of one check, one for each view that it judges."""
        self.foreign.sandbox.start()
        views = [view for view in self.foreign.door.views(self.foreign) if view.kind == check.subject]
        return [self.court.hear(view, claim, check) for view in views]


class ClaimCheck:
    """One check of one claim, to be called with a subject."""

    def __init__(self, claim: Claim, check: Check) -> None:
        self.claim, self.check = claim, check

    def __str__(self) -> str:
        return f"{self.claim.id}::{self.check.name}-{self.check.kind}"

    def __call__(self, subject: UnderTest, record: Callable[[str, object], None] = lambda name, value: None) -> None:
        """Fail with the counterexample if the subject refutes the check; skip if it could not be asked."""
        results = subject.hear(self.claim, self.check)
        _decide(results, subject.court, record)


class ConductCheck:
    """What is expected of any subject, whatever its kind; it looks at how the checks before it were answered."""

    def __str__(self) -> str:
        return "conduct"

    def __call__(self, subject: UnderTest, record: Callable[[str, object], None] = lambda name, value: None) -> None:
        """Fail with the first point of conduct that was missed."""
        subject.foreign.sandbox.start()
        _decide(subject.court.conduct(), subject.court, record)


def _decide(results: list[Result], court: Court, record: Callable[[str, object], None]) -> None:
    refuted = [result for result in results if result.status == "refuted"]
    for result in refuted[:1]:
        if result.instance is not None:
            record("bellcheck_counterexample", json.dumps(result.instance, ensure_ascii=False))
        pytest.fail("\n".join([text_of(result), *(f"{words}." for words in court.looks_like())]), pytrace=False)
    if results and all(result.status == "not-run" for result in results):
        pytest.skip(results[0].reason or "not run")
    if not results:
        pytest.skip("the subject does not offer this")


def text_of(result: Result) -> str:
    """Return a refuted result as text: what was stated, the instance, what was due and what came."""
    lines = [f"{result.name}: {result.says}"]
    if result.reason is not None:
        lines.append(result.reason)
    asked = result.call.asked if result.call is not None else result.instance or {}
    lines += [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in asked.items() if name != "sides"]
    if result.call is not None or "sides" in (result.instance or {}):
        lines += [f"  expected: {_plain(result.expected)}", f"  got:      {_plain(result.got)}"]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def checks_for(kind: Door, claims: Sequence[str] = ()) -> list[ClaimCheck]:
    """Return the checks that may judge a kind of subject; which of them it offers is known once it runs."""
    chosen = select(list(claims)) if claims else all_claims()
    return [
        ClaimCheck(claim, check)
        for claim in chosen
        if claim.expected == "holds" and binary64 not in claim.needs
        for check in claim.checks
        if check.subject in kind.judged_as and check.kind in JUDGED
    ]


@cache
def _conduct() -> ConductCheck:
    return ConductCheck()


def parametrize_with_claims(
    subjects: Sequence[SubjectSpec],
    *,
    claims: Sequence[str] = (),
    max_examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    limits: Limits | None = None,
) -> pytest.MarkDecorator:
    """Make a test of each subject and check out of a function that calls ``check(subject)``.

    Parameters
    ----------
    subjects : (address or function, kind), with a dictionary of conventions behind them where there are some.
    claims : ids, groups or globs; all by default.
    """
    cases = []
    for spec in subjects:
        subject = UnderTest(spec, max_examples=max_examples, seed=seed, limits=limits or Limits())
        cases += [
            pytest.param(subject, check, id=f"{subject}-{check}", marks=pytest.mark.claim(check.claim.id))
            for check in checks_for(subject.foreign.door, claims)
        ]
        cases.append(pytest.param(subject, _conduct(), id=f"{subject}-conduct"))
    return pytest.mark.parametrize(("subject", "check"), cases)
