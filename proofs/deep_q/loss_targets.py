r"""What a DQN learns towards: where the target bootstraps, and over which actions.

.. math::
    y = \begin{cases} r & \text{terminated} \\ r + \gamma\, \hat q^-(s', a^*), \quad a^* \in A(s') & \text{else}
        \end{cases}

where a* is best in A(s') by the network that chooses (deep-q.double-dqn-target).

* A terminal state is worth nothing, and a network has outputs for it all the same: they must not matter. An output that
  overflowed, or that comes from an observation which is no number, does matter to a target that multiplies it by 0.
* A step that a time limit cut off goes on like any other; only where it also terminated is its target r. Where a loss
  is declared to take cut-offs for ends, their target is r and no other's.
* A network has a head for every action, and a state may have fewer actions: the other heads must not matter.
* At discount 0 the loss is regression on rewards, and no network has a say in the target.

Why: each is read off the formula. What makes them worth a check each is that a wrong target still trains: it converges,
to the solution of another problem (deep-q.terminal-mask).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, to_floats
from bellcheck.mdp.dqn_loss import Transitions
from bellcheck.mdp.linear_networks import Batch, linear_network, transitions
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from ..assumptions import ends_marked, masked_actions
from ..claim import Claim, cite
from ..loss_draws import batches, conventions, heads, loss_mdps, state_features
from ..losses import as_defined, closest, possible_losses
from ..mutants import loss_targets as mutants
from ..relation import Relation, all_of, equal, given

loss_targets = Claim(
    id="deep-q.loss-targets",
    title="A DQN target ends with the episode and not with the recording, and takes the best of what s' has",
    statement=r"y = r \text{ at ends}, \quad y = r + \gamma\, \hat q^-(s', a^*), \; a^* \in A(s') \text{ elsewhere}",
    subject="dqn-loss",
    needs=(ends_marked, masked_actions),
    sources=(cite("mnih2015"), cite("pardo2018")),
)

_networks: dict[str, Any] = {"features": state_features, "online": heads, "target": heads, "batch": batches}


@loss_targets.exact(mdp=loss_mdps(ending=True), ends=state_features, **_networks, convention=conventions())
def outputs_at_ends_do_not_matter(
    loss: Any,
    mdp: FiniteMDP,
    ends: Array,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """With other features of terminal states, and so other outputs there, the loss and its gradient are the same."""
    changed = features.copy()
    changed[list(mdp.terminal_states)] = ends[list(mdp.terminal_states)]
    return as_defined(
        loss(mdp, changed, online, target, batch, convention), loss(mdp, features, online, target, batch, convention)
    )


for _mutant in (mutants.mask_forgotten, mutants.cut_off_ends_bootstrapped, mutants.added_in_place_of_multiplied):
    loss_targets.refutes(_mutant, by=outputs_at_ends_do_not_matter)
loss_targets.kept(
    ends_marked,
    because="Which steps terminated is read off the model here. A learner that is not told solves another model"
    " (deep-q.terminal-mask, where it is dropped).",
)


def _differentiated(loss: Any, online: Array, target: Array, samples: Transitions, discount: float, c: Any) -> Any:
    """The value of a torch loss on linear networks and its gradient in the first, as one tensor."""
    import torch

    learner = linear_network(online)
    value = loss(learner, linear_network(target), samples, discount, c)
    value.backward()
    assert learner.weight.grad is not None
    return torch.cat([value.detach().reshape(1), learner.weight.grad.reshape(-1)])


@loss_targets.exact(
    of="torch-loss",
    mdp=loss_mdps(ending=True),
    **_networks,
    convention=conventions(),
    observed=st.sampled_from(["inf", "nan"]),
)
def observations_of_ends_may_be_no_numbers(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
    observed: str,
) -> Relation:
    """Infinite or undefined observations after the last step, hence such outputs, leave a number, and the same one."""
    samples, discount = transitions(mdp, features, batch, len(online)), float(to_floats([mdp.discount])[0])
    strange = samples.next_observation.clone()
    strange[samples.terminated] = float(observed)
    plain, odd = (
        _differentiated(loss, online, target, replace(samples, next_observation=next_one), discount, convention)
        for next_one in (samples.next_observation, strange)
    )
    finite = equal(int(odd.isfinite().all()), 1)
    return all_of([finite, given(finite, equal(odd, plain))])


loss_targets.refutes(mutants.end_multiplied_by_zero, by=observations_of_ends_may_be_no_numbers)


@loss_targets.exact(mdp=loss_mdps(), **_networks, convention=conventions())
def cut_offs_count_as_declared(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """Cut off or not, the loss is the same; or, where cut-offs are ends, that of discount 0 if all are cut off."""
    if convention.truncation == "bootstraps":
        uncut = tuple((*sample[:3], False) for sample in batch)
        other = loss(mdp, features, online, target, uncut, convention)
    else:
        other = loss(replace(mdp, discount=fmpq(0)), features, online, target, batch, convention)
        batch = tuple((*sample[:3], True) for sample in batch)
    return as_defined(loss(mdp, features, online, target, batch, convention), other)


for _mutant in (mutants.cut_offs_taken_for_ends, mutants.cut_off_ends_bootstrapped):
    loss_targets.refutes(_mutant, by=cut_offs_count_as_declared)


def _other_rows(weights: Array, others: Array, kept: Collection[int]) -> Array:
    changed = others.copy()
    changed[sorted(kept)] = weights[sorted(kept)]
    return changed


@loss_targets.exact(mdp=loss_mdps(), others=heads, **_networks, convention=conventions(masked=True))
def heads_of_missing_actions_do_not_matter(
    loss: Any,
    mdp: FiniteMDP,
    others: Array,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """With other heads for actions that no next state of the batch has, the loss and its gradient are the same.

    Where the online network chooses, its heads of missing actions are others too, but for those of the actions taken.
    """
    legal = {int(mdp.pair_action[x]) for _, k, *_ in batch for x in mdp.pairs_of(int(mdp.next_state[k]))}
    taken = {int(mdp.pair_action[pair]) for pair, *_ in batch}
    changed = _other_rows(online, others, legal | taken), _other_rows(target, others, legal)
    return as_defined(
        loss(mdp, features, *changed, batch, convention), loss(mdp, features, online, target, batch, convention)
    )


loss_targets.refutes(mutants.all_heads_in_the_maximum, by=heads_of_missing_actions_do_not_matter)
loss_targets.fails_without(
    masked_actions, by=heads_of_missing_actions_do_not_matter, convention=conventions(masked=False)
)


@loss_targets.exact(mdp=loss_mdps(discounts=[0]), **_networks, convention=conventions())
def at_discount_0_only_rewards_count(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """The loss is that of regression on the rewards, whatever the target network says."""
    computed = loss(mdp, features, online, target, batch, convention)
    return as_defined(computed, closest(computed, possible_losses(mdp, features, online, target, batch, convention)))


for _mutant in (
    mutants.discount_of_its_own,
    mutants.discount_to_the_power_of_the_mask,
    mutants.minus_in_place_of_times,
    mutants.added_in_place_of_multiplied,
):
    loss_targets.refutes(_mutant, by=at_discount_0_only_rewards_count)
