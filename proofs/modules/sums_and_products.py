r"""Sums, differences, products and quotients of tensors, stretched to one shape; sums along axes; matrix products.

.. math::
    y = x_1 x_2: \ \bar x_1 = \bar y x_2, \ \bar x_2 = \bar y x_1; \qquad
    y = A B: \ \bar A = \bar y B^T, \ \bar B = A^T \bar y; \qquad y = \sum x_i: \ \bar x_i = \bar y

An operand that was stretched collects the cotangents of all entries that it was stretched to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array

from .operation import Operation, only
from .rounding import Arithmetic, balls, magnitude

__all__ = ["SUMS_AND_PRODUCTS"]


def _fold(arithmetic: Arithmetic, cotangent: Array, shape: tuple[int, ...]) -> Array:
    """Add up the entries into which one entry of an operand of this shape was stretched."""
    extra = cotangent.ndim - len(shape)
    stretched = [extra + i for i, n in enumerate(shape) if n == 1 and cotangent.shape[extra + i] != 1]
    axes = (*range(extra), *stretched)
    return np.reshape(arithmetic.total(cotangent, axes) if axes else cotangent, shape)


def _pair(xs: list[Array], options: list[Any]) -> tuple[Array, Array, list[Any]]:
    """Return both operands: the second may be a number, which is no tensor and asks for no cotangent."""
    if len(xs) == 2:
        return xs[0], xs[1], options
    return xs[0], balls(options[0]), options[1:]


def _sum_like(sign: int) -> Operation:
    def forward(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
        left, right, rest = _pair(xs, options)
        only(rest, [1])
        return arithmetic.add(left, right) if sign > 0 else arithmetic.subtract(left, right)

    def backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
        return [_fold(arithmetic, part, x.shape) for part, x in zip((g, sign * g), xs, strict=False)]

    return Operation(forward, backward)


def _multiply(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    only(rest, [])
    return arithmetic.multiply(left, right)


def _multiply_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    left, right, _ = _pair(xs, options)
    parts = (arithmetic.multiply(g, other) for other in (right, left))
    return [_fold(arithmetic, part, x.shape) for part, x in zip(parts, xs, strict=False)]


def _divide(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    only(rest, [])
    return arithmetic.divide(left, right)


def _divide_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    _, right, _ = _pair(xs, options)
    by_left = arithmetic.divide(g, right)
    parts = [by_left] if len(xs) == 1 else [by_left, arithmetic.multiply(-g, arithmetic.divide(y, right))]
    return [_fold(arithmetic, part, x.shape) for part, x in zip(parts, xs, strict=True)]


def _reversed_difference(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    left, right, rest = _pair(xs, options)
    only(rest, [1])
    return arithmetic.subtract(right, left)


def _reversed_difference_backward(
    arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]
) -> list[Array]:
    return [_fold(arithmetic, part, x.shape) for part, x in zip((-g, g), xs, strict=False)]


def _square(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    only(options, [2])
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
    only(options, [])
    return arithmetic.matmul(xs[0], xs[1])


def _affine(arithmetic: Arithmetic, xs: list[Array], options: list[Any]) -> Array:
    only(options, [])
    # One sum of n + 1 terms, the bias anywhere among them: a kernel may begin with it.
    shift, left, right = xs
    sizes = (magnitude(shift) + magnitude(left) @ magnitude(right)) if arithmetic.rounds else None
    return arithmetic.rounded(shift + left @ right, left.shape[-1] + 1, sizes)


def _affine_backward(arithmetic: Arithmetic, xs: list[Array], y: Array, g: Array, options: list[Any]) -> list[Array]:
    return [_fold(arithmetic, g, xs[0].shape), *_matmul_backward(arithmetic, xs[1:], y, g, [])]


_MATMUL = Operation(_matmul, _matmul_backward)

SUMS_AND_PRODUCTS: dict[str, Operation] = {
    "add": _sum_like(+1),
    "addmm": Operation(_affine, _affine_backward),
    "bmm": _MATMUL,
    "div": Operation(_divide, _divide_backward),
    "dot": _MATMUL,
    "mean": Operation(_mean, _mean_backward),
    "mm": _MATMUL,
    "mul": Operation(_multiply, _multiply_backward),
    "mv": _MATMUL,
    "pow": Operation(_square, _square_backward),
    "rsub": Operation(_reversed_difference, _reversed_difference_backward),
    "sub": _sum_like(-1),
    "sum": Operation(_sum, _sum_backward),
}
"""Sums and products by the names of ATen."""
