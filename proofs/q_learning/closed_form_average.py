r"""An entry is a weighted average of its first value and of the targets of its visits.

.. math:: Q(x) = Q_0(x) \prod_{i=1}^m (1 - a_i) + \sum_{i=1}^m a_i\, y_i \prod_{j=i+1}^m (1 - a_j)

after m visits to x, with the steps a_1, ..., a_m and the targets y_1, ..., y_m, where y_i = r + gamma V_Q(s') is as it
was at that visit; on every path, with any steps.

Why: by induction over m. Without a visit both sides are Q_0(x). The next visit multiplies what is there by 1 - a_{m+1},
which gives every product one more factor, and adds a_{m+1} y_{m+1}, the last term of the sum, whose product is empty.

With a_i = 1/i the first factor is 0 and every target has the weight 1/m: the plain mean, Q_0 forgotten. So at discount
0, where targets are rewards, Q-learning with these steps computes sample means. With a_i = 1/(i + 1) it is the mean of
m + 1 numbers, of which Q_0 is one. At a discount above 0 the early targets are made from tables that are still far off,
and a plain mean lets none of them go.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tables

from ..claim import Claim
from ..definitions import target
from ..mutants import learners
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, tables_along
from ..sums import normal_form

closed_form_average = Claim(
    id="q-learning.closed-form-average",
    title="An entry is a weighted average of its first value and of the targets of its visits",
    statement=r"Q(x) = Q_0(x)\prod_{i=1}^m (1-a_i) + \sum_{i=1}^m a_i\, y_i \prod_{j=i+1}^m (1-a_j)",
    subject="q-learner",
)


# -------------------------------------------------------------------- for any number of visits


def _after_visit(update: Update, value: Any, target: Any, step_size: Any) -> Any:
    """Return the entry after one visit in symbols: its target is the reward of a step that ends the episode."""
    table, reward, one = (np.empty(1, dtype=object) for _ in range(3))
    table[0], reward[0], one[0] = value, target, step_size**0
    mdp = FiniteMDP(2, np.array([0]), np.array([0]), np.array([0, 1]), one, reward, np.array([1]), one[0] / 2)
    return update(mdp, table, 0, 0, step_size)[0]


def _last_apart(expression: Any, last: Any) -> Any:
    """Take the last term of every sum, then the last factor of every product, up to `last` by itself: by definition."""
    import sympy

    for kind, join in ((sympy.Sum, sympy.Add), (sympy.Product, sympy.Mul)):
        parts = {}
        for whole in expression.atoms(kind):
            index, first, end = whole.limits[0]
            if end == last:
                rest = kind(whole.function, (index, first, last - 1))
                parts[whole] = join(rest, whole.function.subs(index, last).doit())
        expression = expression.xreplace(parts)
    return expression


@closed_form_average.symbolic()
def next_visit_extends_the_formula(update: Update) -> Relation:
    """The induction over the number of visits m, for any m.

    A visit averages an entry with its target, whatever the two are; the formula at m = 0 is Q_0; and averaged with the
    next target, the formula at m is the formula at m + 1.
    """
    import sympy

    m = sympy.Symbol("m", integer=True, nonnegative=True)
    i, j = sympy.symbols("i j", integer=True)
    a, y, q0 = sympy.IndexedBase("a"), sympy.IndexedBase("y"), sympy.Symbol("Q_0")

    def formula(visits: Any) -> Any:
        weight = sympy.Product(1 - a[j], (j, i + 1, visits))
        return q0 * sympy.Product(1 - a[j], (j, 1, visits)) + sympy.Sum(a[i] * y[i] * weight, (i, 1, visits))

    averaged = (1 - a[m + 1]) * formula(m) + a[m + 1] * y[m + 1]
    entry, label, step_size = sympy.symbols("Q y a")
    return all_of(
        [
            equal(_after_visit(update, entry, label, step_size), (1 - step_size) * entry + step_size * label),
            equal(formula(sympy.Integer(0)).doit(), q0),
            equal(normal_form(averaged), normal_form(_last_apart(formula(m + 1), m + 1))),
        ]
    )


closed_form_average.refutes(learners.doubled_step, by=next_visit_extends_the_formula)


@closed_form_average.symbolic()
def steps_1_over_m_keep_the_mean(update: Update) -> Relation:
    """The first visit replaces Q_0, and with the step 1/(m + 1) the mean of m targets becomes that of m + 1."""
    import sympy

    return _mean_of_targets(update, lambda m: sympy.Integer(1) / (m + 1))


def _mean_of_targets(update: Update, step_size: Any) -> Relation:
    import sympy

    m = sympy.Symbol("m", integer=True, positive=True)
    i = sympy.Symbol("i", integer=True)
    y, q0 = sympy.IndexedBase("y"), sympy.Symbol("Q_0")

    def mean(visits: Any) -> Any:
        return sympy.Sum(y[i], (i, 1, visits)) / visits

    after = _after_visit(update, mean(m), y[m + 1], step_size(m))
    return all_of(
        [
            equal(_after_visit(update, q0, y[1], step_size(sympy.Integer(0))), y[1]),
            equal(sympy.simplify(after - _last_apart(mean(m + 1), m + 1)), 0),
        ]
    )


closed_form_average.refutes(learners.doubled_step, by=steps_1_over_m_keep_the_mean)


@closed_form_average.too_strong(beside=steps_1_over_m_keep_the_mean)
def steps_1_over_m_plus_1_keep_the_mean(update: Update) -> Relation:
    """With a_i = 1/(i + 1) the first value keeps the weight of a target."""
    import sympy

    return _mean_of_targets(update, lambda m: sympy.Integer(1) / (m + 2))


# -------------------------------------------------------------------- along paths


@closed_form_average.pathwise(mdp=mdps(), q=tables, path=paths)
def entries_are_averages_of_their_targets(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """At the end of a path every entry is the formula, over the visits to its pair and the targets as they were."""
    tables = [q, *tables_along(update, mdp, q, path)]
    visits: list[list[tuple[fmpq, fmpq]]] = [[] for _ in range(mdp.n_pairs)]
    for table, (pair, outcome, step_size) in zip(tables[:-1], path, strict=True):
        visits[pair].append((step_size, target(mdp, table, outcome)))
    formula = [_weighted(q[x], visits[x]) for x in range(mdp.n_pairs)]
    return all_of([equal(tables[-1], exact_array(formula))] if path else [])


def _weighted(first: fmpq, visits: list[tuple[fmpq, fmpq]]) -> fmpq:
    # Each product is multiplied out: the recursion is what is being checked.
    terms = [step * y * _kept(visits[i + 1 :]) for i, (step, y) in enumerate(visits)]
    return sum(terms, first * _kept(visits))


def _kept(visits: list[tuple[fmpq, fmpq]]) -> fmpq:
    product = fmpq(1)
    for step_size, _ in visits:
        product = product * (1 - step_size)
    return product


for _mutant in (learners.doubled_step, learners.undiscounted_target, learners.whole_row_written):
    closed_form_average.refutes(_mutant, by=entries_are_averages_of_their_targets)


@closed_form_average.fixture(
    mdp=lambda: FiniteMDP.from_pairs(1, [(0, 0, [("1/3", 1, 0), ("1/3", 2, 0), ("1/3", 6, 0)])], 0),
    q=lambda: exact_array([100]),
    path=lambda: tuple((0, outcome, exact(1)) for outcome in range(3)),
)
@closed_form_average.pathwise(mdp=mdps(discounts=[0]), q=tables, path=paths)
def steps_1_over_i_give_sample_means(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """At discount 0 each visited entry is the mean of its rewards: of 1, 2 and 6 from 100 it is 3."""
    return _sample_means(update, mdp, q, path, first=1)


def _sample_means(update: Update, mdp: FiniteMDP, q: Array, path: Path, first: int) -> Relation:
    """The i-th visit to a pair has the step 1 / (i - 1 + first), in place of the path's."""
    rewards: list[list[fmpq]] = [[] for _ in range(mdp.n_pairs)]
    steps = []
    for pair, outcome, _ in path:
        steps.append((pair, outcome, fmpq(1, len(rewards[pair]) + first)))
        rewards[pair].append(mdp.reward[outcome])
    means = exact_array(sum(seen, fmpq(0)) / len(seen) if seen else q[x] for x, seen in enumerate(rewards))
    return all_of([equal(tables_along(update, mdp, q, steps)[-1], means)] if path else [])


closed_form_average.refutes(learners.doubled_step, by=steps_1_over_i_give_sample_means)


@closed_form_average.too_strong(beside=steps_1_over_i_give_sample_means)
def steps_1_over_i_plus_1_give_sample_means(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """With a_i = 1/(i + 1) the first value stays, with the weight 1/(m + 1)."""
    return _sample_means(update, mdp, q, path, first=2)
