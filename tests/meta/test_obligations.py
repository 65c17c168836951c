"""Proof obligations are decided with room to spare: what z3 needs for one varies with what it did before."""

from __future__ import annotations

import pytest

from bellcheck.proofs import evidence
from bellcheck.proofs.registry import all_claims

OBLIGATIONS = [
    pytest.param(member, check, id=f"{member.id}-{check.name}-{position}")
    for member in all_claims()
    for position, check in enumerate(member.checks)
    if check.kind == "all-reals"
]


@pytest.mark.parametrize(("member", "check"), OBLIGATIONS)
def test_a_third_of_the_resources_is_enough(member, check, monkeypatch):
    """An obligation next to the limit would be proved today and not run tomorrow."""
    monkeypatch.setattr(evidence, "RLIMIT", evidence.RLIMIT // 3)

    assert evidence.gather(member, check, examples=1, seed=0).status == "holds"
