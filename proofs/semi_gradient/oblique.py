r"""The TD fixed point and the minimiser of the Bellman error are projections of q_pi, along different directions.

.. math::
    X w = X (\Psi^\top X)^{-1} \Psi^\top q_\pi, \qquad
    \Psi_{\mathrm{TD}} = (I - \gamma P_\pi)^\top D X, \quad
    \Psi_{\mathrm{BE}} = (I - \gamma P_\pi)^\top D\, (I - \gamma P_\pi) X, \quad
    \Psi_{\mathrm{VE}} = D X

Each is onto the span of the features; what is thrown away is orthogonal to Psi. For VE that is the orthogonal
projection in the norm weighted by mu, for the others an oblique one: the span is the same and the direction differs.

Why: with L = I - gamma P_pi the mean rewards are r = L q_pi. For the TD fixed point

.. math:: b - A w = X^\top D (r - L X w) = -\Psi_{\mathrm{TD}}^\top (X w - q_\pi)

and BE is the square of the norm of L (X w - q_pi), so half its gradient is X' L' D L (X w - q_pi), which is Psi' (X w -
q_pi) for the Psi of BE. Both vanish where the error X w - q_pi is orthogonal to Psi, and that is the projection.

So neither sees q_pi better than its Psi allows. Where q_pi can be represented, all three agree, for a projection onto
the span leaves it where it is. Where every pair is visited, for BE the matrix Psi' X = (L X)' D (L X) is positive
definite, and the minimiser is the only one. For TD it is A, which may be singular off-policy, and then the direction
lies in the span itself: near such a case the TD fixed point is arbitrarily far from q_pi.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, solve
from bellcheck.mdp.linear_algebra import identity, rank
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import mdps, policies, positive_distributions
from bellcheck.mdp.value_error import bellman_error

from ..assumptions import all_visited, independent_features
from ..claim import Claim, cite
from ..definitions import action_values
from ..features import independent_features as independent
from ..features import parameters
from ..mutants import key_matrices
from ..relation import Relation, all_of, equal, given
from ..weighted import weighted_square

oblique = Claim(
    id="semi-gradient.oblique",
    title="The TD fixed point and the minimiser of the Bellman error are oblique projections of q_pi",
    statement=(
        r"X w = X (\Psi^\top X)^{-1} \Psi^\top q_\pi,\quad \Psi_{\mathrm{TD}} = L^\top D X,\quad"
        r" \Psi_{\mathrm{BE}} = L^\top D L X,\quad L = I - \gamma P_\pi"
    ),
    subject="oblique-projection",
    needs=(independent_features, all_visited),
    uses=("semi-gradient.td-fixed-point",),
    sources=(cite("scherrer2010"),),
)

oblique.kept(
    independent_features,
    because="It is needed by the formula, which inverts Psi' X. With dependent features drop some of them: the span is"
    " the same, and so is the projection.",
)
oblique.kept(
    all_visited,
    because="It is needed by the formula for BE, to invert Psi' X. Let the first of two states lead to the second and"
    " alone be visited, with features 1 and 1/gamma: they are independent there, but L X is 0 there, so BE is the same"
    " at all w.",
)


# -------------------------------------------------------------------- for matrices of any size


def _symbols() -> tuple[Any, ...]:
    import sympy

    return sympy.symbols("X P D w q h", commutative=False)


def _transposed(expression: Any) -> Any:
    """Return the transpose of a sum of products of the symbols: each product backwards, D unchanged."""
    import sympy

    parts = []
    for term in sympy.Add.make_args(sympy.expand(expression)):
        numbers, matrices = term.args_cnc()
        parts.append(sympy.Mul(*numbers, *(_mirror(matrix) for matrix in reversed(matrices))))
    return sympy.Add(*parts)


def _mirror(matrix: Any) -> Any:
    import sympy

    name = matrix.name
    other = name if name == "D" else name.removesuffix("'") if name.endswith("'") else f"{name}'"
    return sympy.Symbol(other, commutative=False)


def _both(*, exchanged: bool) -> list[tuple[Any, Any]]:
    """Return b - A w beside -Psi' (X w - q), and half the slope of BE in the direction h beside h' Psi' (X w - q)."""
    import sympy

    X, P, D, w, q, h = _symbols()
    L = 1 - sympy.Symbol("gamma") * P
    psi_td, psi_be = _transposed(L) * D * X, _transposed(L) * D * L * X
    if exchanged:
        psi_td, psi_be = psi_be, psi_td
    error = X * w - q
    update = _transposed(X) * D * (L * q) - _transposed(X) * D * L * X * w
    # The product of the moved and the unmoved error is a number, and so its own transpose: it counts twice.
    slope = _transposed(L * X * h) * D * L * error
    pairs = [(update, -_transposed(psi_td) * error), (slope, _transposed(h) * _transposed(psi_be) * error)]
    return [(sympy.expand(left), sympy.expand(right)) for left, right in pairs]


@oblique.symbolic()
def both_are_orthogonality_to_psi(projection: Any) -> Relation:
    """Products of matrices of any shapes that fit: symbols that do not commute, D = D', r = (I - gamma P) q."""
    return all_of(equal(left, right) for left, right in _both(exchanged=False))


@oblique.too_strong(beside=both_are_orthogonality_to_psi)
def either_psi_does(projection: Any) -> Relation:
    """With the two exchanged; refuted by matrices of one entry: one pair that leads back, at discount 1/2."""
    import sympy

    def numbers(expression: Any) -> Any:
        of = {"gamma": sympy.Rational(1, 2), "w": 0}
        return expression.subs({symbol: of.get(symbol.name, 1) for symbol in expression.free_symbols})

    return all_of(equal(numbers(left), numbers(right)) for left, right in _both(exchanged=True))


# -------------------------------------------------------------------- in rationals

_models = mdps(max_states=3, max_actions=2)


def _psi(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array, Array]:
    """Return L = I - gamma P_pi, and Psi of TD and of BE."""
    # A table with all weights 1 has the key matrix L.
    L, _ = key_matrix(mdp, policy, mdp.table(1), identity(mdp.n_pairs))
    weights = mu[:, None]
    return L, L.T @ (weights * features), L.T @ (weights * (L @ features))


@oblique.exact(mdp=_models, policy=policies, mu=positive_distributions, features=independent(2))
def td_fixed_point_is_a_projection(
    projection: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array
) -> Relation:
    """X A^-1 b, where A is invertible."""
    _, psi, _ = _psi(mdp, policy, mu, features)
    return _td_is_projected_by(projection, psi, mdp, policy, mu, features)


def _td_is_projected_by(
    projection: Any, psi: Array, mdp: FiniteMDP, policy: Array, mu: Array, features: Array
) -> Relation:
    A, b = key_matrix(mdp, policy, mu, features)
    solvable = equal(rank(A), len(b))
    if not solvable.holds:
        return given(solvable, solvable)
    return given(solvable, equal(features @ solve(A, b), projection(features, psi) @ action_values(mdp, policy)))


oblique.refutes(key_matrices.orthogonal_projection, by=td_fixed_point_is_a_projection)


@oblique.too_strong(beside=td_fixed_point_is_a_projection)
def td_fixed_point_is_along_the_other_psi(
    projection: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array
) -> Relation:
    """With the Psi of BE."""
    _, _, psi = _psi(mdp, policy, mu, features)
    return _td_is_projected_by(projection, psi, mdp, policy, mu, features)


def _pythagoras(values: Array, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array) -> Relation:
    """Compare BE at X w with that of its minimiser, and the square of L times their distance."""
    L, _, _ = _psi(mdp, policy, mu, features)
    there, least = (bellman_error(mdp, mu, table, table, policy) for table in (features @ w, values))
    return equal(there - least, weighted_square(mu, L @ (features @ w - values)))


@oblique.exact(mdp=_models, policy=policies, mu=positive_distributions, features=independent(2), w=parameters)
def minimiser_of_be_is_a_projection(
    projection: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """Elsewhere BE is larger by the square of a norm, so the projection has the least."""
    _, _, psi = _psi(mdp, policy, mu, features)
    values = projection(features, psi) @ action_values(mdp, policy)
    return _pythagoras(values, mdp, policy, mu, features, w)


oblique.refutes(key_matrices.orthogonal_projection, by=minimiser_of_be_is_a_projection)


@oblique.too_strong(beside=minimiser_of_be_is_a_projection)
def minimiser_of_be_is_the_td_fixed_point(
    projection: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """With the Psi of TD."""
    A, b = key_matrix(mdp, policy, mu, features)
    solvable = equal(rank(A), len(b))
    if not solvable.holds:
        return given(solvable, solvable)
    return given(solvable, _pythagoras(features @ solve(A, b), mdp, policy, mu, features, w))
