r"""On the policy's own data the key matrix is positive definite, so small semi-gradient steps converge.

.. math::
    d P_\pi = d \implies
    w^\top A w = (1 - \gamma)\, \lVert f \rVert_d^2 + \frac{\gamma}{2} \sum_{x, y} d(x) P_\pi(x, y)\, (f(x) - f(y))^2,
    \qquad f = X w

so that (A + A')/2 - (1 - gamma) X' D X is positive semidefinite. A is not symmetric; what counts is its quadratic form.

Why: with D = diag(d), w' A w = f' D (I - gamma P) f is the sum of d(x) f(x)^2, less gamma times the sum of d(x) P(x, y)
f(x) f(y). Take the squares of f(x) - f(y) apart: rows of P sum to 1, and what flows into y is d(y), so that

.. math:: \frac12 \sum_{x, y} d(x) P(x, y)\, (f(x) - f(y))^2 = \sum_x d(x) f(x)^2 - \sum_{x, y} d(x) P(x, y) f(x) f(y)

The formulas are for chains without an end. Where an episode ends and another begins, P loses weight in that place, the
next value being 0, and the left side only gains.

Hence, with independent features and every pair visited, A is invertible and its eigenvalues have positive real parts:
for an eigenvector v of the value lambda, Re(lambda) |v|^2 is the form (A + A')/2 at v. A step that is small enough:

.. math::
    \alpha = \frac{1 - \gamma}{(1 + \gamma)^2 \operatorname{tr}(X^\top D X)}: \qquad
    \lvert w^+ - u^+ \rvert^2 \le \lvert w - u \rvert^2 - \alpha\,(1 - \gamma)\, \lVert X (w - u) \rVert_d^2

for one expected step from w and from u, by |A e|^2 <= tr(X' D X) (1 + gamma)^2 times the square of the norm of X e:
A e = X' D g for g = (I - gamma P) X e, whose norm is at most 1 + gamma times that of X e, since P lengthens nothing in
the norm of its own weights (bellman.weighted-norm).

And det A >= det (A + A')/2 >= (1 - gamma)^n det X' D X for n features. For the first, choose coordinates in which the
symmetric part is the identity: A becomes I + K with K' = -K, whose eigenvalues are 0 or pairs i kappa, -i kappa, so
that its determinant is a product of factors 1 + kappa^2. The second compares the eigenvalues of ordered matrices. Where
the symmetric part is singular add a small multiple of the identity, and let it tend to 0.

Other weights break it: errors flow to where they count for less than they did where they came from, as on Baird's star.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Reals, exact_array, zeros
from bellcheck.mdp.examples import self_loop, two_state_cycle
from bellcheck.mdp.linear_algebra import determinant, ldl
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, positive_distributions, tables

from ..assumptions import own_weights
from ..claim import Claim, cite, lean
from ..draws import symbolic_mdp, symbolic_table
from ..features import features, independent_features, parameters
from ..mutants import gradient, key_matrices
from ..relation import Relation, all_of, at_most, equal
from ..sums import normal_form
from ..weighted import own_chain, weighted_square
from ..weighted import own_weights as stationary_weights

onpolicy_pd = Claim(
    id="semi-gradient.onpolicy-pd",
    title="On the policy's own data the key matrix is positive definite",
    statement=r"d P_\pi = d \implies \tfrac12 (A + A^\top) \succeq (1 - \gamma)\, X^\top D X",
    subject="key-matrix",
    needs=(own_weights,),
    uses=("semi-gradient.key-matrix", "bellman.weighted-norm"),
    sources=(cite("sutton1988"), cite("tsitsiklis1997"), cite("sutton2018", "section 9.4")),
    proved_in=(lean("NegDefAsymm"),),
)

OWN = "the policy's own"


def _weights(mdp: FiniteMDP, policy: Array, d: Any) -> Array:
    """The stationary weights of the policy, unless others are given."""
    return stationary_weights(mdp, policy) if isinstance(d, str) else d


# -------------------------------------------------------------------- any number of pairs


def _sums() -> tuple[Any, ...]:
    import sympy

    return (
        sympy.Symbol("n", integer=True, positive=True),
        *sympy.symbols("i j", integer=True),
        *(sympy.IndexedBase(name) for name in ("d", "P", "f")),
    )


def _differences(n: Any) -> tuple[Any, Any]:
    """Return the mean square of differences, and the norm less the flow, for n pairs."""
    from sympy import Sum

    _, i, j, d, P, f = _sums()
    pairs = (i, 1, n), (j, 1, n)
    norm, flow = Sum(d[i] * f[i] ** 2, pairs[0]), Sum(d[i] * P[i, j] * f[i] * f[j], *pairs)
    return Sum(d[i] * P[i, j] * (f[i] - f[j]) ** 2, *pairs) / 2, norm - flow


@onpolicy_pd.symbolic()
def form_is_a_sum_of_squares(A_and_b: Any) -> Relation:
    """The second formula for n pairs: squares taken apart, then rows that sum to 1 and columns to d put in."""
    from sympy import Integer, Sum

    n, i, j, d, P, f = _sums()
    squares, norm_less_flow = _differences(n)
    out = Sum(d[i] * f[i] ** 2 * Sum(P[i, j], (j, 1, n)), (i, 1, n))
    into = Sum(f[j] ** 2 * Sum(d[i] * P[i, j], (i, 1, n)), (j, 1, n))
    flow = Sum(d[i] * P[i, j] * f[i] * f[j], (i, 1, n), (j, 1, n))
    out_by_rows = out.xreplace({Sum(P[i, j], (j, 1, n)): Integer(1)})
    into_by_balance = into.xreplace({Sum(d[i] * P[i, j], (i, 1, n)): d[j]}).xreplace({j: i})
    return all_of(
        [
            equal(normal_form(squares), normal_form((out + into) / 2 - flow)),
            equal(normal_form((out_by_rows + into_by_balance) / 2 - flow), normal_form(norm_less_flow)),
        ]
    )


@onpolicy_pd.too_strong(beside=form_is_a_sum_of_squares)
def so_it_is_for_any_weights(A_and_b: Any) -> Relation:
    """Refuted by two pairs, both followed by the second, of which only the first has weight."""
    _, _, _, d, P, f = _sums()
    numbers = {d[1]: 1, d[2]: 0, P[1, 1]: 0, P[1, 2]: 1, P[2, 1]: 0, P[2, 2]: 1, f[1]: 1, f[2]: 2}
    return equal(*(normal_form(side).subs(numbers) for side in _differences(2)))


# -------------------------------------------------------------------- all chains of two states


def _two_ones(reals: Reals) -> Array:
    return zeros(reals.array("one", 2), 2) + 1


def _two_weights(reals: Reals) -> Array:
    d = reals.array("d", 2)
    for weight in d:
        reals.assume(weight >= 0)
    return d


def _two_own_weights(reals: Reals, mdp: FiniteMDP) -> Array:
    d = _two_weights(reals)
    reals.assume(d[0] * mdp.probability[0] + d[1] * mdp.probability[2] == d[0])
    return d


@onpolicy_pd.all_reals(mdp=symbolic_mdp(2, 1), policy=_two_ones, d=_two_own_weights, f=symbolic_table)
def two_states_have_a_bounded_form(A_and_b: Any, mdp: FiniteMDP, policy: Array, d: Array, f: Array) -> Relation:
    """For every chain, discount and function of two states, the form is at least (1 - gamma) times the norm."""
    A, _ = A_and_b(mdp, policy, d, f.reshape(-1, 1))
    return at_most((1 - mdp.discount) * (d * f * f).sum(), A[0, 0])


onpolicy_pd.refutes(gradient.residual_key_matrix, by=two_states_have_a_bounded_form)
onpolicy_pd.fails_without(own_weights, by=two_states_have_a_bounded_form, d=_two_weights)
onpolicy_pd.attained(
    "a function that is constant",
    by=two_states_have_a_bounded_form,
    mdp=two_state_cycle,
    policy=lambda: exact_array([1, 1]),
    d=lambda: exact_array(["1/2", "1/2"]),
    f=lambda: exact_array([3, 3]),
)


# -------------------------------------------------------------------- in rationals

_models, _small = mdps(max_states=3, max_actions=2), mdps(max_states=2, max_actions=2)
_loop = {"mdp": self_loop, "policy": lambda: exact_array([1]), "features": lambda: exact_array([1]).reshape(1, 1)}


@onpolicy_pd.exact(mdp=_models, policy=policies, d=lambda: OWN, features=features(2))
def no_pivot_is_negative(A_and_b: Any, mdp: FiniteMDP, policy: Array, d: Any, features: Array) -> Relation:
    """The pivots of (A + A')/2 - (1 - gamma) X' D X, whose signs are those of its eigenvalues."""
    d = _weights(mdp, policy, d)
    A, _ = A_and_b(mdp, policy, d, features)
    _, pivots = ldl((A + A.T) / 2 - (1 - mdp.discount) * ((features.T * d) @ features))
    return at_most(fmpq(0), pivots)


onpolicy_pd.refutes(gradient.residual_key_matrix, by=no_pivot_is_negative)
onpolicy_pd.refutes(key_matrices.behaviour_for_target_policy, by=no_pivot_is_negative)
onpolicy_pd.fails_without(own_weights, by=no_pivot_is_negative, d=positive_distributions)
onpolicy_pd.attained("one loop, on which every function is constant", by=no_pivot_is_negative, **_loop)


@onpolicy_pd.exact(mdp=mdps(max_states=3, max_actions=2, terminal=False), policy=policies, d=lambda: OWN, f=tables)
def more_is_the_mean_square_of_differences(A_and_b: Any, mdp: FiniteMDP, policy: Array, d: Any, f: Array) -> Relation:
    """The first formula, with f itself as the only feature."""
    d, P = _weights(mdp, policy, d), own_chain(mdp, policy)
    A, _ = A_and_b(mdp, policy, d, f.reshape(-1, 1))
    squares = sum((d[x] * weighted_square(P[x], f - f[x]) for x in range(mdp.n_pairs)), fmpq(0))
    return equal(A[0, 0], (1 - mdp.discount) * weighted_square(d, f) + mdp.discount * squares / 2)


onpolicy_pd.refutes(gradient.residual_key_matrix, by=more_is_the_mean_square_of_differences)
onpolicy_pd.fails_without(own_weights, by=more_is_the_mean_square_of_differences, d=positive_distributions)


@onpolicy_pd.exact(mdp=_small, policy=policies, d=lambda: OWN, features=independent_features(2))
def determinant_is_bounded_below(A_and_b: Any, mdp: FiniteMDP, policy: Array, d: Any, features: Array) -> Relation:
    """det A >= (1 - gamma)^n det X' D X for n features: A is invertible where the features are independent under d."""
    d = _weights(mdp, policy, d)
    A, _ = A_and_b(mdp, policy, d, features)
    return at_most((1 - mdp.discount) ** len(A) * determinant((features.T * d) @ features), determinant(A))


onpolicy_pd.refutes(gradient.residual_key_matrix, by=determinant_is_bounded_below)
onpolicy_pd.fails_without(own_weights, by=determinant_is_bounded_below, d=positive_distributions)
onpolicy_pd.attained("one loop with its only feature", by=determinant_is_bounded_below, **_loop)


@onpolicy_pd.exact(mdp=_small, policy=policies, d=lambda: OWN, features=features(2), w=parameters, u=parameters)
def a_small_step_brings_parameters_together(
    A_and_b: Any, mdp: FiniteMDP, policy: Array, d: Any, features: Array, w: Array, u: Array
) -> Relation:
    """One expected step at the step size above, from two places; no step where all features vanish."""
    d = _weights(mdp, policy, d)
    A, b = A_and_b(mdp, policy, d, features)
    trace = sum((d[x] * (features[x] @ features[x]) for x in range(mdp.n_pairs)), fmpq(0))
    step_size = (1 - mdp.discount) / ((1 + mdp.discount) ** 2 * trace) if trace else fmpq(0)
    before, after = w - u, (w + step_size * (b - A @ w)) - (u + step_size * (b - A @ u))
    gain = step_size * (1 - mdp.discount) * weighted_square(d, features @ before)
    return at_most(after @ after, before @ before - gain)


onpolicy_pd.refutes(key_matrices.negated_key_matrix, by=a_small_step_brings_parameters_together)
onpolicy_pd.refutes(gradient.residual_key_matrix, by=a_small_step_brings_parameters_together)
onpolicy_pd.fails_without(own_weights, by=a_small_step_brings_parameters_together, d=positive_distributions)
onpolicy_pd.attained(
    "one loop without discount, where the one step arrives",
    by=a_small_step_brings_parameters_together,
    **_loop | {"mdp": lambda: self_loop(discount=0)},
    w=lambda: exact_array([1]),
    u=lambda: exact_array([0]),
)
