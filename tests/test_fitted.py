"""Fitted Q-iteration: averagers, least squares, and the model that an averager makes."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array, to_floats
from bellcheck.mdp.examples import stay_or_switch
from bellcheck.mdp.fitted import (
    WrongFit,
    aggregation,
    averaged_model,
    fitted_backup,
    fitted_q_iterates,
)
from bellcheck.mdp.solve import policy_iteration

MODEL = stay_or_switch("1/2")
SWITCHES_ALIKE = aggregation([0, 1, 2, 1], [1, 1, 1, 3])
"""Both switches form a group, the second with three times the weight of the first."""


def test_a_backup_is_averaged_over_its_group() -> None:
    """T(2, 0, 0, 0) is (2, 0, 0, 1): a quarter and three quarters of the two switches."""
    assert list(fitted_backup(MODEL, SWITCHES_ALIKE, exact_array([2, 0, 0, 0]))) == [2, fmpq(3, 4), 0, fmpq(3, 4)]


def test_iterates_come_near_the_optimum_of_the_averaged_model() -> None:
    """Thirty sweeps in floats are within 2^-28 of where the averaged model says that they end."""
    end = policy_iteration(averaged_model(MODEL, SWITCHES_ALIKE)).q
    floats = fitted_q_iterates(MODEL.to_float(), to_floats(SWITCHES_ALIKE.flat).reshape(4, 4), np.zeros(4))

    last = next(islice(floats, 30, None))

    assert np.abs(last - to_floats(end)).max() < 2.0**-28


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: aggregation([0, 0], [0, 0]), "group 0 sum to 0"),
        (lambda: aggregation([0, 0], [1]), "2 pairs have a group and 1 a weight"),
        (lambda: fitted_backup(MODEL, SWITCHES_ALIKE[:2], exact_array([0] * 4)), "it must be square"),
        (lambda: averaged_model(MODEL, 2 * SWITCHES_ALIKE), "is no distribution"),
        (lambda: averaged_model(MODEL, SWITCHES_ALIKE[:2]), "an averager of shape"),
    ],
)
def test_fits_that_are_none_are_refused(wrong, message: str) -> None:  # type: ignore[no-untyped-def]
    """The message names what is wrong."""
    with pytest.raises(WrongFit, match=message):
        wrong()
