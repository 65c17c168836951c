r"""On-policy, linear temporal-difference learning ends with an error near the least possible.

.. math::
    \mathrm{VE}(w_{TD}) \le \frac{\min_w \mathrm{VE}(w)}{1 - \gamma^2} \le \frac{\min_w \mathrm{VE}(w)}{1 - \gamma},
    \qquad A\, w_{TD} = b

with VE weighted by the policy's own stationary d, d P = d, and w_TD any solution of the equation at which the expected
semi-gradient update stands still.

Why: Write Pi for the projection on the span of the features in the norm weighted by d. A w_TD = b says that T_pi(X
w_TD) - X w_TD is at right angles to the features, so X w_TD = Pi T_pi(X w_TD) where d > 0
(semi-gradient.td-fixed-point). And q = T_pi q, so with the error e = q - X w_TD

.. math::
    e = (q - \Pi q) + \Pi (T_\pi q - T_\pi X w_{TD}) = (q - \Pi q) + \gamma\, \Pi P_\pi e

The two parts are at right angles. Pythagoras gives an identity, and neither Pi nor P_pi lengthens a vector in the norm
of its own stationary weights (bellman.weighted-norm):

.. math::
    \lVert e \rVert_d^2 = \lVert q - \Pi q \rVert_d^2 + \gamma^2 \lVert \Pi P_\pi e \rVert_d^2
        \le \min_w \mathrm{VE}(w) + \gamma^2 \lVert e \rVert_d^2

The features may depend on each other, and d may vanish somewhere: w_TD is then not unique, but the errors of all of
them agree where d > 0, for w'Aw >= (1 - gamma) times the square of the norm of X w (semi-gradient.onpolicy-pd). An
episode that ends begins again, and d P_pi <= d is enough.

The bound is attained: a cycle of two states with features 1 and 1/2 at gamma = 4/5 and rewards -3/10 and 3/5. With
other weights than the policy's own *no* constant will do. Two states lead to the second, v_hat = (w, 2 w), both
weighted by 1/2; at gamma = 5/6 - 1/(3 n) and rewards 1 and 0

.. math:: A = \tfrac1n, \quad w_{TD} = \tfrac n2, \qquad
    \frac{\mathrm{VE}(w_{TD})}{\min_w \mathrm{VE}(w)} = \frac{25 n^2 - 20 n + 20}{16}

while 1/(1 - gamma^2) stays below 36/11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

from ..assumptions import discounted, finite, own_weights
from ..claim import Claim, cite
from ..definitions import action_values
from ..dyadic import NETWORK_BITS, dyadic_features
from ..mutants import gradient as mutants
from ..mutants import shares
from ..relation import Relation, all_of, at_most, equal
from ..weighted import a_solution, projected, weighted_square
from ..weighted import own_weights as weights_of

tdve_bound = Claim(
    id="value-error.tdve-bound",
    title="On-policy, the TD solution's VE is at most 1/(1 - gamma^2) times the least; off-policy no constant will do",
    statement=r"d P_\pi = d \implies \mathrm{VE}(w_{TD}) \le \min_w \mathrm{VE}(w) / (1 - \gamma^2)",
    subject="key-matrix",
    needs=(finite, discounted, own_weights),
    uses=("bellman.weighted-norm", "semi-gradient.td-fixed-point", "semi-gradient.onpolicy-pd"),
    sources=(cite("tsitsiklis1997"), cite("sutton2018", "(9.14)", verified=False), cite("kolter2011")),
)


def _td_error(key_matrix: Any, mdp: FiniteMDP, policy: Array, features: Array, mu: Array) -> tuple[Array, Array, Array]:
    """Return q_pi, the estimate of a TD solution, and the least-squares estimate."""
    q = action_values(mdp, policy)
    return q, features @ a_solution(*key_matrix(mdp, policy, mu, features)), projected(mu, features, q)


# -------------------------------------------------------------------- on-policy


@tdve_bound.exact(
    mdp=mdps(max_states=3, max_actions=2), policy=policies, features=dyadic_features(2, NETWORK_BITS), mu=None
)
def error_is_near_the_least(
    key_matrix: Any, mdp: FiniteMDP, policy: Array, features: Array, mu: Array | None
) -> Relation:
    """The solution is its backup's projection, Pythagoras, and the bound; `mu` is the policy's own unless given."""
    mu = weights_of(mdp, policy) if mu is None else mu
    q, estimate, nearest = _td_error(key_matrix, mdp, policy, features, mu)
    backup = policy_operator(mdp, policy, estimate)
    error, least = weighted_square(mu, q - estimate), weighted_square(mu, q - nearest)
    return all_of(
        [
            equal((features.T * mu) @ backup, (features.T * mu) @ estimate),
            equal(error, least + weighted_square(mu, projected(mu, features, q - backup))),
            at_most((1 - mdp.discount**2) * error, least),
        ]
    )


tdve_bound.refutes(mutants.residual_key_matrix, by=error_is_near_the_least)
tdve_bound.refutes(shares.unweighted_key_matrix, by=error_is_near_the_least)


@tdve_bound.too_strong(beside=error_is_near_the_least)
def error_is_the_least(key_matrix: Any, mdp: FiniteMDP, policy: Array, features: Array, mu: Array | None) -> Relation:
    """A constant without gamma: the TD solution is not the best that the features can do."""
    mu = weights_of(mdp, policy)
    q, estimate, nearest = _td_error(key_matrix, mdp, policy, features, mu)
    return at_most(weighted_square(mu, q - estimate), weighted_square(mu, q - nearest))


def _column(entries: list[object]) -> Array:
    return exact_array(entries).reshape(-1, 1)


tdve_bound.attained(
    "a cycle of two states with features 1 and 1/2 at gamma = 4/5",
    by=error_is_near_the_least,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, "-3/10", 1)]), (1, 0, [(1, "3/5", 0)])], "4/5"),
    policy=lambda: exact_array([1, 1]),
    features=lambda: _column([1, "1/2"]),
)


# -------------------------------------------------------------------- off-policy: a family without a constant


def both_lead_to_the_second(discount: object) -> FiniteMDP:
    """Return two states that lead to the second, with rewards 1 and 0."""
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 0, 1)])], discount)


tdve_bound.fails_without(
    own_weights,
    by=error_is_near_the_least,
    mdp=st.integers(2, 9).map(lambda n: both_lead_to_the_second(fmpq(5, 6) - fmpq(1, 3 * n))),
    policy=exact_array([1, 1]),
    features=_column([1, 2]),
    mu=exact_array(["1/2", "1/2"]),
)
tdve_bound.kept(
    discounted,
    because="At gamma = 1 the bound says that 0 is at most the least error: it cannot fail, and says nothing.",
)
tdve_bound.kept(
    finite,
    because="Only finite models can be written down here. Tsitsiklis and Van Roy allow countably many states, if the"
    " features are square integrable under d.",
    sources=(cite("tsitsiklis1997"),),
)


@tdve_bound.symbolic()
def off_policy_ratio_is_unbounded(key_matrix: Any) -> Relation:
    """For symbolic n: A = 1/n, w_TD = n/2, and the ratio of the errors is (25 n^2 - 20 n + 20) / 16."""
    import sympy

    n = sympy.Symbol("n", positive=True)
    model = both_lead_to_the_second(0)
    discount = sympy.Rational(5, 6) - 1 / (3 * n)
    model = replace(model, probability=_symbols([1, 1]), reward=_symbols([1, 0]), discount=discount)
    half = sympy.Rational(1, 2)
    A, b = key_matrix(model, _symbols([1, 1]), _symbols([half, half]), _symbols([1, 2]).reshape(2, 1))
    solution = b[0] / A[0, 0]

    def error(w: Any) -> Any:
        return half * (1 - w) ** 2 + half * (0 - 2 * w) ** 2

    least = error(sympy.Rational(1, 5))
    return all_of(
        [
            equal([A[0, 0], solution], [1 / n, n / 2]),
            equal(sympy.diff(error(n), n).subs(n, sympy.Rational(1, 5)), sympy.Integer(0)),
            equal(error(solution) / least, (25 * n**2 - 20 * n + 20) / 16),
        ]
    )


def _symbols(entries: list[Any]) -> Array:
    import sympy

    array = np.empty(len(entries), dtype=object)
    array[:] = [sympy.sympify(entry) for entry in entries]
    return array


tdve_bound.refutes(mutants.residual_key_matrix, by=off_policy_ratio_is_unbounded)
tdve_bound.refutes(mutants.undiscounted_key_matrix, by=off_policy_ratio_is_unbounded)
