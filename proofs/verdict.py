"""Verdicts are data: tests assert them, the command line prints them, reports draw them, ``--json`` writes them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

__all__ = ["CheckVerdict", "ClaimStatus", "ClaimVerdict", "ControlVerdict", "Run", "Summary"]

ClaimStatus: TypeAlias = Literal["holds", "refuted", "not-run", "cited", "error"]


class CheckVerdict(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one check showed; `false_alarm` is the probability that a true claim is refuted by chance."""

    name: str
    kind: str
    status: Literal["holds", "refuted", "not-run", "error"]
    examples: int
    false_alarm: float
    seconds: float
    reason: str | None = None
    counterexample: dict[str, Any] | None = None


class ControlVerdict(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Whether what must fail did fail, by the check's own relation on a valid instance where the reference holds."""

    name: str
    kind: str
    status: Literal["refuted", "survived", "error", "not-run"]
    counterexample: dict[str, Any] | None
    by: str
    seconds: float
    reason: str | None = None


class ClaimVerdict(msgspec.Struct, kw_only=True):
    """The verdict on one claim."""

    id: str
    status: ClaimStatus
    expected: Literal["holds", "refuted", "cited"]
    as_expected: bool
    checks: list[CheckVerdict]
    controls: list[ControlVerdict]


class Summary(msgspec.Struct, kw_only=True):
    """Counts over a run, and the sum of its false-alarm probabilities."""

    claims: int
    as_expected: int
    not_run: int
    errors: int
    controls: int
    controls_refuted: int
    false_alarm: float


class Run(msgspec.Struct, kw_only=True):
    """Everything that one run of `verify` showed."""

    bellcheck: str
    seed: int
    claims: list[ClaimVerdict]
    summary: Summary

    @property
    def exit_status(self) -> int:
        """0 as expected; 1 some verdict is not, or a control survived; 3 nothing worse than a check not run."""
        checks = [check.status for claim in self.claims for check in claim.checks]
        controls = [control.status for claim in self.claims for control in claim.controls]
        wrong = "error" in checks or "error" in controls or "survived" in controls
        unexpected = any(not claim.as_expected and claim.status != "not-run" for claim in self.claims)
        if wrong or unexpected:
            return 1
        return 3 if "not-run" in checks or "not-run" in controls else 0
