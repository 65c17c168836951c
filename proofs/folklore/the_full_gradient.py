r"""Often said: Q-learning uses a semi-gradient, and the alternative is the full gradient. There are three.

With e = q_hat - q and L e the table e(x) - gamma E[e(s', a') | x], for linear q_hat = X w and a fixed policy:

.. math::
    \tfrac12 \nabla \mathrm{VE} &= \sum_x \mu(x) \, e(x) \, X(x) \\
    \tfrac12 \nabla \mathrm{BE} &= \sum_x \mu(x) \, (L e)(x) \, (L X)(x) \\
    \tfrac12 \nabla \mathrm{TDE} &= \tfrac12 \nabla \mathrm{BE}
        + \gamma \sum_x \mu(x) \operatorname{Cov}\bigl(r + \gamma v(s'), \nabla v(s') \bigm| x\bigr)

They are different fields, in general they vanish at different points, and they need different things:

* VE, the error of values: q itself, or returns in its place (semi-gradient.return-error);
* TDE, what a program gets that does not detach the target ("naive residual gradient"): one sample; but it is least at
  values that are smoothed (semi-gradient.a-split);
* BE ("residual gradient"): two independent successors of each pair (semi-gradient.double-sampling); and its minimiser
  is not a function of the data (semi-gradient.be-not-learnable).

All three are the gradient of something, and each is "full". So say of which objective. At discount 0 they are one; TDE
and BE agree where transitions are deterministic. A program that drops ``detach`` has chosen TDE.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import split
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.strategies import mdps, policies, positive_distributions
from bellcheck.mdp.value_error import bellman_error, squared_td_error, value_error

from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..quadratics import slope
from ..relation import Relation, all_of, equal
from ..target_moments import covariances, discounted_successor

the_full_gradient = Claim(
    id="folklore.the-full-gradient",
    title='"The full gradient", as if there were one',
    statement=r"\nabla \mathrm{VE} = \nabla \mathrm{TDE} = \nabla \mathrm{BE}",
    subject="full-gradient",
    uses=("semi-gradient.three-objectives", "semi-gradient.double-sampling", "value-error.ve-gradient"),
    sources=(cite("baird1995"), cite("sutton2018", "section 11.5")),
    expected="refuted",
)


# -------------------------------------------------------------------- the fields, in rationals


def _fields(mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of VE, TDE and BE at w, from their values."""
    q = evaluate(mdp, policy)

    def of_ve(u: Array) -> Any:
        return value_error(mu, q, features @ u)

    def of_tde(u: Array) -> Any:
        return squared_td_error(mdp, mu, features @ u, features @ u, policy)

    def of_be(u: Array) -> Any:
        return bellman_error(mdp, mu, features @ u, features @ u, policy)

    return slope(of_ve, w), slope(of_tde, w), slope(of_be, w)


@the_full_gradient.exact(
    mdp=mdps(max_states=2, max_actions=2, max_outcomes=2),
    policy=policies,
    mu=positive_distributions,
    features=dyadic_features(2, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
)
def three_fields_are_one(
    full_gradient: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """At any parameters the three gradients are equal."""
    of_ve, of_tde, of_be = _fields(mdp, policy, mu, features, w)
    return all_of([equal(of_ve, of_tde), equal(of_tde, of_be)])


@the_full_gradient.truth(beside=three_fields_are_one)
def each_field_has_its_formula(
    full_gradient: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """The gradients are the three formulas, in terms of e = q_hat - q."""
    of_ve, of_tde, of_be = _fields(mdp, policy, mu, features, w)
    error = features @ w - evaluate(mdp, policy)
    value, bellman = 0 * w, 0 * w
    for x in range(mdp.n_pairs):
        value = value + 2 * mu[x] * error[x] * features[x]
        bellman = bellman + 2 * mu[x] * _lessened(mdp, policy, error, x) * _lessened(mdp, policy, features, x)
    excess = 2 * covariances(mdp, policy, mu, features, features @ w)
    return all_of([equal(of_ve, value), equal(of_be, bellman), equal(of_tde, bellman + excess)])


def _lessened(mdp: FiniteMDP, policy: Array, rows: Array, x: int) -> Any:
    """Return L applied to a table or to the rows of a matrix, at the pair x."""
    return rows[x] - sum(
        (mdp.probability[k] * discounted_successor(mdp, policy, rows, k) for k in mdp.outcomes_of(x)), 0 * rows[x]
    )


# -------------------------------------------------------------------- torch, at the true values of the A-split example


def _at_the_truth(full_gradient: Any) -> tuple[Array, Array, Array]:
    """Return torch's full gradients of VE, TDE and BE at the true values of `split`, one parameter a state."""
    import torch

    mdp = split().to_tensor()
    truth, mu = (torch.tensor(numbers, dtype=torch.float64) for numbers in ([0.5, 1, 0], [0.5, 0.25, 0.25]))
    objectives = [
        lambda w, u: value_error(mu, truth, w),
        lambda w, u: squared_td_error(mdp, mu, w, u),
        lambda w, u: bellman_error(mdp, mu, w, u),
    ]
    ve, tde, be = (exact_array(full_gradient(objective, truth).tolist()) for objective in objectives)
    return ve, tde, be


@the_full_gradient.autograd()
def programs_follow_one_field(full_gradient: Any) -> Relation:
    """What automatic differentiation returns for the three objectives, at values that are exact, is the same."""
    of_ve, of_tde, of_be = _at_the_truth(full_gradient)
    return all_of([equal(of_ve, of_tde), equal(of_tde, of_be)])


@the_full_gradient.truth(beside=programs_follow_one_field)
def one_of_them_leaves_the_truth(full_gradient: Any) -> Relation:
    """VE and BE stay at (1/2, 1, 0); descent on TDE leaves it, with the gradient (0, 1/4, -1/4)."""
    of_ve, of_tde, of_be = _at_the_truth(full_gradient)
    none = exact_array([0, 0, 0])
    return all_of([equal(of_ve, none), equal(of_be, none), equal(of_tde, exact_array([0, "1/4", "-1/4"]))])
