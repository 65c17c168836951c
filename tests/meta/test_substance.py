"""What the claims show is not empty: bounds have room and are attained, identities are between things that vary.

A generated check is measured on instances drawn as `verify` draws them. Its inequalities must be strict on a tenth of
them, and attained or approached on an instance that the claim names. Its identities must have two sides that vary, and
a control must break them on a tenth. Models with terminal states and tables with ties must be among the instances of a
claim, wherever its hypotheses allow them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase

from bellcheck.mdp.arithmetic import is_exact
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.proofs.claim import Check, Claim, Control
from bellcheck.proofs.draws import instances, resolve
from bellcheck.proofs.evidence import stream
from bellcheck.proofs.registry import all_claims
from bellcheck.proofs.relation import Comparison
from bellcheck.proofs.subject import reference
from bellcheck.proofs.verify import refutations

GENERATED = ("exact", "enumerated", "pathwise", "autograd")
SHARE = 0.1
EXAMPLES = 100

CLAIMS = [pytest.param(member, id=member.id) for member in all_claims() if member.expected == "holds"]
CHECKS = [
    pytest.param(member, check, id=f"{member.id}-{check.name}-{check.kind}-{position}")
    for member in all_claims()
    if member.expected == "holds"
    for position, check in enumerate(member.checks)
    if check.kind in GENERATED
]


_DRAWN: dict[tuple[object, ...], list[dict[str, Any]]] = {}


def _drawn(member: Claim, check: Check, **replaced: Any) -> list[dict[str, Any]]:
    """The first instances of a check or, with other draws, of a control; each is drawn once."""
    draws = {**check.draws, **replaced}
    key = (member.id, *((name, id(value)) for name, value in draws.items()))
    if key not in _DRAWN:
        _DRAWN[key] = _draw(draws, int(stream(0, member.id, check.name, check.kind).generate_state(1)[0]))
    return _DRAWN[key]


def _draw(draws: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    search = hypothesis.seed(seed)(
        hypothesis.settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )(hypothesis.given(instances(draws))(lambda instance: found.append(instance)))
    )
    search()
    return found


def _reached(member: Claim, check: Check) -> list[list[Comparison]]:
    """What the check compares on each instance where it compares anything."""
    relate = partial(check.function, reference(check.subject).call)
    compared = [relate(**instance).comparisons() for instance in _drawn(member, check)]
    return [comparisons for comparisons in compared if comparisons]


def _refutation_rate(member: Claim, control: Control, check: Check) -> float:
    relate = partial(control.statement or check.function, (control.subject or reference(check.subject)).call)
    relations = [relate(**instance) for instance in _drawn(member, check, **control.draws)]
    reached = [relation for relation in relations if relation.reached]
    return sum(not relation.holds for relation in reached) / max(len(reached), 1)


@pytest.mark.parametrize(("member", "check"), CHECKS)
def test_inequalities_have_room(member, check):
    """An inequality that is an equality nearly everywhere would be the wrong statement."""
    reached = [[c for c in comparisons if c.words != "equals"] for comparisons in _reached(member, check)]
    reached = [comparisons for comparisons in reached if comparisons]

    assert sum(any(c.strict for c in comparisons) for comparisons in reached) >= SHARE * len(reached)


@pytest.mark.parametrize(("member", "check"), CHECKS)
def test_inequalities_are_attained_on_a_named_instance(member, check):
    """Where there is always room the bound could be weaker than the theory's and nobody would see it."""
    has_bound = any(c.words != "equals" for comparisons in _reached(member, check) for c in comparisons)

    assert not has_bound or any(tight.by is check.function for tight in member.tight)


@pytest.mark.parametrize("member", CLAIMS)
def test_named_instances_are_tight(member):
    """On the instances that a claim names the relation holds, and an inequality comes as near as it says."""
    for tight in member.tight:
        check = next(c for c in member.checks if c.function is tight.by)
        relate = partial(tight.by, reference(check.subject).call)
        stated = {"seed": stream(0, member.id), "false_alarm": check.false_alarm} if check.kind == "statistical" else {}

        relation = relate(**resolve({**check.draws, **tight.draws}, _no_strategy), **stated)

        assert relation.holds
        assert any(comparison.attains(tight.share) for comparison in relation.comparisons()), tight.name


def _no_strategy(strategy: Any) -> Any:
    raise TypeError(f"a named instance leaves nothing to be drawn, but there is {strategy}")


@pytest.mark.parametrize(("member", "check"), CHECKS)
def test_identities_are_between_things_that_vary(member, check):
    """Two constants that agree show nothing; both sides take several values."""
    reached = [[c for c in comparisons if c.words == "equals"] for comparisons in _reached(member, check)]
    reached = [comparisons for comparisons in reached if comparisons]
    if not reached or not _varies(check):
        return

    for side in ("left", "right"):
        assert len({str([getattr(c, side) for c in comparisons]) for comparisons in reached}) > 1


def _varies(check: Check) -> bool:
    return any(callable(draw) or isinstance(draw, st.SearchStrategy) for draw in check.draws.values())


@pytest.mark.parametrize(("member", "check"), CHECKS)
def test_a_perturbation_shows_often(member, check):
    """Some control fails on a tenth of the instances: the check would not need luck to see a defect."""
    rates = {
        control.name: _refutation_rate(member, control, by)
        for control, by in refutations(member)
        if by.function is check.function and by.kind == check.kind
    }

    assert max(rates.values()) >= SHARE, rates


@pytest.mark.parametrize("member", CLAIMS)
def test_terminal_states_and_ties_occur(member):
    """Where the hypotheses allow them, models have terminal states and tables (or q*) tie."""
    drawn = [
        instance
        for check in member.checks
        if check.kind in GENERATED and _varies(check)
        for instance in _drawn(member, check)
    ]
    models = [value for instance in drawn for value in instance.values() if isinstance(value, FiniteMDP)]
    if len(models) < EXAMPLES:
        return
    excluded = {need.name for need in member.needs}

    assert "no-terminals" in excluded or any(len(mdp.terminal_states) for mdp in models)
    assert "unique-greedy" in excluded or any(map(_ties, drawn))


def _ties(instance: dict[str, Any]) -> bool:
    """Whether two actions of a state are equally good in a drawn table, or in truth."""
    models = [value for value in instance.values() if isinstance(value, FiniteMDP) and is_exact(value.reward)]
    tables = [value for value in instance.values() if isinstance(value, np.ndarray) and value.dtype == object]
    return any(
        table.shape == (mdp.n_pairs,) and greedy_pairs(mdp, table).sum() > len(mdp.acting)
        for mdp in models
        for table in [*tables, *([policy_iteration(mdp).q] if mdp.discount < 1 else [])]
    )


@pytest.mark.parametrize("member", CLAIMS)
def test_every_assumption_is_dropped_or_kept_for_a_reason(member):
    """What a claim needs is shown to be needed; or its page says why that cannot be shown here."""
    dropped = {control.without.name for control in member.controls if control.without is not None}
    kept = {kept.assumption.name for kept in member.undropped}

    assert dropped | kept == {need.name for need in member.needs}
    assert not dropped & kept
