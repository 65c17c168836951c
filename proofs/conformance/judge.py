"""Judge foreign code: every check that is about its kind, on instances that floats hold exactly.

The checks are those of the claims, and so are the draws; only the subject is another. A refutation counts where the
relation is false and our own reference's is true. A call that does not come back with an answer is no refutation of a
theorem but a point of conduct of its own, and the search goes on behind it.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from bellcheck.mdp.reduce import reduce

from ..assumptions import binary64
from ..claim import Check, Claim, Kind
from ..draws import axes
from ..evidence import sample, stream
from ..instance_data import instance_to_data
from ..registry import all_claims
from ..relation import Relation
from ..search import HOPELESS, Finding, Judge, Skipped, search
from ..subject import reference
from .door import Foreign, View
from .faults import FAULTS, Fault, FaultKind, NotOffered
from .likeness import likeness
from .recorder import Recorder
from .sandbox import InvalidSubject
from .verdicts import CONDUCT, Judgement, Result

__all__ = ["DEFAULT_EXAMPLES", "Court", "Step", "checks_about", "judge"]

DEFAULT_EXAMPLES = 50
MAX_STARTS = 15
MOST: dict[FaultKind, int] = {"hangs": 3, "out-of-memory": 10}
"""How often a fault is waited for that costs the whole time limit, or the whole memory."""
MOST_FAULTS = 20
FEW = 20
"""So many instances in a row without an answer end a check, on a view whose calls have ended in many faults."""
FAULT_REDUCTIONS: dict[FaultKind, int] = {"hangs": 0, "out-of-memory": 10}
"""How often a fault is asked for again to make its instance smaller, where that costs more than the default's."""
BESIDE = "moved onto numbers that floats hold exactly, the instances are none that the claim is about"
STUMBLES = ("AttributeError", "IndexError", "KeyError", "RuntimeError", "TypeError", "ValueError")
"""What code raises that is given another form of its arguments than it takes: a table that is an array, say."""
JUDGED: tuple[Kind, ...] = ("exact", "enumerated", "pathwise", "fixture", "statistical")
"""The evidence that foreign code can give: a function of numbers has no symbols."""

_CONDUCT_OF: dict[FaultKind, str] = {
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

Step = Callable[[str, int, int], None]
"""Called with what is about to run, and how many of how many checks are done."""


def checks_about(kinds: Collection[str], claims: Iterable[Claim] | None = None) -> list[tuple[Claim, Check]]:
    """Return the checks that judge foreign code as one of our kinds, of all claims or of some.

    They are those of claims that are expected to hold, but for claims about our own arithmetic.
    """
    chosen = all_claims() if claims is None else claims
    return [
        (claim, check)
        for claim in chosen
        if claim.expected == "holds" and binary64 not in claim.needs
        for check in claim.checks
        if check.subject in kinds and check.kind in JUDGED
    ]


def judge(
    foreign: Foreign,
    *,
    claims: Sequence[Claim] | None = None,
    examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    progress: Step = lambda step, done, total: None,
) -> Judgement:
    """Put a subject to every check of its kind, or those of some claims, and return the results.

    Raises `sandbox.InvalidSubject` if the subject cannot be loaded, or no check of its kind is about the claims. The
    same seed gives the same judgement.
    """
    if not checks_about(foreign.door.judged_as, claims):
        ids = [claim.id for claim in claims or ()]
        about = ", ".join(ids[:3]) + (f" or {len(ids) - 3} more" if len(ids) > 3 else "")
        raise InvalidSubject(f"nothing that a {foreign.door.kind} is asked is about {about}")
    foreign.sandbox.start()
    try:
        views = foreign.door.views(foreign)
        work = [(view, claim, check) for view in views for claim, check in checks_about([view.kind], claims)]
        court = Court(foreign, examples, seed)
        for done, (view, claim, check) in enumerate(work):
            progress(f"{claim.id}: {check.name}", done, len(work))
            court.hear(view, claim, check)
        progress("asking again", len(work), len(work))
        return court.judgement()
    finally:
        foreign.sandbox.close()


@dataclass(frozen=True)
class _Seen:
    """A point of conduct that was missed: on which instance of which check, and what was seen."""

    detail: str
    view: View
    check: Check
    instance: dict[str, Any]
    fault: Fault | None = None


@dataclass
class Court:
    """A judgement in progress: checks are heard one by one, and conduct is noted on the way."""

    foreign: Foreign
    examples: int = DEFAULT_EXAMPLES
    seed: int = 0
    results: list[Result] = field(default_factory=list)
    missed: dict[tuple[str, ...], _Seen] = field(default_factory=dict)
    recorders: dict[str, Recorder] = field(default_factory=dict)
    faults: dict[FaultKind, int] = field(default_factory=dict)
    false_alarm: float = 0.0

    def hear(self, view: View, claim: Claim, check: Check) -> Result:
        """Run one check on one view of the subject, and return the result."""
        began = time.perf_counter()
        result = Result(
            id=claim.id,
            check=check.name,
            says=_first_line(check.function),
            status="holds",
            view=view.kind,
            evidence=check.kind,
            label=view.label,
        )
        self.results.append(result)
        result.reason = view.left_out(check)
        if result.reason is not None:
            result.status = "not-run"
            return result
        recorder = self.recorders.setdefault(view.kind + view.label, Recorder(view))
        reasons: list[str] = []
        ours = reference(view.kind)

        def relate(**instance: Any) -> Relation:
            self._enough()
            asked = self.foreign.asked
            try:
                relation = check.function(recorder, **instance)
            except NotOffered as reason:
                reasons.append(str(reason))
                raise Skipped from None
            except Fault as fault:
                if self._key(fault, view) not in self.missed or fault.kind in MOST:
                    ours_on(instance)  # what our own code cannot be asked is no valid input
                self._note_fault(fault, view, check, instance)
                reasons.append(f"no instance was answered: {fault}")
                raise Skipped from None
            except Exception:
                ours_on(instance)
                raise
            finally:
                self._note_written(view, check, instance)
            if self.foreign.asked == asked:
                raise Skipped  # a path of no steps, say: true or false, it is nothing that the subject did
            return relation

        def ours_on(instance: dict[str, Any]) -> Relation:
            # Moved onto the grid, an instance may be none any more: then our own code cannot be asked about it either.
            try:
                return check.function(ours.call, **instance)
            except Exception:
                raise Skipped from None

        def reference_holds(instance: dict[str, Any]) -> bool:
            relation = ours_on(instance)
            if not (relation.holds and relation.reached):
                reasons.append(BESIDE)
                raise Skipped  # neither for the subject nor against it
            return True

        def moved(instance: dict[str, Any]) -> dict[str, Any]:
            found = prepare(instance)
            if not valid(found):
                raise NotOffered(BESIDE)
            return found

        draws, prepare, valid = view.draws(check), view.prepare(check), view.valid(check)
        finding, judge = Finding(0), Judge(relate, also=reference_holds)
        random = stream(self.seed, self.foreign.door.kind, claim.id, check.name, check.kind, view.label)
        try:
            if check.kind == "statistical":
                finding = sample(check, prepare(dict(draws)), judge, random)
                self.false_alarm += check.false_alarm
            else:
                finding = search(
                    draws,
                    judge,
                    math.ceil(self.examples * view.effort),
                    random,
                    valid=valid,
                    prepare=_where_offered(moved, reasons.append),
                    reductions=view.reductions,
                    hopeless=FEW if recorder.faults >= HOPELESS else HOPELESS,
                )
        except Skipped:
            pass
        except NotOffered as reason:
            reasons.append(str(reason))
        except _Enough:
            faults = ", ".join(f"{FAULTS[kind]} {n} times" for kind, n in self.faults.items())
            result.reason = f"no more is asked: {faults}"
        result.examples = finding.examples
        if result.reason is not None:
            result.status = "not-run"
        elif finding.instance is not None:
            result.status, result.instance, result.reason = "refuted", finding.counterexample, view.advice
            result.call = recorder.first_wrong(check.function, finding.instance, ours)
        elif finding.examples == 0:
            result.status, result.reason = "not-run", _most_common(reasons)
        result.seconds = time.perf_counter() - began
        return result

    # ---------------------------------------------------------------- conduct

    def _note_fault(self, fault: Fault, view: View, check: Check, instance: dict[str, Any]) -> None:
        self.faults[fault.kind] = self.faults.get(fault.kind, 0) + 1
        if len(self.missed) < MOST_FAULTS:
            self.missed.setdefault(self._key(fault, view), _Seen(str(fault), view, check, instance, fault))
        self._enough()

    def _key(self, fault: Fault, view: View) -> tuple[str, ...]:
        return (_CONDUCT_OF[fault.kind], *fault.signature, view.label)

    def _enough(self) -> None:
        """Ask no more where each question costs the whole time limit, the whole memory or a new process."""
        costly = any(self.faults.get(kind, 0) >= most for kind, most in MOST.items())
        if costly or self.foreign.sandbox.starts > MAX_STARTS:
            raise _Enough

    def _note_written(self, view: View, check: Check, instance: dict[str, Any]) -> None:
        for role in self.foreign.written:
            detail = f"it wrote to the array that it was given as {role}"
            self.missed.setdefault(("conduct.arguments", role), _Seen(detail, view, check, instance))
        self.foreign.written.clear()

    def conduct(self) -> list[Result]:
        """Return a result for each point of conduct, as far as it has been seen."""
        results = []
        for point in CONDUCT:
            seen = [self._conduct(key, seen) for key, seen in self.missed.items() if key[0] == point]
            results += seen or [Result(id=point, check="", says=CONDUCT[point], status="holds")]
        printed = self.foreign.sandbox.printed
        again = self.foreign.asked_again()
        for result in results:
            if result.id == "conduct.output" and result.status == "holds" and printed:
                result.reason = f"it printed {printed} bytes, last: {self.foreign.sandbox.last_output.strip()[-100:]!r}"
            if result.id == "conduct.repeatable" and again is not None:
                result.status, result.reason = "refuted", again
        return results

    def judgement(self) -> Judgement:
        """Return everything that was seen."""
        results = [*self.results, *self.conduct()]
        if not self.foreign.answered:
            # Whoever refuses everything refuses what is no model: that is no merit.
            for result in results:
                if result.status == "holds":
                    result.status, result.reason = "not-run", "no call was answered"
        return Judgement(
            bellcheck=version("bellcheck"),
            subject=self.foreign.name,
            kind=self.foreign.door.kind,
            declared=self.foreign.texts,
            inferred=self.foreign.inferred,
            constants=self.foreign.constants,
            notes=self.foreign.door.notes(self.foreign),
            seed=self.seed,
            results=results,
            looks_like=self.looks_like(),
            calls=self.foreign.asked,
            false_alarm=self.false_alarm,
        )

    def looks_like(self) -> list[str]:
        """Return what a refuted subject looks like, in words."""
        refuted = any(result.status == "refuted" for result in self.results)
        return likeness(self.recorders.values()) if refuted else []

    def _conduct(self, key: tuple[str, ...], seen: _Seen) -> Result:
        """A point of conduct that was missed; of faults each kind, and each class of exception, is one of its own."""
        what = " ".join(key[1:3]) if seen.fault is not None else ""
        return Result(
            id=key[0],
            check=what.strip(),
            says=CONDUCT[key[0]],
            status="refuted",
            label=seen.view.label,
            reason=seen.detail + _other_forms(self.foreign, seen.fault),
            instance=instance_to_data(self._smallest(seen)),
        )

    def _smallest(self, seen: _Seen) -> dict[str, Any]:
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
            prepare=_where_offered(seen.view.prepare(seen.check)),
            max_calls=FAULT_REDUCTIONS.get(seen.fault.kind, min(seen.view.reductions, 300)),
        )


class _Enough(Exception):
    pass


def _where_offered(
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


def _most_common(reasons: Iterable[str]) -> str:
    return next((reason for reason, _ in Counter(reasons).most_common(1)), "no instance reached a comparison")


def _first_line(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__).strip().split("\n")[0]
