r"""Q-learning never leaves the interval that its first table and the rewards span.

.. math:: \min\Bigl(\min Q_0,\ r_{\min},\ \tfrac{r_{\min}}{1 - \gamma}\Bigr) \le Q_k \le
          \max\Bigl(\max Q_0,\ r_{\max},\ \tfrac{r_{\max}}{1 - \gamma}\Bigr)

on every path, for steps in [0, 1]. In particular |Q_k| <= max(||Q_0||, R / (1 - gamma)) with R the largest |r|.

Why: write the interval as [l, h]. A target that bootstraps lies in [r_min + gamma l, r_max + gamma h], which is inside
[l, h] because l <= r_min / (1 - gamma) says l <= r_min + gamma l, and likewise h. A target that ends lies in
[r_min, r_max], inside [l, h] by the second terms. The update is an average of an entry and a target.

The second terms are needed: the interval [r_min, r_max] / (1 - gamma), as it is often given, is left by an episode that
ends with its first reward, 1 < 1 / (1 - gamma). No boundedness has to be assumed for convergence, then: it comes free.

The same argument, pair by pair, gives the least box that no run leaves, whatever is sampled:

.. math:: L(x) = \min\Bigl(Q_0(x),\ \min_{r, s'} (r + \gamma \max_a L(s', a))\Bigr) \le Q_k(x) \le
          \max\Bigl(Q_0(x),\ \max_{r, s'} (r + \gamma \max_a U(s', a))\Bigr) = U(x)

over what x can pay and lead to. For if L <= Q <= U then every target of x lies between L(x) and U(x), and so does an
average of it and Q(x). It knows which pair pays what, so it tells where the interval is silent: a program that books a
reward to the wrong pair may stay in the interval for ever.

It can be asked of a program that shows nothing but its last table. In binary64 one update errs by at most
4 u (1 + 2u) (B + E) in the order (1 - a) q + a t (q-learning.float-budget), and by 7 u (1 + 2u) (B + E) in the order
q + a (t - q): 2 for the target, 2 for the difference, which may be 2 B, 2 for its product with a and 1 for the sum; E
is the error so far, and products that underflow cost less than 4 units 2^-1075. So after n <= 2^20 updates, with
x = 7 n u (1 + 2u) < 2^-30, the error is at most (e^x - 1) (B + 2^-1020) <= 8 n u B + 8 n 2^-1075: the box is widened by
that for n = 2^20. Rewards and discounts are dyadic here, and the run reads the very numbers that the box is made of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tables, tied_to

from ..assumptions import discounted, finite, steps_in_unit_interval
from ..bounds import largest_value, rounded_up
from ..boxes import least_box
from ..claim import Claim, cite
from ..definitions import optimal_values
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..dyadic import dyadic_mdps
from ..mutants import learners, runs
from ..relation import Relation, all_of, at_most, given
from ..runs import Path, Update, tables_along

bounded = Claim(
    id="q-learning.bounded",
    title="Q-learning never leaves the interval that its first table and the rewards span",
    statement=r"\min(\min Q_0, r_{\min}, \tfrac{r_{\min}}{1-\gamma}) \le Q_k"
    r" \le \max(\max Q_0, r_{\max}, \tfrac{r_{\max}}{1-\gamma})",
    subject="q-learner",
    needs=(finite, discounted, steps_in_unit_interval),
    sources=(cite("gosavi2006"),),
)


def _symbolic(mdp: Any, *successors: int) -> dict[str, Any]:
    return {
        "mdp": mdp,
        "q": symbolic_table,
        "low": symbolic_number("low"),
        "high": symbolic_number("high"),
        "step_size": symbolic_number("step_size", 0, 1),
        "successors": successors,
    }


@bounded.all_reals(**_symbolic(symbolic_mdp(2, 2, terminal=1), 0, -1))
@bounded.all_reals(**_symbolic(symbolic_mdp(2, 2), -1))
@bounded.all_reals(**_symbolic(symbolic_mdp(1, 3), 0))
def one_step_stays_inside(
    update: Update, mdp: FiniteMDP, q: Array, low: Scalar, high: Scalar, step_size: Scalar, successors: tuple[int, ...]
) -> Relation:
    """Any interval that contains the table, the rewards and r / (1 - gamma) contains the updated entry.

    The first pair stands for all, its own state, another and a terminal one for the successors: pairs may be renamed,
    and nothing else of the model enters one step.
    """
    contained = [at_most(low, x) for x in (q, mdp.reward)] + [at_most(x, high) for x in (q, mdp.reward)]
    # l <= r / (1 - gamma) without a division, which z3 would have to turn into this.
    contained += [at_most((1 - mdp.discount) * low, mdp.reward), at_most(mdp.reward, (1 - mdp.discount) * high)]
    after = [update(mdp, q, 0, mdp.outcomes_of(0)[position], step_size)[0] for position in successors]
    return given(all_of(contained), all_of([at_most(low, after), at_most(after, high)]))


bounded.refutes(learners.undiscounted_target, by=one_step_stays_inside)
bounded.refutes(learners.sum_over_actions, by=one_step_stays_inside)
bounded.fails_without(steps_in_unit_interval, by=one_step_stays_inside, step_size=symbolic_number("step_size", 0, 2))
bounded.kept(
    discounted,
    because="At discount 1 an end that r / (1 - gamma) decides is infinite, and nothing is claimed of it: a loop that"
    " pays 1 at every step of size 1 counts them.",
)
bounded.kept(
    finite,
    because="Only finite models can be written down here. The proof asks that the rewards and the first table be"
    " bounded, and no more.",
)


@tied_to("pair")
def _tables_or_ends(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Any table, or one at an end of the interval, which nothing but the bound keeps from leaving it."""
    ends = [mdp.table(bound / (1 - mdp.discount)) for bound in (mdp.reward.min(), mdp.reward.max())]
    return st.one_of(st.just(ends[0]), st.just(ends[1]), tables(mdp))


@bounded.pathwise(mdp=mdps(), q=_tables_or_ends, path=paths)
def paths_stay_inside(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """Every table of a run lies in the interval, and none exceeds max(||Q_0||, R / (1 - gamma)) in absolute value."""
    low = min(q.min(), mdp.reward.min(), mdp.reward.min() / (1 - mdp.discount))
    high = max(q.max(), mdp.reward.max(), mdp.reward.max() / (1 - mdp.discount))
    largest = max(max_norm(q), max_norm(mdp.reward) / (1 - mdp.discount))
    return all_of(
        [
            relation
            for table in tables_along(update, mdp, q, path)
            for relation in (at_most(low, table), at_most(table, high), at_most(max_norm(table), largest))
        ]
    )


for _mutant in (learners.undiscounted_target, learners.sum_over_actions, learners.doubled_step):
    bounded.refutes(_mutant, by=paths_stay_inside)
bounded.attained(
    "one rewarded loop from its value, which it keeps",
    by=paths_stay_inside,
    mdp=self_loop,
    q=lambda: exact_array([10]),
    path=((0, 0, exact("1/2")),),
)


def _one_reward_and_out(mdp: FiniteMDP) -> FiniteMDP:
    n_outcomes = len(mdp.reward)
    return replace(
        mdp,
        n_states=mdp.n_states + 1,
        reward=exact_array([1] * n_outcomes),
        next_state=np.full(n_outcomes, mdp.n_states),
    )


@tied_to("pair")
def _end_of_the_interval(mdp: FiniteMDP) -> Array:
    return mdp.table(mdp.reward.max() / (1 - mdp.discount))


@bounded.too_strong(beside=paths_stay_inside, mdp=mdps(max_states=1).map(_one_reward_and_out), q=_end_of_the_interval)
def inside_the_discounted_rewards(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """[r_min, r_max] / (1 - gamma) does not hold the tables that begin in it, where an episode may end."""
    low, high = mdp.reward.min() / (1 - mdp.discount), mdp.reward.max() / (1 - mdp.discount)
    return given(
        all_of([at_most(low, q), at_most(q, high)]),
        all_of(
            [
                relation
                for table in tables_along(update, mdp, q, path)
                for relation in (at_most(low, table), at_most(table, high))
            ]
        ),
    )


# -------------------------------------------------------------------- pair by pair


@bounded.pathwise(mdp=mdps(max_states=3), q=tables, path=paths)
def paths_stay_in_the_box(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """Every entry of every table of a run lies between L and U of its pair."""
    low, high = least_box(mdp, q)
    return _between(low, high, update, mdp, q, path)


def _between(low: Array, high: Array, update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    run = tables_along(update, mdp, q, path)
    return all_of(relation for table in run for relation in (at_most(low, table), at_most(table, high)))


for _mutant in (learners.reward_of_another_pair, learners.undiscounted_target, learners.doubled_step):
    bounded.refutes(_mutant, by=paths_stay_in_the_box)
bounded.attained(
    "one step of size 1 to an end",
    by=paths_stay_in_the_box,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2"),
    q=lambda: exact_array([0]),
    path=((0, 0, exact(1)),),
)


@bounded.too_strong(beside=paths_stay_in_the_box)
def between_the_first_table_and_the_best(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """q* is made of means: a run of luck goes beyond."""
    best = optimal_values(mdp)
    return _between(np.minimum(q, best), np.maximum(q, best), update, mdp, q, path)


_UPDATES = 2**20
"""How many updates a run may have at most: what a rounding budget is made for."""


@bounded.pathwise(of="learner-run", mdp=dyadic_mdps(max_states=3), seed=st.integers(0, 99))
def runs_end_in_the_box(learn: Any, mdp: FiniteMDP, seed: int) -> Relation:
    """The last table of a whole run from 0, of at most 2^20 updates in binary64, lies in the widened box.

    Episodes begin in the first state that acts.
    """
    first = int(mdp.acting[0])
    model = replace(mdp, start=exact_array(int(state == first) for state in range(mdp.n_states)))
    zero = mdp.table(0)
    low, high = least_box(mdp, zero)
    rounding = 8 * _UPDATES * (largest_value(mdp, zero) / 2**53 + exact(1) / 2**1075)
    # As floats that are no narrower: a unit of 2^-1075 in a rational has hundreds of digits.
    below = [-rounded_up(rounding - entry) for entry in low]
    above = [rounded_up(entry + rounding) for entry in high]
    learned = exact_array(learn(model, seed, start_state=first))
    return all_of([at_most(below, learned), at_most(learned, above)])


for _mutant in (runs.reward_of_another_pair, runs.past_the_end):
    bounded.refutes(_mutant, by=runs_end_in_the_box)
bounded.attained(
    "one step to an end, but for rounding",
    by=runs_end_in_the_box,
    share="999999/1000000",
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2"),
    seed=0,
)
