"""Wrong objectives of value approximation, and residual-gradient updates that miss their objective."""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.residual_gradient import residual_gradient_update
from bellcheck.mdp.semi_gradient import semi_gradient_update
from bellcheck.mdp.value_error import bellman_error, outcome_pairs, td_errors

from ..subject import Subject

__all__ = [
    "be_for_tde",
    "bootstrapping_not_differentiated",
    "same_successor_twice",
    "slope_not_discounted",
    "square_of_the_batch_mean",
    "unweighted_bellman_error",
    "unweighted_td_error",
]


# -------------------------------------------------------------------- objectives


def _square_of_the_batch_mean(
    mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None = None
) -> Any:
    """The mean over pairs is squared as well: errors of different pairs cancel."""
    batch_mean = (mu[outcome_pairs(mdp)] * mdp.probability * td_errors(mdp, estimate, target, policy)).sum()
    return batch_mean * batch_mean


def _unweighted_bellman_error(
    mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None = None
) -> Any:
    return bellman_error(mdp, mu**0, estimate, target, policy)


def _unweighted_td_error(mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None = None) -> Any:
    """Every outcome that is listed counts alike, however probable it is."""
    delta = td_errors(mdp, estimate, target, policy)
    return (mu[outcome_pairs(mdp)] * delta * delta).sum()


square_of_the_batch_mean = Subject("bellman-error", "square of the mean over all pairs", _square_of_the_batch_mean)
unweighted_bellman_error = Subject("bellman-error", "weights mu forgotten", _unweighted_bellman_error)
be_for_tde = Subject("squared-td-error", "square of the mean for the mean of the squares", bellman_error)
unweighted_td_error = Subject("squared-td-error", "probabilities forgotten", _unweighted_td_error)


# -------------------------------------------------------------------- residual-gradient updates


def _same_successor_twice(
    mdp: FiniteMDP, q_hat: QHat, w: Array, outcomes: tuple[int, int], step_size: Any, policy: Array | None = None
) -> Array:
    first, _ = outcomes
    return residual_gradient_update(mdp, q_hat, w, (first, first), step_size, policy)


def _bootstrapping_not_differentiated(
    mdp: FiniteMDP, q_hat: QHat, w: Array, outcomes: tuple[int, int], step_size: Any, policy: Array | None = None
) -> Array:
    return semi_gradient_update(mdp, q_hat, w, outcomes[0], step_size, policy)


def _slope_not_discounted(
    mdp: FiniteMDP, q_hat: QHat, w: Array, outcomes: tuple[int, int], step_size: Any, policy: Array | None = None
) -> Array:
    semi = semi_gradient_update(mdp, q_hat, w, outcomes[0], step_size, policy)
    full = residual_gradient_update(mdp, q_hat, w, outcomes, step_size, policy)
    return full if mdp.discount == 0 else semi + (full - semi) / mdp.discount


same_successor_twice = Subject("residual-gradient-rule", "one successor used twice", _same_successor_twice)
bootstrapping_not_differentiated = Subject(
    "residual-gradient-rule", "target detached: the semi-gradient", _bootstrapping_not_differentiated
)
slope_not_discounted = Subject(
    "residual-gradient-rule", "the successor's slope without the discount", _slope_not_discounted
)
