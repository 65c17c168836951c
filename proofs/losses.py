r"""A DQN loss and its gradient from the definition, in rationals, a sample at a time.

.. math::
    \frac{\partial}{\partial \theta_a} \sum_i c_i\, \ell\bigl(y_i - \theta_{a_i} \cdot \phi(s_i)\bigr)
        = -\sum_{i :\, a_i = a} c_i\, \ell'(\delta_i)\, \phi(s_i)

Where the network that chooses finds several actions best, double DQN may value any of them, so there are several right
losses; `closest` is the one that was computed, if it was one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TypeAlias

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.linear_networks import Batch, Differentiated
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from .relation import Relation, all_of, equal

__all__ = [
    "Sample",
    "as_defined",
    "best_actions",
    "closest",
    "coefficients",
    "ends",
    "outputs",
    "penalty",
    "possible_losses",
    "possible_targets",
    "same",
    "slope",
]

Sample: TypeAlias = tuple[int, int, Scalar, bool]
"""(pair, outcome, weight, cut)."""


def outputs(features: Array, weights: Array, state: int) -> list[fmpq]:
    """Return the outputs of a linear network at a state, one for each head."""
    return [sum((w * x for w, x in zip(head, features[state], strict=True)), fmpq(0)) for head in weights]


def ends(mdp: FiniteMDP, sample: Sample, convention: LossConvention) -> bool:
    """Whether the label of a sample is its reward: it terminated, or was cut off where cut-offs are ends."""
    _, outcome, _, cut = sample
    return not mdp.pairs_of(int(mdp.next_state[outcome])) or (cut and convention.truncation == "ends")


def best_actions(
    mdp: FiniteMDP, features: Array, online: Array, target: Array, state: int, convention: LossConvention
) -> list[int]:
    """Return the actions of a state that the network which chooses holds for best, among those that count."""
    ranking = outputs(features, online if convention.double else target, state)
    actions = [int(mdp.pair_action[x]) for x in mdp.pairs_of(state)] if convention.masked else range(len(online))
    return [a for a in actions if ranking[a] == max(ranking[b] for b in actions)]


def possible_targets(
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    sample: Sample,
    convention: LossConvention,
) -> list[fmpq]:
    """Return r + gamma q^-(s', a) for the best actions a of s', each once, or r alone if the step ended the episode."""
    following, reward = int(mdp.next_state[sample[1]]), mdp.reward[sample[1]]
    if ends(mdp, sample, convention):
        return [reward]
    values = outputs(features, target, following)
    best = best_actions(mdp, features, online, target, following, convention)
    return list(dict.fromkeys(reward + mdp.discount * values[a] for a in best))


def penalty(error: fmpq, convention: LossConvention) -> fmpq:
    """Return l(delta)."""
    kappa = convention.threshold
    match convention.error:
        case "half-square":
            return error * error / 2
        case "square":
            return error * error
        case "absolute":
            return abs(error)
        case "huber":
            return error * error / 2 if abs(error) <= kappa else kappa * (abs(error) - kappa / 2)


def slope(error: fmpq, convention: LossConvention) -> fmpq:
    """Return l'(delta); that of the absolute value at 0 is 0."""
    sign = fmpq(int(error > 0) - int(error < 0))
    match convention.error:
        case "half-square":
            return error
        case "square":
            return 2 * error
        case "absolute":
            return sign
        case "huber":
            return error if abs(error) <= convention.threshold else sign * convention.threshold


def coefficients(batch: Batch, convention: LossConvention) -> list[fmpq]:
    """Return c_i of each sample."""
    weights = [weight if convention.weighted else fmpq(1) for _, _, weight, _ in batch]
    if convention.reduction == "sum":
        return weights
    total = sum(weights, fmpq(0)) if convention.normalised else fmpq(len(batch))
    return [weight / total for weight in weights]


def _loss(
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    targets: Sequence[fmpq],
    batch: Batch,
    convention: LossConvention,
) -> Differentiated:
    value, gradient = fmpq(0), 0 * online
    for (pair, *_), c, y in zip(batch, coefficients(batch, convention), targets, strict=True):
        state, action = int(mdp.pair_state[pair]), int(mdp.pair_action[pair])
        error = y - outputs(features, online, state)[action]
        value = value + c * penalty(error, convention)
        gradient[action] = gradient[action] - c * slope(error, convention) * features[state]
    return Differentiated(value, gradient, 0 * online)


def possible_losses(
    mdp: FiniteMDP, features: Array, online: Array, target: Array, batch: Batch, convention: LossConvention
) -> list[Differentiated]:
    """Return every right loss, one for each way to break ties, with its gradients: 0 in the target network."""
    targets = [possible_targets(mdp, features, online, target, sample, convention) for sample in batch]
    return [_loss(mdp, features, online, chosen, batch, convention) for chosen in product(*targets)]


def same(a: Differentiated, b: Differentiated) -> bool:
    """Whether two losses have one value and one gradient in the online network."""
    return bool(a.value == b.value) and bool((a.gradient == b.gradient).all())


def closest(computed: Differentiated, possible: Sequence[Differentiated]) -> Differentiated:
    """Return the right loss that was computed; the first one if it was none of them."""
    return next((right for right in possible if same(computed, right)), possible[0])


def as_defined(computed: Differentiated, right: Differentiated) -> Relation:
    """Both sides as a relation: the value and the gradient in the online network."""
    return all_of([equal(computed.value, right.value), equal(computed.gradient, right.gradient)])
