r"""Finite sums of any length in a normal form, so that SymPy can show two of them equal.

.. math::
    \sum_i (a_i + b_i) = \sum_i a_i + \sum_i b_i, \qquad
    \sum_i c\, a_i = c \sum_i a_i, \qquad
    \sum_i \sum_j a_{ij} = \sum_j \sum_i a_{ij}

Products are multiplied out, sums of sums taken apart, constant factors drawn out, and nested sums written as one whose
indices stand in alphabetical order. The bounds may be symbols, and none depends on an index.
"""

from __future__ import annotations

from typing import Any

__all__ = ["normal_form"]


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
            parts.append(constant * sympy.Sum(varying, *by_name).doit())
        else:
            parts.append(term)
    return sympy.Add(*parts)
