"""DQN losses with a wrong target: ends and cut-offs, missing actions, the wrong network, a discount in the wrong place.

Each is a torch loss with the signature of `bellcheck.mdp.dqn_loss.dqn_loss`.
"""

from __future__ import annotations

from dataclasses import replace

from bellcheck.mdp.dqn_loss import dqn_targets

from ..subject import Subject
from .losses import on_linear_networks, reading, towards, under

__all__ = [
    "added_in_place_of_multiplied",
    "all_heads_in_the_maximum",
    "chosen_by_the_target_network",
    "cut_off_ends_bootstrapped",
    "cut_offs_taken_for_ends",
    "discount_of_its_own",
    "discount_to_the_power_of_the_mask",
    "double_means_target_network",
    "end_multiplied_by_zero",
    "mask_forgotten",
    "minus_in_place_of_times",
    "online_network_in_the_target",
    "plain_in_place_of_double",
]


def _following(q_net, target_net, batch, convention):
    """The value of the next state, 0 where the episode ended: the target of reward 0 at discount 1."""
    unpaid = replace(batch, reward=batch.reward * 0)
    return dqn_targets(q_net, target_net, unpaid, 1.0, convention)


# -------------------------------------------------------------------- ends of episodes


def _never_ends(batch):
    # A terminal state's heads all count: there is no mask for a state without actions.
    return replace(batch, terminated=batch.terminated & False, legal=batch.legal | batch.terminated.unsqueeze(1))


def _done(batch):
    return replace(batch, terminated=batch.terminated | batch.truncated)


def _times_the_mask(q_net, target_net, batch, discount, convention):
    return batch.reward + discount * (~batch.terminated).double() * _following(
        q_net, target_net, _never_ends(batch), convention
    )


def _not_done_if_cut(batch):
    cut_end = batch.terminated & batch.truncated
    return replace(batch, terminated=batch.terminated & ~cut_end, legal=batch.legal | cut_end.unsqueeze(1))


mask_forgotten = on_linear_networks(
    "terminal mask forgotten", reading(_never_ends), cites="cyoon1729/deep-Q-networks PR 5 and PR 6", bug="A2"
)
end_multiplied_by_zero = Subject(
    "torch-loss",
    "terminal states multiplied by 0",
    towards(_times_the_mask),
    cites="anthonytorlucci/rlevo issue 192",
    bug="A4",
)
cut_offs_taken_for_ends = on_linear_networks(
    "done = terminated or truncated", reading(_done), cites="Curt-Park/rainbow-is-all-you-need issue 70", bug="A5"
)
cut_off_ends_bootstrapped = on_linear_networks(
    "an end that is cut off too bootstraps", reading(_not_done_if_cut), cites="DexForce/EmbodiChain PR 612", bug="A6"
)

# -------------------------------------------------------------------- the maximum


def _all_heads(batch):
    return replace(batch, legal=batch.legal | True)


all_heads_in_the_maximum = on_linear_networks(
    "actions that the next state does not have are in the maximum",
    reading(_all_heads),
    cites="thu-ml/tianshou issue 309",
    bug="B6",
)

# -------------------------------------------------------------------- which network


def _online_value(q_net, target_net, batch, discount, convention):
    return dqn_targets(q_net, q_net, batch, discount, convention)


def _double_means_target(q_net, target_net, batch, discount, convention):
    network = target_net if convention.double else q_net
    return dqn_targets(q_net, network, batch, discount, replace(convention, double=False))


def _chosen_by_the_target(q_net, target_net, batch, discount, convention):
    if not convention.double:
        return dqn_targets(q_net, target_net, batch, discount, convention)
    return dqn_targets(target_net, q_net, batch, discount, convention)


online_network_in_the_target = on_linear_networks(
    "maximum from the online network", towards(_online_value), cites="facebookresearch/ReAgent issue 88", bug="C1"
)
double_means_target_network = on_linear_networks(
    "double only makes a target network", towards(_double_means_target), cites="pytorch/rl issue 1722", bug="C2"
)
plain_in_place_of_double = on_linear_networks(
    "plain target in place of the double one",
    under(double=False),
    cites="MaximeVandegar/Papers-in-100-Lines-of-Code issue 21",
    bug="C3",
)
chosen_by_the_target_network = on_linear_networks(
    "double: chosen by the target network, valued by the other",
    towards(_chosen_by_the_target),
    cites="higgsfield/RL-Adventure PR 5",
    bug="C4",
)

# -------------------------------------------------------------------- the discount


def _own_discount(q_net, target_net, batch, discount, convention):
    return dqn_targets(q_net, target_net, batch, 63 / 64, convention)


def _power_of_the_mask(q_net, target_net, batch, discount, convention):
    return batch.reward + discount ** batch.terminated.double() * _following(q_net, target_net, batch, convention)


def _subtracted(q_net, target_net, batch, discount, convention):
    return batch.reward + discount - _following(q_net, target_net, batch, convention)


def _added(q_net, target_net, batch, discount, convention):
    unmasked = _following(q_net, target_net, _never_ends(batch), convention)
    return batch.reward + discount * (~batch.terminated).double() + unmasked


discount_of_its_own = on_linear_networks(
    "a discount of its own, 63/64, whatever is asked for",
    towards(_own_discount),
    cites="mlaux1/rl-blox issue 79",
    bug="D5",
)
discount_to_the_power_of_the_mask = on_linear_networks(
    "discount to the power of the terminal mask",
    towards(_power_of_the_mask),
    cites="takuseno/d3rlpy issue 346",
    bug="D6",
)
minus_in_place_of_times = on_linear_networks(
    "r + gamma - (1 - terminated) q",
    towards(_subtracted),
    cites="mcmachado/count_based_exploration_sr issue 1",
    bug="D7",
)
added_in_place_of_multiplied = on_linear_networks(
    "next value added to the discounted mask",
    towards(_added),
    cites="ikostrikov/pytorch-ddpg-naf PR 11",
    bug="D8",
)
