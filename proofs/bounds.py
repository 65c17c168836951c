r"""How far Q-learning can be from q*: the finite-time bounds with all their constants, as numbers.

Write e = r + gamma v*(s') - q*(x) for the noise of one sample at q*. Carried through the learner's own steps,
W(x) <- (1 - alpha) W(x) + alpha e, it has weights whose squares sum to v, with v <- (1 - alpha)^2 v + alpha^2 from 0; e
has mean 0 and lies in an interval of length Lambda(x), so by Hoeffding |W(x)| <= tau = Lambda sqrt(v L / 2) fails with
probability at most 2 exp(-L). What is left is not random:

.. math:: D \leftarrow (1 - \alpha) D + \alpha \gamma (D + \tau), \qquad \lVert Q - q^* \rVert \le D + \tau

from D = ||Q_0 - q*||. q-learning.finite-time-synchronous and q-learning.trajectory-certificate state and prove it.

The recursions are written once, for rationals and floats. The two functions with a probability in them,
`synchronous_bound` and `trajectory_certificate`, compute in binary64 and return upper bounds in spite of it. Their
inputs are rounded up and enter increasingly. Nothing cancels: all numbers are sums and products of non-negative ones,
and 1 - alpha is correctly rounded. One update passes at most 5 roundings on to v, thus 5/2 to tau, and at most 4 to D;
with those of the logarithm, the root and the last sum an entry after k updates carries fewer than 8 (k + 2), each of
relative size at most u = 2^-53. So the true value exceeds the computed one by a factor below 1 + 16 (k + 2) u, as long
as that is below 2, and by less than 2^-1000 where products underflow: both are added. A step below 2^-500, other than
0, is refused: its square could underflow, and the root of what is lost exceed 2^-1000. The bounds are on the error of
an exact run whose steps are the given floats; `rounding_bound` adds what rounding the run costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, fraction, max_norm
from bellcheck.mdp.model import FiniteMDP

__all__ = [
    "asynchronous_bounds",
    "failure_logarithm",
    "largest_value",
    "noise_range",
    "noise_weights",
    "outward",
    "require_squares",
    "rounded_up",
    "rounding_bound",
    "steps_with_squares",
    "synchronous_bias",
    "synchronous_bound",
    "trajectory_certificate",
]

_SLACK, _UNDERFLOW = 16 * 2.0**-53, 2.0**-1000


def noise_range(mdp: FiniteMDP, v: Array) -> Array:
    """Return Lambda(x), the largest minus the smallest r + gamma v(s') over the possible outcomes of each pair: (N,).

    `v` has shape (S,), 0 at terminal states; for the bounds it is v*. Impossible outcomes do not count.
    """
    ranges = []
    for x in range(mdp.n_pairs):
        possible = [k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0]
        targets = [mdp.reward[k] + mdp.discount * v[mdp.next_state[k]] for k in possible]
        ranges.append(max(targets) - min(targets))
    return exact_array(ranges)


def noise_weights(step_sizes: Iterable[Scalar]) -> Iterator[Scalar]:
    """Yield v_0 = 0, then (1 - alpha_k)^2 v_k + alpha_k^2: the sums of squared weights of the first k samples."""
    v: Scalar = 0
    yield v
    for step_size in step_sizes:
        v = (1 - step_size) * (1 - step_size) * v + step_size * step_size
        yield v


def synchronous_bias(
    step_sizes: Iterable[Scalar], discount: Scalar, initial_error: Scalar, noise: Iterable[Scalar]
) -> Iterator[Scalar]:
    """Yield D_0, the initial error, then (1 - alpha_k) D_k + alpha_k gamma (D_k + tau_k) for tau_k in `noise`."""
    bias = initial_error
    yield bias
    for step_size, tau in zip(step_sizes, noise, strict=False):
        bias = (1 - step_size) * bias + step_size * discount * (bias + tau)
        yield bias


def asynchronous_bounds(
    updates: Iterable[tuple[int, Scalar, Scalar]], discount: Scalar, initial_errors: Sequence[Scalar] | np.ndarray
) -> Iterator[list[Scalar]]:
    """Yield D + tau over the pairs, before and after each update (pair, step size, tau of the pair from now on).

    The list is the same object every time, changed in place.
    """
    bias, bound = list(initial_errors), list(initial_errors)
    largest = max(bound)
    yield bound
    for pair, step_size, tau in updates:
        bias[pair] = (1 - step_size) * bias[pair] + step_size * discount * largest
        before, bound[pair] = bound[pair], bias[pair] + tau
        if bound[pair] >= largest:
            largest = bound[pair]
        elif before == largest:
            largest = max(bound)
        yield bound


def synchronous_bound(
    step_sizes: Sequence[float] | np.ndarray,
    discount: object,
    n_pairs: int,
    noise_range: Array,
    initial_error: object,
    delta: float,
) -> np.ndarray:
    """Return (n + 1,) bounds: with probability at least 1 - delta, ||Q_k - q*|| is at most entry k for all k <= n.

    Parameters
    ----------
    step_sizes : (n,) floats in [0, 1], none in (0, 2^-500).
    discount, initial_error : gamma and ||Q_0 - q*||, exact or float.
    noise_range : Lambda, or Lambda(x) of all pairs, of which the largest counts.
    """
    steps = steps_with_squares(step_sizes)
    widest = max(rounded_up(x) for x in np.ravel(noise_range))
    scale = widest * math.sqrt(failure_logarithm(n_pairs, len(steps), delta) / 2)
    noise = [scale * math.sqrt(v) for v in noise_weights(steps)]
    bias = list(synchronous_bias(steps, rounded_up(discount), rounded_up(initial_error), noise))
    return outward(np.array(bias) + np.array(noise), np.arange(len(steps) + 1))


def trajectory_certificate(
    pairs: Sequence[int] | np.ndarray,
    step_sizes: Sequence[float] | np.ndarray,
    discount: object,
    noise_range: Array,
    initial_errors: Array,
    delta: float,
    checkpoints: Sequence[int] | np.ndarray,
) -> np.ndarray:
    """Return (len(checkpoints), N) bounds on |Q_t(x) - q*(x)| along a trajectory.

    With probability at least 1 - delta they hold for all x and all t up to n = ``len(pairs)`` at once, whatever the
    behaviour, if the step size is a function of the number of earlier visits to the pair.

    Parameters
    ----------
    pairs : (n,) pairs in the order of their updates.
    step_sizes : (n,) floats in [0, 1], none in (0, 2^-500); the m-th update of a pair, from 0, uses entry m.
    noise_range, initial_errors : (N,) Lambda(x) and |Q_0(x) - q*(x)|.
    checkpoints : ascending numbers of updates in 0..n.
    """
    ranges = [rounded_up(x) for x in noise_range]
    steps = steps_with_squares(step_sizes)
    half = failure_logarithm(len(ranges), len(steps), delta) / 2
    after = [math.sqrt(v * half) for v in noise_weights(steps)]
    visits = [0] * len(ranges)

    def updates() -> Iterator[tuple[int, float, float]]:
        for pair in np.asarray(pairs).tolist():
            visits[pair] += 1
            yield pair, steps[visits[pair] - 1], ranges[pair] * after[visits[pair]]

    kept = {int(t): i for i, t in enumerate(checkpoints)}
    bounds = np.empty((len(kept), len(ranges)))
    for t, bound in enumerate(
        asynchronous_bounds(updates(), rounded_up(discount), [rounded_up(x) for x in initial_errors])
    ):
        if t in kept:
            bounds[kept[t]] = bound
    return outward(bounds, np.asarray(checkpoints)[:, None])


def largest_value(mdp: FiniteMDP, q0: Array) -> fmpq:
    """Return B = max(||Q_0||, R / (1 - gamma)), R the largest reward in absolute value: no iterate exceeds it."""
    return max(max_norm(exact_array(q0)), max_norm(mdp.reward) / (1 - mdp.discount))


def rounding_bound(n: int, largest: fmpq) -> fmpq:
    """Return 5 n u B + 4 n 2^-1075: how far n updates in binary64 can be from exact ones (q-learning.float-budget).

    Raises ``ValueError`` where n u exceeds 2^-10, for which it is not proved.
    """
    if n > 2**43:
        raise ValueError(f"{n} updates; the rounding bound is proved up to 2^43")
    return fmpq(5 * n, 2**53) * largest + fmpq(4 * n, 2**1075)


def steps_with_squares(step_sizes: Sequence[float] | np.ndarray) -> list[float]:
    """Return step sizes as floats; raises ``ValueError`` naming one whose square underflows."""
    require_squares(step_sizes)
    steps: list[float] = np.asarray(step_sizes, dtype=np.float64).tolist()
    return steps


def require_squares(step_sizes: Sequence[float] | np.ndarray) -> None:
    """Raise ``ValueError`` naming a step size whose square underflows."""
    steps = np.asarray(step_sizes, dtype=np.float64)
    for k in np.flatnonzero((steps > 0) & (steps < 2.0**-500)):
        raise ValueError(f"step size {steps[k]} of update {k} has a square that underflows; use 0, or at least 2^-500")


def rounded_up(value: object) -> float:
    """Return a float that is at least a non-negative number: the one after its nearest; 0 for 0."""
    nearest = float(fraction(exact(value)))
    return math.nextafter(nearest, math.inf) if nearest or exact(value) else 0.0


def failure_logarithm(n_pairs: int, n: int, delta: float) -> float:
    """Return L = log(2 N n / delta), for which n two-sided bounds a pair fail with probability at most delta."""
    return math.log(2 * n_pairs * max(n, 1) / delta)


def outward(computed: np.ndarray, updates: np.ndarray) -> np.ndarray:
    """Return D + tau, computed in binary64, enlarged by all that the updates so far may have rounded off it."""
    return computed * (1 + _SLACK * (updates + 3)) + _UNDERFLOW
