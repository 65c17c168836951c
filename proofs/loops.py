"""One state with one action: the model in which the error of Q-learning can be written down.

There Q <- (1 - (1 - gamma) alpha) Q + alpha r, so that everything is linear. These functions ask the learner under
test, in SymPy's symbols, in rationals or in balls (``flint.arb``: numbers with a bound on their error).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact
from bellcheck.mdp.examples import self_loop

__all__ = ["errors_without_noise", "in_balls", "symbolic_update", "variance_in_balls"]


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


def variance_in_balls(run: Any, discount: fmpq, exponent: fmpq, n: int) -> arb:
    """Return Var Q_n on the loop with rewards of variance 1 under alpha_k = (k + 1)^-exponent.

    By v <- b^2 v + a^2, where the learner under test maps Q and r to b Q + a r. Each is computed once.
    """
    import sympy

    q, step_size, reward = sympy.symbols("Q alpha r")
    after = sympy.Poly(symbolic_update(run, q, step_size, reward, sympy.Rational(str(discount))), q, step_size, reward)
    kept, lost, gained = (exact(str(after.coeff_monomial(term))) for term in (q, q * step_size, reward * step_size))
    if after != sympy.Poly(
        sympy.Rational(str(kept)) * q
        + sympy.Rational(str(lost)) * q * step_size
        + sympy.Rational(str(gained)) * reward * step_size,
        q,
        step_size,
        reward,
    ):
        raise ValueError(f"the learner is not linear in the table and the reward: it returns {after.as_expr()}")
    return _variance_in_balls(kept, lost, gained, exponent, n)


@cache
def _variance_in_balls(kept: fmpq, lost: fmpq, gained: fmpq, exponent: fmpq, n: int) -> arb:
    variance, start, slope, gain, power = arb(0), arb(kept), arb(lost), arb(gained) ** 2, arb(-exponent)
    for k in range(1, n + 1):
        step_size = arb(k) ** power
        contraction = start + slope * step_size
        variance = contraction * contraction * variance + gain * step_size * step_size
    return variance


def _vector(values: Sequence[Any]) -> Array:
    vector = np.empty(len(values), dtype=object)
    vector[:] = values
    return vector
