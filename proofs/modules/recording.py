"""Recording what a module computes, below autograd, and making sure that nothing passes the record by.

Numbers that a forward reads out of its tensors would return as constants, and a branch on them would look like no
branch. `require_traceable` therefore runs the forward once on tensors without numbers, where reading one is an error.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from bellcheck.mdp.arithmetic import Array

from .operation import Unsupported
from .operations import MOVES, OPERATIONS
from .tape import Step, Tape

if TYPE_CHECKING:
    import torch

__all__ = ["Untraceable", "described", "record", "require_traceable"]

_CREATIONS = (
    "arange eye full full_like lift_fresh new_full new_ones new_zeros ones ones_like scalar_tensor zeros zeros_like"
)
CREATIONS = frozenset(_CREATIONS.split())
"""Operations that make a constant out of nothing or of a shape."""


class Untraceable(ValueError):
    """A forward that fails under a recorder, or whose result depends on numbers read out of its tensors."""


def require_traceable(module: torch.nn.Module, features: torch.Tensor) -> None:
    """Raise `Untraceable` if a forward reads numbers out of its tensors, which no trace can follow."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True) as fake, torch.no_grad():
        try:
            with _without_numbers(module, fake):
                module(fake.from_tensor(features))
        except Exception as error:  # whatever the user's code raises when its tensors hold no numbers
            raise Untraceable(
                "forward reads numbers out of its tensors, to branch on them or to compute outside torch, and no trace"
                f" can follow ({described(error)})"
            ) from None


@contextmanager
def _without_numbers(module: torch.nn.Module, fake: Any) -> Iterator[None]:
    # Not torch.func.functional_call: it does not put back a submodule that is registered under two names.
    tables: list[Any] = [table for child in module.modules() for table in (child._parameters, child._buffers)]
    originals = [dict(table) for table in tables]
    try:
        for table in tables:
            table.update({name: fake.from_tensor(tensor) for name, tensor in table.items() if tensor is not None})
        yield
    finally:
        for table, original in zip(tables, originals, strict=True):
            table.update(original)


def described(error: Exception) -> str:
    """Return what an error of the user's code says, in one line."""
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0].partition(" Hint: ")[0]


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

    with Mode():  # type: ignore[no-untyped-call]
        try:
            output = module(features)
        except Unsupported:
            raise
        except Exception as error:  # the user's code, which ran without gradients, may fail with them
            raise Untraceable(f"forward raised {described(error)}") from None
    tape.output = recorder.slot(output)
    tape.size = len(recorder.kept)
    return tape, output


class _Recorder:
    """Numbers the tensors of a forward by identity and appends a step for each operation."""

    def __init__(self, module_names: dict[int, str]) -> None:
        self.tape = Tape({}, {})
        self.kept: list[torch.Tensor] = []  # while it is kept, no other tensor has its identity
        self._slots: dict[int, int] = {}
        self._stale: set[int] = set()
        self._module_names = module_names

    def slot(self, tensor: torch.Tensor) -> int:
        """Return the slot of a tensor; one not seen before is a constant."""
        if id(tensor) not in self._slots:
            known = self._alias(tensor)
            if known is not None:
                return known
            self.tape.leaves[self._new(tensor)] = tensor.detach().clone()
        if self._slots[id(tensor)] in self._stale:
            raise Unsupported("a view is used after the tensor that it shows was changed in place")
        return self._slots[id(tensor)]

    def _alias(self, tensor: torch.Tensor) -> int | None:
        # ``x.data`` makes a second tensor of the same storage, and no operation of it is seen.
        for slot in reversed(range(len(self.kept))):
            other = self.kept[slot]
            if tensor.numel() and other.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr():
                if (other.shape, other.stride(), other.storage_offset()) == (
                    tensor.shape,
                    tensor.stride(),
                    tensor.storage_offset(),
                ):
                    return slot
                raise Unsupported("a tensor that shares memory with another, by no operation (.data of a view?)")
        return None

    def _new(self, tensor: torch.Tensor) -> int:
        self._slots[id(tensor)] = len(self.kept)
        self.kept.append(tensor)
        return len(self.kept) - 1

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute one operation as torch does, and write it down."""
        import torch

        where = _place(sys._getframe(2), self._module_names)
        name = func.overloadpacket.__name__
        inputs = [x for x in _flat(args) if isinstance(x, torch.Tensor)]
        moves = name.rstrip("_") in MOVES
        # What a move is told by whole numbers, such as rows to embed, is no operand of it.
        operands = [self.slot(x) for x in inputs if x.is_floating_point() or not moves]
        result = func(*args, **kwargs)
        results = [x for x in _flat([result]) if isinstance(x, torch.Tensor)]
        if name in CREATIONS or self._is_constant(name, operands, results, where):
            return result  # it enters as a leaf when it is used
        if func._schema.is_mutable:
            name = name.rstrip("_")
            self._make_views_stale(args[0])
        self._require_known(name, kwargs, results, where)
        places = _places(func, args, kwargs, inputs) if moves else None
        options = [] if moves else [x for x in args if not isinstance(x, torch.Tensor)]
        slots = [self._new(x) for x in results]
        self.tape.steps.append(Step(name, operands, slots, options, places, results, where))
        return result

    def _is_constant(self, name: str, operands: list[int], results: list[torch.Tensor], where: str) -> bool:
        """Whether a result is exact and depends on no parameter: whole numbers, truth values, copies."""
        learns = bool(self.tape.learning.intersection(operands))
        numbers = any(x.is_floating_point() for x in results)
        if learns and not numbers:
            raise Unsupported(f"operation {name} in {where}: its result is no float, so it has no derivative")
        return not learns and (not numbers or name == "_to_copy")

    def _require_known(self, name: str, kwargs: dict[str, Any], results: list[torch.Tensor], where: str) -> None:
        import torch

        other = next((x.dtype for x in results if x.dtype != torch.float64), None)
        if other is not None:
            raise Unsupported(
                f"operation {name} in {where}: it makes numbers of {other}; the module must stay in float64"
            )
        unusual = {key: value for key, value in kwargs.items() if value not in (None, 1, torch.float64)}
        if name not in MOVES and (name not in OPERATIONS or unusual):
            how = f" with {unusual}" if unusual else ""
            raise Unsupported(f"operation {name} in {where}{how} is none whose derivative is known here")

    def _make_views_stale(self, changed: torch.Tensor) -> None:
        storage = changed.untyped_storage().data_ptr()
        self._stale |= {
            slot
            for slot, tensor in enumerate(self.kept)
            if tensor is not changed and tensor.untyped_storage().data_ptr() == storage
        }


def _flat(values: Any) -> list[Any]:
    return [leaf for x in values for leaf in (_flat(x) if isinstance(x, (list, tuple)) else [x])]


def _places(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[torch.Tensor]) -> list[Array]:
    """Return where each entry of each result comes from, learnt by applying the operation to entry numbers."""
    import torch

    numbers: dict[int, list[torch.Tensor]] = {}
    start = 0
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
