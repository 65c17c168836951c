r"""Arrays of balls in two arithmetics: the exact one, and one that contains whatever binary64 computes.

Every number is a ball [m - r, m + r] of flint (`arb`, 200 bits), in an object array. `EXACT` only computes, so that a
ball is the exact value to 60 digits. `BINARY64` follows the same expression and widens each result by what rounding may
do to it. With unit roundoff u = 2^-53, eta = 2^-1074 for underflow, and intervals X, Y of what the operands may be,

.. math::
    \mathrm{fl}(x \circ y) \in X \circ Y \pm (u \lvert X \circ Y \rvert + \eta), \qquad
    \mathrm{fl}\Bigl(\sum_{i=1}^n x_i y_i\Bigr) \in \sum X_i Y_i \pm
        \Bigl(\frac{n u}{1 - n u} \sum \lvert X_i Y_i \rvert + n \eta\Bigr)

the second in any order of summation, products fused into the sum or not (Higham 2002, section 3.1). Elementary
functions are taken to err by at most 4 units in the last place; the libraries that torch calls state 1 (SLEEF) and 2
(glibc).
Both arithmetics contain the exact value, so the distance of their far ends bounds the error of a binary64 program.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from flint import arb, ctx

from bellcheck.mdp.arithmetic import Array

__all__ = ["BINARY64", "EXACT", "Arithmetic", "Overflow", "balls", "magnitude", "precisely"]

BITS = 200
ULPS = 4
UNIT = arb(2) ** -53
SMALLEST = arb(2) ** -1074
LARGEST = arb(2) ** 1023


class Overflow(ArithmeticError):
    """A number that binary64 may not hold."""


def precisely() -> AbstractContextManager[Any]:
    """Return the context in which balls are computed to `BITS` bits, wide enough that they add nothing to a bound."""
    return cast("AbstractContextManager[Any]", ctx.workprec(BITS))


def balls(values: Any) -> Array:
    """Return binary64 numbers as exact balls, in an array of the same shape."""
    floats = np.asarray(values, dtype=np.float64)
    converted = np.empty(floats.shape, dtype=object)
    for place, value in np.ndenumerate(floats):
        converted[place] = arb(float(value))
    return converted


magnitude = np.frompyfunc(lambda ball: ball.abs_upper(), 1, 1)
"""The largest absolute value in each ball."""


def _widen(ball: arb, size: arb, terms: int) -> arb:
    # Zeros are products and sums of zeros, and exact: neither a unit roundoff nor an underflow.
    if size.is_zero():
        return ball
    return ball + arb(0, terms * UNIT / (1 - terms * UNIT) * size + terms * SMALLEST)


_widened = np.frompyfunc(_widen, 3, 1)


@dataclass(frozen=True)
class Arithmetic:
    """The operations of arrays of balls; `rounds` says whether each is widened by what binary64 may make of it."""

    rounds: bool

    def rounded(self, exact: Array, terms: int = 1, size: Array | None = None) -> Array:
        """Return a sum of `terms` terms, whose absolute values sum to `size`, after rounding."""
        exact = np.asarray(exact, dtype=object)  # NumPy makes numbers of arrays without axes
        if not self.rounds or exact.size == 0:
            return exact
        size = magnitude(exact) if size is None else size
        if any(not bool(each < LARGEST) for each in np.ravel(size)):
            raise Overflow("a number of the computation may exceed the range of binary64")
        return np.asarray(_widened(exact, size, terms), dtype=object)

    def elementary(self, exact: Array) -> Array:
        """Return values of an elementary function after rounding."""
        return self.rounded(exact, terms=2 * ULPS)

    def add(self, left: Any, right: Any) -> Array:
        """Return left + right."""
        return self.rounded(np.add(left, right))

    def subtract(self, left: Any, right: Any) -> Array:
        """Return left - right."""
        return self.rounded(np.subtract(left, right))

    def multiply(self, left: Any, right: Any) -> Array:
        """Return left * right, entry by entry."""
        return self.rounded(np.multiply(left, right))

    def divide(self, left: Any, right: Any) -> Array:
        """Return left / right, entry by entry."""
        return self.rounded(np.true_divide(left, right))

    def matmul(self, left: Array, right: Array) -> Array:
        """Return the matrix product of the last two axes."""
        if not self.rounds:
            return np.asarray(left @ right, dtype=object)
        return self.rounded(left @ right, max(left.shape[-1], 1), magnitude(left) @ magnitude(right))

    def total(self, terms: Array, axis: int | tuple[int, ...], keepdims: bool = False) -> Array:
        """Return sums along axes."""
        exact = np.asarray(np.sum(terms, axis=axis, keepdims=keepdims), dtype=object)
        if not self.rounds or exact.size == 0:
            return exact
        size = np.asarray(np.sum(magnitude(terms), axis=axis, keepdims=keepdims), dtype=object)
        return self.rounded(exact, max(terms.size // exact.size, 1), size)

    def add_at(self, length: int, places: Array, terms: Array) -> Array:
        """Return the (length,) sums of the terms that belong to each place; a place with one term is not rounded."""
        exact, size = (np.full(length, arb(0), dtype=object) for _ in range(2))
        np.add.at(exact, places, terms)
        if not self.rounds:
            return exact
        np.add.at(size, places, magnitude(terms))
        counts = np.bincount(places, minlength=length)
        several = counts > 1
        if several.any():
            exact[several] = self.rounded(exact[several], int(counts.max()), size[several])
        return exact


EXACT = Arithmetic(rounds=False)
BINARY64 = Arithmetic(rounds=True)
