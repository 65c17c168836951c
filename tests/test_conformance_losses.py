"""TD losses as people write them: what they need not declare, and what they are told where they cannot be judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bellcheck.proofs.conformance.front import judge_subject
from bellcheck.proofs.conformance.sandbox import InvalidSubject
from bellcheck.proofs.conformance.verdicts import Judgement
from bellcheck.reports.command_line import main

pytest.importorskip("torch")

LOSSES = """
import torch
import torch.nn.functional as F

def error(q_net, target_net, batch, gamma, not_done=None, online_target=False):
    q = q_net(batch.obs).gather(1, batch.actions.view(-1, 1)).squeeze(1)
    with torch.no_grad():
        values = (q_net if online_target else target_net)(batch.next_obs).max(1).values
        y = batch.rewards + gamma * values * (1 - batch.dones if not_done is None else not_done)
    return q, y

def half_square(q_net, target_net, batch, gamma):
    q, y = error(q_net, target_net, batch, gamma)
    return 0.5 * F.mse_loss(q, y)

def square(q_net, target_net, batch, gamma):
    return F.mse_loss(*error(q_net, target_net, batch, gamma))

def huber(q_net, target_net, batch, gamma):
    return F.smooth_l1_loss(*error(q_net, target_net, batch, gamma), reduction="sum")

def weighted(q_net, target_net, batch, gamma):
    q, y = error(q_net, target_net, batch, gamma)
    return (batch.weights * (q - y).abs()).sum() / batch.weights.sum()

def online_target(q_net, target_net, batch, gamma):
    return F.mse_loss(*error(q_net, target_net, batch, gamma, online_target=True))

def no_mask(q_net, target_net, batch, gamma):
    return F.mse_loss(*error(q_net, target_net, batch, gamma, not_done=1))

def ends_at_cuts(q_net, target_net, batch, gamma):
    over = torch.maximum(batch.dones, batch.truncated)
    return F.mse_loss(*error(q_net, target_net, batch, gamma, not_done=1 - over))

def not_detached(q_net, target_net, batch, gamma):
    q = q_net(batch.obs).gather(1, batch.actions.view(-1, 1)).squeeze(1)
    return F.mse_loss(q, batch.rewards + gamma * target_net(batch.next_obs).max(1).values * (1 - batch.dones))

def double(q_net, target_net, batch, gamma):
    q = q_net(batch.obs).gather(1, batch.actions.view(-1, 1)).squeeze(1)
    with torch.no_grad():
        best = q_net(batch.next_obs).argmax(1, keepdim=True)
        y = batch.rewards + gamma * target_net(batch.next_obs).gather(1, best).squeeze(1) * (1 - batch.dones)
    return F.mse_loss(q, y)

def where(q_net, target_net, batch, gamma):
    values = target_net(batch.next_obs).max(1).values.detach()
    q = q_net(batch.obs).gather(1, batch.actions.view(-1, 1)).squeeze(1)
    return F.mse_loss(q, batch.rewards + gamma * torch.where(batch.dones, torch.zeros_like(values), values))

def columns(q_net, target_net, batch, gamma):
    s, a, r, s2, d = batch
    return F.mse_loss(q_net(s).gather(1, a), r + gamma * (1 - d) * target_net(s2).max(1, keepdim=True)[0].detach())

def item(q_net, target_net, batch, gamma):
    return square(q_net, target_net, batch, gamma).item()

def backward(q_net, target_net, batch, gamma):
    loss = square(q_net, target_net, batch, gamma)
    loss.backward()
    return loss

def training_step(q_net, target_net, optimizer, batch, gamma):
    optimizer.zero_grad()

def without_optimizer(q_net, target_net, batch, gamma, optimizer=None):
    return half_square(q_net, target_net, batch, gamma)
"""
GRADIENT = ("deep-q.loss-gradient",)


@pytest.fixture
def losses(tmp_path: Path) -> Path:
    """Return the file that the losses are in."""
    path = tmp_path / "losses_of_ours.py"
    path.write_text(LOSSES, encoding="utf-8")
    return path


def _judged(losses: Path, name: str, **declared: str) -> Judgement:
    return judge_subject(f"{losses}:{name}", "td-loss", claims=GRADIENT, max_examples=5, **declared)


def _reasons(judgement: Judgement, id: str) -> list[str]:
    return [result.reason or "" for result in judgement.results if result.id == id and result.status == "refuted"]


# -------------------------------------------------------------------- what is not declared


@pytest.mark.parametrize(
    ("name", "declared", "inferred"),
    [
        ("half_square", {}, {}),
        ("square", {}, {"error": "square"}),
        ("square", {"dtype": "float32"}, {"error": "square"}),
        ("square", {"error": "square"}, {}),
        ("huber", {}, {"error": "huber", "threshold": "1", "reduction": "sum"}),
        ("huber", {"error": "huber"}, {"threshold": "1", "reduction": "sum"}),
        ("huber", {"threshold": "1"}, {"error": "huber", "reduction": "sum"}),
        ("weighted", {}, {"error": "absolute", "weighted": "yes", "normalised": "yes"}),
        ("double", {"double": "yes"}, {"error": "square"}),
        ("ends_at_cuts", {"truncation": "ends"}, {"error": "square"}),
    ],
)
def test_scale_and_shape_are_taken_from_the_answers(losses, name, declared, inferred):
    """A right loss agrees, whatever its error, reduction and weights, and what it did not declare is named."""
    judgement = _judged(losses, name, **declared)

    assert judgement.exit_status == 0, [result for result in judgement.results if result.status == "refuted"]
    assert judgement.inferred == inferred


@pytest.mark.parametrize(
    ("name", "declared"),
    [("square", {"error": "half-square"}), ("huber", {"reduction": "mean"}), ("weighted", {"weighted": "no"})],
)
def test_what_is_declared_is_not_inferred_over(losses, name, declared):
    """A wrong declaration is wrong still: nothing takes its place, nor that of the defaults beside it."""
    judgement = _judged(losses, name, **declared)

    assert judgement.exit_status == 1
    assert judgement.inferred == {}


@pytest.mark.parametrize("declared", [{"error": "huber", "reduction": "mean"}, {"threshold": "2"}])
def test_a_declaration_that_lacks_a_part_is_refused_where_no_answer_adds_it(losses, declared):
    """A Huber loss has a threshold and only a Huber loss has one: what is wrong besides leaves that open."""
    with pytest.raises(InvalidSubject, match="Huber losses have one"):
        _judged(losses, "huber", **declared)


@pytest.mark.parametrize("name", ["no_mask", "double", "ends_at_cuts"])
def test_what_is_bootstrapped_from_is_never_inferred(losses, name):
    """Double, and what counts as an end, are not taken from the answers, for they may be bugs: the default holds."""
    judgement = _judged(losses, name)

    assert judgement.exit_status == 1
    assert judgement.inferred == {}


@pytest.mark.parametrize("name", ["not_detached", "online_target"])
def test_a_bug_beside_a_convention_is_refuted(losses, name):
    """Where a bug does not show on the batches that tell conventions apart, it shows in the checks that follow."""
    judgement = _judged(losses, name)

    assert judgement.exit_status == 1
    assert judgement.inferred == {"error": "square"}


def test_what_was_inferred_is_said(losses, capsys):
    """The line stands under the headline, and only where something was inferred."""
    options = ["--as", "td-loss", "--claim", *GRADIENT, "--max-examples", "5"]

    assert main(["check", f"{losses}:huber", *options]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert main(["check", f"{losses}:half_square", *options]) == 0
    nothing = capsys.readouterr().out

    said = "taken from its answers, not declared: error=huber threshold=1 reduction=sum; declare it to be held to it"
    assert said in printed
    assert "taken from its answers" not in nothing


# -------------------------------------------------------------------- what to do


@pytest.mark.parametrize(
    ("name", "declared", "form"),
    [("where", {"dones": "bool"}, "dones=numbers|bool"), ("columns", {"columns": "yes"}, "columns=yes|no")],
)
def test_the_form_of_a_batch_is_asked_for(losses, name, declared, form):
    """A loss that cannot compute with the parts as they are given is told which other forms there are."""
    wrong, right = _judged(losses, name), _judged(losses, name, **declared)

    [reason] = _reasons(wrong, "conduct.answers")
    assert "RuntimeError" in reason
    assert form in reason.partition("if it takes another form than it was given, say which: --declare")[2]
    assert right.exit_status == 0
    assert right.inferred == {"error": "square"}


@pytest.mark.parametrize("name", ["item", "backward"])
def test_a_loss_is_a_tensor_before_it_is_differentiated(losses, name):
    """A number, or a loss that has been differentiated, is of no use; what to return is said."""
    [reason] = _reasons(_judged(losses, name), "conduct.shape")

    assert "return the tensor itself, before .item() or .backward()" in reason


def test_a_training_step_is_no_loss(losses):
    """A signature with an optimizer is refused for what it is, not for a name that is not clear."""
    with pytest.raises(InvalidSubject, match=r"no optimizer is given.*not a training step") as refused:
        _judged(losses, "training_step")

    assert "arguments=" not in str(refused.value)
    assert _judged(losses, "without_optimizer").exit_status == 0
