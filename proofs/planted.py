"""The planted bugs, as the claims name them: every wrong subject that some check must refute."""

from __future__ import annotations

from functools import cache

from .mutants.bugs import bug
from .registry import all_claims
from .subject import Subject

__all__ = ["origin", "planted"]


@cache
def planted(kind: str | None = None) -> tuple[Subject, ...]:
    """Return the planted bugs, of one kind of subject or of all, in the order of the catalogue of claims."""
    found: dict[tuple[str, str], Subject] = {}
    for claim in all_claims():
        for control in claim.controls:
            if control.subject is not None and kind in (None, control.subject.kind):
                found.setdefault((control.subject.kind, control.subject.name), control.subject)
    return tuple(found.values())


def origin(subject: Subject) -> str:
    """Return where a planted bug comes from: its row in the catalogue of real bugs with the threads, or its source."""
    if not subject.bug:
        return subject.cites
    return f"bug-{subject.bug}: {', '.join(bug(subject.bug).threads) or bug(subject.bug).words}"
