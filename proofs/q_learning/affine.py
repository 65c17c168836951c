r"""Rewards a r + b give the tables a Q + b / (1 - gamma), for a > 0 and as long as no episode ends.

.. math:: r \mapsto a r + b, \quad Q_0 \mapsto a Q_0 + \tfrac{b}{1 - \gamma}
          \quad\Longrightarrow\quad Q_k \mapsto a Q_k + \tfrac{b}{1 - \gamma}

on every path, for the same pairs, outcomes and step sizes, whatever these are.

Why: write c = b / (1 - gamma), so that b + gamma c = c. A maximum passes through an increasing affine map,
max (a Q + c) = a max Q + c. Hence the new target is a r + b + gamma (a V_Q(s') + c) = a (r + gamma V_Q(s')) + c: the
old one, mapped as the tables are. An average of two mapped numbers, with weights 1 - alpha and alpha, is mapped alike.

Each condition is used once. A negative a turns the maximum into a minimum; with one action a state there is nothing to
choose, and every a will do. At a terminal state the value is 0 and not c: where episodes end b must be 0, and with
b = 0 every a > 0 will do. A bonus for every step does not shift all values alike, then (folklore.reward-shift).
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, Reals, Scalar
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, state_tables, tables
from bellcheck.mdp.transform import affine_rewards

from ..assumptions import discounted, no_terminals, positive_scale
from ..claim import Claim
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import invariants, learners, targets
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, any_step, tables_along
from ..transformations import any_number, negative_numbers, positive_numbers

affine = Claim(
    id="q-learning.affine",
    title="Rewards a r + b give the tables a Q + b / (1 - gamma), for a > 0 and without ends",
    statement=r"r \mapsto a r + b,\ Q_0 \mapsto a Q_0 + \tfrac{b}{1-\gamma}"
    r" \implies Q_k \mapsto a Q_k + \tfrac{b}{1-\gamma}",
    subject="q-learner",
    needs=(discounted, no_terminals, positive_scale),
)
affine.kept(
    discounted,
    because="At discount 1 the shift b / (1 - gamma) is a division by 0 unless b = 0: there is nothing to state.",
)


def _positive(name: str) -> object:
    def draw(reals: Reals) -> Scalar:
        number = reals.real(name)
        reals.assume(number > 0)
        return number

    return draw


@affine.all_reals(
    mdp=symbolic_mdp(2, 2),
    q=symbolic_table,
    scale=_positive("a"),
    constant=symbolic_number("c"),
    step_size=any_step,
)
def one_step_keeps_the_map(
    update: Update, mdp: FiniteMDP, q: Array, scale: Scalar, constant: Scalar, step_size: Scalar
) -> Relation:
    """The induction step, for all reals: tables mapped by a Q + c stay so, where c stands for b / (1 - gamma).

    The first pair stands for all, its own state and another for the successors.
    """
    model = affine_rewards(mdp, scale, (1 - mdp.discount) * constant)
    outcomes = mdp.outcomes_of(0)
    before = [update(mdp, q, 0, k, step_size)[0] for k in outcomes]
    after = [update(model, q * scale + constant, 0, k, step_size)[0] for k in outcomes]
    return equal(after, [scale * entry + constant for entry in before])


affine.refutes(learners.undiscounted_target, by=one_step_keeps_the_map)
affine.refutes(learners.sum_over_actions, by=one_step_keeps_the_map)
affine.fails_without(positive_scale, by=one_step_keeps_the_map, scale=symbolic_number("a"))
affine.fails_without(no_terminals, by=one_step_keeps_the_map, mdp=symbolic_mdp(2, 2, terminal=1))


@affine.pathwise(mdp=mdps(terminal=False), q=tables, scale=positive_numbers, shift=any_number, path=paths)
def paths_keep_the_map(update: Update, mdp: FiniteMDP, q: Array, scale: Scalar, shift: Scalar, path: Path) -> Relation:
    """Two learners on one path: the tables on a r + b are those on r, times a, plus b / (1 - gamma)."""
    constant = shift / (1 - mdp.discount)
    plain = tables_along(update, mdp, q, path)
    mapped = tables_along(update, affine_rewards(mdp, scale, shift), q * scale + constant, path)
    return all_of(equal(after, before * scale + constant) for after, before in zip(mapped, plain, strict=True))


for _mutant in (
    learners.undiscounted_target,
    learners.sum_over_actions,
    learners.argmax_in_place_of_max,
    learners.largest_of_value_and_zero,
):
    affine.refutes(_mutant, by=paths_keep_the_map)
affine.fails_without(positive_scale, by=paths_keep_the_map, scale=negative_numbers)
affine.fails_without(no_terminals, by=paths_keep_the_map, mdp=mdps(max_states=2))


@affine.pathwise(mdp=mdps(), q=tables, scale=positive_numbers, path=paths)
def paths_that_end_keep_a_scale(update: Update, mdp: FiniteMDP, q: Array, scale: Scalar, path: Path) -> Relation:
    """Without a shift episodes may end: a positive factor of all rewards is one of all tables."""
    return paths_keep_the_map(update, mdp, q, scale, 0 * scale, path)


for _mutant in (learners.argmax_in_place_of_max, invariants.clipped_rewards):
    affine.refutes(_mutant, by=paths_that_end_keep_a_scale)


@affine.pathwise(mdp=mdps(max_actions=1, terminal=False), q=tables, scale=any_number, shift=any_number, path=paths)
def one_action_takes_any_scale(
    update: Update, mdp: FiniteMDP, q: Array, scale: Scalar, shift: Scalar, path: Path
) -> Relation:
    """With one action a state the factor may be negative or 0: there is no maximum to turn around."""
    return paths_keep_the_map(update, mdp, q, scale, shift, path)


affine.refutes(learners.undiscounted_target, by=one_action_takes_any_scale)


@affine.exact(of="flagged-target", mdp=mdps(), values=state_tables, scale=any_number, shift=any_number)
def targets_are_mapped_as_the_values_are(
    target: Any, mdp: FiniteMDP, values: Array, scale: Scalar, shift: Scalar
) -> Relation:
    """One target for values a V + c: a y + c where it bootstraps, and a y + b, without the c, where nothing follows."""
    constant = shift / (1 - mdp.discount)
    model = affine_rewards(mdp, scale, shift)
    relations = []
    for k in range(len(mdp.reward)):
        for terminated, added in ((False, constant), (True, shift)):
            before = target(mdp, values, k, terminated, False)
            relations.append(
                equal(target(model, values * scale + constant, k, terminated, False), scale * before + added)
            )
    return all_of(relations)


for _mutant in (targets.value_subtracted, targets.discount_added):
    affine.refutes(_mutant, by=targets_are_mapped_as_the_values_are)
