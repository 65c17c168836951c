r"""Sweeps in place, in any order of the states, contract like T, have its fixed point, and are no slower from below.

.. math:: \lVert GV - GW \rVert \le \gamma \lVert V - W \rVert, \qquad G v^* = v^*, \qquad
    V \le TV \implies TV \le GV \le v^*

for a Gauss-Seidel sweep G, which backs up one state after the other and reads what it has already written.

Why: along the order. When a state's turn comes, the values it reads differ by at most the largest distance of V and W,
those already written even by gamma times it; a backup shrinks that by gamma. From v* every backup writes what was
there. From V <= TV the values written so far are at least V, so the next backup is at least that of V, which is TV
there; and none exceeds v*, as V does not (bellman.least-supersolution) and a backup of values below v* is below v*.

Reading old values instead makes the sweep one of value iteration, correct and slower: back along a chain G is done in
one sweep, T needs as many as there are states. "No slower" holds from below only. From elsewhere a sweep of T may come
out nearer to v*, and what a sweep makes of V depends on the order; the fixed point does not. An order must name every
state: one that is left out keeps its value, right or wrong, and every value is then fixed there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, Reals, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop, two_state_cycle, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, state_tables

from ..assumptions import discounted, finite, subsolution
from ..claim import Claim, cite
from ..draws import symbolic_mdp
from ..mutants import policy_iterations
from ..relation import Relation, all_of, at_most, equal, given
from ..values_of_states import best_values, subsolutions, swept, values

gauss_seidel = Claim(
    id="bellman.gauss-seidel",
    title="Sweeps in place contract like T in any order, and are no slower from below",
    statement=r"\lVert GV - GW \rVert \le \gamma \lVert V - W \rVert, \quad G v^* = v^*, \quad"
    r" V \le TV \implies TV \le GV \le v^*",
    subject="gauss-seidel",
    needs=(finite, discounted, subsolution),
    uses=(
        "bellman.contraction",
        "bellman.fixed-point-optimal",
        "bellman.least-supersolution",
        "bellman.monotone-convex-shift",
    ),
    sources=(cite("puterman1994"), cite("bertsekas1996")),
)
gauss_seidel.kept(
    finite,
    because="Only finite models can be written down here; with infinitely many states a sweep in place has no end.",
)


def _order(mdp: FiniteMDP, priority: Array) -> list[int]:
    """The acting states by priority, so that every order is drawn and none is invalid."""
    return sorted(map(int, mdp.acting), key=lambda state: priority[state])


# -------------------------------------------------------------------- it contracts


def _symbolic_values(reals: Reals, mdp: FiniteMDP) -> Array:
    return reals.array(str(reals.fresh("v")), mdp.n_states)


_symbolic_values.axis = "state"  # type: ignore[attr-defined]


# Which state is called the first is a matter of names: one order stands for all.
@gauss_seidel.all_reals(mdp=symbolic_mdp(2, 2), v=_symbolic_values, w=_symbolic_values, priority=np.arange(2))
@gauss_seidel.exact(mdp=mdps(), v=values, w=values, priority=state_tables)
def distances_shrink(G: Any, mdp: FiniteMDP, v: Array, w: Array, priority: Array) -> Relation:
    """Two value functions end up at most gamma times as far apart as they were."""
    order = _order(mdp, priority)
    return at_most(max_norm(G(mdp, v, order) - G(mdp, w, order)), max_norm(v - w) * mdp.discount)


gauss_seidel.attained(
    "two values of a single loop",
    by=distances_shrink,
    mdp=self_loop,
    v=lambda: exact_array([1]),
    w=lambda: exact_array([0]),
    priority=lambda: exact_array([0]),
)
gauss_seidel.refutes(policy_iterations.undiscounted_in_place, by=distances_shrink)
gauss_seidel.refutes(policy_iterations.last_state_left_out, by=distances_shrink)


@gauss_seidel.too_strong(beside=distances_shrink)
def by_less_than_the_discount(G: Any, mdp: FiniteMDP, v: Array, w: Array, priority: Array) -> Relation:
    """The state whose turn is first reads old values alone, and gains nothing by the order."""
    order = _order(mdp, priority)
    less = mdp.discount - exact("1/100")
    return at_most(max_norm(G(mdp, v, order) - G(mdp, w, order)), max_norm(v - w) * less)


# -------------------------------------------------------------------- to v*


@gauss_seidel.exact(mdp=mdps(max_states=3), priority=state_tables)
def optimal_values_stay(G: Any, mdp: FiniteMDP, priority: Array) -> Relation:
    """G v* = v*, in every order."""
    best = best_values(mdp)
    return equal(G(mdp, best, _order(mdp, priority)), best)


gauss_seidel.refutes(policy_iterations.undiscounted_in_place, by=optimal_values_stay)


# -------------------------------------------------------------------- and is no slower from below


@gauss_seidel.all_reals(mdp=symbolic_mdp(2, 2), v=_symbolic_values, priority=np.arange(2))
def at_least_a_sweep_of_value_iteration(G: Any, mdp: FiniteMDP, v: Array, priority: Array) -> Relation:
    """V <= TV implies TV <= GV."""
    once = swept(mdp, v)
    return given(at_most(v, once), at_most(once, G(mdp, v, _order(mdp, priority))))


gauss_seidel.refutes(policy_iterations.last_state_left_out, by=at_least_a_sweep_of_value_iteration)


@gauss_seidel.exact(mdp=mdps(max_states=3), v=subsolutions, priority=state_tables)
def between_a_sweep_and_the_optimum(G: Any, mdp: FiniteMDP, v: Array, priority: Array) -> Relation:
    """TV <= GV <= v* from a subsolution V, in every order."""
    in_place = G(mdp, v, _order(mdp, priority))
    return all_of([at_most(swept(mdp, v), in_place), at_most(in_place, best_values(mdp))])


gauss_seidel.attained(
    "the first of two states in a cycle reads old values",
    by=between_a_sweep_and_the_optimum,
    mdp=two_state_cycle,
    v=lambda: exact_array([0, 0]),
    priority=lambda: exact_array([0, 1]),
)
gauss_seidel.refutes(policy_iterations.last_state_left_out, by=between_a_sweep_and_the_optimum)
gauss_seidel.fails_without(subsolution, by=between_a_sweep_and_the_optimum, v=values)
# The loop pays nothing and is worth 0; 1 is a subsolution too, and no sweep moves it.
gauss_seidel.fails_without(
    discounted,
    by=between_a_sweep_and_the_optimum,
    mdp=zero_reward_loop,
    v=lambda: exact_array([1]),
    priority=lambda: exact_array([0]),
)


@gauss_seidel.too_strong(beside=between_a_sweep_and_the_optimum)
def equals_a_sweep_of_value_iteration(G: Any, mdp: FiniteMDP, v: Array, priority: Array) -> Relation:
    """As if old values were read: what was written in the sweep counts at once."""
    return equal(G(mdp, v, _order(mdp, priority)), swept(mdp, v))


@gauss_seidel.too_strong(beside=between_a_sweep_and_the_optimum)
def every_order_gives_the_same(G: Any, mdp: FiniteMDP, v: Array, priority: Array) -> Relation:
    """Only the fixed point is the same in all orders."""
    order = _order(mdp, priority)
    return equal(G(mdp, v, order), G(mdp, v, order[::-1]))


# -------------------------------------------------------------------- backwards along a chain once is enough


def _chain() -> FiniteMDP:
    """Three steps to the end, each of which pays 1."""
    return FiniteMDP.from_pairs(4, [(s, 0, [(1, 1, s + 1)]) for s in range(3)], "1/2")


@gauss_seidel.fixture(mdp=_chain)
def one_sweep_backwards_is_enough(G: Any, mdp: FiniteMDP) -> Relation:
    """From 0 the sweep from the last state to the first is v*."""
    return equal(G(mdp, exact_array([0] * 4), [2, 1, 0]), best_values(mdp))


gauss_seidel.refutes(policy_iterations.stale_values, by=one_sweep_backwards_is_enough)
