r"""One asynchronous update is on average a contraction, by a factor that the least visited pair decides.

.. math::
    F(Q) = Q + \mu \circ (TQ - Q), \qquad
    \lVert F(Q) - F(Q') \rVert_\infty \le \bigl(1 - (1 - \gamma)\, \mu_{\min}\bigr)\, \lVert Q - Q' \rVert_\infty

for a distribution mu over the pairs, from which the pair to be updated is drawn. F(Q) is the mean of the table after
one Q-learning update at step size 1.

Why: entry x of F(Q) - F(Q') is (1 - mu(x)) (Q - Q')(x) + mu(x) (TQ - TQ')(x). As 0 <= mu(x) <= 1 it is at most
1 - mu(x) + gamma mu(x) times the distance of the tables (bellman.contraction), and that is largest where mu is least.

As to fixed points, F(Q) = Q says that TQ = Q at every pair with mu(x) > 0. If all have, q* is the only one. If some
pair is never visited, F does not touch its entry: *each* choice of values at the unvisited pairs has exactly one fixed
point Q_c, the solution of the model in which those pairs end the episode and pay just these values. So the fixed points
form a continuum. For that model's operator T_c, F(Q) - Q = mu (T_c Q - Q) if Q has those values, and its residual bound
(bellman.residual-bounds) gives

.. math:: (1 - \gamma) \min_{\mu(x) > 0} \mu(x) \; \lVert Q - Q_c \rVert_\infty \le \lVert F(Q) - Q \rVert_\infty

which is the uniqueness: a table that F moves little is near Q_c.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, max_norm, maximum
from bellcheck.mdp.examples import self_loop, two_arms, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import distributions, mdps, positive_distributions, tables

from ..assumptions import all_visited, discounted, finite, visit_frequencies
from ..claim import Claim, lean
from ..definitions import optimal_values
from ..mutants import weights
from ..relation import Relation, all_of, at_most, equal, given

expected_async_operator = Claim(
    id="bellman.expected-async-operator",
    title="The expected asynchronous update contracts by 1 - (1 - gamma) mu_min, and fixes q* alone iff mu > 0",
    statement=r"F(Q) = Q + \mu \circ (TQ - Q) \implies"
    r" \lVert F(Q) - F(Q') \rVert_\infty \le (1 - (1 - \gamma) \mu_{\min}) \lVert Q - Q' \rVert_\infty",
    subject="expected-update",
    needs=(finite, discounted, visit_frequencies, all_visited),
    uses=("bellman.contraction", "bellman.residual-bounds", "q-learning.one-step-expectation"),
    proved_in=(lean("contraction_of_expected_update_target"), lean("isFixedPoint_optimal_q")),
)

expected_async_operator.kept(
    finite,
    because="Of infinitely many positive weights none need be the least: mu_min is then 0 and the factor 1. Models here"
    " are finite.",
)


# -------------------------------------------------------------------- the contraction


_models = mdps(max_states=3, max_actions=2)


def _least(mu: Array) -> Scalar:
    return -maximum(-mu)


@expected_async_operator.exact(mdp=_models, mu=distributions, q=tables, w=tables)
def distances_shrink(F: Any, mdp: FiniteMDP, mu: Array, q: Array, w: Array) -> Relation:
    """Two tables end up at most 1 - (1 - gamma) mu_min times as far apart as they were."""
    factor = 1 - (1 - mdp.discount) * _least(mu)
    return at_most(max_norm(F(mdp, mu, q) - F(mdp, mu, w)), factor * max_norm(q - w))


expected_async_operator.attained(
    "one rewarded loop, where a shift by 1 comes down to gamma",
    by=distances_shrink,
    mdp=self_loop,
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
    w=lambda: exact_array([1]),
)
expected_async_operator.fails_without(
    visit_frequencies,
    by=distances_shrink,
    mdp=lambda: self_loop(discount=0),
    mu=lambda: exact_array([2]),
    q=lambda: exact_array([0]),
    w=lambda: exact_array([1]),
)


@expected_async_operator.too_strong(beside=distances_shrink)
def by_the_most_visited_pair(F: Any, mdp: FiniteMDP, mu: Array, q: Array, w: Array) -> Relation:
    """The largest weight in place of the least: the pairs that are visited often do not help the others."""
    factor = 1 - (1 - mdp.discount) * maximum(mu)
    return at_most(max_norm(F(mdp, mu, q) - F(mdp, mu, w)), factor * max_norm(q - w))


# -------------------------------------------------------------------- its fixed points


@expected_async_operator.exact(mdp=_models, mu=positive_distributions, q=tables)
def only_q_star_is_fixed(F: Any, mdp: FiniteMDP, mu: Array, q: Array) -> Relation:
    """Every pair is visited: q* is fixed; a table that is fixed is q*, and one that moves little is near it."""
    best = optimal_values(mdp)
    moved = F(mdp, mu, q)
    return all_of(
        [
            equal(F(mdp, mu, best), best),
            given(equal(moved, q), equal(q, best)),
            at_most((1 - mdp.discount) * _least(mu) * max_norm(q - best), max_norm(moved - q)),
        ]
    )


expected_async_operator.attained(
    "one rewarded loop, where F moves a table by 1 - gamma times its error",
    by=only_q_star_is_fixed,
    mdp=self_loop,
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
)
# Nothing is ever paid on the loop, so its value is 0; F leaves 1 as well.
expected_async_operator.fails_without(
    discounted,
    by=only_q_star_is_fixed,
    mdp=zero_reward_loop,
    mu=lambda: exact_array([1]),
    q=lambda: exact_array([1]),
)
# The second arm is never tried: (10, 0) stays, for 10 = 1 + 9/10 * 10, and q* is (19, 20).
expected_async_operator.fails_without(
    all_visited,
    by=only_q_star_is_fixed,
    mdp=two_arms,
    mu=lambda: exact_array([1, 0]),
    q=lambda: exact_array([10, 0]),
)


def _fixed_point_beside(mdp: FiniteMDP, mu: Array, values: Array) -> Array:
    """Return Q_c: q* of the model in which a pair of weight 0 pays its entry of `values` and ends the episode."""
    end = mdp.n_states
    pairs = []
    for x in range(mdp.n_pairs):
        row = [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]
        unvisited = [(fmpq(1), values[x], end)]
        pairs.append((int(mdp.pair_state[x]), int(mdp.pair_action[x]), row if mu[x] > 0 else unvisited))
    return policy_iteration(FiniteMDP.from_pairs(end + 1, pairs, mdp.discount)).q


@expected_async_operator.exact(mdp=_models, mu=distributions, q=tables)
def values_of_unvisited_pairs_are_free(F: Any, mdp: FiniteMDP, mu: Array, q: Array) -> Relation:
    """Whatever q has at the unvisited pairs, one fixed point has it too: fixed, unique, and q itself keeps it."""
    fixed, moved = _fixed_point_beside(mdp, mu, q), F(mdp, mu, q)
    unvisited = [x for x in range(mdp.n_pairs) if mu[x] == 0]
    visited = exact_array(weight for weight in mu if weight > 0)
    return all_of(
        [
            equal(F(mdp, mu, fixed), fixed),
            equal(moved[unvisited], fixed[unvisited]),
            at_most((1 - mdp.discount) * _least(visited) * max_norm(q - fixed), max_norm(moved - q)),
        ]
    )


expected_async_operator.attained(
    "two arms of which one is tried, from zero",
    by=values_of_unvisited_pairs_are_free,
    mdp=two_arms,
    mu=lambda: exact_array([1, 0]),
    q=lambda: exact_array([0, 0]),
)


# -------------------------------------------------------------------- the mean of one update


@expected_async_operator.enumerated(mdp=_models, mu=distributions, q=tables)
def mean_of_one_update(F: Any, mdp: FiniteMDP, mu: Array, q: Array) -> Relation:
    """F(Q) is the mean over pairs drawn from mu, and over all outcomes, of the table after one update at step 1."""
    mean = mdp.table(0)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            mean = mean + mu[x] * mdp.probability[k] * update(mdp, q, x, k, fmpq(1))
    return equal(F(mdp, mu, q), mean)


for _check in (only_q_star_is_fixed, values_of_unvisited_pairs_are_free, mean_of_one_update):
    expected_async_operator.refutes(weights.undiscounted_move, by=_check)
for _check in (values_of_unvisited_pairs_are_free, mean_of_one_update):
    expected_async_operator.refutes(weights.all_pairs_at_once, by=_check)
    expected_async_operator.refutes(weights.pairs_weighted_equally, by=_check)
