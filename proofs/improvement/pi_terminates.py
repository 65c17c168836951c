r"""Policy iteration that changes an action only for a better one stops, and stops at an optimal policy.

.. math:: \pi_0, \pi_1, \dots \ \text{takes less than}\ \prod_s |A(s)| \ \text{steps}, \qquad
    \pi^+ = \pi \iff v_\pi = v^*

Why: if the step changes anything, a new choice is strictly better there and none is worse, so by the improvement
theorem the values rise, somewhere strictly, and no policy comes back; there are only finitely many. If it changes
nothing, every choice is a maximum: q_pi = T_pi q_pi = T q_pi, and the fixed point of T is q*
(bellman.fixed-point-optimal). A policy with the values v* takes a best action everywhere and has nothing to change. (In
action values it must be said with care: at discount 0 every policy has q_pi = q*, since Q(s, a) does not see what the
policy does in s before it comes back.)

Keeping the incumbent on ties matters. Two loops with the same reward are both optimal; a rule that may leave one best
action for another goes from policy to policy at the optimum for ever. One that draws among the best at random repeats
itself, and stops, only by chance: with n such states in one of 2^n steps. A rule that looks at the values alone, such
as the lowest best action, does stop: equal values, equal choice. But in floating point equal values come out unequal,
and differently under each policy: between two loops that pay 1 for certain, at discount 7/8, the argmax goes back and
forth for ever if the outcomes of the first are listed as 1/3 and 2/3. The exact solver here refuses a policy that comes
back.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import policy_values, state_values
from bellcheck.mdp.examples import loan
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import deterministic_policies, mdps

from ..assumptions import discounted, finite
from ..claim import Claim, cite, isabelle, lean
from ..definitions import action_values, optimal_values
from ..mutants import policy_iterations
from ..relation import Relation, all_of, at_most, equal

pi_terminates = Claim(
    id="improvement.pi-terminates",
    title="Policy iteration that keeps the incumbent on ties stops, at an optimal policy",
    statement=r"\pi^+ = \pi \iff v_\pi = v^*, \quad\text{after less than}\ \prod_s |A(s)| \ \text{steps}",
    subject="improvement-step",
    needs=(finite, discounted),
    uses=("improvement.improvement-theorem", "bellman.fixed-point-optimal"),
    sources=(cite("puterman1994"), cite("sutton2018")),
    proved_in=(
        isabelle("policy_iteration_correct"),
        isabelle("policy_step_eq_imp_opt"),
        lean("DP.policy_iteration_finite_convergence", library="prove2me/formalpedia, SuttonBartoRL"),
    ),
)
pi_terminates.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many policies the values still rise at every"
    " step, but there is no last one.",
)


def _along(step: Any, mdp: FiniteMDP, policy: Array) -> list[Array]:
    """The policies until one is repeated at once, or as many as there are policies and one more."""
    policies = [policy]
    for _ in range(math.prod(len(mdp.pairs_of(int(state))) for state in mdp.acting)):
        policies.append(step(mdp, policies[-1]))
        if (policies[-1] == policies[-2]).all():
            break
    return policies


def _values(mdp: FiniteMDP, policy: Array) -> Array:
    return policy_values(mdp, policy, action_values(mdp, policy))


def _best_values(mdp: FiniteMDP) -> Array:
    return state_values(mdp, optimal_values(mdp))


@pi_terminates.exact(mdp=mdps(max_states=3), policy=deterministic_policies)
def steps_end_at_the_optimum(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """From any policy values rise, the last policy is repeated, and its value is the best of all policies."""
    *policies, repeated = _along(step, mdp, policy)
    values = [_values(mdp, p) for p in policies]
    rising = [at_most(before, after) for before, after in pairwise(values)]
    return all_of([*rising, equal(repeated, policies[-1]), equal(values[-1], _best_values(mdp))])


def _loan_beside_a_loop() -> FiniteMDP:
    mdp = loan()
    pairs = [(s, a, [(1, mdp.reward[x], mdp.next_state[x])]) for x, (s, a) in enumerate([(0, 0), (0, 1), (1, 0)])]
    return FiniteMDP.from_pairs(3, [*pairs, (2, 0, [(1, 1, 2)])], mdp.discount)


pi_terminates.attained(
    "a loan that is refused, then taken, beside a loop that gains nothing by it",
    by=steps_end_at_the_optimum,
    mdp=_loan_beside_a_loop,
    policy=lambda: exact_array([1, 0, 1, 1]),
)
pi_terminates.refutes(policy_iterations.leaves_the_incumbent, by=steps_end_at_the_optimum)
pi_terminates.refutes(policy_iterations.looks_at_rewards, by=steps_end_at_the_optimum)


@pi_terminates.too_strong(beside=steps_end_at_the_optimum)
def every_start_ends_at_one_policy(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """Values are unique at the end, policies are not."""
    lowest = mdp.table(0)
    lowest[mdp.acting_start] = fmpq(1)
    return equal(_along(step, mdp, policy)[-1], _along(step, mdp, lowest)[-1])


@pi_terminates.too_strong(beside=steps_end_at_the_optimum)
def one_step_is_enough(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """A first improvement may open up a second."""
    return equal(_values(mdp, step(mdp, policy)), _best_values(mdp))


@pi_terminates.exact(mdp=mdps(max_states=3), policy=deterministic_policies)
def stable_means_optimal(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """1 if the step changes nothing, else 0, beside 1 if the policy is optimal, else 0."""
    stable = bool((step(mdp, policy) == policy).all())
    return equal(int(stable), int((_values(mdp, policy) == _best_values(mdp)).all()))


pi_terminates.refutes(policy_iterations.leaves_the_incumbent, by=stable_means_optimal)
# To leave costs 1, to stay costs nothing; who means to leave sees no gain in one step of staying, and leaves.
pi_terminates.fails_without(
    discounted,
    by=stable_means_optimal,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, -1, 1)]), (0, 1, [(1, 0, 0)])], discount=1),
    policy=lambda: exact_array([1, 0]),
)


@pi_terminates.too_strong(beside=stable_means_optimal)
def optimal_action_values_mean_optimal(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """As if q_pi = q* made a policy optimal: where a state is not entered again q_pi does not see the policy."""
    best = (action_values(mdp, policy) == optimal_values(mdp)).all()
    return equal(int(best), int((_values(mdp, policy) == _best_values(mdp)).all()))


def _all_alike(mdp: FiniteMDP) -> FiniteMDP:
    """Pay 1 everywhere: every policy is optimal, and only rounding could prefer one."""
    return replace(mdp, reward=mdp.reward * 0 + 1)


@pi_terminates.exact(mdp=mdps(max_states=3, terminal=False).map(_all_alike), policy=deterministic_policies)
def equally_good_policies_stay(step: Any, mdp: FiniteMDP, policy: Array) -> Relation:
    """Where all policies are worth 1 / (1 - gamma), the steps end."""
    policies = _along(step, mdp, policy)
    return all_of([equal(policies[-1], policies[-2]), equal(_values(mdp, policies[-1]), 1 / (1 - mdp.discount))])


pi_terminates.refutes(policy_iterations.leaves_the_incumbent, by=equally_good_policies_stay)
pi_terminates.refutes(policy_iterations.argmax_of_floats, by=equally_good_policies_stay)
