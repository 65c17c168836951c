"""Between plain data and what foreign code takes and gives: tables in the forms that programs keep, and numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

__all__ = ["FORMS", "Rows", "WrongShape", "numbers", "plain", "read_table", "same", "scalar"]

Rows: TypeAlias = list[list[float]]
"""A table by state: an entry for each column, whether or not the state has that action."""


class WrongShape(Exception):
    """An answer of another type or shape than asked for."""


def plain(value: Any) -> Any:
    """Return arrays, tensors and tuples as lists, and their numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "tolist"):  # arrays and tensors
        return plain(value.detach().tolist() if hasattr(value, "detach") else value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "__float__"):  # Fraction, Decimal
        return float(value)
    raise WrongShape(f"a {type(value).__name__} in the answer, where numbers are due")


def scalar(value: Any) -> float:
    """Return one number; an array of one entry is one."""
    flat = np.ravel(plain(value)) if value is not None else np.empty(0)
    if flat.size != 1 or flat.dtype.kind not in "biuf":
        raise WrongShape(f"{_shown(value)} where one number is due")
    return float(flat[0])


def numbers(value: Any, *shape: int) -> Any:
    """Return an array of numbers as nested lists, of that shape exactly."""
    try:
        array = np.asarray(plain(value))
    except ValueError:
        raise WrongShape(f"rows of different lengths, where the shape {shape} is due") from None
    if array.dtype.kind not in "biuf" or array.shape != shape:
        raise WrongShape(f"{_shown(value)} where numbers of shape {shape} are due")
    return array.astype(float).tolist()


def _shown(value: Any) -> str:
    if hasattr(value, "shape"):
        return f"a {type(value).__name__} of shape {tuple(value.shape)}"
    return "None" if value is None else f"a {type(value).__name__}"


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same, NaN being like NaN."""
    if isinstance(one, float) and isinstance(other, float) and one != one and other != other:
        return True
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


# -------------------------------------------------------------------- tables


def _dictionary(rows: Rows, columns: list[list[int]]) -> dict[tuple[int, int], float]:
    return {(s, a): rows[s][a] for s in range(len(rows)) for a in columns[s]}


def _nested(rows: Rows, columns: list[list[int]]) -> dict[int, dict[int, float]]:
    return {s: {a: rows[s][a] for a in columns[s]} for s in range(len(rows))}


def _array_rows(rows: Rows, columns: list[list[int]]) -> dict[int, np.ndarray]:
    found: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(max(map(len, rows))))
    found.update({s: np.array(row) for s, row in enumerate(rows)})
    return found


FORMS: dict[str, Callable[[Rows, list[list[int]]], Any]] = {
    "array": lambda rows, columns: np.array(rows, dtype=float),
    "float32": lambda rows, columns: np.array(rows, dtype=np.float32),
    "lists": lambda rows, columns: [list(row) for row in rows],
    "dict": _dictionary,
    "nested": _nested,
    "rows": _array_rows,
}
"""How a program may keep its table: ``Q[s, a]`` of float64 or float32, ``Q[s][a]`` of lists, ``Q[(s, a)]``,
``Q[s][a]`` of dictionaries, and a dictionary of one array a state. Dictionaries of numbers have legal
actions alone."""


def read_table(table: Any, rows: Rows, columns: list[list[int]]) -> Rows:
    """Return a table of any form as rows; what it has no cell for is as in `rows`.

    Raises `WrongShape` where a cell is missing or is no number.
    """
    if not isinstance(table, Mapping):
        return list(numbers(table, len(rows), max(map(len, rows))))
    pairs = any(isinstance(key, tuple) for key in table)
    found = [list(row) for row in rows]
    for s, allowed in enumerate(columns):
        for a in range(len(rows[s])) if not pairs and hasattr(table.get(s), "shape") else allowed:
            try:
                found[s][a] = scalar(table[s, a] if pairs else table[s][a])
            except (KeyError, IndexError, TypeError):
                raise WrongShape(f"the table has no cell for state {s}, action {a} any more") from None
    return found
