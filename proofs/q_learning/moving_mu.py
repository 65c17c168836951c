r"""The fixed point of tabular Q-learning does not depend on mu, nor on how mu moves; only the speed does.

.. math::
    Q_{t+1} = Q_t + \mu_t \circ (TQ_t - Q_t) \implies
    \lVert Q_n - q^* \rVert \le \prod_{t < n} \bigl(1 - (1 - \gamma) \min \mu_t\bigr)\, \lVert Q_0 - q^* \rVert

for any distributions mu_0, mu_1, ... over the pairs: those of a behaviour that changes while it learns among them.

Why: if every pair has an entry of its own, mu only says how far each entry goes towards TQ, not where to. TQ = Q solves
each of the equations mu_t (TQ - Q) = 0, and where mu_t > 0 nothing else does; one step contracts towards that solution
by 1 - (1 - gamma) min mu_t (bellman.expected-async-operator), and the factors multiply. Their product vanishes if the
sum of min mu_t is infinite, as it is where every pair keeps a share of the visits, however small.

This is the mean motion, each step taken from where the table is. The mean of a random run is another matter
(folklore.in-expectation); with step sizes that average the noise out it has the same limit.

With function approximation it is otherwise. Where pairs share parameters their residuals are weighed against each other
by mu, and the fixed point is that of mu: with features X and mu as D the mean update of evaluation vanishes where

.. math:: X^\top D (I - \gamma P_\pi) X w = X^\top D\, \bar r

For X = I and mu > 0, D cancels: w = q_pi, and for an optimal policy that is q*. For one feature that all pairs share, w
is the mean reward under mu divided by 1 - gamma times the chance of going on; then all actions tie, and the solution is
one of Q-learning as well as of evaluation. Two loops that pay 1 and 2, at discount 9/10: w runs from 10 to 20 as mu
moves from one loop to the other.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, solve
from bellcheck.mdp.bellman import expected_asynchronous_operator
from bellcheck.mdp.examples import self_loop, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import distributions, mdps, policies, positive_distributions, tables

from ..assumptions import all_visited, discounted, finite, tabular, visit_frequencies
from ..claim import Claim
from ..mutants import weights
from ..relation import Relation, all_of, at_most, equal, given

moving_mu = Claim(
    id="q-learning.moving-mu",
    title="The fixed point of tabular Q-learning does not depend on mu, nor on how mu moves",
    statement=r"Q_{t+1} = Q_t + \mu_t \circ (TQ_t - Q_t) \implies"
    r" \lVert Q_n - q^* \rVert \le \prod_t (1 - (1 - \gamma) \min \mu_t) \lVert Q_0 - q^* \rVert",
    subject="expected-update",
    needs=(finite, discounted, visit_frequencies, all_visited, tabular),
    uses=("bellman.expected-async-operator", "bellman.fixed-point-optimal", "q-learning.one-step-expectation"),
)

moving_mu.kept(
    finite,
    because="Of infinitely many positive weights none need be the least, and the factors may all be 1. Models here are"
    " finite.",
)
moving_mu.kept(
    discounted,
    because="At discount 1 all factors are 1: the inequality says no more than that errors do not grow, and the fixed"
    " point need not be unique (bellman.gamma-one).",
)


# -------------------------------------------------------------------- tables, under weights that move


_models = mdps(max_states=2, max_actions=2)


def _run(F: Any, mdp: FiniteMDP, mus: list[Array], q: Array) -> list[Array]:
    path = [q]
    for mu in mus:
        path.append(F(mdp, mu, path[-1]))
    return path


@moving_mu.exact(mdp=_models, mu=distributions, nu=distributions, rho=distributions, q=tables)
def errors_shrink_whatever_mu_does(F: Any, mdp: FiniteMDP, mu: Array, nu: Array, rho: Array, q: Array) -> Relation:
    """Along any three weights q* stays where it is, and every error is below the product of the factors."""
    best = policy_iteration(mdp).q
    mus = [mu, nu, rho]
    bounds, factor = [], fmpq(1)
    for weight in mus:
        factor = factor * (1 - (1 - mdp.discount) * min(weight))
        bounds.append(factor * max_norm(q - best))
    errors = [max_norm(table - best) for table in _run(F, mdp, mus, q)[1:]]
    return all_of([equal(_run(F, mdp, mus, best)[-1], best), at_most(exact_array(errors), exact_array(bounds))])


_certain = exact_array([1])
moving_mu.attained(
    "one rewarded loop, on which every step shrinks the error by the discount",
    by=errors_shrink_whatever_mu_does,
    mdp=self_loop,
    mu=lambda: _certain,
    nu=lambda: _certain,
    rho=lambda: _certain,
    q=lambda: exact_array([0]),
)
moving_mu.refutes(weights.undiscounted_move, by=errors_shrink_whatever_mu_does)
# Weights of 2 overshoot: at discount 0 the error only changes its sign, and the product of the factors is -1.
moving_mu.fails_without(
    visit_frequencies,
    by=errors_shrink_whatever_mu_does,
    mdp=lambda: self_loop(discount=0),
    mu=lambda: 2 * _certain,
    nu=lambda: 2 * _certain,
    rho=lambda: 2 * _certain,
    q=lambda: exact_array([0]),
)


@moving_mu.too_strong(beside=errors_shrink_whatever_mu_does)
def speed_does_not_depend_on_mu(F: Any, mdp: FiniteMDP, mu: Array, nu: Array, rho: Array, q: Array) -> Relation:
    """After one step under mu and one under nu the errors are equal."""
    best = policy_iteration(mdp).q
    errors = [max_norm(F(mdp, weight, q) - best) for weight in (mu, nu)]
    return equal(*errors)


# -------------------------------------------------------------------- what stays fixed


@moving_mu.exact(mdp=_models, mu=positive_distributions, nu=positive_distributions, q=tables)
def same_tables_are_fixed(F: Any, mdp: FiniteMDP, mu: Array, nu: Array, q: Array) -> Relation:
    """q* is fixed under any weights; each pair moves in proportion to its weight: what mu leaves as it is, nu does."""
    best = policy_iteration(mdp).q
    return all_of(
        [
            equal(F(mdp, mu, best), best),
            equal(F(mdp, nu, best), best),
            equal(nu * (F(mdp, mu, q) - q), mu * (F(mdp, nu, q) - q)),
            given(equal(F(mdp, mu, q), q), equal(F(mdp, nu, q), q)),
        ]
    )


moving_mu.refutes(weights.undiscounted_move, by=same_tables_are_fixed)
# Of two arms the second is never tried under mu: (10, 0) stays; under nu it is, and (10, 0) moves.
moving_mu.fails_without(
    all_visited,
    by=same_tables_are_fixed,
    mdp=two_arms,
    mu=lambda: exact_array([1, 0]),
    nu=lambda: exact_array(["1/2", "1/2"]),
    q=lambda: exact_array([10, 0]),
)


# -------------------------------------------------------------------- features, shared or not

TABLE, SHARED = "one for each pair", "one for all pairs"


def _solution(key_matrix: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: str) -> Array:
    """Return the table X w of the parameters at which the mean update vanishes."""
    n = mdp.n_pairs
    rows = [[int(x == y) for y in range(n)] if features == TABLE else [1] for x in range(n)]
    X = LinearQ(rows).features
    return X @ solve(*key_matrix(mdp, policy, mu, X))


@moving_mu.exact(
    of="key-matrix",
    mdp=_models,
    policy=policies,
    mu=positive_distributions,
    nu=positive_distributions,
    features=lambda: TABLE,
)
def solution_does_not_depend_on_mu(
    key_matrix: Any, mdp: FiniteMDP, policy: Array, mu: Array, nu: Array, features: str
) -> Relation:
    """Under any policy, an optimal one among them, the mean update vanishes at one table for all weights."""
    return equal(*(_solution(key_matrix, mdp, policy, weight, features) for weight in (mu, nu)))


moving_mu.refutes(weights.unweighted_mean_rewards, by=solution_does_not_depend_on_mu)
moving_mu.fails_without(tabular, by=solution_does_not_depend_on_mu, features=lambda: SHARED)


@moving_mu.fixture(of="key-matrix", mdp=two_arms, shares=lambda: exact_array([1, "1/2", 0]))
def shared_parameter_follows_mu(key_matrix: Any, mdp: FiniteMDP, shares: Array) -> Relation:
    """Two loops that pay 1 and 2 share a parameter: it is 10, 15, 20 as mu moves, each a fixed point of Q-learning."""
    found, means = [], []
    for share in shares:
        mu = exact_array([share, 1 - share])
        table = _solution(key_matrix, mdp, mdp.table("1/2"), mu, SHARED)
        found.append(table[0])
        means.append(sum(expected_asynchronous_operator(mdp, mu, table) - table, fmpq(0)))
    return all_of([equal(found, [fmpq(10), fmpq(15), fmpq(20)]), equal(means, [fmpq(0)] * 3)])


moving_mu.refutes(weights.unweighted_mean_rewards, by=shared_parameter_follows_mu)


@moving_mu.too_strong(beside=shared_parameter_follows_mu)
def shared_parameter_stays(key_matrix: Any, mdp: FiniteMDP, shares: Array) -> Relation:
    """The parameter is the same for all weights, as the entries of a table are."""
    found = [
        _solution(key_matrix, mdp, mdp.table("1/2"), exact_array([share, 1 - share]), SHARED)[0] for share in shares
    ]
    return equal(found, [found[0]] * len(found))
