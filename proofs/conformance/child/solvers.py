"""Solvers and operators: functions of a whole model, handed over as arrays, sparse matrices or a transition table."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .binding import bind
from .data import WrongShape, numbers, plain, same, scalar
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

    optional = ("R", "epsilon", "start")

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        super().__init__(function, declared)
        self._order = tuple(declared.get("returns", ()))

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return values, policy, converged and sweeps, each None where the solver does not give it."""
        more = {"epsilon": request["epsilon"]}
        if "start" in self.bound.roles:
            start = request["start"]
            more["start"] = np.zeros(len(request["P"])) if start is None else np.array(start, dtype=float)
        returned, changed = self._call(request, **more)
        return {**self._read(returned, request), "changed": changed}

    def _read(self, returned: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        n_states, n_actions = len(request["P"]), len(request["P"][0])
        parts = _parts(returned, self._order)
        if parts.get("values") is None and parts.get("table") is None and parts.get("policy") is None:
            raise WrongShape(f"a {type(returned).__name__} without values V, a table Q or a policy")
        values, table, policy = parts.get("values"), parts.get("table"), parts.get("policy")
        if values is None and table is not None:
            values = [max(row) for row in numbers(table, n_states, n_actions)]
        return {
            "values": None if values is None else numbers(values, n_states),
            "policy": None if policy is None else _actions(policy, n_states, n_actions),
            "converged": None if parts.get("converged") is None else bool(parts["converged"]),
            "sweeps": None if parts.get("sweeps") is None else int(scalar(parts["sweeps"])),
        }


def _parts(returned: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """Find the parts of what a solver returned, by position if it says so, else by their names."""
    if order:
        listed = list(returned) if len(order) > 1 else [returned]
        if len(listed) < len(order):
            raise WrongShape(f"{len(listed)} parts where {', '.join(order)} are declared")
        return dict(zip(order, listed, strict=False))
    if isinstance(returned, Mapping):
        named = dict(returned)
    elif hasattr(returned, "_fields"):
        named = returned._asdict()
    elif hasattr(returned, "__dict__") and not hasattr(returned, "shape"):
        named = {key: getattr(returned, key) for key in dir(returned) if not key.startswith("_")}
    elif isinstance(returned, tuple) and len(returned) == 2:
        return {"values": returned[0], "policy": returned[1]}
    else:
        return {"values": returned}
    plain_names = {str(key).lower().replace("_", ""): value for key, value in named.items()}
    return {
        part: next((plain_names[n] for n in names if n in plain_names and not inspect.isroutine(plain_names[n])), None)
        for part, names in _FIELDS.items()
    }


def _actions(policy: Any, n_states: int, n_actions: int) -> list[int]:
    """A policy as one action a state; of probabilities (S, A), those that are certain."""
    if isinstance(policy, Mapping):
        policy = [policy[s] for s in range(n_states)]
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
        table = _parts(returned, ()).get("table") if not hasattr(returned, "shape") else returned
        if isinstance(returned, list):
            table = returned
        return {"table": numbers(table, len(request["P"]), len(request["P"][0])), "changed": changed}
