r"""Gradient steps on a frozen target lead from the semi-gradient step to fitted Q-iteration.

.. math::
    w_K = w^* + (I - \alpha H)^K (w_0 - w^*), \qquad H = X^\top D X, \quad H w^* = X^\top D y, \quad y = T(X w_0)

on the loss of weights mu (D = diag mu), half the sum of mu (y - X w)^2, whose labels y are computed once. K = 1 is the
expected semi-gradient step. As K grows X w_K tends to the projection of y, which is fitted Q-iteration, if 0 < alpha <
2 / lambda_max(H). From there on an error along the eigenvector of lambda_max does not vanish, and above it grows
without bound; but there need be no such error: where A w = b for all w (semi-gradient.tvr-two-state, at the discount
5/6) no step moves anything, and X w_K is the projection at every step size.

Why: a step from w is w + alpha X'D (y - X w) = w - alpha H (w - w*). So the error w - w* is multiplied by I - alpha H,
and by its K-th power in K steps: an induction over K. H is symmetric and positive semidefinite; along an eigenvector
the factor is 1 - alpha lambda, of size below 1 exactly if 0 < alpha lambda < 2. Where lambda = 0 the error stays, and
X w does not see it. So the excess loss (w_K - w*)' H (w_K - w*) never rises, and for two features it falls at least
like the 2K-th power of

.. math::
    \max(\lvert 1 - \alpha \ell \rvert, \lvert 1 - \alpha \operatorname{tr} H \rvert), \qquad
    \ell = \det H / \operatorname{tr} H \le \lambda_{\min}, \quad \lambda_{\max} \le \operatorname{tr} H

where det H > 0; where it is 0 the trace is the only eigenvalue that X w sees, and it takes the place of both ends.

Neither end is a safe one: a refresh after each step and a refresh after infinitely many are two different algorithms,
and off-policy each of them can diverge (semi-gradient.tvr-two-state, semi-gradient.tvr-ls).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import semi_gradient_update
from bellcheck.mdp.strategies import distributions, mdps

from ..assumptions import frozen_target, small_steps
from ..claim import Claim, cite
from ..definitions import backup
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..mutants import shares
from ..relation import Relation, all_of, at_most, equal
from ..weighted import a_solution, weighted_square

frozen_target_path = Claim(
    id="value-error.frozen-target-path",
    title="K gradient steps on a frozen target: K = 1 is the semi-gradient, K to infinity is fitted Q-iteration",
    statement=(
        r"w_K = w^* + (I - \alpha X^\top D X)^K (w_0 - w^*); \quad"
        r" 0 < \alpha < 2 / \lambda_{\max} \implies X w_K \to \Pi T(X w_0)"
    ),
    subject="frozen-regression",
    needs=(frozen_target, small_steps),
    uses=("value-error.regression-equivalence",),
    sources=(cite("mnih2015"),),
)


# -------------------------------------------------------------------- any number of steps


def _induction(step: Any, factor: int) -> Relation:
    import sympy

    K = sympy.Symbol("K", integer=True, nonnegative=True)
    M, error, best = sympy.symbols("M e w*", commutative=False)
    alpha = sympy.Symbol("alpha", positive=True)
    H = (1 - M) / alpha
    after = best + M**K * error
    stepped = sympy.expand(after - alpha * H * (after - best))

    x, mu, (w, e, p, c) = sympy.symbols("x:2"), sympy.symbols("mu:2"), sympy.symbols("w e p c")
    curvature = mu[0] * x[0] ** 2 + mu[1] * x[1] ** 2
    # Every label for which w is best: X w and something at right angles to the features.
    label = [x[0] * w + c * mu[1] * x[1], x[1] * w - c * mu[0] * x[0]]
    (moved,) = step(LinearQ(_symbols(x).reshape(2, 1)), _symbols(mu), _symbols(label), _symbols([w + p * e]), alpha)
    return all_of(
        [
            equal(stepped, best + sympy.expand(M ** (K + 1) * error)),
            equal(moved, w + (1 - factor * alpha * curvature) * p * e),
        ]
    )


def _symbols(entries: Any) -> Array:
    array = np.empty(len(entries), dtype=object)
    array[:] = list(entries)
    return array


@frozen_target_path.symbolic()
def one_more_step_is_one_more_factor(step: Any) -> Relation:
    """The induction over K: for matrices of any size, M = I - alpha H being a symbol that does not commute.

    And for the code, with any features, weights and labels of two pairs: a step takes the error p e, where p stands for
    (1 - alpha lambda)^K, to (1 - alpha lambda) p e.
    """
    return _induction(step, factor=1)


frozen_target_path.refutes(shares.unweighted_regression, by=one_more_step_is_one_more_factor)


@frozen_target_path.too_strong(beside=one_more_step_is_one_more_factor)
def step_is_twice_as_long(step: Any) -> Relation:
    """The step on the loss without its half."""
    return _induction(step, factor=2)


# -------------------------------------------------------------------- the path, in rationals


def path_of_steps(
    step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq, n: int, refreshed: bool = False
) -> list[Array]:
    """Return w_0, ..., w_n, with labels computed once or `refreshed` before each step."""
    q_hat, label, path = LinearQ(features), backup(mdp, features @ w), [w]
    for _ in range(n):
        if refreshed:
            label = backup(mdp, features @ path[-1])
        path.append(step(q_hat, mu, label, path[-1], alpha))
    return path


def least_squares(mdp: FiniteMDP, mu: Array, features: Array, w: Array) -> tuple[Array, Array]:
    """Return H, and a w* that is best for the labels of w."""
    H = (features.T * mu) @ features
    return H, a_solution(H, (features.T * mu) @ backup(mdp, features @ w))


_instance: dict[str, Any] = {
    "mdp": mdps(max_states=3, max_actions=2),
    "mu": distributions,
    "features": dyadic_features(2, NETWORK_BITS),
    "w": dyadic_parameters(2, NETWORK_BITS),
}


@frozen_target_path.exact(
    **_instance,
    alpha=st.sampled_from([exact(text) for text in ("1/2", "1", "1/16", "3")]),
    n=st.integers(1, 4),
    refreshed=False,
)
def path_is_the_power(
    step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq, n: int, refreshed: bool
) -> Relation:
    """At every step size w_K is the formula and w_1 the mean semi-gradient update; or labels are `refreshed`."""
    H, best = least_squares(mdp, mu, features, w)
    path = path_of_steps(step, mdp, mu, features, w, alpha, n, refreshed)
    error = w - best
    for _ in range(n):
        error = error - alpha * (H @ error)
    return all_of([equal(path[-1], best + error), equal(path[1], _mean_update(mdp, mu, features, w, alpha))])


def _mean_update(mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq) -> Array:
    mean = w
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            update = semi_gradient_update(mdp, LinearQ(features), w, k, alpha) - w
            mean = mean + mu[x] * mdp.probability[k] * update
    return mean


frozen_target_path.refutes(shares.unweighted_regression, by=path_is_the_power)
frozen_target_path.refutes(shares.undivided_regression, by=path_is_the_power)
frozen_target_path.fails_without(frozen_target, by=path_is_the_power, refreshed=True)


@frozen_target_path.too_strong(beside=path_is_the_power)
def steps_add_up(
    step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq, n: int, refreshed: bool
) -> Relation:
    """K steps of size alpha are not one step of size K alpha."""
    (*_, last), (*_, one) = (path_of_steps(step, mdp, mu, features, w, a, k) for a, k in ((alpha, n), (n * alpha, 1)))
    return equal(last, one)


# -------------------------------------------------------------------- where it leads


@frozen_target_path.exact(
    **_instance, scale=st.sampled_from([exact(text) for text in ("1/2", "1", "1/4", "3/2", "2")]), n=st.integers(1, 4)
)
def excess_falls(step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, scale: fmpq, n: int) -> Relation:
    """At alpha = scale / tr H the excess over the least loss never rises, and falls like a geometric sequence."""
    H, best = least_squares(mdp, mu, features, w)
    trace, determinant = H[0, 0] + H[1, 1], H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0]
    alpha = scale / trace if trace > 0 else scale
    path = path_of_steps(step, mdp, mu, features, w, alpha, n)
    excess = [weighted_square(mu, features @ (v - best)) for v in path]
    low = determinant / trace if determinant > 0 else trace
    factor = max(abs(1 - alpha * low), abs(1 - alpha * trace))
    return all_of([at_most(excess[1:], excess[:-1]), at_most(excess[-1], factor ** (2 * n) * excess[0])])


frozen_target_path.refutes(shares.undivided_regression, by=excess_falls)
frozen_target_path.refutes(shares.unweighted_regression, by=excess_falls)
frozen_target_path.fails_without(small_steps, by=excess_falls, scale=st.sampled_from([exact("5/2"), exact("3")]))
frozen_target_path.attained(
    "one pair at alpha = 2 / lambda, where the error changes its sign alone",
    by=excess_falls,
    mdp=self_loop,
    mu=lambda: exact_array([1]),
    features=lambda: exact_array([1, 0]).reshape(1, 2),
    w=lambda: exact_array([0, 0]),
    scale=lambda: exact(2),
    n=3,
)


@frozen_target_path.too_strong(beside=excess_falls)
def nothing_is_left(step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, scale: fmpq, n: int) -> Relation:
    """A few steps are not yet fitted Q-iteration: some excess is left."""
    H, best = least_squares(mdp, mu, features, w)
    trace = H[0, 0] + H[1, 1]
    path = path_of_steps(step, mdp, mu, features, w, scale / trace if trace > 0 else scale, n)
    return equal((features.T * mu) @ features @ path[-1], H @ best)
