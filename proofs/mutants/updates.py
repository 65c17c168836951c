"""Wrong steps towards a label, and wrong ways to move the parameters of an approximation."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import semi_gradient_update, update_towards

from ..subject import Subject

__all__ = ["adam_first_step", "elements_in_turn", "normalised_step", "unhalved_step", "uphill_step"]


def _unhalved_step(q_hat: QHat, parameters: Any, pair: Any, label: Any, step_size: Any) -> Any:
    return update_towards(q_hat, parameters, pair, label, 2 * step_size)


def _uphill_step(q_hat: QHat, parameters: Any, pair: Any, label: Any, step_size: Any) -> Any:
    return update_towards(q_hat, parameters, pair, label, -step_size)


def _normalised_step(q_hat: QHat, parameters: Any, pair: Any, label: Any, step_size: Any) -> Any:
    gradient = q_hat.gradient(parameters, pair)
    square = np.sum(gradient * gradient)
    return update_towards(q_hat, parameters, pair, label, step_size / (1 + square))


unhalved_step = Subject("update-towards", "step on the squared error without the half", _unhalved_step)
uphill_step = Subject("update-towards", "wrong sign", _uphill_step)
normalised_step = Subject("update-towards", "step divided by the length of the gradient", _normalised_step)


# -------------------------------------------------------------------- the elements of the parameters

ADAM_EPSILON = fmpq(1, 10**8)


def _adam_first_step(
    mdp: FiniteMDP, q_hat: QHat, parameters: Array, outcome: int, step_size: Any, policy: Array | None = None
) -> Array:
    # Corrected for its bias the first mean of the gradients is the gradient g, that of their squares g^2.
    g = semi_gradient_update(mdp, q_hat, parameters, outcome, 1, policy) - parameters
    return parameters + step_size * g / (abs(g) + ADAM_EPSILON)


def _elements_in_turn(
    mdp: FiniteMDP, q_hat: QHat, parameters: Array, outcome: int, step_size: Any, policy: Array | None = None
) -> Array:
    moved = parameters.copy()
    for j in range(len(parameters)):
        moved[j] = semi_gradient_update(mdp, q_hat, moved, outcome, step_size, policy)[j]
    return moved


adam_first_step = Subject("semi-gradient-rule", "the first step of Adam", _adam_first_step, cites="kingma2015")
elements_in_turn = Subject("semi-gradient-rule", "each element after those before it have moved", _elements_in_turn)
