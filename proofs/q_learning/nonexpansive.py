r"""Two learners fed the same samples never move apart, and synchronous ones approach each other at every step.

.. math:: \lvert Q^+(x) - Q'^+(x) \rvert \le (1 - (1 - \gamma) \alpha) \, \lVert Q - Q' \rVert_\infty

at the updated pair x, for the same x, outcome and step size, and discounts up to 1. An asynchronous run changes one
entry, so the max norm of the difference never increases; a synchronous one changes all, so it shrinks by the factor at
every step; below discount 1 and with positive steps that is strictly.

Why: the reward cancels, Q+(x) - Q'+(x) = (1 - alpha)(Q(x) - Q'(x)) + alpha gamma (V_Q(s') - V_Q'(s')), and a maximum is
nonexpansive (bellman.max-nonexpansive), so that both differences are at most ||Q - Q'||. The weights are non-negative
because alpha lies in [0, 1], and they add up to the factor.

This holds on every path, without expectation, and is how rounding errors (q-learning.float-budget) and noise
(q-learning.finite-time-synchronous) are propagated. The factor is attained by two tables a constant apart, where no
outcome is terminal. A common trap: learners that share a random seed share their samples only as long as their actions
do not depend on their tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.draws import DISCOUNTS
from bellcheck.mdp.examples import self_loop, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, step_sizes, synchronous_paths, tables, tied_to

from ..assumptions import finite, steps_in_unit_interval
from ..claim import Claim, cite
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners
from ..relation import Relation, all_of, at_most, given

nonexpansive = Claim(
    id="q-learning.nonexpansive",
    title="Learners fed the same samples never move apart",
    statement=r"\lvert Q^+(x) - Q'^+(x) \rvert \le (1 - (1-\gamma)\alpha)\,\lVert Q - Q' \rVert_\infty",
    subject="q-learner",
    needs=(finite, steps_in_unit_interval),
    uses=("bellman.max-nonexpansive",),
    sources=(cite("sutton2018", "(6.8)", verified=False),),
)


def _within(q: Array, w: Array, distance: Scalar) -> Relation:
    return all_of([at_most(q - w, distance), at_most(w - q, distance)])


def _symbolic(mdp: Any, *successors: int) -> dict[str, Any]:
    return {
        "mdp": mdp,
        "q": symbolic_table,
        "w": symbolic_table,
        "distance": symbolic_number("distance"),
        "step_size": symbolic_number("step_size", 0, 1),
        "successors": successors,
    }


@nonexpansive.all_reals(**_symbolic(symbolic_mdp(2, 2, terminal=1, discounted=False), 0, -1))
@nonexpansive.all_reals(**_symbolic(symbolic_mdp(2, 2, discounted=False), -1))
@nonexpansive.all_reals(**_symbolic(symbolic_mdp(1, 3, discounted=False), 0))
def one_step_brings_them_closer(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, distance: Scalar, step_size: Scalar, successors: tuple[int, ...]
) -> Relation:
    """Tables within any distance of each other have updated entries within the factor times that distance.

    The first pair stands for all, its own state, another and a terminal one for the successors: pairs may be renamed,
    and nothing else of the model enters one step. One direction is enough, for the tables may change places.
    """
    return _one_step(update, mdp, q, w, distance, step_size, successors, 1 - (1 - mdp.discount) * step_size)


def _one_step(
    update: Any,
    mdp: FiniteMDP,
    q: Array,
    w: Array,
    distance: Scalar,
    step_size: Scalar,
    successors: tuple[int, ...],
    factor: Scalar,
) -> Relation:
    outcomes = [mdp.outcomes_of(0)[position] for position in successors]
    differences = [update(mdp, q, 0, k, step_size)[0] - update(mdp, w, 0, k, step_size)[0] for k in outcomes]
    return given(_within(q, w, distance), at_most(differences, factor * distance))


nonexpansive.refutes(learners.undiscounted_target, by=one_step_brings_them_closer)
nonexpansive.refutes(learners.sum_over_actions, by=one_step_brings_them_closer)
nonexpansive.refutes(learners.doubled_step, by=one_step_brings_them_closer)
nonexpansive.fails_without(
    steps_in_unit_interval, by=one_step_brings_them_closer, step_size=symbolic_number("step_size", 0, 2)
)
nonexpansive.kept(
    finite,
    because="Only finite models can be written down here. A step reads one row of the table: the proof asks that the"
    " tables be a finite distance apart, and no more.",
)


@nonexpansive.too_strong(beside=one_step_brings_them_closer)
def closer_as_if_nothing_were_bootstrapped(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, distance: Scalar, step_size: Scalar, successors: tuple[int, ...]
) -> Relation:
    """The factor is not 1 - alpha: the target carries the difference on, discounted."""
    return _one_step(update, mdp, q, w, distance, step_size, successors, 1 - step_size)


_models = mdps(discounts=[*DISCOUNTS, 1])


@tied_to("pair")
def _beside(mdp: FiniteMDP, q: Array) -> st.SearchStrategy[Array]:
    """Any table, or the first one moved by a constant, for which the factor is attained."""
    return st.one_of(st.integers(1, 3).map(lambda c: q + c), tables(mdp))


@nonexpansive.exact(mdp=_models, q=tables, w=_beside, step_size=step_sizes())
def models_of_any_shape_do_so(update: Any, mdp: FiniteMDP, q: Array, w: Array, step_size: Scalar) -> Relation:
    """The same on generated models, with their ties, terminal states and action sets that depend on the state."""
    furthest = (1 - (1 - mdp.discount) * step_size) * max_norm(q - w)
    differences = [
        abs(update(mdp, q, x, k, step_size)[x] - update(mdp, w, x, k, step_size)[x])
        for x in range(mdp.n_pairs)
        for k in mdp.outcomes_of(x)
    ]
    return at_most(differences, furthest)


for _mutant in (learners.undiscounted_target, learners.sum_over_actions):
    nonexpansive.refutes(_mutant, by=models_of_any_shape_do_so)
_shifted: dict[str, Any] = {"mdp": self_loop, "q": lambda: exact_array([0]), "w": lambda: exact_array([1])}
_IN_WORDS = "one state that leads to itself, and two tables a constant apart"
nonexpansive.attained(_IN_WORDS, by=models_of_any_shape_do_so, **_shifted, step_size=exact("1/2"))


@nonexpansive.pathwise(mdp=_models, q=tables, w=_beside, path=paths)
def paths_never_diverge(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, path: tuple[tuple[int, int, Scalar], ...]
) -> Relation:
    """Asynchronous learners on one path: the max norm of their difference never increases."""
    distances = [max_norm(q - w)]
    for pair, outcome, step_size in path:
        q, w = update(mdp, q, pair, outcome, step_size), update(mdp, w, pair, outcome, step_size)
        distances.append(max_norm(q - w))
    return at_most(distances[1:], distances[:-1])


nonexpansive.refutes(learners.sum_over_actions, by=paths_never_diverge)
nonexpansive.attained(
    "two loops of which one is updated, and two tables a constant apart",
    by=paths_never_diverge,
    mdp=two_arms,
    q=lambda: exact_array([0, 0]),
    w=lambda: exact_array([1, 1]),
    path=((0, 0, exact("1/2")),),
)


@nonexpansive.too_strong(beside=paths_never_diverge)
def every_path_brings_them_closer(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, path: tuple[tuple[int, int, Scalar], ...]
) -> Relation:
    """An asynchronous step need not shrink the distance: it leaves the other entries as far apart as they were."""
    distance = max_norm(q - w)
    for pair, outcome, step_size in path:
        q, w = update(mdp, q, pair, outcome, step_size), update(mdp, w, pair, outcome, step_size)
        distance = (1 - (1 - mdp.discount) * step_size) * distance
    return at_most(max_norm(q - w), distance)


@nonexpansive.pathwise(mdp=_models, q=tables, w=_beside, path=synchronous_paths)
def synchronous_paths_shrink_at_every_step(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, path: tuple[Array, np.ndarray]
) -> Relation:
    """Synchronous learners on one path: after each step they are closer by the factor."""
    relations = []
    for step_size, outcomes in zip(*path, strict=True):
        before = max_norm(q - w)
        q, w = (_all_pairs(update, mdp, table, outcomes, step_size) for table in (q, w))
        relations.append(at_most(max_norm(q - w), (1 - (1 - mdp.discount) * step_size) * before))
    return all_of(relations)


def _all_pairs(update: Any, mdp: FiniteMDP, q: Array, outcomes: np.ndarray, step_size: Scalar) -> Array:
    changed = q.copy()
    for x, k in enumerate(outcomes):
        changed[x] = update(mdp, q, x, int(k), step_size)[x]
    return changed


nonexpansive.refutes(learners.undiscounted_target, by=synchronous_paths_shrink_at_every_step)
nonexpansive.refutes(learners.sum_over_actions, by=synchronous_paths_shrink_at_every_step)
nonexpansive.attained(
    _IN_WORDS,
    by=synchronous_paths_shrink_at_every_step,
    **_shifted,
    path=lambda: (exact_array(["1/2", 1, "1/3"]), np.zeros((3, 1), dtype=int)),
)
