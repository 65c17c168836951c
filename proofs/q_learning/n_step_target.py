r"""An n-step target sums the rewards that are left, at most n, and discounts the value that follows by their number.

.. math:: y_t = \sum_{i=0}^{m-1} \gamma^i\, r_{t+i} + \gamma^m\, V(s'_{t+m-1}), \qquad
          m = \min(n,\ \text{steps left in the episode or in the recording}), \quad V(\text{terminal}) = 0

At n = 1 it is the target of one step, r + gamma V(s'). And if the steps follow a policy in a model without chance, its
values are their own targets, for every n:

.. math:: V = v_\pi \quad\Longrightarrow\quad y_t = q_\pi(s_t, a_t).

Why: q_pi(s_t, a_t) = r_t + gamma v_pi(s'_t), and v_pi(s'_t) = q_pi(s_{t+1}, a_{t+1}) as long as the policy chooses; put
the one into the other m - 1 times. It does not matter where the sum stops, only that the power of gamma counts the
rewards, and that nothing is counted across a border: after an end nothing follows, and after a cut something that was
not recorded. With chance the same holds of means.

Every error in the exponent or at a border is invisible at n = 1, and most are in the middle of a long episode. They
show where fewer than n rewards are left.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import deterministic_policies, mdps, recordings, state_tables
from bellcheck.mdp.transitions import Recording

from ..claim import Claim, cite
from ..definitions import action_values
from ..mutants import n_step as mutants
from ..relation import Relation, all_of, equal

n_step_target = Claim(
    id="q-learning.n-step-target",
    title="An n-step target discounts the value that follows by the number of rewards that it sums",
    statement=r"y_t = \sum_{i<m} \gamma^i r_{t+i} + \gamma^m V(s'_{t+m-1}),\ m = \min(n, \text{steps left})",
    subject="n-step-target",
    sources=(cite("sutton2018", "(7.1)", verified=False),),
)

_lengths = st.sampled_from([2, 1, 3, 4, 9])


def _ends(mdp: FiniteMDP, outcome: int) -> bool:
    return int(mdp.next_state[outcome]) in mdp.terminal_states


def _bootstrapped(mdp: FiniteMDP, values: Array, outcome: int) -> fmpq:
    """V(s') of an outcome, 0 at ends whatever `values` has there."""
    return fmpq(0) if _ends(mdp, outcome) else values[mdp.next_state[outcome]]


# -------------------------------------------------------------------- the sum


@n_step_target.exact(mdp=mdps(), values=state_tables, steps=recordings, n=_lengths)
def targets_are_sums_of_rewards(targets: Any, mdp: FiniteMDP, values: Array, steps: Recording, n: int) -> Relation:
    """The sum written out, at every step of any recording; values of terminal states do not matter."""
    if not steps:
        return all_of([])
    expected = []
    for t in range(len(steps)):
        m = 1
        while m < n and t + m < len(steps) and not steps[t + m - 1][2] and not _ends(mdp, steps[t + m - 1][1]):
            m += 1
        outcomes = [outcome for _, outcome, _ in steps[t : t + m]]
        rewards = sum((mdp.discount**i * mdp.reward[k] for i, k in enumerate(outcomes)), fmpq(0))
        expected.append(rewards + mdp.discount**m * _bootstrapped(mdp, values, outcomes[-1]))
    return equal(targets(mdp, values, steps, n), exact_array(expected))


for _mutant in (
    mutants.discounted_once,
    mutants.always_the_nth_power,
    mutants.indices_wrapped,
    mutants.episodes_joined,
    mutants.values_before_ends_zeroed,
):
    n_step_target.refutes(_mutant, by=targets_are_sums_of_rewards)


@n_step_target.exact(mdp=mdps(), values=state_tables, steps=recordings)
def one_step_targets_bootstrap_at_once(targets: Any, mdp: FiniteMDP, values: Array, steps: Recording) -> Relation:
    """At n = 1 each target is r + gamma V(s'), or r at an end, whatever comes before or after in the recording."""
    expected = [mdp.reward[k] + mdp.discount * _bootstrapped(mdp, values, k) for _, k, _ in steps]
    return equal(targets(mdp, values, steps, 1), exact_array(expected))


n_step_target.refutes(mutants.values_before_ends_zeroed, by=one_step_targets_bootstrap_at_once)


@n_step_target.too_strong(beside=one_step_targets_bootstrap_at_once)
def more_steps_change_nothing(targets: Any, mdp: FiniteMDP, values: Array, steps: Recording) -> Relation:
    """The target of two steps is another one: what the second reward says of V(s') is in it."""
    return equal(targets(mdp, values, steps, 2), targets(mdp, values, steps, 1))


# -------------------------------------------------------------------- the fixed point


def _following(mdp: FiniteMDP, policy: Array) -> Recording:
    """An episode from each pair on: it follows the policy from there, and is cut off after four steps."""
    steps = []
    for pair in range(mdp.n_pairs):
        x = pair
        for left in (3, 2, 1, 0):
            outcome = int(mdp.outcome_start[x])
            steps.append((x, outcome, left == 0))
            if _ends(mdp, outcome):
                break
            x = next(y for y in mdp.pairs_of(int(mdp.next_state[outcome])) if policy[y] == 1)
    return tuple(steps)


def _at_rest(targets: Any, mdp: FiniteMDP, policy: Array, ends: Array, n: int, error: int) -> Relation:
    q = action_values(mdp, policy)
    values = ends.copy()
    for state in mdp.acting:
        values[state] = sum((policy[x] * q[x] for x in mdp.pairs_of(int(state))), fmpq(0)) + error
    steps = _following(mdp, policy)
    return equal(targets(mdp, values, steps, n), exact_array(q[x] for x, _, _ in steps))


@n_step_target.exact(mdp=mdps(max_outcomes=1), policy=deterministic_policies, ends=state_tables, n=_lengths)
def true_values_are_their_own_targets(targets: Any, mdp: FiniteMDP, policy: Array, ends: Array, n: int) -> Relation:
    """Without chance, and with V = v_pi, the target of each step that follows pi is q_pi: nothing is left to learn."""
    return _at_rest(targets, mdp, policy, ends, n, error=0)


for _mutant in (mutants.values_before_ends_zeroed, mutants.discounted_once, mutants.always_the_nth_power):
    n_step_target.refutes(_mutant, by=true_values_are_their_own_targets)


@n_step_target.too_strong(beside=true_values_are_their_own_targets)
def other_values_are_their_own_targets(targets: Any, mdp: FiniteMDP, policy: Array, ends: Array, n: int) -> Relation:
    """An error of V reaches the target, discounted by gamma^m."""
    return _at_rest(targets, mdp, policy, ends, n, error=1)
