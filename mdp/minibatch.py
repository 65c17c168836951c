r"""Experience replay: one update of a Q-learner from a minibatch of what it has seen.

.. math:: Q \leftarrow Q + \frac{1}{b} \sum_{i \in B} w_i \, \bigl(Q_i^+ - Q\bigr)

where Q_i^+ is the table after one Q-learning update of the *same* Q by the i-th member of the batch B of b experiences.
All targets are computed from the old table, and a pair that occurs twice moves twice. The weights w_i are 1, or the
importance weights that make up for a batch which is not drawn uniformly.
"""

from __future__ import annotations

from collections.abc import Sequence

from .arithmetic import Array, Scalar
from .model import FiniteMDP
from .q_learning import update

__all__ = ["minibatch_update"]


def minibatch_update(
    mdp: FiniteMDP,
    q: Array,
    batch: Sequence[tuple[int, int]],
    step_size: Scalar,
    weights: Sequence[Scalar] | None = None,
) -> Array:
    """Return a new table, moved by the weighted mean of the changes that the members of a batch ask for.

    Parameters
    ----------
    q : (N,) table.
    batch : (pair, outcome) of each of b >= 1 experiences; repetitions count.
    step_size : that of each single update.
    weights : (b,) importance weights; 1 if there are none.
    """
    changes = [update(mdp, q, pair, outcome, step_size) - q for pair, outcome in batch]
    if weights is not None:
        changes = [weight * change for weight, change in zip(weights, changes, strict=True)]
    return q + sum(changes[1:], changes[0]) / len(batch)
