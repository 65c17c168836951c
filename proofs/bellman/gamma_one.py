r"""Without a discount, rewards or an end, every constant table solves the Bellman optimality equation.

.. math:: \gamma = 1,\ r = 0,\ \text{no terminal states} \implies T c = c \quad\text{for every constant } c

Why: in every state the best entry of a constant table is c, and the mean of 0 + 1 * c under p is c. One state with one
loop is the smallest case: its equation reads c = c.

So at discount 1 the optimality equation does not determine the values. T is still no expansion, but no contraction
either: two constants stay as far apart as they are, and a learner that starts at c stays there. Each of the three
conditions is needed: a discount pulls c towards 0, a reward moves it, and an end is worth 0 whatever c is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact_array, zeros
from bellcheck.mdp.draws import NUMBERS
from bellcheck.mdp.examples import zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tied_to

from ..assumptions import no_rewards, no_terminals, undiscounted
from ..claim import Claim
from ..draws import symbolic_mdp, symbolic_number
from ..mutants import operators
from ..relation import Relation, all_of, equal, given

gamma_one = Claim(
    id="bellman.gamma-one",
    title="At discount 1, without rewards and ends, every constant table is a fixed point of T",
    statement=r"\gamma = 1,\ r = 0,\ \text{no terminal states} \implies T c = c \ \text{for every constant}\ c",
    subject="operator",
    needs=(undiscounted, no_rewards, no_terminals),
)


def _constant(mdp: FiniteMDP, c: Scalar) -> Array:
    table = zeros(mdp.probability, mdp.n_pairs)
    table[:] = c
    return table


# -------------------------------------------------------------------- all models of two states and two actions


def _idle(reals: Reals) -> FiniteMDP:
    import z3

    mdp = symbolic_mdp(2, 2)(reals)
    return replace(mdp, reward=zeros(mdp.reward, len(mdp.reward)), discount=z3.RealVal(1, reals.context))


@gamma_one.all_reals(mdp=_idle, c=symbolic_number("c"))
def constants_are_fixed_whatever_the_probabilities(T: Any, mdp: FiniteMDP, c: Scalar) -> Relation:
    """T c = c for all real c and all transition probabilities."""
    table = _constant(mdp, c)
    return equal(T(mdp, table), table)


gamma_one.refutes(operators.double_counted_outcomes, by=constants_are_fixed_whatever_the_probabilities)


@gamma_one.too_strong(beside=constants_are_fixed_whatever_the_probabilities)
def zero_alone_is_fixed(T: Any, mdp: FiniteMDP, c: Scalar) -> Relation:
    """The only constant that solves the equation is 0, as it is for every discount below 1."""
    table = _constant(mdp, c)
    return given(equal(T(mdp, table), table), equal(table, table * 0))


# -------------------------------------------------------------------- models of any shape


def _unrewarded(models: Any) -> Any:
    idle = models.map(lambda mdp: replace(mdp, reward=mdp.reward * 0))
    idle.accepts = lambda mdp: models.accepts(mdp) and not mdp.reward.any()
    return idle


@tied_to("pair")
def _constants(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.sampled_from(list(NUMBERS)).map(mdp.table)


_constants.accepts = lambda table: len(set(table)) == 1  # type: ignore[attr-defined]


@gamma_one.exact(mdp=_unrewarded(mdps(terminal=False, discounts=[1])), q=_constants)
@gamma_one.fixture(mdp=zero_reward_loop, q=lambda: exact_array([5]))
def constants_are_fixed(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """T c = c, on the loop that pays nothing and on any model that pays nothing and never ends."""
    return equal(T(mdp, q), q)


gamma_one.refutes(operators.double_counted_outcomes, by=constants_are_fixed)
gamma_one.fails_without(
    undiscounted, by=constants_are_fixed, mdp=_unrewarded(mdps(max_states=2, terminal=False)), q=_constants
)
gamma_one.fails_without(
    no_rewards, by=constants_are_fixed, mdp=mdps(max_states=2, terminal=False, discounts=[1]), q=_constants
)
gamma_one.fails_without(
    no_terminals, by=constants_are_fixed, mdp=_unrewarded(mdps(max_states=2, discounts=[1])), q=_constants
)


@gamma_one.too_strong(beside=constants_are_fixed)
def solution_is_unique(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Two tables that solve the equation, c and c + 1, are equal."""
    return given(all_of([equal(T(mdp, q), q), equal(T(mdp, q + 1), q + 1)]), equal(q, q + 1))
