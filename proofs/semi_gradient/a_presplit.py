r"""Where two states look alike, the least Bellman error may be at worse values than the TD solution.

A1 leads to B, A2 to C, and both pay 0; B pays 1 and ends, C pays 0 and ends; discount 1; an episode begins in A1 or A2,
evenly. A1 and A2 share a parameter, so that w = (A, B, C):

.. math::
    w_{\mathrm{TD}} = (\tfrac12, 1, 0), \quad \mathrm{BE} = \tfrac18, \; \mathrm{VE} = \tfrac18, \qquad
    \operatorname{argmin} \mathrm{BE} = (\tfrac12, \tfrac34, \tfrac14), \quad
    \mathrm{BE} = \tfrac1{16}, \; \mathrm{VE} = \tfrac5{32}

Every transition is deterministic, so that the Bellman error is the TD error, and in the parameters it is the same
polynomial as the TD error of semi-gradient.a-split: chance has only moved to where the episode begins, which nobody who
sees A can tell. There BE was least at the truth. Here the truth cannot be represented, and BE is least where B and C,
which could be exact, are half-way to A. The TD solution has both right, and the best A there is: it minimises VE.

So the Bellman error is no better a guide to values than the TD error; its minimiser depends on what cannot be seen.
With chances p and 1 - p the points are (p, 1, 0) and (p, (1 + p)/2, p/2), with VE p (1 - p) / 2 and 5 p (1 - p) / 8.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, solve
from bellcheck.mdp.examples import presplit, presplit_features, split
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.value_error import squared_td_error, value_error

from ..claim import Claim, cite
from ..in_symbols import in_symbols, object_array, symbol
from ..mutants import objectives
from ..quadratics import stationary_point
from ..relation import Relation, all_of, at_most, equal

a_presplit = Claim(
    id="semi-gradient.a-presplit",
    title="Where two states look alike, the least Bellman error may be at worse values than the TD solution",
    statement=(
        r"w_{\mathrm{TD}} = (\tfrac12, 1, 0), \qquad"
        r"\operatorname{argmin} \mathrm{BE} = (\tfrac12, \tfrac34, \tfrac14), \qquad"
        r"\mathrm{VE}(w_{\mathrm{TD}}) = \tfrac18 < \tfrac5{32}"
    ),
    subject="bellman-error",
    uses=("semi-gradient.a-split",),
    sources=(cite("sutton2018", "Example 11.3"),),
)


@a_presplit.symbolic()
def bellman_error_is_least_half_way(BE: Any) -> Relation:
    """At any chance p: BE is the TDE of the other page, its one stationary point, and BE there and at (p, 1, 0)."""
    import sympy

    p, (a, b, c) = sympy.Symbol("p"), sympy.symbols("A B C")
    values = object_array([a, a, b, c])
    mu = object_array([p / 2, (1 - p) / 2, p / 2, (1 - p) / 2])
    error = BE(in_symbols(presplit()), mu, values, values)
    stationary = sympy.solve([sympy.diff(error, x) for x in (a, b, c)], [a, b, c])
    by_chance = in_symbols(split(), probability=[p, 1 - p, symbol(1), symbol(1)])
    seen, table = object_array([symbol("1/2"), p / 2, (1 - p) / 2]), object_array([a, b, c])
    return all_of(
        [
            equal(error, squared_td_error(by_chance, seen, table, table)),
            equal([stationary[x] for x in (a, b, c)], [p, (1 + p) / 2, p / 2]),
            equal(error.subs(stationary), p * (1 - p) / 4),
            equal(error.subs({a: p, b: 1, c: symbol(0)}), p * (1 - p) / 2),
        ]
    )


a_presplit.refutes(objectives.unweighted_bellman_error, by=bellman_error_is_least_half_way)


# -------------------------------------------------------------------- the two solutions, in rationals


def _chances() -> st.SearchStrategy[fmpq]:
    return st.integers(1, 15).map(lambda n: fmpq(n, 16))


class _Solved:
    """The minimiser of BE, the TD solution, and the value error of each."""

    def __init__(self, BE: Any, chance: fmpq) -> None:
        mdp, features, one = presplit(chance), presplit_features(), exact_array([1] * 4)
        mu = exact_array([chance, 1 - chance] * 2) / 2
        least = stationary_point(lambda w: BE(mdp, mu, features @ w, features @ w), 3)
        assert least is not None
        self.of_be: Array = least
        self.of_td: Array = solve(*key_matrix(mdp, one, mu, features))
        q = evaluate(mdp, one)
        self.ve_of_be, self.ve_of_td = (value_error(mu, q, features @ w) for w in (self.of_be, self.of_td))
        self.least_ve = stationary_point(lambda w: value_error(mu, q, features @ w), 3)


@a_presplit.fixture(chance=fmpq(1, 2))
@a_presplit.exact(chance=_chances())
def td_solution_has_the_smaller_value_error(BE: Any, chance: fmpq) -> Relation:
    """Both points, that TD's is the minimiser of VE, and VE at each; the textbook's numbers are the fixture."""
    found, spread = _Solved(BE, chance), chance * (1 - chance)
    return all_of(
        [
            equal(found.of_be, exact_array([chance, (1 + chance) / 2, chance / 2])),
            equal(found.of_td, exact_array([chance, 1, 0])),
            equal(found.of_td, found.least_ve),
            equal([found.ve_of_td, found.ve_of_be], [spread / 2, 5 * spread / 8]),
        ]
    )


# With even chances all four states are visited alike, and the weights may as well be forgotten.
a_presplit.refutes(objectives.unweighted_bellman_error, by=td_solution_has_the_smaller_value_error, kinds=("exact",))


@a_presplit.too_strong(beside=td_solution_has_the_smaller_value_error)
def bellman_error_is_as_good_a_guide(BE: Any, chance: fmpq) -> Relation:
    """Said of the Bellman error: where it is least the values are at least as good."""
    found = _Solved(BE, chance)
    return at_most(found.ve_of_be, found.ve_of_td)
