r"""No data can tell the Bellman error: two processes with the same observations have different ones.

.. math::
    \mathrm{BE}_{\text{left}}(0) = 0, \quad \mathrm{BE}_{\text{right}}(0) = 2/3, \qquad
    \mathrm{TDE}_{\text{left}}(w) = \mathrm{TDE}_{\text{right}}(w) \ \text{for all}\ w

Left: A leads to B and pays 0; B leads to A and pays 1 or to B and pays -1, evenly. Right: A leads to B or B' and pays
0, evenly; B leads to A and pays 1; B' leads to B or B' and pays -1, evenly. B and B' have the same feature, so what is
seen is a sequence of A, B and rewards, and it has the same law in both. Hence no function of the data converges to BE,
and nothing that is computed from data alone minimises it; TDE, whose expectation runs over what is seen, is the same.

Why BE differs: it squares the *mean* error of each state. On the left the errors +1 and -1 of B cancel before squaring;
on the right they belong to two states. The minimiser on the right is

.. math::
    w^* = (-\gamma, \gamma/2) / (1 + \gamma + \gamma^2), \qquad
    \mathrm{BE}(w^*) = \frac{(\gamma + 2)^2}{6\,(1 + \gamma + \gamma^2)}

with limit (-1/3, 1/6) as gamma tends to 1. The book prints (-1/2, 0) for that limit; there is an error in it. At gamma
= 1 itself BE does not change if a constant is added to all values, and (-1/2, 0) is one of infinitely many minimisers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.examples import twin_process
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.value_error import squared_td_error

from ..claim import Claim, Proved, cite
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, equal

be_not_learnable = Claim(
    id="semi-gradient.be-not-learnable",
    title="The Bellman error is not a function of the law of the data, and the TD error is",
    statement=r"\text{equal laws of observations},\quad \mathrm{BE}(0) = 0 \neq 2/3",
    subject="bellman-error",
    sources=(cite("sutton2018", "Example 11.4"),),
    proved_in=(Proved("Lean", "prove2me/formalpedia", "OffPolicy.bellman_error_not_learnable"),),
)

Side = Literal["left", "right"]
SEEN = {"A": 0, "B": 1, "B'": 1}
"""The weight that stands for each state: B and B' look the same."""
WEIGHTS = {"left": ("1/3", "2/3"), "right": ("1/3", "1/3", "1/3")}
"""The shares of time spent in the states; those of B and B' add up to the left one of B."""


def _array(entries: list[Any]) -> Array:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


def _at(objective: Any, side: Side, discount: Any, w: tuple[Any, Any]) -> Any:
    """Return an objective of one of the processes as an expression in the discount and the two weights."""
    import sympy

    model = twin_process(side, "0")
    symbolic = replace(
        model,
        probability=_array([sympy.Rational(str(p)) for p in model.probability]),
        reward=_array([sympy.Rational(str(r)) for r in model.reward]),
        discount=discount,
    )
    assert model.state_names is not None
    values = _array([w[SEEN[name]] for name in model.state_names])
    mu = _array([sympy.Rational(weight) for weight in WEIGHTS[side]])
    return objective(symbolic, mu, values, values)


def _right_minimiser(discount: Any) -> tuple[Any, Any]:
    return -discount / (1 + discount + discount**2), discount / 2 / (1 + discount + discount**2)


@be_not_learnable.symbolic()
def same_td_error_and_different_bellman_errors(BE: Any) -> Relation:
    """TDE agrees as a polynomial; BE is 0 and 2/3 at 0; on the right it is least at w*, with the stated value."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    right = _at(BE, "right", discount, (a, b))
    minimiser = dict(zip((a, b), _right_minimiser(discount), strict=True))
    least = (discount + 2) ** 2 / (6 * (1 + discount + discount**2))
    zero = (sympy.Integer(0), sympy.Integer(0))
    return all_of(
        [
            equal(_at(squared_td_error, "left", discount, (a, b)), _at(squared_td_error, "right", discount, (a, b))),
            equal(
                [_at(BE, side, discount, zero) for side in ("left", "right")], [sympy.Integer(0), sympy.Rational(2, 3)]
            ),
            equal([sympy.diff(right, w).subs(minimiser) for w in (a, b)], list(zero)),
            equal(right.subs(minimiser), least),
            # A quadratic whose Hessian has these leading minors, positive for gamma < 1, has no other stationary point.
            equal(_leading_minors(right, a, b), _expected_minors(discount)),
        ]
    )


def _leading_minors(expression: Any, a: Any, b: Any) -> list[Any]:
    import sympy

    hessian = sympy.hessian(expression, (a, b))
    return [hessian[0, 0], hessian.det()]


def _expected_minors(discount: Any) -> list[Any]:
    import sympy

    factor = sympy.Rational(4, 9) * (1 - discount) ** 2
    return [sympy.Rational(2, 3) * (1 + discount**2), 2 * factor * (1 + discount + discount**2)]


be_not_learnable.refutes(mutants.tde_for_be, by=same_td_error_and_different_bellman_errors)


@be_not_learnable.too_strong(beside=same_td_error_and_different_bellman_errors)
def minimiser_tends_to_the_printed_limit(BE: Any) -> Relation:
    """The book's limit (-1/2, 0) of the minimiser as gamma tends to 1."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    right = _at(BE, "right", discount, (a, b))
    stationary = sympy.solve([sympy.diff(right, w) for w in (a, b)], [a, b])
    limit = [sympy.limit(stationary[w], discount, 1) for w in (a, b)]
    return equal(limit, [sympy.Rational(-1, 2), sympy.Integer(0)])


@be_not_learnable.too_strong(beside=same_td_error_and_different_bellman_errors)
def printed_limit_is_stationary(BE: Any) -> Relation:
    """At (-1/2, 0) the derivatives of BE vanish at gamma = 1 alone."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    right = _at(BE, "right", discount, (a, b))
    printed = {a: sympy.Rational(-1, 2), b: sympy.Integer(0)}
    return equal([sympy.diff(right, w).subs(printed) for w in (a, b)], [sympy.Integer(0)] * 2)


# -------------------------------------------------------------------- the law of what is seen


def _law(side: Side, length: int, seen: dict[str, str]) -> dict[tuple[str, ...], fmpq]:
    """Return the probability of each sequence of observations and rewards of that many steps from A."""
    model: FiniteMDP = twin_process(side, 0)
    assert model.state_names is not None
    names = model.state_names
    paths: dict[tuple[int, tuple[str, ...]], fmpq] = {(0, ("A",)): fmpq(1)}
    for _ in range(length):
        longer: dict[tuple[int, tuple[str, ...]], fmpq] = {}
        for (state, path), chance in paths.items():
            for k in model.outcomes_of(state):
                after = int(model.next_state[k])
                key = after, (*path, str(model.reward[k]), seen[names[after]])
                longer[key] = longer.get(key, fmpq(0)) + chance * model.probability[k]
        paths = longer
    law: dict[tuple[str, ...], fmpq] = {}
    for (_, path), chance in paths.items():
        law[path] = law.get(path, fmpq(0)) + chance
    return law


def _equal_laws(length: int, seen: dict[str, str]) -> Relation:
    left, right = _law("left", length, seen), _law("right", length, seen)
    sequences = sorted({*left, *right})
    return equal(*(_array([law.get(path, fmpq(0)) for path in sequences]) for law in (left, right)))


@be_not_learnable.enumerated(length=st.integers(1, 8))
def data_have_one_law(BE: Any, length: int) -> Relation:
    """Every sequence of A, B and rewards has the same probability in both processes."""
    return _equal_laws(length, {"A": "A", "B": "B", "B'": "B"})


@be_not_learnable.too_strong(beside=data_have_one_law)
def states_have_one_law(BE: Any, length: int) -> Relation:
    """If B and B' could be told apart, the processes could."""
    return _equal_laws(length, {"A": "A", "B": "B", "B'": "B'"})
