r"""Often said: the Q-learning update is stochastic gradient descent on the value error.

.. math:: \mathbb E[\Delta w] = -\tfrac{\alpha}{2} \nabla \mathrm{VE}(w)

It would be, if the label were the true q(x): with (s, a) drawn from mu, the mean of alpha (q - q_hat) grad q_hat is
that step exactly (on VE/2; or on VE with half the step size; value-error.sgd-unbiased). The update uses
r + gamma V_q_hat(s') in its place, whose mean is (T q_hat)(x), and so

.. math::
    \mathbb E[\Delta w] = -\tfrac{\alpha}{2} \nabla \mathrm{VE}(w)
        + \alpha \sum_x \mu(x) \bigl((T \hat q_w)(x) - q(x)\bigr) \nabla \hat q_w(x)

The second sum is the bias of bootstrapping: 0 where q_hat = q*. Because of it the mean update, in a table already, is
the gradient of no function unless the chain is reversible (semi-gradient.not-a-gradient), and it may increase VE
(semi-gradient.sg-uphill).

The mean is taken over all pairs and outcomes, in rationals, for linear q_hat and q = q*.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import distributions, mdps

from ..assumptions import discounted, finite, frozen_weights, joint_sampling
from ..claim import Claim, cite
from ..definitions import backup
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..relation import Relation, equal

sgd_on_ve = Claim(
    id="folklore.sgd-on-ve",
    title='"The Q-learning update is stochastic gradient descent on the value error"',
    statement=r"\mathbb E[\Delta w] = -\tfrac{\alpha}{2} \nabla \mathrm{VE}(w)",
    subject="semi-gradient-rule",
    needs=(finite, discounted, frozen_weights, joint_sampling),
    uses=("value-error.sgd-unbiased", "q-learning.one-step-expectation", "bellman.fixed-point-optimal"),
    sources=(cite("crossvalidated365618"), cite("sutton2018", "(9.4)-(9.5)", verified=False), cite("barnard1993")),
    expected="refuted",
)

STEP_SIZE = fmpq(1, 2)


def _mean_update(rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array) -> Array:
    """Return the mean of one update over pairs drawn from mu and over their outcomes."""
    mean = 0 * w
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            mean = mean + mu[x] * mdp.probability[k] * (rule(mdp, LinearQ(features), w, k, STEP_SIZE) - w)
    return mean


def _half_gradient(mu: Array, label: Array, features: Array, w: Array) -> Array:
    """Return sum mu (q_hat - label) grad q_hat: half the gradient of VE where the label is q."""
    error = features @ w - label
    return sum((mu[x] * error[x] * features[x] for x in range(len(mu))), 0 * w)


@sgd_on_ve.enumerated(
    mdp=mdps(max_states=3),
    mu=distributions,
    features=dyadic_features(2, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
)
def mean_update_descends_on_ve(rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array) -> Relation:
    """The mean update is -alpha/2 times the gradient of VE."""
    q = policy_iteration(mdp).q
    return equal(_mean_update(rule, mdp, mu, features, w), -STEP_SIZE * _half_gradient(mu, q, features, w))


@sgd_on_ve.truth(beside=mean_update_descends_on_ve)
def mean_update_is_biased_by_bootstrapping(rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array) -> Relation:
    """It is that, plus alpha sum mu (T q_hat - q) grad q_hat; with the true q as label that sum would vanish."""
    q = policy_iteration(mdp).q
    descent = -STEP_SIZE * _half_gradient(mu, q, features, w)
    label = backup(mdp, features @ w)
    bias = sum((mu[x] * (label[x] - q[x]) * features[x] for x in range(mdp.n_pairs)), 0 * w)
    return equal(_mean_update(rule, mdp, mu, features, w), descent + STEP_SIZE * bias)
