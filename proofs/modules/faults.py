"""What can be wrong with a module, said in one or two lines with the remedy.

`fault_before` looks at what the module is, `fault_of_running` at what two of its forwards do to it; each returns the
first answer that explains why there is nothing to compare. `culprit` explains a gradient that is wrong: going back from
the output, the cotangents that torch computes are right up to some tensor and wrong there; what lies between is at
fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bellcheck.mdp.arithmetic import Array

from .recording import described
from .rounding import BINARY64, balls
from .tape import Step, Tape

if TYPE_CHECKING:
    import torch

__all__ = ["NotDifferentiated", "culprit", "differentiated", "fault_before", "fault_of_running"]


class NotDifferentiated(RuntimeError):
    """A module that torch fails to differentiate."""


def differentiated(value: torch.Tensor, by: list[torch.Tensor], seed: torch.Tensor | None = None) -> list[torch.Tensor]:
    """Return torch's gradients, zeros where there is none; raises `NotDifferentiated` if back-propagation fails."""
    import torch

    gradients: tuple[torch.Tensor | None, ...] = (None,) * len(by)
    if value.requires_grad:
        try:
            gradients = torch.autograd.grad(value, by, seed, retain_graph=True, allow_unused=True)
        except Exception as error:  # a backward written by hand may raise anything
            remedy = "; compute a new tensor where one is changed in place" if "inplace" in str(error) else ""
            raise NotDifferentiated(f"back-propagation raised {described(error)}{remedy}") from None
    return [
        torch.zeros_like(tensor) if gradient is None else gradient.detach()
        for tensor, gradient in zip(by, gradients, strict=True)
    ]


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
                f"batch normalisation in train mode ({name or 'the module'}): the value of one pair depends on which"
                " others are in the batch; say module.eval()"
            )
    return None


def fault_of_running(module: torch.nn.Module, features: torch.Tensor) -> str | None:
    """Return what makes a comparison impossible, seen by running the module twice; state that changed is put back."""
    import torch

    state = dict([*module.named_parameters(), *module.named_buffers()])
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
            return f"forward raised {described(error)}"
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
        names = [name for name, child in module.named_modules() if "Dropout" in type(child).__name__ and child.training]
        if names:
            return f"forward is random: dropout in train mode ({', '.join(names)}); say module.eval()"
        return "forward is random, or remembers earlier calls: q_hat must be one function; say module.eval() or fix it"
    if not bool(torch.isfinite(first).all()):
        pair = int((~torch.isfinite(first.reshape(n_pairs))).nonzero()[0, 0])
        return f"q_hat of pair {pair} is {float(first.reshape(n_pairs)[pair])}; it must be finite"
    return None


def culprit(tape: Tape, output: torch.Tensor, values: list[Array], cotangent: Array) -> str:
    """Return where torch's cotangents first leave those of the exact derivative, going back from the output.

    `values` are those of `BINARY64`; `cotangent` is the one of the output, as numbers of binary64.
    """
    import torch

    cuts = [step for step in tape.steps if _cuts(step, tape)]
    if not output.requires_grad:
        return _cut(cuts[-1]) if cuts else "the output does not require gradients"
    expected = tape.cotangents(BINARY64, values, balls(cotangent))
    seed = torch.from_numpy(cotangent).reshape(output.shape)
    tensors = _tensors(tape)
    for slot in sorted(tensors, reverse=True):
        tensor = tensors[slot]
        if not tensor.requires_grad or (tensor.grad_fn is None and not tensor.is_leaf):
            continue
        (computed,) = differentiated(output, [tensor], seed)
        contained = zip(expected[slot].ravel(), balls(computed.numpy()).ravel(), strict=True)
        if not all(ball.contains(number) for ball, number in contained):
            return _between(tape, slot, tensor, output, cuts)
    return "every operation of the module alone is differentiated rightly; look for hooks"


def _tensors(tape: Tape) -> dict[int, torch.Tensor]:
    """Return the tensors that depend on parameters by slot; one that was changed in place stands for its last value."""
    learning, last = tape.learning, {}
    for step in tape.steps:
        for slot, tensor in zip(step.results, step.tensors, strict=True):
            if slot in learning:
                last[id(tensor)] = (slot, tensor)
    return {tape.parameters[name]: tensor for name, tensor in tape.trained.items()} | dict(last.values())


def _cuts(step: Step, tape: Tape) -> bool:
    """Whether autograd loses the parameters at this step: a result that depends on them requires no gradient."""
    return bool(tape.learning.intersection(step.results)) and not any(x.requires_grad for x in step.tensors)


def _cut(step: Step) -> str:
    how = "detach (or .data)" if step.name == "detach" else f"{step.name} without gradients (no_grad)"
    return (
        f"{how} cuts a branch off, in {step.where}; if that is meant, freeze what is behind it (requires_grad_(False))"
    )


def _between(tape: Tape, slot: int, tensor: torch.Tensor, output: torch.Tensor, cuts: list[Step]) -> str:
    if tensor._backward_hooks:
        return "a hook registered on it changes its gradient (register_hook)"
    users = [step for step in tape.steps if slot in step.operands]
    by_hand = _written_by_hand(tensor, output)
    if by_hand:
        return f"the backward of {by_hand} is not the derivative of its forward, in {users[0].where}"
    for step in users:
        if step in cuts:
            return _cut(step)
    return f"the derivative that torch takes of {users[0].name}, in {users[0].where}"


def _written_by_hand(tensor: torch.Tensor, output: torch.Tensor) -> str | None:
    """Return the name of the hand-written Function that hands a cotangent to this tensor, if there is one."""
    from torch.autograd.function import BackwardCFunction

    waiting, seen = [output.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for following, _ in node.next_functions:
            if following is not None:
                takes_it = following is tensor.grad_fn or getattr(following, "variable", None) is tensor
                if takes_it and isinstance(node, BackwardCFunction):
                    return type(node).__name__.removesuffix("Backward")
            waiting.append(following)
    return None
