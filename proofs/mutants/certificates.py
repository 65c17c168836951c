"""Wrong bounds: certificates that leave out what their proofs need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from bellcheck.mdp.arithmetic import Scalar, to_floats

from ..bounds import noise_weights
from ..sharper_bounds import Noise
from ..subject import Subject

__all__ = ["as_if_normal", "no_bootstrap", "own_noise_only"]


def _no_bootstrap(step_sizes: Iterable[Scalar], discount: Scalar) -> Iterator[Scalar]:
    """The weights v of the noise itself: nothing of it comes back through later targets."""
    return noise_weights(step_sizes)


Updates = Iterable[tuple[int, range, Scalar, Scalar]]


def _own_noise_only(
    updates: Updates, discount: Scalar, initial_errors: Sequence[Scalar] | np.ndarray
) -> Iterator[list[Scalar]]:
    """D(x) <- (1 - a) D(x) + a gamma max D(s', a'): the noise tau of the successor is not handed on."""
    bias = list(initial_errors)
    noise = [0 * error for error in bias]
    yield bias
    for pair, following, step_size, tau in updates:
        inherited = max(bias[following.start : following.stop], default=0)
        bias[pair] = (1 - step_size) * bias[pair] + step_size * discount * inherited
        noise[pair] = tau
        yield [d + t for d, t in zip(bias, noise, strict=True)]


def _as_if_normal(noise: Noise, steps: Sequence[float], logarithm: float) -> Callable[[int, int], float]:
    """Thresholds sigma sqrt(2 v L), as if the noise were normal: Bernstein's inequality without its other term."""
    weights = list(noise_weights(steps))

    def threshold(pair: int, visits: int) -> float:
        return math.sqrt(2 * float(to_floats(noise.variance)[pair]) * weights[visits] * logarithm)

    return threshold


as_if_normal = Subject("noise-thresholds", "thresholds as if the noise were normal", _as_if_normal)
no_bootstrap = Subject("deviation-weights", "weights that nothing bootstraps from", _no_bootstrap)
own_noise_only = Subject("successor-bounds", "noise of the successor not handed on", _own_noise_only)
