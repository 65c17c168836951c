"""What can be wrong with a module, said in one or two lines with the remedy.

`fault_before` looks at what the module is, `fault_of_running` at what two of its forwards do to it; each returns the first
answer that explains why there is nothing to compare. `culprit` explains a gradient that is wrong: going back from
the output, the cotangents that torch computes are right up to some tensor and wrong there; what lies between is at fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bellcheck.mdp.arithmetic import Array

from .rounding import BINARY64, balls
from .tape import Tape

if TYPE_CHECKING:
    import torch

__all__ = ["culprit", "fault_before", "fault_of_running"]


def fault_before(module: torch.nn.Module, features: torch.Tensor) -> str | None:
    """Return what makes a comparison impossible, seen without running the module."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    parameters = dict(module.named_parameters())
    if not parameters:
        return "the module has no parameters, so there is no gradient to check"
    if not any(parameter.requires_grad for parameter in parameters.values()):
        return "all parameters are frozen (requires_grad is False); say module.requires_grad_()"
    for name, tensor in [*parameters.items(), *module.named_buffers()]:
        if tensor.device.type != "cpu":
            return f"{name} is on the device {tensor.device}; say module.cpu()"
        if tensor.is_floating_point() and tensor.dtype != torch.float64:
            return f"{name} is {tensor.dtype}, in which no bound is known here; say module.double()"
        if tensor.is_complex():
            return f"{name} is {tensor.dtype}; only real modules are checked"
        if not bool(torch.isfinite(tensor).all()):
            return f"{name} holds a number that is not finite; initialise it again"
    if not bool(torch.isfinite(features).all()):
        return "the features hold a number that is not finite"
    for name, child in module.named_modules():
        if isinstance(child, _BatchNorm) and (child.training or child.running_mean is None):
            return (
                f"batch normalisation in train mode ({name or 'the module'}): the value of one pair depends on which others"
                " are in the batch; say module.eval()"
            )
    return None


def fault_of_running(module: torch.nn.Module, features: torch.Tensor) -> str | None:
    """Return what makes a comparison impossible, seen by running the module twice; state that changed is put back."""
    import torch

    state = {name: tensor for name, tensor in [*module.named_parameters(), *module.named_buffers()]}
    before = {name: tensor.detach().clone() for name, tensor in state.items()}
    given = features.clone()
    with torch.random.fork_rng(devices=[]):
        dice = torch.get_rng_state()
        try:
            with torch.no_grad():
                first = module(features)
                changed = [name for name, old in before.items() if not torch.equal(state[name], old)]
                second = module(features)
        except Exception as error:  # the user's code may raise anything
            return f"forward raised {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        rolled = not torch.equal(dice, torch.get_rng_state())
        with torch.no_grad():
            for name, old in before.items():
                state[name].copy_(old)
    if not torch.equal(features, given):
        features.copy_(given)
        return "forward changes its own input in place; compute a new tensor, as in x = x + 1 for x += 1"
    if changed:
        return (
            f"forward changes {', '.join(changed)} in place, so that q_hat is another function at each call;"
            " compute a new tensor instead, or say module.eval() if only training changes it"
        )
    return _fault_of_outputs(first, second, rolled, len(features), module)


def _fault_of_outputs(first: Any, second: Any, rolled: bool, n_pairs: int, module: torch.nn.Module) -> str | None:
    import torch

    if not isinstance(first, torch.Tensor) or first.shape not in {(n_pairs,), (n_pairs, 1)}:
        shape = f"shape {tuple(first.shape)}" if isinstance(first, torch.Tensor) else f"a {type(first).__name__}"
        return f"forward returned {shape} for {n_pairs} rows of features; q_hat is one value a pair: ({n_pairs},)"
    if first.dtype != torch.float64:
        return f"forward returned {first.dtype}; q_hat must stay in float64"
    if rolled or not torch.equal(first, second):
        names = [
            name for name, child in module.named_modules() if "Dropout" in type(child).__name__ and child.training
        ]
        if names:
            return f"forward is random: dropout in train mode ({', '.join(names)}); say module.eval()"
        return "forward is random, or remembers earlier calls: q_hat must be one function; say module.eval() or fix it"
    if not bool(torch.isfinite(first).all()):
        pair = int((~torch.isfinite(first.reshape(n_pairs))).nonzero()[0, 0])
        return f"q_hat of pair {pair} is {float(first.reshape(n_pairs)[pair])}; it must be finite"
    return None


def culprit(tape: Tape, output: torch.Tensor, values: list[Array], cotangent: Array) -> str | None:
    """Return where torch's cotangents first leave those of the exact derivative, going back from the output.

    `values` are those of `BINARY64`; `cotangent` is the one of the output, as numbers of binary64.
    """
    import torch

    expected = tape.cotangents(BINARY64, values, balls(cotangent))
    seed = torch.from_numpy(cotangent).reshape(output.shape)
    produced = [(slot, tensor) for step in tape.steps for slot, tensor in zip(step.results, step.tensors, strict=True)]
    candidates = [*((tape.parameters[name], tensor) for name, tensor in tape.trained.items()), *produced]
    for slot, tensor in reversed(candidates):
        if slot not in tape.learning or not tensor.requires_grad or (tensor.grad_fn is None and not tensor.is_leaf):
            continue
        try:
            (computed,) = torch.autograd.grad(output, tensor, seed, retain_graph=True, allow_unused=True)
        except RuntimeError:
            continue  # a view made under no_grad has no place in autograd's graph
        floats = torch.zeros_like(tensor) if computed is None else computed
        contained = zip(expected[slot].ravel(), balls(floats.detach().numpy()).ravel(), strict=True)
        if not all(ball.contains(number) for ball, number in contained):
            return _between(tape, slot, tensor, output)
    return None


def _between(tape: Tape, slot: int, tensor: torch.Tensor, output: torch.Tensor) -> str:
    written_by_hand = _custom_backward(tensor, output)
    if written_by_hand:
        users = [step for step in tape.steps if slot in step.operands]
        return f"the backward of {written_by_hand} is wrong" + (f" ({users[0].where})" if users else "")
    for step in tape.steps:
        if slot in step.operands and not any(result.requires_grad for result in step.tensors):
            how = "detach" if step.name == "detach" else f"{step.name} without gradients (no_grad, or .data)"
            return f"{how} cuts a branch off: {step.where}"
    users = [step for step in tape.steps if slot in step.operands]
    return f"the derivative of {users[0].name} at {users[0].where}" if users else "the module's output"


def _custom_backward(tensor: torch.Tensor, output: torch.Tensor) -> str | None:
    """Return the name of the hand-written Function that hands a cotangent to this tensor, if there is one."""
    from torch.autograd.function import BackwardCFunction

    waiting, seen = [output.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for following, _ in node.next_functions:
            if isinstance(node, BackwardCFunction) and following is not None:
                if following is tensor.grad_fn or getattr(following, "variable", None) is tensor:
                    return type(node).__name__.removesuffix("Backward")
            waiting.append(following)
    return None
