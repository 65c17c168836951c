"""The domain reducer: from an instance that refutes a check to a small one that still does.

Hypothesis finds a counterexample and shrinks what it drew; it knows nothing of states and outcomes, and stops at four
states where two suffice. Here the edits are those of a textbook author: drop a state, an action, an outcome, a step;
make a state terminal; even out probabilities; prefer 0, 1 and 1/2. Edits are tried from the biggest to the smallest and
kept when the check still fails, until none is: the result is minimal with respect to every single edit. It ends, for
each edit that is kept makes `size` smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import fmpq

from .arithmetic import Array
from .draws import DISCOUNTS, SAMPLE_WEIGHTS, STEP_SIZES
from .edits import EDITS
from .number_edits import cost, is_numbers
from .restrict import AXES, WEIGHTS, Axes, Instance, model_of

__all__ = ["reduce", "size"]


def reduce(
    instance: Mapping[str, Any],
    axes: Axes,
    fails: Callable[[Instance], bool],
    *,
    valid: Callable[[Instance], bool] = lambda instance: True,
    prepare: Callable[[Instance], Instance | None] = lambda instance: instance,
    max_calls: int = 2_000,
) -> Instance:
    """Return a smaller instance that still fails; deterministic.

    Parameters
    ----------
    instance : values by name, with at most one exact `FiniteMDP`, for which ``fails(instance)`` is true.
    axes : how each value is tied to the model, see `restrict`; missing names are not tied.
    fails : whether the check fails; an exception counts as "does not fail".
    valid : whether an instance meets the assumptions of the check; only such instances are tried.
    prepare : brings a proposed instance into a form that `fails` can be asked about, None if it has none; idempotent.
    max_calls : how often `fails` may be called.

    Raises ``ValueError`` if an axis is unknown.
    """
    for name, axis in axes.items():
        if axis not in AXES:
            raise ValueError(f"axis {axis!r} of {name} is unknown; give one of {', '.join(map(str, AXES))}")
    smallest, calls = dict(instance), 0
    bound = size(smallest, axes)
    shrunk = True
    while shrunk:
        shrunk = False
        for edits in EDITS:
            position, proposed = 0, list(edits(smallest, axes))
            while position < len(proposed):
                edited = proposed[position]()
                candidate = None if edited is None else prepare(edited)
                if candidate is None or size(candidate, axes) >= bound or not valid(candidate):
                    position += 1
                    continue
                if calls == max_calls:
                    return smallest
                calls += 1
                if _still(fails, candidate):
                    smallest, bound, shrunk = candidate, size(candidate, axes), True
                    proposed = list(edits(smallest, axes))
                else:
                    position += 1
    return smallest


def _still(fails: Callable[[Instance], bool], candidate: Instance) -> bool:
    try:
        return bool(fails(candidate))
    except Exception:  # a crash is another failure than the one that is being reduced
        return False


# ---------------------------------------------------------------- size


def size(instance: Mapping[str, Any], axes: Axes) -> tuple[int, int, int, int, int]:
    """Return (states, pairs, outcomes, steps, digits and positions), which reduction makes smaller in this order."""
    steps = digits = 0
    key = model_of(instance)
    for name, value in instance.items():
        axis = axes.get(name)
        if axis == "path":
            steps += len(value)
            digits += sum(pair + outcome + _rank(alpha, STEP_SIZES) for pair, outcome, alpha in value)
        elif axis == "recording":
            steps += len(value)
            digits += sum(pair + outcome + cut for pair, outcome, cut in value)
        elif axis == "batch":
            steps += len(value)
            digits += sum(pair + k + _rank(weight, SAMPLE_WEIGHTS) + cut for pair, k, weight, cut in value)
        elif axis == "synchronous_path":
            steps += len(value[0])
            digits += int(value[1].sum()) + sum(_rank(alpha, STEP_SIZES) for alpha in value[0])
        elif axis == "step_size":
            digits += _rank(value, STEP_SIZES)
        elif axis == "convention":
            digits += value.departures()
        elif axis in WEIGHTS:
            digits += _cost_of_weights(value)
        elif is_numbers(value):
            steps += len(value) if axis == "sequence" else 0
            digits += sum(cost(x) for x in value.flat) + (value.size if axis in ("features", "heads") else 0)
        elif isinstance(value, fmpq):
            digits += cost(value)
    if key is None:
        return 0, 0, 0, steps, digits
    mdp = instance[key]
    digits += sum(map(_cost_of_outcome, mdp.probability)) + sum(map(cost, mdp.reward)) + _rank(mdp.discount, DISCOUNTS)
    digits += int(mdp.next_state.sum() + mdp.pair_action.sum())
    digits += 0 if mdp.start is None else _cost_of_weights(mdp.start)
    return mdp.n_states, mdp.n_pairs, len(mdp.reward), steps, digits


def _cost_of_outcome(probability: fmpq) -> int:
    # An outcome that never happens is no simplification, though 0 is a simple number.
    return cost(probability) if probability > 0 else 99


def _rank(x: fmpq, preferred: Array) -> int:
    return next((place for place, y in enumerate(preferred) if x == y), len(preferred) + cost(x))


def _cost_of_weights(weights: Array) -> int:
    return sum(cost(x) + place * (x > 0) for place, x in enumerate(weights))
