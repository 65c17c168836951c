r"""Running error analysis: how far binary64 can be from the exact value of an expression.

A `Ball` carries the exact value x of a quantity (to 60 digits) and a bound e on |fl(x) - x| for whatever binary64
program computed it by these operations. With unit roundoff u = 2^-53 and no overflow,

.. math::
    \lvert \mathrm{fl}(x y) - x y \rvert &\le e' + u (\lvert x y \rvert + e') + \eta, \qquad
        e' = \lvert x \rvert e_y + \lvert y \rvert e_x + e_x e_y \\
    \Bigl\lvert \mathrm{fl}\bigl(\textstyle\sum x_i y_i\bigr) - \sum x_i y_i \Bigr\rvert &\le
        \sum e'_i + \frac{n u}{1 - n u} \sum (\lvert x_i y_i \rvert + e'_i) + n \eta

the second in any order of summation, products fused into the sum or not (Higham 2002, section 3.1), eta = 2^-1074 for
underflow. For tanh, |tanh'| <= 1 carries the error of the argument over, and the function itself is taken to err by at
most 4 units in the last place; the libraries that torch calls state 1 (SLEEF) and 2 (glibc).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from flint import fmpq

__all__ = ["Ball", "exactly"]

DIGITS = 60
TANH_ULPS = 4


@cache
def _context() -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.dps = DIGITS
    return context


def exactly(value: fmpq) -> Any:
    """Return a dyadic rational as a 60-digit number; it is one, if it has no more digits."""
    return _context().mpf(int(value.p)) / int(value.q)


@dataclass(frozen=True)
class Ball:
    """An exact value, and a bound on the error of the binary64 number that stands for it."""

    value: Any
    error: Any = 0

    def __mul__(self, other: Ball) -> Ball:
        return Ball.dot([self], [other])

    def __sub__(self, other: Ball) -> Ball:
        one = Ball(exactly(fmpq(1)))
        return Ball.dot([self, other], [one, Ball(-one.value)])

    @classmethod
    def dot(cls, left: Iterable[Ball], right: Iterable[Ball]) -> Ball:
        """Return the sum of products, rounded anywhere."""
        pairs = list(zip(left, right, strict=True))
        value = sum(x.value * y.value for x, y in pairs)
        carried = sum(abs(x.value) * y.error + abs(y.value) * x.error + x.error * y.error for x, y in pairs)
        size = sum(abs(x.value * y.value) for x, y in pairs) + carried
        unit, smallest = exactly(fmpq(1, 2**53)), exactly(fmpq(1, 2**1074))
        n = len(pairs)
        return cls(value, carried + n * unit / (1 - n * unit) * size + n * smallest)

    def tanh(self) -> Ball:
        """Return the hyperbolic tangent."""
        value = _context().tanh(self.value)
        return Ball(value, self.error + TANH_ULPS * exactly(fmpq(1, 2**52)) * (abs(value) + self.error))
