r"""DQN and double DQN learn towards different numbers, and neither towards what the online network holds for best.

.. math::
    y = r + \gamma \max_{a'} \hat q^-(s', a') \ \text{(DQN)}, \qquad
    y = r + \gamma\, \hat q^-(s', a^*), \quad \hat q(s', a^*) = \max_{a'} \hat q(s', a') \ \text{(double DQN)}

with the target network q-hat^- and the online network q-hat.

Why they differ: the largest of the target network's values is its value of the action that it holds for best; double
DQN asks the other network which action that is. Choosing and valuing by one network is biased upwards
(deep-q.overestimation), and two networks of which one is an older copy of the other are a step away from that.

In numbers: outputs (1, 3) of the online network at s', (7, 5) of the target network, r = 1 and gamma = 1/2. DQN learns
towards 1 + 7/2 = 9/2, double DQN towards 1 + 5/2 = 7/2. The maximum of the online network gives 5/2, and its value of
the action that the target network finds best 3/2: four numbers, and one look at a gradient tells which it was. On
generated batches both are part of deep-q.loss-gradient.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.linear_networks import Batch
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim, cite
from ..losses import penalty, slope
from ..mutants import loss_targets as mutants
from ..relation import Relation, equal

double_dqn_target = Claim(
    id="deep-q.double-dqn-target",
    title="DQN, double DQN and the maximum of the online network are different targets",
    statement=r"r + \gamma \max_{a'} \hat q^-(s', a')"
    r" \ne r + \gamma\, \hat q^-(s', \mathrm{arg}\max_{a'} \hat q(s', a'))"
    r"\text{ in general}",
    subject="dqn-loss",
    uses=("deep-q.loss-gradient",),
    sources=(cite("mnih2015"), cite("vanhasselt2016")),
)


def _two_actions_follow() -> FiniteMDP:
    """One action that pays 1 and leads to a state with two."""
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 0, 1)]), (1, 1, [(1, 0, 1)])], "1/2")


_outputs: dict[str, Any] = {
    "mdp": _two_actions_follow,
    "features": exact_array([1, 0, 0, 1]).reshape(2, 2),
    "online": exact_array([0, 1, 0, 3]).reshape(2, 2),
    "target": exact_array([0, 7, 0, 5]).reshape(2, 2),
    "batch": ((0, 0, fmpq(1), False),),
}


def _is_towards(computed: Any, label: str, convention: LossConvention) -> Relation:
    """The loss and slope of a prediction of 0 with that label."""
    error = exact(label)
    return equal([computed.value, computed.gradient[0, 0]], [penalty(error, convention), -slope(error, convention)])


@double_dqn_target.fixture(**_outputs, convention=LossConvention(), label="9/2")
def plain_target_in_numbers(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
    label: str,
) -> Relation:
    """1 + 7/2 by the target network's own maximum."""
    return _is_towards(loss(mdp, features, online, target, batch, convention), label, convention)


@double_dqn_target.fixture(**_outputs, convention=LossConvention(double=True), label="7/2")
def double_target_in_numbers(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
    label: str,
) -> Relation:
    """1 + 5/2, the target network's value of what the online network finds best; 9/2, 5/2 and 3/2 are other targets."""
    return _is_towards(loss(mdp, features, online, target, batch, convention), label, convention)


for _mutant in (mutants.online_network_in_the_target, mutants.double_means_target_network):
    double_dqn_target.refutes(_mutant, by=plain_target_in_numbers)
for _mutant in (
    mutants.online_network_in_the_target,
    mutants.double_means_target_network,
    mutants.plain_in_place_of_double,
    mutants.chosen_by_the_target_network,
):
    double_dqn_target.refutes(_mutant, by=double_target_in_numbers)
