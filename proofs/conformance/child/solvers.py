"""Solvers and operators: functions of a whole model, handed over as arrays, sparse matrices or a transition table."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .binding import bind
from .data import WrongShape, numbers, plain, same, scalar
from .loading import CannotLoad
from .returned import ADVICE, actions, by_name, described, elements, in_order, listed, order_of, table_of

__all__ = ["Learning", "Operator", "Solver"]

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
        parts = None if self._order else by_name(returned)
        if parts is None:
            self._order = self._order or order_of(returned, *size)
            if not self._order:
                self._order = self._probed(request, returned)
                returned, _ = self._solved(request)  # the probe may have written over what was returned before
            parts = in_order(returned, self._order)
        values, table, policy = parts.get("values"), parts.get("table"), parts.get("policy")
        if values is None and table is None and policy is None:
            raise WrongShape(f"a {type(returned).__name__} without values V, a table Q or a policy; {ADVICE}")
        if values is None and table is not None:
            values = [max(row) for row in numbers(listed(table, *size), *size)]
        return {
            "values": None if values is None else numbers(listed(values, *size), size[0]),
            "policy": None if policy is None else actions(listed(policy, *size), *size),
            "converged": None if parts.get("converged") is None else bool(parts["converged"]),
            "sweeps": None if parts.get("sweeps") is None else int(scalar(parts["sweeps"])),
        }

    def _probed(self, request: Mapping[str, Any], unclear: Any) -> tuple[str, ...]:
        """Return the order of what is returned, as it shows on a model where nothing looks like something else."""
        order: tuple[str, ...] = ()
        with contextlib.suppress(Exception):  # what goes wrong there is not what was asked
            returned, _ = self._solved({**request, **_PROBE})
            order = order_of(returned, len(_PROBE["R"]), len(_PROBE["R"][0]), unit_rows={"policy"})
        if not order:
            n_states, n_actions = len(request["P"]), len(request["P"][0])
            parts = ", ".join(map(described, elements(unclear)))
            raise WrongShape(f"what is what is not clear for {n_states} states, {n_actions} actions: {parts}; {ADVICE}")
        return order


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
        return {"table": table_of(returned, len(request["P"]), len(request["P"][0])), "changed": changed}
