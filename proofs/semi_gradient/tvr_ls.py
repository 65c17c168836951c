r"""Value iteration with an exact least-squares fit after each sweep may diverge, though the true values are in reach.

.. math:: w_{k+1} = \tfrac{6 - 4 \varepsilon}{5} \, \gamma \, w_k, \qquad
          \lvert w_k \rvert \to \infty \iff \gamma > \frac{5}{6 - 4 \varepsilon} \quad (w_0 \ne 0)

Two states of values w and 2w: the first leads to the second, and the second to itself or, with probability epsilon, to
the end. All rewards are 0.

Why: the sweep asks for gamma 2 w in the first state and (1 - epsilon) gamma 2 w in the second. The w' that makes the
sum of squares

.. math:: (w' - 2 \gamma w)^2 + (2 w' - 2 (1 - \varepsilon) \gamma w)^2

smallest solves 5 w' = 2 gamma w + 4 (1 - epsilon) gamma w. Since gamma < 1, this can only diverge for epsilon < 1/4.

There is no step size in this, no sampling and no gradient: every fit is exact. So the divergence of semi-gradients on
these two states (semi-gradient.tvr-two-state, the same threshold 5/6 for epsilon = 0) is no matter of steps that are
too long. The fit weighs both states alike and reduces the error where it is small (w) at the expense of where it is
large (2w): in that norm the backup is no contraction. With an averager in place of least squares the same iteration
converges (deep-q.fqi-averager).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import w_to_2w
from bellcheck.mdp.linear_algebra import weighted_projection
from bellcheck.mdp.model import FiniteMDP

from ..claim import Claim, Proved, cite
from ..draws import symbolic_number
from ..in_symbols import object_array
from ..mutants import deep_q as mutants
from ..mutants.kinks import unmasked_sweep
from ..relation import Relation, all_of, at_most, equal, given, less_than

tvr_ls = Claim(
    id="semi-gradient.tvr-ls",
    title="Value iteration with exact least squares diverges on two states iff gamma > 5 / (6 - 4 epsilon)",
    statement=r"w_{k+1} = \tfrac{6 - 4 \varepsilon}{5} \gamma w_k",
    subject="fitted-operator",
    uses=("semi-gradient.tvr-two-state",),
    sources=(cite("tsitsiklis1996"), cite("sutton2018", "(11.10), Example 11.1")),
    proved_in=(Proved("Lean", "prove2me/formalpedia", "OffPolicy.tsitsiklis_van_roy_divergence"),),
)


def _two_states(discount: Any, end: Any) -> tuple[FiniteMDP, Array, Array]:
    """Return the model, the least-squares fit of both states alike and the features, in the arithmetic of numbers."""
    one = 0 * discount + 0 * end + 1
    model = replace(
        w_to_2w(0, end="1/2"),
        probability=object_array([one, one - end, one * end]),
        reward=object_array([0 * one] * 3),
        discount=discount,
    )
    fit = weighted_projection(exact_array([1, 2]).reshape(2, 1), exact_array(["1/2", "1/2"]))
    return (
        model,
        object_array([one * int(x.p) / int(x.q) for x in fit.flat]).reshape(2, 2),
        object_array([one, 2 * one]),
    )


@tvr_ls.symbolic()
def fit_multiplies_w(fitted: Any) -> Relation:
    """One sweep and fit, from any w; after it the derivative of the sum of squares is 0."""
    import sympy

    discount, end, w = sympy.symbols("gamma epsilon w")
    model, fit, features = _two_states(discount, end)
    after, fitted_values = sympy.Symbol("w'"), fitted(model, fit, features * w)
    asked = object_array([2 * discount * w, 2 * (1 - end) * discount * w])
    squares = ((features * after - asked) ** 2).sum()
    return all_of(
        [
            equal(fitted_values, features * (6 - 4 * end) * discount * w / 5),
            equal(sympy.diff(squares, after).subs(after, fitted_values[0]), sympy.Integer(0)),
        ]
    )


@tvr_ls.all_reals(discount=symbolic_number("discount", 0, 1), end=symbolic_number("epsilon", 0, 1))
@tvr_ls.exact(
    discount=st.sampled_from(exact_array(["9/10", "5/6", "1/2", "99/100", "0", "15/16", "1"])),
    end=st.sampled_from(exact_array(["0", "1/10", "1/4", "1", "1/20", "1/2"])),
)
def w_grows_beyond_the_threshold(fitted: Any, discount: Any, end: Any) -> Relation:
    """From w = 1: away from 0 above the threshold, towards 0 below it."""
    model, fit, features = _two_states(discount, end)
    one = features[0]
    after, factor = fitted(model, fit, features)[0], discount * (6 - 4 * end)
    return all_of(
        [
            given(less_than(5 * one, factor), less_than(one, after)),
            given(less_than(factor, 5 * one), all_of([at_most(0 * one, after), less_than(after, one)])),
        ]
    )


for _check in (fit_multiplies_w, w_grows_beyond_the_threshold):
    tvr_ls.refutes(mutants.fit_left_out, by=_check)
    tvr_ls.refutes(unmasked_sweep, by=_check)
tvr_ls.attained("gamma = 0: the fit of zeros", by=w_grows_beyond_the_threshold, discount=fmpq(0), end=fmpq(0))


@tvr_ls.too_strong(beside=w_grows_beyond_the_threshold)
def w_grows_beyond_five_sixths_whatever_the_end(fitted: Any, discount: Any, end: Any) -> Relation:
    """The threshold of epsilon = 0 for every epsilon."""
    model, fit, features = _two_states(discount, end)
    one = features[0]
    return given(less_than(5 * one, 6 * discount), less_than(one, fitted(model, fit, features)[0]))


@tvr_ls.too_strong(beside=w_grows_beyond_the_threshold)
def fit_after_a_contraction_is_a_contraction(fitted: Any, discount: Any, end: Any) -> Relation:
    """As if least squares were nonexpansive in the norm in which the backup contracts, that of the maximum."""
    model, fit, features = _two_states(discount, end)
    return at_most(fitted(model, fit, features)[1], discount * features[1])
