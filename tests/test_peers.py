"""Published libraries, judged: what is known of them is found by the checks, and what they do right holds.

Each is the package itself, at the version that constraints/test.txt names, in the child process of `bellcheck check`;
nothing here or in the adapters says where to look. `tox -e peers` installs them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bellcheck.proofs.conformance.door import Foreign, View
from bellcheck.proofs.conformance.faults import Fault
from bellcheck.proofs.conformance.front import subject_of
from bellcheck.proofs.conformance.judge import checks_about
from bellcheck.proofs.conformance.sandbox import Limits
from bellcheck.proofs.instance_data import instance_from_data
from bellcheck.proofs.registry import claim
from bellcheck.reports.command_line import main

pytestmark = pytest.mark.peers

Viewed = Callable[[str, str, str], View]

VALUES = "bellman.solver-promise::values_are_within_epsilon"
POLICY = "bellman.solver-promise::policy_loses_at_most_epsilon"
CYCLES = "improvement.policy-iteration::no_policy_is_seen_twice"
BOX = "q-learning.bounded::runs_end_in_the_box"
FORMULA = "deep-q.loss-gradient::loss_and_gradient_are_the_formula"

FINDINGS = {
    "pymdptoolbox:value_iteration": (f"{VALUES}::dense", f"{VALUES}::sparse"),
    # Two ways of a state tie while all values change alike, and its policy is the worse one.
    "pymdptoolbox:gauss_seidel": (f"{VALUES}::dense", f"{POLICY}::dense"),
    "pymdptoolbox:policy_iteration": (f"{CYCLES}::dense",),
    "pymdptoolbox:modified_policy_iteration": (f"{VALUES}::dense", f"{VALUES}::sparse"),
    "pymdptoolbox:q_learning": (f"{BOX}::sparse",),
}
"""Address -> what is false of it."""

CRASHES = [
    (address, f"raises {error}", form)
    for address in ("pymdptoolbox:value_iteration", "pymdptoolbox:gauss_seidel")
    for error in ("ValueError", "OverflowError")
    for form in ("dense", "sparse")
]
"""Where it raises: all rewards are zero, and it takes the logarithm of how much they change the values."""

KEPT = {
    "pymdptoolbox:value_iteration": (f"{POLICY}::dense", f"{POLICY}::sparse"),
    "pymdptoolbox:policy_iteration": (f"{VALUES}::dense", f"{POLICY}::dense", f"{POLICY}::sparse"),
    "pymdptoolbox:modified_policy_iteration": (f"{POLICY}::dense", f"{POLICY}::sparse"),
    "pymdptoolbox:q_learning": (f"{BOX}::dense",),
}
"""Address -> what holds, so that the findings beside it are no misunderstanding of ours."""

CLAIMS = {
    "pymdptoolbox:q_learning": ("q-learning.bounded",),
    "pymdptoolbox:policy_iteration": ("improvement.policy-iteration", "bellman.solver-promise"),
}
FEW = ("--max-examples", "20")
"""A run of the whole catalogue shows more of the same, in minutes."""

LOSSES = {
    "torchrl:dqn": "error=square",
    "torchrl:double_dqn": "error=square double=yes",
    "torchrl:dqn_l1": "error=absolute",
    "torchrl:dqn_smooth_l1": "error=huber threshold=1",
    "torchrl:weighted_dqn": "error=square weighted=yes normalised=yes",
    "stable_baselines3:dqn": "error=huber threshold=1",
}
"""Address -> the convention that it follows, as one declares it."""

MISTAKEN = [
    ("torchrl:dqn", "error=half-square"),
    ("torchrl:dqn", "double=yes"),
    ("torchrl:double_dqn", "double=no"),
    ("torchrl:dqn_l1", "error=square"),
    ("torchrl:dqn_smooth_l1", "threshold=2"),
    ("torchrl:weighted_dqn", "normalised=no"),
    ("stable_baselines3:dqn", "double=yes"),
    ("stable_baselines3:dqn", "reduction=sum"),
    ("stable_baselines3:dqn", "masked=yes"),
]
"""Address, and something that is not true of it."""


def _solved(address: str) -> tuple[int, dict[str, Any]]:
    claims = CLAIMS.get(address, ("bellman.solver-promise",))
    return _checked(address, *FEW, *(text for name in claims for text in ("--claim", name)))


@cache
def _checked(address: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status of `bellcheck check`, and the JSON that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "judgement.json"
        status = main(["check", address, *options, "--json", str(file)])
        return status, json.loads(file.read_text(encoding="utf-8"))


def _named(judgement: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The results of that name; a check with two kinds of evidence has two."""
    return [
        result
        for result in judgement["results"]
        if name == "::".join(filter(None, (result["id"], result["check"], result.get("label"))))
    ]


def _refuted(address: str, name: str) -> dict[str, Any]:
    _, judgement = _solved(address)
    return next(result for result in _named(judgement, name) if result["status"] == "refuted")


def _n_states(result: dict[str, Any]) -> int:
    states = result["instance"]["mdp"]["states"]
    return states if isinstance(states, int) else len(states)


def _each(table: dict[str, tuple[str, ...]]) -> list[Any]:
    pairs = [(address, name) for address, names in table.items() for name in names]
    return [_together(address, name) for address, name in pairs]


def _together(address: str, *rest: str) -> Any:
    """A case whose tests run in the process that has judged the library."""
    return pytest.param(address, *rest, id="-".join((address, *rest)), marks=pytest.mark.xdist_group(address))


@pytest.fixture(scope="module")
def view() -> Iterator[Viewed]:
    """A function that starts a library, and returns the view of it in which a result was found."""
    started: dict[str, Foreign] = {}

    def viewed(address: str, kind: str, label: str) -> View:
        if address not in started:
            started[address] = subject_of(address, None, {}, Limits())
            started[address].sandbox.start()
        views = started[address].door.views(started[address])
        return next(view for view in views if (view.kind, view.label) == (kind, label))

    yield viewed
    for foreign in started.values():
        foreign.sandbox.close()


# -------------------------------------------------------------------- pymdptoolbox


@pytest.mark.parametrize(("address", "name"), _each(FINDINGS))
def test_what_is_false_of_it_is_found(address: str, name: str) -> None:
    """The promise is refuted, on a model of a few states."""
    status, _ = _solved(address)

    result = _refuted(address, name)

    assert status == 1
    assert _n_states(result) <= 4


@pytest.mark.parametrize(("address", "name"), _each(FINDINGS))
def test_its_counterexample_refutes_again(address: str, name: str, view: Viewed) -> None:
    """What the JSON holds is enough to ask the library again, and the relation is false again."""
    result = _refuted(address, name)
    (check,) = [
        check
        for _, check in checks_about([result["view"]], [claim(result["id"])])
        if (check.name, check.kind) == (result["check"], result["evidence"])
    ]
    instance = instance_from_data(result["instance"], check.draws)

    relation = check.function(view(address, result["view"], result["label"]).call, **instance)

    assert relation.reached
    assert not relation.holds


@pytest.mark.parametrize(("address", "fault", "form"), [_together(*case) for case in CRASHES])
def test_zero_rewards_end_in_an_exception(address: str, fault: str, form: str, view: Viewed) -> None:
    """Conduct names the exception and a model on which it is raised: all its rewards are 0; it is raised again."""
    result = _refuted(address, f"conduct.answers::{fault}::{form}")
    instance = instance_from_data(result["instance"])

    with pytest.raises(Fault) as raised:
        view(address, "solver", form).call(instance["mdp"], instance["epsilon"])

    assert _n_states(result) <= 2
    assert list(instance["mdp"].reward) == [0] * len(instance["mdp"].reward)
    assert str(raised.value).removeprefix("an exception on valid input: ").startswith(fault.removeprefix("raises "))


@pytest.mark.parametrize(("address", "name"), _each(KEPT))
def test_what_is_true_of_it_holds(address: str, name: str) -> None:
    """Beside what is refuted, by the same way through the adapter."""
    _, judgement = _solved(address)

    found = _named(judgement, name)

    assert found
    assert {result["status"] for result in found} == {"holds"}


# -------------------------------------------------------------------- torchrl and Stable-Baselines3


@pytest.mark.parametrize("address", [_together(address) for address in LOSSES])
def test_a_loss_is_what_it_is_said_to_be(address: str) -> None:
    """Nothing is refuted, and loss and gradient are the formula of the declared convention."""
    status, judgement = _checked(address)

    assert status == 0
    assert [result for result in judgement["results"] if result["status"] == "refuted"] == []
    assert [result["status"] for result in _named(judgement, FORMULA)] == ["holds"]
    assert judgement["looks_like"] == []


@pytest.mark.parametrize(("address", "declared"), [_together(*case) for case in MISTAKEN])
def test_a_mistaken_declaration_is_refuted_by_the_true_one(address: str, declared: str) -> None:
    """The formula does not fit, and the judgement says which declaration would."""
    status, judgement = _checked(
        address, "--declare", declared, "--claim", "deep-q.loss-gradient", "--max-examples", "10"
    )

    assert status == 1
    assert [result["status"] for result in _named(judgement, FORMULA)] == ["refuted"]
    assert f"it agrees with another declaration: {LOSSES[address]}" in judgement["looks_like"]
