"""Rationals for floats: what a table of binary64 probabilities and rewards was meant to say.

Most of FrozenLake's rows hold three times 0.333...; their sum is not 1. Read bit by bit such a row is no distribution,
so each probability is replaced by the rational of smallest denominator within 4 units in the last place, the row
is required to sum to exactly 1, and every change is reported. A reward becomes the simplest rational that rounds to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq

from .arithmetic import exact

__all__ = ["NotADistribution", "distribution_from_floats", "number_from_outside", "simplest_between"]

ULPS = 4
"""How far a probability may move: a quotient rounded a few times, not a different number."""


class NotADistribution(ValueError):
    """Numbers that are negative or do not sum to 1."""


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Return the rational of smallest denominator in ``[low, high]`` (Stern-Brocot descent).

    >>> simplest_between(Fraction(3, 10), Fraction(2, 5))
    Fraction(1, 3)
    """
    if low > high:
        raise ValueError(f"the interval [{low}, {high}] is empty")
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low)
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    floor = Fraction(whole - 1)
    return floor + 1 / simplest_between(1 / (high - floor), 1 / (low - floor))


def number_from_outside(value: object) -> fmpq:
    """Return the rational meant by a number: the simplest one that rounds to it for a float, else the number itself.

    >>> number_from_outside(0.1), number_from_outside(-1), number_from_outside("2/6")
    (1/10, -1, 1/3)
    """
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        number = Fraction(value)
        # What rounds to a float reaches half way to its neighbours; below a power of two the inner one is nearer.
        inner = (number - Fraction(math.nextafter(value, 0.0))) / 2
        outer = Fraction(math.copysign(math.ulp(value), value)) / 2
        return exact(simplest_between(*sorted((number - inner, number + outer))))
    return exact(value)


def distribution_from_floats(row: Sequence[float]) -> list[fmpq]:
    """Return rationals within 4 ulp of the floats of `row`, of smallest denominators, that sum to exactly 1.

    Raises ``NotADistribution`` naming the sum if an entry is negative or not finite, or there are no such rationals.
    """
    if not len(row):
        raise NotADistribution("there are no probabilities; they must sum to 1")
    for value in row:
        if not math.isfinite(value) or value < 0:
            raise NotADistribution(f"probability {value!r} is not in [0, 1]")
    meant = [_simplest_near(value) for value in row]
    if sum(meant) != 1:
        meant = _over_one_denominator(row)
    return [exact(value) for value in meant]


def _simplest_near(value: float) -> Fraction:
    slack = ULPS * Fraction(math.ulp(value)) if value else Fraction(0)
    return simplest_between(Fraction(value) - slack, Fraction(value) + slack)


def _over_one_denominator(row: Sequence[float]) -> list[Fraction]:
    # Rows such as [0.1 + 0.2, 0.7] have close neighbours of coprime denominators; one common denominator settles them.
    largest = max(_simplest_near(value).denominator for value in row)
    for denominator in range(1, min(largest, 1_000) + 1):
        candidate = [Fraction(round(Fraction(value) * denominator), denominator) for value in row]
        near = all(abs(a - Fraction(b)) <= ULPS * Fraction(math.ulp(b)) for a, b in zip(candidate, row, strict=True))
        if near and sum(candidate) == 1:
            return candidate
    total = math.fsum(row)
    raise NotADistribution(
        f"probabilities sum to {total!r}, and no rationals within {ULPS} ulp of them sum to 1; "
        "give them in binary64, or as text such as '1/3'"
    )
