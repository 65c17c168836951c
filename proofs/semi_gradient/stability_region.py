r"""The expected update converges for small steps exactly if A's eigenvalues lie in the right half-plane, 0 apart.

.. math::
    w \leftarrow w + \alpha\,(b - A w) \ \text{converges from every}\ w \iff
    b \in \operatorname{range} A, \quad 0 \ \text{is semisimple or no eigenvalue}, \quad
    \lvert 1 - \alpha \lambda \rvert < 1 \ \text{for all other eigenvalues}\ \lambda

    \lvert 1 - \alpha \lambda \rvert < 1 \iff \alpha < 2 \operatorname{Re} \lambda / \lvert \lambda \rvert^2

So some step size converges if and only if every eigenvalue other than 0 has a positive real part (0 being semisimple,
and b in the range), and then every smaller one does: all those below the least 2 Re(lambda) / |lambda|^2.

Why: what is left to correct, g = b - A w, follows g <- (I - alpha A) g, and w moves by alpha g. If b is outside the
range of A, the part of g outside never changes, and w drifts. If b is inside, g stays in the range, where it can begin
anywhere; so w converges exactly if the powers of I - alpha A vanish there. On its range A has the eigenvalues other
than 0, and 0 itself as well unless that is semisimple. For the last line multiply out

.. math:: \lvert 1 - \alpha \lambda \rvert^2 = 1 - 2 \alpha \operatorname{Re} \lambda + \alpha^2 \lvert \lambda \rvert^2

All of this is decided in rationals, twice. The subject looks at the characteristic polynomial, by Routh's table. The
check restricts A to its range, to a matrix C, and asks whether M' H M - H = -I, with M = I - alpha C, has a solution H
that is positive definite; this is so exactly if the powers of M vanish, for H is the sum of the M'^k M^k. It also finds
a step size that is small enough: with C' H + H C = I, each one below 1 / trace(C' H C) lets the square of the H-norm of
g fall.

The diagonal of A does not tell: ((1, 2), (2, 1)) has a positive one, and the eigenvalue -1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, solve
from bellcheck.mdp.draws import below, one_of
from bellcheck.mdp.linear_algebra import identity, inverse, ldl, rank
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import distributions, mdps, policies
from bellcheck.mdp.strategies_on_models import tied_to

from ..claim import Claim, cite
from ..draws import symbolic_number
from ..features import features
from ..mutants import stability as mutants
from ..relation import Relation, all_of, equal, given, less_than
from ..stability import small_steps_converge

stability_region = Claim(
    id="semi-gradient.stability-region",
    title="The expected update converges for small steps iff A's eigenvalues other than 0 have positive real parts",
    statement=(
        r"\lvert 1 - \alpha \lambda \rvert < 1 \iff \alpha < 2 \operatorname{Re} \lambda / \lvert \lambda \rvert^2"
        r" \quad \text{for all eigenvalues}\ \lambda \ne 0\ \text{of}\ A"
    ),
    subject="stability",
    uses=("semi-gradient.key-matrix",),
    sources=(cite("sutton2018", "section 9.4"),),
)


# -------------------------------------------------------------------- one eigenvalue


def _positive(reals: Any) -> Any:
    number = symbolic_number("alpha", 0)(reals)
    reals.assume(number != 0)
    return number


@stability_region.all_reals(x=symbolic_number("x"), y=symbolic_number("y"), step_size=_positive)
def modulus_is_below_one_up_to_the_end(converges: Any, x: Any, y: Any, step_size: Any) -> Relation:
    """For lambda = x + i y, in both directions, the second one multiplied by the square of the modulus."""
    below_one = less_than((1 - step_size * x) ** 2 + (step_size * y) ** 2, x * 0 + 1)
    before_the_end = less_than(step_size * (x * x + y * y), 2 * x)
    return all_of([given(below_one, before_the_end), given(before_the_end, below_one)])


@stability_region.too_strong(beside=modulus_is_below_one_up_to_the_end)
def right_half_plane_suffices(converges: Any, x: Any, y: Any, step_size: Any) -> Relation:
    """Whatever the step size."""
    return given(less_than(x * 0, x), less_than((1 - step_size * x) ** 2 + (step_size * y) ** 2, x * 0 + 1))


# -------------------------------------------------------------------- the iteration on the range of A


def _on_the_range(A: Array) -> tuple[Array, Array]:
    """Return R, whose columns are a basis of the range of A, and C with A R = R C."""
    rows, n_independent = fmpq_mat(len(A), len(A), list(A.T.flat)).rref()
    R = exact_array(rows.entries()).reshape(A.shape)[: int(n_independent)].T
    return R, inverse(R.T @ R) @ R.T @ A @ R


def _really_converges(A: Array, b: Array, step_size: fmpq) -> bool:
    """Whether b is in the range, and the powers of I - alpha A vanish there."""
    R, C = _on_the_range(A)
    n = len(C)
    if rank(np.column_stack([R, b])) > n:
        return False
    if n == 0:
        return True
    M = identity(n) - step_size * C
    H = _solution(np.kron(identity(n), identity(n)) - np.kron(M.T, M.T), n)
    return H is not None and bool((ldl(H)[1] > 0).all())


def _solution(system: Array, n: int) -> Array | None:
    """Return the matrix H with system times its rows in a line = the identity's; None if there is not just one."""
    if rank(system) < n * n:
        return None
    return solve(system, identity(n).reshape(-1)).reshape(n, n)


def _small_step(A: Array) -> fmpq | None:
    """Return a step size that is small enough if any is: None if no H with C' H + H C = I is positive definite."""
    _, C = _on_the_range(A)
    n = len(C)
    if n == 0:
        return fmpq(1)
    H = _solution(np.kron(C.T, identity(n)) + np.kron(identity(n), C.T), n)
    if H is None or not (ldl(H)[1] > 0).all():
        return None
    return 1 / (1 + (C.T @ H @ C).trace())


STEP_SIZES = exact_array(["1/2", 1, "1/4", 2, "1/10", "2/3", 4, "1/100"])


@tied_to("numbers")
@st.composite
def _square_matrices(draw: st.DrawFn) -> Array:
    pick = below(draw)
    n = 1 + pick(3)
    entries = exact_array([0, 1, -1, 2, -2, 3]) if pick(2) else exact_array([0, 1])
    return exact_array(one_of(pick, entries) for _ in range(n * n)).reshape(n, n) + pick(3) * identity(n)


@tied_to("numbers")
@st.composite
def _right_sides(draw: st.DrawFn, A: Array) -> Array:
    """In the range of A two times out of three."""
    pick = below(draw)
    b = exact_array(one_of(pick, (0, 1, 2, -1)) for _ in range(len(A)))
    return A @ b if pick(3) else b


_steps = st.integers(0, len(STEP_SIZES) - 1).map(lambda position: STEP_SIZES[position])


@stability_region.exact(A=_square_matrices(), b=_right_sides, step_size=_steps)
def polynomial_decides(converges: Any, A: Array, b: Array, step_size: fmpq) -> Relation:
    """For any matrix: the verdict of the polynomial is that of the iteration on the range."""
    return equal(int(converges(A, b, step_size)), int(_really_converges(A, b, step_size)))


stability_region.refutes(mutants.positive_diagonal, by=polynomial_decides)
stability_region.refutes(mutants.half_plane_alone, by=polynomial_decides)
stability_region.refutes(mutants.zeros_overlooked, by=polynomial_decides)


@stability_region.too_strong(beside=polynomial_decides)
def smaller_steps_do_not_help(converges: Any, A: Array, b: Array, step_size: fmpq) -> Relation:
    """A step size may be too large, and a tenth of it right."""
    return equal(int(converges(A, b, step_size)), int(_really_converges(A, b, step_size / 10)))


# -------------------------------------------------------------------- the matrices of evaluation


@stability_region.exact(
    mdp=mdps(max_states=3, max_actions=2), policy=policies, mu=distributions, features=features(2), step_size=_steps
)
def half_plane_decides_for_small_steps(
    converges: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, step_size: fmpq
) -> Relation:
    """A key matrix with any weights: if the half-plane says so, the small step converges, and else no step does."""
    A, b = key_matrix(mdp, policy, mu, features)
    tried = _small_step(A) or step_size
    return equal(int(converges(A, b, tried)), int(small_steps_converge(A, b)))


stability_region.refutes(mutants.positive_diagonal, by=half_plane_decides_for_small_steps)
stability_region.refutes(mutants.backwards, by=half_plane_decides_for_small_steps)
