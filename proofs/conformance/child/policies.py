"""Behaviour policies, step sizes, and the network that follows another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .binding import bind
from .data import FORMS, WrongShape, numbers, scalar
from .loading import CannotLoad
from .randomness import seed

__all__ = ["Behaviour", "Following", "StepSize"]


class Behaviour:
    """Epsilon-greedy probabilities of one state's actions, or one action drawn from them.

    It takes the values of the state's actions; or, where it has a parameter for the state, the whole table.
    """

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self._form = declared.get("table", "array")
        optional = ("epsilon", "state", "legal", "rng")
        self.bound = bind(function, ("table",), optional, declared)

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the probabilities of a state's actions, or how often each was drawn in ``draws`` calls."""
        if request["draws"] == 0:
            allowed = request["columns"][request["state"]]
            return {"probabilities": self._probabilities(self.bound(self._values(request)), allowed, request)}
        counts = [0] * len(request["rows"][0])
        rng = np.random.default_rng(request["seed"])
        seed(request["seed"], self.bound.namespace)
        for _ in range(request["draws"]):
            action = scalar(self.bound({**self._values(request), "rng": rng}))
            if action != int(action) or not 0 <= action < len(counts):
                raise WrongShape(f"action {action:g}; the actions are numbered from 0 to {len(counts) - 1}")
            counts[int(action)] += 1
        return {"counts": counts}

    def _values(self, request: Mapping[str, Any]) -> dict[str, Any]:
        rows, columns, state = request["rows"], request["columns"], request["state"]
        whole = "state" in self.bound.roles
        own = np.array([rows[state][action] for action in columns[state]])
        table = FORMS[self._form]([list(row) for row in rows], columns) if whole else own
        return {"table": table, "state": state, "epsilon": request["epsilon"], "legal": list(columns[state])}

    def _probabilities(self, returned: Any, allowed: list[int], request: Mapping[str, Any]) -> list[float]:
        width = len(request["rows"][request["state"]])
        if np.ndim(returned) == 0 and not isinstance(returned, Mapping):
            raise WrongShape(f"a {type(returned).__name__} where probabilities are due; of actions say returns=action")
        if isinstance(returned, Mapping):
            return [scalar(returned.get(a, 0.0)) for a in range(width)]
        found = [scalar(p) for p in returned] if isinstance(returned, list | tuple) else returned
        if np.shape(found) == (len(allowed),) != (width,):
            by_action = dict(zip(allowed, numbers(found, len(allowed)), strict=True))
            return [by_action.get(a, 0.0) for a in range(width)]
        return list(numbers(found, width))


class StepSize:
    """A schedule: from the number of earlier updates, from 0, to the step size."""

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self.bound = bind(function, ("step",), ("discount",), declared)
        self._first = int(declared.get("first", 0))

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the step size after ``k`` earlier updates."""
        return {"step_size": scalar(self.bound({**request, "step": request["k"] + self._first}))}


class Following:
    """The update of a target network: arrays, a list of arrays, or torch modules, moved in place or returned."""

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        self._form = declared.get("parameters", "list")
        self.bound = bind(function, ("target", "online"), ("tau",), declared)
        if "tau" not in self.bound.roles and "tau" not in declared:
            raise CannotLoad("no parameter is tau; a hard copy is --declare tau=1")

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the target's parameters after each step, while the online network moves on in place."""
        make, write, read = _CONTAINERS[self._form]
        online, target = make(request["target"]), make(request["target"])
        found = []
        for step, parameters in enumerate(request["onlines"], start=1):
            write(online, parameters)
            if step % request["interval"] == 0:
                returned = self.bound({"online": online, "target": target, "tau": request["tau"]})
                target = target if returned is None else returned
            found.append(numbers(read(target), len(parameters)))
        return {"targets": found}


def _array(parameters: list[float]) -> np.ndarray:
    return np.array(parameters, dtype=float)


def _write_array(container: np.ndarray, parameters: list[float]) -> None:
    container[:] = parameters


def _write_list(container: list[np.ndarray], parameters: list[float]) -> None:
    container[0][:] = parameters


def _read_list(container: Any) -> Any:
    if not isinstance(container, list | tuple) or len(container) != 1:
        raise WrongShape(f"a {type(container).__name__} where a list of one array is due")
    return container[0]


def _module(parameters: list[float]) -> Any:
    import torch

    module = torch.nn.Linear(len(parameters), 1, bias=False, dtype=torch.float64)
    _write_module(module, parameters)
    return module


def _write_module(container: Any, parameters: list[float]) -> None:
    import torch

    with torch.no_grad():
        container.weight.copy_(torch.tensor([parameters], dtype=torch.float64))


def _read_module(container: Any) -> Any:
    if not hasattr(container, "weight"):
        raise WrongShape(f"a {type(container).__name__} where the module is due")
    return container.weight.detach()[0]


_CONTAINERS: dict[str, Any] = {
    "array": (_array, _write_array, lambda container: container),
    "list": (lambda parameters: [_array(parameters)], _write_list, _read_list),
    "module": (_module, _write_module, _read_module),
}
