r"""The n-step targets of a recording: as many rewards as there are, then the value of where they led.

.. math:: y_t = \sum_{i=0}^{m-1} \gamma^i\, r_{t+i} + \gamma^m\, V(s'_{t+m-1}), \qquad
          m = \min(n,\ \text{steps left in the episode or in the recording})

with 0 for the value of a terminal state (Sutton and Barto 2018, section 7.1). An episode that was cut off bootstraps
from the observation that followed the cut; what was recorded next is another episode. The exponent of gamma is the
number of rewards in the sum, which is n only where so many were left.
"""

from __future__ import annotations

from .arithmetic import Array, zeros
from .model import FiniteMDP
from .transitions import Recording

__all__ = ["NoSteps", "targets"]


class NoSteps(ValueError):
    """A number of steps below 1: a target without a reward."""


def targets(mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Array:
    """Return the (T,) n-step targets of the T steps (pair, outcome, cut) of a recording.

    Parameters
    ----------
    values : (S,) values of the states, exact or float as the model is; the entries of terminal states are not read.
    n : how many rewards a target has at most, at least 1.

    Raises
    ------
    NoSteps : naming n.

    >>> from .arithmetic import exact_array
    >>> loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")
    >>> targets(loop, exact_array([8]), ((0, 0, False), (0, 0, False), (0, 0, True)), 2)
    array([7/2, 7/2, 5], dtype=object)
    """
    if n < 1:
        raise NoSteps(f"n is {n}; a target has at least 1 reward")
    found = zeros(values, len(steps))
    for t in range(len(steps)):
        factor = mdp.discount**0
        for _, outcome, cut in steps[t : t + n]:
            found[t] = found[t] + factor * mdp.reward[outcome]
            factor = factor * mdp.discount
            state = mdp.next_state[outcome]
            ended = not mdp.pairs_of(int(state))
            if ended or cut:
                break
        if not ended:
            found[t] = found[t] + factor * values[state]
    return found
