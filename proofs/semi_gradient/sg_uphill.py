r"""The expected semi-gradient step can increase the value error, even where the largest error cannot grow.

.. math::
    \mathrm{VE}(w^+) - \mathrm{VE}(w) = -2 \alpha\, e^\top D X X^\top D (I - \gamma P_\pi)\, e
        + \alpha^2\, \lVert X X^\top D (I - \gamma P_\pi)\, e \rVert_\mu^2, \qquad e = X w - q_\pi

For a table (X = I) the sign of

.. math:: e^\top D^2 (I - \gamma P_\pi)\, e

decides for small steps: they climb where it is negative, and descend where it is positive. Where it is 0 every step
climbs that moves anything at all, for the square alone is left; so do two states at discount 5/6, the first leading to
the second, which stays, with mu = (1/2, 1/2) and errors (1/2, 1).

Meanwhile, in the tabular case and with alpha mu(x) <= 1 at every pair, the largest |e(x)| does not increase.

Why: q_pi solves its Bellman equation, so the mean TD error is -(I - gamma P) e and b - A w = -X' D (I - gamma P) e. Put
w^+ = w + alpha (b - A w) into the square of the norm of X w^+ - q_pi. And in a table e(x) is replaced by

.. math:: (1 - \alpha \mu(x))\, e(x) + \alpha \mu(x)\, \gamma\, (P e)(x)

whose coefficients are not negative and sum to at most 1.

Bootstrapping draws the error of a pair towards that of its successor; where the pair has much more weight, VE rises.
Say the first of two states leads to the second, which stays, with discount 9/10, mu = (9/10, 1/10), errors (1, 2):
the error of the first is drawn towards 9/5. The largest error, 2, falls all the while.

With linear features the policy's own weights do not prevent it, though A is positive definite then: what falls is the
distance of w to the fixed point of A w = b (semi-gradient.onpolicy-pd), and VE is another function.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.linear_algebra import identity
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, policies, step_sizes, tables
from bellcheck.mdp.value_error import value_error

from ..assumptions import short_steps, tabular
from ..claim import Claim
from ..definitions import action_values
from ..features import features, parameters
from ..mutants import gradient, key_matrices
from ..relation import Relation, at_most, equal, less_than
from ..sums import normal_form
from ..weighted import own_weights, weighted_square

sg_uphill = Claim(
    id="semi-gradient.sg-uphill",
    title="The expected semi-gradient step can increase the value error, while the largest error cannot grow",
    statement=(
        r"e^\top D^2 (I - \gamma P_\pi) e < 0 \implies \mathrm{VE}(Q + \alpha D (T_\pi Q - Q)) > \mathrm{VE}(Q)"
        r" \ \text{for small}\ \alpha,\quad \lVert e^+ \rVert \le \lVert e \rVert"
    ),
    subject="key-matrix",
    needs=(tabular, short_steps),
    uses=("semi-gradient.key-matrix",),
)


def _step(A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, step_size: Any) -> Array:
    A, b = A_and_b(mdp, policy, mu, features)
    return w + step_size * (b - A @ w)


# -------------------------------------------------------------------- the change of the value error


@sg_uphill.symbolic()
def table_climbs_by_the_criterion(A_and_b: Any) -> Relation:
    """For n pairs, with g for (I - gamma P) e: the change of VE is -2 alpha e' D^2 g and a square."""
    left, right = _changes(sign=-1)
    return equal(left, right)


def _changes(sign: int) -> tuple[Any, Any]:
    import sympy
    from sympy import Sum

    i, j = sympy.symbols("i j", integer=True)
    n = sympy.Symbol("n", integer=True, positive=True)
    mu, e, g, P = (sympy.IndexedBase(name) for name in ("mu", "e", "g", "P"))
    step_size, discount = sympy.symbols("alpha gamma")
    pairs = (i, 1, n)
    moved = Sum(mu[i] * (e[i] - step_size * mu[i] * g[i]) ** 2, pairs) - Sum(mu[i] * e[i] ** 2, pairs)
    square = step_size**2 * Sum(mu[i] ** 3 * g[i] ** 2, pairs)
    # Where g stands alone it is written out.
    criterion = Sum(mu[i] ** 2 * e[i] * (e[i] - discount * Sum(P[i, j] * e[j], (j, 1, n))), pairs)
    without_square = sympy.expand(normal_form(moved) - normal_form(square))
    written_out = without_square.replace(
        lambda term: isinstance(term, Sum),
        lambda term: Sum(term.function.subs(g[i], e[i] - discount * Sum(P[i, j] * e[j], (j, 1, n))), pairs),
    )
    return normal_form(written_out), normal_form(sign * 2 * step_size * criterion)


@sg_uphill.too_strong(beside=table_climbs_by_the_criterion)
def sign_is_the_other(A_and_b: Any) -> Relation:
    """VE rises where the criterion is positive; refuted by one pair, without discount."""
    import sympy

    mu, e = sympy.IndexedBase("mu"), sympy.IndexedBase("e")
    numbers = {mu[1]: 1, e[1]: 1, sympy.Symbol("gamma"): 0, sympy.Symbol("alpha"): 1}
    left, right = (side.subs(sympy.Symbol("n", integer=True, positive=True), 1).doit() for side in _changes(sign=1))
    return equal(left.subs(numbers), right.subs(numbers))


@sg_uphill.exact(
    mdp=mdps(max_states=3, max_actions=2),
    policy=policies,
    mu=distributions,
    features=features(2),
    w=parameters,
    step_size=step_sizes(),
)
def value_error_changes_by_the_formula(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, step_size: fmpq
) -> Relation:
    """The formula for linear features and any weights."""
    q = action_values(mdp, policy)
    after = _step(A_and_b, mdp, policy, mu, features, w, step_size)
    e = features @ w - q
    left_to_do = e - (policy_operator(mdp, policy, q + e) - q)
    direction = features @ (features.T @ (mu * left_to_do))
    change = -2 * step_size * (mu * e * direction).sum() + step_size**2 * weighted_square(mu, direction)
    return equal(value_error(mu, q, features @ after) - value_error(mu, q, features @ w), change)


sg_uphill.refutes(key_matrices.negated_key_matrix, by=value_error_changes_by_the_formula)
sg_uphill.refutes(key_matrices.transposed_key_matrix, by=value_error_changes_by_the_formula)
sg_uphill.refutes(gradient.residual_key_matrix, by=value_error_changes_by_the_formula)


# -------------------------------------------------------------------- the largest error


def _table_features(mdp: FiniteMDP) -> Array:
    return identity(mdp.n_pairs)


def _shared_feature(mdp: FiniteMDP) -> Array:
    """One parameter for all pairs, but the first counts ten times as much."""
    return exact_array([10, *[1] * (mdp.n_pairs - 1)]).reshape(-1, 1)


@sg_uphill.exact(
    mdp=mdps(max_states=3, max_actions=2),
    policy=policies,
    mu=distributions,
    features=_table_features,
    w=tables,
    fraction=step_sizes(),
)
def largest_error_does_not_grow(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, fraction: fmpq
) -> Relation:
    """In a table, with alpha a fraction of 1 / max mu."""
    q = action_values(mdp, policy)
    after = _step(A_and_b, mdp, policy, mu, features, w, fraction / mu.max())
    return at_most(max_norm(features @ after - q), max_norm(features @ w - q))


sg_uphill.refutes(key_matrices.negated_key_matrix, by=largest_error_does_not_grow)
sg_uphill.fails_without(short_steps, by=largest_error_does_not_grow, fraction=lambda: fmpq(4))
sg_uphill.fails_without(tabular, by=largest_error_does_not_grow, features=_shared_feature, w=lambda: exact_array([0]))


def _first_leads_to_the_second(discount: object = "9/10") -> FiniteMDP:
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 1)])], discount)


def _only_policy(mdp: FiniteMDP) -> Array:
    return mdp.table(1)


sg_uphill.attained(
    "a largest error where nothing is updated",
    by=largest_error_does_not_grow,
    mdp=_first_leads_to_the_second,
    policy=_only_policy,
    mu=lambda: exact_array([1, 0]),
    w=lambda: exact_array([1, 2]),
    fraction=fmpq(1),
)


@sg_uphill.too_strong(beside=largest_error_does_not_grow)
def value_error_does_not_grow(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, fraction: fmpq
) -> Relation:
    """What holds of the largest error does not hold of the mean square."""
    q = action_values(mdp, policy)
    after = _step(A_and_b, mdp, policy, mu, features, w, fraction / mu.max())
    return at_most(value_error(mu, q, features @ after), value_error(mu, q, features @ w))


# -------------------------------------------------------------------- two steps uphill


def _both_lead_anywhere() -> FiniteMDP:
    """Two states, each followed by either; the values are -1 and -3 at the discount 9/10."""
    return FiniteMDP.from_pairs(
        2, [(s, 0, [("1/2", reward, 0), ("1/2", reward, 1)]) for s, reward in enumerate(("4/5", "-6/5"))], "9/10"
    )


def _first_feature_alone(mdp: FiniteMDP) -> Array:
    return exact_array([1, 0]).reshape(2, 1)


@sg_uphill.fixture(
    mdp=_first_leads_to_the_second,
    policy=_only_policy,
    mu=exact_array(["9/10", "1/10"]),
    features=_table_features,
    w=exact_array([1, 2]),
)
@sg_uphill.fixture(
    mdp=_both_lead_anywhere, policy=_only_policy, mu=own_weights, features=_first_feature_alone, w=exact_array([0])
)
def value_error_rises(A_and_b: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array) -> Relation:
    """A step of size 1/10: in a table with other weights, and with one feature and the policy's own weights."""
    q = action_values(mdp, policy)
    after = _step(A_and_b, mdp, policy, mu, features, w, fmpq(1, 10))
    return less_than(value_error(mu, q, features @ w), value_error(mu, q, features @ after))


sg_uphill.refutes(key_matrices.sign_of_the_step, by=value_error_rises)


@sg_uphill.fixture(step_size=fmpq(1, 10))
@sg_uphill.exact(step_size=step_sizes())
def value_error_rises_by_the_square_alone(A_and_b: Any, step_size: fmpq) -> Relation:
    """Two states at discount 5/6 where the criterion is 0: VE rises by 5/288 of the step size's square."""
    mdp, e = _first_leads_to_the_second("5/6"), exact_array(["1/2", 1])
    policy, mu, features = _only_policy(mdp), exact_array(["1/2", "1/2"]), _table_features(mdp)
    after = _step(A_and_b, mdp, policy, mu, features, e, step_size)
    q = mdp.table(0)
    return equal(value_error(mu, q, after) - value_error(mu, q, e), step_size**2 * fmpq(5, 288))


sg_uphill.refutes(gradient.residual_key_matrix, by=value_error_rises_by_the_square_alone)
sg_uphill.refutes(key_matrices.transposed_key_matrix, by=value_error_rises_by_the_square_alone)
