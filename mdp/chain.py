r"""The Markov chain that a policy makes of the pairs, and the weights mu with which it visits them.

.. math:: P_\pi((s, a), (s', a')) = p(s' \mid s, a) \, \pi(a' \mid s')

An episode that ends begins again: an outcome in a terminal state continues in a state drawn from the start
distribution, so episodic tasks have a chain too. The share of time spent at each pair converges almost surely, but to
one distribution mu, the solution of mu P = mu, only if the chain has one closed class; with several the limit depends
on where and how the path began. The law at time t need not converge even then: a chain may be periodic.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import Array, solve, zeros
from .model import FiniteMDP

__all__ = [
    "MissingStart",
    "NotUnique",
    "can_end",
    "cesaro_average",
    "limiting_shares",
    "pair_chain",
    "reachable_pairs",
    "recurrent_classes",
    "restart_distribution",
    "stationary",
]


class MissingStart(ValueError):
    """A terminal state to begin again from, or a reachable set to begin from, and no start distribution."""


class NotUnique(ValueError):
    """A chain with several closed classes, hence several stationary distributions; `classes` holds them."""

    def __init__(self, classes: list[tuple[int, ...]]) -> None:
        self.classes = classes
        shown = "; ".join(", ".join(map(str, members)) for members in classes)
        super().__init__(
            f"the stationary distribution is not unique: {len(classes)} closed classes of pairs ({shown}); "
            "use cesaro_average from a given start, or a policy that leads from one class to another"
        )


def can_end(mdp: FiniteMDP) -> bool:
    """Return whether some outcome of positive probability is in a terminal state."""
    ends = np.isin(mdp.next_state, mdp.terminal_states)
    return bool((ends & np.asarray(mdp.probability > 0, dtype=bool)).any())


def restart_distribution(mdp: FiniteMDP) -> Array:
    """Return the (S,) law of an episode's first acting state: the start distribution given that it acts.

    Raises `MissingStart` if the model has no start distribution or it lies on terminal states alone.
    """
    if mdp.start is None:
        raise MissingStart(
            "an episode must begin somewhere and the model has no start distribution; "
            "give one, as in from_pairs(..., start=[...])"
        )
    law = zeros(mdp.start, mdp.n_states)
    law[mdp.acting] = mdp.start[mdp.acting]
    if not law.any():
        raise MissingStart("the start distribution lies on terminal states alone; give weight to a state that acts")
    return law / law.sum()


def pair_chain(mdp: FiniteMDP, policy: Array) -> Array:
    """Return the (N, N) matrix P_pi, in the arithmetic of the model and of `policy`, an (N,) vector.

    Raises `MissingStart` if an episode can end and there is no start distribution.
    """
    law = zeros(mdp.probability, mdp.n_pairs * mdp.n_states).reshape(mdp.n_pairs, mdp.n_states)
    restart = restart_distribution(mdp) if can_end(mdp) else None
    terminal = set(mdp.terminal_states)
    for pair in range(mdp.n_pairs):
        for k in mdp.outcomes_of(pair):
            if int(mdp.next_state[k]) not in terminal:
                law[pair, mdp.next_state[k]] = law[pair, mdp.next_state[k]] + mdp.probability[k]
            elif restart is not None:
                law[pair] = law[pair] + mdp.probability[k] * restart
    # A copy, for torch warns of indices that are read-only.
    return law[:, mdp.pair_state.copy()] * policy


def recurrent_classes(P: Array) -> list[tuple[int, ...]]:
    """Return the closed communicating classes of a stochastic matrix, ordered by their first members."""
    reaches = _closure(np.asarray(P != 0, dtype=bool))
    recurrent = ~(reaches & ~reaches.T).any(axis=1)
    return sorted({tuple(np.flatnonzero(reaches[x]).tolist()) for x in np.flatnonzero(recurrent)})


def stationary(P: Array) -> Array:
    """Return mu with mu P = mu and sum 1, exact for an exact matrix; transient pairs have exactly 0 in any arithmetic.

    For a tensor it is differentiable in the entries of P that are not 0.

    Raises `NotUnique`, which names the classes, if the chain has more than one closed class, or no pair at all.
    """
    classes = recurrent_classes(P)
    if len(classes) != 1:
        raise NotUnique(classes)
    members = list(classes[0])
    n = len(members)
    flat = P.reshape(-1)
    system = P[np.ix_(members, members)].T - zeros(flat, n * n).reshape(n, n)
    right = zeros(flat, n)
    for i in range(n):
        system[i, i] = system[i, i] - 1
    # The equations of balance add up to 0 = 0, so any one of them may give way to the normalisation.
    system[-1, :] = zeros(flat, n) + 1
    right[-1] = right[-1] + 1
    mu = zeros(flat, len(P))
    mu[members] = solve(system, right)
    return mu


def cesaro_average(P: Array, first: Array, n: int) -> Array:
    """Return the expected share of the first `n` >= 1 steps spent at each pair, (1/n) sum over t < n of first P^t."""
    law = first
    total = law
    for _ in range(n - 1):
        law = law @ P
        total = total + law
    return total / n


def limiting_shares(P: Array) -> Array:
    """Return the (N, N) matrix whose row x is the limit of the mean share of time at each pair, from a start at x.

    It is a mixture of the closed classes' stationary weights, each with the chance that a path from x ends up there;
    along one path the share tends to the weights of the class where it does. Exact for an exact matrix.
    """
    n, flat, classes = len(P), P.reshape(-1), recurrent_classes(P)
    shares = zeros(flat, n * n).reshape(n, n)
    passing = [x for x in range(n) if not any(x in members for members in classes)]
    stay = zeros(flat, len(passing) ** 2).reshape(len(passing), len(passing)) - P[np.ix_(passing, passing)]
    for i in range(len(passing)):
        stay[i, i] = stay[i, i] + 1
    for members in classes:
        inside = list(members)
        weights = stationary(P[np.ix_(inside, inside)])
        shares[np.ix_(inside, inside)] = weights
        if passing:
            chance = solve(stay, P[np.ix_(passing, inside)].sum(axis=1))
            shares[np.ix_(passing, inside)] = chance[:, None] * weights
    return shares


def reachable_pairs(mdp: FiniteMDP) -> np.ndarray:
    """Return the (N,) mask of the pairs that some policy reaches from the start distribution.

    Raises `MissingStart` if the model has none.
    """
    reached = np.asarray(restart_distribution(mdp) > 0, dtype=bool)
    source = mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]
    possible = np.asarray(mdp.probability > 0, dtype=bool)
    while True:
        grown = reached.copy()
        grown[mdp.next_state[possible & reached[source]]] = True
        if np.array_equal(grown, reached):
            return reached[mdp.pair_state]
        reached = grown


def _closure(arrows: np.ndarray) -> np.ndarray:
    # Paths of any length, by squaring; float32 matrix products count paths without ever cancelling one.
    reaches = arrows | np.eye(len(arrows), dtype=bool)
    while True:
        counts = reaches.astype(np.float32)
        doubled = (counts @ counts) > 0
        if np.array_equal(doubled, reaches):
            return reaches
        reaches = doubled
