"""A model whose numbers are SymPy's, some of them symbols: what objectives of it return are expressions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP

__all__ = ["in_symbols", "object_array", "symbol"]


def symbol(value: Any) -> Any:
    """Return a rational number, or text such as "1/3", as SymPy's."""
    import sympy

    return sympy.Rational(str(value))


def object_array(entries: list[Any]) -> Array:
    """Return a one-dimensional array that holds the entries as they are."""
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


def in_symbols(mdp: FiniteMDP, *, discount: Any = None, probability: list[Any] | None = None) -> FiniteMDP:
    """Return the model with SymPy's numbers, and with this discount and these probabilities in place of its own."""
    probabilities = [symbol(p) for p in mdp.probability] if probability is None else probability
    return replace(
        mdp,
        probability=object_array(probabilities),
        reward=object_array([symbol(r) for r in mdp.reward]),
        discount=symbol(mdp.discount) if discount is None else discount,
    )
