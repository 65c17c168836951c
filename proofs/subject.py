"""Subjects: the things that checks are about, by kind, and our own reference of each kind.

The check that the reference must pass is the check that a mutant must fail and that judges foreign code; only the
subject changes. References are named, not imported: listing the claims loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from operator import attrgetter
from typing import Any

__all__ = ["REFERENCES", "Subject", "reference"]

REFERENCES = {
    "maximum": "bellcheck.mdp.arithmetic:maximum",
    "operator": "bellcheck.mdp.bellman:optimality_operator",
    "expected-update": "bellcheck.mdp.bellman:expected_asynchronous_operator",
    "policy-operator": "bellcheck.mdp.bellman:policy_operator",
    "greedy-pairs": "bellcheck.mdp.bellman:greedy_pairs",
    "value-iteration": "bellcheck.mdp.iteration:value_iterates",
    "damped-value-iteration": "bellcheck.mdp.iteration:damped_value_iterates",
    "stopped-value-iteration": "bellcheck.mdp.iteration:nearly_optimal_policy",
    "evaluation": "bellcheck.mdp.solve:evaluate",
    "improvement-step": "bellcheck.mdp.solve:improvement_step",
    "gauss-seidel": "bellcheck.mdp.sweeps:gauss_seidel_sweep",
    "modified-policy-iteration": "bellcheck.mdp.sweeps:modified_policy_iteration_step",
    "exact-solver": "bellcheck.mdp.solve:policy_iteration",
    "solver": "bellcheck.mdp.planning:plan",
    "policy-iteration": "bellcheck.mdp.planning:iterate",
    "input-check": "bellcheck.mdp.planning:accepts",
    "pair-reader": "bellcheck.mdp.model:FiniteMDP.from_pairs",
    "table-reader": "bellcheck.mdp.interop.gymnasium:read_table",
    "q-learner": "bellcheck.mdp.q_learning:update",
    "minibatch": "bellcheck.mdp.minibatch:minibatch_update",
    "action-replay": "bellcheck.mdp.action_replay:action_replay_process",
    "sarsa": "bellcheck.mdp.sarsa:update",
    "expected-sarsa": "bellcheck.mdp.sarsa:expected_update",
    "n-step-target": "bellcheck.mdp.n_step:targets",
    "soft-operator": "bellcheck.mdp.sarsa:soft_optimality_operator",
    "soft-solver": "bellcheck.mdp.sarsa:soft_policy_iteration",
    "synchronous-run": "bellcheck.mdp.q_learning:run_synchronous",
    "synchronous-sampler": "bellcheck.mdp.simulation:sample_synchronous",
    "trajectory-run": "bellcheck.mdp.simulation:run_trajectory",
    "learner-run": "bellcheck.mdp.learner_run:learn",
    "step-size": "bellcheck.mdp.step_size:size",
    "behaviour": "bellcheck.mdp.behaviour:epsilon_greedy",
    "exploration-schedule": "bellcheck.mdp.behaviour:epsilon_at",
    "behaviour-sampler": "bellcheck.mdp.behaviour:action_counts",
    "training": "bellcheck.mdp.training:train",
    "softmax": "bellcheck.mdp.behaviour:softmax",
    "stationary-weights": "bellcheck.mdp.chain:stationary",
    "value-error": "bellcheck.mdp.value_error:value_error",
    "limiting-shares": "bellcheck.mdp.chain:limiting_shares",
    "frozen-regression": "bellcheck.mdp.frozen_regression:regression_step",
    "moving-value-error": "bellcheck.mdp.moving_weights:moving_value_error",
    "bellman-error": "bellcheck.mdp.value_error:bellman_error",
    "squared-td-error": "bellcheck.mdp.value_error:squared_td_error",
    "residual-gradient-rule": "bellcheck.mdp.residual_gradient:residual_gradient_update",
    "td-loss": "bellcheck.mdp.semi_gradient:td_loss",
    "full-gradient": "bellcheck.mdp.semi_gradient:full_gradient",
    "semi-gradient": "bellcheck.mdp.semi_gradient:semi_gradient",
    "semi-gradient-rule": "bellcheck.mdp.semi_gradient:semi_gradient_update",
    "update-towards": "bellcheck.mdp.semi_gradient:update_towards",
    "key-matrix": "bellcheck.mdp.semi_gradient:key_matrix",
    "target-network": "bellcheck.mdp.target_network:expected_steps",
    "target-network-update": "bellcheck.mdp.target_network:update",
    "projection": "bellcheck.mdp.linear_algebra:weighted_projection",
    "oblique-projection": "bellcheck.mdp.linear_algebra:oblique_projection",
    "stability": "bellcheck.proofs.stability:converges",
    "fitted-operator": "bellcheck.mdp.fitted:fitted_backup",
    "double-estimator": "bellcheck.mdp.double_q:double_estimate",
    "double-q-learner": "bellcheck.mdp.double_q:double_update",
    "huber-loss": "bellcheck.mdp.clipping:huber",
    "reward-clip": "bellcheck.mdp.clipping:clipped_rewards",
    "flagged-target": "bellcheck.mdp.episode_ends:flagged_target",
    "transition-store": "bellcheck.mdp.transitions:stored",
    "dqn-loss": "bellcheck.mdp.linear_networks:linear_dqn_loss",
    "torch-loss": "bellcheck.mdp.dqn_loss:dqn_loss",
    "target-sync": "bellcheck.mdp.target_sync:follow",
    "replay-probabilities": "bellcheck.mdp.priorities:replay_probabilities",
    "importance-weights": "bellcheck.mdp.priorities:importance_weights",
    "buffer-weights": "bellcheck.mdp.replay:buffer_weights",
    "deviation-weights": "bellcheck.proofs.sharper_bounds:deviation_weights",
    "noise-thresholds": "bellcheck.proofs.sharper_bounds:noise_thresholds",
    "successor-bounds": "bellcheck.proofs.sharper_bounds:successor_bounds",
}
"""kind -> ``module:name`` of our own subject of that kind; a name may be dotted, as that of a class method is."""


@dataclass(frozen=True)
class Subject:
    """Something to be checked: a kind, a name, and where the code is.

    `where` is ``module:name``, or the function itself. `cites` names the public thread or source of a mutant, `bug` the
    row of the catalogue of real bugs (``mutants/bugs.toml``) that it is written after, such as "A5".
    """

    kind: str
    name: str
    where: str | Callable[..., Any]
    cites: str = ""
    bug: str = ""

    def __str__(self) -> str:
        return self.name

    @cached_property
    def call(self) -> Callable[..., Any]:
        """The function, imported on first use."""
        if not isinstance(self.where, str):
            return self.where
        module, _, name = self.where.partition(":")
        found: Callable[..., Any] = attrgetter(name)(import_module(module))
        return found


def reference(kind: str) -> Subject:
    """Return our own subject of a kind."""
    return Subject(kind, "reference", REFERENCES[kind])
