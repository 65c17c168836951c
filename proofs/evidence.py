"""How evidence of each kind is gathered, and how a control is made to fail.

Generated evidence is a search: Hypothesis finds an instance that the relation refutes, the domain reducer finishes it.
Only a relation that is false counts as a refutation; any other exception is an error and fails the run. The seed of
each search is a hash of the run's seed, the claim and the check, so no verdict depends on which others ran, or when.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Reals
from bellcheck.mdp.extras import MissingExtra, missing_extra
from bellcheck.mdp.reduce import reduce

from .claim import Check, Claim, Control
from .draws import accepts, axes, from_model, resolve
from .relation import Undecided
from .search import Finding, Judge, search, search_among
from .shared_draws import SharedDraws
from .subject import Subject, reference
from .verdict import CheckVerdict, ControlVerdict

__all__ = ["gather", "refute", "sample", "stream"]

RLIMIT = 2_000_000
"""z3's resource limit for one obligation: a count of its steps, not a time, so that machines agree."""

CONTROL_EXAMPLES = 2_000
"""How many instances a control may look at; one refutation is enough and ends the search.

With the 200 of a check, a mutant that one instance in forty refutes would survive one run in two hundred."""


class _NotRun(Exception):
    """Evidence that could not be gathered: no verdict either way."""


def stream(seed: int, *names: str) -> np.random.SeedSequence:
    """Return the named random stream of a run: the same for the same seed and names, whatever else runs."""
    digest = hashlib.sha256("/".join([str(seed), *names]).encode()).digest()
    return np.random.SeedSequence(int.from_bytes(digest[:16], "big"))


def gather(claim: Claim, check: Check, *, examples: int, seed: int) -> CheckVerdict:
    """Run one check on our own reference."""
    began = time.perf_counter()
    verdict = CheckVerdict(
        name=check.name, kind=check.kind, status="holds", examples=0, false_alarm=check.false_alarm, seconds=0.0
    )
    try:
        judge = Judge(partial(check.function, reference(check.subject).call))
        finding = _find(check, check.draws, judge, examples, _seed(seed, claim, check))
        verdict.examples = finding.examples
        if finding.instance is not None:
            verdict.status, verdict.counterexample = "refuted", finding.counterexample
        elif finding.examples == 0:
            verdict.status, verdict.reason = "error", "no instance reached a comparison"
    except Exception as error:
        verdict.status, verdict.reason = _not_a_verdict(error)
    verdict.seconds = time.perf_counter() - began
    return verdict


def refute(
    claim: Claim, control: Control, check: Check, *, examples: int, seed: int, among: SharedDraws | None = None
) -> ControlVerdict:
    """Run a control under one kind of evidence of the check that must refute it.

    It looks at up to `CONTROL_EXAMPLES` instances of its own, or `among` those that others are asked about too.
    """
    began = time.perf_counter()
    verdict = ControlVerdict(
        name=control.name, kind=check.kind, status="survived", counterexample=None, by=check.name, seconds=0.0
    )
    try:
        ours = reference(check.subject)
        draws = {**check.draws, **control.draws}
        random = _seed(seed, claim, check, control.name)
        if claim.expected == "refuted":
            verdict.counterexample, verdict.reason = _accepted_truth(check, control, ours, draws, examples, random)
        else:
            judge = _control_judge(control, check, ours)
            if among is None:
                finding = _find(check, draws, judge, CONTROL_EXAMPLES, random)
            else:
                finding = search_among(among, draws, judge, among.examples)
                if not finding.examples:
                    raise _NotRun("no instance reached a comparison")
            verdict.counterexample = finding.counterexample
        if verdict.counterexample is not None:
            verdict.status = "refuted"
    except Exception as error:
        verdict.status, verdict.reason = _not_a_verdict(error)
    verdict.seconds = time.perf_counter() - began
    return verdict


def _seed(seed: int, claim: Claim, check: Check, *more: str) -> np.random.SeedSequence:
    return stream(seed, claim.id, check.name, check.kind, *more)


def _not_a_verdict(error: Exception) -> tuple[Any, str]:
    if isinstance(error, _NotRun | Undecided | MissingExtra):
        return "not-run", str(error)
    remedy = missing_extra(error) if isinstance(error, ImportError) else None
    return ("not-run", remedy) if remedy else ("error", f"{type(error).__name__}: {error}")


def _control_judge(control: Control, check: Check, ours: Subject) -> Judge:
    """A refutation by a control: the mutant or the stronger statement fails where the reference's check holds.

    For a mutant the check must compare something there; a stronger statement may be one with a weaker premise.
    """
    relate = partial(control.statement or check.function, (control.subject or ours).call)
    if control.without is not None:
        return Judge(relate)

    def reference_holds(instance: dict[str, Any]) -> bool:
        relation = check.function(ours.call, **instance)
        return relation.holds and (relation.reached or control.statement is not None)

    return Judge(relate, also=reference_holds)


def _accepted_truth(
    check: Check, control: Control, ours: Subject, draws: Mapping[str, Any], examples: int, seed: np.random.SeedSequence
) -> tuple[dict[str, Any] | None, str | None]:
    """Folklore: the literal statement is refuted on an instance, and the true one holds there and on all others."""
    assert control.statement is not None
    truth = partial(control.statement, ours.call)
    against = _find(check, draws, Judge(truth), examples, seed)
    if against.instance is not None:
        return None, f"the true statement fails as well: {against.counterexample}"
    literal = Judge(partial(check.function, ours.call), also=lambda instance: truth(**instance).holds)
    return _find(check, draws, literal, CONTROL_EXAMPLES, seed).counterexample, None


# -------------------------------------------------------------------- the search


def _find(check: Check, draws: Mapping[str, Any], judge: Judge, examples: int, seed: np.random.SeedSequence) -> Finding:
    if check.kind == "all-reals":
        return _decide(check, draws, judge)
    if check.kind == "statistical":
        return sample(check, draws, judge, seed)
    return search(draws, judge, examples, seed)


def sample(check: Check, draws: Mapping[str, Any], judge: Judge, seed: np.random.SeedSequence) -> Finding:
    """Take the one sample of a statistical check, outside any search."""
    shown = resolve(draws, _no_strategy)

    def instance() -> dict[str, Any]:
        # Spawning from a seed changes it; with one each, the verdict, the control and what is shown see one sample.
        return {**shown, "seed": np.random.SeedSequence(seed.entropy), "false_alarm": check.false_alarm}

    relation = judge.relate(**instance())
    return Finding(1) if relation.holds or not judge.also(instance()) else Finding(1, shown, relation)


def _no_strategy(strategy: Any) -> Any:
    raise TypeError(f"statistical evidence stays outside Hypothesis, but draws from {strategy}")


# -------------------------------------------------------------------- all reals


def _decide(check: Check, draws: Mapping[str, Any], judge: Judge) -> Finding:
    """Ask z3 whether the relation can fail; a model is replayed in exact rationals before it counts."""
    import z3

    reals = Reals()
    instance = resolve(draws, _no_strategy, reals=reals)
    relation = judge.relate(**instance)
    formula, premises = relation.formula(), relation.premises()

    def ask(*facts: Any) -> tuple[Any, Any]:
        solver = z3.Solver(ctx=reals.context)
        solver.set("rlimit", RLIMIT)
        solver.add(*reals.facts, *facts)
        return solver.check(), solver

    if ask(*reals.examples, *premises)[0] != z3.sat:
        raise _NotRun("z3 finds no instance that meets the assumptions, so that nothing would be shown")
    # A counterexample with the suggested numbers is found at once where there is one; a proof must do without them.
    answer, solver = ask(*reals.examples, z3.Not(formula))
    if answer != z3.sat:
        answer, solver = ask(z3.Not(formula))
    if answer == z3.unsat:
        return Finding(1)
    if answer == z3.unknown:
        raise _NotRun(f"z3 found neither a proof nor a counterexample: {solver.reason_unknown()}")
    model = solver.model()
    numbers = {name: from_model(value, model) for name, value in instance.items()}
    if not judge.refutes(numbers):
        raise _NotRun("z3's counterexample does not refute the relation when replayed in exact rationals")
    smallest = reduce(numbers, axes(draws), judge.refutes, valid=accepts(draws))
    return Finding(1, smallest, judge.relate(**smallest))
