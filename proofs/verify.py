"""Verify claims: gather the evidence of each, make each control fail, add up the false-alarm probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version

from .claim import Check, Claim, Control
from .evidence import gather, refute
from .registry import select
from .verdict import CheckVerdict, ClaimStatus, ClaimVerdict, ControlVerdict, Run, Summary

__all__ = ["DEFAULT_EXAMPLES", "DEFAULT_SEED", "refutations", "run_of", "verify", "verify_claim"]

DEFAULT_EXAMPLES = 200
DEFAULT_SEED = 0

Progress = Callable[[str], None]
"""Called with what is about to run."""


def verify(
    claims: Iterable[Claim] | None = None,
    *,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = DEFAULT_SEED,
    progress: Progress = lambda step: None,
) -> Run:
    """Verify claims, all of them by default, and return every verdict.

    `examples` counts the instances of each generated check that reached a comparison. The same seed gives the same
    verdicts and counterexamples, whichever claims run beside each other.
    """
    chosen = select([]) if claims is None else claims
    return run_of([verify_claim(claim, examples=examples, seed=seed, progress=progress) for claim in chosen], seed)


def run_of(verdicts: list[ClaimVerdict], seed: int) -> Run:
    """Return verdicts of one seed as a run, with its summary."""
    controls = [control for verdict in verdicts for control in verdict.controls]
    checks = [check for verdict in verdicts for check in verdict.checks]
    statuses = [*(check.status for check in checks), *(control.status for control in controls)]
    return Run(
        bellcheck=version("bellcheck"),
        seed=seed,
        claims=verdicts,
        summary=Summary(
            claims=len(verdicts),
            as_expected=sum(verdict.as_expected for verdict in verdicts),
            not_run=statuses.count("not-run"),
            errors=statuses.count("error"),
            controls=len(controls),
            controls_refuted=sum(control.status == "refuted" for control in controls),
            false_alarm=sum(check.false_alarm for check in checks if check.status in ("holds", "refuted")),
        ),
    )


def verify_claim(
    claim: Claim,
    *,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = DEFAULT_SEED,
    progress: Progress = lambda step: None,
) -> ClaimVerdict:
    """Verify one claim: its checks, and every control under each kind of evidence of the check that refutes it."""
    checks = []
    for check in claim.checks:
        progress(f"{claim.id}: {check.name} ({check.kind})")
        checks.append(gather(claim, check, examples=examples, seed=seed))
    controls = []
    for control, check in refutations(claim):
        progress(f"{claim.id}: {control.name} must fail ({check.kind})")
        controls.append(refute(claim, control, check, examples=examples, seed=seed))
    status: ClaimStatus = "cited" if claim.expected == "cited" else _status(checks)
    return ClaimVerdict(
        id=claim.id,
        status=status,
        expected=claim.expected,
        as_expected=status == claim.expected and _as_expected(claim, checks, controls),
        checks=checks,
        controls=controls,
    )


def refutations(claim: Claim) -> list[tuple[Control, Check]]:
    """Return every control of a claim with each check, of one kind of evidence, that must refute it.

    Checks of one function that differ only in draws which the control replaces count once.
    """
    found: dict[tuple[object, ...], tuple[Control, Check]] = {}
    for position, control in enumerate(claim.controls):
        for check in claim.checks:
            if check.function is control.by and (not control.kinds or check.kind in control.kinds):
                draws = {**check.draws, **control.draws}
                same = (position, check.kind, *((name, id(draws[name])) for name in sorted(draws)))
                found.setdefault(same, (control, check))
    return list(found.values())


def _status(checks: list[CheckVerdict]) -> ClaimStatus:
    statuses = {check.status for check in checks}
    if "error" in statuses:
        return "error"
    if "refuted" in statuses:
        return "refuted"
    return "holds" if "holds" in statuses else "not-run"


def _as_expected(claim: Claim, checks: list[CheckVerdict], controls: list[ControlVerdict]) -> bool:
    return all(check.status in (claim.expected, "not-run") for check in checks) and all(
        control.status in ("refuted", "not-run") for control in controls
    )
