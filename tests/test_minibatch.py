"""The update from a minibatch of experiences."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.minibatch import minibatch_update
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update

MODEL = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 4, 0), ("1/2", 2, 1)]), (0, 1, [(1, 0, 0)])], "1/2")
"""One acting state and a terminal one; outcomes 0 and 1 of pair 0, 2 of pair 1."""

TABLE = exact_array([0, 2])


def test_a_batch_of_one_is_an_ordinary_update() -> None:
    """With a single member the rule is Q-learning's."""
    assert np.array_equal(
        minibatch_update(MODEL, TABLE, [(0, 0)], exact("1/2")), update(MODEL, TABLE, 0, 0, exact("1/2"))
    )


def test_a_pair_that_occurs_twice_moves_twice() -> None:
    """Targets 5 and 2 of pair 0 move it by the mean of half of each; pair 1 is not in the batch."""
    assert list(minibatch_update(MODEL, TABLE, [(0, 0), (0, 1)], exact("1/2"))) == [fmpq(7, 4), 2]


def test_targets_are_those_of_the_old_table() -> None:
    """The order of the batch does not matter, for no member sees what another has written."""
    batch = [(0, 0), (1, 2), (0, 1)]

    assert np.array_equal(
        minibatch_update(MODEL, TABLE, batch, exact("1/3")), minibatch_update(MODEL, TABLE, batch[::-1], exact("1/3"))
    )


def test_weights_scale_the_changes() -> None:
    """A weight of 2 beside a weight of 0 counts the first change fully, and leaves the second out."""
    following = minibatch_update(MODEL, TABLE, [(0, 0), (1, 2)], exact("1/2"), [2, 0])

    assert np.array_equal(following, update(MODEL, TABLE, 0, 0, exact("1/2")))


def test_floats_are_floats() -> None:
    """Next to a model in binary64 the table stays in binary64."""
    following = minibatch_update(MODEL.to_float(), to_floats(TABLE), [(0, 0), (0, 1)], 0.5)

    assert following.dtype == np.float64
    assert list(following) == [1.75, 2.0]
