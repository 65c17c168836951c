r"""How far a computed gradient of VE may be from the exact one, in reverse or in forward mode.

Each component is a sum of products, one for each path from the loss to a use of the parameter:

.. math::
    \frac{\partial \mathrm{VE}}{\partial w_k} = \sum_{\text{paths}} \prod_j f_j, \qquad
    f_j \in \{2 \mu, \; \hat q - q, \; \text{weights}, \; \text{slopes } f'(z), \; \text{units } h, \; \text{features}\}

Reverse mode draws common factors out of this sum at its one end, forward mode at its other; both evaluate it by
products and sums alone. Let the factors, as computed in the forward pass, be off by at most e_j (`running_error`), and
let no path meet more than D roundings. Then each product comes out as
prod (f_j + e_j') (1 + d_1) ... (1 + d_D) with |e_j'| <= e_j and |d_i| <= u, and hence

.. math::
    \lvert \mathrm{fl}(\partial_k) - \partial_k \rvert \le (1 + \gamma_D) \sum_{\text{paths}} \prod_j (|f_j| + e_j)
        - \sum_{\text{paths}} \prod_j |f_j|

D: at most eight in each layer (a product with a weight and one or two with the slope, and the additions over units, a
shift and a second use), eight in the loss (mu e + mu e, its products and signs), and one addition for each pair.
Nothing underflows: weights, features and mu are multiples of 2^-4, and what is not 0 among slopes and errors of q_hat
is at least 2^-130, in at most three factors of a path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flint
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import Array

from .networks import Network
from .running_error import BITS, Ball, gamma

__all__ = ["gradient_error_bounds"]


def gradient_error_bounds(network: Network, mu: Array, q: Array, features: Array, w: Array) -> list[float]:
    """Return a bound for each component, for weights mu, values q, features and parameters that are exact."""
    roundings = 8 * (len(network.hidden) + 1) + 8 + len(mu)
    with flint.ctx.workprec(BITS):
        passes = [_forward_pass(network, *pair, w) for pair in zip(mu, q, features, strict=True)]
        sizes = _sum_over_paths(network, passes, w, lambda factor: factor.size)
        largest = _sum_over_paths(network, passes, w, lambda factor: factor.size + factor.error)
        return [float(((1 + gamma(roundings)) * b - a).abs_upper()) for a, b in zip(sizes, largest, strict=True)]


@dataclass(frozen=True)
class _Pass:
    """What the forward pass at one pair leaves for the gradient."""

    double_weight: Ball
    row: tuple[int, ...]
    inputs: list[list[Ball]]
    slopes: list[list[Ball]]
    error: Ball


def _forward_pass(network: Network, mu: fmpq, q: fmpq, features: Array, w: Array) -> _Pass:
    parameters, one = [Ball(arb(value)) for value in w], Ball(arb(1))
    row = network.embedding[int(features[0].p)] if network.embedding else ()
    inputs = [[parameters[k] for k in row] or [Ball(arb(value)) for value in features]]
    slopes = []
    for layer in network.hidden:
        sums = [
            Ball.dot([*(parameters[k] for k in weights), parameters[shift]], [*inputs[-1], one])
            for weights, shift in zip(layer.weights, layer.shifts, strict=True)
        ]
        units = [z.tanh() if network.activation == "tanh" else z.softplus() for z in sums]
        inputs.append([h for h, _ in units])
        slopes.append([s for _, s in units])
    (weights,), (shift,) = network.output.weights, network.output.shifts
    estimate = Ball.dot([*(parameters[k] for k in weights), parameters[shift]], [*inputs[-1], one])
    return _Pass(Ball(2 * arb(mu)), row, inputs, slopes, estimate - Ball(arb(q)))


def _sum_over_paths(network: Network, passes: list[_Pass], w: Array, size: Callable[[Ball], Any]) -> list[Any]:
    """Return for each parameter the sum over its paths of the products of sizes: back-propagation without signs."""
    sums, weight = [arb(0)] * len(w), [arb(abs(value)) for value in w]
    for pair in passes:
        arriving = [size(pair.double_weight) * size(pair.error)]
        layers = [network.output, *reversed(network.hidden)]
        slopes = [[Ball(arb(1))], *reversed(pair.slopes)]
        for layer, units, inputs in zip(layers, slopes, reversed(pair.inputs), strict=True):
            through = [a * size(slope) for a, slope in zip(arriving, units, strict=True)]
            arriving = [arb(0)] * len(inputs)
            for a, weights, shift in zip(through, layer.weights, layer.shifts, strict=True):
                sums[shift] += a
                for i, k in enumerate(weights):
                    sums[k] += a * size(inputs[i])
                    arriving[i] += a * weight[k]
        for k, a in zip(pair.row, arriving, strict=bool(pair.row)):
            sums[k] += a
    return sums
