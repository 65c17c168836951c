"""What a module computes, as a list of its operations on float64 tensors; and its derivative, evaluated in balls.

The tape is written below autograd, where every operation of ATen passes, whichever library function asked for it. That
is the point: ``detach``, ``no_grad`` and a hand-written ``autograd.Function.backward`` change what torch
differentiates, not what the module computes, so they cannot change what is read here. Each entry keeps the tensor that
torch computed, with its place in autograd's graph, so that a disagreement can be traced to a line of the module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array

from .operation import Kink, Operation, Unsupported
from .operations import OPERATIONS, move
from .rounding import Arithmetic, Overflow, balls

if TYPE_CHECKING:
    import torch

__all__ = ["Step", "Tape"]


@dataclass(frozen=True)
class Step:
    """One operation: the slots of its operands and results, and where in the user's code it stands."""

    name: str
    operands: list[int]
    results: list[int]
    options: list[Any]
    places: list[Array] | None
    tensors: list[torch.Tensor]
    where: str

    @property
    def operation(self) -> Operation:
        """The derivative of the step, unless it only moves numbers."""
        return OPERATIONS[self.name]


@dataclass
class Tape:
    """Steps over numbered slots; `leaves` holds the tensors that were there before: parameters, features, constants."""

    leaves: dict[int, torch.Tensor]
    parameters: dict[str, int]
    trained: dict[str, torch.Tensor] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    output: int = -1
    size: int = 0

    @property
    def learning(self) -> set[int]:
        """The slots that depend on a parameter."""
        active = set(self.parameters.values())
        for step in self.steps:
            if active.intersection(step.operands):
                active.update(step.results)
        return active

    def values(self, arithmetic: Arithmetic) -> list[Array]:
        """Return the value of every slot, arrays of balls in the shapes of the tensors."""
        values: list[Any] = [None] * self.size
        for slot, tensor in self.leaves.items():
            values[slot] = balls(tensor.detach().numpy())
        for step in self.steps:
            operands = [values[slot] for slot in step.operands]
            if step.places is not None:
                flat = np.concatenate([operand.ravel() for operand in operands])
                for slot, places in zip(step.results, step.places, strict=True):
                    values[slot] = flat[places]
            else:
                with _at(step):
                    values[step.results[0]] = np.asarray(
                        step.operation.forward(arithmetic, operands, step.options), dtype=object
                    )
                for slot in step.results[1:]:
                    values[slot] = np.empty(0, dtype=object)  # what a kernel saves for its backward, and no value
        return values

    def cotangents(self, arithmetic: Arithmetic, values: list[Array], cotangent: Array) -> list[Array]:
        """Return the cotangent of every slot, zeros where the output does not depend on it."""
        learning = self.learning
        arrived: list[list[Array]] = [[] for _ in range(self.size)]
        arrived[self.output].append(np.reshape(cotangent, values[self.output].shape))

        def collected(slot: int) -> Array:
            if not arrived[slot]:
                return np.full(values[slot].shape, arb(0), dtype=object)
            if len(arrived[slot]) == 1:
                return arrived[slot][0]
            return arithmetic.total(np.stack(arrived[slot]), 0)

        for step in reversed(self.steps):
            if not learning.intersection(step.results) or not any(arrived[slot] for slot in step.results):
                continue
            operands = [values[slot] for slot in step.operands]
            if step.places is not None:
                places = np.concatenate([places.ravel() for places in step.places])
                incoming = np.concatenate([collected(slot).ravel() for slot in step.results])
                parts = move(arithmetic, operands, places, incoming)
            else:
                result = step.results[0]
                with _at(step):
                    parts = step.operation.backward(
                        arithmetic, operands, values[result], collected(result), step.options
                    )
            for slot, part in zip(step.operands, parts, strict=True):
                if slot in learning:
                    arrived[slot].append(np.asarray(part, dtype=object))
        return [collected(slot) for slot in range(self.size)]


@contextmanager
def _at(step: Step) -> Iterator[None]:
    """Name the step in what its operation raises."""
    try:
        yield
    except (Kink, Overflow, Unsupported) as error:
        raise type(error)(f"operation {step.name} in {step.where}: {error}") from None
