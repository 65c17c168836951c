"""All doors, by kind."""

from __future__ import annotations

from difflib import get_close_matches

from . import learners, losses, policies, relatives, solvers, trainings
from .door import Door
from .sandbox import InvalidSubject

__all__ = ["DOORS", "door"]

_MODULES = (learners, relatives, trainings, solvers, losses, policies)
DOORS: dict[str, Door] = {member.kind: member for module in _MODULES for member in module.DOORS}


def door(kind: str) -> Door:
    """Return the door of a kind; raises `InvalidSubject` for an unknown one."""
    if kind in DOORS:
        return DOORS[kind]
    close = get_close_matches(kind, DOORS, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(DOORS)}"
    raise InvalidSubject(f"no kind of subject is called {kind!r}; {remedy}")
