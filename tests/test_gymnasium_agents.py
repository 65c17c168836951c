"""Agents as in Gymnasium's tutorials: a class that is given an environment, keeps a table and learns from steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from bellcheck.proofs.conformance.front import judge_subject
from bellcheck.proofs.conformance.verdicts import Judgement

TUTORIAL = Path(__file__).parent / "subjects" / "tutorial.py"
UNDEFINED = "deep-q.terminal-mask::undefined_values_of_ends_do_not_matter"
ONE_STEP = "q-learning.update-rule::one_entry_moves_to_its_target"


def _judged(name: str, kind: str, *claims: str, **declared: str) -> Judgement:
    return judge_subject(f"{TUTORIAL}:{name}", kind, claims=claims, max_examples=12, **declared)


def _refuted(judgement: Judgement) -> set[str]:
    return {result.name for result in judgement.results if result.status == "refuted"}


def test_an_agent_that_asks_whether_the_episode_ended_agrees() -> None:
    """Made anew for each question, given a table by the name that it keeps it under, it passes what it is asked."""
    judgement = _judged("Agent", "agent")

    held = {result.name for result in judgement.results if result.status == "holds"}
    assert _refuted(judgement) == set()
    assert {ONE_STEP, "deep-q.terminal-mask::values_of_ends_do_not_matter"} <= held


def test_an_agent_that_multiplies_by_whether_it_ended_agrees_where_all_are_numbers() -> None:
    """On tables of numbers, `(not terminated) *` is the mask."""
    judgement = _judged("AgentByFactor", "agent", "q-learning.update-rule")

    assert _refuted(judgement) == set()
    assert judgement.exit_status == 0


def test_an_agent_that_does_not_ask_is_refuted() -> None:
    """It bootstraps from the row of an end, which holds anything."""
    judgement = _judged("AgentWithoutEnds", "agent", "q-learning.update-rule", "deep-q.terminal-mask")

    assert ONE_STEP in _refuted(judgement)


@pytest.mark.parametrize(("name", "refuted"), [("by_choice", set()), ("by_factor", {UNDEFINED})])
def test_a_factor_is_no_mask_where_an_end_holds_no_number(name: str, refuted: set[str]) -> None:
    """A finding about the idiom `(not terminated) * max(...)`: 0 times NaN is NaN, and the target of an end is r."""
    judgement = _judged(name, "q-learner", "deep-q.terminal-mask", undefined="yes")

    assert _refuted(judgement) == refuted
    for result in judgement.results:
        if result.status == "refuted":
            assert "nan" in str(result.got)
            assert "nan" not in str(result.expected)
