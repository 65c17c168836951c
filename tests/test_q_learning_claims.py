"""The finite-time bounds as numbers: what `bellcheck.proofs.bounds` returns."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.examples import joint_law, self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import run_trajectory
from bellcheck.mdp.step_size import Constant, RescaledLinear
from bellcheck.proofs.bounds import (
    noise_range,
    noise_weights,
    rounded_up,
    rounding_bound,
    synchronous_bias,
    synchronous_bound,
    trajectory_certificate,
)


def test_noise_range_ignores_impossible_outcomes():
    """An outcome of probability 0 does not widen the range of the noise."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 0), (0, 100, 0)])], "1/2")

    ranges = noise_range(mdp, exact_array([1]))

    assert ranges.tolist() == [fmpq(1)]


def test_noise_range_sees_reward_and_successor_together():
    """A large reward with a good successor spreads the targets, with a bad one it does not."""
    v = exact_array(["8/3", 4])

    correlated, anticorrelated = (noise_range(joint_law(law), v)[0] for law in ("correlated", "anticorrelated"))

    assert (correlated, anticorrelated) == (fmpq(8, 3), fmpq(4, 3))


@pytest.mark.parametrize("schedule", [Constant("1/10"), RescaledLinear("99/100"), Constant(1)])
def test_synchronous_bound_is_above_the_recursion_without_rounding(schedule):
    """The floats are at least D_k + tau_k in ball arithmetic, and exceed it by less than a billionth."""
    n, discount, delta = 200, exact("99/100"), 1e-9
    steps = schedule.floats(n)

    bounds = synchronous_bound(steps, discount, 6, exact_array(["1/3", "2/3"]), exact("7/3"), delta)

    exact_steps = [arb(exact(step)) for step in steps]
    scale = arb(fmpq(2, 3)) * ((arb(2 * 6 * n) / arb(exact(delta))).log() / 2).sqrt()
    noise = [scale * arb(v).sqrt() for v in noise_weights(exact_steps)]
    bias = synchronous_bias(exact_steps, arb(discount), arb(fmpq(7, 3)), noise)
    truth = [d + tau for d, tau in zip(bias, noise, strict=True)]
    assert all(arb(bound) >= value for bound, value in zip(bounds, truth, strict=True))
    assert all(arb(bound) <= value * (1 + 1e-9) for bound, value in zip(bounds, truth, strict=True))


def test_trajectory_certificate_of_one_deterministic_loop_is_the_error():
    """Without noise and with one pair nothing is lost: the bound is the error, up to rounding."""
    mdp = self_loop(reward=1, discount="1/2")
    steps = RescaledLinear("1/2").floats(50)
    times = np.arange(51)
    run = run_trajectory(mdp, mdp.table(0), steps, 0.5, np.random.default_rng(0), start_state=0, checkpoints=times)

    bounds = trajectory_certificate(run.pairs, steps, mdp.discount, [0], [2], 1e-9, times)

    assert (np.abs(bounds - (2 - run.tables)) < 1e-12).all()


def test_rounding_bound_ends_where_its_proof_does():
    """Beyond 2^43 updates the bound is not proved, and is refused."""
    with pytest.raises(ValueError, match="8796093022209 updates"):
        rounding_bound(2**43 + 1, fmpq(1))


@pytest.mark.parametrize("number", ["0", "1/3", "1", "99/100", "1e300"])
def test_rounded_up_is_not_smaller(number):
    """The float is at least the rational it stands for."""
    assert exact(rounded_up(exact(number))) >= exact(number)
