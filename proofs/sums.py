r"""Finite sums of any length in a normal form, so that SymPy can show two of them equal.

.. math::
    \sum_i (a_i + b_i) = \sum_i a_i + \sum_i b_i, \qquad
    \sum_i c\, a_i = c \sum_i a_i, \qquad
    \sum_i \sum_j a_{ij} = \sum_j \sum_i a_{ij}

Products are multiplied out, sums of sums taken apart, constant factors drawn out, and nested sums written as one whose
indices stand in alphabetical order. The bounds may be symbols, and none depends on an index.

A mean is such a sum with weights that add up to 1. It is linear, and the mean of a constant is that constant; so two
polynomials in means are equal if they are when every mean has a name of its own.

`Entries` stands for an array whose length is a symbol: a program that works entry by entry and adds up runs on it, and
returns such a sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Entries", "mean", "named", "normal_form"]


@dataclass(frozen=True)
class Entries:
    """An array of symbolic length, by its general entry: an expression in the index of `limits`."""

    entry: Any
    limits: tuple[Any, Any, Any]

    def __len__(self) -> int:
        return 1  # the one entry that stands for all of them

    def __mul__(self, other: Any) -> Entries:
        return Entries(self.entry * self._entry_of(other), self.limits)

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Entries:
        return Entries(self.entry + self._entry_of(other), self.limits)

    def __sub__(self, other: Any) -> Entries:
        return Entries(self.entry - self._entry_of(other), self.limits)

    def sum(self) -> Any:
        """Return the sum of all entries."""
        import sympy

        return sympy.Sum(self.entry, self.limits)

    @staticmethod
    def _entry_of(other: Any) -> Any:
        return other.entry if isinstance(other, Entries) else other


def normal_form(expression: Any) -> Any:
    """Return a SymPy expression of finite sums as a sum of single ones, each of one product; numeric bounds are run.

    Raises ``ValueError`` where sums over the same index are multiplied or nested: one of the two must be renamed.
    """
    return _under(expression, [])


def _under(expression: Any, limits: list[Any]) -> Any:
    """Return the normal form of the sum of an expression over `limits`."""
    import sympy

    if len({limit[0] for limit in limits}) < len(limits):
        raise ValueError(f"two sums over the same index in {expression}; rename one of them")
    parts = []
    for term in sympy.Add.make_args(sympy.expand(expression)):
        factors = sympy.Mul.make_args(term)
        sums = [factor for factor in factors if isinstance(factor, sympy.Sum)]
        others = [factor for factor in factors if not isinstance(factor, sympy.Sum)]
        if any(factor.has(sympy.Sum) for factor in others):
            raise ValueError(f"{term} is no product of sums; write a power of a sum as a product with two indices")
        if sums:
            inside = sympy.Mul(*others, *(factor.function for factor in sums))
            parts.append(_under(inside, [*limits, *(limit for factor in sums for limit in factor.limits)]))
        elif limits:
            constant, varying = term.as_independent(*(limit[0] for limit in limits), as_Add=False)
            by_name = sorted(limits, key=lambda limit: str(limit[0]))
            parts.append(constant * _run(sympy.Sum(varying, *by_name)))
        else:
            parts.append(term)
    return sympy.Add(*parts)


def _run(total: Any) -> Any:
    """Return a sum carried out, if its bounds are numbers or its terms have a sum in closed form."""
    import sympy

    numeric = all(bound.is_number for limit in total.limits for bound in limit[1:])
    # Unknown terms have none, and SymPy would look for one with all its methods.
    unknown = total.function.has(sympy.Indexed, sympy.core.function.AppliedUndef)
    return total if unknown and not numeric else total.doit()


def mean(expression: Any, weights: Any, index: Any, size: Any) -> Any:
    """Return the sum of weights[i] times the expression over i = 1, ..., size, by linearity; the weights add up to 1.

    The expression may hold means over the same index: they are numbers by then.
    """
    import sympy

    parts = []
    for term in sympy.Add.make_args(sympy.expand(expression)):
        constant, varying = term.as_independent(index, as_Add=False)
        average = 1 if varying == 1 else sympy.Sum(weights[index] * varying, (index, 1, size))
        parts.append(constant * average)
    return sympy.Add(*parts)


def named(expression: Any) -> Any:
    """Return a polynomial in sums, undefined functions and their derivatives with a symbol in the place of each.

    SymPy tells any two polynomials in symbols apart; of two sums it may not know whether they are equal.
    """
    import sympy
    from sympy.core.function import AppliedUndef

    expression = sympy.expand(expression)
    expression = sympy.expand(expression.xreplace({whole: normal_form(whole) for whole in expression.atoms(sympy.Sum)}))
    for kind in (sympy.Sum, sympy.Derivative, AppliedUndef):
        expression = expression.xreplace({whole: sympy.Symbol(str(whole)) for whole in expression.atoms(kind)})
    return expression
