"""Balls contain what binary64 computes, and the derivatives written by hand are derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.proofs.modules.operation import Kink, Unsupported
from bellcheck.proofs.modules.operations import OPERATIONS
from bellcheck.proofs.modules.rounding import BINARY64, EXACT, Overflow, balls, precisely

numbers = st.integers(-999, 999).map(lambda n: n / 512)
rows = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6).map(np.array)


def contains(array: Any, computed: Any) -> bool:
    """Whether each ball of an array holds the number computed."""
    return all(ball.contains(arb(float(x))) for ball, x in zip(np.ravel(array), np.ravel(computed), strict=True))


@given(rows)
def test_sums_and_products_are_contained(pairs: np.ndarray) -> None:
    """A dot product, in two orders, and a quotient lie in their balls; so does the exact value."""
    left, right = pairs.T / 3
    with precisely():
        product = BINARY64.matmul(balls(left), balls(right))
        quotient = BINARY64.divide(balls(left), balls(right + 2))
        exact = EXACT.matmul(balls(left), balls(right))

        assert contains(product, sum(x * y for x, y in zip(left, right, strict=True)))
        assert contains(product, sum(x * y for x, y in zip(left[::-1], right[::-1], strict=True)))
        assert contains(quotient, left / (right + 2))
        assert product.item().contains(exact.item())


def test_one_rounding_is_half_a_unit() -> None:
    """The sum of 1 and 2^-53 is off by exactly what is allowed."""
    with precisely():
        total = BINARY64.add(balls(1.0), balls(2.0**-53)).item()

        assert total.contains(arb(1))
        assert not total.contains(arb(1) - arb(2) ** -60)


def test_zeros_are_exact() -> None:
    """A product with 0 is 0, neither more nor less."""
    with precisely():
        assert BINARY64.multiply(balls([0.0]), balls([0.3])).item() == 0


def test_what_may_overflow_is_refused() -> None:
    """No bound is given where binary64 may have no number."""
    with precisely(), pytest.raises(Overflow):
        BINARY64.multiply(balls([1e200]), balls([1e200]))


@pytest.mark.parametrize("name", ["exp", "leaky_relu", "neg", "pow", "relu", "sigmoid", "silu", "softplus", "tanh"])
@given(x=numbers.filter(bool))
def test_slopes_are_difference_quotients(name: str, x: float) -> None:
    """Between -2 and 2 the third derivatives are below 8, so a symmetric quotient is off by at most 8 h^2 / 6."""
    step, options = 2.0**-50, [2] if name == "pow" else []
    with precisely():
        operation, at = OPERATIONS[name], balls([x])

        def value(shift: float) -> Any:
            return operation.forward(EXACT, [at + arb(shift)], options)

        (slope,) = operation.backward(EXACT, [at], value(0), balls([1.0]), options)
        quotient = (value(step) - value(-step)) / (2 * arb(step))

        assert all(abs(each) <= arb(8) * arb(step) ** 2 / 6 for each in slope - quotient)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_kinks_have_no_slope(name: str) -> None:
    """At 0 there are two, unless neither is asked for."""
    operation, zero = OPERATIONS[name], balls([0.0])

    assert operation.backward(EXACT, [zero], zero, zero, [])[0].item() == 0
    with pytest.raises(Kink, match="is at 0"):
        operation.backward(EXACT, [zero], zero, balls([1.0]), [])


def test_the_jump_of_softplus_is_a_kink() -> None:
    """Beyond the threshold softplus is the identity; within rounding of it, it is undecided."""
    operation = OPERATIONS["softplus"]

    assert operation.forward(BINARY64, [balls([30.0])], []).item() == 30
    with pytest.raises(Kink, match="threshold"):
        operation.forward(BINARY64, [BINARY64.add(balls([10.0]), balls([10.0]))], [])


def test_unusual_options_are_not_ignored() -> None:
    """A power that is no square, and batch statistics, are other operations."""
    with pytest.raises(Unsupported):
        OPERATIONS["pow"].forward(EXACT, [balls([2.0])], [3])
    with pytest.raises(Unsupported, match="train mode"):
        OPERATIONS["native_batch_norm"].forward(EXACT, [balls([[2.0]])] * 5, [True, 0.1, 1e-5])
