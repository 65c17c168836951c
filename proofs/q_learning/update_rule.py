r"""One transition moves one entry: by the step size, towards r plus the discounted value of where it led.

.. math:: Q^+(s, a) = Q(s, a) + \alpha \bigl(r + \gamma\, V(s') - Q(s, a)\bigr), \qquad Q^+(y) = Q(y) \ (y \ne (s, a))

with V(s') = max over A(s') of Q(s', .) for Q-learning, Q(s', a') of the action taken next for SARSA, the mean of
Q(s', .) under the policy for expected SARSA; and V(s') = 0 where s' is terminal.

Why: this is the definition of the three rules, and not a theorem. It stands here because all theorems are about it, and
because most of what goes wrong in a program is wrong in one transition already, and visible there without any
statistics: the wrong maximum, the wrong row, a value at the end, another entry that is written.

A(s') is the set of actions that s' has. A table that is padded to a rectangle has other entries in the row, and any
number in their place, 0 or -9999999, is the maximum of the row as soon as all values lie below it.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, maximum
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, step_sizes, tables

from ..claim import Claim, cite
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import learners, sarsa
from ..relation import Relation, all_of, equal
from ..runs import Update, any_step

update_rule = Claim(
    id="q-learning.update-rule",
    title="One transition moves one entry, towards r plus the discounted value of where it led",
    statement=r"Q^+(s, a) = Q(s, a) + \alpha (r + \gamma V(s') - Q(s, a)),\quad Q^+(y) = Q(y)\ (y \ne (s, a))",
    subject="q-learner",
    sources=(
        cite("sutton2018", "(6.8)", verified=False),
        cite("sutton2018", "(6.7)", verified=False),
        cite("sutton2018", "(6.9)", verified=False),
    ),
)


def _moved(q: Array, pair: int, step_size: Scalar, target: Scalar) -> Array:
    """The table in which the entry of a pair, and no other, has moved towards the target."""
    table = q.copy()
    table[pair] = q[pair] + step_size * (target - q[pair])
    return table


@update_rule.all_reals(mdp=symbolic_mdp(2, 2, terminal=1), q=symbolic_table, step_size=any_step)
@update_rule.exact(mdp=mdps(), q=tables, step_size=step_sizes())
def one_entry_moves_to_its_target(update: Update, mdp: FiniteMDP, q: Array, step_size: Scalar) -> Relation:
    """Every outcome of every pair: the target is r plus the discounted largest value of s', or r where s' has none."""
    relations = []
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            row = list(mdp.pairs_of(int(mdp.next_state[k])))
            target = mdp.reward[k] + mdp.discount * maximum(q[row]) if row else mdp.reward[k]
            relations.append(equal(update(mdp, q, x, k, step_size), _moved(q, x, step_size, target)))
    return all_of(relations)


for _mutant in (
    learners.undiscounted_target,
    learners.sum_over_actions,
    learners.bootstrapped_end,
    learners.row_of_the_action_taken,
    learners.minimum_in_place_of_maximum,
    learners.doubled_step,
    learners.whole_row_written,
    learners.reward_of_another_pair,
    learners.target_subtracted,
    learners.error_subtracted,
    learners.old_value_added,
):
    update_rule.refutes(_mutant, by=one_entry_moves_to_its_target)
for _mutant in (learners.argmax_in_place_of_max, learners.largest_of_value_and_zero, learners.padded_with_zeros):
    update_rule.refutes(_mutant, by=one_entry_moves_to_its_target, kinds=("exact",))


@update_rule.exact(mdp=mdps(), q=tables, step_size=step_sizes(), depth=10**8)
def no_padding_is_low_enough(update: Update, mdp: FiniteMDP, q: Array, step_size: Scalar, depth: int) -> Relation:
    """The same from a table that lies far below 0: the maximum runs over the actions that s' has, and nothing else."""
    return one_entry_moves_to_its_target(update, mdp, q - depth, step_size)


for _mutant in (learners.padded_far_below, learners.padded_with_zeros, learners.largest_of_value_and_zero):
    update_rule.refutes(_mutant, by=no_padding_is_low_enough)


# -------------------------------------------------------------------- on policy


@update_rule.exact(of="sarsa", mdp=mdps(), q=tables, step_size=step_sizes())
def sarsa_moves_to_the_action_taken_next(update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar) -> Relation:
    """Every outcome, and every action that may be taken next; none where the episode ends."""
    relations = []
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            for y in mdp.pairs_of(int(mdp.next_state[k])) or (None,):
                target = mdp.reward[k] + mdp.discount * (fmpq(0) if y is None else q[y])
                relations.append(equal(update(mdp, q, x, k, y, step_size), _moved(q, x, step_size, target)))
    return all_of(relations)


for _mutant in (sarsa.best_value_of_next_state, sarsa.action_repeated, sarsa.end_bootstrapped):
    update_rule.refutes(_mutant, by=sarsa_moves_to_the_action_taken_next)


@update_rule.exact(of="expected-sarsa", mdp=mdps(), q=tables, policy=policies, step_size=step_sizes())
def expected_sarsa_moves_to_the_mean(
    update: Any, mdp: FiniteMDP, q: Array, policy: Array, step_size: Scalar
) -> Relation:
    """Every outcome: the actions of s' count by their probabilities, which sum to 1 and to nothing at an end."""
    values = exact_array(sum((policy[y] * q[y] for y in mdp.pairs_of(state)), fmpq(0)) for state in range(mdp.n_states))
    return all_of(
        [
            equal(
                update(mdp, q, x, k, policy, step_size),
                _moved(q, x, step_size, mdp.reward[k] + mdp.discount * values[mdp.next_state[k]]),
            )
            for x in range(mdp.n_pairs)
            for k in mdp.outcomes_of(x)
        ]
    )


for _mutant in (sarsa.exploring_once_for_each_action, sarsa.policy_not_asked):
    update_rule.refutes(_mutant, by=expected_sarsa_moves_to_the_mean)
