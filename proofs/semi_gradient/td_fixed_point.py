r"""What small semi-gradient steps lead to, A w = b, is the fixed point of the operator followed by a projection.

.. math::
    A w = b \iff X w = \Pi\, T_\pi (X w), \qquad \Pi = X (X^\top D X)^{-1} X^\top D

    \Pi\, T_\pi (X w) - X w = X (X^\top D X)^{-1} (b - A w) \quad \text{for all}\ w

T_pi leaves the span of the features, and Pi returns to the nearest point of it, where D = diag(mu) weighs the squares.

Why: the second line contains the first, since the columns of X are independent. It is one line of algebra. Write G for
X' D X; then X w = X G^-1 X' D X w, so the left side is

.. math:: X G^{-1} X^\top D \bigl( \bar r + \gamma P_\pi X w - X w \bigr) = X G^{-1} (b - A w)

So the expected step is alpha G times the coordinates of the Bellman error's projection: it vanishes where the Bellman
error is orthogonal to the features, not where it is small.

The solution is *not* the nearest point to q_pi, which is Pi q_pi: bootstrapping moves it (value-error.tdve-bound says
how far, on the policy's own data). Off-policy there may be no solution: A can be singular at single discounts, and near
them the solution is as large as one likes. The weights of Pi are those of the update; an unweighted projection has
another fixed point.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, solve
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.linear_algebra import determinant, inverse, rank, weighted_projection
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import mdps, policies, positive_distributions

from ..assumptions import independent_features
from ..claim import Claim, cite, lean
from ..definitions import action_values
from ..features import independent_features as independent
from ..features import parameters
from ..mutants import gradient, key_matrices, weights
from ..relation import Relation, equal, given, less_than

td_fixed_point = Claim(
    id="semi-gradient.td-fixed-point",
    title="A w = b is the fixed point of the projected Bellman operator",
    statement=r"A w = b \iff X w = \Pi\, T_\pi(X w),\quad \Pi = X (X^\top D X)^{-1} X^\top D",
    subject="key-matrix",
    needs=(independent_features,),
    uses=("semi-gradient.key-matrix",),
    sources=(cite("sutton2018", "(9.12), (11.14)"),),
    proved_in=(lean("isFixedPoint_td_fixed_point"),),
)

td_fixed_point.kept(
    independent_features,
    because="It is needed by the formula for the projection, not by the projection, which is onto the span of the"
    " features: with dependent ones the values X w are the same, and w is one of many.",
)


# -------------------------------------------------------------------- for matrices of any size


def _both_sides(*, weighted: bool) -> tuple[Any, Any]:
    """Return the two sides of the second line, with and without the weights in the projection."""
    import sympy

    X, X_transposed, D, P, r, w, G = sympy.symbols("X X' D P r w G", commutative=False)
    discount = sympy.Symbol("gamma")
    A, b = X_transposed * D * (1 - discount * P) * X, X_transposed * D * r
    projection = X * G**-1 * X_transposed * (D if weighted else 1)
    left = projection * (r + discount * P * X * w) - X * w
    right = X * G**-1 * (b - A * w)
    # G is a name for X' D X, and its inverse cancels it.
    left, right = (sympy.expand(sympy.expand(side).subs(X_transposed * D * X, G)) for side in (left, right))
    return left, right


@td_fixed_point.symbolic()
def projected_error_is_the_expected_step(A_and_b: Any) -> Relation:
    """Products of matrices of any shapes that fit: symbols that do not commute."""
    return equal(*_both_sides(weighted=True))


@td_fixed_point.too_strong(beside=projected_error_is_the_expected_step)
def weights_of_the_projection_do_not_matter(A_and_b: Any) -> Relation:
    """X G^-1 X' in place of X G^-1 X' D; refuted by matrices of one entry: one pair in two, which pays 1 and ends."""
    numbers = {"X": 1, "X'": 1, "D": "1/2", "G": "1/2", "P": 0, "r": 1, "w": 0}
    return equal(*(_at(side, numbers) for side in _both_sides(weighted=False)))


def _at(expression: Any, numbers: dict[str, object]) -> Any:
    import sympy

    return expression.subs({x: sympy.Rational(numbers[x.name]) for x in expression.free_symbols if x.name in numbers})


# -------------------------------------------------------------------- in rationals

_models = mdps(max_states=3, max_actions=2)


@td_fixed_point.exact(
    of="projection",
    mdp=_models,
    policy=policies,
    mu=positive_distributions,
    features=independent(2),
    w=parameters,
)
def projection_moves_by_the_expected_step(
    projection: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """The second line of the statement, for all w: both sides vanish together."""
    A, b = key_matrix(mdp, policy, mu, features)
    values = features @ w
    moved = projection(features, mu) @ policy_operator(mdp, policy, values) - values
    return equal(moved, features @ inverse((features.T * mu) @ features) @ (b - A @ w))


td_fixed_point.refutes(key_matrices.unweighted_projection, by=projection_moves_by_the_expected_step)


@td_fixed_point.exact(mdp=_models, policy=policies, mu=positive_distributions, features=independent(2))
def solution_is_the_fixed_point(A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> Relation:
    """Where A is invertible, applying the operator and the projection to the solution of A w = b changes nothing."""
    A, b = A_and_b(mdp, policy, mu, features)
    solvable = equal(rank(A), len(b))
    if not solvable.holds:
        return given(solvable, solvable)
    values = features @ solve(A, b)
    moved = policy_operator(mdp, policy, values)
    return given(solvable, equal(weighted_projection(features, mu) @ moved, values))


td_fixed_point.refutes(key_matrices.transposed_key_matrix, by=solution_is_the_fixed_point)
td_fixed_point.refutes(key_matrices.behaviour_for_target_policy, by=solution_is_the_fixed_point)
td_fixed_point.refutes(gradient.residual_key_matrix, by=solution_is_the_fixed_point)
td_fixed_point.refutes(weights.unweighted_mean_rewards, by=solution_is_the_fixed_point)


@td_fixed_point.too_strong(beside=solution_is_the_fixed_point)
def solution_is_nearest_to_the_truth(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array
) -> Relation:
    """The minimiser of the value error is the projection of q_pi, and another point."""
    A, b = A_and_b(mdp, policy, mu, features)
    nearest = weighted_projection(features, mu) @ action_values(mdp, policy)
    return given(equal(rank(A), len(b)), equal(A @ solve(features.T @ features, features.T @ nearest), b))


def _towards_the_second() -> FiniteMDP:
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 0, 1)])], "5/6")


@td_fixed_point.too_strong(
    beside=solution_is_the_fixed_point,
    mdp=_towards_the_second,
    policy=lambda: exact_array([1, 1]),
    mu=lambda: exact_array(["1/2", "1/2"]),
    features=lambda: exact_array([1, 2]).reshape(2, 1),
)
def there_always_is_one(A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> Relation:
    """With the values (w, 2 w), both states leading to the second and even weights, A = 0 at the discount 5/6."""
    A, _ = A_and_b(mdp, policy, mu, features)
    return less_than(fmpq(0), determinant(A) ** 2)
