"""A subject in a test session, and its checks as tests: each fails with its counterexample, passes or is skipped.

A subject is asked each check once a process, in whatever order pytest runs the tests. Its conduct shows only in how it
answers; so the test of conduct, the last one, first asks whatever has not been asked in its process.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from ..claim import Check, Claim
from ..pytest_plugin import RUNNING, StaleExpectation
from ..registry import select
from .door import View
from .expected import ExpectedFailures
from .front import subject_of, written
from .judge import Court, checks_about
from .sandbox import InvalidSubject, Limits
from .story import story
from .verdicts import CONDUCT, Judgement, Result, words_of_inferred

__all__ = ["ClaimCheck", "ConductCheck", "UnderTest", "numbered"]


class UnderTest:
    """A subject in a test session: it is started when it is first asked, and is asked each check once.

    Parameters
    ----------
    target, kind, declared : the subject, as for `front.subject_of`.
    claims : ids, groups or globs; all for none.
    expected : what is known to be refuted.

    Raises `InvalidSubject` and `UnknownClaim`.
    """

    def __init__(
        self,
        target: str | Callable[..., Any],
        kind: str | None,
        declared: Mapping[str, Any],
        *,
        claims: Sequence[str],
        max_examples: int,
        seed: int = 0,
        limits: Limits | None = None,
        expected: ExpectedFailures | None = None,
    ) -> None:
        if max_examples < 1:
            raise InvalidSubject(f"max_examples is {max_examples}; a check looks at one instance at least")
        texts = {name: written(value) for name, value in declared.items()}
        self.foreign = subject_of(target, kind, texts, limits or Limits())
        self.court = Court(self.foreign, max_examples, seed)
        self.expected = expected or ExpectedFailures()
        self.name = _name_of(target)
        about = checks_about(self.foreign.door.judged_as, select(list(claims)))
        if not about:
            raise InvalidSubject(f"nothing that a {self.foreign.door.kind} is asked is about {', '.join(claims)}")
        names = numbered(f"{claim.id}::{check.name}-{check.kind}" for claim, check in about)
        self.checks = [ClaimCheck(claim, check, name) for (claim, check), name in zip(about, names, strict=True)]
        self._views: list[View] = []
        self._heard: dict[str, list[Result]] = {}
        self._refusal = ""
        self._closes = False

    def __str__(self) -> str:
        return self.name

    def start(self) -> None:
        """Load the subject, where the tests find modules. Raises `InvalidSubject`, and does so again at once."""
        if self._refusal:
            raise InvalidSubject(self._refusal)
        sandbox = self.foreign.sandbox
        # The folder last: what is installed is what is tested, if it is what the tests import.
        sandbox.path = [str(entry) for entry in (*sys.path, sandbox.folder)]
        try:
            sandbox.start()
        except InvalidSubject as error:
            self._refusal = str(error)
            raise
        self._views = self._views or self.foreign.door.views(self.foreign)

    def close(self) -> None:
        """End the child process; a further question would start a new one."""
        self.foreign.sandbox.close()

    def close_with(self, config: pytest.Config) -> None:
        """End the child process with the session at the latest."""
        if not self._closes:
            config.add_cleanup(self.close)
            self._closes = True

    def hear(self, check: ClaimCheck) -> list[Result]:
        """Return the results of a check, one for each view that it judges. Raises `InvalidSubject`."""
        if check.name not in self._heard:
            self.start()
            self._heard[check.name] = [
                self.court.hear(view, check.claim, check.check)
                for view in self._views
                if view.kind == check.check.subject
            ]
        return self._heard[check.name]

    def judgement(self) -> Judgement:
        """Return the results of all checks, of those too that were not asked yet, and what they say of conduct."""
        for check in self.checks:
            self.hear(check)
        self.start()
        return self.court.judgement()


def _name_of(target: str | Callable[..., Any]) -> str:
    """Return a name without addresses in memory and folders: it is part of test ids, the same in every process."""
    if isinstance(target, str):
        return target
    name = getattr(target, "__qualname__", type(target).__qualname__)
    return f"{target.__module__}:{name}".replace("<locals>.", "").replace("<lambda>", "lambda")


def numbered(names: Iterable[str]) -> list[str]:
    """Return the names, each that comes again with a number behind it."""
    count: Counter[str] = Counter()
    found = []
    for name in names:
        count[name] += 1
        found.append(name if count[name] == 1 else f"{name}#{count[name]}")
    return found


class ClaimCheck:
    """One check of one claim, to be called with a subject."""

    def __init__(self, claim: Claim, check: Check, name: str) -> None:
        self.claim, self.check, self.name = claim, check, name

    def __str__(self) -> str:
        return self.name

    def __call__(self, subject: UnderTest) -> None:
        """Fail with the counterexample if the subject refutes the check; skip if it could not be asked."""
        __tracebackhide__ = True
        _report_to_the_test(subject)
        try:
            results = subject.hear(self)
        except InvalidSubject as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        _say_what_was_inferred(subject)
        refuted = any(result.status == "refuted" for result in results)
        _decide(results, subject, [f"{words}." for words in subject.court.looks_like()] if refuted else [])


class ConductCheck:
    """What is expected of any subject, and whether what is expected to fail still does."""

    def __str__(self) -> str:
        return "conduct"

    def __call__(self, subject: UnderTest) -> None:
        """Fail with the points of conduct that were missed; warn of stale lines, or fail where warnings are errors."""
        __tracebackhide__ = True
        _report_to_the_test(subject)
        try:
            judgement = subject.judgement()
        except InvalidSubject as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        finally:
            subject.close()
        stale = _warn_of_stale_lines(subject.expected, judgement)
        _decide([result for result in judgement.results if result.id in CONDUCT], subject, stale, fails=bool(stale))


def _report_to_the_test(subject: UnderTest) -> None:
    """Name the subject in the report of the test that is running, which also says when the session ends."""
    item = RUNNING.get()
    if item is not None:
        _record("bellcheck_subject", subject.name)
        subject.close_with(item.config)


def _say_what_was_inferred(subject: UnderTest) -> None:
    """Say beside a failure, and with -rP of what passes, which conventions nobody declared; the JUnit file has them."""
    item, inferred = RUNNING.get(), subject.foreign.inferred
    if item is not None and inferred:
        words = words_of_inferred(inferred)
        _record("bellcheck_inferred", words)
        item.add_report_section("call", "bellcheck", words)


def _record(name: str, value: str) -> None:
    item = RUNNING.get()
    if item is not None and (name, value) not in item.user_properties:
        item.user_properties.append((name, value))


def _decide(results: list[Result], subject: UnderTest, besides: list[str], *, fails: bool = False) -> None:
    """Fail, skip or pass, or fail as expected; `besides` is said below a counterexample, or `fails` by itself."""
    __tracebackhide__ = True
    refuted = [result for result in results if result.status == "refuted"]
    unexpected = [result for result in refuted if not subject.expected.covers(result)]
    told = unexpected or refuted
    if told and told[0].instance is not None:
        _record("bellcheck_counterexample", json.dumps(told[0].instance, ensure_ascii=False))
    if told and not unexpected and not fails:
        line = subject.expected.about(told[0])[0]
        pytest.xfail(f"{subject.expected.place(line)} expects it: {line}")  # goes on under --runxfail
    if told or fails:
        pytest.fail("\n".join([*_text(told), *besides]), pytrace=False)
    if not results:
        pytest.skip("the subject does not offer this")
    if all(result.status == "not-run" for result in results):
        pytest.skip(results[0].reason or "not run")


def _text(refuted: list[Result]) -> list[str]:
    """The first counterexample in full, and of the others what is wrong."""
    lines = story(refuted[0]) if refuted else []
    return lines + [f"{result.name}: {result.in_a_line}" for result in refuted[1:]]


def _warn_of_stale_lines(expected: ExpectedFailures, judgement: Judgement) -> list[str]:
    """Warn of the stale lines, at their place in the file; return what is wrong with those that are errors."""
    errors = []
    for line in expected.stale(judgement):
        words = expected.why_stale(line, judgement)
        try:
            warnings.warn_explicit(words, StaleExpectation, str(expected.path), expected.numbers[line])
        except StaleExpectation:
            errors.append(f"{expected.place(line)}: {words}")
    return errors
