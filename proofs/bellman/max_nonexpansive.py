r"""A maximum cannot move further than its arguments.

.. math:: \lvert \max_i x_i - \max_i y_i \rvert \le \max_i \lvert x_i - y_i \rvert

Why, in two lines: let i attain max x. Then max x - max y <= x_i - y_i <= max |x - y|; exchange x and y.

This is all that the contraction of T needs of the maximum. The Boltzmann average, often put in the place of it,
does not have the property: where values are close, its weights move faster than its values.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, exact, exact_array, max_norm

from ..claim import Claim, cite, lean
from ..mutants import operators
from ..relation import Relation, all_of, at_most

max_nonexpansive = Claim(
    id="bellman.max-nonexpansive",
    title="The maximum is nonexpansive in the max norm",
    statement=r"\lvert \max_i x_i - \max_i y_i \rvert \le \max_i \lvert x_i - y_i \rvert",
    subject="maximum",
    sources=(cite("littman1996"), cite("asadi2017")),
    proved_in=(lean("abs_sup'_sub_sup'_le_sup'"),),
)


def _reals(name: str, size: int) -> Any:
    def draw(reals: Reals) -> Array:
        return reals.array(name, size)

    return draw


# Integers, so that the Boltzmann average with weights 2^x is rational too.
_vectors = st.lists(st.integers(-8, 8), min_size=1, max_size=4).map(exact_array)


def _as_long_as(x: Array) -> Any:
    return st.lists(st.integers(-8, 8), min_size=len(x), max_size=len(x)).map(exact_array)


@max_nonexpansive.all_reals(x=_reals("x", 4), y=_reals("y", 4))
@max_nonexpansive.all_reals(x=_reals("x", 3), y=_reals("y", 3))
@max_nonexpansive.all_reals(x=_reals("x", 2), y=_reals("y", 2))
@max_nonexpansive.exact(x=_vectors, y=_as_long_as)
def maxima_stay_as_close(maximum: Any, x: Array, y: Array) -> Relation:
    """The two maxima differ by at most the largest difference of entries, in either direction."""
    furthest = max_norm(x - y)
    return all_of([at_most(maximum(x) - maximum(y), furthest), at_most(maximum(y) - maximum(x), furthest)])


max_nonexpansive.refutes(operators.total, by=maxima_stay_as_close)
max_nonexpansive.refutes(operators.boltzmann_average, by=maxima_stay_as_close, kinds=("exact",))
max_nonexpansive.attained(
    "two vectors a constant apart",
    by=maxima_stay_as_close,
    x=lambda: exact_array([1, 2]),
    y=lambda: exact_array([0, 1]),
)


@max_nonexpansive.too_strong(beside=maxima_stay_as_close)
def closer_by_a_tenth(maximum: Any, x: Array, y: Array) -> Relation:
    """The constant 1 cannot be improved: equal shifts of all entries shift the maximum as far."""
    return at_most(maximum(x) - maximum(y), exact("9/10") * max_norm(x - y))
