"""What it is to know the derivative of an operation, and what is raised where it is not known or not one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bellcheck.mdp.arithmetic import Array

from .rounding import Arithmetic

__all__ = ["Kink", "Operation", "Unsupported", "only"]


class Kink(ArithmeticError):
    """A place where the function has no derivative: one-sided slopes differ."""


class Unsupported(LookupError):
    """An operation, or a form of it, whose derivative is not known here."""


@dataclass(frozen=True)
class Operation:
    """y = forward(arithmetic, xs, options); the xs' cotangents = backward(arithmetic, xs, y, cotangent, options).

    `options` are the arguments that are not tensors, in their order and by name.
    """

    forward: Callable[[Arithmetic, list[Array], list[Any]], Array]
    backward: Callable[[Arithmetic, list[Array], Array, Array, list[Any]], list[Array]]


def only(given: list[Any], known: list[Any]) -> None:
    """Raise `Unsupported` unless options, as far as given, are at their usual values: others are another operation."""
    if given != known[: len(given)]:
        raise Unsupported(f"with options {given}")
