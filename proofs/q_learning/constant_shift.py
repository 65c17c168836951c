r"""A first table that is larger by a constant leaves tables that are larger by a known, shrinking constant.

.. math:: Q_0 \mapsto Q_0 + c \quad\Longrightarrow\quad
          Q_k \mapsto Q_k + c \prod_{j < k} \bigl(1 - (1 - \gamma) \alpha_j\bigr)

for synchronous runs on the same outcomes, where no episode ends; exactly, on every path, with any steps.

Why: a maximum passes a constant on, so the targets differ by gamma c, and the update leaves (1 - alpha) c + alpha gamma
c = (1 - (1 - gamma) alpha) c, at every pair the same. That is again a constant, for the next step to start from.

So this is how a wrong level of the first table is forgotten: at the rate of the contraction, never faster. With steps
1 / (k + 1) the product is of the order k^-(1 - gamma) (q-learning.linear-vs-rescaled-vs-poly), which is why linear
steps are hopeless for a discount near 1.

In an asynchronous run the difference is no constant after the first step: the pair just visited has lost a part of c,
the others have not. With steps in [0, 1] and c >= 0 it is known only to lie between 0 and c, and that also where
episodes may end: if all entries differ by 0 to c then so do their maxima, at an end by 0, and the update averages the
difference of the entry and gamma times that of the maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, synchronous_paths, tables

from ..assumptions import no_terminals, steps_in_unit_interval
from ..claim import Claim
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal
from ..runs import Path, Update, any_step, overlong_paths, tables_along
from ..transformations import any_number, positive_numbers

constant_shift = Claim(
    id="q-learning.constant-shift",
    title="A first table larger by c leaves tables larger by c times the product of 1 - (1 - gamma) alpha",
    statement=r"Q_0 \mapsto Q_0 + c \implies Q_k \mapsto Q_k + c\prod_{j<k}(1 - (1-\gamma)\alpha_j)",
    subject="synchronous-run",
    needs=(no_terminals, steps_in_unit_interval),
)

Run: TypeAlias = Callable[[FiniteMDP, Array, Iterable[Scalar], Iterable[Any]], Iterable[Array]]


def _factor(mdp: FiniteMDP, step_size: Scalar) -> Scalar:
    return 1 - (1 - mdp.discount) * step_size


@constant_shift.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table, constant=symbolic_number("c"), step_size=any_step)
def one_sweep_shrinks_the_constant(run: Run, mdp: FiniteMDP, q: Array, constant: Scalar, step_size: Scalar) -> Relation:
    """The induction step, for all reals: one synchronous step in which the pairs go to different states."""
    row = [mdp.outcomes_of(x)[x % mdp.n_states] for x in range(mdp.n_pairs)]
    *_, plain = run(mdp, q, [step_size], [row])
    *_, moved = run(mdp, q + constant, [step_size], [row])
    return equal(moved, plain + constant * _factor(mdp, step_size))


for _mutant in (learners.undiscounted_target, learners.sum_over_actions):
    constant_shift.refutes(learners.synchronous(_mutant), by=one_sweep_shrinks_the_constant)
constant_shift.fails_without(no_terminals, by=one_sweep_shrinks_the_constant, mdp=symbolic_mdp(2, 2, terminal=1))


@constant_shift.pathwise(mdp=mdps(terminal=False), q=tables, constant=any_number, path=synchronous_paths)
def runs_stay_a_shrinking_constant_apart(
    run: Run, mdp: FiniteMDP, q: Array, constant: Scalar, path: tuple[Array, np.ndarray]
) -> Relation:
    """Two synchronous runs on one path: the product so far, times c, lies between them."""
    plain, moved = run(mdp, q, *path), run(mdp, q + constant, *path)
    relations = []
    for before, after, step_size in zip(list(plain)[1:], list(moved)[1:], path[0], strict=True):
        constant = constant * _factor(mdp, step_size)
        relations.append(equal(after, before + constant))
    return all_of(relations)


for _mutant in (learners.undiscounted_target, learners.argmax_in_place_of_max, learners.sum_over_actions):
    constant_shift.refutes(learners.synchronous(_mutant), by=runs_stay_a_shrinking_constant_apart)
constant_shift.fails_without(no_terminals, by=runs_stay_a_shrinking_constant_apart, mdp=mdps(max_states=2))


@constant_shift.too_strong(beside=runs_stay_a_shrinking_constant_apart)
def forgotten_as_if_nothing_were_bootstrapped(
    run: Run, mdp: FiniteMDP, q: Array, constant: Scalar, path: tuple[Array, np.ndarray]
) -> Relation:
    """The product is not that of 1 - alpha: the targets carry the constant on, discounted."""
    *_, plain = run(mdp, q, *path)
    *_, moved = run(mdp, q + constant, *path)
    for step_size in path[0]:
        constant = constant * (1 - step_size)
    return equal(moved, plain + constant)


@constant_shift.pathwise(of="q-learner", mdp=mdps(), q=tables, constant=positive_numbers, path=paths)
def asynchronous_runs_stay_within_the_constant(
    update: Update, mdp: FiniteMDP, q: Array, constant: Scalar, path: Path
) -> Relation:
    """Two asynchronous learners on one path: at each pair the second is larger by 0 to c."""
    plain, moved = (tables_along(update, mdp, table, path) for table in (q, q + constant))
    differences = [after - before for after, before in zip(moved, plain, strict=True)]
    return all_of(relation for d in differences for relation in (at_most(0 * constant, d), at_most(d, constant)))


constant_shift.refutes(learners.sum_over_actions, by=asynchronous_runs_stay_within_the_constant)
constant_shift.refutes(learners.doubled_step, by=asynchronous_runs_stay_within_the_constant)
constant_shift.fails_without(steps_in_unit_interval, by=asynchronous_runs_stay_within_the_constant, path=overlong_paths)
constant_shift.attained(
    "a whole step to an end, which leaves 0 of the constant",
    by=asynchronous_runs_stay_within_the_constant,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2"),
    q=lambda: exact_array([0]),
    constant=lambda: exact(1),
    path=lambda: ((0, 0, exact(1)),),
)
constant_shift.attained(
    "a step at one of two pairs, which leaves the other with all of the constant",
    by=asynchronous_runs_stay_within_the_constant,
    mdp=lambda: FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "1/2"),
    q=lambda: exact_array([0, 0]),
    constant=lambda: exact(1),
    path=lambda: ((0, 0, exact("1/2")),),
)


@constant_shift.too_strong(beside=asynchronous_runs_stay_within_the_constant)
def asynchronous_runs_shrink_the_constant_too(
    update: Update, mdp: FiniteMDP, q: Array, constant: Scalar, path: Path
) -> Relation:
    """The synchronous factor does not hold for the pairs that an asynchronous step leaves alone."""
    plain, moved = (tables_along(update, mdp, table, path) for table in (q, q + constant))
    relations = []
    for after, before, (*_, step_size) in zip(moved, plain, path, strict=True):
        constant = constant * _factor(mdp, step_size)
        relations.append(equal(after, before + constant))
    return all_of(relations)
