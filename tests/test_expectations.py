"""Expectations along runs by enumeration."""

from __future__ import annotations

from flint import fmpq

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.examples import noisy_self_loops, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_synchronous
from bellcheck.proofs.expectations import averaged_iterates, mean_tables, moments, with_noisy_twins

STEPS = exact_array(["1/2", "1/2"])


def _coin() -> FiniteMDP:
    return FiniteMDP.from_pairs(1, [(0, 0, [("3/4", 1, 0), ("1/4", -1, 0), (0, 100, 0)])], 0)


def test_means_weigh_every_path_by_its_probability():
    """Without a discount the second of two tables is r_0 / 4 + r_1 / 2, and an impossible reward counts for nothing."""
    means = mean_tables(run_synchronous, _coin(), _coin().table(0), STEPS)

    assert [mean[0] for mean in means] == [0, fmpq(1, 4), fmpq(3, 8)]


def test_squares_tell_independent_samples_from_one_used_throughout():
    """Of r_0 / 4 + r_1 / 2 with rewards of mean 1/2 and square 1; of 3/4 r."""
    _, independent = moments(run_synchronous, _coin(), _coin().table(0), STEPS)
    _, repeated = moments(run_synchronous, _coin(), _coin().table(0), STEPS, "one sample used throughout")

    assert independent[-1][0] == fmpq(1, 16) + fmpq(1, 4) + fmpq(2, 8) * fmpq(1, 4)
    assert repeated[-1][0] == fmpq(9, 16)


def test_good_news_can_be_ignored():
    """A learner that takes a step only after rewards of at most 0 learns from those alone."""
    means = mean_tables(run_synchronous, _coin(), _coin().table(0), STEPS[:1], "good news ignored")

    assert means[-1][0] == fmpq(1, 4) * fmpq(-1, 2)


def test_averaged_iterates_are_value_iteration_at_step_one():
    """With steps of 1 each iterate is the backup of the one before."""
    mdp = two_arms()
    *_, last = averaged_iterates(mdp, mdp.table(0), exact_array([1, 1]))

    assert (last == optimality_operator(mdp, optimality_operator(mdp, mdp.table(0)))).all()


def test_noisy_twins_leave_the_operator_as_it_is():
    """Coins of mean 0 and equal actions change no backup: each twin has that of its pair."""
    mdp = noisy_self_loops()
    twins = with_noisy_twins(mdp)

    backed_up = optimality_operator(twins, exact_array([1, 1, 2, 2]))

    assert (backed_up == optimality_operator(mdp, exact_array([1, 2])).repeat(2)).all()
