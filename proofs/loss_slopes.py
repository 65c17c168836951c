r"""Gradients of DQN losses by SymPy: with the target held fixed or moving, of linear networks and of one hidden layer.

.. math::
    \text{moving:}\quad \ell\bigl(r + \gamma\, \theta_{a^*} \cdot \phi(s') - \theta_a \cdot \phi(s)\bigr), \qquad
    \text{hidden:}\quad \ell\bigl(y - v_a \cdot \max(U \phi(s), 0)\bigr)

The loss of one sample is written down in named symbols, SymPy differentiates it once, and the derivatives are evaluated
in rationals and added up. A loss l is a polynomial on each side of its threshold; what is differentiated is 2 l, for a
fraction would become a float.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.linear_networks import Batch
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from .approximations import HIDDEN, evaluator
from .losses import best_actions, coefficients, ends, outputs, possible_targets

__all__ = ["full_gradient", "hidden_layer_gradients"]


def _side(error: fmpq, convention: LossConvention) -> int:
    """Return on which side of the threshold an error is, 0 inside; squares have none, an absolute value has it at 0."""
    if convention.error in ("square", "half-square"):
        return 0
    kappa = convention.threshold or fmpq(0)
    return int(error > kappa) - int(error < -kappa)


def _twice_the_loss(error: str, side: int, delta: Any, kappa: Any) -> Any:
    if error == "square":
        return 2 * delta**2
    if error == "absolute":
        return 2 * side * delta
    return 2 * side * kappa * delta - kappa**2 if side else delta**2


def _dot(a: Any, b: Any) -> Any:
    return sum((x * y for x, y in zip(a, b, strict=True)), start=0)


# -------------------------------------------------------------------- one network, and a target that moves


@cache
def _moving(error: str, side: int, columns: int, same_head: bool) -> Callable[..., list[Any]]:
    """Return the derivatives by the head of the action taken and by the one of the best action that follows."""
    import sympy

    r, discount, kappa = sympy.symbols("r gamma kappa")
    names = (f"{name}:{columns}" for name in ("x", "y", "w", "v"))
    phi, following, head, best = (sympy.symbols(name) for name in names)
    valued = head if same_head else best
    loss = _twice_the_loss(error, side, r + discount * _dot(valued, following) - _dot(head, phi), kappa)
    return evaluator([phi, following, head, best, [r, discount, kappa]], [sympy.diff(loss, w) for w in (*head, *best)])


def full_gradient(mdp: FiniteMDP, features: Array, weights: Array, batch: Batch, convention: LossConvention) -> Array:
    """Return the (A, d) gradient of the loss of one network that also gives its targets; best actions must not tie."""
    gradient, columns = 0 * weights, features.shape[1]
    for sample, c in zip(batch, coefficients(batch, convention), strict=True):
        pair, outcome, *_ = sample
        state, following = int(mdp.pair_state[pair]), int(mdp.next_state[outcome])
        action = best = int(mdp.pair_action[pair])
        discount = fmpq(0)
        if not ends(mdp, sample, convention):
            discount = mdp.discount
            best = best_actions(mdp, features, weights, weights, following, convention)[0]
        value, predicted = outputs(features, weights, following)[best], outputs(features, weights, state)[action]
        side = _side(mdp.reward[outcome] + discount * value - predicted, convention)
        slopes = _moving(convention.error, side, columns, best == action)
        numbers = [mdp.reward[outcome], discount, convention.threshold or fmpq(0)]
        found = exact_array(slopes(features[state], features[following], weights[action], weights[best], numbers))
        gradient[action] = gradient[action] + c * found[:columns] / 2
        gradient[best] = gradient[best] + c * found[columns:] / 2
    return gradient


# -------------------------------------------------------------------- a hidden layer


@cache
def _hidden(error: str, side: int, columns: int) -> Callable[..., list[Any]]:
    """Return the derivatives by U and by v."""
    import sympy

    x, u = sympy.symbols(f"x:{columns}"), sympy.symbols(f"u:{HIDDEN}:{columns}")
    v, y, kappa = sympy.symbols(f"v:{HIDDEN}"), sympy.Symbol("y"), sympy.Symbol("kappa")
    sums = [_dot(u[j * columns : (j + 1) * columns], x) for j in range(HIDDEN)]
    units = [sympy.Piecewise((z, z > 0), (0, True)) for z in sums]
    loss = _twice_the_loss(error, side, y - _dot(v, units), kappa)
    return evaluator([x, u, v, [y, kappa]], [sympy.diff(loss, w) for w in (*u, *v)])


def hidden_layer_gradients(
    mdp: FiniteMDP,
    features: Array,
    hidden: Array,
    online: Array,
    target: Array,
    batch: Batch,
    convention: LossConvention,
) -> tuple[Array, Array]:
    """Return the gradients in the hidden layer and in the heads, for two networks that share the hidden weights.

    `hidden` has shape (2, d), the heads (A, 2). Of tied best actions the lowest is valued.
    """
    first, last = 0 * hidden, 0 * online
    # Behind the hidden layer a network is linear in its units, so that the labels are those of linear networks.
    sums = features @ hidden.T
    units = exact_array(max(z, fmpq(0)) for z in sums.flat).reshape(sums.shape)
    for sample, c in zip(batch, coefficients(batch, convention), strict=True):
        state, action = int(mdp.pair_state[sample[0]]), int(mdp.pair_action[sample[0]])
        label = possible_targets(mdp, units, online, target, sample, convention)[0]
        side = _side(label - outputs(units, online, state)[action], convention)
        numbers = [label, convention.threshold or fmpq(0)]
        slopes = _hidden(convention.error, side, features.shape[1])
        found = exact_array(slopes(features[state], hidden.flat, online[action], numbers)) / 2
        first = first + c * found[: hidden.size].reshape(hidden.shape)
        last[action] = last[action] + c * found[hidden.size :]
    return first, last
