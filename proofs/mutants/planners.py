"""Wrong policy iterations: evaluations that lose the discount or never end, and tests of stability that cycle or lie.

Each evaluates, improves and compares, and is right but for what its name says. A loop that would never end is cut off,
and the plan says so by ``stopped=False``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import expected_backup, greedy_policy, policy_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import Plan, no_plan
from bellcheck.mdp.solve import ImproperPolicy, evaluate, improvement_step, require_proper

from ..subject import Subject
from .policy_iterations import leaves_the_incumbent, looks_at_rewards

__all__ = [
    "best_for_one_step",
    "changes_for_no_gain",
    "endless_evaluation",
    "stable_when_changed",
    "uncounted_evaluation",
    "undiscounted_evaluation",
]

ENDLESS = 300
"""Undiscounted sweeps after which a loop is taken to be endless. Some that creep would end; what refutes never does."""


def _first_actions(mdp: FiniteMDP) -> Array:
    policy = mdp.table(0)
    policy[mdp.acting_start] = fmpq(1)
    return policy


def _values(mdp: FiniteMDP, policy: Array) -> Array:
    return policy_values(mdp, policy, evaluate(mdp, policy))


def _iterated(mdp: FiniteMDP, step: Callable[[FiniteMDP, Array], Array]) -> Plan:
    """Step until the policy comes out as it went in; who has made more steps than there are policies never will."""
    try:
        require_proper(mdp)
    except ImproperPolicy as error:
        return no_plan(str(error))
    policy = _first_actions(mdp)
    policies = math.prod(len(mdp.pairs_of(int(state))) for state in mdp.acting)
    for steps in range(1, policies + 2):
        improved = step(mdp, policy)
        if (improved == policy).all():
            return Plan(_values(mdp, policy), policy, True, steps)
        policy = improved
    return Plan(_values(mdp, policy), policy, None, policies + 1, stopped=False)


def _changes_for_no_gain(mdp: FiniteMDP) -> Plan:
    """Compares policies, and may take another of several best actions each time."""
    return _iterated(mdp, leaves_the_incumbent.call)


def _stable_when_changed(mdp: FiniteMDP) -> Plan:
    """Stops when a step has changed an action, and goes on while none does: then the next step is the same again."""
    try:
        require_proper(mdp)
    except ImproperPolicy as error:
        return no_plan(str(error))
    policy = _first_actions(mdp)
    improved = improvement_step(mdp, policy)
    return Plan(_values(mdp, improved), improved, True, 1, stopped=bool((improved != policy).any()))


def _best_for_one_step(mdp: FiniteMDP) -> Plan:
    """Takes in every state the action with the largest mean reward, whatever it leads to."""
    return _iterated(mdp, looks_at_rewards.call)


# -------------------------------------------------------------------- evaluation by sweeps

_Sweep = Callable[[np.ndarray], np.ndarray]


def _sweeps_of(mdp: FiniteMDP, policy: Array, discount: float) -> _Sweep:
    """V -> r_pi + discount P_pi V, where terminal states keep the value 0."""
    mean, transition = np.zeros(mdp.n_states), np.zeros((mdp.n_states, mdp.n_states))
    probability, reward = to_floats(mdp.probability), to_floats(mdp.reward)
    for x in np.flatnonzero(policy == 1):
        for k in mdp.outcomes_of(int(x)):
            mean[mdp.pair_state[x]] += probability[k] * reward[k]
            transition[mdp.pair_state[x], mdp.next_state[k]] += probability[k]
    return lambda v: mean + discount * (transition @ v)


def _planned(mdp: FiniteMDP, evaluation: Callable[[Array, np.ndarray], np.ndarray | None]) -> Plan:
    """Evaluate from the values before, None being an evaluation without end; keep an action unless one seems better."""
    rounded, policy, v = mdp.to_float(), _first_actions(mdp), np.zeros(mdp.n_states)
    for steps in range(1, ENDLESS + 1):
        evaluated = evaluation(policy, v)
        if evaluated is None:
            return Plan(exact_array(v), policy, None, steps, stopped=False)
        v, q = evaluated, expected_backup(rounded, evaluated)
        best = exact_array(greedy_policy(rounded, q))
        gain = policy_values(rounded, to_floats(best) - to_floats(policy), q)
        if max_norm(gain) <= 1e-6:
            return Plan(exact_array(v), policy, True, steps)
        policy = np.where((gain > 1e-6)[mdp.pair_state], best, policy)
    return Plan(exact_array(v), policy, None, ENDLESS, stopped=False)


def _until_settled(mdp: FiniteMDP, policy: Array, v: np.ndarray, tolerance: float) -> np.ndarray | None:
    sweep = _sweeps_of(mdp, policy, float(to_floats([mdp.discount])[0]))
    for _ in range(ENDLESS) if mdp.discount == 1 else count():
        following = sweep(v)
        change, v = max_norm(following - v), following
        if change < tolerance:
            return v
    return None


def _endless_evaluation(mdp: FiniteMDP) -> Plan:
    """Evaluates from 0 until a sweep changes nothing to speak of, which need not happen at discount 1."""
    return _planned(mdp, lambda policy, v: _until_settled(mdp, policy, v * 0, 1e-10))


def _uncounted_evaluation(mdp: FiniteMDP) -> Plan:
    """Evaluates while the number of sweeps is below a hundred, and counts none; a small change ends it too."""
    return _planned(mdp, lambda policy, v: _until_settled(mdp, policy, v, 1e-3))


def _undiscounted_evaluation(mdp: FiniteMDP) -> Plan:
    """Evaluates by twenty sweeps without the discount."""

    def twenty_sweeps(policy: Array, v: np.ndarray) -> np.ndarray:
        sweep = _sweeps_of(mdp, policy, 1.0)
        for _ in range(20):
            v = sweep(v)
        return v

    return _planned(mdp, twenty_sweeps)


changes_for_no_gain = Subject(
    "policy-iteration", "another of several best actions at each step", _changes_for_no_gain, bug="H6"
)
stable_when_changed = Subject("policy-iteration", "stable when an action was changed", _stable_when_changed, bug="H7")
undiscounted_evaluation = Subject(
    "policy-iteration", "evaluation without the discount", _undiscounted_evaluation, bug="H8"
)
endless_evaluation = Subject("policy-iteration", "evaluation until nothing changes", _endless_evaluation, bug="H11")
uncounted_evaluation = Subject(
    "policy-iteration", "a limit on sweeps that are not counted", _uncounted_evaluation, bug="H12"
)
best_for_one_step = Subject("policy-iteration", "best for one step only", _best_for_one_step)
