r"""Bounds nearer to the truth: noise around its mean, the successor that came, variances in place of ranges.

`bounds` adds the largest conceivable noise up over all updates. Here the same two arguments are made with less:

* the carried noise of a *synchronous* run is a function of independent samples, which deviates from its mean by
  Lambda sqrt(u ln(n / delta) / 2) at most, with u <- (1 - (1 - gamma) alpha)^2 u + alpha^2; only its mean is added up
  over the updates (q-learning.bounded-differences);
* along a *trajectory* an update inherits the error of the successor that came, not of all pairs, and the noise of a
  pair is at most what Hoeffding's inequality says, or Bernstein's, or its largest value
  (q-learning.successor-certificate).

As in `bounds`, recursions are written once for rationals and floats, and the two functions with a probability in them
return upper bounds in spite of binary64: inputs are rounded up and enter increasingly, nothing cancels (the factor
1 - (1 - gamma) alpha is computed as (1 - alpha) + gamma alpha). One update passes on at most 7 roundings to u, 2 to the
largest weight and 3 to their sum, besides the 5 to v and 4 to D, and a root halves them: at most 7/2 + 4 in all, below
the 8 that `outward` covers; fewer than 16 more are made once, outside of the recursions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.model import FiniteMDP

from .bounds import noise_weights, outward, rounded_up, steps_with_squares, synchronous_bias

__all__ = [
    "Noise",
    "bounded_differences_bound",
    "deviation_weights",
    "largest_weights",
    "noise_at",
    "noise_thresholds",
    "successor_bounds",
    "successor_certificate",
    "successor_logarithm",
    "total_weights",
]


class Noise(NamedTuple):
    """What is known of r + gamma v(s') at each pair, (N,) each: range, variance and largest distance from the mean."""

    range: Array
    variance: Array
    largest: Array


def noise_at(mdp: FiniteMDP, v: Array) -> Noise:
    """Return the noise of r + gamma v(s') over the possible outcomes of each pair, exactly; for the bounds v is v*."""
    ranges, variances, largest = [], [], []
    for x in range(mdp.n_pairs):
        possible = [k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0]
        targets = [mdp.reward[k] + mdp.discount * v[mdp.next_state[k]] for k in possible]
        mean = sum(mdp.probability[k] * target for k, target in zip(possible, targets, strict=True))
        ranges.append(max(targets) - min(targets))
        variances.append(
            sum(mdp.probability[k] * (t - mean) * (t - mean) for k, t in zip(possible, targets, strict=True))
        )
        largest.append(max(abs(target - mean) for target in targets))
    return Noise(exact_array(ranges), exact_array(variances), exact_array(largest))


def deviation_weights(step_sizes: Iterable[Scalar], discount: Scalar) -> Iterator[Scalar]:
    """Yield u_0 = 0, then (1 - (1 - gamma) alpha_k)^2 u_k + alpha_k^2: squared influences of the first k samples."""
    u: Scalar = 0
    yield u
    for step_size in step_sizes:
        kept = (1 - step_size) + discount * step_size
        u = kept * kept * u + step_size * step_size
        yield u


def largest_weights(step_sizes: Iterable[Scalar]) -> Iterator[Scalar]:
    """Yield b_0 = 0, then max((1 - alpha_k) b_k, alpha_k): the largest weight among the first k samples."""
    b: Scalar = 0
    yield b
    for step_size in step_sizes:
        b = max((1 - step_size) * b, step_size)
        yield b


def total_weights(step_sizes: Iterable[Scalar]) -> Iterator[Scalar]:
    """Yield w_0 = 0, then (1 - alpha_k) w_k + alpha_k: the sum of the weights of the first k samples, at most 1."""
    w: Scalar = 0
    yield w
    for step_size in step_sizes:
        w = (1 - step_size) * w + step_size
        yield w


def bounded_differences_bound(
    step_sizes: Sequence[float] | np.ndarray, discount: object, noise: Noise, initial_error: object, delta: float
) -> np.ndarray:
    """Return (n + 1,) bounds: with probability at least 1 - delta, ||Q_k - q*|| is at most entry k for all k <= n.

    Parameters
    ----------
    step_sizes : (n,) floats in [0, 1], none in (0, 2^-500).
    discount, initial_error : gamma and ||Q_0 - q*||, exact or float.
    noise : of r + gamma v*(s').
    """
    steps = steps_with_squares(step_sizes)
    widest = max(rounded_up(x) for x in noise.range)
    noisy = sum(bool(x > 0) for x in noise.range)
    # Of no noise at all the logarithm is that of 2, and the range 0.
    largest_mean = min(
        widest * math.sqrt(math.log(2 * max(noisy, 1)) / 2),
        math.sqrt(rounded_up(sum(noise.variance[1:], noise.variance[0]))),
    )
    scale = widest * math.sqrt(_logarithm(max(len(steps), 1), delta) / 2)
    means = [largest_mean * math.sqrt(v) for v in noise_weights(steps)]
    discount = rounded_up(discount)
    bias = list(synchronous_bias(steps, discount, rounded_up(initial_error), means))
    deviations = [scale * math.sqrt(u) for u in deviation_weights(steps, discount)]
    return outward(np.array(bias) + np.array(means) + np.array(deviations), np.arange(len(steps) + 1))


def successor_bounds(
    updates: Iterable[tuple[int, range, Scalar, Scalar]],
    discount: Scalar,
    initial_errors: Sequence[Scalar] | np.ndarray,
) -> Iterator[list[Scalar]]:
    """Yield D + tau over the pairs, before and after each update (pair, pairs of the successor, step size, tau).

    tau is the pair's from now on. The list is the same object every time, changed in place.
    """
    bias, bound = list(initial_errors), list(initial_errors)
    yield bound
    for pair, following, step_size, tau in updates:
        inherited = max(bound[following.start : following.stop], default=0)
        bias[pair] = (1 - step_size) * bias[pair] + step_size * discount * inherited
        bound[pair] = bias[pair] + tau
        yield bound


def successor_certificate(
    mdp: FiniteMDP,
    pairs: Sequence[int] | np.ndarray,
    outcomes: Sequence[int] | np.ndarray,
    step_sizes: Sequence[float] | np.ndarray,
    noise: Noise,
    initial_errors: Array,
    delta: float,
    checkpoints: Sequence[int] | np.ndarray,
) -> np.ndarray:
    """Return (len(checkpoints), N) bounds on |Q_t(x) - q*(x)| along a trajectory.

    With probability at least 1 - delta they hold for all x and t at once, whatever the behaviour, if the step size is a
    function of the number of earlier visits to the pair and no pair can be visited more than n times.

    Parameters
    ----------
    pairs, outcomes : pairs and their outcomes, in the order of the updates.
    step_sizes : (n,) floats in [0, 1], none in (0, 2^-500); the m-th update of a pair, from 0, uses entry m.
    noise, initial_errors : of r + gamma v*(s'), and (N,) |Q_0(x) - q*(x)|.
    checkpoints : ascending numbers of updates, up to ``len(pairs)``.
    """
    steps = steps_with_squares(step_sizes)
    threshold = noise_thresholds(noise, steps, successor_logarithm(noise, len(steps), delta))
    visits = [0] * mdp.n_pairs
    following = [mdp.pairs_of(state) for state in range(mdp.n_states)]

    def updates() -> Iterator[tuple[int, range, float, float]]:
        for pair, state in zip(np.asarray(pairs).tolist(), mdp.next_state[np.asarray(outcomes)].tolist(), strict=True):
            visits[pair] += 1
            yield pair, following[state], steps[visits[pair] - 1], threshold(pair, visits[pair])

    kept = {int(t): i for i, t in enumerate(checkpoints)}
    bounds = np.empty((len(kept), mdp.n_pairs))
    first = [rounded_up(x) for x in initial_errors]
    for t, bound in enumerate(successor_bounds(updates(), rounded_up(mdp.discount), first)):
        if t in kept:
            bounds[kept[t]] = bound
    return outward(bounds, np.asarray(checkpoints)[:, None])


def noise_thresholds(noise: Noise, steps: Sequence[float], logarithm: float) -> Callable[[int, int], float]:
    """Return tau(x, m), which the carried noise of pair x exceeds after m visits with probability <= 2 exp(-L).

    It is computed in binary64 and lacks what `outward` adds.
    """
    ranges, variances, largest = ([rounded_up(x) for x in values] for values in noise)
    weights, tops, totals = list(noise_weights(steps)), list(largest_weights(steps)), list(total_weights(steps))

    def threshold(pair: int, visits: int) -> float:
        v, b = weights[visits], tops[visits] * largest[pair] * logarithm / 3
        hoeffding = ranges[pair] * math.sqrt(v * logarithm / 2)
        bernstein = b + math.sqrt(b * b + 2 * variances[pair] * v * logarithm)
        return min(hoeffding, bernstein, largest[pair] * totals[visits])

    return threshold


def successor_logarithm(noise: Noise, n: int, delta: float) -> float:
    """Return L = log(2 N n / delta), rounded up, for N noisy pairs that are visited n times at most."""
    noisy = sum(bool(x > 0) for x in noise.range)
    return _logarithm(2 * max(noisy, 1) * max(n, 1), delta)


def _logarithm(events: int, delta: float) -> float:
    """Return log(events / delta), rounded up: for which this many events of probability exp(-log) have delta in all."""
    return math.nextafter(math.log(math.nextafter(events / delta, math.inf)), math.inf)
