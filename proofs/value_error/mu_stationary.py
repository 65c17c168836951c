r"""The share of time that a behaviour spends at each pair has a limit: the one solution of mu P = mu.

.. math::
    \mu P_b = \mu, \quad \sum_x \mu(x) = 1, \qquad \mu(s, a) = b(a \mid s) \sum_{a'} \mu(s, a')

    \Bigl\lVert \frac1n \sum_{t<n} \nu P_b^t - \mu \Bigr\rVert_1 \le \frac{2 \lVert z \rVert_1}{n},
    \qquad z (I - P_b) = \nu - \mu

It needs a fixed behaviour whose chain over the pairs has one recurrent class; transient pairs get 0. An episode that
ends begins again by the start distribution.

Why: such a chain has a one-dimensional space of left fixed vectors. For any first law nu the difference nu - mu sums
to 0, so it is z (I - P) for some z; then (nu - mu)(I + P + ... + P^(n-1)) telescopes to z (I - P^n), and a stochastic
matrix does not lengthen a vector in the 1-norm. So the mean share of time tends to mu at rate 1/n, with a constant
that is computed here exactly; the same z turns the share along one path into a martingale, which gives almost-sure
convergence.

The *law at time t* is something else: on a cycle of two states it alternates between (1, 0) and (0, 1) for ever. With
several recurrent classes the limit exists as well, but depends on where the path begins, and on chance: no z turns the
one first law into the other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.chain import cesaro_average, pair_chain
from bellcheck.mdp.examples import stay_or_switch, two_state_cycle
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

from ..assumptions import finite, fixed_behaviour, unichain
from ..claim import Claim, cite, lean
from ..definitions import closed_classes
from ..mutants import chain as mutants
from ..relation import Relation, all_of, at_most, equal, given

mu_stationary = Claim(
    id="value-error.mu-stationary",
    title="The share of time spent at each pair tends to the stationary weights of the behaviour's chain",
    statement=(
        r"\mu P_b = \mu,\quad \mu(s, a) = \mu(s)\, b(a \mid s),\quad"
        r" \lVert \tfrac1n \textstyle\sum_{t<n} \nu P_b^t - \mu \rVert_1 \le 2 \lVert z \rVert_1 / n"
    ),
    subject="stationary-weights",
    needs=(finite, fixed_behaviour, unichain),
    sources=(cite("sutton2018"),),
    proved_in=(lean("stationary_distribution_uniquely_exists"), lean("pos_of_stationary")),
)


def transition_matrix(mdp: FiniteMDP, policy: Array) -> Array:
    """Return p(s' | s, a) b(a' | s') over pairs, written out outcome by outcome; an episode that ends begins again."""
    P = np.full((mdp.n_pairs, mdp.n_pairs), fmpq(0), dtype=object)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            following = {int(mdp.next_state[k]): fmpq(1)}
            if int(mdp.next_state[k]) in mdp.terminal_states:
                assert mdp.start is not None
                begins = sum(mdp.start[mdp.acting], fmpq(0))
                following = {int(state): mdp.start[state] / begins for state in mdp.acting}
            for state, chance in following.items():
                for y in mdp.pairs_of(state):
                    P[x, y] += mdp.probability[k] * chance * policy[y]
    return P


def beginning_where_it_acts(mdp: FiniteMDP) -> FiniteMDP:
    """Give the first state that acts some weight in the beginning, so that an episode can begin again."""
    assert mdp.start is not None
    start = mdp.start.copy()
    start[mdp.acting[0]] += 1
    return replace(mdp, start=start / 2)


def _one_class(P: Array) -> Relation:
    return equal(closed_classes(P), 1)


@mu_stationary.exact(mdp=mdps(start=True).map(beginning_where_it_acts), policy=policies)
def balance_holds(stationary: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """The weights are a distribution that one step of the chain does not change, and split as the behaviour splits."""
    P = transition_matrix(mdp, policy)
    unique = _one_class(P)
    if not unique.holds:
        return given(unique, unique)
    mu = stationary(pair_chain(mdp, policy))
    by_state = [sum((mu[x] for x in mdp.pairs_of(s)), fmpq(0)) for s in range(mdp.n_states)]
    return given(
        unique,
        all_of(
            [
                equal(mu @ P, mu),
                equal(sum(mu, fmpq(0)), fmpq(1)),
                at_most(fmpq(0), mu),
                equal(mu, policy * exact_array(by_state[int(s)] for s in mdp.pair_state)),
            ]
        ),
    )


mu_stationary.refutes(mutants.right_eigenvector, by=balance_holds)
mu_stationary.refutes(mutants.late_marginal, by=balance_holds)
mu_stationary.attained(
    "a pair that the policy never takes", by=balance_holds, mdp=stay_or_switch, policy=lambda: exact_array([1, 0, 0, 1])
)


# -------------------------------------------------------------------- shares of time, over all paths


def _mean_shares(chains: list[Array], first: int) -> Array:
    """Return the expected share of n steps at each pair by listing every path; step t is one of the chain t."""
    paths: dict[tuple[int, tuple[int, ...]], fmpq] = {(first, ()): fmpq(1)}
    for P in chains:
        longer: defaultdict[tuple[int, tuple[int, ...]], fmpq] = defaultdict(lambda: fmpq(0))
        for (x, visited), chance in paths.items():
            for y in np.flatnonzero(P[x] != 0):
                longer[int(y), (*visited, x)] += chance * P[x, y]
        paths = dict(longer)
    shares = np.full(len(chains[0]), fmpq(0), dtype=object)
    for (_, visited), chance in paths.items():
        for x in visited:
            shares[x] += chance / len(chains)
    return shares


def _norm(vector: Array) -> fmpq:
    return sum((abs(entry) for entry in vector), fmpq(0))


def _drift(P: Array, first: Array, mu: Array) -> Array:
    """Return z with z (I - P) = first - mu, if there is one, and entries that sum to 0, by elimination."""
    n = len(P)
    rows = [[*(fmpq(int(x == y)) - P[y, x] for y in range(n)), first[x] - mu[x]] for x in range(n)]
    reduced, rank = fmpq_mat(rows).rref()
    z = np.full(n, fmpq(0), dtype=object)
    for row in range(rank):
        pivot = next(y for y in range(n + 1) if reduced[row, y] != 0)
        if pivot < n:
            z[pivot] = reduced[row, n]
    return z - sum(z, fmpq(0)) * mu


def _from(first: int, n_pairs: int) -> Array:
    return exact_array(int(x == first) for x in range(n_pairs))


_small = mdps(max_states=2, max_actions=2, start=True).map(beginning_where_it_acts)


def _unchanged(policy: Array) -> Array:
    return policy


@mu_stationary.enumerated(mdp=_small, policy=policies, later=_unchanged, mu=None, n=st.integers(1, 5))
def shares_of_time_tend_to_mu(
    stationary: Any, mdp: FiniteMDP, policy: Array, later: Array, mu: Array | None, n: int
) -> Relation:
    """The mean share over all paths of n steps is the Cesaro average, and within 2 |z| / n of mu.

    From its second step on a path follows the policy `later`. Where mu is not unique, one is given.
    """
    P = transition_matrix(mdp, policy)
    unique = _one_class(P)
    if mu is None:
        if not unique.holds:
            return given(unique, unique)
        mu = stationary(pair_chain(mdp, policy))
    parts: list[Relation] = []
    for x in range(mdp.n_pairs):
        first = _from(x, mdp.n_pairs)
        shares = _mean_shares([P, *[transition_matrix(mdp, later)] * (n - 1)], x)
        z = _drift(P, first, mu)
        parts += [
            equal(shares, cesaro_average(P, first, n)),
            equal(z - z @ P, first - mu),
            at_most(n * _norm(shares - mu), 2 * _norm(z)),
        ]
    return all_of(parts)


mu_stationary.refutes(mutants.right_eigenvector, by=shares_of_time_tend_to_mu)
mu_stationary.attained(
    "a cycle of two states, over an odd number of steps",
    by=shares_of_time_tend_to_mu,
    mdp=two_state_cycle,
    policy=lambda: exact_array([1, 1]),
    n=5,
)
mu_stationary.fails_without(fixed_behaviour, by=shares_of_time_tend_to_mu, later=policies)
mu_stationary.fails_without(
    unichain,
    by=shares_of_time_tend_to_mu,
    mdp=stay_or_switch,
    policy=lambda: exact_array([1, 0, 1, 0]),
    mu=lambda: exact_array(["1/2", 0, "1/2", 0]),
    n=1,
)
mu_stationary.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many states there may be no mu: a walk that"
    " moves on for ever spends a share of 0 at every pair.",
)


@mu_stationary.too_strong(beside=shares_of_time_tend_to_mu, mdp=two_state_cycle(), policy=exact_array([1, 1]), n=2)
def law_at_time_n_tends_to_mu(
    stationary: Any, mdp: FiniteMDP, policy: Array, later: Array, mu: Array | None, n: int
) -> Relation:
    """On the cycle of two states the law at time n is as far from mu as it was in the beginning."""
    P = transition_matrix(mdp, policy)
    mu = stationary(P)
    law = first = _from(0, mdp.n_pairs)
    for _ in range(n):
        law = law @ P
    return at_most(n * _norm(law - mu), 2 * _norm(_drift(P, first, mu)))
