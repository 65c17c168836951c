r"""Running error analysis: how far binary64 can be from the exact value of an expression.

A `Ball` carries the exact value x of a quantity (enclosed to 128 bits) and a bound e on |fl(x) - x| for whatever
binary64 program computed it by these operations. With unit roundoff u = 2^-53, without overflow or underflow,

.. math::
    \Bigl\lvert \mathrm{fl}\bigl(\textstyle\sum_{i \le n} x_i y_i\bigr) - \sum x_i y_i \Bigr\rvert \le
        \sum e'_i + \gamma_n \sum (\lvert x_i y_i \rvert + e'_i), \qquad
    e'_i = \lvert x_i \rvert e_{y_i} + \lvert y_i \rvert e_{x_i} + e_{x_i} e_{y_i}, \quad
    \gamma_n = \frac{n u}{1 - n u}

in any order of summation, products fused into the sum or not (Higham 2002, section 3.1).

An elementary function is taken to err by at most 4 units in the last place; the libraries that torch calls state 1
(SLEEF) and 2 (glibc). Then, h being the function and s its slope,

* h = tanh z: the error e of z is carried over, for |tanh'| <= 1; s is computed as 1 - h h;
* h = log(1 + exp z): likewise; a relative error r of exp z moves h by at most r exp(z) / (1 + exp z) <= r h; s is
  computed as exp(z) / (exp(z) + 1), which r moves by at most r s, and e by at most e, for s' <= 1/4.

A system M x = b of n equations, solved by elimination with partial pivoting, has an answer that solves (M + F) x = b
exactly, with an F of a size that is known beforehand (Higham 2002, chapter 9); with M's own errors in f,

.. math::
    \lVert \mathrm{fl}(x) - x \rVert_\infty \le
        \frac{\kappa\,(\lVert e_b \rVert_\infty + f \lVert x \rVert_\infty)}{1 - \kappa f}, \qquad
    \kappa = \lVert M^{-1} \rVert_\infty, \quad
    f = \lVert e_M \rVert_\infty + n^2 2^n \gamma_{3n} \max_{ij} (\lvert m_{ij} \rvert + e_{ij})

2^n is twice the largest growth of the pivots. The bound is the same for the transposed system from the same factors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from flint import arb, arb_mat, fmpq

__all__ = ["BITS", "Ball", "gamma"]

BITS = 128
"""The precision that enclosures are meant to be computed with (``flint.ctx.workprec``)."""
_UNIT = fmpq(1, 2**53)
_FUNCTION = 4 * fmpq(1, 2**52)


def gamma(n: int) -> fmpq:
    """Return n u / (1 - n u), the relative error of n roundings in a row."""
    return n * _UNIT / (1 - n * _UNIT)


@dataclass(frozen=True)
class Ball:
    """An exact value, and a bound on the error of the binary64 number that stands for it."""

    value: Any
    error: Any = 0

    @property
    def size(self) -> Any:
        """The size of the exact value."""
        return abs(self.value)

    def __mul__(self, other: Ball) -> Ball:
        return Ball.dot([self], [other])

    def __truediv__(self, other: Ball) -> Ball:
        least = other.size - other.error
        if not least > 0:
            raise ZeroDivisionError("the divisor may be 0")
        value = self.value / other.value
        carried = (self.error + abs(value) * other.error) / least
        return Ball(value, carried + _UNIT * (abs(value) + carried))

    def __sub__(self, other: Ball) -> Ball:
        return Ball.dot([self, other], [Ball(arb(1)), Ball(arb(-1))])

    @classmethod
    def dot(cls, left: Iterable[Ball], right: Iterable[Ball]) -> Ball:
        """Return the sum of products, rounded anywhere."""
        pairs = list(zip(left, right, strict=True))
        value = sum((x.value * y.value for x, y in pairs), arb(0))
        carried = sum((x.size * y.error + y.size * x.error + x.error * y.error for x, y in pairs), arb(0))
        size = sum((x.size * y.size for x, y in pairs), carried)
        return cls(value, carried + gamma(len(pairs)) * size)

    def exp(self) -> Ball:
        """Return the exponential, which an error e of z moves by at most (exp(e) - 1) exp(z)."""
        value = self.value.exp()
        carried = value * arb(self.error).expm1()
        return Ball(value, carried + _FUNCTION * (value + carried))

    def tanh(self) -> tuple[Ball, Ball]:
        """Return the hyperbolic tangent and its slope."""
        h = self.value.tanh()
        result = Ball(h, self.error + _FUNCTION * (abs(h) + self.error))
        return result, Ball(arb(1)) - Ball.dot([result], [result])

    def softplus(self) -> tuple[Ball, Ball]:
        """Return log(1 + exp z) and its slope."""
        power = self.value.exp()
        h, slope = power.log1p(), power / (1 + power)
        relative = 2 * _FUNCTION + _FUNCTION * _FUNCTION  # of exp, then of log(1 + .)
        return (
            Ball(h, self.error + relative * (h + self.error)),
            Ball(slope, self.error + (_FUNCTION + gamma(3) * (1 + _FUNCTION)) * (slope + self.error)),
        )

    @classmethod
    def solution(cls, matrix: list[list[Ball]], right: list[Ball]) -> list[Ball]:
        """Return the solution of a square system, each entry with the bound on the largest error."""
        n = len(right)
        inverse = arb_mat([[entry.value for entry in row] for row in matrix]).inv()
        values = (inverse * arb_mat([[side.value] for side in right])).entries()
        size = _largest(entry.size + entry.error for row in matrix for entry in row)
        change = _largest(_sum(entry.error for entry in row) for row in matrix) + n**2 * 2**n * gamma(3 * n) * size
        condition = _largest(_sum(abs(inverse[i, j]) for j in range(n)) for i in range(n))
        if not condition * change < 1:
            raise ZeroDivisionError("the system may be singular")
        moved = _largest(side.error for side in right) + change * _largest(abs(x) for x in values)
        error = condition * moved / (1 - condition * change)
        return [cls(x, error) for x in values]


def _largest(values: Iterable[Any]) -> Any:
    return reduce(lambda a, b: arb(a).max(arb(b)), values)


def _sum(values: Iterable[Any]) -> Any:
    return sum(values, arb(0))
