"""How a strategy draws a number: a position in a short list of rationals, the simplest first.

Every draw is an integer below 99: Hypothesis adds the constants of whatever modules happen to be loaded to wider ranges
only, so what is drawn depends on the seed alone. Short lists also make ties common, and ties are where proofs get hard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from flint import fmpq

from .arithmetic import Array, exact_array

__all__ = [
    "DISCOUNTS",
    "NEGATIVE",
    "NUMBERS",
    "SAMPLE_WEIGHTS",
    "STEP_SIZES",
    "Below",
    "below",
    "one_of",
    "positive_weights",
    "weights",
]


def _rationals(text: str) -> Array:
    return exact_array(text.split())


NUMBERS = _rationals(
    "0 1 -1 2 -2 1/2 -1/2 3 -3 4 -4 1/3 -1/3 3/2 -3/2 5 -5 1/4 -1/4 3/4 -3/4 2/3 -2/3 6 -6 7 -7 8 -8 10 -10 "
    "1/5 -1/5 5/2 -5/2 7/3 -7/3 1/10 -1/10 100 -100"
)
NEGATIVE = NUMBERS[NUMBERS < 0]
# Up to 1 - 2^-20: near 1 bounds are loose and solvers slow.
DISCOUNTS = _rationals("1/2 0 3/4 9/10 1/4 1/3 2/3 1/10 99/100 7/8 15/16 31/32 63/64 255/256 1023/1024 1048575/1048576")
STEP_SIZES = _rationals("1/2 1 0 1/4 3/4 1/3 2/3 1/8 7/8 1/10 9/10 1/100 99/100")
SAMPLE_WEIGHTS = _rationals("1 1/2 1/4")

Below = Callable[[int], int]
"""Draws an integer n with 0 <= n < the argument."""

# One strategy a range, built once: building one costs more than drawing from it.
_RANGES = [st.integers(0, max(size - 1, 0)) for size in range(100)]


def below(draw: st.DrawFn) -> Below:
    """Return the function that draws an integer in [0, size); it draws nothing where there is no choice."""
    return lambda size: draw(_RANGES[size]) if size > 1 else 0


def one_of(pick: Below, choices: Any) -> Any:
    """Draw an element of a short sequence, the first being the simplest."""
    return choices[pick(len(choices))]


def weights(pick: Below, size: int) -> Array:
    """Draw a distribution over `size` places that may have zeros; the simplest is all on the first."""
    certain = pick(size)
    counts = [int(place == certain) + (pick(4) if size > 1 else 0) for place in range(size)]
    return exact_array([fmpq(count, sum(counts)) for count in counts])


def positive_weights(pick: Below, size: int) -> Array:
    """Draw a distribution over `size` places without zeros; the simplest is uniform."""
    counts = [1 + pick(6) if size > 1 else 1 for _ in range(size)]
    return exact_array([fmpq(count, sum(counts)) for count in counts])
