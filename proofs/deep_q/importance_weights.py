r"""What is replayed more often counts less: at beta = 1 importance weights undo the priorities, in the mean.

.. math::
    P(i) = \frac{p_i}{\sum_k p_k}, \qquad w_i = \frac{(N P(i))^{-\beta}}{\max_j\, (N P(j))^{-\beta}}, \qquad
    \beta = 1: \quad \sum_i P(i)\, w_i\, g_i = N \min P \cdot \frac{1}{N} \sum_i g_i

for whatever g_i each experience gives, above all the gradient of its loss. At beta = 0 the weights are 1, and the mean
is that of the priorities.

Why: (N P(i))^(-1) is largest where P is smallest, so w_i = min P / P(i), and the product P(i) w_i is the same for all.
The factor N min P <= 1 that is left comes from dividing by the largest weight: steps become smaller, never larger, and
keep their direction in the mean.

*Weights that are divided by their sum in the batch* do not do that. In a batch of one they cancel, and the mean step is
that of the priorities, as if there were none; in larger batches they fall short of the correction. It is a known
trade, a bias for less variance, and a loss that makes it must say so (`normalised` in the loss's convention).
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.linear_networks import Batch, Differentiated
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import tied_to

from ..assumptions import plain_weights
from ..claim import Claim, cite
from ..loss_draws import batches, conventions, heads, loss_mdps, state_features
from ..losses import as_defined
from ..mutants import losses
from ..mutants import priorities as mutants
from ..relation import Relation, all_of, equal

importance_weights = Claim(
    id="deep-q.importance-weights",
    title="At beta = 1 importance weights undo the priorities of a replay buffer, in the mean",
    statement=r"\textstyle\sum_i P(i)\, w_i\, g_i = N \min P \cdot \tfrac{1}{N} \sum_i g_i,"
    r"\quad w_i = (N P(i))^{-1} / \max_j (N P(j))^{-1}",
    subject="importance-weights",
    needs=(plain_weights,),
    uses=("q-learning.sample-batch-limit",),
    sources=(cite("schaul2016", "section 3.4", verified=False),),
)

# As many powers of two as a power of two, with such a sum: each P(i), N P(i) and weight is a float, and none rounds.
_IN_FLOATS = ([1], [2], [1, 1], [4, 4], [1, 1, 2, 4], [2, 1, 4, 1], [4, 2, 1, 1], [1, 1, 1, 1], [1, 1, 4, 2])
_floats = tied_to("numbers")(st.sampled_from([exact_array(row) for row in _IN_FLOATS]))
_floats.accepts = lambda priorities: list(priorities) in _IN_FLOATS  # type: ignore[attr-defined]


@st.composite
def _rationals(draw: st.DrawFn) -> Array:
    """Up to five priorities."""
    return exact_array(draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))) / draw(st.integers(1, 3))


_any = tied_to("sequence")(_rationals())
_any.accepts = lambda priorities: 1 <= len(priorities) <= 5 and min(priorities) > 0  # type: ignore[attr-defined]
_values = tied_to("numbers")(st.lists(st.integers(-3, 3), min_size=5, max_size=5).map(exact_array))


def _chances(priorities: Array) -> list[fmpq]:
    total = sum(priorities, fmpq(0))
    return [p / total for p in priorities]


@importance_weights.exact(of="replay-probabilities", priorities=_floats)
@importance_weights.exact(of="replay-probabilities", priorities=_any)
def probabilities_are_shares(probabilities: Any, priorities: Array) -> Relation:
    """Each is its priority over their sum, and together they are 1."""
    computed = exact_array(probabilities(priorities))
    return all_of([equal(computed, _chances(priorities)), equal(sum(computed, fmpq(0)), 1)])


importance_weights.refutes(mutants.last_left_out, by=probabilities_are_shares)


@importance_weights.exact(priorities=_floats, beta=st.sampled_from([1, 0]))
@importance_weights.exact(priorities=_any, beta=st.sampled_from([1, 0]))
def weights_are_the_formula(weights: Any, priorities: Array, beta: int) -> Relation:
    """(N P)^-beta over the largest of them: 1 at beta = 0, and min P / P at beta = 1."""
    chances = _chances(priorities)
    formula = [fmpq(1) if beta == 0 else min(chances) / chance for chance in chances]
    return equal(weights(priorities, beta), formula)


for _mutant in (mutants.inverse_exponent, mutants.no_weights, mutants.not_divided_by_the_largest):
    importance_weights.refutes(_mutant, by=weights_are_the_formula)


@importance_weights.enumerated(priorities=_any, values=_values)
def weighted_means_are_uniform(weights: Any, priorities: Array, values: Array) -> Relation:
    """Over all experiences, at beta = 1: the mean of w g is N min P times the uniform mean of g."""
    n, chances = len(priorities), _chances(priorities)
    drawn = sum((p * w * g for p, w, g in zip(chances, weights(priorities, 1), values, strict=False)), fmpq(0))
    return equal(drawn, n * min(chances) * (sum(values[:n], fmpq(0)) / n))


for _mutant in (mutants.inverse_exponent, mutants.no_weights):
    importance_weights.refutes(_mutant, by=weighted_means_are_uniform)


# -------------------------------------------------------------------- weights in a loss


@importance_weights.enumerated(
    of="dqn-loss",
    mdp=loss_mdps(),
    features=state_features,
    online=heads,
    target=heads,
    batch=batches,
    convention=conventions(weighted=True, normalised=False),
)
def weighted_losses_are_uniform_in_the_mean(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """Samples with priorities 1 / w, drawn one at a time: the mean loss and gradient are the uniform ones, scaled."""
    n, chances = len(batch), _chances(exact_array(1 / weight for _, _, weight, _ in batch))
    one_by_one = [loss(mdp, features, online, target, (sample,), convention) for sample in batch]
    equal_weights = [((*sample[:2], fmpq(1), sample[3]),) for sample in batch]
    uniform = [loss(mdp, features, online, target, sample, convention) for sample in equal_weights]
    largest = max(weight for _, _, weight, _ in batch)
    scale = [min(chances) * largest] * n
    return as_defined(_mean(chances, one_by_one), _mean(scale, uniform))


def _mean(weights: list[fmpq], parts: list[Differentiated]) -> Differentiated:
    value = sum((w * part.value for w, part in zip(weights, parts, strict=True)), fmpq(0))
    gradient = sum(w * part.gradient for w, part in zip(weights, parts, strict=True))
    return Differentiated(value, gradient, parts[0].target_gradient)


importance_weights.refutes(losses.importance_weights_left_out, by=weighted_losses_are_uniform_in_the_mean)
importance_weights.fails_without(
    plain_weights,
    by=weighted_losses_are_uniform_in_the_mean,
    convention=conventions(weighted=True, normalised=True, reduction="mean"),
)
