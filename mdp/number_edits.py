"""Simpler numbers for the domain reducer: 0, 1 and 1/2 where a value is 17/3.

Rewards, tables and whatever lies on the axis "numbers" may become any number. A number without an axis keeps to its
side of -1, 0 and 1: those are the bounds that assumptions set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact_array, is_exact
from .model import FiniteMDP
from .restrict import Axes, Instance, model_of

__all__ = ["Edit", "cost", "is_numbers", "simplify_numbers", "simplify_others", "with_entry", "with_values"]

Edit = Callable[[], Instance | None]
"""Carries an edit out; None where nothing would be left."""

_SIMPLE = exact_array([0, 1, -1, 2, -2, "1/2", "-1/2", 3, -3])


def simplify_numbers(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """Rewards and tables: a value wherever it occurs, then in one array, then at one place."""
    arrays = _free_arrays(instance, axes)
    everywhere = sorted({x for array in arrays.values() for x in array.flat}, key=cost, reverse=True)
    for old in everywhere:
        for new in _simpler(old):
            yield partial(with_values, instance, {name: _replaced(array, old, new) for name, array in arrays.items()})
    for name, array in arrays.items():
        for old in sorted(set(array.flat), key=cost, reverse=True):
            for new in _simpler(old):
                yield partial(with_values, instance, {name: _replaced(array, old, new)})
        for place in np.ndindex(array.shape):
            for new in _simpler(array[place]):
                yield partial(with_values, instance, {name: with_entry(array, place, new)})


def _free_arrays(instance: Instance, axes: Axes) -> dict[str, Array]:
    free = ("pair", "state", "features", "heads", "sequence", "numbers")
    arrays = {name: value for name, value in instance.items() if axes.get(name) in free and is_numbers(value)}
    key = model_of(instance)
    return arrays if key is None else {key: instance[key].reward, **arrays}


def _simpler(x: fmpq) -> list[fmpq]:
    towards_zero = x - 1 if x > 0 else x + 1
    near = [int(x.floor()), int(x.ceil()), fmpq(int((2 * x).floor()), 2), int((x / 2).floor()), towards_zero]
    return [y for y in (*_SIMPLE, *exact_array(near)) if cost(y) < cost(x)]


def simplify_others(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """Numbers of which nothing is known keep to their side of -1, 0 and 1, where assumptions have their bounds."""
    for name, value in instance.items():
        if axes.get(name) == "numbers" and isinstance(value, fmpq):
            for new in _simpler(value):
                yield partial(with_values, instance, {name: new})
        if axes.get(name) is not None:
            continue
        if isinstance(value, fmpq):
            yield partial(with_values, instance, {name: _simplest_alike(value)})
        elif is_numbers(value):
            for place in np.ndindex(value.shape):
                changed = with_entry(value, place, _simplest_alike(value[place]))
                yield partial(with_values, instance, {name: changed})


def _simplest_alike(x: fmpq) -> fmpq:
    def side(y: fmpq) -> tuple[bool, ...]:
        return tuple(truth for bound in (-1, 0, 1) for truth in (y < bound, y > bound))

    return next(y for y in _SIMPLE if side(y) == side(x))


def with_values(instance: Instance, values: Instance) -> Instance:
    """Return the instance with other values; an array in place of a model is its rewards."""
    changed = {**instance, **values}
    for name, value in values.items():
        if isinstance(instance[name], FiniteMDP):
            changed[name] = replace(instance[name], reward=value)
    return changed


def _replaced(array: Array, old: fmpq, new: fmpq) -> Array:
    return exact_array([new if x == old else x for x in array.flat]).reshape(array.shape)


def cost(x: fmpq) -> int:
    """Order rationals by how much a reader has to take in."""
    # 0, 1, -1, 2, 1/2, -2, -1/2, 3, 1/3, ...
    return 2 * (abs(int(x.p)) + int(x.q) - 1) + (x < 0)


def is_numbers(value: Any) -> bool:
    """Whether a value is a non-empty array of exact numbers."""
    return isinstance(value, np.ndarray) and value.size > 0 and is_exact(value.ravel())


def with_entry(array: np.ndarray, place: Any, value: Any) -> np.ndarray:
    """Return the array with another value at one place."""
    changed = array.copy()
    changed[place] = value
    return changed
