"""How a subject conducts itself while it is judged: calls that end in faults, and arguments that are written to.

A fault refutes no theorem. It is a point of conduct, shown on the smallest instance on which the same fault is seen.
Where each question costs the whole time limit, the whole memory or a new process, no more is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bellcheck.mdp.reduce import reduce

from ..claim import Check
from ..draws import axes
from ..instance_data import instance_to_data
from ..subject import reference
from .door import Foreign, View
from .faults import FAULTS, Fault, FaultKind, NotOffered
from .verdicts import CONDUCT, Result

__all__ = ["Conduct", "Enough", "where_offered"]

MAX_STARTS = 15
MOST: dict[FaultKind, int] = {"hangs": 3, "out-of-memory": 10}
"""How often a fault is waited for that costs the whole time limit, or the whole memory."""
MOST_FAULTS = 20
FAULT_REDUCTIONS: dict[FaultKind, int] = {"hangs": 0, "out-of-memory": 10}
"""How often a fault is asked for again to make its instance smaller, where that costs more than the default's."""
STUMBLES = ("AttributeError", "IndexError", "KeyError", "RuntimeError", "TypeError", "ValueError")
"""What code raises that is given another form of its arguments than it takes: a table that is an array, say."""

_POINT_OF: dict[FaultKind, str] = {
    "raises": "conduct.answers",
    "crashes": "conduct.answers",
    "hangs": "conduct.answers",
    "exits": "conduct.answers",
    "out-of-memory": "conduct.answers",
    "floods": "conduct.output",
    "wrong-shape": "conduct.shape",
    "not-finite": "conduct.finite",
    "elsewhere": "conduct.cells",
}


class Enough(Exception):
    """No more is asked; the text says why."""


@dataclass(frozen=True)
class _Seen:
    """A point of conduct that was missed: on which instance of which check, and what was seen."""

    detail: str
    view: View
    check: Check
    instance: dict[str, Any]
    fault: Fault | None = None


@dataclass
class Conduct:
    """What has been seen of a subject's conduct."""

    foreign: Foreign
    _missed: dict[tuple[str, ...], _Seen] = field(default_factory=dict, init=False)
    _faults: dict[FaultKind, int] = field(default_factory=dict, init=False)

    def weighs(self, fault: Fault, view: View) -> bool:
        """Return whether a fault is worth a question to our own code before it is noted: it is new, or costly."""
        return self._key(fault, view) not in self._missed or fault.kind in MOST

    def note_fault(self, fault: Fault, view: View, check: Check, instance: dict[str, Any]) -> None:
        """Note a call that did not come back with an answer. Raises `Enough`."""
        self._faults[fault.kind] = self._faults.get(fault.kind, 0) + 1
        if len(self._missed) < MOST_FAULTS:
            self._missed.setdefault(self._key(fault, view), _Seen(str(fault), view, check, instance, fault))
        self.require_patience()

    def note_written(self, view: View, check: Check, instance: dict[str, Any]) -> None:
        """Note what the last calls wrote to."""
        for role in self.foreign.written:
            detail = f"it wrote to the array that it was given as {role}"
            self._missed.setdefault(("conduct.arguments", role), _Seen(detail, view, check, instance))
        self.foreign.written.clear()

    def require_patience(self) -> None:
        """Raise `Enough` where too many questions have cost the whole time limit, the whole memory or a new process."""
        costly = any(self._faults.get(kind, 0) >= most for kind, most in MOST.items())
        if costly or self.foreign.sandbox.starts > MAX_STARTS:
            faults = ", ".join(f"{FAULTS[kind]} {n} times" for kind, n in self._faults.items())
            raise Enough(f"no more is asked: {faults}")

    def results(self) -> list[Result]:
        """Return a result for each point of conduct, as far as it has been seen."""
        results = []
        for point in CONDUCT:
            seen = [self._result(key, seen) for key, seen in self._missed.items() if key[0] == point]
            results += seen or [Result(id=point, check="", says=CONDUCT[point], status="holds")]
        printed = self.foreign.sandbox.printed
        again = self.foreign.asked_again()
        for result in results:
            if result.id == "conduct.output" and result.status == "holds" and printed:
                result.reason = f"it printed {printed} bytes, last: {self.foreign.sandbox.last_output.strip()[-100:]!r}"
            if result.id == "conduct.repeatable" and again is not None:
                result.status, result.reason = "refuted", again
        return results

    def _key(self, fault: Fault, view: View) -> tuple[str, ...]:
        return (_POINT_OF[fault.kind], *fault.signature, view.label)

    def _result(self, key: tuple[str, ...], seen: _Seen) -> Result:
        """A point of conduct that was missed; of faults each kind, and each class of exception, is one of its own."""
        what = " ".join(key[1:3]) if seen.fault is not None else ""
        return Result(
            id=key[0],
            check=what.strip(),
            says=CONDUCT[key[0]],
            status="refuted",
            label=seen.view.label,
            reason=seen.detail + _other_forms(self.foreign, seen.fault),
            instance=instance_to_data(_smallest(seen)),
        )


def _smallest(seen: _Seen) -> dict[str, Any]:
    """Reduce the instance on which a fault was seen, as long as the same fault shows."""
    if seen.fault is None:
        return seen.instance
    signature = seen.fault.signature
    draws = seen.view.draws(seen.check)

    def shows_it(instance: dict[str, Any]) -> bool:
        seen.check.function(reference(seen.view.kind).call, **instance)
        try:
            seen.check.function(seen.view.call, **instance)
        except Fault as fault:
            return fault.signature == signature
        return False

    return reduce(
        seen.instance,
        axes(draws),
        shows_it,
        valid=seen.view.valid(seen.check),
        prepare=where_offered(seen.view.prepare(seen.check)),
        max_calls=FAULT_REDUCTIONS.get(seen.fault.kind, min(seen.view.reductions, 300)),
    )


def where_offered(
    moved: Callable[[dict[str, Any]], dict[str, Any]], note: Callable[[str], object] = lambda reason: None
) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Let `moved` return None where the subject cannot be asked, and `note` the reason."""

    def prepare(instance: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return moved(instance)
        except NotOffered as reason:
            note(str(reason))
            return None

    return prepare


def _other_forms(foreign: Foreign, fault: Fault | None) -> str:
    """What to declare where a subject may have stumbled over the form of what it was given, and declares none."""
    if fault is None or not fault.detail.startswith(STUMBLES):
        return ""
    unsaid = [c for c in foreign.door.conventions if c.form and c.name not in foreign.texts]
    forms = [f"{c.name}={'|'.join(filter(None, c.values))}" for c in unsaid]
    return f"; if it takes another form than it was given, say which: --declare {' or '.join(forms)}" if forms else ""
