"""One source, five arithmetics: exact rationals, binary64, z3 reals, torch tensors, SymPy expressions.

Operators, policies and learners are written once, over one-dimensional arrays. What differs between the arithmetics is
kept here and nowhere else: how a number enters, what zero is, how a maximum, a norm and a linear system are taken.

=========  ==================================  =====================================================
name       array                               a maximum is
=========  ==================================  =====================================================
exact      ``object`` array of ``flint.fmpq``  computed
float      ``float64`` array                   computed
reals      ``object`` array of z3 terms        a fresh variable m with m >= x_i and Or(m == x_i)
tensors    ``torch.Tensor``                    ``torch.amax``: at ties the gradient is split evenly
symbols    ``object`` array of SymPy           not taken: one action a state, or a policy
=========  ==================================  =====================================================

Naming maxima by fresh variables keeps z3 fast: nested ``If`` terms leave the contraction of T unknown at 3 x 2.
"""

from __future__ import annotations

import re
import weakref
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat

if TYPE_CHECKING:
    import z3

__all__ = [
    "Array",
    "NotANumber",
    "Reals",
    "Scalar",
    "exact",
    "exact_array",
    "fraction",
    "is_exact",
    "max_norm",
    "maximum",
    "segment_max",
    "segment_sum",
    "solve",
    "to_floats",
    "zeros",
]

Array: TypeAlias = Any
"""A one-dimensional array in one of the five arithmetics."""
Scalar: TypeAlias = Any
"""A number of one of the five arithmetics."""


_DIGITS = r"[0-9]{1,4000}"
_TEXT = re.compile(rf"[-+]?({_DIGITS}/{_DIGITS}|({_DIGITS}(\.[0-9]{{0,4000}})?|\.{_DIGITS})([eE][-+]?[0-9]{{1,3}})?)")
"""Numbers as text. Without a bound on the exponent, ``1e999999999`` would be written out digit by digit."""


class NotANumber(ValueError):
    """Text or an object that is not a rational number."""


def exact(value: object) -> fmpq:
    """Return the rational that `value` is: an integer, a ``Fraction``, a finite float (bit for bit) or text.

    Text is an integer, a fraction or a decimal: ``exact("3/4") == exact("0.75")``. Its integers have at most 4,000
    digits and its exponent at most three. Raises `NotANumber`.

    >>> exact("3/4") + exact(0.25)
    1
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    try:
        if isinstance(value, str) and not _TEXT.fullmatch(value):
            raise ValueError(value)
        number = Fraction(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:50]}..."
        raise NotANumber(f"{shown} is not a rational number; write it like 3/4, 0.75 or 2") from None
    return fmpq(number.numerator, number.denominator)


def exact_array(values: Any) -> Array:
    """Return a one-dimensional object array of ``fmpq``."""
    numbers = [exact(value) for value in values]
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array


def fraction(value: fmpq) -> Fraction:
    """Return an exact number as a ``Fraction``, which knows how to round, print and compare with floats."""
    return Fraction(int(value.p), int(value.q))


def to_floats(values: Any) -> np.ndarray:
    """Round an exact array (or any sequence of exact numbers) to binary64, each entry correctly."""
    return np.array([float(fraction(value)) if isinstance(value, fmpq) else float(value) for value in values])


def is_exact(values: Any) -> bool:
    """Whether an array holds exact rationals (an empty object array does)."""
    return isinstance(values, np.ndarray) and values.dtype == object and all(isinstance(x, fmpq) for x in values)


class Reals:
    """A proof about all reals: fresh z3 variables, and the definitions and assumptions that hold about them.

    Every proof owns its z3 context, so that its outcome depends neither on earlier proofs nor on their order.
    """

    _by_context: ClassVar[weakref.WeakValueDictionary[Any, Reals]] = weakref.WeakValueDictionary()

    def __init__(self) -> None:
        import z3

        self.context = z3.Context()
        self.facts: list[Any] = []
        self.examples: list[Any] = []
        self._fresh = 0
        self._by_context[self.context] = self

    @classmethod
    def of(cls, term: z3.ExprRef) -> Reals:
        """Return the proof that a z3 term belongs to."""
        return cls._by_context[term.ctx]

    def real(self, name: str) -> z3.ArithRef:
        """Return the real variable of that name."""
        import z3

        return z3.Real(name, self.context)

    def fresh(self, prefix: str) -> z3.ArithRef:
        """Return a real variable that nothing else names."""
        self._fresh += 1
        return self.real(f"{prefix}!{self._fresh}")

    def array(self, name: str, size: int) -> Array:
        """Return an object array of `size` real variables."""
        array = np.empty(size, dtype=object)
        array[:] = [self.real(f"{name}[{i}]") for i in range(size)]
        return array

    def assume(self, fact: Any) -> None:
        """Add a fact: an assumption on the variables, or the definition of a fresh one."""
        self.facts.append(fact)

    def suggest(self, fact: Any) -> None:
        """Add a fact that picks an example, so that z3 need not search all reals to see that there is one."""
        self.examples.append(fact)

    def maximum(self, terms: Any) -> z3.ArithRef:
        """Name the maximum of terms."""
        import z3

        terms = list(terms)
        if len(terms) == 1:
            return terms[0]
        largest = self.fresh("max")
        self.assume(z3.And([largest >= term for term in terms]))
        self.assume(z3.Or([largest == term for term in terms]))
        return largest


def _library(value: Any) -> str:
    # Classes of SymPy's undefined functions have no module; their metaclass has.
    return (type(value).__module__ or type(type(value)).__module__).partition(".")[0]


def _is_tensor(values: Any) -> bool:
    return _library(values) == "torch"


def _is_real(value: Any) -> bool:
    return _library(value) == "z3"


def _is_symbol(value: Any) -> bool:
    return _library(value) == "sympy"


def _first(values: Any) -> Any:
    return values.flat[0] if isinstance(values, np.ndarray) and values.size else None


def zeros(like: Array, size: int) -> Array:
    """Return `size` zeros in the arithmetic of `like`."""
    if _is_tensor(like):
        return like.new_zeros(size)
    if like.dtype != object:
        return np.zeros(size, dtype=like.dtype)
    array = np.empty(size, dtype=object)
    array[:] = fmpq(0)
    if _is_real(_first(like)):
        import z3

        array[:] = z3.RealVal(0, _first(like).ctx)
    elif _is_symbol(_first(like)):
        import sympy

        array[:] = sympy.Integer(0)
    return array


def segment_sum(values: Array, starts: np.ndarray) -> Array:
    """Sum each of the consecutive non-empty segments of `values` that begin at `starts`."""
    if _is_tensor(values):
        import torch

        lengths = np.diff(np.append(starts, len(values)))
        index = torch.as_tensor(np.repeat(np.arange(len(starts)), lengths))
        return values.new_zeros(len(starts)).index_add(0, index, values)
    return np.add.reduceat(values, starts) if len(starts) else zeros(values, 0)


def segment_max(values: Array, starts: np.ndarray) -> Array:
    """Take the maximum of each of the consecutive non-empty segments of `values` that begin at `starts`."""
    if not len(starts):
        return zeros(values, 0)
    if _is_tensor(values) or _is_real(_first(values)):
        ends = np.append(starts[1:], len(values))
        parts = [maximum(values[start:end]) for start, end in zip(starts, ends, strict=True)]
        if _is_tensor(values):
            import torch

            return torch.stack(parts)
        array = np.empty(len(parts), dtype=object)
        array[:] = parts
        return array
    return np.maximum.reduceat(values, starts)


def maximum(values: Array) -> Scalar:
    """Return the largest entry of a non-empty array."""
    if _is_tensor(values):
        return values.amax()
    first = _first(values)
    return Reals.of(first).maximum(values.flat) if _is_real(first) else values.max()


def max_norm(values: Array) -> Scalar:
    """Return the largest absolute value; of an empty array, 0."""
    if len(values) == 0:
        return zeros(values, 1)[0]
    if _is_tensor(values):
        return values.abs().amax()
    first = _first(values)
    return Reals.of(first).maximum([*values.flat, *(-values).flat]) if _is_real(first) else abs(values).max()


def solve(matrix: Array, right: Array) -> Array:
    """Solve the square system ``matrix @ x = right``; over the reals, name its solution.

    Raises ``ZeroDivisionError`` (exact) or the library's own error (float, tensors, symbols) if the matrix is singular,
    for floats ``numpy.linalg.LinAlgError``.
    """
    if _is_tensor(matrix):
        import torch

        solved: Array = torch.linalg.solve(matrix, right)
        return solved
    if matrix.dtype != object:
        return np.linalg.solve(matrix, right)
    if _is_real(_first(right)) or _is_real(_first(matrix)):
        proof = Reals.of(_first(right) if _is_real(_first(right)) else _first(matrix))
        solution = zeros(right, len(right))
        solution[:] = [proof.fresh("solution") for _ in right]
        for row, side in zip(matrix, right, strict=True):
            proof.assume(sum(a * x for a, x in zip(row, solution, strict=True)) == side)
        return solution
    n = len(right)
    if any(map(_is_symbol, [*matrix.flat, *right])):
        import sympy

        solution = zeros(right, n)
        solution[:] = list(sympy.Matrix(n, n, list(matrix.flat)).LUsolve(sympy.Matrix(list(right))))
        return solution
    column = fmpq_mat(n, n, list(matrix.flat)).solve(fmpq_mat(n, 1, list(right)))
    return exact_array(column.entries())
