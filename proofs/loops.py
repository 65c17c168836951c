"""One state with one action: the model in which the error of Q-learning can be written down.

There Q <- (1 - (1 - gamma) alpha) Q + alpha r, so that everything is linear. These functions ask the learner under
test, in SymPy's symbols, in rationals or in balls (``flint.arb``: numbers with a bound on their error).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb

from bellcheck.mdp.arithmetic import Array, Scalar, exact
from bellcheck.mdp.examples import self_loop

__all__ = ["errors_without_noise", "in_balls", "symbolic_update"]


def symbolic_update(run: Any, q: Any, step_size: Any, reward: Any, discount: Any) -> Any:
    """Return the loop's value after one update from `q`, all of them SymPy expressions."""
    import sympy

    loop = replace(
        self_loop(), probability=_vector([sympy.Integer(1)]), reward=_vector([reward]), discount=discount, start=None
    )
    _, after = run(loop, _vector([q]), [step_size], [[0]])
    return after[0]


def errors_without_noise(run: Any, discount: Scalar, first: Scalar, steps: Sequence[Scalar]) -> list[Scalar]:
    """Return the values of a run on the loop with reward 0, where q* = 0, from `first`: each is the error."""
    loop = self_loop(reward=0, discount=discount)
    return [table[0] for table in run(loop, _vector([first]), steps, [[0]] * len(steps))]


def in_balls(steps: Sequence[Scalar]) -> list[arb]:
    """Return rationals as balls."""
    return [arb(exact(step)) for step in steps]


def _vector(values: Sequence[Any]) -> Array:
    vector = np.empty(len(values), dtype=object)
    vector[:] = values
    return vector
