"""Published libraries, judged: what is known of them is found by the checks, and what they do right holds.

Each is the package itself, at the version that constraints/test.txt names, in the child process of `bellcheck check`;
nothing here or in the adapters says where to look. `tox -e peers` installs them.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bellcheck.proofs.conformance.door import View
from bellcheck.proofs.conformance.faults import Fault
from bellcheck.proofs.conformance.front import subject_of
from bellcheck.proofs.conformance.judge import checks_about
from bellcheck.proofs.conformance.sandbox import Limits
from bellcheck.proofs.instance_data import instance_from_data
from bellcheck.proofs.registry import claim
from bellcheck.reports.command_line import main

pytestmark = pytest.mark.peers

VALUES = "bellman.solver-promise::values_are_within_epsilon"
POLICY = "bellman.solver-promise::policy_loses_at_most_epsilon"
CYCLES = "improvement.policy-iteration::no_policy_is_seen_twice"
BOX = "q-learning.bounded::runs_end_in_the_box"
FORMULA = "deep-q.loss-gradient::loss_and_gradient_are_the_formula"
HEADS = "deep-q.loss-targets::heads_of_missing_actions_do_not_matter"

FINDINGS = {
    "pymdptoolbox:value_iteration": (f"{VALUES}::dense", f"{VALUES}::sparse"),
    # Two ways of a state tie while all values change alike, and its policy is the worse one.
    "pymdptoolbox:gauss_seidel": (f"{VALUES}::dense", f"{POLICY}::dense"),
    "pymdptoolbox:policy_iteration": (f"{CYCLES}::dense",),
    "pymdptoolbox:modified_policy_iteration": (f"{VALUES}::dense", f"{VALUES}::sparse"),
    "pymdptoolbox:q_learning": (f"{BOX}::sparse",),
}
"""Address -> what is false of it."""

CRASHES = {
    address: [f"raises {error}::{form}" for error in ("ValueError", "OverflowError") for form in ("dense", "sparse")]
    for address in ("pymdptoolbox:value_iteration", "pymdptoolbox:gauss_seidel")
}
"""Address -> where it raises: all rewards are zero, and it takes the logarithm of how much they change the values."""

KEPT: dict[str, tuple[str, ...]] = {
    "pymdptoolbox:value_iteration": (f"{POLICY}::dense", f"{POLICY}::sparse"),
    "pymdptoolbox:gauss_seidel": ("bellman.solver-promise::it_ends::dense",),
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
    ("torchrl:dqn", "error=half-square", FORMULA),
    ("torchrl:dqn", "double=yes", FORMULA),
    ("torchrl:double_dqn", "double=no", FORMULA),
    ("torchrl:dqn_l1", "error=square", FORMULA),
    ("torchrl:dqn_smooth_l1", "threshold=2", FORMULA),
    ("torchrl:weighted_dqn", "normalised=no", FORMULA),
    ("stable_baselines3:dqn", "double=yes", FORMULA),
    ("stable_baselines3:dqn", "reduction=sum", FORMULA),
    ("stable_baselines3:dqn", "masked=yes", HEADS),
]
"""Address, something that is not true of it, and the check that it fails then."""


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


def _refuted(judgement: dict[str, Any], name: str) -> dict[str, Any]:
    return next(result for result in _named(judgement, name) if result["status"] == "refuted")


def _n_states(result: dict[str, Any]) -> int:
    states = result["instance"]["mdp"]["states"]
    return states if isinstance(states, int) else len(states)


def _refutes_again(view: View, result: dict[str, Any]) -> bool:
    """Whether what the JSON holds, asked of the library again, makes the relation false again."""
    (check,) = [
        check
        for _, check in checks_about([view.kind], [claim(result["id"])])
        if (check.name, check.kind) == (result["check"], result["evidence"])
    ]
    relation = check.function(view.call, **instance_from_data(result["instance"], check.draws))
    return relation.reached and not relation.holds


def _raises_again(view: View, result: dict[str, Any], error: str) -> bool:
    """Whether the library raises that on a model from the JSON, all rewards of which are zero."""
    instance = instance_from_data(result["instance"])
    with pytest.raises(Fault) as raised:
        view.call(instance["mdp"], instance["epsilon"])
    return f": {error}: " in f": {raised.value}" and all(reward == 0 for reward in instance["mdp"].reward)


# -------------------------------------------------------------------- pymdptoolbox


@pytest.mark.parametrize("address", FINDINGS)
def test_what_is_known_of_it_is_found(address: str) -> None:
    """Each promise that it breaks is refuted on a few states, and again by the JSON alone; what it keeps holds."""
    claims = CLAIMS.get(address, ("bellman.solver-promise",))
    foreign = subject_of(address, None, {}, Limits())

    status, judgement = _checked(address, *FEW, *(text for name in claims for text in ("--claim", name)))
    found = [_refuted(judgement, name) for name in FINDINGS[address]]
    crashes = [(_refuted(judgement, f"conduct.answers::{crash}"), crash) for crash in CRASHES.get(address, ())]
    foreign.sandbox.start()
    views = {(view.kind, view.label): view for view in foreign.door.views(foreign)}
    replayed = [_refutes_again(views[result["view"], result["label"]], result) for result in found]
    replayed += [
        _raises_again(views["solver", result["label"]], result, crash.removeprefix("raises ").partition("::")[0])
        for result, crash in crashes
    ]
    foreign.sandbox.close()

    assert status == 1
    assert all(_n_states(result) <= 4 for result in [*found, *(result for result, _ in crashes)])
    assert all(replayed)
    assert [{result["status"] for result in _named(judgement, name)} for name in KEPT[address]] == [
        {"holds"} for _ in KEPT[address]
    ]


# -------------------------------------------------------------------- torchrl and Stable-Baselines3


@pytest.mark.parametrize("address", LOSSES)
def test_a_loss_is_what_it_is_said_to_be(address: str) -> None:
    """Nothing is refuted, and loss and gradient are the formula of the declared convention."""
    status, judgement = _checked(address)

    assert status == 0
    assert [result for result in judgement["results"] if result["status"] == "refuted"] == []
    assert [result["status"] for result in _named(judgement, FORMULA)] == ["holds"]
    assert judgement["looks_like"] == []


@pytest.mark.parametrize(("address", "declared", "name"), MISTAKEN)
def test_a_mistaken_declaration_is_refuted_by_the_true_one(address: str, declared: str, name: str) -> None:
    """The loss is not what is declared, and the judgement says which declaration would fit."""
    status, judgement = _checked(address, "--declare", declared, "--claim", name.partition("::")[0], *FEW)

    assert status == 1
    assert [result["status"] for result in _named(judgement, name)] == ["refuted"]
    assert judgement["looks_like"][0].startswith("it agrees with another declaration: ")
    assert set(LOSSES[address].split()) <= set(judgement["looks_like"][0].split())
