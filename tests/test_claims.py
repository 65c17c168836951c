"""Every claim, at the default number of examples: the theory holds, and each planted bug is refuted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bellcheck.proofs
from bellcheck.proofs.claim import GROUPS
from bellcheck.proofs.registry import all_claims, claim, explanation
from bellcheck.proofs.verify import verify_claim

CLAIMS = [pytest.param(member, id=member.id) for member in all_claims()]
BIBLIOGRAPHY = Path(bellcheck.proofs.__file__).with_name("references.bib").read_text(encoding="utf-8")


@pytest.mark.parametrize("member", CLAIMS)
def test_claim_is_as_expected(member):
    """Every check has the expected verdict, every control is refuted; what is cited alone has neither."""
    verdict = verify_claim(member)

    assert verdict.as_expected, verdict
    assert {check.status for check in verdict.checks} == ({member.expected} if member.expected != "cited" else set())
    assert {control.status for control in verdict.controls} <= {"refuted"}


@pytest.mark.parametrize("member", CLAIMS)
def test_every_check_is_itself_tested(member):
    """A check that no control can make fail shows nothing."""
    checked = {check.name for check in member.checks}
    controlled = {control.by.__name__ for control in member.controls}

    assert checked == controlled


@pytest.mark.parametrize("member", CLAIMS)
def test_claim_is_a_page(member):
    """A claim explains itself, uses claims that exist, and cites what the bibliography holds."""
    group, slug = member.id.split(".")

    assert group in GROUPS
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(explanation(member)) > 200
    assert member.sources if member.expected == "cited" else member.checks
    assert all(f"{{{source.key}," in BIBLIOGRAPHY for source in member.sources)


@pytest.mark.parametrize("member", CLAIMS)
def test_claim_uses_only_known_claims_or_says_so(member):
    """What an argument invokes is a claim here, and no claim rests on itself."""

    def rests_on(id: str, above: tuple[str, ...]) -> None:
        assert id not in above
        for used in claim(id).uses:
            rests_on(used, (*above, id))

    rests_on(member.id, ())


def test_statistical_evidence_adds_up_below_one_in_a_million():
    """The false-alarm probabilities of a full run, controls aside, stay below 1e-6."""
    total = sum(check.false_alarm for member in all_claims() for check in member.checks)

    assert 0 < total < 1e-6
