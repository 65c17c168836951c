r"""The gradient of a DQN loss is the sum of the errors' slopes times grad q-hat, and the target stands still.

.. math::
    L(\theta) = \sum_i c_i\, \ell\bigl(y_i - \hat q_\theta(s_i, a_i)\bigr) \implies
    \nabla_\theta L = -\sum_i c_i\, \ell'(\delta_i)\, \nabla_\theta\, \hat q_\theta(s_i, a_i), \qquad
    \nabla_{\theta^-} L = 0

The c_i are 1/n or 1, weighted or not, and l is the square, its half, the absolute value or the Huber loss: what right
losses differ in is declared (`bellcheck.mdp.loss_convention`) and then exact. The labels y_i are numbers, detached.

Why: the chain rule. If theta also moved y_i there would be a second term, the motion of the target, which is what a
loss differentiates that forgets to detach: with one network for both it is

.. math:: \sum_i c_i\, \ell'(\delta_i)\, \gamma\, \nabla_\theta\, \hat q_\theta(s'_i, a^*_i)

over the steps that did not end. With a target network of its own the same slip shows only as a gradient of that
network, and does no harm as long as nothing trains it.

*An error that is clipped before it is squared* has no slope beyond the threshold: the larger an error is, the less is
learnt from it, that is nothing. The Huber loss clips the slope: a reward of 10 that nobody expected has the loss 19/2
and the slope 1 at the threshold 1, where the clipped square has 1/2 and 0.

Nothing rounds on the numbers that are drawn, in binary64 nor in binary32 (`loss_draws`), so equal is equal. Through a
hidden layer of two ReLU units torch's gradient is compared with SymPy's, in binary64: an output is a sum of four
products of three halves, at most 4 * 27 and a multiple of 1/8; a TD error is below 256 and a multiple of 1/32, and four
of its squares with their weights take 30 bits; a derivative, 2 w delta v x, takes 24.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, to_floats
from bellcheck.mdp.linear_networks import Batch, linear_network, transitions
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import tied_to

from .. import losses as defined
from ..approximations import HIDDEN
from ..assumptions import detached_target, differentiable, unique_greedy
from ..claim import Claim, cite
from ..loss_draws import are_halves, batches, conventions, heads, loss_mdps, state_features
from ..loss_slopes import full_gradient, hidden_layer_gradients
from ..mutants import loss_targets, losses
from ..relation import Relation, all_of, equal, given

loss_gradient = Claim(
    id="deep-q.loss-gradient",
    title="A DQN loss moves the online network along the slopes of its errors, and nothing else",
    statement=r"\nabla_\theta \textstyle\sum_i c_i\, \ell(y_i - \hat q_\theta(s_i, a_i))"
    r" = -\sum_i c_i\, \ell'(\delta_i)\, \nabla_\theta \hat q_\theta(s_i, a_i), \quad \nabla_{\theta^-} L = 0",
    subject="dqn-loss",
    needs=(detached_target, unique_greedy, differentiable),
    uses=("semi-gradient.difference",),
    sources=(cite("mnih2015"), cite("huber1964")),
)

_draws: dict[str, Any] = {
    "mdp": loss_mdps(),
    "features": state_features,
    "online": heads,
    "target": heads,
    "batch": batches,
    "convention": conventions(),
}


@loss_gradient.exact(**_draws)
def loss_and_gradient_are_the_formula(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """The value and the gradient in the online network, under the declared convention; ties may be broken anyhow."""
    computed = loss(mdp, features, online, target, batch, convention)
    possible = defined.possible_losses(mdp, features, online, target, batch, convention)
    return defined.as_defined(computed, defined.closest(computed, possible))


for _mutant in (
    losses.undetached,
    losses.clipped_before_squaring,
    losses.slope_one_beyond_the_threshold,
    loss_targets.discount_of_its_own,
    loss_targets.online_network_in_the_target,
    loss_targets.plain_in_place_of_double,
    loss_targets.chosen_by_the_target_network,
):
    loss_gradient.refutes(_mutant, by=loss_and_gradient_are_the_formula)
loss_gradient.kept(
    detached_target,
    because="Whether the target is detached is the loss's own doing, and the loss is what is checked: it is dropped in"
    " the mutants whose target moves.",
)


@loss_gradient.exact(**_draws)
def target_network_gets_no_gradient(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> Relation:
    """Of both networks' gradients, the one of the formula and zeros."""
    computed = loss(mdp, features, online, target, batch, convention)
    right = defined.closest(computed, defined.possible_losses(mdp, features, online, target, batch, convention))
    both = [np.concatenate([side.gradient, side.target_gradient]) for side in (computed, right)]
    return equal(*both)


loss_gradient.refutes(losses.both_networks_trained, by=target_network_gets_no_gradient)


# -------------------------------------------------------------------- the motion of the target


def _motion(mdp: FiniteMDP, features: Array, weights: Array, batch: Batch, convention: LossConvention) -> Array:
    """The term that an undetached target adds if one network predicts and values."""
    term = 0 * weights
    for sample, c in zip(batch, defined.coefficients(batch, convention), strict=True):
        if defined.ends(mdp, sample, convention):
            continue
        pair, outcome, *_ = sample
        following = int(mdp.next_state[outcome])
        label = defined.possible_targets(mdp, features, weights, weights, sample, convention)[0]
        predicted = defined.outputs(features, weights, int(mdp.pair_state[pair]))[int(mdp.pair_action[pair])]
        best = defined.best_actions(mdp, features, weights, weights, following, convention)[0]
        moved = c * defined.slope(label - predicted, convention) * mdp.discount * features[following]
        term[best] = term[best] + moved
    return term


@loss_gradient.autograd(**{name: draw for name, draw in _draws.items() if name != "target"})
def undetached_target_would_add_its_motion(
    loss: Any, mdp: FiniteMDP, features: Array, online: Array, batch: Batch, convention: LossConvention
) -> Relation:
    """With a copy of the network for its target: the gradient and the motion of the target make SymPy's full one."""
    tied = sum(
        len(defined.best_actions(mdp, features, online, online, int(mdp.next_state[sample[1]]), convention)) > 1
        for sample in batch
        if not defined.ends(mdp, sample, convention)
    )
    gradient = loss(mdp, features, online, online.copy(), batch, convention).gradient
    moving = (mdp, features, online, batch, convention)
    return given(equal(tied, 0), equal(gradient + _motion(*moving), full_gradient(*moving)))


loss_gradient.refutes(losses.undetached, by=undetached_target_would_add_its_motion)
loss_gradient.kept(
    unique_greedy,
    because="Where best actions of s' tie the largest output has no derivative, and there is no full gradient to"
    " compare with (semi-gradient.max-kink). With the target held fixed no derivative of it is needed.",
)

# -------------------------------------------------------------------- large errors


def _one_step() -> FiniteMDP:
    """One reward of 10, and the end."""
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 10, 1)])], "1/2")


_large: dict[str, Any] = {
    "mdp": _one_step,
    "features": exact_array([1, 1]).reshape(2, 1),
    "online": exact_array([0]).reshape(1, 1),
    "target": exact_array([0]).reshape(1, 1),
    "batch": ((0, 0, fmpq(1), False),),
}


@loss_gradient.fixture(**_large, convention=LossConvention("half-square"), value="50", slope_there="10")
@loss_gradient.fixture(**_large, convention=LossConvention("square"), value="100", slope_there="20")
@loss_gradient.fixture(**_large, convention=LossConvention("huber", threshold="1"), value="19/2", slope_there="1")
@loss_gradient.fixture(**_large, convention=LossConvention("huber", threshold="1/4"), value="79/32", slope_there="1/4")
def large_errors_are_learnt_from(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
    value: str,
    slope_there: str,
) -> Relation:
    """A reward of 10 that nobody expected has a slope, if a small one."""
    computed = loss(mdp, features, online, target, batch, convention)
    return equal([computed.value, *computed.gradient.flat], [exact(value), -exact(slope_there)])


loss_gradient.refutes(losses.clipped_before_squaring, by=large_errors_are_learnt_from)


# -------------------------------------------------------------------- through a hidden layer


@tied_to("numbers")
@st.composite
def _hidden_weights(draw: st.DrawFn, features: Array) -> Array:
    """Weights of shape (2, d) of a hidden layer, halves up to 2."""
    halves = [draw(st.integers(-4, 4)) for _ in range(HIDDEN * features.shape[1])]
    return exact_array(halves).reshape(HIDDEN, features.shape[1]) / 2


_hidden_weights.accepts = are_halves  # type: ignore[attr-defined]


def _network(hidden: Array, last: Array) -> Any:
    import torch

    layers = [linear_network(weights) for weights in (hidden, last)]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])


@loss_gradient.autograd(of="torch-loss", **_draws, hidden=_hidden_weights)
def gradient_through_a_hidden_layer(
    loss: Any,
    mdp: FiniteMDP,
    features: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
    hidden: Array,
) -> Relation:
    """Both layers' gradients of a ReLU network with a head for each action are SymPy's, to the last bit."""
    learner, copy = _network(hidden, online), _network(hidden, target)
    samples = transitions(mdp, features, batch, len(online))
    loss(learner, copy, samples, float(to_floats([mdp.discount])[0]), convention).backward()
    computed = [layer.weight.grad for layer in (learner[0], learner[2])]
    derived = hidden_layer_gradients(mdp, features, hidden, online, target, batch, convention)
    return all_of(equal(ours, theirs) for ours, theirs in zip(computed, derived, strict=True))


loss_gradient.refutes(losses.undetached_on_networks, by=gradient_through_a_hidden_layer)
loss_gradient.kept(
    differentiable,
    because="At a kink, of an absolute error at 0 or of a ReLU unit, torch and SymPy take the slope 0 by a convention"
    " that they share; without a derivative neither side is defined.",
)
