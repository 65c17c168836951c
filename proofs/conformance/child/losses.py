"""TD losses: a batch and two networks go in, the loss and its gradients come out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from .binding import NAMES, bind
from .data import WrongShape, plain
from .loading import CannotLoad

__all__ = ["Batch", "Loss", "network", "tensors"]

_PARTS = ("observations", "actions", "rewards", "next_observations", "dones")
_MORE = ("truncated", "weights", "next_mask")
_FIELDS = {**{part: NAMES[part] for part in (*_PARTS, *_MORE)}, "discount": NAMES["discount"]}
_OPTIMIZERS = ("optimizer", "optimiser", "optim", "opt", "qoptimizer")
_REMEDY = "return the tensor itself, before .item() or .backward()"


class Batch:
    """A batch under the names that programs use: ``batch.next_obs``, ``batch["dones"]``, or the five in order."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts = dict(parts)

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, int):
            return self._parts[_PARTS[key]]
        plain = key.lower().replace("_", "")
        for part, names in _FIELDS.items():
            if part in self._parts and (key == part or plain in names):
                return self._parts[part]
        raise KeyError(key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a batch has no {name}; it has {', '.join(self._parts)}") from None

    def __iter__(self) -> Iterator[Any]:
        return (self._parts[part] for part in _PARTS)

    def __len__(self) -> int:
        return len(_PARTS)


class Loss:
    """A loss of a network with one output an action, and of the network that it bootstraps from."""

    def __init__(self, function: Any, declared: Mapping[str, Any]) -> None:
        optional = ("target", "batch", *_PARTS, *_MORE, "discount")
        self.declared = declared
        _refuse_optimizer(function, declared)
        self.bound = bind(function, ("online",), optional, declared)
        missing = [part for part in _PARTS if part not in self.bound.roles]
        if "batch" not in self.bound.roles and missing:
            raise CannotLoad(
                f"no parameter is recognised as {missing[0]}; give the loss a batch, or all of its five parts"
            )

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the loss, and its gradient in the parameters of either network."""
        import torch

        dtype = getattr(torch, self.declared.get("dtype", "float64"))
        shared = request["target"] is None
        online = network(request["online"], dtype)
        target = online if shared else network(request["target"], dtype)
        parts = tensors(request, dtype, self.declared)
        returned = self.bound({"online": online, "target": target, **parts, "batch": Batch(parts)})
        if isinstance(returned, Mapping) and "gradient" in returned:  # it has differentiated by itself
            return {name: plain(returned.get(name)) for name in ("value", "gradient", "target_gradient")}
        loss = _loss_in(returned)
        if loss.requires_grad:
            if _gradient(online) is not None or _gradient(target) is not None:
                raise WrongShape(f"a loss that has been differentiated; {_REMEDY}")
            loss.backward()
        return {
            "value": float(loss.detach()),
            "gradient": _gradient(online),
            "target_gradient": None if shared else _gradient(target),
        }


def _refuse_optimizer(function: Any, declared: Mapping[str, Any]) -> None:
    """Raise `CannotLoad` where a parameter is an optimizer, unless it has a default or is declared to be another."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return
    for parameter in parameters[len(declared.get("arguments", ())) :]:
        if parameter.default is parameter.empty and parameter.name.lower().replace("_", "") in _OPTIMIZERS:
            raise CannotLoad(
                f"parameter {parameter.name!r}: no optimizer is given, for a loss is judged, not a training step; "
                "name the function that returns the loss"
            )


def network(weights: list[list[float]], dtype: Any) -> Any:
    """Return a linear network without bias that has the weights, one row an action."""
    import torch

    module = torch.nn.Linear(len(weights[0]), len(weights), bias=False, dtype=dtype)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(weights, dtype=dtype))
    return module


def tensors(request: Mapping[str, Any], dtype: Any, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of the batch as tensors of shape (B,), or (B, 1) if columns are declared."""
    import torch

    dones = torch.bool if declared.get("dones") == "bool" else dtype
    ended = request["terminated"]
    if request["ends_include_cuts"]:
        ended = [end or cut for end, cut in zip(ended, request["truncated"], strict=True)]
    parts = {
        "observations": torch.tensor(request["observations"], dtype=dtype),
        "actions": torch.tensor(request["actions"], dtype=torch.int64),
        "rewards": torch.tensor(request["rewards"], dtype=dtype),
        "next_observations": torch.tensor(request["next_observations"], dtype=dtype),
        "dones": torch.tensor(ended, dtype=torch.bool).to(dones),
        "truncated": torch.tensor(request["truncated"], dtype=torch.bool).to(dones),
        "weights": torch.tensor(request["weights"], dtype=dtype),
    }
    if declared.get("columns"):
        for part in ("actions", "rewards", "dones", "truncated", "weights"):
            parts[part] = parts[part].unsqueeze(1)
    mask = torch.tensor(request["next_mask"], dtype=torch.bool)
    return {**parts, "next_mask": mask, "discount": request["discount"]}


def _loss_in(returned: Any) -> Any:
    import torch

    found = returned
    if not isinstance(found, torch.Tensor) and hasattr(found, "keys"):  # a mapping, or a tensordict
        found = found["loss"] if "loss" in found.keys() else None  # noqa: SIM118 - iterating a tensordict gives no keys
    elif isinstance(found, tuple) and found:
        found = found[0]
    if isinstance(found, int | float) or (hasattr(found, "__array__") and not isinstance(found, torch.Tensor)):
        raise WrongShape(f"a {type(found).__name__} where the loss is due; {_REMEDY}")
    if not isinstance(found, torch.Tensor) or found.numel() != 1:
        raise WrongShape(f"a {type(returned).__name__} where the loss is due, one number")
    return found.reshape(())


def _gradient(module: Any) -> list[list[float]] | None:
    return None if module.weight.grad is None else module.weight.grad.double().tolist()
