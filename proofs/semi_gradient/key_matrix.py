r"""For linear evaluation the expected semi-gradient update is affine in the parameters, with the key matrix A.

.. math::
    \mathbb{E}[\Delta w] = \alpha\,(b - A w), \qquad
    A = X^\top D (I - \gamma P_\pi) X, \qquad b = X^\top D \bar r

X has a row of features for each pair, D = diag(mu) holds the frequencies of the pairs that are updated, P(x, y) is the
probability that the target policy's next pair is y, and r-bar(x) is the mean reward. A pair that ends the episode has a
row of P that sums to less than 1.

Why: given the pair x, the mean of the step alpha delta grad q_hat(x) is alpha times the mean TD error, times the row of
x. For q_hat = X w the mean TD error is that entry of

.. math:: \bar r + \gamma P_\pi X w - X w = \bar r - (I - \gamma P_\pi) X w

and the mean over x, drawn from mu, is X' D times this vector.

So one matrix decides what small steps do on average (semi-gradient.stability-region). It holds *two* distributions: mu,
by which pairs are updated, and the target policy, which leads from a pair to the next. On the policy's own data they
fit together; off-policy they need not, and A may have eigenvalues in the left half-plane. A is the Jacobian of nothing
that is minimised: it is not symmetric in general. The negative of A is what some authors call A.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.approximation import PolynomialQ
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import semi_gradient_update
from bellcheck.mdp.strategies import distributions, mdps, policies, step_sizes
from bellcheck.mdp.value_error import outcome_pairs

from ..assumptions import linear_estimate
from ..claim import Claim, cite, lean
from ..features import features, parameters
from ..mutants import gradient, key_matrices, weights
from ..relation import Relation, equal
from ..sums import normal_form

key_matrix = Claim(
    id="semi-gradient.key-matrix",
    title="The expected semi-gradient update of linear evaluation is alpha (b - A w)",
    statement=(
        r"\mathbb{E}[\Delta w] = \alpha (b - A w),\quad A = X^\top D (I - \gamma P_\pi) X,\quad"
        r" b = X^\top D \bar r"
    ),
    subject="key-matrix",
    needs=(linear_estimate,),
    sources=(cite("sutton2018", "(9.10)-(9.12)"),),
    proved_in=(lean("expected_update_in_matrix"),),
)


# -------------------------------------------------------------------- any number of pairs, outcomes and features


def _sizes() -> tuple[Any, ...]:
    import sympy

    return sympy.symbols("n m d", integer=True, positive=True)


def _coordinate(sizes: tuple[Any, ...], h: Any) -> tuple[Any, Any, Any]:
    """Return the coordinate h of the mean step, of b - A w, and of b - A' w.

    Outcome k of the pair i has the probability p[i, k] and the reward r[i, k], and then pi[i, k, j] is the probability
    that the policy's next pair is j: 0 for every j if the episode has ended.
    """
    import sympy
    from sympy import Sum

    i, j, k, c = sympy.symbols("i j k c", integer=True)
    mu, p, r, pi, X, w = (sympy.IndexedBase(name) for name in ("mu", "p", "r", "pi", "X", "w"))
    discount, (n, m, d) = sympy.Symbol("gamma"), sizes
    pairs, others, outcomes, columns = (i, 1, n), (j, 1, n), (k, 1, m), (c, 1, d)

    following = Sum(pi[i, k, j] * Sum(X[j, c] * w[c], columns), others)
    td_error = Sum(p[i, k] * (r[i, k] + discount * following), outcomes) - Sum(X[i, c] * w[c], columns)
    step = Sum(mu[i] * td_error * X[i, h], pairs)

    def entry_of(row: Any, column: Any) -> Any:
        P_X = Sum(p[i, k] * pi[i, k, j] * X[j, column], outcomes, others)
        return Sum(X[i, row] * mu[i] * (X[i, column] - discount * P_X), pairs)

    b = Sum(X[i, h] * mu[i] * Sum(p[i, k] * r[i, k], outcomes), pairs)
    by_rows, by_columns = (Sum(entry * w[c], columns) for entry in (entry_of(h, c), entry_of(c, h)))
    return normal_form(step), normal_form(b - by_rows), normal_form(b - by_columns)


@key_matrix.symbolic(sizes=_sizes)
def mean_step_is_affine(A_and_b: Any, sizes: tuple[Any, ...]) -> Relation:
    """One coordinate, for n pairs with m outcomes each and d features."""
    import sympy

    step, affine, _ = _coordinate(sizes, sympy.Symbol("h", integer=True))
    return equal(step, affine)


@key_matrix.too_strong(beside=mean_step_is_affine, sizes=(2, 1, 2))
def rows_and_columns_may_be_exchanged(A_and_b: Any, sizes: tuple[Any, ...]) -> Relation:
    """The transpose of A; refuted where the first of two pairs leads to the second, each with its own feature."""
    import sympy

    X, w, mu, p, pi, r = (sympy.IndexedBase(name) for name in ("X", "w", "mu", "p", "pi", "r"))
    numbers = {X[1, 1]: 1, X[1, 2]: 0, X[2, 1]: 0, X[2, 2]: 1, w[1]: 0, w[2]: 1, mu[1]: 1, mu[2]: 0}
    numbers |= {p[1, 1]: 1, p[2, 1]: 1, pi[1, 1, 1]: 0, pi[1, 1, 2]: 1, pi[2, 1, 1]: 0, pi[2, 1, 2]: 0}
    numbers |= {r[1, 1]: 0, r[2, 1]: 0}
    step, _, exchanged = _coordinate(sizes, 1)
    return equal(step.subs(numbers), exchanged.subs(numbers))


# -------------------------------------------------------------------- the update rule itself, over all outcomes

LINEAR, SQUARES = ((0,), (1,)), ((0, 0), (1, 1))
"""What the features are coefficients of: the parameters, or their squares."""


@key_matrix.enumerated(
    mdp=mdps(max_states=3, max_actions=2),
    policy=policies,
    mu=distributions,
    features=features(2),
    form=lambda: LINEAR,
    w=parameters,
    step_size=step_sizes(),
)
def updates_average_to_it(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, form: Any, w: Array, step_size: fmpq
) -> Relation:
    """The update after each outcome of each pair, weighted by its probability."""
    return _mean_update(A_and_b, mdp, policy, mu, features, form, w, step_size, rule=policy)


def _mean_update(
    A_and_b: Any,
    mdp: FiniteMDP,
    policy: Array,
    mu: Array,
    features: Array,
    form: Any,
    w: Array,
    step_size: fmpq,
    rule: Array | None,
) -> Relation:
    A, b = A_and_b(mdp, policy, mu, features)
    q_hat = PolynomialQ(features, form, len(w))
    chance = mu[outcome_pairs(mdp)] * mdp.probability
    mean = sum(
        (chance[k] * (semi_gradient_update(mdp, q_hat, w, k, step_size, rule) - w) for k in range(len(chance))), w * 0
    )
    return equal(mean, step_size * (b - A @ w))


key_matrix.refutes(key_matrices.behaviour_for_target_policy, by=updates_average_to_it)
key_matrix.refutes(key_matrices.transposed_key_matrix, by=updates_average_to_it)
key_matrix.refutes(key_matrices.negated_key_matrix, by=updates_average_to_it)
key_matrix.refutes(gradient.residual_key_matrix, by=updates_average_to_it)
key_matrix.refutes(weights.unweighted_mean_rewards, by=updates_average_to_it)
key_matrix.fails_without(linear_estimate, by=updates_average_to_it, form=lambda: SQUARES)


@key_matrix.too_strong(beside=updates_average_to_it)
def greedy_updates_average_to_it(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, form: Any, w: Array, step_size: fmpq
) -> Relation:
    """Q-learning has no such matrix: the policy of its target changes with w."""
    return _mean_update(A_and_b, mdp, policy, mu, features, form, w, step_size, rule=None)
