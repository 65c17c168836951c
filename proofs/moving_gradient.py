r"""The exact gradient of the value error whose weights move with a softmax policy, and how far binary64 may be from it.

.. math::
    \mathrm{VE}(w) = \sum_x \mu_w(x)\, (q(x) - x \cdot w)^2, \qquad \mu_w P_w = \mu_w, \qquad
    \pi_w(a \mid s) \propto e^{x(s, a) \cdot w}

**Exactly**: the value is a power series in t along w + t e_j, cut after t^1. Exponentials, quotients and elimination
act on series of balls (``arb_series``), and the coefficient of t is the derivative. No formula for a gradient
is used.

**In binary64**: back-propagation, step by step, in balls (`running_error`). With the system M mu = (0, ..., 0, 1), M
the transposed P - I with ones in the last row, and e = q - X w,

.. math::
    M^\top \lambda = e^2, \qquad \partial_{P(y, x)} = -\lambda_x \mu_y \ (x \text{ not last}), \qquad
    \partial_{\pi(x)} = \sum_y \partial_{P(y, x)} p(s_x \mid y)

then through the softmax as a quotient of exponentials, and -2 mu e beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_series, ctx

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP

from .running_error import BITS, Ball, gamma

__all__ = ["error_bounds", "gradient"]


def gradient(mdp: FiniteMDP, law: Array, members: list[int], q: Array, features: Array, w: Array) -> list[Any]:
    """Return the derivatives by each parameter, as enclosures.

    `law` holds p(s' | x) at (x, y) for a pair y of s', an episode that ends beginning again; `members` are the pairs of
    the one closed class.
    """
    with ctx.workprec(BITS):
        return [_derivative(mdp, law, members, q, features, w, j) for j in range(len(w))]


def _derivative(mdp: FiniteMDP, law: Array, members: list[int], q: Array, features: Array, w: Array, j: int) -> Any:
    table = [arb_series([arb(z), arb(x)], prec=2) for z, x in zip(features @ w, features[:, j], strict=True)]
    weight = [z.exp() for z in table]
    policy = [weight[y] / sum((weight[b] for b in _pairs(mdp, y)), arb_series([0], prec=2)) for y in range(mdp.n_pairs)]
    rows = [[arb(law[y, x]) * policy[x] - int(x == y) for y in members] for x in members]
    rows[-1] = [arb_series([1], prec=2) for _ in members]
    mu = _eliminated(rows, [arb_series([int(x == members[-1])], prec=2) for x in members])
    error = [arb(q[x]) - table[x] for x in members]
    return sum((m * e * e for m, e in zip(mu, error, strict=True)), arb_series([0], prec=2))[1]


def _pairs(mdp: FiniteMDP, pair: int) -> range:
    return mdp.pairs_of(int(mdp.pair_state[pair]))


def _eliminated(rows: list[list[Any]], right: list[Any]) -> list[Any]:
    """Solve a system of power series, the largest constant coefficient of a column being the pivot."""
    system = [[*row, side] for row, side in zip(rows, right, strict=True)]
    for i in range(len(system)):
        pivot = max(range(i, len(system)), key=lambda k: float(abs(system[k][i][0])))
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [entry / system[i][i] for entry in system[i]]
        for k in range(len(system)):
            if k != i:
                system[k] = [a - system[k][i] * b for a, b in zip(system[k], system[i], strict=True)]
    return [row[-1] for row in system]


def error_bounds(mdp: FiniteMDP, law: Array, members: list[int], q: Array, features: Array, w: Array) -> list[Any]:
    """Return how far the derivatives that back-propagation computes in binary64 may be from the exact ones."""
    with ctx.workprec(BITS):
        return _error_bounds(mdp, law, members, q, features, w)


def _error_bounds(mdp: FiniteMDP, law: Array, members: list[int], q: Array, features: Array, w: Array) -> list[Any]:
    one, n = _exact(1), len(members)
    table = features @ w
    law_in_balls = _rounded_law(mdp, law)
    weight = [Ball(arb(z - max(table[y] for y in _pairs(mdp, x)))).exp() for x, z in enumerate(table)]
    total = [Ball.dot([weight[y] for y in _pairs(mdp, x)], [one] * len(_pairs(mdp, x))) for x in range(mdp.n_pairs)]
    policy = [weight[x] / total[x] for x in range(mdp.n_pairs)]

    system = [[law_in_balls[y, x] * policy[x] - _exact(int(x == y)) for y in members] for x in members]
    system[-1] = [one] * n
    mu = dict(zip(members, Ball.solution(system, [_exact(int(x == members[-1])) for x in members]), strict=True))
    error = [Ball(arb(e)) for e in q - table]
    transposed = [[system[i][k] for i in range(n)] for k in range(n)]
    adjoint = Ball.solution(transposed, [error[x] * error[x] for x in members])

    by_policy = [_exact(0)] * mdp.n_pairs
    for x, multiplier in zip(members[:-1], adjoint, strict=False):
        by_policy[x] = Ball.dot([multiplier * mu[y] for y in members], [law_in_balls[y, x] for y in members])
    by_total = [by_policy[x] * (policy[x] / total[x]) for x in range(mdp.n_pairs)]
    by_table = []
    for x in range(mdp.n_pairs):
        others = Ball.dot([by_total[y] for y in _pairs(mdp, x)], [one] * len(_pairs(mdp, x)))
        through_policy = (by_policy[x] / total[x] - others) * weight[x]
        directly = mu[x] * error[x] if x in mu else _exact(0)
        by_table.append(Ball.dot([directly, directly, through_policy], [one] * 3))
    columns = [[Ball(arb(x)) for x in column] for column in features.T]
    return [Ball.dot(by_table, column).error for column in columns]


def _exact(value: int) -> Ball:
    return Ball(arb(value))


def _rounded_law(mdp: FiniteMDP, law: Array) -> np.ndarray:
    # Numbers are rounded on entry, outcomes and the start added up, and the start divided by its sum: all positive, so
    # that the relative errors add up, fewer than this of them.
    roundings = mdp.n_states + max(len(mdp.outcomes_of(x)) for x in range(mdp.n_pairs)) + 6
    balls = [[Ball(arb(p), arb(p) * gamma(roundings)) for p in row] for row in law]
    return np.array(balls, dtype=object)
