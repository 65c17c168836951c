r"""Printed: in the limit gamma to 1 the Bellman error of the second process is least at (-1/2, 0). It is (-1/3, 1/6).

An erratum to Sutton and Barto 2018, Example 11.4, page 276. The process: A leads to B or B' and pays 0, evenly; B leads
to A and pays 1; B' leads to B or B' and pays -1, evenly. B and B' share a weight, w = (a, b), and each state has a
third of the time:

.. math::
    3 \, \mathrm{BE}(a, b) = (\gamma b - a)^2 + (1 + \gamma a - b)^2 + (-1 + \gamma b - b)^2

**What is true.** For every gamma < 1 the one minimiser is

.. math::
    w^* = \frac{(-\gamma, \, \gamma/2)}{1 + \gamma + \gamma^2}
        = \Bigl(-\frac13, \frac16\Bigr) + \frac{(1 - \gamma)^2}{6 \, (1 + \gamma + \gamma^2)} \, (2, -1)
        \longrightarrow \Bigl(-\frac13, \frac16\Bigr)

**Derivation.** Setting both derivatives to 0 gives

.. math::
    (1 + \gamma^2) \, a - 2 \gamma \, b + \gamma = 0, \qquad
    -2 \gamma \, a + (2 - 2 \gamma + 2 \gamma^2) \, b - \gamma = 0

of which w* is a solution; and the Hessian of BE has the determinant

.. math:: \tfrac89 (1 - \gamma)^2 (1 + \gamma + \gamma^2)

and the first entry 2 (1 + gamma^2) / 3, both positive, so there is no other. To see it at a glance, add the two: along
(1, 1) the derivative of BE is

.. math:: \tfrac23 (1 - \gamma)^2 (a + 2b)

and so the minimiser has a + 2b = 0 at every gamma < 1. The printed point has a + 2b = -1/2. There

.. math::
    \nabla \mathrm{BE}(-\tfrac12, 0) = \bigl(-\tfrac13 (1 - \gamma)^2, \, 0\bigr), \qquad
    \mathrm{BE}(-\tfrac12, 0) - \mathrm{BE}(w^*)
        = \frac{(1 - \gamma)^2 (1 - \gamma + \gamma^2)}{12 \, (1 + \gamma + \gamma^2)}

which is 0 for no gamma < 1.

**At discount 1** nothing changes if a constant is added to both weights. There the minimisers of BE are a whole line:

.. math:: (-\tfrac12, 0) + c \, (1, 1)

(-1/2, 0) is one of them, the one with b = 0, and (-1/3, 1/6) another, with c = 1/6. A minimiser at the limit need not
be the limit of the minimisers, and this one is not. For gamma near 1 the line is the floor of a valley, higher at
(-1/2, 0) than at w* by about (1 - gamma)^2 / 36: at gamma = 99/100 by less than 3 millionths.

**Suggested wording.** For "the minimizing w is a complicated function of gamma, but in the limit": "the minimizing w is
(-gamma, gamma/2) / (1 + gamma + gamma^2); in the limit, as gamma tends to 1, it is (-1/3, 1/6)". The next paragraph of
the book explains a value of about -1/2 for A by one of about 0 for B; its argument stands with -1/3 and 1/6. On leaving
A the error asks for a = b = 1/6, on entering A from B for a = b - 1 = -5/6; half-way lies -1/3, with errors of 1/2 both
times. Nor does the point of the example change: the first process has its minimiser at 0 and the same data
(semi-gradient.be-not-learnable).
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import twin_features, twin_process

from ..assumptions import discounted
from ..claim import Claim, cite
from ..quadratics import slope, stationary_point
from ..relation import Relation, all_of, equal, given
from ..twins import on_process

be_minimiser_limit = Claim(
    id="folklore.be-minimiser-limit",
    title='"The Bellman error of Example 11.4 is least at (-1/2, 0) in the limit gamma to 1"',
    statement=r"\lim_{\gamma \to 1} \operatorname{argmin}_w \mathrm{BE}_{\text{right}}(w) = (-\tfrac12, 0)",
    subject="bellman-error",
    needs=(discounted,),
    uses=("semi-gradient.be-not-learnable",),
    sources=(cite("sutton2018", "Example 11.4, p. 276"),),
    expected="refuted",
)

PRINTED, TRUE = exact_array(["-1/2", 0]), exact_array(["-1/3", "1/6"])


# -------------------------------------------------------------------- in symbols


def _in_symbols(BE: Any) -> tuple[Any, Any, Any, Any]:
    """Return BE as a polynomial, and its variables gamma, a and b."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    return on_process(BE, "right", discount, (a, b)), discount, a, b


def _minimiser(BE: Any) -> dict[Any, Any]:
    import sympy

    error, _, a, b = _in_symbols(BE)
    stationary: dict[Any, Any] = sympy.solve([sympy.diff(error, w) for w in (a, b)], [a, b])
    return stationary


@be_minimiser_limit.symbolic()
def minimiser_tends_to_the_printed_point(BE: Any) -> Relation:
    """The limit of the solution of both stationarity equations as gamma tends to 1."""
    import sympy

    _, discount, a, b = _in_symbols(BE)
    limit = [sympy.limit(_minimiser(BE)[w], discount, 1) for w in (a, b)]
    return equal(limit, [sympy.Rational(-1, 2), sympy.Integer(0)])


@be_minimiser_limit.truth(beside=minimiser_tends_to_the_printed_point)
def minimiser_tends_to_a_third_and_a_sixth(BE: Any) -> Relation:
    """The polynomial, its only stationary point, the two forms of it, its limit; and BE there and at the printed point.

    A quadratic whose Hessian has positive leading minors has no other stationary point, and it is least there.
    """
    import sympy

    error, discount, a, b = _in_symbols(BE)
    found, S = _minimiser(BE), 1 + discount + discount**2
    far = (1 - discount) ** 2
    hessian = sympy.hessian(error, (a, b))
    third, sixth = sympy.Rational(1, 3), sympy.Rational(1, 6)
    written_out = (discount * b - a) ** 2 + (1 + discount * a - b) ** 2 + (-1 + discount * b - b) ** 2
    printed = {a: sympy.Rational(-1, 2), b: sympy.Integer(0)}
    return all_of(
        [
            equal(3 * error, written_out),
            equal(
                [sympy.Rational(3, 2) * sympy.diff(error, w) for w in (a, b)],
                [
                    (1 + discount**2) * a - 2 * discount * b + discount,
                    -2 * discount * a + (2 - 2 * discount + 2 * discount**2) * b - discount,
                ],
            ),
            equal([found[a], found[b]], [-discount / S, discount / (2 * S)]),
            equal([found[a], found[b]], [-third + far / (3 * S), sixth - far / (6 * S)]),
            equal([hessian[0, 0], hessian.det()], [2 * (1 + discount**2) / 3, 8 * far * S / 9]),
            equal([sympy.limit(found[w], discount, 1) for w in (a, b)], [-third, sixth]),
            equal(error.subs(found), (discount + 2) ** 2 / (6 * S)),
            equal(error.subs(printed) - error.subs(found), far * (1 - discount + discount**2) / (12 * S)),
        ]
    )


# -------------------------------------------------------------------- at discounts below 1, in rationals


def _bellman_error(BE: Any, discount: fmpq) -> Any:
    """Return w -> BE(w) on the right process."""
    mdp, features, thirds = twin_process("right", discount), twin_features("right"), exact_array(["1/3"] * 3)
    return lambda w: BE(mdp, thirds, features @ w, features @ w)


def _discounts() -> st.SearchStrategy[fmpq]:
    """Return discounts in [0, 1), some of them near 1."""
    return st.integers(0, 99).map(lambda n: fmpq(n, 100)) | st.integers(1, 20).map(lambda n: 1 - fmpq(1, 2**n))


@be_minimiser_limit.exact(discount=_discounts())
def printed_point_is_stationary(BE: Any, discount: fmpq) -> Relation:
    """What a minimiser must be: BE has no slope there."""
    return equal(slope(_bellman_error(BE, discount), PRINTED), exact_array([0, 0]))


@be_minimiser_limit.truth(beside=printed_point_is_stationary)
def printed_point_has_a_slope(BE: Any, discount: fmpq) -> Relation:
    """It is (-(1 - gamma)^2 / 3, 0), and along (1, 1) anywhere 2/3 (1 - gamma)^2 (a + 2b); at w* alone it is 0."""
    error, far = _bellman_error(BE, discount), (1 - discount) * (1 - discount)
    minimiser = exact_array([-discount, discount / 2]) / (1 + discount + discount * discount)
    return all_of(
        [
            equal(slope(error, PRINTED), exact_array([-far / 3, 0])),
            equal(stationary_point(error, 2), minimiser),
            *(equal(slope(error, w).sum(), 2 * far / 3 * (w[0] + 2 * w[1])) for w in (PRINTED, TRUE, minimiser)),
        ]
    )


# -------------------------------------------------------------------- at discount 1


def _points() -> st.SearchStrategy[Array]:
    """Return points of the plane: multiples of 1/6, on the line through the printed point and off it."""
    sixths = st.integers(-12, 12).map(lambda n: fmpq(n, 6))
    return sixths.map(lambda c: PRINTED + c) | st.tuples(sixths, sixths).map(exact_array)


@be_minimiser_limit.exact(w=_points())
def printed_point_alone_is_least(BE: Any, w: Array) -> Relation:
    """Where BE is as small as at the printed point, that point is."""
    error = _bellman_error(BE, exact(1))
    return given(equal(error(w), error(PRINTED)), equal(w, PRINTED))


@be_minimiser_limit.truth(beside=printed_point_alone_is_least)
def valley_is_flat(BE: Any, w: Array) -> Relation:
    """BE is a function of b - a alone, least at 1/2: on the line through both points, (-1/3, 1/6) being c = 1/6."""
    error, off = _bellman_error(BE, exact(1)), w[1] - w[0] - fmpq(1, 2)
    return all_of(
        [
            equal(error(w), fmpq(1, 2) + fmpq(2, 3) * off * off),
            equal(error(TRUE), error(PRINTED)),
            equal(TRUE, PRINTED + fmpq(1, 6)),
        ]
    )
