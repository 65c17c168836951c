r"""The derivative of each operation of a network, written by hand: the route that does not pass through autograd.

For an operation y = f(x_1, ..., x_n), `forward` computes y and `backward` maps the cotangent of y, dJ/dy, to those of
the x_i, the product with the transposed Jacobian:

.. math::
    y = A B: \ \bar A = \bar y B^T, \ \bar B = A^T \bar y; \qquad
    y = \tanh x: \ \bar x = \bar y (1 - y^2); \qquad
    y = x_1 x_2: \ \bar x_1 = \bar y x_2, \ \bar x_2 = \bar y x_1

in the steps that torch's kernels take too, so that `BINARY64` of `rounding` contains what they compute. What only moves numbers
(views, concatenation, an embedding, ``detach``) is one operation, of indices: ``detach`` is the identity, for it changes
no value, and mathematics knows values only. A slope that is one of several raises `Kink`; unless it is multiplied by 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array

from .rounding import Arithmetic, balls, magnitude

__all__ = ["MOVES", "OPERATIONS", "Kink", "Operation", "Unsupported", "move"]

MOVES = frozenset(
    "_unsafe_view alias cat clone detach embedding expand flip gather index index_select narrow permute repeat "
    "reshape select slice split split_with_sizes squeeze stack t transpose unbind unsqueeze view".split()
)
"""Operations whose results are entries of their operands, by their ATen names."""


class Kink(ArithmeticError):
    """A place where the function has no derivative: one-sided slopes differ."""


class Unsupported(NotImplementedError):
    """An operation, or a form of it, whose derivative is not known here."""


@dataclass(frozen=True)
class Operation:
    """y = forward(arithmetic, xs, options); the xs' cotangents = backward(arithmetic, xs, y, cotangent, options).

    `options` are the arguments that are not tensors, in their order and by name.
    """

    forward: Callable[[Arithmetic, list[Array], list[Any]], Array]
    backward: Callable[[Arithmetic, list[Array], Array, Array, list[Any]], list[Array]]


def move(arithmetic: Arithmetic, operands: list[Array], places: Array, cotangent: Array) -> list[Array]:
    """Return the cotangents of operands, laid end to end, whose entries at `places` are the result."""
    sizes = [operand.size for operand in operands]
    gathered = arithmetic.add_at(sum(sizes), places.ravel(), cotangent.ravel())
    parts = np.split(gathered, np.cumsum(sizes)[:-1])
    return [part.reshape(operand.shape) for part, operand in zip(parts, operands, strict=True)]


# -------------------------------------------------------------------- one operand, entry by entry


def _by_entry(
    forward: Callable[[Arithmetic, Array], Array], backward: Callable[[Arithmetic, Array, Array, Array], Array]
) -> Operation:
    def apply(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
        _only(options, [])
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
    beta, threshold = [*options, *(1, 20)[len(options) :]]
    return arb(float(beta)), arb(float(threshold))


def _softplus(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    beta, threshold = _softplus_options(options)
    scaled = arithmetic.multiply(xs[0], beta)
    curved = arithmetic.divide(arithmetic.elementary(_log1p(arithmetic.elementary(_exp(scaled)))), beta)
    return np.frompyfunc(lambda s, c, x: x if _beyond(s, threshold) else c, 3, 1)(scaled, curved, xs[0])


def _softplus_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    beta, threshold = _softplus_options(options)
    scaled = arithmetic.multiply(xs[0], beta)
    power = arithmetic.elementary(_exp(scaled))
    curved = arithmetic.divide(arithmetic.multiply(g, power), arithmetic.add(power, arb(1)))
    return [np.frompyfunc(lambda s, c, g: g if _beyond(s, threshold) else c, 3, 1)(scaled, curved, g)]


def _beyond(scaled: arb, threshold: arb) -> bool:
    # torch's softplus is the identity beyond its threshold; it jumps there by about exp(-20).
    if scaled > threshold:
        return True
    if scaled <= threshold:
        return False
    raise Kink("a softplus is within rounding of the threshold beyond which torch makes it the identity")


# -------------------------------------------------------------------- two operands, stretched to one shape


def _fold(arithmetic: Arithmetic, cotangent: Array, shape: tuple[int, ...]) -> Array:
    """Add up the entries into which one entry of an operand of this shape was stretched."""
    extra = cotangent.ndim - len(shape)
    axes = (*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1 and cotangent.shape[extra + i] != 1))
    return (arithmetic.total(cotangent, axes) if axes else cotangent).reshape(shape)


def _pair(xs: list[Array], options: list[Any]) -> tuple[Array, Array, list[Any]]:
    """Return both operands: the second may be a number, which is no tensor and asks for no cotangent."""
    if len(xs) == 2:
        return xs[0], xs[1], options
    return xs[0], balls(options[0]), options[1:]


def _sum_like(sign: int) -> Operation:
    def forward(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
        left, right, rest = _pair(xs, options)
        _only(rest, [1])
        return arithmetic.add(left, right) if sign > 0 else arithmetic.subtract(left, right)

    def backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
        return [_fold(arithmetic, part, x.shape) for part, x in zip((g, sign * g), xs, strict=False)]

    return Operation(forward, backward)


def _multiply(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    _only(rest, [])
    return arithmetic.multiply(left, right)


def _multiply_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    left, right, _ = _pair(xs, options)
    parts = (arithmetic.multiply(g, other) for other in (right, left))
    return [_fold(arithmetic, part, x.shape) for part, x in zip(parts, xs, strict=False)]


def _divide(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    _only(rest, [])
    return arithmetic.divide(left, right)


def _divide_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    left, right, _ = _pair(xs, options)
    by_left = arithmetic.divide(g, right)
    parts = [by_left] if len(xs) == 1 else [by_left, arithmetic.multiply(-g, arithmetic.divide(y, right))]
    return [_fold(arithmetic, part, x.shape) for part, x in zip(parts, xs, strict=True)]


def _reversed_difference(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    _only(rest, [1])
    return arithmetic.subtract(right, left)


def _square(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    _only(options, [2])
    return arithmetic.multiply(xs[0], xs[0])


def _square_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    return [arithmetic.multiply(g, 2 * xs[0])]


# -------------------------------------------------------------------- sums and matrix products


def _axes(x: Array, options: list[Any]) -> tuple[tuple[int, ...], bool]:
    dims, keep = options[0] if options else None, len(options) > 1 and options[1]
    axes = tuple(range(x.ndim)) if dims in (None, []) else tuple(d % x.ndim for d in np.atleast_1d(dims).tolist())
    return axes, bool(keep)


def _sum(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    axes, keep = _axes(xs[0], options)
    return arithmetic.total(xs[0], axes, keep)


def _sum_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    axes, _ = _axes(xs[0], options)
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(xs[0].shape))
    return [np.broadcast_to(np.reshape(g, kept), xs[0].shape)]


def _count(x: Array, options: list[Any]) -> arb:
    return arb(math.prod(x.shape[axis] for axis in _axes(x, options)[0]))


def _mean(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    return arithmetic.divide(_sum(arithmetic, xs, options), _count(xs[0], options))


def _mean_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    return _sum_backward(arithmetic, xs, y, arithmetic.divide(g, _count(xs[0], options)), options)


def _matmul_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    left, right = xs
    if right.ndim == 1:
        return [arithmetic.multiply(g[..., None], right), arithmetic.matmul(np.atleast_2d(left).T, np.atleast_1d(g))]
    return [arithmetic.matmul(g, np.swapaxes(right, -1, -2)), arithmetic.matmul(np.swapaxes(left, -1, -2), g)]


def _matmul(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    _only(options, [])
    return np.asarray(arithmetic.matmul(xs[0], xs[1]), dtype=object)


def _affine(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    _only(options, [])
    # One sum of n + 1 terms, the bias anywhere among them: a kernel may begin with it.
    shift, left, right = xs
    sizes = (magnitude(shift) + magnitude(left) @ magnitude(right)) if arithmetic.rounds else None
    return arithmetic.rounded(shift + left @ right, left.shape[-1] + 1, sizes)


def _affine_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    return [_fold(arithmetic, g, xs[0].shape), *_matmul_backward(arithmetic, xs[1:], y, g, [])]


def _only(given: list[Any], known: list[Any]) -> None:
    # Options at their usual values may be given or left out; any other value is another operation.
    if given != known[: len(given)]:
        raise Unsupported(f"with options {given}")


_MATMUL = Operation(_matmul, _matmul_backward)

OPERATIONS: dict[str, Operation] = {
    "add": _sum_like(+1),
    "addmm": Operation(_affine, _affine_backward),
    "bmm": _MATMUL,
    "div": Operation(_divide, _divide_backward),
    "dot": _MATMUL,
    "exp": _by_entry(
        lambda arithmetic, x: arithmetic.elementary(_exp(x)), lambda arithmetic, x, y, g: arithmetic.multiply(g, y)
    ),
    "mean": Operation(_mean, _mean_backward),
    "mm": _MATMUL,
    "mul": Operation(_multiply, _multiply_backward),
    "mv": _MATMUL,
    "neg": _by_entry(lambda arithmetic, x: -x, lambda arithmetic, x, y, g: -g),
    "pow": Operation(_square, _square_backward),
    "relu": _by_entry(lambda arithmetic, x: _positive_part(x), _relu_backward),
    "rsub": Operation(
        _reversed_difference,
        lambda arithmetic, xs, y, g, options: [_fold(arithmetic, sign * g, x.shape) for sign, x in zip((-1, 1), xs)],
    ),
    "sigmoid": _by_entry(
        _sigmoid,
        lambda arithmetic, x, y, g: arithmetic.multiply(arithmetic.multiply(g, arithmetic.subtract(arb(1), y)), y),
    ),
    "softplus": Operation(_softplus, _softplus_backward),
    "sub": _sum_like(-1),
    "sum": Operation(_sum, _sum_backward),
    "tanh": _by_entry(
        lambda arithmetic, x: arithmetic.elementary(_tanh(x)),
        lambda arithmetic, x, y, g: arithmetic.multiply(
            g, arithmetic.subtract(arb(1), arithmetic.multiply(y, y))
        ),
    ),
}
"""What is known here, by ATen names without the overload; torch's kernels are described by the same steps."""
