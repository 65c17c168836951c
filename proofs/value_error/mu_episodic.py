r"""In episodic tasks mu(s) is the mean number of time steps that an episode spends in s, divided by its mean length.

.. math::
    \eta(s) = h(s) + \sum_{\bar s} \eta(\bar s) \sum_a b(a \mid \bar s)\, p(s \mid \bar s, a), \qquad
    \mu(s) = \frac{\eta(s)}{\sum_{s'} \eta(s')}

h is the law of an episode's first state. The same mu is the stationary distribution of the chain in which an episode
that ends begins again: of all time steps, episode after episode, it is the share that is spent in s.

Why: Write M for the moves between states that act, t(s) for the chance to end next; t = 1 - (row sums of M). The mean
number of visits to s is eta = h + h M + h M^2 + ..., which solves the equation; the sum converges because every episode
ends. The chain that begins again is M + t h. For its stationary d

.. math:: d = d M + (d \cdot t)\, h \implies d = (d \cdot t)\, h\, (I - M)^{-1} = (d \cdot t)\, \eta

so d is eta up to a factor, and the factor d.t, the share of steps that end an episode, is one over the mean length.

Terminal states are not counted: no action is taken there, and no value is learnt. Counting the arrival as one more time
step divides by 1 + sum eta instead. If some episode never ends, eta is infinite and the equation has no solution, but
time has shares all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.chain import pair_chain
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

from ..assumptions import episodes_end, finite
from ..claim import Claim, cite
from ..mutants import chain as mutants
from ..relation import Relation, all_of, at_most, equal, given
from ..weighted import a_solution
from .mu_stationary import beginning_where_it_acts

mu_episodic = Claim(
    id="value-error.mu-episodic",
    title="In episodic tasks mu is the mean number of visits in an episode, divided by the mean length",
    statement=(
        r"\eta(s) = h(s) + \textstyle\sum_{\bar s} \eta(\bar s) \sum_a b(a \mid \bar s) p(s \mid \bar s, a),"
        r"\quad \mu(s) = \eta(s) / \textstyle\sum_{s'} \eta(s')"
    ),
    subject="stationary-weights",
    needs=(finite, episodes_end),
    uses=("value-error.mu-stationary",),
    sources=(cite("sutton2018", "(9.2)-(9.3)", verified=False),),
)


def _moves(mdp: FiniteMDP, policy: Array) -> Array:
    """Return sum over a of b(a | s) p(s' | s, a) as an (S, S) array; rows of terminal states are 0."""
    M = np.full((mdp.n_states, mdp.n_states), fmpq(0), dtype=object)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            M[mdp.pair_state[x], mdp.next_state[k]] += policy[x] * mdp.probability[k]
    return M


def _first_states(mdp: FiniteMDP) -> Array:
    """Return h at the states that act: the start distribution, given that the episode does not end before it begins."""
    assert mdp.start is not None
    begins = sum((mdp.start[s] for s in mdp.acting), fmpq(0))
    return exact_array(mdp.start[s] / begins for s in mdp.acting)


def _states_without_an_end(mdp: FiniteMDP, M: Array) -> int:
    """Return from how many states that act the policy never comes to an end."""
    ends = set(mdp.terminal_states)
    for _ in range(mdp.n_states):
        ends |= {s for s in range(mdp.n_states) if any(M[s, after] > 0 for after in ends)}
    return mdp.n_states - len(ends)


def _by_state(mdp: FiniteMDP, mu: Array) -> Array:
    return exact_array(sum((mu[x] for x in mdp.pairs_of(int(s))), fmpq(0)) for s in mdp.acting)


def _visits(mdp: FiniteMDP, M: Array, first: Array) -> Array:
    """Return the mean visits to the states that act, if the first state has the law `first`: eta = first + eta M."""
    n, moves = len(mdp.acting), M[np.ix_(mdp.acting, mdp.acting)]
    system = np.array([[fmpq(int(i == j)) - moves[j, i] for j in range(n)] for i in range(n)], dtype=object)
    return a_solution(system, first)


def _ends(mdp: FiniteMDP, M: Array) -> Array:
    """Return the chance to end next, of each state that acts."""
    return exact_array(1 - sum((M[s, after] for after in mdp.acting), fmpq(0)) for s in mdp.acting)


def _with_a_way_out(mdp: FiniteMDP) -> FiniteMDP:
    """Add a terminal state, to which the last outcome of each state's last action leads; begin where it acts."""
    assert mdp.start is not None
    next_state = mdp.next_state.copy()
    for s in mdp.acting:
        next_state[mdp.outcomes_of(mdp.pairs_of(int(s))[-1])[-1]] = mdp.n_states
    with_end = replace(
        mdp, n_states=mdp.n_states + 1, next_state=next_state, start=exact_array([*mdp.start, 0]), state_names=None
    )
    return beginning_where_it_acts(with_end)


def _if_it_ends(mdp: FiniteMDP, M: Array, endless: int, conclusion: Callable[[], Relation]) -> Relation:
    ending = at_most(_states_without_an_end(mdp, M), endless)
    return given(ending, conclusion() if ending.holds else ending)


# -------------------------------------------------------------------- the equation, and the chain that begins again


@mu_episodic.exact(mdp=mdps(max_states=3, max_actions=2, start=True).map(_with_a_way_out), policy=policies, endless=0)
def weights_are_normalised_visits(stationary: Any, mdp: FiniteMDP, policy: Array, endless: int) -> Relation:
    """Of the chain that begins again, the weights are eta / sum eta, and episodes end at the rate 1 / sum eta.

    Instances where the policy never ends an episode from more than `endless` states are not counted.
    """
    M = _moves(mdp, policy)

    def conclusion() -> Relation:
        h = _first_states(mdp)
        eta = _visits(mdp, M, h)
        mu = _by_state(mdp, stationary(pair_chain(mdp, policy)))
        rate = sum(mu * _ends(mdp, M), fmpq(0))
        return all_of(
            [
                equal(mu, rate * h + mu @ M[np.ix_(mdp.acting, mdp.acting)]),
                equal(sum(eta, fmpq(0)) * mu, eta),
                equal(sum(eta, fmpq(0)) * rate, 1),
            ]
        )

    return _if_it_ends(mdp, M, endless, conclusion)


mu_episodic.refutes(mutants.right_eigenvector, by=weights_are_normalised_visits)
mu_episodic.refutes(mutants.late_marginal, by=weights_are_normalised_visits)
mu_episodic.fails_without(
    episodes_end,
    by=weights_are_normalised_visits,
    mdp=lambda: FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], "1/2", start=[1]),
    policy=lambda: exact_array([1]),
    endless=1,
)
mu_episodic.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many states an episode may end for certain"
    " and yet have an infinite mean length, so that eta cannot be normalised.",
)


@mu_episodic.too_strong(beside=weights_are_normalised_visits)
def weights_are_the_visits(stationary: Any, mdp: FiniteMDP, policy: Array, endless: int) -> Relation:
    """eta itself, not normalised."""
    M = _moves(mdp, policy)
    mu = _by_state(mdp, stationary(pair_chain(mdp, policy)))
    return _if_it_ends(mdp, M, endless, lambda: equal(mu, _visits(mdp, M, _first_states(mdp))))


@mu_episodic.too_strong(beside=weights_are_normalised_visits)
def arrival_at_the_end_counts(stationary: Any, mdp: FiniteMDP, policy: Array, endless: int) -> Relation:
    """The terminal states take part: each episode has one time step more, and other shares are less."""
    M = _moves(mdp, policy)

    def conclusion() -> Relation:
        eta = _visits(mdp, M, _first_states(mdp))
        return equal((1 + sum(eta, fmpq(0))) * _by_state(mdp, stationary(pair_chain(mdp, policy))), eta)

    return _if_it_ends(mdp, M, endless, conclusion)


# -------------------------------------------------------------------- visits, counted along all episodes


def _counted_visits(mdp: FiniteMDP, policy: Array, n: int) -> tuple[Array, Array]:
    """List all beginnings of episodes: mean visits in the first n steps, and the law of the state after them."""
    episodes: dict[tuple[int, ...], fmpq] = {
        (int(s),): h for s, h in zip(mdp.acting, _first_states(mdp), strict=True) if h > 0
    }
    visits, running = np.full((2, mdp.n_states), fmpq(0), dtype=object)
    for _ in range(n):
        longer: defaultdict[tuple[int, ...], fmpq] = defaultdict(lambda: fmpq(0))
        for episode, chance in episodes.items():
            visits[episode[-1]] += chance
            for x in mdp.pairs_of(episode[-1]):
                for k in mdp.outcomes_of(x):
                    if len(mdp.pairs_of(int(mdp.next_state[k]))):
                        longer[*episode, int(mdp.next_state[k])] += chance * policy[x] * mdp.probability[k]
        episodes = {episode: chance for episode, chance in longer.items() if chance > 0}
    for episode, chance in episodes.items():
        running[episode[-1]] += chance
    return visits[mdp.acting], running[mdp.acting]


@mu_episodic.enumerated(
    mdp=mdps(max_states=2, max_actions=2, start=True).map(_with_a_way_out), policy=policies, n=st.integers(1, 5)
)
def visits_are_shares_of_the_mean_length(stationary: Any, mdp: FiniteMDP, policy: Array, n: int) -> Relation:
    """Visits counted over all episodes, those of n steps and those from where they then stand, are mu times the length.

    From the law nu of the state after n steps the rest of the visits is nu (I - M)^(-1); the mean length is 1 over the
    rate of ends under mu.
    """
    M = _moves(mdp, policy)

    def conclusion() -> Relation:
        visits, running = _counted_visits(mdp, policy, n)
        mu = _by_state(mdp, stationary(pair_chain(mdp, policy)))
        return equal(sum(mu * _ends(mdp, M), fmpq(0)) * (visits + _visits(mdp, M, running)), mu)

    return _if_it_ends(mdp, M, 0, conclusion)


mu_episodic.refutes(mutants.right_eigenvector, by=visits_are_shares_of_the_mean_length)
mu_episodic.refutes(mutants.late_marginal, by=visits_are_shares_of_the_mean_length)
