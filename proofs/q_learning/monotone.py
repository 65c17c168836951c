r"""A learner that starts from a larger table keeps a larger table.

.. math:: Q_0 \le Q'_0 \quad\Longrightarrow\quad Q_k \le Q'_k \quad\text{for all}\ k

entry by entry, for two learners on one path with steps in [0, 1].

Why: a larger table has larger maxima, V_Q(s') <= V_Q'(s'), and 0 <= 0 at a terminal state. The discount is not
negative, so the targets are ordered, r + gamma V_Q(s') <= r + gamma V_Q'(s'). The update adds up the entry and the
target with the weights 1 - alpha and alpha, and neither is negative.

With a step above 1 the weight 1 - alpha turns the order of the old entries around. The order need not stay strict: a
whole step forgets the entry, and at an end nothing of the table is in the target. Together with
q-learning.constant-shift this gives q-learning.nonexpansive once more: a table lies between the other one moved down
and moved up by their distance.
"""

from __future__ import annotations

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tables, tied_to

from ..assumptions import steps_in_unit_interval
from ..claim import Claim
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners
from ..relation import Relation, all_of, at_most, given, less_than
from ..runs import Path, Update, overlong_paths, tables_along

monotone = Claim(
    id="q-learning.monotone",
    title="A learner that starts from a larger table keeps a larger table",
    statement=r"Q_0 \le Q'_0 \implies Q_k \le Q'_k \quad\text{for all}\ k",
    subject="q-learner",
    needs=(steps_in_unit_interval,),
)


@monotone.all_reals(
    mdp=symbolic_mdp(3, 2, terminal=1),
    q=symbolic_table,
    w=symbolic_table,
    step_size=symbolic_number("step_size", 0, 1),
)
def one_step_keeps_the_order(update: Update, mdp: FiniteMDP, q: Array, w: Array, step_size: Scalar) -> Relation:
    """The induction step, for all reals.

    The first pair stands for all, its own state, another and a terminal one for the successors.
    """
    lower, upper = ([update(mdp, table, 0, k, step_size)[0] for k in mdp.outcomes_of(0)] for table in (q, w))
    return given(at_most(q, w), at_most(lower, upper))


monotone.refutes(learners.doubled_step, by=one_step_keeps_the_order)
monotone.fails_without(
    steps_in_unit_interval, by=one_step_keeps_the_order, step_size=symbolic_number("step_size", 0, 2)
)


@tied_to("pair")
def _above(mdp: FiniteMDP, q: Array) -> st.SearchStrategy[Array]:
    return tables(mdp).map(lambda difference: q + abs(difference))


@monotone.pathwise(mdp=mdps(), q=tables, w=_above, path=paths)
def paths_keep_the_order(update: Update, mdp: FiniteMDP, q: Array, w: Array, path: Path) -> Relation:
    """Two learners on one path: no entry of the first ever exceeds that of the second."""
    lower, upper = (tables_along(update, mdp, table, path) for table in (q, w))
    return given(at_most(q, w), all_of(at_most(a, b) for a, b in zip(lower, upper, strict=True)))


for _mutant in (learners.doubled_step, learners.argmax_in_place_of_max):
    monotone.refutes(_mutant, by=paths_keep_the_order)


monotone.fails_without(steps_in_unit_interval, by=paths_keep_the_order, path=overlong_paths)
monotone.attained(
    "a whole step to an end, after which any two tables agree",
    by=paths_keep_the_order,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2"),
    q=lambda: exact_array([0]),
    w=lambda: exact_array([5]),
    path=lambda: ((0, 0, exact(1)),),
)


@monotone.too_strong(beside=paths_keep_the_order)
def a_strict_order_stays_strict(update: Update, mdp: FiniteMDP, q: Array, w: Array, path: Path) -> Relation:
    """A strict order need not stay strict."""
    lower, upper = (tables_along(update, mdp, table, path) for table in (q, w))
    return given(less_than(q, w), all_of(less_than(a, b) for a, b in zip(lower, upper, strict=True)))
