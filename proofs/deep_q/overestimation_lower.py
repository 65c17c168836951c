r"""Errors that cancel over the actions still make the maximum too large: by at least sqrt(C / (m - 1)).

.. math:: \sum_{a=1}^m e_a = 0, \quad \frac1m \sum_{a=1}^m e_a^2 = C
          \quad\Longrightarrow\quad \max_a e_a \ge \sqrt{\frac{C}{m-1}}

for m >= 2 actions with the same true value. So Q-learning overestimates even where the errors are not biased taken
together, whatever their distribution; for C > 0 it does so strictly.

Proof, for every m. Let M be the largest error. The numbers M - e_a are not negative, so the sum of their squares is at
most the square of their sum. Their sum is m M, and the sum of their squares is m M^2 + m C, because the e_a cancel:

.. math:: m M^2 + m C \le m^2 M^2 \quad\Longrightarrow\quad C \le (m - 1)\, M^2.

M is at least the mean of the errors, 0, so the root may be taken. Equality holds where at most one of the M - e_a is
not 0: m - 1 errors are equal and the last one cancels them, (1, ..., 1, -(m - 1)) with C = m - 1.

The bound falls with m, which does not say that the bias does: it is the least that any errors of that size can do. For
independent uniform errors the mean of the maximum *grows* with m (deep-q.overestimation). Two tables have no such bound
(van Hasselt, Guez and Silver 2016): where the second one is right about the action that the first one takes, the double
estimate is exact whatever the first one's errors are.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, exact_array
from bellcheck.mdp.strategies import tied_to

from ..assumptions import errors_cancel
from ..claim import Claim, cite
from ..mutants import deep_q as mutants
from ..mutants import operators
from ..relation import Relation, all_of, at_most, equal, given
from ..sums import normal_form

overestimation_lower = Claim(
    id="deep-q.overestimation-lower",
    title="Errors that cancel over m actions raise the maximum by at least sqrt(C / (m - 1))",
    statement=r"\textstyle\sum_a e_a = 0,\ \tfrac1m \sum_a e_a^2 = C \implies \max_a e_a \ge \sqrt{C / (m-1)}",
    subject="maximum",
    needs=(errors_cancel,),
    sources=(cite("vanhasselt2016", "Theorem 1"),),
)


# -------------------------------------------------------------------- the proof, for every m


def _two_sides(last: int) -> tuple[Any, Any]:
    """Return the square of the sum of M - e_a less the sum of the squares, and the same multiplied out."""
    import sympy

    m, top = sympy.Symbol("m", integer=True, positive=True), sympy.Symbol("M")
    a, b = sympy.symbols("a b", integer=True)
    e = sympy.IndexedBase("e")

    def total(term: Any, index: Any) -> Any:
        return sympy.Sum(term, (index, 1, m))

    def sum_of_gaps(index: Any) -> Any:
        return normal_form(total(top - e[index], index))

    left = sum_of_gaps(a) * sum_of_gaps(b) - total((top - e[a]) ** 2, a)
    # m C is the sum of the squares; the sum of the errors is a factor of all that follows it.
    errors, again, squares = total(e[a], a), total(e[b], b), total(e[a] ** 2, a)
    right = m * (m - last) * top**2 - squares + (2 - m) * top * errors - m * top * again + errors * again
    return normal_form(left), normal_form(right)


@overestimation_lower.symbolic()
def difference_of_the_squares(maximum: Any) -> Relation:
    """(sum (M - e))^2 - sum (M - e)^2 = m (m - 1) M^2 - m C - (2 (m - 1) M - sum e) sum e, for every m."""
    return equal(*_two_sides(1))


@overestimation_lower.too_strong(beside=difference_of_the_squares)
def with_m_in_place_of_m_minus_one(maximum: Any) -> Relation:
    """M^2 m^2 in the place of m (m - 1) M^2."""
    return equal(*_two_sides(0))


# -------------------------------------------------------------------- all errors of few actions


def _any_errors(size: int) -> Any:
    def draw(reals: Reals) -> Array:
        return reals.array("e", size)

    return draw


@tied_to("numbers")
@st.composite
def _cancelling(draw: st.DrawFn) -> Array:
    errors = draw(st.lists(st.integers(-6, 6), min_size=1, max_size=3))
    return exact_array([*errors, -sum(errors)])


_free = tied_to("numbers")(st.lists(st.integers(-6, 6), min_size=2, max_size=4).map(exact_array))


def _bound(maximum: Any, errors: Array) -> Relation:
    """C <= (m - 1) M^2 and M >= 0, which is the bound without a root."""
    largest, square = maximum(errors), sum(errors[1:] ** 2, errors[0] ** 2)
    m = len(errors)
    return all_of([at_most(0 * largest, largest), at_most(square, m * (m - 1) * largest * largest)])


def _cancel(errors: Array) -> Relation:
    return equal(sum(errors[1:], errors[0]), 0 * errors[0])


def _bound_where_they_cancel(maximum: Any, errors: Array, cancel: bool) -> Relation:
    return given(_cancel(errors), _bound(maximum, errors)) if cancel else _bound(maximum, errors)


@overestimation_lower.all_reals(errors=_any_errors(3), cancel=True)
def every_three_errors(maximum: Any, errors: Array, cancel: bool) -> Relation:
    """Whatever the errors of three actions are."""
    return _bound_where_they_cancel(maximum, errors, cancel)


@overestimation_lower.all_reals(errors=_any_errors(2), cancel=True)
def every_two_errors(maximum: Any, errors: Array, cancel: bool) -> Relation:
    """Whatever the errors of two actions are: they are opposite."""
    return _bound_where_they_cancel(maximum, errors, cancel)


@overestimation_lower.exact(errors=_cancelling(), cancel=True)
def largest_error_is_at_least_the_bound(maximum: Any, errors: Array, cancel: bool) -> Relation:
    """Two to four actions: the sum of the squares is at most m (m - 1) times the square of the largest error."""
    return _bound_where_they_cancel(maximum, errors, cancel)


for _check in (every_three_errors, every_two_errors, largest_error_is_at_least_the_bound):
    overestimation_lower.refutes(mutants.mean_in_place_of_maximum, by=_check)
    overestimation_lower.refutes(operators.total, by=_check)
overestimation_lower.refutes(mutants.median_in_place_of_maximum, by=largest_error_is_at_least_the_bound)
overestimation_lower.fails_without(errors_cancel, by=every_three_errors, cancel=False)
overestimation_lower.fails_without(errors_cancel, by=every_two_errors, cancel=False)
overestimation_lower.fails_without(errors_cancel, by=largest_error_is_at_least_the_bound, errors=_free, cancel=False)


def _tight(m: int) -> Array:
    return exact_array([1] * (m - 1) + [1 - m])


for _m in (2, 3, 4):
    overestimation_lower.attained(
        f"{_m - 1} of {_m} errors are 1, and the last cancels them",
        by=largest_error_is_at_least_the_bound,
        errors=_tight(_m),
        cancel=True,
    )


@overestimation_lower.too_strong(beside=every_three_errors)
@overestimation_lower.too_strong(beside=largest_error_is_at_least_the_bound)
def largest_error_is_at_least_the_root_of_c(maximum: Any, errors: Array, cancel: bool) -> Relation:
    """The root of C itself is reached by two actions only: (1, 1, -2) has C = 2 and the largest error 1."""
    largest, square = maximum(errors), sum(errors[1:] ** 2, errors[0] ** 2)
    return given(_cancel(errors), at_most(square, len(errors) * largest * largest))


@overestimation_lower.fixture(errors=_tight(2), cancel=True)
@overestimation_lower.fixture(errors=_tight(3), cancel=True)
@overestimation_lower.fixture(errors=_tight(4), cancel=True)
def one_error_against_the_rest_attains_it(maximum: Any, errors: Array, cancel: bool) -> Relation:
    """C = (m - 1) M^2 at (1, ..., 1, -(m - 1))."""
    largest = maximum(errors)
    return equal(sum(errors**2), len(errors) * (len(errors) - 1) * largest * largest)


overestimation_lower.refutes(mutants.mean_in_place_of_maximum, by=one_error_against_the_rest_attains_it)
