r"""q* is the least table that T does not raise, and the greatest that T does not lower.

.. math:: TQ \le Q \implies q^* \le Q \qquad\qquad Q \le TQ \implies Q \le q^*

Why: T is monotone (bellman.monotone-convex-shift), so that TQ <= Q gives T^2 Q <= TQ <= Q, and so on: the tables T^k Q
descend from Q, and they tend to q* (bellman.contraction). The other half is the same, climbing.

Hence every supersolution lies above every subsolution, and q* = T q* is the only table that is both. Minimising the sum
of the entries under the linear constraints TQ <= Q is the linear programme for q*.

Any table becomes a supersolution when it is raised by max(0, max(TQ - Q)) / (1 - gamma): raising by c >= 0 raises TQ by
at most gamma c. At discount 1 raising does not help, and the order fails: on a loop that pays nothing the constants 0
and 1 are both fixed points of T, so that 1 is a subsolution and lies above the supersolution 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Reals
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import discounted
from ..claim import Claim, cite, isabelle, lean
from ..definitions import optimal_values
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import operators
from ..relation import Relation, all_of, at_most, given

least_supersolution = Claim(
    id="bellman.least-supersolution",
    title="q* is the least table that T does not raise, and the greatest that T does not lower",
    statement=r"TQ \le Q \implies q^* \le Q, \qquad Q \le TQ \implies Q \le q^*",
    subject="operator",
    needs=(discounted,),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.monotone-convex-shift"),
    sources=(cite("puterman1994", "Thm 6.2.2", verified=False),),
    proved_in=(
        isabelle("𝓛_dec_ge_opt"),
        isabelle("𝓛_inc_le_opt"),
        lean("bellman_optimal_is_feasible", library="jin-yidan/verified-rl"),
    ),
)


@least_supersolution.all_reals(mdp=symbolic_mdp(2, 3, terminal=1), q=symbolic_table, w=symbolic_table)
@least_supersolution.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table, w=symbolic_table)
def no_subsolution_above_a_supersolution(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """TQ <= Q and W <= TW make W <= Q; with q* = T q* in the place of either, this is the statement."""
    return given(all_of([at_most(T(mdp, q), q), at_most(w, T(mdp, w))]), at_most(w, q))


def _at_discount_one(reals: Reals) -> FiniteMDP:
    import z3

    return replace(symbolic_mdp(1, 1)(reals), discount=z3.RealVal(1, reals.context))


least_supersolution.fails_without(discounted, by=no_subsolution_above_a_supersolution, mdp=_at_discount_one)
least_supersolution.attained(
    "the value of a loop, which is both",
    by=no_subsolution_above_a_supersolution,
    mdp=self_loop(),
    q=self_loop().table(10),
    w=self_loop().table(10),
)


@least_supersolution.too_strong(beside=no_subsolution_above_a_supersolution)
def no_supersolution_above_a_subsolution(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """With the inequalities exchanged it is false."""
    return given(all_of([at_most(q, T(mdp, q)), at_most(T(mdp, w), w)]), at_most(w, q))


def _lifted(T: Any, mdp: FiniteMDP, q: Array, sign: int) -> Array:
    """Raise (sign 1) or lower (-1) a table by just so much that T changes it in the other direction only."""
    overshoot = max(fmpq(0), *((T(mdp, q) - q) * sign))
    return q + sign * overshoot / (1 - mdp.discount)


@least_supersolution.exact(mdp=mdps(max_states=3), q=tables)
def raised_and_lowered_enclose_the_optimum(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Raised by what T adds to it at most, over 1 - gamma, a table is a supersolution and above q*; lowered, below."""
    above, below, best = _lifted(T, mdp, q, 1), _lifted(T, mdp, q, -1), optimal_values(mdp)
    return all_of(
        [at_most(T(mdp, above), above), at_most(best, above), at_most(below, T(mdp, below)), at_most(below, best)]
    )


least_supersolution.attained(
    "one loop, where raising 0 gives q* itself",
    by=raised_and_lowered_enclose_the_optimum,
    mdp=self_loop(),
    q=self_loop().table(0),
)
least_supersolution.refutes(operators.undiscounted_backup, by=raised_and_lowered_enclose_the_optimum)
least_supersolution.refutes(operators.doubled_reward, by=raised_and_lowered_enclose_the_optimum)


@least_supersolution.too_strong(beside=raised_and_lowered_enclose_the_optimum)
def raised_by_what_it_gains_is_enough(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Without the division by 1 - gamma the table need not reach q*: the next steps gain as well."""
    return at_most(optimal_values(mdp), q + max(fmpq(0), *(T(mdp, q) - q)))
