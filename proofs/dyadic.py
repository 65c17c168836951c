"""Draws of small dyadic numbers, on which binary64 makes no error at all.

Every number is a multiple of 1/16 below 2^b / 16 in size, for a number of bits b. A product of k of them is a multiple
of 2^(-4k) below 2^(bk - 4k), and so is a sum, up to the logarithm of its length: as long as an expression's numerators
stay below 2^53, no operation rounds, whatever the order of summation and whether or not products are fused into sums.
Each check states its count; then equality of a float and a rational is equality, without any tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tied_to

__all__ = [
    "DISCOUNTS",
    "LINEAR_BITS",
    "NETWORK_BITS",
    "SMOOTH_BITS",
    "dyadic_features",
    "dyadic_mdps",
    "dyadic_numbers",
    "dyadic_parameters",
    "dyadic_tables",
    "dyadic_weights",
    "is_dyadic",
]


def _rationals(text: str) -> Array:
    return exact_array(text.split())


UNIT = fmpq(1, 16)
LINEAR_BITS = 11
NETWORK_BITS = 7
SMOOTH_BITS = 5
"""Numbers below 2: exp of what they make of a unit of the second layer is far from overflow and underflow."""
DISCOUNTS = _rationals("1/2 0 3/4 15/16 1/4")
_NUMBERS = _rationals(
    "0 1 -1 2 -2 1/2 -1/2 3 -3 1/4 -1/4 3/2 -3/2 4 -4 3/4 -3/4 5 -5 1/8 -1/8 7/8 -7/8 9/4 -9/4 5/16 -5/16 "
    "77/16 -111/16 127/16 -127/16 1365/16 -1861/16 2047/16 -2047/16"
)


def is_dyadic(values: Any, bits: int) -> bool:
    """Whether all values are multiples of 1/16 below 2^bits / 16 in size."""
    return all((x / UNIT).q == 1 and abs(x) < 2**bits * UNIT for x in np.asarray(values, dtype=object).flat)


def _numbers(bits: int) -> st.SearchStrategy[fmpq]:
    return st.sampled_from([x for x in _NUMBERS if is_dyadic([x], bits)])


def _array_draw(draw: Callable[..., Any], bits: int, axis: str | None) -> Callable[..., Any]:
    # The reducer may only propose what could have been drawn: a third would round in binary64.
    draw.accepts = lambda values: is_dyadic(values, bits)  # type: ignore[attr-defined]
    return tied_to(axis)(draw) if axis else draw


def dyadic_tables(bits: int) -> Callable[[FiniteMDP], st.SearchStrategy[Array]]:
    """Tables of shape (N,)."""

    def draw(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
        return st.lists(_numbers(bits), min_size=mdp.n_pairs, max_size=mdp.n_pairs).map(exact_array)

    return _array_draw(draw, bits, "pair")


def dyadic_weights(bits: int) -> Callable[[FiniteMDP], st.SearchStrategy[Array]]:
    """Weights mu of shape (N,), not negative; they need not sum to 1, for every objective is linear in them."""
    positive = _numbers(bits).map(abs)

    def draw(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
        return st.lists(positive, min_size=mdp.n_pairs, max_size=mdp.n_pairs).map(exact_array)

    weights = _array_draw(draw, bits, "pair")
    weights.accepts = lambda values: is_dyadic(values, bits) and all(x >= 0 for x in values)  # type: ignore[attr-defined]
    return weights


def dyadic_features(columns: int, bits: int) -> Callable[[FiniteMDP], st.SearchStrategy[Array]]:
    """Features of shape (N, columns)."""

    def draw(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
        size = mdp.n_pairs * columns
        flat = st.lists(_numbers(bits), min_size=size, max_size=size).map(exact_array)
        return flat.map(lambda values: values.reshape(mdp.n_pairs, columns))

    features = _array_draw(draw, bits, "pair")
    features.accepts = lambda values: (  # type: ignore[attr-defined]
        np.ndim(values) == 2 and np.shape(values)[1] == columns and is_dyadic(values, bits)
    )
    return features


def dyadic_numbers(bits: int) -> st.SearchStrategy[fmpq]:
    """Single numbers."""
    numbers = _numbers(bits).map(lambda number: number)
    numbers.accepts = lambda number: is_dyadic([number], bits)  # type: ignore[attr-defined]
    return numbers


def dyadic_parameters(length: int, bits: int) -> st.SearchStrategy[Array]:
    """Parameters of shape (length,)."""
    parameters = st.lists(_numbers(bits), min_size=length, max_size=length).map(exact_array)
    parameters.accepts = lambda values: len(values) == length and is_dyadic(values, bits)  # type: ignore[attr-defined]
    return tied_to("numbers")(parameters)


def dyadic_mdps(**limits: Any) -> st.SearchStrategy[FiniteMDP]:
    """MDPs with rewards of `NETWORK_BITS` bits and a discount of 4; probabilities are any rationals."""
    base = mdps(discounts=DISCOUNTS, **limits)
    largest = (2**NETWORK_BITS - 1) * UNIT

    def with_dyadic_rewards(mdp: FiniteMDP) -> FiniteMDP:
        from dataclasses import replace

        rounded = [max(-largest, min(largest, (r / UNIT).floor() * UNIT)) for r in mdp.reward]
        return replace(mdp, reward=exact_array(rounded))

    strategy = base.map(with_dyadic_rewards)
    strategy.accepts = (  # type: ignore[attr-defined]
        lambda mdp: base.accepts(mdp) and is_dyadic(mdp.reward, NETWORK_BITS)  # type: ignore[attr-defined]
    )
    return strategy
