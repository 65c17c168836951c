r"""Single and double estimators of a largest mean, and tabular double Q-learning.

The largest of several estimates is too large on average. The double estimator takes the best action by one set of
estimates and its value from another; double Q-learning keeps two tables for that, and updates one of them at a time:

.. math::
    Q^A(s, a) \leftarrow (1 - \alpha)\, Q^A(s, a) + \alpha \bigl(r + \gamma\, Q^B(s', a^*)\bigr), \qquad
    Q^A(s', a^*) = \max_{a'} Q^A(s', a')

or the same with A and B exchanged, with 0 for the value of a terminal s' (van Hasselt 2010, algorithm 1). Where several
actions are best for Q^A, their values in Q^B differ, so the rule for ties is part of the algorithm.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from .arithmetic import Array, Scalar, maximum, zeros
from .model import FiniteMDP

__all__ = ["Pair", "Ties", "double_estimate", "double_target", "double_update"]

Pair: TypeAlias = tuple[Array, Array]
"""The tables Q^A and Q^B, each of shape (N,)."""
Ties: TypeAlias = Literal["lowest", "split"]


def double_estimate(chooser: Array, values: Array, ties: Ties = "lowest") -> Scalar:
    """Return the entry of `values` where `chooser` is largest; both have shape (m,), m >= 1, exact or float.

    Among several such places it is that of the lowest index, or, if ties are split, the mean of them all.

    >>> from .arithmetic import exact_array
    >>> double_estimate(exact_array([1, 3, 3]), exact_array([5, 0, 4]), "split")
    2
    """
    best = values[np.asarray(chooser == maximum(chooser), dtype=bool)]
    return best[0] if ties == "lowest" else best.sum() / len(best)


def double_target(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties = "lowest") -> Scalar:
    """Return r + gamma times the other table's value of the best action of s' by the table that is to be updated.

    `first` says that this is Q^A. The value of a terminal s' is 0.
    """
    chooser, values = tables if first else (tables[1], tables[0])
    actions = mdp.pairs_of(int(mdp.next_state[outcome]))
    if not actions:
        return mdp.reward[outcome] + mdp.discount * zeros(values, 1)[0]
    row = slice(actions.start, actions.stop)
    return mdp.reward[outcome] + mdp.discount * double_estimate(chooser[row], values[row], ties)


def double_update(
    mdp: FiniteMDP, tables: Pair, first: bool, pair: int, outcome: int, step_size: Scalar, ties: Ties = "lowest"
) -> Pair:
    """Return the tables after one update of Q^A at `pair`, or of Q^B if not `first`; the other is as it was.

    `outcome` numbers one (r, s') of the pair, as in ``mdp.outcomes_of(pair)``; which table is updated is for a fair
    coin to say.
    """
    target = double_target(mdp, tables, first, outcome, ties)
    changed = tables[not first].copy()
    changed[pair] = (1 - step_size) * changed[pair] + step_size * target
    return (changed, tables[1]) if first else (tables[0], changed)
