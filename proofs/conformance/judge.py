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

from ..assumptions import binary64
from ..claim import Check, Claim, Kind
from ..evidence import sample, stream
from ..registry import all_claims
from ..relation import Relation
from ..search import HOPELESS, Finding, Judge, Skipped, search
from ..subject import reference
from .conduct import Conduct, Enough, where_offered
from .door import Foreign, View
from .faults import Fault, NotOffered
from .likeness import likeness
from .recorder import Recorder
from .sandbox import InvalidSubject
from .verdicts import Judgement, Result

__all__ = ["DEFAULT_EXAMPLES", "Court", "Step", "checks_about", "judge"]

DEFAULT_EXAMPLES = 50
FEW = 20
"""So many instances in a row without an answer end a check, on a view whose calls have ended in many faults."""
BESIDE = "moved onto numbers that floats hold exactly, the instances are none that the claim is about"
JUDGED: tuple[Kind, ...] = ("exact", "enumerated", "pathwise", "fixture", "statistical")
"""The evidence that foreign code can give: a function of numbers has no symbols."""

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


@dataclass
class Court:
    """A judgement in progress: checks are heard one by one, and conduct is noted on the way."""

    foreign: Foreign
    examples: int = DEFAULT_EXAMPLES
    seed: int = 0
    results: list[Result] = field(default_factory=list)
    recorders: dict[str, Recorder] = field(default_factory=dict)
    false_alarm: float = 0.0
    conduct: Conduct = field(init=False)

    def __post_init__(self) -> None:
        self.conduct = Conduct(self.foreign)

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
            self.conduct.require_patience()
            asked = self.foreign.asked
            try:
                relation = check.function(recorder, **instance)
            except NotOffered as reason:
                reasons.append(str(reason))
                raise Skipped from None
            except Fault as fault:
                if self.conduct.weighs(fault, view):
                    ours_on(instance)  # what our own code cannot be asked is no valid input
                self.conduct.note_fault(fault, view, check, instance)
                reasons.append(f"no instance was answered: {fault}")
                raise Skipped from None
            except Exception:
                ours_on(instance)
                raise
            finally:
                self.conduct.note_written(view, check, instance)
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
                    prepare=where_offered(moved, reasons.append),
                    reductions=view.reductions,
                    hopeless=FEW if recorder.faults >= HOPELESS else HOPELESS,
                )
        except Skipped:
            pass
        except NotOffered as reason:
            reasons.append(str(reason))
        except Enough as reason:
            result.reason = str(reason)
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

    def judgement(self) -> Judgement:
        """Return everything that was seen."""
        results = [*self.results, *self.conduct.results()]
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


def _most_common(reasons: Iterable[str]) -> str:
    return next((reason for reason, _ in Counter(reasons).most_common(1)), "no instance reached a comparison")


def _first_line(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__).strip().split("\n")[0]
