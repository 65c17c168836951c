"""The machinery of evidence refutes what is false, proves what is true, and calls nothing by another name."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact, exact_array, max_norm
from bellcheck.mdp.strategies import mdps, tables
from bellcheck.proofs.assumptions import discounted, steps_in_unit_interval
from bellcheck.proofs.claim import Claim
from bellcheck.proofs.draws import symbolic_mdp, symbolic_number, symbolic_table
from bellcheck.proofs.registry import claim
from bellcheck.proofs.relation import at_most, equal, given, less_than
from bellcheck.proofs.subject import Subject
from bellcheck.proofs.verify import verify, verify_claim


def _claim(**fields):
    defaults = {"id": "bellman.made-up", "title": "made up", "statement": "x", "subject": "operator"}
    return Claim(**{**defaults, **fields})


def _half(mdp, q):
    return q / 2


def _shrinks(T, mdp, q):
    return at_most(max_norm(T(mdp, q)), max_norm(q))


def _raises(mdp, q):
    raise KeyError("a bug, not a refutation")


def test_false_statement_is_refuted_and_reduced_to_one_state():
    """A false inequality is refuted on the smallest model there is, with both sides."""
    member = _claim()
    member.exact(mdp=mdps(), q=tables)(_shrinks)

    verdict = verify_claim(member)

    assert verdict.status == "refuted"
    assert not verdict.as_expected
    counterexample = verdict.checks[0].counterexample
    assert counterexample["mdp"]["states"] == 1
    assert exact(counterexample["sides"]["left"]) > exact(counterexample["sides"]["right"])


def test_false_statement_over_all_reals_is_replayed_in_rationals():
    """z3's counterexample counts because it refutes the same relation between rationals."""
    member = _claim()
    member.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table)(_shrinks)

    verdict = verify_claim(member)

    assert verdict.status == "refuted"
    sides = verdict.checks[0].counterexample["sides"]
    assert exact(sides["left"]) > exact(sides["right"])


def test_contradictory_assumptions_prove_nothing():
    """An obligation whose assumptions cannot be met is not evidence."""

    def impossible(reals):
        x = reals.real("x")
        reals.assume(x > 0)
        reals.assume(x < 0)
        return x

    member = _claim()
    member.all_reals(x=impossible)(lambda T, x: equal(x, x + 1))

    verdict = verify_claim(member)

    assert verdict.status == "not-run"
    assert "nothing would be shown" in verdict.checks[0].reason


def test_premise_that_cannot_be_met_proves_nothing():
    """An implication over all reals is not evidence where no reals meet its premise, together with the assumptions."""
    member = _claim()
    member.all_reals(x=symbolic_number("x", 0, 1))(lambda T, x: given(less_than(x, 0), equal(x, x + 1)))

    verdict = verify_claim(member)

    assert verdict.status == "not-run"
    assert "nothing would be shown" in verdict.checks[0].reason


def test_vacuous_instances_are_not_counted():
    """A check whose premise never holds has compared nothing, and that is an error."""
    member = _claim()
    member.exact(n=st.integers(0, 5))(lambda T, n: given(less_than(n, 0), equal(n, n)))

    verdict = verify_claim(member)

    assert verdict.status == "error"
    assert verdict.checks[0].examples == 0


def test_exception_is_an_error_and_no_refutation():
    """Only a false relation refutes: a crash of the reference or of a mutant is an error."""
    member = _claim()
    check = member.exact(mdp=mdps(), q=tables)(lambda T, mdp, q: equal(T(mdp, q), T(mdp, q)))
    member.refutes(Subject("operator", "crashes", _raises), by=check)

    verdict = verify_claim(member)

    assert verdict.checks[0].status == "holds"
    assert verdict.controls[0].status == "error"
    assert "KeyError" in verdict.controls[0].reason
    assert not verdict.as_expected


def test_control_that_survives_fails_the_claim():
    """A mutant that the check accepts shows that the check has no teeth."""
    member = _claim()
    check = member.exact(mdp=mdps(), q=tables)(lambda T, mdp, q: equal(len(T(mdp, q)), len(q)))
    member.refutes(Subject("operator", "harmless", _half), by=check)

    verdict = verify_claim(member)

    assert verdict.status == "holds"
    assert verdict.controls[0].status == "survived"
    assert not verdict.as_expected


def test_control_needs_an_instance_where_the_reference_holds():
    """A stronger statement that fails only where the check fails as well is not refuted."""
    member = _claim()
    check = member.exact(mdp=mdps(), q=tables)(lambda T, mdp, q: equal(max_norm(q), 0))
    member.too_strong(beside=check)(lambda T, mdp, q: equal(max_norm(q), 0))

    assert verify_claim(member).controls[0].status == "survived"


def test_mutant_is_not_refuted_where_nothing_is_compared():
    """A mutant that meets a premise which the reference never meets has not been compared with it."""
    member = _claim(subject="maximum")
    check = member.exact(n=st.integers(0, 9))(lambda f, n: given(equal(f(exact_array([n])), 99), equal(n, 99)))
    member.refutes(Subject("maximum", "always 99", lambda values: exact(99)), by=check)

    assert verify_claim(member).controls[0].status == "survived"


def test_control_that_would_never_run_is_refused():
    """A control names a check of its claim, and kinds of evidence that the check is."""
    member = _claim()
    check = member.exact(mdp=mdps(), q=tables)(_shrinks)
    mutant = Subject("operator", "half", _half)

    with pytest.raises(ValueError, match="never run; _shrinks is no fixture evidence"):
        member.refutes(mutant, by=check, kinds=("exact", "fixture"))
    with pytest.raises(ValueError, match="'half' would never run"):
        member.refutes(mutant, by=_half)


def test_dropped_assumption_shows_a_counterexample():
    """Without its assumption the same check is refuted."""
    member = _claim(needs=(discounted,))
    check = member.exact(a=st.integers(0, 1))(lambda T, a: at_most(a, 1))
    member.fails_without(steps_in_unit_interval, by=check, a=st.integers(2, 3))

    verdict = verify_claim(member)

    assert verdict.as_expected
    assert verdict.controls[0].counterexample["a"] in (2, 3)


def test_folklore_needs_a_truth_that_its_instances_accept():
    """Folklore is refuted, as expected, only if what is put in its place holds on the same instances."""
    member = _claim(expected="refuted")
    literal = member.exact(n=st.integers(0, 9))(lambda T, n: at_most(n, 3))
    member.truth(beside=literal)(lambda T, n: at_most(n, 9))
    wrong = _claim(expected="refuted")
    again = wrong.exact(n=st.integers(0, 9))(lambda T, n: at_most(n, 3))
    wrong.truth(beside=again)(lambda T, n: at_most(n, 5))

    assert verify_claim(member).as_expected
    assert verify_claim(wrong).controls[0].status == "survived"


def test_statistical_evidence_is_given_its_stream():
    """Statistical checks get a stream of their own and may not draw through Hypothesis."""
    seen = []
    member = _claim()
    stated = {"false_alarm": 1e-9, "power": "none"}
    member.statistical(**stated)(lambda T, seed, false_alarm: seen.append(seed.entropy) or at_most(false_alarm, 1))
    member.statistical(**stated, n=st.integers(0, 1))(lambda T, n, seed, false_alarm: equal(n, n))

    verdict = verify_claim(member, seed=5)
    verify_claim(member, seed=6)

    assert [check.status for check in verdict.checks] == ["holds", "error"]
    assert len(set(seen)) == 2


def test_statistical_counterexample_shows_the_sample_that_decided():
    """A check that spawns streams from its seed is judged, and shown, on one sample."""
    drawn = []

    def draw(T, seed, false_alarm):
        drawn.append(float(np.random.default_rng(seed.spawn(1)[0]).random()))
        return at_most(drawn[-1], -1.0)

    member = _claim()
    check = member.statistical(false_alarm=0.5, power="none")(draw)
    member.too_strong(beside=check)(draw)

    verdict = verify_claim(member)

    assert verdict.checks[0].counterexample["sides"]["left"] == drawn[0]
    assert drawn[1] == drawn[2]


def test_missing_library_is_not_run(monkeypatch):
    """Evidence that needs a library that is not there is not run, and the extra is named."""
    monkeypatch.setitem(sys.modules, "z3", None)

    verdict = verify_claim(claim("bellman.contraction"), examples=20)

    by_kind = {check.kind: check for check in verdict.checks}
    assert by_kind["all-reals"].status == "not-run"
    assert "bellcheck[smt]" in by_kind["all-reals"].reason
    assert by_kind["exact"].status == "holds"
    assert verdict.status == "holds"


def test_same_seed_same_verdicts_in_any_company():
    """A verdict depends on the seed, not on the claims that are verified beside it, nor on their order."""
    first, second = claim("bellman.contraction"), claim("bellman.residual-bounds")

    def counterexamples(run, id):
        return [control.counterexample for member in run.claims if member.id == id for control in member.controls]

    together = verify([first, second], examples=30, seed=3)
    alone = verify([second], examples=30, seed=3)

    assert counterexamples(together, second.id) == counterexamples(alone, second.id)


@pytest.mark.parametrize(
    ("broken", "status"),
    [("holds", 0), ("refuted", 1), ("not-run", 3)],
)
def test_exit_status(broken, status):
    """0 as expected, 1 a verdict that is not, 3 nothing worse than a check that could not run."""
    member = _claim()

    def check(T, n):
        if broken == "not-run":
            raise ModuleNotFoundError("no z3", name="z3")
        return equal(n, n if broken == "holds" else n + 1)

    member.exact(n=st.integers(0, 3))(check)

    assert verify([member]).exit_status == status


def test_arrays_are_shown_as_text():
    """A counterexample holds rationals as text, so that it can be fed back."""
    member = _claim()
    member.fixture(q=exact_array(["1/2", 3]))(lambda T, q: equal(q, 0))

    counterexample = verify_claim(member).checks[0].counterexample

    assert counterexample["q"] == ["1/2", "3"]
