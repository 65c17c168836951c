r"""Functions of one number, entry by entry, and their slopes; and normalisation by fixed statistics.

.. math::
    \tanh' = 1 - \tanh^2, \qquad \sigma' = \sigma (1 - \sigma), \qquad \mathrm{softplus}' = e^x / (1 + e^x), \qquad
    \mathrm{relu}'(x) = [x > 0] \text{ for } x \ne 0

each computed in the steps of torch's kernels. Batch normalisation in eval mode is x a + (b - m a) with
a = weight / sqrt(variance + eps); in train mode it is a function of the whole batch, and not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array

from .operation import Kink, Operation, Unsupported, only
from .rounding import Arithmetic

__all__ = ["ACTIVATIONS"]


def _by_entry(
    forward: Callable[[Arithmetic, Array], Array], backward: Callable[[Arithmetic, Array, Array, Array], Array]
) -> Operation:
    def apply(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
        only(options, [])
        return forward(arithmetic, xs[0])

    return Operation(apply, lambda arithmetic, xs, y, g, options: [backward(arithmetic, xs[0], y, g)])


_tanh = np.frompyfunc(lambda x: x.tanh(), 1, 1)
_exp = np.frompyfunc(lambda x: x.exp(), 1, 1)
_log1p = np.frompyfunc(lambda x: x.log1p(), 1, 1)
_positive_part = np.frompyfunc(lambda x: x.max(arb(0)), 1, 1)


def _sigmoid(arithmetic: Arithmetic, x: Array) -> Array:
    return arithmetic.divide(arb(1), arithmetic.add(arithmetic.elementary(_exp(-x)), arb(1)))


def _relu_backward(arithmetic: Arithmetic, x: Array, y: Array, g: Array) -> Array:
    def slope(x: arb, g: arb) -> arb:
        if x > 0:
            return g
        if x < 0 or g.is_zero():
            return arb(0)
        raise Kink("a ReLU is at 0, or within rounding of it")

    return np.frompyfunc(slope, 2, 1)(x, g)


def _softplus_options(options: list[Any]) -> tuple[arb, arb]:
    beta = options[0] if options else 1
    threshold = options[1] if len(options) > 1 else 20
    return arb(float(beta)), arb(float(threshold))


def _softplus(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    scaled, beyond, beta = _scaled(arithmetic, xs[0], options)
    power = arithmetic.elementary(_exp(scaled))
    return np.where(beyond, xs[0], arithmetic.divide(arithmetic.elementary(_log1p(power)), beta))


def _softplus_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    scaled, beyond, _ = _scaled(arithmetic, xs[0], options)
    power = arithmetic.elementary(_exp(scaled))
    curved = arithmetic.divide(arithmetic.multiply(g, power), arithmetic.add(power, arb(1)))
    return [np.where(beyond, g, curved)]


def _scaled(arithmetic: Arithmetic, x: Array, options: list[Any]) -> tuple[Array, Array, arb]:
    """Return beta x, or 0 beyond the threshold, where torch's softplus is the identity; whether it is; and beta."""
    beta = arb(float(options[0] if options else 1))
    threshold = arb(float(options[1] if len(options) > 1 else 20))
    scaled = arithmetic.multiply(x, beta)
    beyond = np.asarray(np.frompyfunc(lambda each: _beyond(each, threshold), 1, 1)(scaled), dtype=bool)
    near = np.array(scaled, dtype=object)
    near[beyond] = arb(0)
    return near, beyond, beta


def _beyond(scaled: arb, threshold: arb) -> bool:
    if scaled > threshold:
        return True
    if scaled <= threshold:
        return False
    raise Kink("a softplus is within rounding of the threshold at which torch's jumps to the identity")


def _leaky_slopes(options: list[Any]) -> arb:
    return arb(float(options[0])) if options else arb(0.01)


def _leaky(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    slope = _leaky_slopes(options)
    if not 0 <= slope <= 1:
        raise Unsupported(f"with a slope of {options[0]}, outside 0 to 1")
    return np.frompyfunc(lambda x, low: x.max(low), 2, 1)(xs[0], arithmetic.multiply(xs[0], slope))


def _leaky_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    def choose(x: arb, g: arb, low: arb) -> arb:
        if x > 0 or g.is_zero():
            return g
        if x < 0:
            return low
        raise Kink("a leaky ReLU is at 0, or within rounding of it")

    return [np.frompyfunc(choose, 3, 1)(xs[0], g, arithmetic.multiply(g, _leaky_slopes(options)))]


def _silu_backward(arithmetic: Arithmetic, x: Array, y: Array, g: Array) -> Array:
    sigmoid = _sigmoid(arithmetic, x)
    rest = arithmetic.multiply(x, arithmetic.subtract(arb(1), sigmoid))
    return arithmetic.multiply(g, arithmetic.multiply(sigmoid, arithmetic.add(arb(1), rest)))


# -------------------------------------------------------------------- normalisation by fixed statistics


def _normaliser(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> tuple[list[Array], Array]:
    """Return weight, bias, mean and 1 / sqrt(variance + eps), each stretched along the axis of channels."""
    if len(xs) != 5 or options[0] is not False:
        raise Unsupported("in train mode, or without weights and running statistics")
    channels = (-1, *[1] * (xs[0].ndim - 2))
    weight, bias, mean, variance = (x.reshape(channels) for x in xs[1:])
    root = arithmetic.rounded(np.frompyfunc(lambda x: x.sqrt(), 1, 1)(arithmetic.add(variance, arb(options[2]))))
    return [weight, bias, mean], arithmetic.divide(arb(1), root)


def _normalise(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    (weight, bias, mean), scale = _normaliser(arithmetic, xs, options)
    slope = arithmetic.multiply(scale, weight)
    shift = arithmetic.subtract(bias, arithmetic.multiply(mean, slope))
    return arithmetic.add(arithmetic.multiply(xs[0], slope), shift)


def _normalise_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    (weight, _, mean), scale = _normaliser(arithmetic, xs, options)
    axes = (0, *range(2, g.ndim))
    # The order of the three factors is left open: any has two roundings, of the same product.
    by_weight = arithmetic.multiply(arithmetic.multiply(arithmetic.subtract(xs[0], mean), g), scale)
    by_input = arithmetic.multiply(arithmetic.multiply(g, scale), weight)
    constants = [np.full(x.shape, arb(0), dtype=object) for x in xs[3:]]
    return [by_input, arithmetic.total(by_weight, axes), arithmetic.total(g, axes), *constants]


ACTIVATIONS: dict[str, Operation] = {
    "exp": _by_entry(
        lambda arithmetic, x: arithmetic.elementary(_exp(x)), lambda arithmetic, x, y, g: arithmetic.multiply(g, y)
    ),
    "leaky_relu": Operation(_leaky, _leaky_backward),
    "native_batch_norm": Operation(_normalise, _normalise_backward),
    "neg": _by_entry(lambda arithmetic, x: -x, lambda arithmetic, x, y, g: -g),
    "relu": _by_entry(lambda arithmetic, x: _positive_part(x), _relu_backward),
    "sigmoid": _by_entry(
        _sigmoid,
        lambda arithmetic, x, y, g: arithmetic.multiply(arithmetic.multiply(g, arithmetic.subtract(arb(1), y)), y),
    ),
    "silu": _by_entry(
        lambda arithmetic, x: arithmetic.divide(x, arithmetic.add(arithmetic.elementary(_exp(-x)), arb(1))),
        _silu_backward,
    ),
    "softplus": Operation(_softplus, _softplus_backward),
    "tanh": _by_entry(
        lambda arithmetic, x: arithmetic.elementary(_tanh(x)),
        lambda arithmetic, x, y, g: arithmetic.multiply(g, arithmetic.subtract(arb(1), arithmetic.multiply(y, y))),
    ),
}
"""Activations by the names of ATen."""
