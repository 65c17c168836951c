"""What the learner does to one value, in symbols, rationals and balls."""

from __future__ import annotations

import pytest
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.q_learning import run_synchronous
from bellcheck.proofs.loops import errors_without_noise, in_balls, symbolic_update, variance_in_balls


def test_update_in_symbols_is_the_rule():
    """(1 - alpha) Q + alpha (r + gamma Q)."""
    sympy = pytest.importorskip("sympy")
    q, step_size, reward, discount = sympy.symbols("Q alpha r gamma")

    after = symbolic_update(run_synchronous, q, step_size, reward, discount)

    assert sympy.expand(after - (1 - step_size) * q - step_size * (reward + discount * q)) == 0


def test_balls_enclose_the_rationals():
    """The same steps in rationals and in balls."""
    steps = exact_array(["1/3", "1/7", "1"])
    exact = errors_without_noise(run_synchronous, fmpq(1, 3), fmpq(2), steps)
    balls = errors_without_noise(run_synchronous, fmpq(1, 3), arb(2), in_balls(steps))

    assert exact == [2, fmpq(14, 9), fmpq(38, 27), fmpq(38, 81)]
    assert all(ball.contains(arb(number)) for ball, number in zip(balls, exact, strict=True))


def test_variance_follows_its_recursion():
    """Under 1 / (k + 1) at discount 1/2: 1, then 9/16 + 1/4."""
    variance = variance_in_balls(run_synchronous, fmpq(1, 2), fmpq(1), 2)

    assert variance.contains(arb(fmpq(13, 16)))


def test_a_learner_that_is_not_linear_is_refused():
    """The recursion would say nothing about it."""

    def squaring(mdp, q, step_sizes, outcomes):
        yield q
        yield q * q

    with pytest.raises(ValueError, match="not linear"):
        variance_in_balls(squaring, fmpq(1, 2), fmpq(1), 2)
