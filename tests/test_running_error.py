"""Running error bounds contain what binary64 computes, and are not much larger."""

from __future__ import annotations

import math

from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact
from bellcheck.proofs.running_error import Ball, exactly

numbers = st.integers(-99, 99).map(lambda n: n / 64)


def ball(x: float) -> Ball:
    """A float without error."""
    return Ball(exactly(exact(x)))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_dot_products_are_contained(pairs: list[tuple[float, float]]) -> None:
    """A sum of products of tanh values, added up in two orders, lies in the ball."""
    inside = [(math.tanh(a), math.tanh(b)) for a, b in pairs]
    computed = [sum(x * y for x, y in terms) for terms in (inside, inside[::-1])]

    result = Ball.dot([ball(a).tanh() for a, _ in pairs], [ball(b).tanh() for _, b in pairs])

    assert all(abs(exactly(exact(value)) - result.value) <= result.error for value in computed)


@given(numbers, numbers)
def test_bounds_are_a_few_units_in_the_last_place(a: float, b: float) -> None:
    """One product of exact numbers is bounded by a unit in the last place, not by a guess."""
    product = ball(a) * ball(b)

    assert product.error <= exactly(fmpq(1, 2**52)) * abs(product.value) + exactly(fmpq(1, 2**1073))


def test_error_of_the_argument_is_carried() -> None:
    """An argument that is off by 1/8 may move tanh and a difference by as much."""
    off = Ball(exactly(fmpq(1)), exactly(fmpq(1, 8)))

    assert off.tanh().error >= exactly(fmpq(1, 8))
    assert (off - off).error >= exactly(fmpq(1, 4))
