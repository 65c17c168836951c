"""The sharper bounds as numbers: what `bellcheck.proofs.sharper_bounds` returns."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.families import grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import run_trajectory
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.step_size import Constant, RescaledLinear
from bellcheck.proofs.bounds import noise_weights, outward, synchronous_bias, synchronous_bound, trajectory_certificate
from bellcheck.proofs.sharper_bounds import (
    Noise,
    bounded_differences_bound,
    deviation_weights,
    largest_weights,
    noise_at,
    noise_thresholds,
    successor_bounds,
    successor_certificate,
    total_weights,
)

_NOISE = Noise(exact_array(["1/3", "2/3", 0]), exact_array(["1/36", "1/90", 0]), exact_array(["1/6", "1/3", 0]))


def test_noise_is_that_of_possible_outcomes_at_the_given_values():
    """Range, variance and largest distance from the mean are of r + gamma v(s'), impossible outcomes left out."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [("1/4", 0, 0), ("3/4", 2, 1), (0, 100, 0)])], "1/2")

    noise = noise_at(mdp, exact_array([4, 0]))

    assert [column.tolist() for column in noise] == [[0], [0], [0]]


def test_noise_of_a_lopsided_coin():
    """A coin that pays 1 with probability 1/4 has range 1, variance 3/16 and a distance of 3/4 from its mean."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/4", 1, 0), ("3/4", 0, 0)])], "1/2")

    noise = noise_at(mdp, exact_array([fmpq(1, 2)]))

    assert [column.tolist() for column in noise] == [[1], [fmpq(3, 16)], [fmpq(3, 4)]]


@pytest.mark.parametrize("schedule", [Constant("1/10"), RescaledLinear("99/100"), Constant(1)])
@pytest.mark.parametrize("n_pairs", [1, 12])
def test_synchronous_bound_is_above_the_recursion_without_rounding(schedule, n_pairs):
    """The floats are at least D_k + m_k + t_k in ball arithmetic, and exceed it by less than a billionth."""
    n, discount, delta = 200, exact("99/100"), 1e-9
    steps = schedule.floats(n)
    noise = Noise(*(np.tile(column, n_pairs) for column in _NOISE))

    bounds = bounded_differences_bound(steps, discount, noise, exact("7/3"), delta)

    exact_steps = [arb(exact(step)) for step in steps]
    jensen = arb(noise.variance.sum()).sqrt()
    largest = arb(fmpq(2, 3)) * (arb(2 * 2 * n_pairs).log() / 2).sqrt()
    means = [
        (largest if n_pairs == 12 and largest < jensen else jensen) * arb(v).sqrt() for v in noise_weights(exact_steps)
    ]
    scale = arb(fmpq(2, 3)) * ((arb(n) / arb(exact(delta))).log() / 2).sqrt()
    bias = synchronous_bias(exact_steps, arb(discount), arb(fmpq(7, 3)), means)
    weights = deviation_weights(exact_steps, arb(discount))
    truth = [d + m + scale * arb(u).sqrt() for d, m, u in zip(bias, means, weights, strict=True)]
    assert all(arb(bound) >= value for bound, value in zip(bounds, truth, strict=True))
    assert all(arb(bound) <= value * (1 + 1e-9) for bound, value in zip(bounds, truth, strict=True))


def test_synchronous_bound_without_noise_is_the_bias():
    """With no noise at all only D_0 and its decay are left, up to the outward rounding."""
    silent = Noise(exact_array([0]), exact_array([0]), exact_array([0]))

    bounds = bounded_differences_bound([0.5, 0.5], "1/2", silent, 1, 0.5)

    assert bounds == pytest.approx([1, 3 / 4, 9 / 16], rel=1e-12)


def test_a_step_whose_square_underflows_is_refused():
    """A root would take more from the bound than the outward rounding adds; the message names the step."""
    with pytest.raises(ValueError, match="of update 1 has a square that underflows"):
        bounded_differences_bound([0.5, 2.0**-501], "1/2", _NOISE, 1, 0.5)
    with pytest.raises(ValueError, match="of update 0 has a square that underflows"):
        synchronous_bound([2.0**-540], "1/2", 1, exact_array([1]), 0, 0.5)


def test_largest_weight_is_that_of_one_sample():
    """After steps 1/2, 1/2, 1/4 the samples weigh 3/16, 3/8 and 1/4."""
    weights = list(largest_weights([fmpq(1, 2), fmpq(1, 2), fmpq(1, 4)]))

    assert weights == [0, fmpq(1, 2), fmpq(1, 2), fmpq(3, 8)]


def test_total_weight_is_what_the_first_value_has_lost():
    """After steps 1/2 and 1/4 the samples weigh 1 - 1/2 * 3/4 together."""
    weights = list(total_weights([fmpq(1, 2), fmpq(1, 4)]))

    assert weights == [0, fmpq(1, 2), fmpq(5, 8)]


@pytest.mark.parametrize("schedule", [Constant("1/10"), RescaledLinear("9/10")])
def test_thresholds_are_the_least_of_three_formulas(schedule):
    """With what is added outward a threshold is at least its formula in ball arithmetic, by less than a billionth."""
    steps = schedule.floats(300)
    logarithm = 20.0
    visits = np.array([1, 2, 10, 40, 300])

    threshold = noise_thresholds(_NOISE, steps.tolist(), logarithm)
    found = outward(np.array([[threshold(x, int(m)) for x in range(3)] for m in visits]), visits[:, None])

    exact_steps = [exact(step) for step in steps]
    v, w = list(noise_weights([arb(step) for step in exact_steps])), list(total_weights([arb(s) for s in exact_steps]))
    b = list(largest_weights(steps.tolist()))
    for row, m in zip(found, visits, strict=True):
        for bound, spread, variance, largest in zip(row, *_NOISE, strict=True):
            part = arb(b[m]) * largest * arb(logarithm) / 3
            formulas = [
                arb(spread) * (v[m] * arb(logarithm) / 2).sqrt(),
                part + (part * part + 2 * arb(variance) * v[m] * arb(logarithm)).sqrt(),
                arb(largest) * w[m],
            ]
            least = min(formulas, key=float)
            assert arb(float(bound)) >= least
            assert arb(float(bound)) <= least * (1 + 1e-9) + arb(2) ** -999


def test_terminal_successor_hands_nothing_on():
    """An update whose successor is terminal only forgets; one whose successor acts inherits its largest bound."""
    updates = [(0, range(0), fmpq(1, 2), fmpq(0)), (0, range(1, 3), fmpq(1, 2), fmpq(1))]

    bounds = [list(bound) for bound in successor_bounds(updates, fmpq(1, 2), [fmpq(8), fmpq(1), fmpq(4)])]

    assert bounds == [[8, 1, 4], [4, 1, 4], [2 + 1 + 1, 1, 4]]


def test_successor_certificate_is_never_above_the_older_one():
    """On a trajectory through a grid with a terminal cell both recursions see the same visits."""
    mdp = grid(2, 3, "4/5", 3)
    best = policy_iteration(mdp).q
    noise = noise_at(mdp, state_values(mdp, best))
    steps = RescaledLinear(mdp.discount).floats(1500)
    times = np.arange(0, 1501, 100)
    path = run_trajectory(mdp, mdp.table(0), steps, 0.3, np.random.default_rng(5))

    newer = successor_certificate(mdp, path.pairs, path.outcomes, steps, noise, abs(best), 1e-6, times)
    older = trajectory_certificate(path.pairs, steps, mdp.discount, noise.range, abs(best), 1e-6, times)

    assert (newer <= older).all()
    assert (newer[-1] < 0.6 * older[-1]).all()
