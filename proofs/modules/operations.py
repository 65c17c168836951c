r"""The derivative of each operation of a network, written by hand: the route that does not pass through autograd.

For an operation y = f(x_1, ..., x_n), `forward` computes y and `backward` maps the cotangent of y, dJ/dy, to those of
the x_i, the product with the transposed Jacobian:

.. math::
    y = A B: \ \bar A = \bar y B^T, \ \bar B = A^T \bar y; \qquad
    y = \tanh x: \ \bar x = \bar y (1 - y^2); \qquad
    y = x_1 x_2: \ \bar x_1 = \bar y x_2, \ \bar x_2 = \bar y x_1

in the steps that torch's kernels take too, so that `BINARY64` of `rounding` contains what they compute. What only moves
numbers (views, concatenation, an embedding, ``detach``) is one operation, of indices: ``detach`` is the identity, for
it changes no value, and mathematics knows values only. A slope that is one of several raises `Kink`, unless it is
multiplied by 0.
"""

from __future__ import annotations

import numpy as np

from bellcheck.mdp.arithmetic import Array

from .activations import ACTIVATIONS
from .operation import Operation
from .rounding import Arithmetic
from .sums_and_products import SUMS_AND_PRODUCTS

__all__ = ["MOVES", "OPERATIONS", "move"]

OPERATIONS: dict[str, Operation] = {**ACTIVATIONS, **SUMS_AND_PRODUCTS}
"""What is known here, by the names of ATen without their overload."""

_MOVES = (
    "_unsafe_view alias cat clone detach embedding expand flip gather index index_select narrow permute repeat reshape "
    "select slice split split_with_sizes squeeze stack t transpose unbind unsqueeze view"
)
MOVES = frozenset(_MOVES.split())
"""Operations whose results are entries of their operands."""


def move(arithmetic: Arithmetic, operands: list[Array], places: Array, cotangent: Array) -> list[Array]:
    """Return the cotangents of operands, laid end to end, whose entries at `places` are the result."""
    sizes = [operand.size for operand in operands]
    gathered = arithmetic.add_at(sum(sizes), places.ravel(), cotangent.ravel())
    parts = np.split(gathered, np.cumsum(sizes)[:-1])
    return [part.reshape(operand.shape) for part, operand in zip(parts, operands, strict=True)]
