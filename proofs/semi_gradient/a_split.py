r"""Where one state leads to two by chance, the least squared TD error is not at the true values.

A leads to B or C, evenly, and pays 0; B pays 1 and ends, C pays 0 and ends; discount 1, each value has a parameter of
its own, and a step is at A half of the time, at B or C a quarter each:

.. math::
    v = (\tfrac12, 1, 0), \quad \mathrm{TDE}(v) = \tfrac18, \qquad
    \operatorname{argmin} \mathrm{TDE} = (\tfrac12, \tfrac34, \tfrac14), \quad \mathrm{TDE} = \tfrac1{16}

With chances p and 1 - p and rewards R and R' the values are (m, R, R'), m = p R + (1 - p) R', and TDE is least at
(m, (m + R)/2, (m + R')/2): B and C are drawn half-way to A.

Why: nothing that A is given can make its error small, for its successors are worth R and R'. Moving B towards A lowers
the error of the step into B as much as it raises that of the step out of it; the least sum of the two squares is at the
middle. The learner is paid for values that change little from step to step, whether or not that is so: TDE is the
Bellman error and the variance of the target (semi-gradient.three-objectives), and this is what lowering the variance
looks like.

No approximation is to blame, since the table can hold the truth; nor is there noise in the minimiser, which is that of
the expectation. The Bellman error is 0 at the truth and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import split

from ..claim import Claim, cite
from ..in_symbols import in_symbols, object_array, symbol
from ..mutants import gradient, objectives
from ..quadratics import stationary_point
from ..relation import Relation, all_of, equal

a_split = Claim(
    id="semi-gradient.a-split",
    title="Where one state leads to two by chance, the least squared TD error is not at the true values",
    statement=(
        r"v = (\tfrac12, 1, 0), \qquad \operatorname{argmin} \mathrm{TDE} = (\tfrac12, \tfrac34, \tfrac14)"
        r"\quad \text{with}\ \mathrm{TDE} = \tfrac1{16} < \tfrac18 = \mathrm{TDE}(v)"
    ),
    subject="squared-td-error",
    uses=("semi-gradient.three-objectives",),
    sources=(cite("sutton2018", "Example 11.2"),),
)


# -------------------------------------------------------------------- in symbols, at any chance


def _in_symbols(objective: Any) -> tuple[Any, list[Any], Any]:
    """Return the objective as a polynomial, its variables (A, B, C), and the chance p of B."""
    import sympy

    chance, one = sympy.Symbol("p"), symbol(1)
    values = list(sympy.symbols("A B C"))
    model = in_symbols(split(), probability=[chance, 1 - chance, one, one])
    mu = object_array([one / 2, chance / 2, (1 - chance) / 2])
    return objective(model, mu, object_array(values), object_array(values)), values, chance


def _only_minimiser_is(objective: Any, at: Callable[[Any], list[Any]]) -> Relation:
    """Relate the stationary points of an objective to a point: there is one where the Hessian is not singular."""
    import sympy

    error, values, chance = _in_symbols(objective)
    stationary = sympy.solve([sympy.diff(error, x) for x in values], values, dict=True)
    return equal([[point[x] for x in values] for point in stationary], at(chance))


@a_split.symbolic()
def td_error_is_least_half_way(TDE: Any) -> Relation:
    """The one stationary point, p (1 - p) / 4 there and p (1 - p) / 2 at the true values (p, 1, 0)."""
    error, values, p = _in_symbols(TDE)
    least, truth = [p, (1 + p) / 2, p / 2], [p, symbol(1), symbol(0)]
    at = [error.subs(dict(zip(values, point, strict=True))) for point in (least, truth)]
    return all_of([_only_minimiser_is(TDE, lambda p: least), equal(at, [p * (1 - p) / 4, p * (1 - p) / 2])])


a_split.refutes(objectives.be_for_tde, by=td_error_is_least_half_way)
a_split.refutes(objectives.unweighted_td_error, by=td_error_is_least_half_way)


@a_split.too_strong(beside=td_error_is_least_half_way)
def td_error_is_least_at_the_truth(TDE: Any) -> Relation:
    """What minimising the TD error is hoped to do."""
    return _only_minimiser_is(TDE, lambda p: [p, symbol(1), symbol(0)])


@a_split.symbolic(of="bellman-error")
def bellman_error_is_least_at_the_truth(BE: Any) -> Relation:
    """Its one stationary point is (p, 1, 0)."""
    return _only_minimiser_is(BE, lambda p: [p, symbol(1), symbol(0)])


a_split.refutes(gradient.tde_for_be, by=bellman_error_is_least_at_the_truth)


# -------------------------------------------------------------------- in rationals, with any rewards


def _numbers() -> st.SearchStrategy[fmpq]:
    return st.integers(-6, 6).map(lambda halves: fmpq(halves, 2))


def _chances() -> st.SearchStrategy[fmpq]:
    return st.integers(1, 7).map(lambda eighths: fmpq(eighths, 8))


def _minimiser(TDE: Any, chance: fmpq, to_b: fmpq, to_c: fmpq) -> Array:
    mdp, mu = split(chance, (to_b, to_c)), exact_array([fmpq(1, 2), chance / 2, (1 - chance) / 2])
    least = stationary_point(lambda w: TDE(mdp, mu, w, w), 3)
    assert least is not None
    return least


@a_split.fixture(chance=fmpq(1, 2), to_b=fmpq(1), to_c=fmpq(0))
@a_split.exact(chance=_chances(), to_b=_numbers(), to_c=_numbers())
def values_are_drawn_half_way(TDE: Any, chance: fmpq, to_b: fmpq, to_c: fmpq) -> Relation:
    """Whatever the rewards: A is right, and B and C are half-way to it. The textbook's numbers are the fixture."""
    mean = chance * to_b + (1 - chance) * to_c
    return equal(_minimiser(TDE, chance, to_b, to_c), exact_array([mean, (mean + to_b) / 2, (mean + to_c) / 2]))


a_split.refutes(objectives.be_for_tde, by=values_are_drawn_half_way)


@a_split.too_strong(beside=values_are_drawn_half_way)
def values_are_the_truth(TDE: Any, chance: fmpq, to_b: fmpq, to_c: fmpq) -> Relation:
    """It is so where both rewards are equal, for then nothing varies; stochastic transitions alone do no harm."""
    mean = chance * to_b + (1 - chance) * to_c
    return equal(_minimiser(TDE, chance, to_b, to_c), exact_array([mean, to_b, to_c]))
