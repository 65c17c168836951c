r"""Often said: Q-learning is the same as regression with the TD target as the label.

.. math:: w - \alpha \nabla_w L = w + \alpha \sum_b \delta_b \, \nabla \hat q_w(x_b)

One step of plain gradient descent on a *detached* label is the update, up to a factor that the loss decides
(value-error.regression-equivalence):

=============================================================================  ============
loss L of a batch of B transitions                                             factor
=============================================================================  ============
half the sum of squares                                                        1
the sum of squares; the MSE at B = 1                                           2
their mean, the MSE of software libraries                                      2/B
the MSE over all \|A\| heads, the other heads' targets being their outputs     2/(B\|A\|)
=============================================================================  ============

So the same code with another reduction learns at another rate, and with B = 2 the library's mean is the update by
accident. What is *not* a factor:

* Weight decay takes alpha lambda w off besides, and momentum adds a share of the last step from the second one on. Adam
  and Huber's loss keep little but signs.
* An undetached target adds the motion of the target (semi-gradient.difference).
* Several steps on labels that stay are no longer several updates: each update has its own target. K steps lead along
  w* + (I - alpha H)^K (w - w*) towards fitted Q-iteration (value-error.frozen-target-path).

Torch is compared with the formulas exactly, on dyadic numbers (`dyadic`). Of 5 bits a second step has the largest
numerators: it begins at multiples of 2^-20 below 2^9, and ends at multiples of 2^-36 below 2^17, which is 53 bits.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps

from ..assumptions import detached_target, frozen_target, plain_sgd
from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_mdps, dyadic_parameters
from ..relation import Relation, all_of, equal
from ..value_error.frozen_target_path import least_squares, path_of_steps
from ..value_error.regression_equivalence import (
    in_one_state,
    loss_factors,
    mean_over_heads_step,
    sum_of_updates,
    torch_steps,
)

just_regression = Claim(
    id="folklore.just-regression",
    title='"Q-learning is regression with the TD target as the label"',
    statement=r"w - \alpha \nabla_w L = w + \alpha \textstyle\sum_b \delta_b \nabla \hat q_w(x_b)",
    subject="td-loss",
    needs=(detached_target, plain_sgd, frozen_target),
    uses=("value-error.regression-equivalence", "value-error.frozen-target-path", "semi-gradient.difference"),
    sources=(cite("crossvalidated365618"), cite("mnih2015"), cite("sutton2018", "(9.7)", verified=False)),
    expected="refuted",
)


# -------------------------------------------------------------------- which loss


def _steps_and_factors(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, first: int, size: int, alpha: fmpq
) -> tuple[list[Array], list[fmpq], Array]:
    """Return the steps on each loss of the table, their factors, and alpha times the sum of the updates."""
    batch = in_one_state(mdp, first, size)
    by_heads, n_heads = mean_over_heads_step(mdp, features, w, batch)
    factors = loss_factors(size)
    steps = [torch_steps(loss, "linear", mdp, features, w, batch, alpha, reduction) - w for reduction in factors]
    update = alpha * sum_of_updates("linear", mdp, features, w, batch)
    return [*steps, alpha * by_heads], [*factors.values(), fmpq(2, size * n_heads)], update


_batches: dict[str, Any] = {
    "mdp": dyadic_mdps(max_states=3, max_actions=2),
    "first": st.integers(0, 5),
    "size": st.sampled_from([1, 2, 4]),
    "alpha": st.sampled_from([exact(text) for text in ("1/2", "1", "1/16", "3/4")]),
}


@just_regression.autograd(**_batches, features=dyadic_features(2, NETWORK_BITS), w=dyadic_parameters(2, NETWORK_BITS))
def any_squared_loss_gives_the_update(
    loss: Any, mdp: FiniteMDP, first: int, size: int, alpha: fmpq, features: Array, w: Array
) -> Relation:
    """A step on half the sum, the sum, the mean, and the mean over all heads, is the sum of the batch's updates."""
    steps, _, update = _steps_and_factors(loss, mdp, features, w, first, size, alpha)
    return all_of(equal(step, update) for step in steps)


@just_regression.truth(beside=any_squared_loss_gives_the_update)
def each_loss_has_its_factor(
    loss: Any, mdp: FiniteMDP, first: int, size: int, alpha: fmpq, features: Array, w: Array
) -> Relation:
    """It is 1, 2, 2/B and 2/(B |A|) times that sum, to the last bit."""
    steps, factors, update = _steps_and_factors(loss, mdp, features, w, first, size, alpha)
    return all_of(equal(step, factor * update) for step, factor in zip(steps, factors, strict=True))


# -------------------------------------------------------------------- which optimiser

_SHARE = exact("1/2")
"""The share of the last step that momentum keeps, and the rate of weight decay."""


def _optimised(
    loss: Any, mdp: FiniteMDP, features: Array, w: Array, batch: list[int], alpha: fmpq
) -> tuple[Array, Array, Array, Array]:
    """Return the parameters after one plain step, two with momentum and one with decay; and where two updates lead."""
    share = float(_SHARE.p) / float(_SHARE.q)
    plain = torch_steps(loss, "linear", mdp, features, w, batch, alpha, "half-sum")
    pushed = torch_steps(loss, "linear", mdp, features, w, batch, alpha, "half-sum", steps=2, momentum=share)
    decayed = torch_steps(loss, "linear", mdp, features, w, batch, alpha, "half-sum", decay=share)
    return plain, pushed, decayed, plain + alpha * sum_of_updates("linear", mdp, features, plain, batch)


@just_regression.autograd(**_batches, features=dyadic_features(2, 5), w=dyadic_parameters(2, 5))
def optimiser_does_not_matter(
    loss: Any, mdp: FiniteMDP, first: int, size: int, alpha: fmpq, features: Array, w: Array
) -> Relation:
    """Two steps with momentum are two updates, and a step with weight decay is one."""
    plain, pushed, decayed, twice = _optimised(loss, mdp, features, w, in_one_state(mdp, first, size), alpha)
    return all_of([equal(pushed, twice), equal(decayed, plain)])


@just_regression.truth(beside=optimiser_does_not_matter)
def optimiser_adds_its_own(
    loss: Any, mdp: FiniteMDP, first: int, size: int, alpha: fmpq, features: Array, w: Array
) -> Relation:
    """Momentum adds half of the first step to the second, and decay takes alpha w / 2 off."""
    plain, pushed, decayed, twice = _optimised(loss, mdp, features, w, in_one_state(mdp, first, size), alpha)
    return all_of([equal(pushed, twice + _SHARE * (plain - w)), equal(decayed, plain - alpha * _SHARE * w)])


# -------------------------------------------------------------------- how many steps


_paths: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2),
    "mu": distributions,
    "features": dyadic_features(2, NETWORK_BITS),
    "w": dyadic_parameters(2, NETWORK_BITS),
    "alpha": st.sampled_from([exact(text) for text in ("1/2", "1", "1/16")]),
    "n": st.integers(1, 4),
}


@just_regression.exact(of="frozen-regression", **_paths)
def steps_of_regression_are_updates(
    step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq, n: int
) -> Relation:
    """K expected steps on labels computed once are K expected updates."""
    return equal(*(path_of_steps(step, mdp, mu, features, w, alpha, n, refreshed)[-1] for refreshed in (False, True)))


@just_regression.truth(beside=steps_of_regression_are_updates)
def only_the_first_is(step: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, alpha: fmpq, n: int) -> Relation:
    """The first is; the K-th stands at w* + (I - alpha H)^K (w - w*), on the way to fitted Q-iteration."""
    frozen, updates = (path_of_steps(step, mdp, mu, features, w, alpha, n, refreshed) for refreshed in (False, True))
    H, best = least_squares(mdp, mu, features, w)
    error = w - best
    for _ in range(n):
        error = error - alpha * (H @ error)
    return all_of([equal(frozen[1], updates[1]), equal(frozen[-1], best + error)])
