"""Instances that survive the way into binary64: foreign code computes in floats, and is compared with no tolerance.

Every number of an instance becomes a dyadic one of few bits, order and ties kept. For each call a view then counts the
bits that the exact answer and every product on the way to it can have: if they fit into the mantissa, no operation
rounds, in whatever order and form the formula is written, and the answer must be *equal*; if not, the question is not
asked (`NotOffered`). So a rounding can never pass for a fault, nor a fault for a rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, is_exact
from bellcheck.mdp.draws import DISCOUNTS as DRAWN_DISCOUNTS
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.restrict import WEIGHTS, model_of, restrict

from .faults import NotOffered

__all__ = ["Grid", "as_float", "fraction_bits", "is_dyadic", "nearest", "require_exact"]

HALF = fmpq(1, 2)
LARGEST = 32
DISCOUNTS = tuple(exact_array(["0", "1/4", "1/2", "3/4", "7/8", "15/16"]))
STEP_SIZES = tuple(exact_array(["0", "1/4", "1/2", "3/4", "1"]))
EIGHTHS = 8
MANTISSA = {"float64": 53, "float32": 24}


@dataclass(frozen=True)
class Grid:
    """How an instance is moved onto dyadic numbers.

    Parameters
    ----------
    discount, step_size : a number that the subject has built in, in place of every drawn one.
    discounts : what a drawn discount is rounded to otherwise; 0 stays 0, where some laws hold alone, or is not offered.
    probabilities : whether the subject is given the probabilities too: they become eighths.
    mean_rewards : whether the subject is given one reward a pair, its mean, in place of one an outcome.
    rectangular : whether all states that act must have as many actions; the last ones of longer rows are dropped.
    """

    discount: fmpq | None = None
    step_size: fmpq | None = None
    discounts: tuple[fmpq, ...] = DISCOUNTS
    probabilities: bool = False
    mean_rewards: bool = False
    rectangular: bool = False

    def of(self, axes: Mapping[str, str | None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return the function that moves an instance whose values lie along these axes; twice is as good as once."""

        def moved(instance: dict[str, Any]) -> dict[str, Any]:
            if self.rectangular:
                instance = _rectangular(instance, axes)
            return {name: self._moved(value, axes.get(name)) for name, value in instance.items()}

        return moved

    def origins(self, instance: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what may have been moved to this instance: itself, and its model with other discounts.

        Whether an instance is one that a check draws is a question about these.
        """
        yield instance
        key = model_of(instance)
        if key is None or not 0 < instance[key].discount < 1:
            return
        for discount in DRAWN_DISCOUNTS:
            if 0 < discount < 1 and self._discount(discount) == instance[key].discount:
                yield {**instance, key: replace(instance[key], discount=discount)}

    def _moved(self, value: Any, axis: str | None) -> Any:
        if isinstance(value, FiniteMDP):
            return self._model(value)
        if axis in ("path", "synchronous_path"):
            return self._path(value, axis)
        if axis == "step_size":
            return self._step(value)
        if isinstance(value, fmpq):
            return _scalar(value)
        if axis not in WEIGHTS and isinstance(value, np.ndarray) and is_exact(value.ravel()):
            return exact_array(_number(x) for x in value.flat).reshape(value.shape)
        return value

    def _model(self, mdp: FiniteMDP) -> FiniteMDP:
        probability = mdp.probability
        if self.probabilities:
            rows = [_eighths(probability[list(mdp.outcomes_of(x))]) for x in range(mdp.n_pairs)]
            probability = np.concatenate(rows) if rows else probability
        reward = exact_array(_number(r) for r in mdp.reward)
        if self.mean_rewards:
            for x in range(mdp.n_pairs):
                row = list(mdp.outcomes_of(x))
                reward[row] = _number(sum((probability[k] * reward[k] for k in row), fmpq(0)))
        return replace(mdp, probability=probability, reward=reward, discount=self._discount(mdp.discount))

    def _discount(self, drawn: fmpq) -> fmpq:
        if self.discount is not None:
            return self.discount
        allowed = [discount for discount in self.discounts if (discount == 0) == (drawn == 0)]
        if not allowed:
            raise NotOffered("discount 0, which the subject does not take")
        return _nearest(drawn, allowed)

    def _step(self, value: fmpq) -> fmpq:
        return self.step_size if self.step_size is not None else _nearest(value, STEP_SIZES)

    def _path(self, value: Any, axis: str) -> Any:
        if axis == "synchronous_path":
            return exact_array(self._step(alpha) for alpha in value[0]), value[1]
        return tuple((*step[:-1], self._step(step[-1]) if isinstance(step[-1], fmpq) else step[-1]) for step in value)


def _rectangular(instance: dict[str, Any], axes: Mapping[str, str | None]) -> dict[str, Any]:
    key = model_of(instance)
    if key is None:
        return instance
    mdp = instance[key]
    counts = np.diff(mdp.pair_start)[mdp.acting]
    if len(set(counts.tolist())) < 2:
        return instance
    position = np.arange(mdp.n_pairs) - mdp.pair_start[mdp.pair_state]
    kept = np.repeat(position < counts.min(), np.diff(mdp.outcome_start))
    cut = restrict(instance, axes, states=np.ones(mdp.n_states, dtype=bool), outcomes=kept)
    return instance if cut is None else cut


def _number(x: fmpq) -> fmpq:
    """A multiple of 1/2 near x, of its sign: order is kept, and what is not 0 does not become it."""
    rounded = fmpq(int((2 * x + HALF).floor()), 2)
    if rounded == 0 and x != 0:
        rounded = HALF if x > 0 else -HALF
    return max(fmpq(-LARGEST), min(fmpq(LARGEST), rounded))


def _scalar(x: fmpq) -> fmpq:
    """As `_number`, but on its side of -1, 0 and 1, where assumptions have their bounds: off by a power of two."""
    size = abs(x)
    if size == 0 or size == 1 or size >= fmpq(3, 2):
        return _number(x)
    bound = fmpq(0) if size < HALF else fmpq(1)
    power = HALF
    while power > abs(size - bound):
        power = power / 2
    moved = bound + power if size > bound else bound - power
    return moved if x > 0 else -moved


def _nearest(x: fmpq, allowed: Sequence[fmpq]) -> fmpq:
    return min(allowed, key=lambda y: (abs(y - x), y))


def _eighths(row: Array) -> Array:
    """Probabilities in eighths, positive where they were positive and 0 where they were 0."""
    positive = [k for k in range(len(row)) if row[k] > 0]
    if len(positive) > EIGHTHS:
        raise NotOffered(f"a pair with {len(positive)} outcomes; probabilities in eighths have {EIGHTHS} at most")
    counts = {k: max(1, int((row[k] * EIGHTHS).floor())) for k in positive}
    while sum(counts.values()) != EIGHTHS:
        excess = sum(counts.values()) - EIGHTHS
        # The entry that is furthest from what it should be gives or takes one.
        k = max(
            (k for k in positive if excess < 0 or counts[k] > 1),
            key=lambda k: ((counts[k] - row[k] * EIGHTHS) * (1 if excess > 0 else -1), -k),
        )
        counts[k] -= 1 if excess > 0 else -1
    return exact_array(fmpq(counts.get(k, 0), EIGHTHS) for k in range(len(row)))


# -------------------------------------------------------------------- what fits


def fraction_bits(numbers: Any) -> int:
    """Return b such that all the numbers are multiples of 2^-b; raises `NotOffered` if one is not dyadic."""
    bits = 0
    for x in np.ravel(np.asarray(numbers, dtype=object)):
        if not isinstance(x, fmpq | int):
            raise NotOffered("numbers in floating point: a statement about our own arithmetic")
        if not is_dyadic(fmpq(x)):
            raise NotOffered(f"{x} has no exact binary form")
        bits = max(bits, int(fmpq(x).q).bit_length() - 1)
    return bits


def is_dyadic(x: fmpq) -> bool:
    """Whether a float holds x, if it has enough bits: whether its denominator is a power of two."""
    return int(x.q) & (int(x.q) - 1) == 0


def nearest(x: fmpq) -> fmpq:
    """Return the multiple of 1/16 in (0, 1) that is nearest to x: what a subject may build in to be asked at all."""
    return _nearest(x, [fmpq(k, 16) for k in range(1, 16)])


def require_exact(bits: int, terms: Sequence[Any], dtype: str = "float64") -> None:
    """Raise `NotOffered` unless every sum of the terms, of at most so many bits behind the point, fits the mantissa."""
    largest = sum((abs(x) for x in np.ravel(np.asarray(terms, dtype=object))), fmpq(1))
    whole = int(largest.ceil()).bit_length()
    if bits + whole > MANTISSA[dtype]:
        raise NotOffered(f"an answer of {bits + whole} bits, which {dtype} would round")


def as_float(x: fmpq) -> float:
    """Return a dyadic number as the float that it is; raises `NotOffered` if it is none."""
    require_exact(fraction_bits([x]), [x])
    return int(x.p) / int(x.q)
