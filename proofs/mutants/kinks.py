"""Wrong updates where values share a weight or a maximum has a kink."""

from __future__ import annotations

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.residual_gradient import residual_gradient_update

from ..subject import Subject
from . import operators

__all__ = ["first_action_for_greedy", "residual_for_semi", "unmasked_sweep"]


def _residual_for_semi(
    mdp: FiniteMDP, q_hat: QHat, parameters: Array, outcome: int, step_size: Scalar, policy: Array | None = None
) -> Array:
    return residual_gradient_update(mdp, q_hat, parameters, (outcome, outcome), step_size, policy)


residual_for_semi = Subject("semi-gradient-rule", "target not detached: the full gradient", _residual_for_semi)


def _unmasked_sweep(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return matrix @ operators.terminal_value_from_the_table.call(mdp, q)


def _first_action_for_greedy(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    first = 0 * q
    first[mdp.acting_start] = first[mdp.acting_start] + 1
    return matrix @ policy_operator(mdp, first, q)


unmasked_sweep = Subject("fitted-operator", "terminal value read from the table", _unmasked_sweep)
first_action_for_greedy = Subject("fitted-operator", "first action in place of the best", _first_action_for_greedy)
