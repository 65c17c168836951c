"""The kinds of foreign subjects: what each is given, what it may declare, and as which of our own kinds it is judged.

A *door* is a kind as its authors know it, with the field's signature. A *view* presents the foreign code as one of the
kinds that checks are about, so that the check which proves the theory on our code judges theirs. A *convention* is a
choice that the field leaves open; a subject declares it, and is held to exactly that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import NotANumber, exact

from ..claim import Check
from ..draws import accepts, axes
from .faults import Fault
from .grid import Grid, is_dyadic, nearest
from .sandbox import InvalidSubject, Limits, Sandbox

__all__ = ["Convention", "Door", "Foreign", "View", "choice", "flag", "names", "number", "text"]


@dataclass(frozen=True)
class Convention:
    """Something that a subject may declare: its name, what it says, how its text is read, and what holds by default.

    `values` are the texts to choose from, where there are few; `form` says that it is about the form of what is given.
    """

    name: str
    words: str
    read: Callable[[str], Any]
    default: Any = None
    values: tuple[str, ...] = ()
    form: bool = False


def choice(name: str, words: str, *values: str, form: bool = False) -> Convention:
    """One of a few words, the first by default."""

    def read(given: str) -> str:
        if given not in values:
            raise InvalidSubject(f"--declare {name}={given}: choose one of {', '.join(values)}")
        return given

    return Convention(name, words, read, values[0], values, form)


def flag(name: str, words: str, *, default: bool) -> Convention:
    """Yes or no."""

    def read(given: str) -> bool:
        if given not in ("yes", "no"):
            raise InvalidSubject(f"--declare {name}={given}: say yes or no")
        return given == "yes"

    return Convention(name, words, read, default, ("yes", "no"))


def number(name: str, words: str, *, low: int, high: int | None = None, default: str | None = None) -> Convention:
    """A rational number in [low, high]."""

    def read(given: str) -> fmpq:
        try:
            value = exact(given)
        except NotANumber as error:
            raise InvalidSubject(f"--declare {name}: {error}") from None
        if value < low or (high is not None and value > high):
            raise InvalidSubject(f"--declare {name}={given}: it lies in [{low}, {'oo' if high is None else high}]")
        return value

    return Convention(name, words, read, None if default is None else exact(default))


def names(name: str, words: str) -> Convention:
    """Several words, separated by commas."""
    return Convention(name, words, lambda given: tuple(part.strip() for part in given.split(",") if part.strip()), ())


def text(name: str, words: str) -> Convention:
    """Any text."""
    return Convention(name, words, str)


@dataclass(frozen=True)
class View:
    """Foreign code as one of the kinds that checks are about.

    `pins` replace draws of a check by their names: what the subject declares is not drawn. `grid` moves instances onto
    numbers that floats hold, and `derive` makes of an instance what follows from the rest of it. `effort` multiplies
    the number of examples, for rare faults or slow subjects; `reductions` bounds how often the reducer asks.
    `left_out` says why a check would say nothing of this subject, or None.

    `advice` says what may have to be declared where this view is refuted. `as_called` returns the last call as the
    subject's author would write it, where it is one call.

    `pointwise` says that every answer must be the reference's, and not only keep a promise; `other_declarations` looks
    for conventions that a refuted subject really follows, by the recorded calls and their answers, and names them.
    """

    kind: str
    call: Callable[..., Any]
    grid: Grid
    label: str = ""
    pins: Mapping[str, Any] = field(default_factory=dict)
    effort: float = 1
    reductions: int = 2_000
    left_out: Callable[[Check], str | None] = lambda check: None
    derive: Callable[[dict[str, Any]], dict[str, Any]] = lambda instance: instance
    advice: str | None = None
    as_called: Callable[[], str | None] = lambda: None
    pointwise: bool = True
    other_declarations: Callable[[Sequence[tuple[tuple[Any, ...], Any]]], list[str]] = lambda calls: []

    def draws(self, check: Check) -> dict[str, Any]:
        """Return the draws of a check for this subject."""
        return {**check.draws, **{name: pin for name, pin in self.pins.items() if name in check.draws}}

    def prepare(self, check: Check) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return the function that makes an instance one that the subject can be asked about."""
        moved = self.grid.of(axes(self.draws(check)))
        return lambda instance: self.derive(moved(instance))

    def valid(self, check: Check) -> Callable[[dict[str, Any]], bool]:
        """Return the predicate that tells whether an instance is one that the check draws, moved onto the grid."""
        drawn = accepts(self.draws(check))
        return lambda instance: any(map(drawn, self.grid.origins(instance)))


@dataclass(frozen=True)
class Door:
    """A kind of foreign subject.

    `signature` shows it with the names of the field; `views` makes the views of a subject that has been started, which
    are of the kinds `judged_as`; `notes` say what of it is not judged. One that draws at `random` is a function of its
    seed as well. `rule` is the claim that says what such a subject does.
    """

    kind: str
    words: str
    signature: str
    conventions: tuple[Convention, ...]
    judged_as: tuple[str, ...]
    views: Callable[[Foreign], list[View]]
    random: bool = False
    rule: str = ""
    notes: Callable[[Foreign], list[str]] = lambda foreign: []

    def read(self, declared: Mapping[str, str]) -> dict[str, Any]:
        """Return the value of every convention, as declared or by default. Raises `InvalidSubject`."""
        known = {convention.name: convention for convention in self.conventions}
        for name in declared:
            if name not in known:
                raise InvalidSubject(
                    f"--declare {name}: subjects of kind {self.kind} declare {', '.join(sorted(known)) or 'nothing'}"
                )
        return {
            name: convention.read(declared[name]) if name in declared else convention.default
            for name, convention in known.items()
        }


class Foreign:
    """A subject under judgement: foreign code, how it is reached, and what it declares."""

    REMEMBERED = 25

    def __init__(
        self,
        door: Door,
        target: str | Callable[..., Any],
        declared: Mapping[str, str],
        limits: Limits,
        folder: Path | None = None,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.door, self.target = door, target
        self.name = target if isinstance(target, str) else getattr(target, "__qualname__", repr(target))
        self.texts = dict(declared)
        self.declared = door.read(declared)
        plain = {name: str(value) if isinstance(value, fmpq) else value for name, value in self.declared.items()}
        self.sandbox = Sandbox(
            door.kind,
            target,
            {name: value for name, value in plain.items() if value not in (None, ())},
            limits,
            folder,
            function,
        )
        self.inferred: dict[str, str] = {}
        """What it follows without having declared it: names and texts, as one would declare them."""
        self.written: set[str] = set()
        self.asked = self.answered = 0
        self.random = door.random or self.declared.get("returns") == "action"
        self.latest: dict[str, Any] = {}
        self._remembered: list[tuple[dict[str, Any], int, dict[str, Any]]] = []

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the subject's parameters and constants; known once it has been started."""
        return self.sandbox.roles

    @property
    def parameters(self) -> dict[str, str]:
        """The name of the parameter of each role."""
        return self.sandbox.parameters

    @property
    def constants(self) -> dict[str, str]:
        """The name of what is set before each call, where the number of a role is no parameter."""
        return self.sandbox.constants

    def unasked(self, *numbers: str) -> Callable[[Check], str | None]:
        """Return what says, of any check, why it cannot be asked: of these numbers one is not known, or would round.

        A number is known if it is a parameter, or declared because it is built in.
        """

        def reason(check: Check) -> str | None:
            for role in numbers:
                declared = self.declared.get(role)
                if declared is None and role not in self.roles:
                    return (
                        f"no parameter is the {role}, nor a number of that name in its module of which nothing else is "
                        f"made; if it is built in, say which: --declare {role}=NUMBER"
                    )
                if declared is not None and not is_dyadic(declared):
                    other = nearest(declared)
                    return (
                        f"the {role} {declared} has no exact binary form, so that right code rounds too: make it a "
                        f"parameter, or build in {other} for this run and --declare {role}={other}"
                    )
            return None

        return reason

    def ask(self, question: dict[str, Any], seed: int = 0, seconds: float | None = None) -> dict[str, Any]:
        """Return the answer to a question, and note in `written` which arguments the call changed. Raises `Fault`.

        `latest` is the question from then on.
        `seconds` replace the time limit of a call.
        """
        self.asked, self.latest = self.asked + 1, question
        answer = self.sandbox.ask(question, seed=seed, seconds=seconds)
        self.answered += 1
        for role in answer.get("changed", ()):
            self.written.add(role)
        if len(self._remembered) < self.REMEMBERED:
            self._remembered.append((question, seed, answer))
        return answer

    def asked_again(self) -> str | None:
        """Ask the first questions once more, in another order and, unless it draws at random, with other global seeds.

        Returns what differs; None if every answer is the same: the subject is a function of its arguments.
        """
        for question, seed, answer in reversed(self._remembered):
            try:
                again = self.sandbox.ask(question, seed=seed if self.random else seed + 1)
            except Fault as fault:
                return f"asked the same again, it did not answer: {fault}"
            if repr(again) != repr(answer):
                return f"asked the same again, it answered {_short(again)} and not {_short(answer)}"
        return None


def _short(answer: Mapping[str, Any]) -> str:
    shown = str(next(iter(answer.values()))) if len(answer) == 1 else str(dict(answer))
    return shown if len(shown) <= 120 else shown[:120] + " ..."
