"""The front door in Python: `check_q_learner(subject)` and its like, each a list of results.

A subject is an address, ``"package.module:name"`` or ``"file.py:name"``, or the function or class itself. Either way it
runs in a child process: one that imports it by its address, or, for a function that has none (a closure, a notebook's)
or that cannot be imported by itself, a fork of this one. Conventions are keywords:
``check_solver(solve, epsilon="1/100", axes="ass")``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..registry import select
from .adapters import KNOWN
from .door import Convention, Foreign
from .doors import DOORS, door
from .judge import DEFAULT_EXAMPLES, judge
from .sandbox import InvalidSubject, Limits
from .verdicts import Judgement, Result

__all__ = ["CHECKS", "Front", "address", "declarations", "judge_subject", "subject_of", "written"]


def judge_subject(
    subject: str | Callable[..., Any],
    kind: str | None = None,
    *,
    claims: Sequence[str] = (),
    max_examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    limits: Limits | None = None,
    **declared: Any,
) -> Judgement:
    """Put a subject to every check of its kind, or to those of `claims` (ids, groups or globs).

    `declared` are the conventions of the kind, such as ``discount="9/10"``. Raises `InvalidSubject` for a subject that
    cannot be loaded or a convention that its kind does not have, and `UnknownClaim`.
    """
    foreign = subject_of(subject, kind, {name: written(value) for name, value in declared.items()}, limits or Limits())
    chosen = select(list(claims)) if claims else None
    return judge(foreign, claims=chosen, examples=max_examples, seed=seed)


def subject_of(
    subject: str | Callable[..., Any], kind: str | None, declared: Mapping[str, str], limits: Limits
) -> Foreign:
    """Return the subject of an address or a function; of a known library also its kind and what it declares.

    What is declared here comes on top. Raises `InvalidSubject` where the kind is missing.
    """
    known = KNOWN.get(subject) if isinstance(subject, str) else None
    if known is not None and kind in (None, known.kind):
        name = str(subject).partition(":")[2]
        return Foreign(door(known.kind), f"{known.module}:{name}", {**known.declared, **declared}, limits)
    if kind is None:
        name = subject if isinstance(subject, str) else getattr(subject, "__qualname__", "the subject")
        raise InvalidSubject(f"say what {name} is: --as KIND, one of {', '.join(DOORS)}")
    function = None if isinstance(subject, str) else subject
    return Foreign(door(kind), address(subject), declared, limits, function=function)


def address(subject: str | Callable[..., Any]) -> str | Callable[..., Any]:
    """Return how a child process finds a subject: its address if it has one, else the subject itself."""
    if isinstance(subject, str):
        return subject
    import sys

    module, name = getattr(subject, "__module__", None), getattr(subject, "__qualname__", "<")
    if module in (None, "__main__") or "<" in name or module not in sys.modules:
        return subject
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    file = getattr(sys.modules[module], "__file__", None)
    # By its file rather than by its name: under pytest a module may have a name that nothing else can import.
    return f"{file}:{name}" if found is subject and file and file.endswith(".py") else subject


def written(value: Any) -> str:
    """Return the value of a convention as the text that the command line would be given."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)


def declarations(texts: Sequence[str]) -> dict[str, str]:
    """Return ``NAME=VALUE`` texts as a dictionary. Raises `InvalidSubject`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidSubject(f"--declare {text}: write NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


class Front(Protocol):
    """The checks of one kind of subject."""

    def __call__(
        self,
        subject: str | Callable[..., Any],
        *,
        claims: Sequence[str] = (),
        max_examples: int = DEFAULT_EXAMPLES,
        seed: int = 0,
        limits: Limits | None = None,
        **declared: Any,
    ) -> list[Result]:
        """Return the results; see `judge_subject`."""


def _front(kind: str) -> Front:
    def check(subject: str | Callable[..., Any], **options: Any) -> list[Result]:
        return judge_subject(subject, kind, **options).results

    check.__name__ = check.__qualname__ = f"check_{kind.replace('-', '_')}"
    about = DOORS[kind]
    conventions = "\n".join(f"{c.name} : {_said(c)}" for c in about.conventions)
    check.__doc__ = f"Judge {about.words}: ``{about.signature}``.\n\nConventions\n-----------\n{conventions}"
    return check


def _said(convention: Convention) -> str:
    choices = ", ".join(value for value in convention.values if value)
    return f"{convention.words}; {choices}" if choices else convention.words


CHECKS: dict[str, Front] = {f"check_{kind.replace('-', '_')}": _front(kind) for kind in DOORS}
"""``check_q_learner`` and so on, by name."""
