"""Wrong DQN losses: wrongly differentiated, wrong in the error, wrong over the batch. Wrong targets: `loss_targets`.

Each is a torch loss with the signature of `bellcheck.mdp.dqn_loss.dqn_loss`.
"""

from __future__ import annotations

from dataclasses import replace

from bellcheck.mdp.arithmetic import to_floats
from bellcheck.mdp.dqn_loss import dqn_loss, dqn_targets, error_losses, reduced
from bellcheck.mdp.linear_networks import differentiated

from ..subject import Subject

__all__ = [
    "both_networks_trained",
    "clipped_before_squaring",
    "dueling_over_the_whole_batch",
    "every_prediction_against_every_target",
    "importance_weights_left_out",
    "next_state_of_the_sample_after",
    "on_linear_networks",
    "predicted",
    "predictions_added_up",
    "reading",
    "slope_one_beyond_the_threshold",
    "sum_in_place_of_mean",
    "towards",
    "under",
    "undetached",
    "undetached_on_networks",
]


def predicted(q_net, batch):
    """Return the (B,) outputs of the actions taken."""
    return q_net(batch.observation).gather(1, batch.action.unsqueeze(1)).squeeze(1)


def towards(targets):
    """Return the loss with other targets; they are as they are computed, detached or not."""

    def loss(q_net, target_net, batch, discount, convention):
        errors = targets(q_net, target_net, batch, discount, convention) - predicted(q_net, batch)
        return reduced(error_losses(errors, convention), batch.weight, convention)

    return loss


def reading(changed):
    """Return our loss of a batch that is read wrongly."""

    def loss(q_net, target_net, batch, discount, convention):
        return dqn_loss(q_net, target_net, changed(batch), discount, convention)

    return loss


def under(**fields):
    """Return our loss under another convention than the one that was asked for."""

    def loss(q_net, target_net, batch, discount, convention):
        return dqn_loss(q_net, target_net, batch, discount, replace(convention, **fields))

    return loss


def on_linear_networks(name, loss, *, cites="", bug=""):
    """Return a torch loss as a subject that takes exact numbers."""
    return Subject("dqn-loss", name, differentiated(loss), cites=cites, bug=bug)


# -------------------------------------------------------------------- what is differentiated


def _live(q_net, target_net, batch, discount, convention):
    """The target as it is, with its derivative."""
    import torch

    values = target_net(batch.next_observation)
    ranking = q_net(batch.next_observation) if convention.double else values
    if convention.masked:
        ranking = ranking.masked_fill(~batch.legal, -torch.inf)
    following = values.gather(1, ranking.argmax(1, keepdim=True)).squeeze(1)
    ended = batch.terminated
    if convention.truncation == "ends":
        ended = ended | batch.truncated
    return torch.where(ended, batch.reward, batch.reward + discount * following)


def _of_one_network(q_net, target_net, batch, discount, convention):
    return _live(q_net, q_net, batch, discount, convention)


undetached = on_linear_networks(
    "target not detached, of the network that learns",
    towards(_of_one_network),
    cites="datawhalechina/easy-rl PR 117",
    bug="D1",
)
undetached_on_networks = Subject(
    "torch-loss", undetached.name, towards(_of_one_network), cites=undetached.cites, bug=undetached.bug
)
both_networks_trained = on_linear_networks(
    "target network gets a gradient",
    towards(_live),
    cites="philtabor/Deep-Q-Learning-Paper-To-Code issues 9 and 16",
    bug="D1",
)

# -------------------------------------------------------------------- the error


def _clipped_before_squaring(q_net, target_net, batch, discount, convention):
    errors = dqn_targets(q_net, target_net, batch, discount, convention) - predicted(q_net, batch)
    return reduced(error_losses(errors.clip(-1, 1), convention), batch.weight, convention)


def _slope_one(q_net, target_net, batch, discount, convention):
    import torch

    if convention.threshold is None:
        return dqn_loss(q_net, target_net, batch, discount, convention)
    errors = dqn_targets(q_net, target_net, batch, discount, convention) - predicted(q_net, batch)
    kappa = float(to_floats([convention.threshold])[0])
    losses = torch.where(errors.abs() <= kappa, errors * errors / 2, errors.abs() - 0.5)
    return reduced(losses, batch.weight, convention)


clipped_before_squaring = on_linear_networks(
    "error clipped before it is squared",
    _clipped_before_squaring,
    cites="devsisters/DQN-tensorflow issue 16",
    bug="D2",
)
slope_one_beyond_the_threshold = on_linear_networks(
    "Huber: |delta| - 1/2 beyond any threshold", _slope_one, cites="tensorforce/tensorforce issue 139", bug="D3"
)

# -------------------------------------------------------------------- the batch


def _added_up(q_net, target_net, batch, discount, convention):
    errors = dqn_targets(q_net, target_net, batch, discount, convention) - predicted(q_net, batch).sum()
    return reduced(error_losses(errors, convention), batch.weight, convention)


def _every_pair(q_net, target_net, batch, discount, convention):
    """Predictions of shape (B, 1) less targets of shape (B,): B x B errors."""
    errors = dqn_targets(q_net, target_net, batch, discount, convention) - predicted(q_net, batch).unsqueeze(1)
    return reduced(error_losses(errors, convention), batch.weight, convention)


def _advantages_over_the_batch(q_net, target_net, batch, discount, convention):
    """A dueling network, v + a - max a, whose heads v = max q and a = q make up q again: over the batch they do not."""

    def dueling(network):
        def outputs(observation):
            advantages = network(observation)
            return advantages.amax(1, keepdim=True) + advantages - advantages.max()

        return outputs

    return dqn_loss(dueling(q_net), dueling(target_net), batch, discount, convention)


def _next_of_the_sample_after(batch):
    return replace(
        batch,
        next_observation=batch.next_observation.roll(-1, 0),
        terminated=batch.terminated.roll(-1, 0),
        legal=batch.legal.roll(-1, 0),
    )


dueling_over_the_whole_batch = on_linear_networks(
    "dueling: maximum of the advantages over the whole batch",
    _advantages_over_the_batch,
    cites="keras-rl/keras-rl PR 239",
    bug="B3",
)
predictions_added_up = on_linear_networks(
    "predictions added up over the batch",
    _added_up,
    cites="simoninithomas/Deep_reinforcement_learning_Course issues 51 and 68",
    bug="B4",
)
every_prediction_against_every_target = on_linear_networks(
    "every prediction against every target, (B, 1) - (B,)", _every_pair, cites="BY571/QR-DQN issue 1", bug="B5"
)
sum_in_place_of_mean = on_linear_networks(
    "sum over the batch in place of the mean",
    under(reduction="sum", normalised=False),
    cites="google-deepmind/bsuite issue 23",
    bug="D4",
)
next_state_of_the_sample_after = on_linear_networks(
    "next state of the sample after", reading(_next_of_the_sample_after)
)
importance_weights_left_out = on_linear_networks(
    "importance weights left out",
    under(weighted=False, normalised=False),
    cites="tensorforce/tensorforce issue 267",
    bug="G4",
)
