r"""Steps with a finite sum freeze the error: no table moves further than the sum allows, however long the run.

.. math:: \lVert Q_n - Q_0 \rVert \le 2 B \sum_{k<n} \alpha_k, \qquad B = \max(\lVert Q_0 \rVert, R / (1 - \gamma)),

on every path of every model, R being the largest reward in absolute value. So from a table that is further than that
from q* the run never arrives. On one deterministic loop the error is known exactly, and for alpha_k = 2^-(k+1)

.. math:: \lvert Q_n - q^* \rvert = \lvert Q_0 - q^* \rvert \prod_{k<n} \bigl(1 - (1 - \gamma)\, 2^{-(k+1)}\bigr)
    \ge \Bigl(1 - (1 - \gamma) \sum_{k<n} 2^{-(k+1)}\Bigr) \lvert Q_0 - q^* \rvert
    > \gamma\, \lvert Q_0 - q^* \rvert.

Why: a table moves by alpha times target minus entry. Both stay within B in absolute value (q-learning.bounded), so that
is at most 2 B alpha in a sweep. On the loop the factors multiply (q-learning.linear-vs-rescaled-vs-poly), and a product
of numbers 1 - x in [0, 1] is at least 1 minus the sum of the x, by induction: (1 - x)(1 - s) >= 1 - x - s. The steps
2^-(k+1) of n updates sum to 1 - 2^-n.

At discount 1/2 more than half of the first error is thus there for ever: the step sizes ended before the
learning. It is one of the two ways to fail (q-learning.step-necessary-sufficient); the other is not to let them end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, synchronous_paths, tables

from ..assumptions import discounted, steps_in_unit_interval
from ..bounds import largest_value
from ..claim import Claim
from ..loops import errors_without_noise
from ..mutants import learners, rates
from ..relation import Relation, all_of, at_most, equal, less_than

summable_steps = Claim(
    id="q-learning.summable-steps",
    title="Steps with a finite sum freeze the error: Q-learning stops before it arrives",
    statement=r"\lVert Q_n - Q_0 \rVert \le 2 \max(\lVert Q_0 \rVert, \tfrac{R}{1-\gamma}) \textstyle\sum_k \alpha_k;"
    r"\quad \alpha_k = 2^{-k-1} \implies \lvert Q_n - q^* \rvert > \gamma \lvert Q_0 - q^* \rvert \ \text{on a loop}",
    subject="synchronous-run",
    needs=(discounted, steps_in_unit_interval),
    uses=("q-learning.bounded", "q-learning.linear-vs-rescaled-vs-poly"),
)
summable_steps.kept(
    discounted,
    because="At discount 1 the bound has no B, and the loop no q*; no step size moves a table without rewards.",
)

_MUTANTS = [learners.synchronous(mutant) for mutant in (learners.undiscounted_target, learners.doubled_step)]


# -------------------------------------------------------------------- every path of every model


@summable_steps.pathwise(mdp=mdps(max_states=3), q=tables, path=synchronous_paths)
def tables_move_by_the_sum_at_most(run: Any, mdp: FiniteMDP, q: Array, path: tuple[Array, np.ndarray]) -> Relation:
    """||Q_k - Q_0|| is at most 2 B times the sum of the steps so far, for each k."""
    steps, _ = path
    sums = [sum(steps[:k], fmpq(0)) for k in range(len(steps) + 1)]
    reach = 2 * largest_value(mdp, q)
    moves = [max_norm(table - q) for table in run(mdp, q, *path)]
    return at_most(moves[1:], [reach * total for total in sums[1:]])


_from_one_end_to_the_other = {
    "mdp": lambda: self_loop(reward=1, discount=0),
    "q": lambda mdp: mdp.table(-1),
    "path": lambda: (exact_array([1]), np.zeros((1, 1), dtype=np.int64)),
}
summable_steps.attained(
    "one step of size 1 at discount 0, from -B to B",
    by=tables_move_by_the_sum_at_most,
    **_from_one_end_to_the_other,
)
summable_steps.refutes(rates.step_left_out, by=tables_move_by_the_sum_at_most)


@summable_steps.too_strong(beside=tables_move_by_the_sum_at_most, **_from_one_end_to_the_other)
def tables_move_by_half_of_it(run: Any, mdp: FiniteMDP, q: Array, path: tuple[Array, np.ndarray]) -> Relation:
    """With B in place of 2 B: the target may lie on the other side of 0."""
    *_, last = run(mdp, q, *path)
    return at_most(max_norm(last - q), largest_value(mdp, q) * sum(path[0], fmpq(0)))


@summable_steps.too_strong(beside=tables_move_by_the_sum_at_most)
def tables_move_by_what_they_hold(run: Any, mdp: FiniteMDP, q: Array, path: tuple[Array, np.ndarray]) -> Relation:
    """With the first table alone for B: rewards move tables too."""
    *_, last = run(mdp, q, *path)
    return at_most(max_norm(last - q), 2 * max_norm(q) * sum(path[0], fmpq(0)))


# -------------------------------------------------------------------- one loop, exactly

_DISCOUNTS = st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10))
_FIRST = st.integers(1, 6).map(lambda halves: fmpq(halves, 2))


@summable_steps.exact(discount=_DISCOUNTS, first=_FIRST, n=st.integers(1, 30))
def halving_steps_leave_gamma(run: Any, discount: fmpq, first: fmpq, n: int) -> Relation:
    """Under 2^-(k+1): the error is the product, and more than gamma times the first."""
    steps = [fmpq(1, 2 ** (k + 1)) for k in range(n)]
    product = math.prod((1 - (1 - discount) * step for step in steps), start=fmpq(1))
    left = errors_without_noise(run, discount, first, steps)[-1]
    return all_of([equal(left, product * first), less_than(discount * first, left)])


summable_steps.attained(
    "near discount 1 hardly more than gamma is left",
    by=halving_steps_leave_gamma,
    share="99/100",
    discount=lambda: fmpq(9, 10),
    first=lambda: fmpq(1),
    n=30,
)


@summable_steps.too_strong(beside=halving_steps_leave_gamma)
def error_vanishes(run: Any, discount: fmpq, first: fmpq, n: int) -> Relation:
    """As if it converged: after n updates no more than 1 / n of the error is left."""
    left = errors_without_noise(run, discount, first, [fmpq(1, 2 ** (k + 1)) for k in range(n)])[-1]
    return at_most(left, first / n)


@summable_steps.exact(
    discount=_DISCOUNTS,
    first=_FIRST,
    steps=st.lists(st.integers(0, 8).map(lambda eighths: fmpq(eighths, 8)), min_size=1, max_size=6).map(exact_array),
)
def any_steps_leave_what_their_sum_does(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """Of the first error at least 1 - (1 - gamma) sum alpha is left, for any steps in [0, 1]."""
    left = errors_without_noise(run, discount, first, list(steps))[-1]
    return at_most((1 - (1 - discount) * sum(steps, fmpq(0))) * first, left)


summable_steps.attained(
    "a single step",
    by=any_steps_leave_what_their_sum_does,
    discount=lambda: fmpq(1, 2),
    first=lambda: fmpq(1),
    steps=lambda: exact_array(["1/2"]),
)
summable_steps.fails_without(
    steps_in_unit_interval,
    by=any_steps_leave_what_their_sum_does,
    discount=lambda: fmpq(0),
    steps=lambda: exact_array([-1, 1]),
)


@summable_steps.too_strong(beside=any_steps_leave_what_their_sum_does)
def any_steps_leave_gamma(run: Any, discount: fmpq, first: fmpq, steps: Array) -> Relation:
    """What holds where the sum is at most 1 holds no longer where it is not."""
    return at_most(discount * first, errors_without_noise(run, discount, first, list(steps))[-1])


for _mutant in _MUTANTS:
    summable_steps.refutes(_mutant, by=halving_steps_leave_gamma)
summable_steps.refutes(_MUTANTS[1], by=any_steps_leave_what_their_sum_does)
