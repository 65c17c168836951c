"""Wrong exploration: behaviours with the wrong probabilities, and schedules that do not go from start to end.

Behaviours have the signature of `bellcheck.mdp.behaviour.epsilon_greedy`, schedules that of `epsilon_at`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, to_floats
from bellcheck.mdp.behaviour import epsilon_at, epsilon_greedy, uniform
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = [
    "always_random",
    "counted_from_one",
    "drawing",
    "epsilon_for_each_action",
    "first_action_false",
    "first_of_the_tied",
    "locked_at_its_end",
    "never_arrives",
    "search_from_zero",
]

Ties = Literal["lowest", "split"]


# -------------------------------------------------------------------- probabilities


def _always_random(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: Ties = "lowest") -> Array:
    return uniform(mdp)


def _first_of_the_tied(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: Ties = "lowest") -> Array:
    return epsilon_greedy(mdp, q, epsilon, "lowest")


def _epsilon_for_each_action(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: Ties = "lowest") -> Array:
    """Epsilon, and not epsilon / |A(s)|, beside 1 - epsilon for the greedy action: more than 1 in all."""
    return epsilon + (1 - epsilon) * epsilon_greedy(mdp, q, 0, ties)


def _search_from_zero(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: Ties = "lowest") -> Array:
    """``best = 0``, then whatever is larger: where nothing is, no action was found and a random one is taken."""
    found = np.asarray(state_values(mdp, q)[mdp.pair_state] > 0, dtype=bool)
    return np.where(found, epsilon_greedy(mdp, q, epsilon, ties), uniform(mdp))


def _first_action_false(mdp: FiniteMDP, q: Array, epsilon: Scalar, ties: Ties = "lowest") -> Array:
    """``return best or sample()``: the action with the number 0 counts as none, and a random one is taken."""
    greedy, even = epsilon_greedy(mdp, q, 0, ties), uniform(mdp)
    lost = mdp.table(0)
    for state in mdp.acting:
        row = list(mdp.pairs_of(int(state)))
        lost[row] = sum((greedy[x] for x in row if mdp.pair_action[x] == 0), fmpq(0))
    kept = np.where(mdp.pair_action == 0, 0 * greedy, greedy)
    return epsilon * even + (1 - epsilon) * (kept + lost * even)


always_random = Subject("behaviour", "a random action always", _always_random, bug="F5")
first_of_the_tied = Subject("behaviour", "the first of tied actions", _first_of_the_tied, bug="F6")
epsilon_for_each_action = Subject("behaviour", "epsilon in place of epsilon / |A(s)|", _epsilon_for_each_action)
search_from_zero = Subject("behaviour", "search for the best action starts at 0", _search_from_zero, bug="B7")
first_action_false = Subject("behaviour", "action 0 counts as none", _first_action_false, bug="B7")


# -------------------------------------------------------------------- schedules


def _locked_at_its_end(step: int, start: Scalar, end: Scalar, duration: int) -> Scalar:
    """``start - step + 1 / duration`` for ``start - (step + 1) / duration``: the end from the second step on."""
    return max(end, start - step + fmpq(1, duration))


def _never_arrives(step: int, start: Scalar, end: Scalar, duration: int) -> Scalar:
    """The distance to the end falls by the same factor in each step."""
    return end + (start - end) * (1 - fmpq(1, duration + 1)) ** step


def _counted_from_one(step: int, start: Scalar, end: Scalar, duration: int) -> Scalar:
    return epsilon_at(step + 1, start, end, duration)


locked_at_its_end = Subject("exploration-schedule", "locked at its end value", _locked_at_its_end, bug="F4")
never_arrives = Subject("exploration-schedule", "never arrives at its end value", _never_arrives)
counted_from_one = Subject("exploration-schedule", "steps counted from 1", _counted_from_one)


# -------------------------------------------------------------------- actions drawn


def drawing(behaviour: Subject) -> Subject:
    """Return a wrong behaviour that draws actions in place of saying its probabilities."""
    probabilities: Callable[..., Array] = behaviour.call

    def counts(
        mdp: FiniteMDP, q: Array, epsilon: Scalar, draws: int, rng: np.random.Generator, ties: Ties = "lowest"
    ) -> np.ndarray:
        policy = to_floats(probabilities(mdp, q, epsilon, ties))
        rows = (policy[mdp.pair_start[s] : mdp.pair_start[s + 1]] for s in mdp.acting)
        return np.concatenate([rng.multinomial(draws, row / row.sum()) for row in rows])

    return Subject("behaviour-sampler", behaviour.name, counts, cites=behaviour.cites, bug=behaviour.bug)
