"""Wrong updates where values share a weight or a maximum has a kink."""

from __future__ import annotations

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.residual_gradient import residual_gradient_update

from ..subject import Subject

__all__ = ["residual_for_semi"]


def _residual_for_semi(
    mdp: FiniteMDP, q_hat: QHat, parameters: Array, outcome: int, step_size: Scalar, policy: Array | None = None
) -> Array:
    return residual_gradient_update(mdp, q_hat, parameters, (outcome, outcome), step_size, policy)


residual_for_semi = Subject("semi-gradient-rule", "target not detached: the full gradient", _residual_for_semi)
