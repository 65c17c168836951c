"""What a solver returned: which part is the values, the table, the policy, and what it says of itself.

Parts are told by their names where they have some, else by type and shape; what is not clear then is none of ours.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from .data import WrongShape, numbers, plain, read_table

__all__ = ["ADVICE", "actions", "by_name", "described", "elements", "in_order", "listed", "order_of", "table_of"]

_FIELDS = {
    "values": ("values", "v", "value", "vstar", "statevalues"),
    "table": ("q", "qtable", "qvalues", "table", "qstar"),
    "policy": ("policy", "pi", "sigma", "actions"),
    "converged": ("converged", "success", "done"),
    "sweeps": ("sweeps", "iterations", "iter", "niter", "numiter", "nit", "iters", "k"),
}
"""What a solver returns, and the names it may have as a key, an attribute or a place in a named tuple."""
ADVICE = "say what is returned, in order: --declare returns=" + ",".join(_FIELDS)


def described(part: Any) -> str:
    """Return the type of a part, and of an array its shape."""
    name = type(part).__name__
    return f"{name} {part.dtype} {tuple(part.shape)}" if hasattr(part, "shape") and hasattr(part, "dtype") else name


def by_name(returned: Any) -> dict[str, Any] | None:
    """Find the parts of what was returned by their names; None if they have none."""
    if isinstance(returned, Mapping) and all(isinstance(key, str) for key in returned):
        named = dict(returned)
    elif hasattr(returned, "_fields"):
        named = returned._asdict()
    elif hasattr(returned, "__dict__") and not hasattr(returned, "shape") and not isinstance(returned, Mapping):
        named = {key: getattr(returned, key) for key in dir(returned) if not key.startswith("_")}
    else:
        return None
    plain_names = {str(key).lower().replace("_", ""): value for key, value in named.items()}
    return {
        part: next((plain_names[n] for n in names if n in plain_names and not inspect.isroutine(plain_names[n])), None)
        for part, names in _FIELDS.items()
    }


def elements(returned: Any) -> list[Any]:
    """Return the parts of a tuple; what is none, or is a tuple of numbers, is one part."""
    if isinstance(returned, tuple) and not all(isinstance(part, int | float | np.number) for part in returned):
        return list(returned)
    return [returned]


def in_order(returned: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """Return the parts in an order that is known. Raises `WrongShape` if there are fewer."""
    listed = [returned] if len(order) == 1 else list(returned)
    if len(listed) < len(order):
        raise WrongShape(f"{len(listed)} parts where {', '.join(order)} are due")
    return dict(zip(order, listed, strict=False))


_UNIT_ROWS = frozenset({"policy", "table"})
"""What rows of floats that sum to 1 may be."""


def order_of(returned: Any, n_states: int, n_actions: int, unit_rows: Set[str] = _UNIT_ROWS) -> tuple[str, ...]:
    """Return what each part is by its type and shape, "-" for none of ours; nothing if it may be this or that."""
    possible = [_kinds(part, n_states, n_actions, unit_rows) or {"-"} for part in elements(returned)]
    orders = [
        order
        for order in itertools.product(*map(sorted, possible))
        if all(order.count(part) == 1 for part in order if part != "-")
    ]
    return orders[0] if len(orders) == 1 and {"values", "table", "policy"} & {*orders[0]} else ()


def _kinds(part: Any, n_states: int, n_actions: int, unit_rows: Set[str] = _UNIT_ROWS) -> Set[str]:
    """Return what a part may be: whole numbers are actions and floats values; rows that sum to 1 may be a policy."""
    try:
        array = np.asarray(plain(listed(part, n_states, n_actions)))
    except (WrongShape, ValueError):
        return set()
    whole = array.dtype.kind in "biu"
    if not whole and array.dtype.kind != "f":
        return set()
    if array.ndim == 0:
        return {"converged"} if array.dtype.kind == "b" else {"sweeps"} if whole else set()
    if array.shape == (n_states,):
        return {"policy"} if whole else {"values"}
    if array.shape != (n_states, n_actions):
        return set()
    if (array >= 0).all() and np.allclose(array.sum(axis=1), 1):
        return {"policy"} if whole else unit_rows
    return {"table"}


def listed(part: Any, n_states: int, n_actions: int) -> Any:
    """Return a dictionary over states, or over pairs, as a list by state; what is none as it is."""
    if not isinstance(part, Mapping):
        return part
    if any(isinstance(key, tuple) or isinstance(row, Mapping) for key, row in part.items()):
        return read_table(part, [[0.0] * n_actions] * n_states, [list(range(n_actions))] * n_states)
    try:
        return [part[s] for s in range(n_states)]
    except KeyError as error:
        raise WrongShape(f"a {type(part).__name__} without state {error}") from None


def actions(policy: Any, n_states: int, n_actions: int) -> list[int]:
    """A policy as one action a state; of probabilities (S, A), those that are certain."""
    rows = plain(policy)
    if np.shape(rows) == (n_states, n_actions):
        weights = np.array(rows, dtype=float)
        if not ((weights == 0) | (weights == 1)).all() or (weights.sum(axis=1) != 1).any():
            raise WrongShape("a policy that is not deterministic; say which action each state takes")
        return [int(a) for a in weights.argmax(axis=1)]
    actions = numbers(rows, n_states)
    for s, a in enumerate(actions):
        if a != int(a) or not 0 <= a < n_actions:
            raise WrongShape(f"action {a:g} of state {s}; there are {n_actions}, numbered from 0")
    return [int(a) for a in actions]


def table_of(returned: Any, n_states: int, n_actions: int) -> Any:
    """Return the table Q as rows: what has its name, or else the one part that has its shape."""
    named = by_name(returned)
    if named is not None:
        tables = [named["table"]]
    else:
        tables = elements(returned)
        if len(tables) > 1:
            tables = [part for part in tables if "table" in _kinds(part, n_states, n_actions)]
    if len(tables) != 1:
        raise WrongShape(f"a {type(returned).__name__} with {len(tables)} tables Q; return one")
    return numbers(listed(tables[0], n_states, n_actions), n_states, n_actions)
