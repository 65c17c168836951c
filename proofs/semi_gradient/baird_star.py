r"""On Baird's star the expected semi-gradient update diverges for every step size, exactly when gamma >= 15/17.

.. math::
    w \leftarrow w + \alpha\,(b - A w), \qquad A = X^\top D (I - \gamma P_\pi) X, \qquad D = I / 7

    \det(\lambda I - A) = \lambda\,(7\lambda - 4)^5\,
        \bigl(49\lambda^2 + (119\gamma - 105)\lambda + 26(1 - \gamma)\bigr) / 7^7

Seven states, eight weights, v_i = 2 w_i + w_8 for i <= 6 and v_7 = w_7 + 2 w_8; the target policy leads from every
state to the seventh, and all states are updated equally often.

Why the threshold: an error along an eigenvector is multiplied by 1 - alpha lambda in each step, and

.. math:: \lvert 1 - \alpha \lambda \rvert^2 = 1 - 2 \alpha \operatorname{Re} \lambda + \alpha^2 \lvert \lambda \rvert^2

exceeds 1 for every alpha > 0 where lambda is not 0 and its real part is not positive. The eigenvalues are 0, five
times 4/7, and a pair whose product is 26 (1 - gamma) / 49 and whose sum is (105 - 119 gamma) / 49. For gamma < 1 the
product is positive; so the pair lies in the right half-plane exactly if the sum is positive, which is gamma < 105/119
= 15/17. At 15/17 the pair is imaginary, and still every step size diverges.

All rewards are 0 and w = 0 is exact: what diverges can be represented. Weights of the target policy's own chain (all on
the seventh state) are stable at every discount; so it is the mismatch of weights and policy that does it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import baird_features
from bellcheck.mdp.examples import baird_star as star
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim, cite
from ..mutants import gradient as mutants
from ..relation import Relation, equal
from ..stability import small_steps_converge

baird_star = Claim(
    id="semi-gradient.baird-star",
    title="On Baird's star the expected semi-gradient diverges at every step size iff gamma >= 15/17",
    statement=r"w \leftarrow w + \alpha (b - A w) \ \text{diverges for all}\ \alpha > 0 \iff \gamma \ge 15/17",
    subject="key-matrix",
    sources=(cite("baird1995"), cite("sutton2018", "Fig. 11.1, (11.9)", verified=False)),
)

UNIFORM = ("1/7",) * 7
ON_POLICY = (0,) * 6 + (1,)
"""The stationary weights of the target policy, which never leaves the seventh state."""
CONVERGES, DIVERGES = "converges for small steps", "diverges for every step"


def _evaluated(discount: object) -> FiniteMDP:
    """Return the star under its target policy: one action a state, so that its pairs are its states."""
    solid = [(state, 1, [(1, 0, 6)]) for state in range(7)]
    return FiniteMDP.from_pairs(7, solid, discount, action_names=star().action_names)


def _symbols(values: Any) -> Array:
    import sympy

    array = np.empty(len(values), dtype=object)
    array[:] = [sympy.Rational(str(value)) for value in values]
    return array


def _characteristic_polynomial(key_matrix: Any, weights: tuple[object, ...], discount: Any, eigenvalue: Any) -> Any:
    import sympy

    model = _evaluated(0)
    model = replace(model, probability=_symbols(model.probability), reward=_symbols(model.reward), discount=discount)
    features = _symbols(baird_features().flat).reshape(7, 8)
    A, _ = key_matrix(model, _symbols([1] * 7), _symbols(weights), features)
    return sympy.Matrix(A).charpoly(eigenvalue).as_expr()


@baird_star.symbolic()
def characteristic_polynomial_is_the_printed_one(key_matrix: Any) -> Relation:
    """The polynomial of A in lambda and gamma, and its five-fold and simple roots."""
    import sympy

    x, discount = sympy.symbols("lambda gamma")
    pair = 49 * x**2 + (119 * discount - 105) * x + 26 * (1 - discount)
    printed = x * (7 * x - 4) ** 5 * pair / sympy.Integer(7) ** 7
    return equal(_characteristic_polynomial(key_matrix, UNIFORM, discount, x), printed)


baird_star.refutes(mutants.undiscounted_key_matrix, by=characteristic_polynomial_is_the_printed_one)
baird_star.refutes(mutants.residual_key_matrix, by=characteristic_polynomial_is_the_printed_one)


@baird_star.too_strong(beside=characteristic_polynomial_is_the_printed_one)
def on_policy_weights_change_nothing(key_matrix: Any) -> Relation:
    """With the weights of the target policy A has the one eigenvalue 5 (1 - gamma) beside 0: it is stable."""
    import sympy

    x, discount = sympy.symbols("lambda gamma")
    on_policy = _characteristic_polynomial(key_matrix, ON_POLICY, discount, x)
    return equal(on_policy, _characteristic_polynomial(key_matrix, UNIFORM, discount, x))


# -------------------------------------------------------------------- the threshold, decided in rationals


def discounts() -> st.SearchStrategy[fmpq]:
    """Discounts in [0, 1): the threshold itself, its neighbours 22/25 and 99/100, and multiples of 1/85."""
    around = st.sampled_from([exact(text) for text in ("15/17", "22/25", "99/100", "0")])
    # A wider range would also draw constants of whatever modules are loaded, as `bellcheck.mdp.draws` explains.
    return around | st.integers(0, 84).map(lambda n: fmpq(n, 85))


def behaviour_of_the_expected_update(key_matrix: Any, weights: tuple[object, ...], discount: fmpq) -> str:
    """Return whether small steps converge or every step diverges, with those weights of the states."""
    A, b = key_matrix(_evaluated(discount), exact_array([1] * 7), exact_array(weights), baird_features())
    return CONVERGES if small_steps_converge(A, b) else DIVERGES


@baird_star.exact(discount=discounts())
def diverges_from_fifteen_seventeenths_on(key_matrix: Any, discount: fmpq) -> Relation:
    """Some eigenvalue other than 0 has a real part that is not positive exactly if gamma >= 15/17."""
    expected = DIVERGES if discount >= exact("15/17") else CONVERGES
    return equal(behaviour_of_the_expected_update(key_matrix, UNIFORM, discount), expected)


baird_star.refutes(mutants.residual_key_matrix, by=diverges_from_fifteen_seventeenths_on)


@baird_star.too_strong(beside=diverges_from_fifteen_seventeenths_on)
def diverges_from_twenty_two_twenty_fifths_on(key_matrix: Any, discount: fmpq) -> Relation:
    """0.88 is below 15/17 = 0.882..., and there small steps converge."""
    expected = DIVERGES if discount >= exact("22/25") else CONVERGES
    return equal(behaviour_of_the_expected_update(key_matrix, UNIFORM, discount), expected)


@baird_star.too_strong(beside=diverges_from_fifteen_seventeenths_on)
def diverges_with_on_policy_weights(key_matrix: Any, discount: fmpq) -> Relation:
    """The discount alone does not decide: with the target policy's own weights the update is stable."""
    uniform = behaviour_of_the_expected_update(key_matrix, UNIFORM, discount)
    return equal(behaviour_of_the_expected_update(key_matrix, ON_POLICY, discount), uniform)
