r"""In a deterministic model with whole steps, Q-learning is value iteration in place.

.. math:: Q^+(x) = (TQ)(x), \qquad Q^+(y) = Q(y) \ (y \ne x)

for every step of every path, if each pair has one outcome and every step size is 1. Which pairs are visited, and in
which order, is all that is left to choose; in a fixed order it is Gauss-Seidel value iteration on pairs.

Why: with one outcome the mean over p(s', r | x) is the target itself, (TQ)(x) = r + gamma V_Q(s'), and a whole step
puts the target in the entry's place (q-learning.one-step-expectation at alpha = 1). Nothing is random, so nothing has
to be averaged out.

So after every pair has been visited once, the largest error has shrunk by the discount at least: an entry that is
written is at most gamma times the largest error before away from q*, by bellman.contraction, and an entry not yet
written is no further off than that largest error. Small steps only slow a deterministic problem down.

With several outcomes a whole step keeps the last sample and forgets the others: no average is ever taken, and Q
goes on jumping between the targets that occur. With a smaller step the entry stays behind TQ by (1 - alpha)(TQ - Q).
"""

from __future__ import annotations

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, paths, tables, tied_to

from ..assumptions import deterministic_model, discounted, unit_steps
from ..claim import Claim
from ..definitions import backup
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal
from ..runs import Path, Update, tables_along

deterministic_alpha_one = Claim(
    id="q-learning.deterministic-alpha-one",
    title="In a deterministic model with whole steps, Q-learning is value iteration in place",
    statement=r"Q^+(x) = (TQ)(x), \quad Q^+(y) = Q(y)\ (y \ne x)",
    subject="q-learner",
    needs=(discounted, deterministic_model, unit_steps),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "q-learning.one-step-expectation"),
)
deterministic_alpha_one.kept(
    discounted,
    because="Only the remark on sweeps uses it: at discount 1 the bound is that errors do not grow, which T has anyway,"
    " and q* need not be determined. The identity holds for every discount.",
)


@tied_to("path")
def _whole_steps(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    return paths(mdp).map(lambda path: tuple((pair, outcome, exact(1)) for pair, outcome, _ in path))


# The reducer may not shorten a step: the check on smaller ones drops another assumption.
_whole_steps.accepts = lambda path: all(step_size == 1 for *_, step_size in path)  # type: ignore[attr-defined]

_deterministic = mdps(max_outcomes=1)


@deterministic_alpha_one.pathwise(mdp=_deterministic, q=tables, path=_whole_steps)
def steps_are_backups_in_place(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """Every step writes (TQ)(x) over Q(x), and nothing else."""
    relations = []
    for (pair, *_), after in zip(path, tables_along(update, mdp, q, path), strict=True):
        q = exact_array([*q[:pair], backup(mdp, q)[pair], *q[pair + 1 :]])
        relations.append(equal(after, q))
    return all_of(relations)


for _mutant in (
    learners.undiscounted_target,
    learners.behaviour_average,
    learners.bootstrapped_end,
    learners.whole_row_written,
    learners.doubled_step,
):
    deterministic_alpha_one.refutes(_mutant, by=steps_are_backups_in_place)
deterministic_alpha_one.fails_without(
    deterministic_model, by=steps_are_backups_in_place, mdp=mdps(max_states=2, max_outcomes=2)
)
deterministic_alpha_one.fails_without(unit_steps, by=steps_are_backups_in_place, path=paths)


@tied_to("pair")
def _orders(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.permutations(range(mdp.n_pairs)).map(exact_array)


def _sweep(mdp: FiniteMDP, order: Array) -> Path:
    """Visit each pair once, in the order of its key."""
    visited = sorted(range(mdp.n_pairs), key=lambda x: (order[x], x))
    return tuple((x, mdp.outcomes_of(x)[0], exact(1)) for x in visited)


@deterministic_alpha_one.exact(mdp=mdps(max_states=3, max_outcomes=1), q=tables, order=_orders)
def a_sweep_shrinks_the_error(update: Update, mdp: FiniteMDP, q: Array, order: Array) -> Relation:
    """After one visit to every pair, in any order, the table is nearer to q* by the discount at least."""
    best = policy_iteration(mdp).q
    *_, swept = tables_along(update, mdp, q, _sweep(mdp, order))
    return at_most(max_norm(swept - best), mdp.discount * max_norm(q - best))


deterministic_alpha_one.refutes(learners.undiscounted_target, by=a_sweep_shrinks_the_error)
deterministic_alpha_one.refutes(learners.minimum_in_place_of_maximum, by=a_sweep_shrinks_the_error)
deterministic_alpha_one.attained(
    "one loop, whose error shrinks by the discount at every step",
    by=a_sweep_shrinks_the_error,
    mdp=lambda: FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2"),
    q=lambda: exact_array([0]),
    order=lambda: exact_array([0]),
)


@deterministic_alpha_one.too_strong(beside=a_sweep_shrinks_the_error)
def a_sweep_shrinks_it_by_the_square(update: Update, mdp: FiniteMDP, q: Array, order: Array) -> Relation:
    """Earlier visits of the sweep help later ones, but no power of the discount is promised."""
    best = policy_iteration(mdp).q
    *_, swept = tables_along(update, mdp, q, _sweep(mdp, order))
    return at_most(max_norm(swept - best), mdp.discount * mdp.discount * max_norm(q - best))
