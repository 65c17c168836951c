"""Running error bounds contain what binary64 computes, and are not much larger."""

from __future__ import annotations

import math

import flint
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact
from bellcheck.proofs.running_error import BITS, Ball

numbers = st.integers(-99, 99).map(lambda n: n / 64)


def ball(x: float) -> Ball:
    """A float without error."""
    return Ball(arb(exact(x)))


def contains(result: Ball, computed: float) -> bool:
    """Whether a float is as near to the exact value as a ball says."""
    with flint.ctx.workprec(BITS):
        return bool(abs(arb(computed) - result.value) <= result.error)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_dot_products_are_contained(pairs: list[tuple[float, float]]) -> None:
    """A sum of products of tanh values, added up in two orders, lies in the ball."""
    inside = [(math.tanh(a), math.tanh(b)) for a, b in pairs]
    computed = [sum(x * y for x, y in terms) for terms in (inside, inside[::-1])]

    with flint.ctx.workprec(BITS):
        result = Ball.dot([ball(a).tanh()[0] for a, _ in pairs], [ball(b).tanh()[0] for _, b in pairs])

    assert all(contains(result, value) for value in computed)


@given(numbers)
def test_activations_and_their_slopes_are_contained(z: float) -> None:
    """So do tanh, softplus and their slopes as programs compute them."""
    h, power = math.tanh(z), math.exp(z)

    with flint.ctx.workprec(BITS):
        results = [*ball(z).tanh(), *ball(z).softplus()]

    computed = [h, 1 - h * h, math.log1p(power), power / (power + 1)]
    assert all(contains(result, value) for result, value in zip(results, computed, strict=True))


@given(numbers, numbers)
def test_bounds_are_a_few_units_in_the_last_place(a: float, b: float) -> None:
    """One product of exact numbers is bounded by a unit in the last place, not by a guess."""
    with flint.ctx.workprec(BITS):
        product = Ball.dot([ball(a)], [ball(b)])

        assert product.error <= arb(fmpq(1, 2**52)) * product.size


def test_error_of_the_argument_is_carried() -> None:
    """An argument that is off by 1/8 may move an activation and a difference by as much."""
    off = Ball(arb(1), fmpq(1, 8))

    assert off.tanh()[0].error >= fmpq(1, 8)
    assert off.softplus()[0].error >= fmpq(1, 8)
    assert (off - off).error >= fmpq(1, 4)


@given(numbers, numbers)
def test_quotients_of_exponentials_are_contained(a: float, b: float) -> None:
    """A softmax of two values lies in the ball."""
    with flint.ctx.workprec(BITS):
        numerator, total = ball(a).exp(), Ball.dot([ball(a).exp(), ball(b).exp()], [ball(1.0), ball(1.0)])
        result = numerator / total

    assert contains(result, math.exp(a) / (math.exp(a) + math.exp(b)))


def test_solutions_of_systems_are_contained() -> None:
    """A system that LAPACK solves, and its transpose, have their answers in the balls, which are small."""
    matrix, right = np.array([[0.1, 0.7, -0.3], [0.9, 0.2, 0.4], [1.0, 1.0, 1.0]]), np.array([0.3, -0.1, 1.0])

    for system in (matrix, matrix.T):
        with flint.ctx.workprec(BITS):
            result = Ball.solution([[ball(float(x)) for x in row] for row in system], [ball(float(x)) for x in right])

        assert all(contains(x, float(y)) for x, y in zip(result, np.linalg.solve(system, right), strict=True))
        assert all(x.error < fmpq(1, 10**11) for x in result)


def test_a_divisor_that_may_be_zero_is_refused() -> None:
    """No bound is made up where there is none, for quotients and for systems."""
    near_zero = Ball(arb(1) / 2, arb(1))

    with pytest.raises(ZeroDivisionError, match="divisor"):
        ball(1.0) / near_zero
    with pytest.raises(ZeroDivisionError, match="singular"):
        Ball.solution([[near_zero]], [ball(1.0)])
