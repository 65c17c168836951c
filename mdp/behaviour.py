r"""Behaviour: the policies that gather the data.

.. math::
    \text{epsilon-greedy: } \pi(a \mid s) = \frac{\varepsilon}{|A(s)|} + (1 - \varepsilon)\,[a \text{ is greedy}]

    \text{softmax: } \pi(a \mid s) \propto e^{Q(s, a) / \tau}

    \text{exploration: } \varepsilon_t = \varepsilon_{\text{start}}
        + (\varepsilon_{\text{end}} - \varepsilon_{\text{start}}) \min(t / d, 1)

A policy is an (N,) vector of probabilities over the pairs; the entries of an acting state sum to 1, a terminal state
has none. |A(s)| depends on the state. Ties are a choice, not an accident: an epsilon-greedy policy sends its greedy
mass to the lowest tied action or splits it evenly; with either, the policy jumps where a table passes through a tie.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from flint import fmpq

from .arithmetic import Array, NotANumber, is_exact, segment_sum, to_floats, zeros
from .bellman import greedy_pairs, greedy_policy
from .model import FiniteMDP
from .rationals import number_from_outside

__all__ = ["InvalidBehaviour", "action_counts", "epsilon_at", "epsilon_greedy", "softmax", "uniform"]


class InvalidBehaviour(ValueError):
    """A table or a parameter from which no policy or schedule can be made."""


def uniform(mdp: FiniteMDP) -> Array:
    """Return the policy that takes each action of a state equally often, in the arithmetic of the model.

    >>> from bellcheck.mdp.model import FiniteMDP
    >>> uniform(FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "1/2"))
    array([1/2, 1/2], dtype=object)
    """
    return mdp.table(1) / _actions(mdp)


def epsilon_greedy(mdp: FiniteMDP, q: Array, epsilon: object, ties: Literal["lowest", "split"] = "lowest") -> Array:
    """Return the policy that is uniform with probability `epsilon` and else greedy, in the arithmetic of `q`.

    Parameters
    ----------
    q : (N,) table, exact or float.
    epsilon : in [0, 1]; next to an exact table, a float means the simplest rational that rounds to it.
    ties : whether the lowest of several greedy actions takes the greedy mass or all of them share it.

    Raises
    ------
    InvalidBehaviour : naming the argument.
    """
    _require_table(mdp, q)
    chance: Any = _probability(epsilon, "epsilon")
    if not is_exact(q):
        chance = float(to_floats([chance])[0])
    if ties == "lowest":
        greedy = greedy_policy(mdp, q)
    elif ties == "split":
        tied = zeros(q, mdp.n_pairs) + greedy_pairs(mdp, q).astype(int)
        greedy = tied / np.repeat(segment_sum(tied, mdp.acting_start), np.diff(mdp.pair_start)[mdp.acting])
    else:
        raise InvalidBehaviour(f"ties {ties!r} is not 'lowest' or 'split'")
    return chance * (zeros(q, mdp.n_pairs) + 1) / _actions(mdp) + (1 - chance) * greedy


def epsilon_at(step: int, start: object, end: object, duration: int) -> fmpq:
    """Return the epsilon of a step, counted from 0: in a straight line from `start` to `end`, where it stays.

    It arrives after `duration` steps, at least 1; `start` and `end` are in [0, 1], and a float means the simplest
    rational that rounds to it. Raises `InvalidBehaviour` naming the argument.

    >>> [str(epsilon_at(step, 1, "1/10", 100)) for step in (0, 50, 100, 101)]
    ['1', '11/20', '1/10', '1/10']
    """
    first, last = _probability(start, "the first epsilon"), _probability(end, "the last epsilon")
    if step < 0 or duration < 1:
        raise InvalidBehaviour(f"step {step} of {duration}: steps count from 0, and there is at least 1")
    return first + (last - first) * fmpq(min(step, duration), duration)


def action_counts(
    mdp: FiniteMDP,
    q: Array,
    epsilon: object,
    draws: int,
    rng: np.random.Generator,
    ties: Literal["lowest", "split"] = "lowest",
) -> np.ndarray:
    """Return how often each pair's action was drawn from the epsilon-greedy policy, in `draws` draws in each state."""
    policy = to_floats(epsilon_greedy(mdp, q, epsilon, ties))
    rows = (policy[mdp.pair_start[s] : mdp.pair_start[s + 1]] for s in mdp.acting)
    return np.concatenate([rng.multinomial(draws, row / row.sum()) for row in rows])


def softmax(mdp: FiniteMDP, q: Array, temperature: float) -> np.ndarray:
    """Return the softmax policy at a temperature, in binary64 (exponentials are irrational).

    A state's probabilities sum to 1 up to rounding. Raises `InvalidBehaviour` unless the temperature is positive and
    finite.
    """
    _require_table(mdp, q)
    if not (0 < temperature < math.inf):
        raise InvalidBehaviour(f"temperature {temperature} is not positive and finite")
    values = to_floats(q)
    best = np.maximum.reduceat(values, mdp.acting_start) if mdp.n_pairs else values
    lengths = np.diff(mdp.pair_start)[mdp.acting]
    # Below the maximum no exponential overflows, and one is 1, so that no sum is 0.
    weight = np.exp((values - np.repeat(best, lengths)) / temperature)
    return np.asarray(weight / np.repeat(segment_sum(weight, mdp.acting_start), lengths))


def _actions(mdp: FiniteMDP) -> np.ndarray:
    return np.diff(mdp.pair_start)[mdp.pair_state]


def _number(value: object, what: str) -> Any:
    try:
        return number_from_outside(value)
    except NotANumber as error:
        raise InvalidBehaviour(f"{what}: {error}") from None


def _probability(value: object, what: str) -> Any:
    number = _number(value, what)
    if not 0 <= number <= 1:
        raise InvalidBehaviour(f"{what} {value} is not in [0, 1]")
    return number


def _require_table(mdp: FiniteMDP, q: Array) -> None:
    if np.shape(q) != (mdp.n_pairs,):
        raise InvalidBehaviour(f"the table has shape {np.shape(q)}; it needs one entry for each of {mdp.n_pairs} pairs")
