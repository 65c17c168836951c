r"""Often said: mu is the relative proportion of time steps that the behaviour spends at each pair.

.. math:: \lim_{n \to \infty} \frac1n \#\{t < n : X_t = x\} = \mu(x)

For a fixed behaviour the limit always exists. But it is *one* mu only if the chain over the pairs has one closed class
(value-error.mu-stationary). With several, a path ends up in one of them, by where it began and by chance, and its share
of time is that class's. Two loops that are never left: from the first the share is (1, 0), from the second (0, 1). A
state that leads to either loop with chance 1/2: the *mean* share is 1/2 at each, and no path has it, for its share is 0
or 1. What is true for every start: the mean share tends to a mixture,

.. math::
    L(x, \cdot) = \sum_C P_x(\text{ends up in } C)\, \mu_C, \qquad L P = P L = L, \qquad
    \Bigl\lVert \frac1n \sum_{t<n} e_x P^t - L(x, \cdot) \Bigr\rVert_1 \le \frac{2 \lVert z \rVert_1}{n}, \quad
    z (I - P) = e_x - L(x, \cdot)

because (e_x - L(x, .)) L = 0, which is what it takes for such a z to exist, and the sum telescopes.

Nor is mu the probability to be at x at a late time: on a cycle of two states the law alternates between (1, 0) and
(0, 1) for ever; only its average has a limit. So a sample "from mu" is one at a random time, not at a late one.

If the behaviour changes as it learns there is no chain and no such limit (value-error.mu-nonstationary), and episodic
tasks need the convention by which the next episode begins (value-error.mu-episodic).
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.chain import cesaro_average
from bellcheck.mdp.examples import two_state_cycle
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

from ..assumptions import finite, fixed_behaviour, unichain
from ..claim import Claim, cite
from ..relation import Relation, all_of, at_most, equal
from ..value_error.mu_stationary import beginning_where_it_acts, transition_matrix
from ..weighted import a_solution

share_of_time_steps = Claim(
    id="folklore.share-of-time-steps",
    title='"mu is the relative proportion of time steps"',
    statement=r"\lim_{n \to \infty} \tfrac1n \#\{t < n : X_t = x\} = \mu(x)",
    subject="limiting-shares",
    needs=(finite, fixed_behaviour, unichain),
    uses=("value-error.mu-stationary", "value-error.mu-episodic", "value-error.mu-nonstationary"),
    sources=(cite("crossvalidated365618"), cite("sutton2018")),
    expected="refuted",
)

_models = mdps(max_states=3, max_actions=2, start=True).map(beginning_where_it_acts)


def _starts(n_pairs: int) -> list[Array]:
    return [exact_array(int(x == y) for y in range(n_pairs)) for x in range(n_pairs)]


def _norm(vector: Array) -> fmpq:
    return sum((abs(entry) for entry in vector), fmpq(0))


def _drift(P: Array, first: Array, limit: Array) -> Array:
    """Return a z with z (I - P) = first - limit."""
    return a_solution(np.array([[int(x == y) - P[y, x] for y in range(len(P))] for x in range(len(P))]), first - limit)


# -------------------------------------------------------------------- where a path begins


@share_of_time_steps.exact(mdp=_models, policy=policies, n=st.integers(1, 6))
def share_is_the_same_from_every_start(limiting_shares: Any, mdp: FiniteMDP, policy: Array, n: int) -> Relation:
    """The limit of the mean share is one mu, wherever the path begins."""
    shares = limiting_shares(transition_matrix(mdp, policy))
    return equal(shares, np.array([shares[0]] * mdp.n_pairs, dtype=object))


@share_of_time_steps.truth(beside=share_is_the_same_from_every_start)
def share_is_a_mixture_by_the_start(limiting_shares: Any, mdp: FiniteMDP, policy: Array, n: int) -> Relation:
    """The limits L satisfy L P = P L = L, sum to 1, and are approached from each start like 1/n."""
    P = transition_matrix(mdp, policy)
    L = limiting_shares(P)
    parts = [equal(L @ P, L), equal(P @ L, L), equal(L.sum(axis=1), 1), at_most(fmpq(0), L)]
    for first, limit in zip(_starts(mdp.n_pairs), L, strict=True):
        z = _drift(P, first, limit)
        parts += [
            equal(z - z @ P, first - limit),
            at_most(n * _norm(cesaro_average(P, first, n) - limit), 2 * _norm(z)),
        ]
    return all_of(parts)


# -------------------------------------------------------------------- the law at a late time


# Few free chains are periodic; for the verdict not to be luck, half are the cycle.
@share_of_time_steps.exact(mdp=st.one_of(_models, st.just(two_state_cycle())), policy=policies, n=st.integers(1, 6))
def law_tends_to_the_share(limiting_shares: Any, mdp: FiniteMDP, policy: Array, n: int) -> Relation:
    """The probability to be at a pair at time n tends to its share, as fast as the average of these laws does."""
    return _approached(limiting_shares, mdp, policy, n, averaged=False)


@share_of_time_steps.truth(beside=law_tends_to_the_share)
def average_law_tends_to_the_share(limiting_shares: Any, mdp: FiniteMDP, policy: Array, n: int) -> Relation:
    """Only the average does: a sample from mu is one at a random time."""
    return _approached(limiting_shares, mdp, policy, n, averaged=True)


def _approached(limiting_shares: Any, mdp: FiniteMDP, policy: Array, n: int, *, averaged: bool) -> Relation:
    P = transition_matrix(mdp, policy)
    parts = []
    for first, limit in zip(_starts(mdp.n_pairs), limiting_shares(P), strict=True):
        laws = [first]
        for _ in range(n):
            laws.append(laws[-1] @ P)
        near = sum(laws[:n], 0 * first) / n if averaged else laws[n]
        parts.append(at_most(n * _norm(near - limit), 2 * _norm(_drift(P, first, limit))))
    return all_of(parts)


# -------------------------------------------------------------------- chance


def two_loops_by_chance() -> FiniteMDP:
    """Return a state that leads to either of two loops with probability 1/2."""
    return FiniteMDP.from_pairs(
        3, [(0, 0, [("1/2", 0, 1), ("1/2", 0, 2)]), (1, 0, [(1, 0, 1)]), (2, 0, [(1, 0, 2)])], "1/2", start=[1, 0, 0]
    )


def _shares_of_paths(n: int) -> list[tuple[fmpq, Array]]:
    """Return the probability of each path of n steps from the first pair, and its shares of time."""
    P = transition_matrix(two_loops_by_chance(), exact_array([1, 1, 1]))
    found = []
    for rest in product(range(3), repeat=n - 1):
        path = (0, *rest)
        chance = math.prod((P[x, y] for x, y in pairwise(path)), start=fmpq(1))
        if chance > 0:
            found.append((chance, exact_array(fmpq(path.count(x), n) for x in range(3))))
    return found


@share_of_time_steps.enumerated(n=st.integers(2, 6))
def every_path_has_the_mean_share(limiting_shares: Any, n: int) -> Relation:
    """After n steps the share of each path is within 1/n of the limit of the mean."""
    limit = limiting_shares(transition_matrix(two_loops_by_chance(), exact_array([1, 1, 1])))[0]
    return all_of(at_most(abs(share - limit), fmpq(1, n)) for _, share in _shares_of_paths(n))


@share_of_time_steps.truth(beside=every_path_has_the_mean_share)
def share_of_a_path_is_that_of_its_class(limiting_shares: Any, n: int) -> Relation:
    """With probability 1/2 each it is within 1/n of (0, 1, 0) or of (0, 0, 1): the limit is random."""
    limits = limiting_shares(transition_matrix(two_loops_by_chance(), exact_array([1, 1, 1])))
    paths = _shares_of_paths(n)
    parts = [equal([chance for chance, _ in paths], [exact("1/2")] * 2)]
    for _, share in paths:
        where = 1 if share[1] > 0 else 2
        parts.append(at_most(abs(share - limits[where]), fmpq(1, n)))
    return all_of([*parts, equal(limits[0], (limits[1] + limits[2]) / 2)])
