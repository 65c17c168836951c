r"""VE says nothing about a pair that is never visited, and bounds the error elsewhere only by the rarest visit.

.. math::
    \mu(x) = 0 \implies \mathrm{VE} \text{ does not depend on } \hat q(x), \qquad
    \max_x \bigl(q(x) - \hat q(x)\bigr)^2 \le \frac{\mathrm{VE}}{\mu_{\min}} \quad
    \text{if } \mu_{\min} = \min_x \mu(x) > 0

Why: the term of a pair of weight 0 is 0 whatever stands there. And VE is a sum of terms that are not negative, so the
one of the pair with the largest error, at least mu_min times that error squared, is no larger than the sum. The bound
is attained where all the error sits at the rarest pair.

With shared parameters a fit at one pair decides the other. One parameter, features 1 and 2, q = (1, -5), and all
visits at the first pair: theta = 1 has VE = 0 and is off by 7 at the second. In a table the unvisited entry keeps its
first value for ever (q-learning.unvisited).
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, positive_distributions, tables

from ..assumptions import all_visited
from ..claim import Claim
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, at_most, equal

unvisited_error = Claim(
    id="value-error.unvisited-error",
    title="VE does not constrain a pair of weight 0; elsewhere the rarest pair decides what it says",
    statement=(
        r"\mu(x) = 0 \implies \partial \mathrm{VE} / \partial \hat q(x) = 0, \qquad"
        r" \mu_{\min} \max_x (q(x) - \hat q(x))^2 \le \mathrm{VE}"
    ),
    subject="value-error",
    needs=(all_visited,),
    uses=("q-learning.unvisited",),
)


@unvisited_error.exact(
    mdp=mdps(max_states=3, max_outcomes=1), mu=distributions, q=tables, estimate=tables, moved=tables
)
def unvisited_pairs_do_not_count(
    VE: Any, mdp: FiniteMDP, mu: Array, q: Array, estimate: Array, moved: Array
) -> Relation:
    """Whatever the estimates of pairs of weight 0 become, VE stays; of no such pair nothing is said."""
    unvisited = [x for x in range(mdp.n_pairs) if mu[x] == 0]
    parts = []
    for x in unvisited:
        elsewhere = estimate.copy()
        elsewhere[x] = moved[x]
        parts.append(equal(VE(mu, q, elsewhere), VE(mu, q, estimate)))
    return all_of(parts)


def _largest_square(q: Array, estimate: Array) -> fmpq:
    return max((a - b) * (a - b) for a, b in zip(q, estimate, strict=True))


@unvisited_error.exact(mdp=mdps(max_states=3, max_outcomes=1), mu=positive_distributions, q=tables, estimate=tables)
def largest_error_is_bounded_by_the_rarest_visit(
    VE: Any, mdp: FiniteMDP, mu: Array, q: Array, estimate: Array
) -> Relation:
    """mu_min times the largest squared error is at most VE; mu_min is the least weight of a pair that is visited."""
    rarest = min(weight for weight in mu if weight > 0)
    return at_most(rarest * _largest_square(q, estimate), VE(mu, q, estimate))


unvisited_error.attained(
    "all of the error at the rarer of two pairs",
    by=largest_error_is_bounded_by_the_rarest_visit,
    mdp=two_arms,
    mu=lambda: exact_array(["3/4", "1/4"]),
    q=lambda: exact_array([1, 5]),
    estimate=lambda: exact_array([1, 2]),
)


# -------------------------------------------------------------------- one parameter for two pairs

_FEATURES, _Q = exact_array([1, 2]), exact_array([1, -5])


@unvisited_error.fixture(mu=exact_array([1, 0]))
def perfect_fit_is_off_by_seven(VE: Any, mu: Array) -> Relation:
    """At theta = 1 VE and its slope are 0, and the second pair is off by 7: weighted alone it makes VE 49."""
    values = [VE(mu, _Q, theta * _FEATURES) for theta in (fmpq(1, 2), fmpq(1), fmpq(3, 2))]
    return equal([values[1], values[2] - values[0], VE(mu[::-1], _Q, _FEATURES)], [0, 0, 49])


# -------------------------------------------------------------------- what must fail


@unvisited_error.too_strong(beside=unvisited_pairs_do_not_count)
def small_value_error_means_small_errors(
    VE: Any, mdp: FiniteMDP, mu: Array, q: Array, estimate: Array, moved: Array
) -> Relation:
    """The largest squared error is at most a thousand times VE, whatever the weights."""
    return at_most(_largest_square(q, estimate), 1_000 * VE(mu, q, estimate))


unvisited_error.refutes(mutants.forgotten_weights, by=unvisited_pairs_do_not_count)
unvisited_error.refutes(mutants.squared_weights, by=largest_error_is_bounded_by_the_rarest_visit)
unvisited_error.refutes(mutants.halved_value_error, by=largest_error_is_bounded_by_the_rarest_visit)
unvisited_error.refutes(mutants.forgotten_weights, by=perfect_fit_is_off_by_seven)
unvisited_error.fails_without(all_visited, by=largest_error_is_bounded_by_the_rarest_visit, mu=distributions)
