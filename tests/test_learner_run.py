"""A whole run, seen by its last table alone."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import is_exact
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.families import garnet
from bellcheck.mdp.learner_run import STEPS, learn
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.bounds import rounding_bound


def test_one_seed_gives_one_table() -> None:
    """The table is exact and depends on the seed alone; another seed takes another path."""
    mdp = garnet(4, 2, 2, "9/10", 3)

    first, again, other = learn(mdp, 0, 0), learn(mdp, 0, 0), learn(mdp, 1, 0)

    assert is_exact(first)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_bootstrapping_it_is_the_mean_reward() -> None:
    """At discount 0 a loop is worth what it pays, up to the rounding of as many updates."""
    (value,) = learn(self_loop(3, 0), 0)

    assert abs(value - 3) <= rounding_bound(STEPS, fmpq(3))


def test_a_pair_that_is_never_reached_stays_at_zero() -> None:
    """The run begins where it is told to, and stays in the states that follow."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 4, 0)]), (1, 0, [(1, 7, 1)])], 0)

    never, often = learn(mdp, 0, 1)

    assert never == 0
    assert abs(often - 7) <= rounding_bound(STEPS, fmpq(7))
