"""Step sizes: their formulas, their floats, their limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, to_floats
from bellcheck.mdp.step_size import Constant, InvalidStepSize, Linear, Polynomial, RescaledLinear, StepSize, size

SCHEDULES = [
    Constant("1/3"),
    Constant(0),
    Constant(1),
    Linear(),
    RescaledLinear("99/100"),
    RescaledLinear(0),
    RescaledLinear(fmpq(2**60 - 1, 2**60)),
    RescaledLinear(fmpq(1, 2**53)),
    # The denominators of their steps grow beyond 2^53, where floats no longer hold every integer.
    RescaledLinear(fmpq(2**53 - 3, 2**53 - 2)),
    RescaledLinear(fmpq(2**53 - 11_001, 2**53 - 8_001)),
    Polynomial(0),
    Polynomial(1),
    Polynomial(2),
    Polynomial("1/2"),
    Polynomial(0.6),
]


def test_formulas() -> None:
    """The first steps are those of the formulas."""
    first = [[schedule(k) for k in range(3)] for schedule in (Linear(), RescaledLinear("1/2"), Polynomial(2))]

    assert first == [
        [fmpq(1), fmpq(1, 2), fmpq(1, 3)],
        [fmpq(2, 3), fmpq(1, 2), fmpq(2, 5)],
        [fmpq(1), fmpq(1, 4), fmpq(1, 9)],
    ]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_floats_are_the_rationals_rounded(schedule: object) -> None:
    """The steps of a float run are the exact ones, each rounded correctly."""
    steps = schedule.floats(2_001)  # type: ignore[attr-defined]

    assert np.array_equal(steps, to_floats([schedule(k) for k in range(2_001)]))  # type: ignore[operator]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_steps_lie_in_the_unit_interval(schedule: object) -> None:
    """No schedule leaves [0, 1]."""
    steps = [schedule(k) for k in range(200)]  # type: ignore[operator]

    assert all(0 <= step <= 1 for step in steps)


def test_polynomial_says_whether_it_is_exact() -> None:
    """A step (k + 1)^-omega is the formula's value for integer omega and a float nearby otherwise."""
    irrational = Polynomial("1/2")

    assert irrational(1) == exact(2.0**-0.5)
    assert [irrational.exact, Polynomial(1).exact, Linear().exact] == [False, True, True]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_exact_schedules_are_those_with_rational_steps(schedule: object) -> None:
    """All are exact but the powers whose exponent is no integer."""
    assert schedule.exact == (schedule not in (Polynomial("1/2"), Polynomial("3/5")))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "make", [Linear, lambda: Constant("1/3"), lambda: RescaledLinear("1/2"), lambda: Polynomial(2)]
)
def test_schedules_are_values(make: Callable[[], StepSize]) -> None:
    """Two of the same parameters are equal and hash alike, others differ, and none can be changed."""
    assert make() == make()
    assert len({make(), make(), Constant("1/7")}) == 2
    with pytest.raises(FrozenInstanceError):
        make().value = fmpq(1)  # type: ignore[misc, union-attr]


def test_float_parameters_mean_short_decimals() -> None:
    """A float parameter is the simplest rational that rounds to it."""
    assert Constant(0.1) == Constant("1/10")
    assert RescaledLinear(0.99)(0) == fmpq(100, 101)


def test_size_asks_the_law() -> None:
    """The step size of a declared law is the law's."""
    assert [size(k, Linear()) for k in range(3)] == [1, fmpq(1, 2), fmpq(1, 3)]


def test_names_tell_schedules_apart() -> None:
    """Names carry the parameter that the formula is known by."""
    names = [schedule.name for schedule in (Constant(0.1), Linear(), RescaledLinear("1/2"), Polynomial(0.6))]

    assert names == ["constant 1/10", "linear", "rescaled linear", "polynomial 3/5"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant("3/2"), "step size 3/2 is not in"),
        (lambda: Constant(-1), "step size -1 is not in"),
        (lambda: Constant("abc"), "step size: 'abc' is not a rational"),
        (lambda: RescaledLinear(1), "at discount 1 the rescaled linear step is 1 for ever"),
        (lambda: RescaledLinear(2), "discount 2 is not in"),
        (lambda: Polynomial("-1/2"), "exponent -1/2 is negative"),
        (lambda: Polynomial(float("nan")), "exponent: nan is not a rational"),
    ],
)
def test_refuses_wrong_parameters(make: object, message: str) -> None:
    """A wrong parameter is named with its value."""
    with pytest.raises(InvalidStepSize, match=message):
        make()  # type: ignore[operator]
