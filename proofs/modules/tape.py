"""What a module computes, as a list of its operations on float64 tensors; and its derivative, evaluated in balls.

The tape is written below autograd, where every operation of ATen passes, whichever library function asked for it. That
is the point: ``detach``, ``no_grad`` and a hand-written ``autograd.Function.backward`` change what torch differentiates,
not what the module computes, so they cannot change what is read here. Each entry keeps the tensor that torch
computed, with its place in autograd's graph, so that a disagreement can be traced to a line of the module.

Nothing may pass the tape by: numbers that a forward reads out of its tensors would return as constants. `require_traceable`
therefore runs the forward once on tensors without numbers, where reading one is an error.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array

from .operations import MOVES, OPERATIONS, Kink, Operation, Unsupported, move
from .rounding import Arithmetic, Overflow, balls

if TYPE_CHECKING:
    import torch

__all__ = ["Step", "Tape", "Untraceable", "record", "require_traceable"]

CREATIONS = frozenset("arange eye full full_like lift_fresh new_full new_ones new_zeros ones ones_like scalar_tensor zeros zeros_like".split())
"""Operations that make a constant out of nothing or of a shape."""


class Untraceable(ValueError):
    """A forward whose control flow or result depends on numbers read out of its tensors."""


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
                values[step.results[0]] = self._at(step, lambda s=step, o=operands: s.operation.forward(arithmetic, o, s.options))
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
                parts = self._at(
                    step,
                    lambda s=step, o=operands, r=result: s.operation.backward(
                        arithmetic, o, values[r], collected(r), s.options
                    ),
                )
            for slot, part in zip(step.operands, parts, strict=True):
                if slot in learning:
                    arrived[slot].append(part)
        return [collected(slot) for slot in range(self.size)]

    @staticmethod
    def _at(step: Step, compute: Callable[[], Any]) -> Any:
        try:
            return compute()
        except (Kink, Overflow, Unsupported) as error:
            raise type(error)(f"operation {step.name} at {step.where}: {error}") from None


def require_traceable(module: torch.nn.Module, features: torch.Tensor) -> None:
    """Raise `Untraceable` if a forward reads numbers out of its tensors, which no trace can follow."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True) as fake, torch.no_grad():
        state = {
            name: fake.from_tensor(tensor.detach())
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]
        }
        try:
            torch.func.functional_call(module, state, (fake.from_tensor(features),))
        except Exception as error:  # whatever the user's code raises when its tensors hold no numbers
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise Untraceable(reason) from None


def record(module: torch.nn.Module, features: torch.Tensor) -> tuple[Tape, torch.Tensor]:
    """Run the module on the features; return what it did, and its output as torch computed it.

    Raises `Unsupported` for an operation whose derivative is not known here, naming it and its place.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    names = {id(each): name for name, each in module.named_modules()}
    by_name = dict(module.named_parameters())
    recorder = _Recorder(names)
    tape = recorder.tape
    tape.parameters = {name: recorder.slot(parameter) for name, parameter in by_name.items()}
    tape.trained = {name: parameter for name, parameter in by_name.items() if parameter.requires_grad}
    recorder.slot(features)

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return recorder.run(func, args, kwargs or {})

    with Mode():
        output = module(features)
    tape.output = recorder.slot(output)
    tape.size = len(recorder.kept)
    return tape, output


class _Recorder:
    """Numbers the tensors of a forward by identity and appends a step for each operation."""

    def __init__(self, module_names: dict[int, str]) -> None:
        self.tape = Tape({}, {})
        self.kept: list[torch.Tensor] = []  # while it is kept, no other tensor has its identity
        self._slots: dict[int, int] = {}
        self._module_names = module_names

    def slot(self, tensor: torch.Tensor) -> int:
        """Return the slot of a tensor; one not seen before is a constant."""
        if id(tensor) not in self._slots:
            self.tape.leaves[self._new(tensor)] = tensor.detach().clone()
        return self._slots[id(tensor)]

    def _new(self, tensor: torch.Tensor) -> int:
        self._slots[id(tensor)] = len(self.kept)
        self.kept.append(tensor)
        return len(self.kept) - 1

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute one operation as torch does, and write it down."""
        import torch

        where = _place(sys._getframe(2), self._module_names)
        name, changes = func.overloadpacket.__name__, func._schema.is_mutable
        inputs = [x for x in _flat(args) if isinstance(x, torch.Tensor)]
        operands = [self.slot(x) for x in inputs if x.is_floating_point()] if name not in CREATIONS else []
        result = func(*args, **kwargs)
        results = [x for x in _flat([result]) if isinstance(x, torch.Tensor)]
        if changes:
            name = name.rstrip("_")
            self._require_unshared(args[0], name, where)
        if not operands or not any(x.is_floating_point() for x in results):
            self._require_constant(name, operands, results, where)
            return result
        self._require_known(name, kwargs, results, where)
        places = _places(func, args, kwargs, inputs) if name in MOVES else None
        options = [] if places else [x for x in args if not isinstance(x, torch.Tensor)]
        slots = [self._new(x) for x in results]
        self.tape.steps.append(Step(name, operands, slots, options, places, results, where))
        return result

    def _require_constant(self, name: str, operands: list[int], results: list[torch.Tensor], where: str) -> None:
        if self.tape.learning.intersection(operands):
            raise Unsupported(f"operation {name} at {where}: its result is no float, so it has no derivative")
        if any(x.is_floating_point() for x in results) and name not in CREATIONS | MOVES | {"_to_copy"}:
            raise Unsupported(f"operation {name} at {where}")

    def _require_known(self, name: str, kwargs: dict[str, Any], results: list[torch.Tensor], where: str) -> None:
        import torch

        other = next((x.dtype for x in results if x.dtype != torch.float64), None)
        if other is not None:
            raise Unsupported(f"operation {name} at {where}: it makes numbers of {other}; the module must stay in float64")
        unusual = {key: value for key, value in kwargs.items() if value not in (None, 1, torch.float64)}
        if name not in MOVES and (name not in OPERATIONS or unusual):
            raise Unsupported(f"operation {name} at {where}" + (f" with {unusual}" if unusual else ""))

    def _require_unshared(self, changed: torch.Tensor, name: str, where: str) -> None:
        storage = changed.untyped_storage().data_ptr()
        if any(x is not changed and x.untyped_storage().data_ptr() == storage for x in self.kept):
            raise Unsupported(f"operation {name}_ at {where}: it changes a tensor of which there is a view")


def _flat(values: Any) -> list[Any]:
    return [leaf for x in values for leaf in (_flat(x) if isinstance(x, (list, tuple)) else [x])]


def _places(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[torch.Tensor]) -> list[Array]:
    """Return where each entry of each result comes from, learnt by applying the operation to entry numbers."""
    import torch

    numbers, start = {}, 0
    for x in inputs:
        if x.is_floating_point():
            # The same tensor may stand twice in a concatenation; its entries are then numbered once for each.
            numbers.setdefault(id(x), []).append(torch.arange(start, start + x.numel()).reshape(x.shape))
            start += x.numel()

    def numbered(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(numbered(x) for x in value)
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return numbers[id(value)].pop(0)
        return value

    return [x.numpy() for x in _flat([func(*numbered(args), **kwargs)])]


def _place(frame: FrameType | None, module_names: dict[int, str]) -> str:
    """Return the line of the user's code that asked for an operation, or else the name of its submodule."""
    import torch

    library = str(Path(torch.__file__).parent)
    submodule = None
    while frame is not None and frame.f_code is not record.__code__:
        owner = frame.f_locals.get("self")
        if submodule is None and id(owner) in module_names:
            submodule = module_names[id(owner)]
        if not frame.f_code.co_filename.startswith(library) and frame.f_code.co_filename != __file__:
            file, line = frame.f_code.co_filename, frame.f_lineno
            code = linecache.getline(file, line).strip()
            return f"{Path(file).name}, line {line}" + (f": {code}" if code else "")
        frame = frame.f_back
    return f"submodule {submodule!r}" if submodule else "the module itself"
