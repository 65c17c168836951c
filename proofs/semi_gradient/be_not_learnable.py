r"""No data can tell the Bellman error: two processes with the same observations have different ones.

.. math::
    \mathrm{BE}_{\text{left}}(0) = 0, \quad \mathrm{BE}_{\text{right}}(0) = 2/3, \qquad
    \mathrm{TDE}_{\text{left}}(w) = \mathrm{TDE}_{\text{right}}(w) \ \text{for all}\ w

Left: A leads to B and pays 0; B leads to A and pays 1 or to B and pays -1, evenly. Right: A leads to B or B' and pays
0, evenly; B leads to A and pays 1; B' leads to B or B' and pays -1, evenly. B and B' have the same feature, so what is
seen is a sequence of A, B and rewards, and it has the same law in both. Hence no function of the data converges to BE,
and nothing that is computed from data alone minimises it; TDE, whose expectation runs over what is seen, is the same.

Why BE differs: it squares the *mean* error of each state. On the left the errors +1 and -1 of B cancel before squaring;
on the right they belong to two states. Nor can its minimiser be learned: at every discount in (0, 1) it is 0 on the
left, while on the right the gradient at 0 is

.. math:: \nabla \mathrm{BE}_{\text{right}}(0) = \tfrac{2 \gamma}{3} \, (1, -1)

The minimiser on the right, and an erratum about its limit, are the page of folklore.be-minimiser-limit.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.examples import twin_process
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.value_error import squared_td_error

from ..claim import Claim, Proved, cite
from ..in_symbols import object_array
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, equal
from ..twins import Side, on_process

be_not_learnable = Claim(
    id="semi-gradient.be-not-learnable",
    title="The Bellman error is not a function of the law of the data, and the TD error is",
    statement=r"\text{equal laws of observations},\quad \mathrm{BE}(0) = 0 \neq 2/3",
    subject="bellman-error",
    sources=(cite("sutton2018", "Example 11.4"),),
    proved_in=(Proved("Lean", "prove2me/formalpedia", "OffPolicy.bellman_error_not_learnable"),),
)


@be_not_learnable.symbolic()
def same_td_error_and_different_bellman_errors(BE: Any) -> Relation:
    """TDE agrees as a polynomial in the discount and the weights; BE and its gradient at 0 do not."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    left_tde, right_tde = (on_process(squared_td_error, side, discount, (a, b)) for side in SIDES)
    at_zero = [_bellman_error_at_zero(BE, side) for side in SIDES]
    slope = sympy.Rational(2, 3) * discount
    return all_of(
        [
            equal(left_tde, right_tde),
            equal(at_zero[0], [sympy.Integer(0)] * 3),
            equal(at_zero[1], [sympy.Rational(2, 3), slope, -slope]),
        ]
    )


SIDES: tuple[Side, Side] = ("left", "right")


def _bellman_error_at_zero(BE: Any, side: Side) -> list[Any]:
    """Return BE at weights 0 and its derivatives there."""
    import sympy

    discount, a, b = sympy.symbols("gamma a b")
    error = on_process(BE, side, discount, (a, b))
    return [expression.subs({a: 0, b: 0}) for expression in (error, sympy.diff(error, a), sympy.diff(error, b))]


be_not_learnable.refutes(mutants.tde_for_be, by=same_td_error_and_different_bellman_errors)


@be_not_learnable.too_strong(beside=same_td_error_and_different_bellman_errors)
def zero_is_stationary_in_both(BE: Any) -> Relation:
    """As if at least the minimiser could be learned: the derivatives at 0 vanish on both sides."""
    left, right = (_bellman_error_at_zero(BE, side)[1:] for side in SIDES)
    return equal(left, right)


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
    return equal(*(object_array([law.get(path, fmpq(0)) for path in sequences]) for law in (left, right)))


@be_not_learnable.enumerated(length=st.integers(1, 8))
def data_have_one_law(BE: Any, length: int) -> Relation:
    """Every sequence of A, B and rewards has the same probability in both processes."""
    return _equal_laws(length, {"A": "A", "B": "B", "B'": "B"})


@be_not_learnable.too_strong(beside=data_have_one_law)
def states_have_one_law(BE: Any, length: int) -> Relation:
    """If B and B' could be told apart, the processes could."""
    return _equal_laws(length, {"A": "A", "B": "B", "B'": "B'"})
