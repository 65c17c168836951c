"""A counterexample is data: read back from its JSON, it refutes again what it refuted."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

from bellcheck.proofs.claim import Check, Claim, Control
from bellcheck.proofs.evidence import stream
from bellcheck.proofs.instance_data import instance_from_data
from bellcheck.proofs.registry import all_claims, claim
from bellcheck.proofs.subject import reference
from bellcheck.proofs.verify import refutations, verify_claim
from bellcheck.reports.output import to_json

SEED = 0

FEW_SECONDS = (
    "bellman.action-sets-terminals",  # text, tables, rationals
    "bellman.damped-vi",  # symbols
    "bellman.gauss-seidel",  # arrays of integers
    "bellman.joint-vs-marginal",  # tuples of integers
    "deep-q.double-estimator",  # matrices
    "deep-q.terminal-mask",  # booleans, text that reads as a number
    "folklore.only-mean-rewards-matter",  # several models
    "improvement.modified-policy-iteration",  # lists
    "q-learning.constant-shift",  # paths, of one pair at a time and of all
    "q-learning.joint-law",  # a sample, and a subject in place of a draw
    "q-learning.finite-time-corollaries",  # None, floats
    "semi-gradient.key-matrix",  # nested tuples
)


def _through_json(data: Any) -> Any:
    return json.loads(to_json(data))


def _refutes(member: Claim, check: Check, control: Control | None, data: Any) -> bool:
    """Whether a counterexample as JSON data refutes what it is a counterexample to, and nothing more."""
    ours, draws = reference(check.subject).call, {**check.draws, **(control.draws if control else {})}
    names = [control.name] if control else []

    def holds(function: Any, subject: Any) -> bool:
        sample: dict[str, Any] = {}
        if check.kind == "statistical":
            # Spawning from a seed changes it, so each call has its own.
            seed = stream(SEED, member.id, check.name, check.kind, *names)
            sample = {"seed": np.random.SeedSequence(seed.entropy), "false_alarm": check.false_alarm}
        return function(subject, **instance_from_data(data, draws), **sample).holds

    literal = partial(holds, check.function, ours)
    if control is None:
        return not literal()
    if member.expected == "refuted":
        return not literal() and holds(control.statement, ours)
    refuted = not holds(control.statement or check.function, (control.subject or reference(check.subject)).call)
    return refuted and (control.without is not None or literal())


def _not_replayed(member: Claim) -> list[str]:
    """The checks and controls of a claim whose counterexamples do not refute again."""
    verdict = verify_claim(member, examples=20, seed=SEED)
    of_checks = zip(member.checks, [None] * len(member.checks), verdict.checks, strict=True)
    of_controls = [
        (check, control, found) for (control, check), found in zip(refutations(member), verdict.controls, strict=True)
    ]
    found = [
        (part.name, part.kind, _refutes(member, check, control, _through_json(part.counterexample)))
        for check, control, part in [*of_checks, *of_controls]
        if part.counterexample is not None
    ]
    assert len(found) >= len(verdict.controls) or any(part.status == "not-run" for part in verdict.controls)
    return [f"{name} ({kind})" for name, kind, refuted in found if not refuted]


@pytest.mark.parametrize("id", FEW_SECONDS)
def test_counterexamples_refute_again(id: str) -> None:
    """Claims that draw the different kinds of values have counterexamples that can be read back."""
    assert _not_replayed(claim(id)) == []


@pytest.mark.nightly
@pytest.mark.parametrize("member", [pytest.param(member, id=member.id) for member in all_claims()])
def test_every_counterexample_of_the_catalogue_refutes_again(member: Claim) -> None:
    """No claim draws a value that its JSON loses."""
    assert _not_replayed(member) == []
