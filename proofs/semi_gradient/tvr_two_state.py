r"""Two states of values theta and 2 theta: whether TD learning is stable depends on how often each is updated.

.. math::
    A = 4 (1 - \gamma) - m (3 - 2 \gamma), \qquad
    \theta \leftarrow (1 - \alpha A) \, \theta

The first state leads to the second, the second to itself, and all rewards are 0; the first is updated in the share m of
all steps. The true values are 0, which theta = 0 represents.

Why: an update in the first state has the error gamma 2 theta - theta and the slope 1, one in the second the error
gamma 2 theta - 2 theta and the slope 2. Hence

.. math:: -A = m (2 \gamma - 1) + (1 - m) \, 2 \, (2 \gamma - 2)

*An update in the first state* alone multiplies theta by 1 + alpha (2 gamma - 1): for alpha <= 2, away from the truth
exactly if gamma > 1/2. It raises the estimate of the first state to meet that of the second, and takes the second
along.

*On average* theta grows at every step size if m > 4 (1 - gamma) / (3 - 2 gamma), and shrinks for alpha <= 1/4 if m is
below. Updated alike, m = 1/2: it grows exactly if gamma > 5/6. The process itself spends all its time in the second
state: m = 0 and A = 4 (1 - gamma) > 0, so that TD learning on its own path is stable at every discount below 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import w_to_2w
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim, Proved, cite
from ..draws import symbolic_number
from ..in_symbols import object_array
from ..mutants import gradient as mutants
from ..mutants.kinks import residual_for_semi
from ..relation import Relation, all_of, at_most, equal, given, less_than

tvr_two_state = Claim(
    id="semi-gradient.tvr-two-state",
    title="With values theta and 2 theta, updated alike, the expected semi-gradient diverges iff gamma > 5/6",
    statement=r"A = 4 (1 - \gamma) - m (3 - 2 \gamma)",
    subject="key-matrix",
    sources=(cite("tsitsiklis1996"), cite("sutton2018", "section 11.2", verified=False)),
    proved_in=(Proved("Lean", "prove2me/formalpedia", "OffPolicy.w_to_2w_diverges"),),
)


def _evaluated(discount: Any) -> tuple[FiniteMDP, Array, Array]:
    """Return the model, its only policy and the features, in the arithmetic of the discount."""
    one = 0 * discount + 1
    model = replace(
        w_to_2w(0), probability=object_array([one, one]), reward=object_array([0 * one] * 2), discount=discount
    )
    return model, object_array([one, one]), object_array([one, 2 * one]).reshape(2, 1)


def _key(key_matrix: Any, discount: Any, weight: Any) -> Any:
    """Return A where the first state has that weight among the updates."""
    model, policy, features = _evaluated(discount)
    A, _ = key_matrix(model, policy, object_array([weight, 1 - weight]), features)
    return A[0, 0]


# -------------------------------------------------------------------- the formulas


@tvr_two_state.symbolic()
def key_matrix_is_the_formula(key_matrix: Any) -> Relation:
    """A in gamma and m; where it is 0, for any m and for m = 1/2; and A for m = 0."""
    import sympy

    discount, m = sympy.symbols("gamma m")
    A = _key(key_matrix, discount, m)
    return all_of(
        [
            equal(A, 4 * (1 - discount) - m * (3 - 2 * discount)),
            equal(A.subs(m, 4 * (1 - discount) / (3 - 2 * discount)), sympy.Integer(0)),
            equal(A.subs({m: sympy.Rational(1, 2), discount: sympy.Rational(5, 6)}), sympy.Integer(0)),
            equal(A.subs(m, 0), 4 * (1 - discount)),
        ]
    )


tvr_two_state.refutes(mutants.undiscounted_key_matrix, by=key_matrix_is_the_formula)
tvr_two_state.refutes(mutants.residual_key_matrix, by=key_matrix_is_the_formula)


@tvr_two_state.too_strong(beside=key_matrix_is_the_formula)
def threshold_of_equal_updates_is_one_half(key_matrix: Any) -> Relation:
    """Updated alike, A would vanish at gamma = 1/2, as for the first state alone; it is 1 there."""
    import sympy

    half = sympy.Rational(1, 2)
    return equal(_key(key_matrix, half, half), sympy.Integer(0))


@tvr_two_state.symbolic(of="semi-gradient-rule")
def one_update_is_the_formula(rule: Any) -> Relation:
    """After an update in the first state theta is (1 + alpha (2 gamma - 1)) theta."""
    import sympy

    discount, step_size, theta = sympy.symbols("gamma alpha theta")
    model, policy, features = _evaluated(discount)
    (after,) = rule(model, LinearQ(features), object_array([theta]), 0, step_size, policy)
    return equal(after, (1 + step_size * (2 * discount - 1)) * theta)


tvr_two_state.refutes(residual_for_semi, by=one_update_is_the_formula)


# -------------------------------------------------------------------- what grows


_discounts = st.sampled_from(exact_array(["5/6", "1/2", "9/10", "0", "99/100", "3/4", "2/3", "1"]))
_weights = st.sampled_from(exact_array(["1/2", "0", "1", "1/3", "2/3", "1/10"]))
_step_sizes = st.sampled_from(exact_array(["1/4", "1/100", "1/10", "1", "3"]))


@tvr_two_state.all_reals(
    discount=symbolic_number("discount", 0, 1),
    weight=symbolic_number("m", 0, 1),
    step_size=symbolic_number("step_size", 0),
)
@tvr_two_state.exact(discount=_discounts, weight=_weights, step_size=_step_sizes)
def theta_grows_beyond_the_threshold(key_matrix: Any, discount: Any, weight: Any, step_size: Any) -> Relation:
    """Above the threshold the expected update moves theta = 1 away from 0; below it and up to alpha = 1/4, towards."""
    one = 0 * discount + 1
    after = one - step_size * _key(key_matrix, discount, weight)
    here, threshold = weight * (3 - 2 * discount), 4 * (1 - discount)
    moves = less_than(0 * step_size, step_size)
    return all_of(
        [
            given(all_of([moves, less_than(threshold, here)]), less_than(one, after)),
            given(
                all_of([moves, less_than(here, threshold), at_most(4 * step_size, one)]),
                all_of([at_most(0 * one, after), less_than(after, one)]),
            ),
        ]
    )


tvr_two_state.refutes(mutants.residual_key_matrix, by=theta_grows_beyond_the_threshold)
tvr_two_state.attained(
    "gamma = 0 on the process's own path: a step of 1/4 leads to 0",
    by=theta_grows_beyond_the_threshold,
    discount=fmpq(0),
    weight=fmpq(0),
    step_size=fmpq(1, 4),
)


@tvr_two_state.too_strong(beside=theta_grows_beyond_the_threshold)
def theta_grows_whatever_is_updated(key_matrix: Any, discount: Any, weight: Any, step_size: Any) -> Relation:
    """For gamma > 1/2 the single update grows; the expected one need not, for instance with m = 0."""
    one = 0 * discount + 1
    after = one - step_size * _key(key_matrix, discount, weight)
    growing = all_of([less_than(0 * step_size, step_size), less_than(one, 2 * discount)])
    return given(growing, less_than(one, after))


@tvr_two_state.all_reals(
    of="semi-gradient-rule", discount=symbolic_number("discount", 0, 1), step_size=symbolic_number("step_size", 0, 1)
)
@tvr_two_state.exact(of="semi-gradient-rule", discount=_discounts, step_size=_step_sizes)
def one_update_grows_beyond_one_half(rule: Any, discount: Any, step_size: Any) -> Relation:
    """An update in the first state moves theta = 1 away from 0 for gamma > 1/2; up to alpha = 1 not away, otherwise."""
    one = 0 * discount + 1
    model, policy, features = _evaluated(discount)
    (after,) = rule(model, LinearQ(features), object_array([one]), 0, step_size, policy)
    moves = less_than(0 * step_size, step_size)
    return all_of(
        [
            given(all_of([moves, less_than(one, 2 * discount)]), less_than(one, after)),
            given(
                all_of([at_most(2 * discount, one), at_most(step_size, one)]),
                all_of([at_most(0 * one, after), at_most(after, one)]),
            ),
        ]
    )


tvr_two_state.refutes(residual_for_semi, by=one_update_grows_beyond_one_half)
tvr_two_state.attained(
    "gamma = 1/2: in the first state estimate and target agree at every theta",
    by=one_update_grows_beyond_one_half,
    discount=fmpq(1, 2),
    step_size=fmpq(1),
)


@tvr_two_state.too_strong(beside=one_update_grows_beyond_one_half)
def one_update_grows_at_every_discount(rule: Any, discount: Any, step_size: Any) -> Relation:
    """At gamma <= 1/2 it does not."""
    one = 0 * discount + 1
    model, policy, features = _evaluated(discount)
    (after,) = rule(model, LinearQ(features), object_array([one]), 0, step_size, policy)
    return given(less_than(0 * step_size, step_size), less_than(one, after))
