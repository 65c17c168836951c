"""pymdptoolbox: its solvers and its Q-learning, with the inputs that its documents admit.

P is (A, S, S) or one sparse matrix an action; R is (S, A), dense or sparse, or as P; the discount lies in (0, 1]. The
solvers promise an epsilon-optimal policy; `ValueIteration` speaks of an epsilon-optimal value function as well.
"""

from __future__ import annotations

from typing import Any

import mdptoolbox.mdp as mdptoolbox

__all__ = ["gauss_seidel", "modified_policy_iteration", "policy_iteration", "q_learning", "value_iteration"]


def _solved(solver: Any) -> dict[str, Any]:
    solver.run()
    return {"values": solver.V, "policy": solver.policy, "sweeps": solver.iter}


def value_iteration(P: Any, R: Any, discount: float, epsilon: float) -> dict[str, Any]:
    """Run ``ValueIteration``."""
    return _solved(mdptoolbox.ValueIteration(P, R, discount, epsilon))


def gauss_seidel(P: Any, R: Any, discount: float, epsilon: float) -> dict[str, Any]:
    """Run ``ValueIterationGS``."""
    return _solved(mdptoolbox.ValueIterationGS(P, R, discount, epsilon))


def policy_iteration(P: Any, R: Any, discount: float) -> dict[str, Any]:
    """Run ``PolicyIteration``."""
    return _solved(mdptoolbox.PolicyIteration(P, R, discount))


def modified_policy_iteration(P: Any, R: Any, discount: float, epsilon: float) -> dict[str, Any]:
    """Run ``PolicyIterationModified``."""
    return _solved(mdptoolbox.PolicyIterationModified(P, R, discount, epsilon))


def q_learning(P: Any, R: Any, discount: float) -> Any:
    """Run ``QLearning`` for its default number of steps; its table is (S, A)."""
    learner = mdptoolbox.QLearning(P, R, discount)
    learner.run()
    return learner.Q
