r"""The loss of a batch is made of the losses of its samples: in any order, and each for itself.

.. math::
    L(B) = \frac{1}{n} \sum_i L(\{i\}) \ \text{(mean)}, \qquad L(B) = \sum_i L(\{i\}) \ \text{(sum)}, \qquad
    L(B) = \frac{\sum_i w_i L(\{i\})}{\sum_i w_i} \ \text{(normalised weights)}

and so for the gradient. A batch in another order has the same loss; twice the batch has the same mean, or twice the
sum.

Why: each sample's error is made of its own state, action, reward and next state. Programs compute all of them at once
in arrays, and there a sum without an axis, a maximum over all axes or two shapes that are stretched to fit each other
mix the samples without any error: for a batch of one all is well, which is why tests with one sample see nothing.

Normalised weights are no exception to the mean but a weighted one; that they cancel in a batch of one has a price of
its own (deep-q.importance-weights).
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.linear_networks import Batch, Differentiated
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim
from ..loss_draws import batches, conventions, heads, loss_mdps, ordered_batches, state_features
from ..losses import as_defined
from ..mutants import losses
from ..relation import Relation

batch_laws = Claim(
    id="deep-q.batch-laws",
    title="The loss of a batch is the mean, or the sum, of the losses of its samples",
    statement=r"L(B) = \tfrac{1}{n} \textstyle\sum_{i \in B} L(\{i\}) \text{ or } \sum_{i \in B} L(\{i\}),"
    r"\quad L(\pi B) = L(B)",
    subject="dqn-loss",
)

_draws: dict[str, Any] = {
    "mdp": loss_mdps(),
    "features": state_features,
    "online": heads,
    "target": heads,
    "batch": batches,
    "convention": conventions(),
}


@batch_laws.exact(**{**_draws, "batch": ordered_batches})
def order_does_not_matter(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """Backwards the batch has the same loss and gradient."""
    backwards = loss(mdp, features, online, target, batch[::-1], convention)
    return as_defined(backwards, loss(mdp, features, online, target, batch, convention))


batch_laws.refutes(losses.next_state_of_the_sample_after, by=order_does_not_matter)


@batch_laws.exact(**_draws)
def twice_the_batch_has_the_same_mean(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """Every sample twice: the same mean, twice the sum."""
    once = loss(mdp, features, online, target, batch, convention)
    factor = 2 if convention.reduction == "sum" else 1
    expected = Differentiated(factor * once.value, factor * once.gradient, once.target_gradient)
    return as_defined(loss(mdp, features, online, target, (*batch, *batch), convention), expected)


for _mutant in (losses.sum_in_place_of_mean, losses.predictions_added_up):
    batch_laws.refutes(_mutant, by=twice_the_batch_has_the_same_mean)


@batch_laws.exact(**_draws)
def samples_count_each_for_itself(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """The loss and the gradient are the mean of those of the samples alone, their sum, or their weighted mean."""
    alone = [loss(mdp, features, online, target, (sample,), convention) for sample in batch]
    shares = [weight if convention.normalised else weight**0 for _, _, weight, _ in batch]
    total = shares[0] ** 0 if convention.reduction == "sum" else sum(shares[1:], shares[0])
    expected = Differentiated(
        sum(share * one.value for share, one in zip(shares, alone, strict=True)) / total,
        sum(share * one.gradient for share, one in zip(shares, alone, strict=True)) / total,
        0 * online,
    )
    return as_defined(loss(mdp, features, online, target, batch, convention), expected)


for _mutant in (
    losses.dueling_over_the_whole_batch,
    losses.predictions_added_up,
    losses.every_prediction_against_every_target,
    losses.sum_in_place_of_mean,
):
    batch_laws.refutes(_mutant, by=samples_count_each_for_itself)
