r"""Where an entry of Q-learning can be at all: the least box that no update leaves.

.. math:: L(x) = \min\Bigl(Q_0(x),\ \min_k \bigl(r_k + \gamma \max_{a} L(s'_k, a)\bigr)\Bigr), \qquad
          U(x) = \max\Bigl(Q_0(x),\ \max_k \bigl(r_k + \gamma \max_{a} U(s'_k, a)\bigr)\Bigr)

over the outcomes k of x that have positive probability, with 0 for the maximum at ends. Both maps are monotone
gamma-contractions, so each has one fixed point below discount 1.

U is the value of a player who chooses the action, the outcome, and whether to stop with Q_0(x); L that of a game, in
which the first player still chooses actions, and another one outcomes and stops. Strategy iteration solves both
exactly: fix the second player's choices, solve the deterministic model that is left, change the choices that can be
made better for their owner, until none can. Every change moves all values the owner's way, so no choice comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration

from .definitions import state_values

__all__ = ["least_box"]

Choice = int | None
"""The outcome that is chosen at a pair; None to stop with the pair's first value."""


def least_box(mdp: FiniteMDP, q: Array) -> tuple[Array, Array]:
    """Return L and U, the (N,) ends of the box for runs from the table `q` at a discount below 1, as exact tables.

    >>> from bellcheck.mdp.examples import self_loop
    >>> low, high = least_box(self_loop(reward=1, discount="1/2"), self_loop().table(0))
    >>> str(low[0]), str(high[0])
    ('0', '2')
    """
    return _fixed_point(mdp, q, min), _fixed_point(mdp, q, max)


def _fixed_point(mdp: FiniteMDP, q: Array, best: Callable[..., Any]) -> Array:
    chosen: list[Choice] = [None] * mdp.n_pairs
    while True:
        values = policy_iteration(_left_to_the_actions(mdp, q, chosen)).q
        v = state_values(mdp, values)

        def worth(x: int, choice: Choice, v: Array = v) -> fmpq:
            return q[x] if choice is None else mdp.reward[choice] + mdp.discount * v[mdp.next_state[choice]]

        better = list(chosen)
        for x in range(mdp.n_pairs):
            possible = [k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0]
            # What is chosen comes first, and stays unless another is strictly better.
            better[x] = best([chosen[x], None, *possible], key=lambda choice, x=x: worth(x, choice))
        if better == chosen:
            return values
        chosen = better


def _left_to_the_actions(mdp: FiniteMDP, q: Array, chosen: list[Choice]) -> FiniteMDP:
    """The deterministic model in which each pair has the chosen outcome, or ends with its first value."""
    pairs = [
        (
            int(mdp.pair_state[x]),
            int(mdp.pair_action[x]),
            [(1, q[x], mdp.n_states) if k is None else (1, mdp.reward[k], int(mdp.next_state[k]))],
        )
        for x, k in enumerate(chosen)
    ]
    return FiniteMDP.from_pairs(mdp.n_states + 1, pairs, mdp.discount)
