r"""The Bellman operators, T and T_pi, are gamma-contractions in the max norm.

.. math:: \lVert TQ - TQ' \rVert_\infty \le \gamma \, \lVert Q - Q' \rVert_\infty

Why: a maximum cannot spread two tables further apart than they are (bellman.max-nonexpansive), an average under p
cannot either, and discounting the successor's value supplies the factor. Rewards cancel. For T_pi a mean over actions
takes the place of the maximum. Below discount 1 any two tables come nearer: hence each operator has one fixed point,
and every Q-learning bound starts from this line.

The factor is the discount exactly: adding a constant c to a table without terminal successors moves TQ by gamma c. At
discount 1 the inequality still holds, and contracts nothing: on a loop T is a shift.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, tables

from ..assumptions import discounted, finite
from ..claim import Claim, cite, isabelle, lean, rocq
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import operators
from ..relation import Relation, at_most, given, less_than

contraction = Claim(
    id="bellman.contraction",
    title="T and T_pi are gamma-contractions in the max norm",
    statement=r"\lVert TQ - TQ' \rVert_\infty \le \gamma \lVert Q - Q' \rVert_\infty",
    subject="operator",
    needs=(finite, discounted),
    uses=("bellman.max-nonexpansive",),
    sources=(cite("puterman1994", "Prop. 6.2.4", verified=False), cite("bertsekas1996")),
    proved_in=(
        lean("contraction_of_bellman_op"),
        rocq("is_contraction_bellmanQbar"),
        isabelle("contraction_𝓛"),
    ),
)


@contraction.all_reals(mdp=symbolic_mdp(3, 3), q=symbolic_table, w=symbolic_table)
@contraction.exact(mdp=mdps(), q=tables, w=tables)
def distances_shrink(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """Two tables end up at most gamma times as far apart as they were."""
    return at_most(max_norm(T(mdp, q) - T(mdp, w)), mdp.discount * max_norm(q - w))


contraction.refutes(operators.undiscounted_backup, by=distances_shrink)
contraction.refutes(operators.double_counted_outcomes, by=distances_shrink)
contraction.attained(
    "one state that leads to itself, and two tables a constant apart",
    by=distances_shrink,
    mdp=self_loop,
    q=lambda: exact_array([0]),
    w=lambda: exact_array([1]),
)


@contraction.too_strong(beside=distances_shrink)
def by_less_than_the_discount(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """No smaller factor will do: on a shift by a constant the factor is gamma."""
    return at_most(max_norm(T(mdp, q) - T(mdp, w)), (mdp.discount - exact("1/100")) * max_norm(q - w))


@contraction.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table, w=symbolic_table)
def unequal_tables_come_nearer(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """What makes it a contraction, and the fixed point the only one: T leaves no two tables as far apart."""
    distance = max_norm(q - w)
    return given(less_than(-distance, 0), less_than(max_norm(T(mdp, q) - T(mdp, w)), distance))


contraction.refutes(operators.undiscounted_backup, by=unequal_tables_come_nearer)
contraction.fails_without(discounted, by=unequal_tables_come_nearer, mdp=symbolic_mdp(2, 2, discounted=False))
contraction.kept(
    finite,
    because="Only finite models can be written down here. The proof asks that TQ and the norms be finite, which bounded"
    " rewards ensure; with unbounded ones TQ may be infinite.",
)


@contraction.exact(of="policy-operator", mdp=mdps(), policy=policies, q=tables, w=tables)
def evaluation_distances_shrink(T_pi: Any, mdp: FiniteMDP, policy: Array, q: Array, w: Array) -> Relation:
    """A mean over actions spreads two tables no further than a maximum does."""
    return at_most(max_norm(T_pi(mdp, policy, q) - T_pi(mdp, policy, w)), mdp.discount * max_norm(q - w))


contraction.refutes(operators.undiscounted_policy_backup, by=evaluation_distances_shrink)
contraction.attained(
    "one state that leads to itself, and two tables a constant apart",
    by=evaluation_distances_shrink,
    mdp=self_loop,
    policy=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
    w=lambda: exact_array([1]),
)
