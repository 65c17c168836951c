"""Solvers and operators: functions of a whole model, handed over as arrays, sparse matrices or a transition table."""

from __future__ import annotations

import contextlib
import copy
import inspect
import itertools
from collections.abc import Callable, Mapping, Set
from typing import Any

import numpy as np

from .binding import bind
from .data import WrongShape, numbers, plain, read_table, same, scalar
from .loading import CannotLoad

__all__ = ["Learning", "Operator", "Solver"]

_FIELDS = {
    "values": ("values", "v", "value", "vstar", "statevalues"),
    "table": ("q", "qtable", "qvalues", "table", "qstar"),
    "policy": ("policy", "pi", "sigma", "actions"),
    "converged": ("converged", "success", "done"),
    "sweeps": ("sweeps", "iterations", "iter", "niter", "numiter", "nit", "iters", "k"),
}
"""What a solver returns, and the names it may have as a key, an attribute or a place in a named tuple."""
_ADVICE = "say what is returned, in order: --declare returns=" + ",".join(_FIELDS)
_PROBE: dict[str, Any] = {
    "P": [[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]] * 3,
    "R": [[2.5, 3.25], [4.75, 2.25], [3.5, 5.25]],
    "terminal": [],
    "discount": 0.5,
    "start": None,
}
"""A model of other numbers of states than of actions, whose action values are 2 at least: no row of them sums to 1."""


def _transitions(P: list[Any], axes: str) -> np.ndarray:
    array = np.array(P, dtype=float)
    return array if axes == "sas" else np.ascontiguousarray(array.transpose(1, 0, 2))


def _rewards(R: list[Any], axes: str, form: str) -> np.ndarray:
    array = np.array(R, dtype=float)
    if form == "sa":
        return array
    full = np.repeat(array[:, :, None], array.shape[0], axis=2)
    return full if axes == "sas" else np.ascontiguousarray(full.transpose(1, 0, 2))


def _sparse(model: dict[str, Any], rewards: str) -> dict[str, Any]:
    """A sparse matrix an action for P; for R the same, or one sparse matrix of shape (S, A)."""
    import scipy.sparse

    rows = list(model["P"])
    R = model["R"]
    sparse_rewards = scipy.sparse.csr_matrix(R) if rewards == "sa" else [scipy.sparse.csr_matrix(r) for r in R]
    return {"P": [scipy.sparse.csr_matrix(row) for row in rows], "R": sparse_rewards}


def _table(
    P: list[Any], R: list[Any], terminal: list[int]
) -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
    """The toy-text form of Gymnasium: what enters a terminal state is marked as terminated."""
    n_states, n_actions = len(P), len(P[0])
    return {
        s: {
            a: [(P[s][a][t], t, R[s][a], t in terminal or s in terminal) for t in range(n_states) if P[s][a][t] > 0]
            for a in range(n_actions)
        }
        for s in range(n_states)
    }


class _OfAModel:
    """A function of P, R and the discount, and of what a kind adds to them."""

    required: tuple[str, ...] = ("P", "discount")
    optional: tuple[str, ...] = ("R",)

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self.declared = declared
        self.bound = bind(function, self.required, self.optional, declared)
        if self.declared.get("model", "arrays") != "table" and "R" not in self.bound.roles:
            raise CannotLoad(
                "no parameter is recognised as the rewards R; if P is Gymnasium's table, --declare model=table"
            )

    def _model(self, request: Mapping[str, Any]) -> dict[str, Any]:
        P, R = request["P"], request["R"]
        if self.declared.get("model", "arrays") == "table":
            return {"P": _table(P, R, request["terminal"]), "R": None}
        axes, rewards = self.declared.get("axes", "sas"), self.declared.get("rewards", "sa")
        model = {"P": _transitions(P, axes), "R": _rewards(R, axes, rewards)}
        if not request.get("sparse"):
            return model
        by_action = {"P": _transitions(P, "ass"), "R": _rewards(R, "ass", rewards)}
        return _sparse(by_action, rewards)

    def _call(self, request: Mapping[str, Any], **more: Any) -> tuple[Any, list[str]]:
        """Return what the function returns, and the roles whose values it changed."""
        values = {"discount": request["discount"], **self._model(request), **more}
        given = {role: values[role] for role in self.bound.roles if role in values}
        before = copy.deepcopy(given)
        returned = self.bound(given)
        changed = [role for role in given if not _unchanged(before[role], given[role])]
        return returned, changed


def _unchanged(before: Any, after: Any) -> bool:
    if hasattr(before, "toarray"):
        before, after = before.toarray(), after.toarray()
    elif isinstance(before, list) and before and hasattr(before[0], "toarray"):
        return all(map(_unchanged, before, after))
    elif isinstance(before, np.random.Generator):
        return True
    return same(plain(before), plain(after))


class Operator(_OfAModel):
    """T of a table (S, A), or of state values (S,)."""

    optional = ("R", "table", "values")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        super().__init__(function, declared)
        if not {"table", "values"} & self.bound.roles.keys():
            raise CannotLoad(
                "no parameter is a table Q or state values V; --declare arguments=P,R,discount,table says so"
            )

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return TQ as rows, or TV."""
        n_states, n_actions = len(request["P"]), len(request["P"][0])
        on_tables = "table" in self.bound.roles
        if not on_tables and n_actions > 1:
            return {"needs": "values"}
        argument = {"table": np.array(request["table"]), "values": np.array(request["values"])}
        returned, changed = self._call(request, **argument)
        shape = (n_states, n_actions) if on_tables else (n_states,)
        return {"result": numbers(returned, *shape), "changed": changed}


class Solver(_OfAModel):
    """A solver: from a model to state values, a policy, and what it says of itself."""

    optional = ("R", "epsilon", "threshold", "start")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        super().__init__(function, declared)
        self._order = tuple(declared.get("returns", ()))

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return values, policy, converged and sweeps, each None where the solver does not give it."""
        returned, changed = self._solved(request)
        return {**self._read(returned, request), "changed": changed}

    def _solved(self, request: Mapping[str, Any]) -> tuple[Any, list[str]]:
        more = {"epsilon": request["epsilon"], "threshold": request["threshold"]}
        if "start" in self.bound.roles:
            start = request["start"]
            more["start"] = np.zeros(len(request["P"])) if start is None else np.array(start, dtype=float)
        return self._call(request, **more)

    def _read(self, returned: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        size = len(request["P"]), len(request["P"][0])
        parts = None if self._order else _named(returned)
        if parts is None:
            self._order = self._order or _order(returned, *size)
            if not self._order:
                self._order = self._probed(request, returned)
                returned, _ = self._solved(request)  # the probe may have written over what was returned before
            parts = _in_order(returned, self._order)
        values, table, policy = parts.get("values"), parts.get("table"), parts.get("policy")
        if values is None and table is None and policy is None:
            raise WrongShape(f"a {type(returned).__name__} without values V, a table Q or a policy; {_ADVICE}")
        if values is None and table is not None:
            values = [max(row) for row in numbers(_listed(table, *size), *size)]
        return {
            "values": None if values is None else numbers(_listed(values, *size), size[0]),
            "policy": None if policy is None else _actions(_listed(policy, *size), *size),
            "converged": None if parts.get("converged") is None else bool(parts["converged"]),
            "sweeps": None if parts.get("sweeps") is None else int(scalar(parts["sweeps"])),
        }

    def _probed(self, request: Mapping[str, Any], unclear: Any) -> tuple[str, ...]:
        """Return the order of what is returned, as it shows on a model where nothing looks like something else."""
        order: tuple[str, ...] = ()
        with contextlib.suppress(Exception):  # what goes wrong there is not what was asked
            returned, _ = self._solved({**request, **_PROBE})
            order = _order(returned, len(_PROBE["R"]), len(_PROBE["R"][0]), unit_rows={"policy"})
        if not order:
            n_states, n_actions = len(request["P"]), len(request["P"][0])
            parts = ", ".join(map(_described, _elements(unclear)))
            raise WrongShape(
                f"what is what is not clear for {n_states} states, {n_actions} actions: {parts}; {_ADVICE}"
            )
        return order


def _described(part: Any) -> str:
    name = type(part).__name__
    return f"{name} {part.dtype} {tuple(part.shape)}" if hasattr(part, "shape") and hasattr(part, "dtype") else name


def _named(returned: Any) -> dict[str, Any] | None:
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


def _elements(returned: Any) -> list[Any]:
    """Return the parts of a tuple; what is none, or is a tuple of numbers, is one part."""
    if isinstance(returned, tuple) and not all(isinstance(part, int | float | np.number) for part in returned):
        return list(returned)
    return [returned]


def _in_order(returned: Any, order: tuple[str, ...]) -> dict[str, Any]:
    listed = [returned] if len(order) == 1 else list(returned)
    if len(listed) < len(order):
        raise WrongShape(f"{len(listed)} parts where {', '.join(order)} are due")
    return dict(zip(order, listed, strict=False))


_UNIT_ROWS = frozenset({"policy", "table"})
"""What rows of floats that sum to 1 may be."""


def _order(returned: Any, n_states: int, n_actions: int, unit_rows: Set[str] = _UNIT_ROWS) -> tuple[str, ...]:
    """Return what each part is by its type and shape, "-" for none of ours; nothing if it may be this or that."""
    possible = [_kinds(part, n_states, n_actions, unit_rows) or {"-"} for part in _elements(returned)]
    orders = [
        order
        for order in itertools.product(*map(sorted, possible))
        if all(order.count(part) == 1 for part in order if part != "-")
    ]
    return orders[0] if len(orders) == 1 and {"values", "table", "policy"} & {*orders[0]} else ()


def _kinds(part: Any, n_states: int, n_actions: int, unit_rows: Set[str] = _UNIT_ROWS) -> Set[str]:
    """Return what a part may be: whole numbers are actions and floats values; rows that sum to 1 may be a policy."""
    try:
        array = np.asarray(plain(_listed(part, n_states, n_actions)))
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


def _listed(part: Any, n_states: int, n_actions: int) -> Any:
    """Return a dictionary over states, or over pairs, as a list by state; what is none as it is."""
    if not isinstance(part, Mapping):
        return part
    if any(isinstance(key, tuple) or isinstance(row, Mapping) for key, row in part.items()):
        return read_table(part, [[0.0] * n_actions] * n_states, [list(range(n_actions))] * n_states)
    try:
        return [part[s] for s in range(n_states)]
    except KeyError as error:
        raise WrongShape(f"a {type(part).__name__} without state {error}") from None


def _actions(policy: Any, n_states: int, n_actions: int) -> list[int]:
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


class Learning(_OfAModel):
    """A whole run of a learner on a model, of which only the last table is seen."""

    optional = ("R", "seed", "rng", "steps")

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the last table as rows."""
        seed: int = request["seed"]
        more: dict[str, Callable[[], Any]] = {
            "seed": lambda: seed,
            "rng": lambda: np.random.default_rng(seed),
            "steps": lambda: request["steps"],
        }
        given = {role: make() for role, make in more.items() if role in self.bound.roles}
        returned, changed = self._call(request, **given)
        return {"table": _table_of(returned, len(request["P"]), len(request["P"][0])), "changed": changed}


def _table_of(returned: Any, n_states: int, n_actions: int) -> Any:
    """Return the table Q as rows: what has its name, or else the one part that has its shape."""
    named = _named(returned)
    if named is not None:
        tables = [named["table"]]
    else:
        tables = _elements(returned)
        if len(tables) > 1:
            tables = [part for part in tables if "table" in _kinds(part, n_states, n_actions)]
    if len(tables) != 1:
        raise WrongShape(f"a {type(returned).__name__} with {len(tables)} tables Q; return one")
    return numbers(_listed(tables[0], n_states, n_actions), n_states, n_actions)
