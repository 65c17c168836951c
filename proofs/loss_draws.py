r"""Draws for checks of DQN losses, on which neither binary64 nor binary32 makes an error.

Features, weights of heads and rewards are halves up to 3 in size; discounts and importance weights are quarters up to
1; a batch has 1, 2 or 4 samples, whose weights are powers of two with a power of two as their sum. With two features
and in the worst order of evaluation:

* an output of a network is a multiple of 1/4 up to 2 * 3 * 3 = 18;
* a TD error r + gamma q' - q is a multiple of 1/16 up to 3 + 27/2 + 18 < 35, 10 bits;
* its weighted square is a multiple of 2^-10 up to 35^2, and eight of them, the batch and the batch once more, sum to
  less than 2^14: 24 bits, the significand of binary32. Half the square has as many. A Huber loss of a threshold up to 2
  has fewer, for it is a multiple of 2^-9 up to 2 * 35;
* a derivative, 2 w delta phi, is a multiple of 2^-7 up to 210 for each sample, 18 bits for eight.

Dividing by the size of the batch, or the sum of its weights, moves the binary point. So equality of a float and a
rational is equality, without any tolerance. `fits` makes this count for any instance; the largest drawn have 24 bits.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.draws import SAMPLE_WEIGHTS, Below, below, one_of
from bellcheck.mdp.linear_networks import Batch
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tied_to

__all__ = [
    "are_halves",
    "batches",
    "bits_needed",
    "conventions",
    "fits",
    "heads",
    "loss_mdps",
    "ordered_batches",
    "state_features",
]


def _rationals(text: str) -> Array:
    return exact_array(text.split())


COLUMNS = 2
_LARGEST = fmpq(3)
_NUMBERS = _rationals("0 1 -1 2 -2 1/2 -1/2 3 -3 3/2 -3/2 5/2 -5/2")
_DISCOUNTS = _rationals("1/2 0 3/4 1/4")
_THRESHOLDS = _rationals("1 1/2 2 1/4")
_UNEVEN = sorted(set(permutations(exact_array(["1/4", "1/4", "1/2", "1"]))), reverse=True)


def are_halves(values: Any) -> bool:
    """Whether all values are halves up to 3 in size."""
    return all((2 * x).q == 1 and abs(x) <= _LARGEST for x in np.asarray(values, dtype=object).flat)


def loss_mdps(discounts: Iterable[object] = _DISCOUNTS, *, ending: bool = False) -> st.SearchStrategy[FiniteMDP]:
    """MDPs of up to 3 states whose rewards are halves; probabilities, which no loss reads, are any rationals.

    Of an `ending` one some step ends the episode.
    """
    shape: dict[str, Any] = {"discounts": list(discounts), "max_actions": 3, "max_outcomes": 2}
    allowed = mdps(max_states=3, **shape)

    def with_halves(mdp: FiniteMDP) -> FiniteMDP:
        halves = [fmpq((2 * r).floor(), 2) for r in mdp.reward]
        return replace(mdp, reward=exact_array(max(-_LARGEST, min(_LARGEST, r)) for r in halves))

    def with_an_end(mdp: FiniteMDP) -> FiniteMDP:
        following = mdp.next_state.copy()
        following[: mdp.outcome_start[1]] = mdp.n_states
        return replace(mdp, n_states=mdp.n_states + 1, next_state=following)

    drawn = mdps(max_states=2, **shape).map(with_an_end) if ending else allowed
    strategy = drawn.map(with_halves)
    strategy.accepts = (  # type: ignore[attr-defined]
        lambda mdp: (
            allowed.accepts(mdp)  # type: ignore[attr-defined]
            and are_halves(mdp.reward)
            and (not ending or bool(_ends(mdp)))
        )
    )
    return strategy


def _possible(mdp: FiniteMDP) -> list[tuple[int, int]]:
    return [(x, k) for x in range(mdp.n_pairs) for k in mdp.outcomes_of(x) if mdp.probability[k] > 0]


def _ends(mdp: FiniteMDP) -> list[tuple[int, int]]:
    return [(x, k) for x, k in _possible(mdp) if not mdp.pairs_of(int(mdp.next_state[k]))]


def _matrix(draw: st.DrawFn, rows: int) -> Array:
    pick = below(draw)
    return exact_array(one_of(pick, _NUMBERS) for _ in range(rows * COLUMNS)).reshape(rows, COLUMNS)


@tied_to("features")
@st.composite
def state_features(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Features of shape (S, 2), a row a state, terminal ones included."""
    return _matrix(draw, mdp.n_states)


@tied_to("heads")
@st.composite
def heads(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Weights of a linear network of shape (A, 2), a row for each action number up to the largest of the model."""
    return _matrix(draw, int(mdp.pair_action.max()) + 1)


for _strategy in (state_features, heads):
    _strategy.accepts = are_halves  # type: ignore[attr-defined]


@tied_to("batch")
@st.composite
def batches(draw: st.DrawFn, mdp: FiniteMDP) -> Batch:
    """Batches of 1, 2 or 4 samples (pair, outcome, weight, cut), half of them ends where the model has one."""
    return _batch(draw, mdp, (1, 2, 4))


@tied_to("batch")
@st.composite
def ordered_batches(draw: st.DrawFn, mdp: FiniteMDP) -> Batch:
    """Batches of 2 or, far more often, of 4: of two the neighbours are the same backwards."""
    return _batch(draw, mdp, (2, 4, 4, 4, 4, 4, 4, 4))


def _batch(draw: st.DrawFn, mdp: FiniteMDP, sizes: Sequence[int]) -> Batch:
    pick = below(draw)
    size = one_of(pick, sizes)
    possible, ends = _possible(mdp), _ends(mdp)
    weights = _weights(pick, size)
    batch = []
    for place in range(size):
        pair, outcome = one_of(pick, ends if ends and pick(2) else possible)
        batch.append((pair, outcome, weights[place], bool(pick(2))))
    return tuple(batch)


def _weights(pick: Below, size: int) -> tuple[fmpq, ...]:
    if size == 4 and pick(2):
        return one_of(pick, _UNEVEN)
    return (one_of(pick, SAMPLE_WEIGHTS),) * size


def _is_power_of_two(x: fmpq) -> bool:
    return bool(x > 0) and 1 in (x.p, x.q) and int(x.p * x.q).bit_count() == 1


def _is_batch(batch: Batch) -> bool:
    weights = [weight for _, _, weight, _ in batch]
    return (
        len(batch) in (1, 2, 4)
        and all(weight in SAMPLE_WEIGHTS for weight in weights)
        and _is_power_of_two(sum(weights, fmpq(0)))
    )


batches.accepts = _is_batch  # type: ignore[attr-defined]
ordered_batches.accepts = lambda batch: len(batch) > 1 and _is_batch(batch)  # type: ignore[attr-defined]


def conventions(**fixed: Any) -> st.SearchStrategy[LossConvention]:
    """Conventions with some fields fixed, the textbook's first; thresholds are 1, 1/2, 2 or 1/4.

    Its `accepts` tells of a declared convention whether a check with these draws is about it.
    """
    strategy = tied_to("convention")(_conventions(fixed))
    strategy.accepts = (  # type: ignore[attr-defined]
        lambda convention: all(getattr(convention, name) == value for name, value in fixed.items())
    )
    return strategy


@st.composite
def _conventions(draw: st.DrawFn, fixed: dict[str, Any]) -> LossConvention:
    pick = below(draw)
    weights = one_of(pick, ("unweighted", "weighted", "normalised"))
    fields = {
        "error": one_of(pick, ("half-square", "square", "huber", "huber", "absolute")),
        "reduction": one_of(pick, ("mean", "sum")),
        "double": pick(2) == 1,
        "weighted": weights != "unweighted",
        "normalised": weights == "normalised",
        "masked": pick(4) != 1,
        "truncation": one_of(pick, ("bootstraps", "bootstraps", "ends")),
        **fixed,
    }
    fields["normalised"] = fields["normalised"] and fields["weighted"] and fields["reduction"] == "mean"
    if fields["error"] == "huber":
        fields.setdefault("threshold", one_of(pick, _THRESHOLDS))
    return LossConvention(**fields)


# -------------------------------------------------------------------- how many bits


def _grid(values: Iterable[fmpq]) -> tuple[fmpq, fmpq]:
    """Return the coarsest 2^-k <= 1 of which all values are multiples, 0 if there is none, and the largest size."""
    numbers = list(values)
    finest = max((int(x.q) for x in numbers), default=1)
    binary = all(int(x.q).bit_count() == 1 for x in numbers)
    return fmpq(int(binary), finest), max((abs(x) for x in numbers), default=fmpq(0))


def bits_needed(
    mdp: FiniteMDP, features: Array, online: Array, target: Array, batch: Batch, convention: LossConvention
) -> int | None:
    """Return the bits of significand with which no order of evaluation of the loss or its gradient rounds.

    A bound, from the largest number of each kind. None if there is no such number: a third is no binary fraction.
    """
    kappa = convention.threshold or fmpq(0)
    weights = [weight for _, _, weight, _ in batch]
    parts = features.flat, [*online.flat, *target.flat], mdp.reward, [mdp.discount], [kappa], weights
    phi, head, reward, discount, threshold, weight = map(_grid, parts)
    divisor = sum(weights, fmpq(0)) if convention.normalised else fmpq(len(batch))
    divides = convention.reduction == "sum" or _is_power_of_two(divisor)
    if not divides or 0 in [unit for unit, _ in (phi, head, reward, discount, threshold, weight)]:
        return None
    output_unit, output = phi[0] * head[0], features.shape[1] * phi[1] * head[1]
    error_unit, error = min(reward[0], discount[0] * output_unit), reward[1] + (1 + discount[1]) * output
    # Of a Huber loss the linear piece is kappa (|delta| - kappa / 2), a multiple of half of unit^2.
    unit, size = min(error_unit, threshold[0]), error + kappa
    total = len(batch) * max(weight[1], fmpq(1)) / weight[0]
    value = total * (size / unit) ** 2
    slope = total * (2 * size / unit) * (phi[1] / phi[0])
    return max(int(x.ceil()).bit_length() for x in (value, slope, output / output_unit))


def fits(significand: int, **instance: Any) -> bool:
    """Whether a loss of an instance can be computed without rounding: 53 bits are binary64's, 24 binary32's.

    The instance has the six values that `bits_needed` takes, and may have others.
    """
    needed = bits_needed(**{name: instance[name] for name in inspect.signature(bits_needed).parameters})
    return needed is not None and needed <= significand
