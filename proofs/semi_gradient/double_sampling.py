r"""Descent on the Bellman error needs two independent successors; one of them, used twice, descends on the TD error.

.. math::
    \mathbb E[\delta \nabla \delta \mid x] - \mathbb E[\delta \mid x] \, \mathbb E[\nabla \delta \mid x]
        = \gamma \operatorname{Cov}\bigl(r + \gamma V(s'), \nabla V(s') \bigm| x\bigr)
        = \tfrac12 \nabla \operatorname{Var}\bigl(r + \gamma V(s') \bigm| x\bigr)

where V is the value of q_hat_w. The gradient of the squared mean, half of it, is E[delta] E[grad delta]: a product of
two means. The mean of a product is something else, unless its factors are independent.

Why: given x the estimate and its gradient are numbers, and numbers have no covariance with anything. What is left of
Cov(delta, grad delta) is that of r + gamma V(s') and gamma grad V(s'). Differentiating the variance, E[y^2] - E[y]^2,
gives 2 E[y y'] - 2 E[y] E[y'] with y' = gamma grad V(s'), which is the same. For independent s', s'' the mean of
delta grad delta' is the product of the means: that is why the update with both is descent on BE/2 (Baird 1995).

The reward belongs into the covariance: where the reward goes with the successor it is not the successor's alone. And
the noise that matters is that of what is bootstrapped. If every outcome of a pair has the same grad V(s'), as where
only rewards are random, the covariance is 0 and one sample is enough.

The mean is taken over all pairs of outcomes, in rationals; the gradient of BE is had from its values, since it is
quadratic in the parameters of a linear q_hat while the policy is fixed. Without a policy it is the greedy one of w.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.bellman import greedy_policy
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, policies
from bellcheck.mdp.value_error import bellman_error, squared_td_error

from ..assumptions import independent_successors
from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..mutants import objectives as mutants
from ..quadratics import slope
from ..relation import Relation, all_of, equal
from ..sums import mean, named

double_sampling = Claim(
    id="semi-gradient.double-sampling",
    title="Descent on the Bellman error needs two independent successors",
    statement=(
        r"\mathbb E[\delta \nabla \delta] - \mathbb E[\delta]\,\mathbb E[\nabla \delta]"
        r" = \gamma \operatorname{Cov}(r + \gamma V(s'), \nabla V(s'))"
        r" = \tfrac12 \nabla \operatorname{Var}(r + \gamma V(s'))"
    ),
    subject="residual-gradient-rule",
    needs=(independent_successors,),
    uses=("semi-gradient.three-objectives",),
    sources=(cite("baird1995"), cite("sutton2018", "section 11.5")),
)


# -------------------------------------------------------------------- any number of outcomes, any V and q_hat


class _Symbols:
    """One pair with outcomes i = 1, ..., n: r_i, and undefined functions V_i and q_hat of one of the parameters, w.

    With `same_slope` the values of the outcomes differ by numbers c_i only.
    """

    def __init__(self, *, same_slope: bool = False) -> None:
        import sympy

        self.i, self.n = sympy.symbols("i n", integer=True, positive=True)
        self.w, self.discount = sympy.symbols("w gamma")
        self.p, self.r = sympy.IndexedBase("p"), sympy.IndexedBase("r")
        apart = sympy.IndexedBase("c")[self.i] + sympy.Function("V")(self.w)
        self.v = apart if same_slope else sympy.Function("V")(self.i, self.w)
        self.target = self.r[self.i] + self.discount * self.v
        self.error = self.target - sympy.Function("q_hat")(self.w)

    def mean(self, value: Any) -> Any:
        return mean(value, self.p, self.i, self.n)

    def slope(self, value: Any) -> Any:
        import sympy

        return sympy.diff(value, self.w)

    def covariance(self, left: Any, right: Any) -> Any:
        return self.mean(left * right) - self.mean(left) * self.mean(right)


@double_sampling.symbolic()
def excess_is_the_covariance(rule: Any) -> Relation:
    """The chain of equalities, and the two gradients of which it is the difference.

    Half the derivative of E[delta^2] is the mean of delta grad delta; that of E[delta]^2 the product of the means.
    """
    s = _Symbols()
    slope_of_error = s.slope(s.error)
    excess = s.covariance(s.error, slope_of_error)
    half_of_tde = s.slope(s.mean(s.error**2)) / 2
    half_of_be = s.slope(s.mean(s.error) ** 2) / 2
    return _all_equal(
        (half_of_tde, s.mean(s.error * slope_of_error)),
        (half_of_be, s.mean(s.error) * s.mean(slope_of_error)),
        (excess, s.discount * s.covariance(s.target, s.slope(s.v))),
        (excess, s.slope(s.covariance(s.target, s.target)) / 2),
    )


def _all_equal(*pairs: tuple[Any, Any]) -> Relation:
    return all_of([equal(named(left), named(right)) for left, right in pairs])


@double_sampling.too_strong(beside=excess_is_the_covariance)
def excess_is_the_covariance_without_the_reward(rule: Any) -> Relation:
    """gamma^2 Cov(V, grad V): as if rewards did not go with successors."""
    s = _Symbols()
    excess = s.covariance(s.error, s.slope(s.error))
    return _all_equal((excess, s.discount**2 * s.covariance(s.v, s.slope(s.v))))


@double_sampling.symbolic()
def random_rewards_alone_do_no_harm(rule: Any) -> Relation:
    """If all outcomes have the same grad V(s'), both sides of the chain are 0: one sample is enough."""
    s = _Symbols(same_slope=True)
    return _all_equal((s.mean(s.error * s.slope(s.error)), s.mean(s.error) * s.mean(s.slope(s.error))))


@double_sampling.too_strong(beside=random_rewards_alone_do_no_harm)
def random_successors_do_no_harm(rule: Any) -> Relation:
    """The same of successors whose values have different gradients."""
    s = _Symbols()
    return _all_equal((s.mean(s.error * s.slope(s.error)), s.mean(s.error) * s.mean(s.slope(s.error))))


# -------------------------------------------------------------------- the update, averaged over all its outcomes

STEP_SIZE = fmpq(1, 2)


def _mean_step(
    rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, policy: Array | None, independent: bool
) -> Array:
    """Return the mean change of w for x drawn from mu and two successors of x, or one used twice."""
    q_hat, total = LinearQ(features), 0 * w
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            for j in mdp.outcomes_of(x) if independent else [k]:
                chance = mdp.probability[k] * (mdp.probability[j] if independent else 1)
                total = total + mu[x] * chance * (rule(mdp, q_hat, w, (k, j), STEP_SIZE, policy) - w)
    return total


def _descent(objective: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, policy: Array | None) -> Array:
    """Return the step of descent on half an objective, the policy held fixed."""
    followed = greedy_policy(mdp, features @ w) if policy is None else policy
    return -STEP_SIZE / 2 * slope(lambda u: objective(mdp, mu, features @ u, features @ u, followed), w)


_draws: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2, max_outcomes=2),
    "mu": distributions,
    "features": dyadic_features(2, NETWORK_BITS),
    "w": dyadic_parameters(2, NETWORK_BITS),
}


@double_sampling.enumerated(**_draws, policy=None, independent=True)
@double_sampling.enumerated(**_draws, policy=policies, independent=True)
def two_successors_descend_on_the_bellman_error(
    rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, policy: Array | None, independent: bool
) -> Relation:
    """The mean step over all pairs of outcomes is -alpha/2 times the gradient of BE."""
    mean_step = _mean_step(rule, mdp, mu, features, w, policy, independent)
    return equal(mean_step, _descent(bellman_error, mdp, mu, features, w, policy))


for _mutant in (mutants.same_successor_twice, mutants.bootstrapping_not_differentiated, mutants.slope_not_discounted):
    double_sampling.refutes(_mutant, by=two_successors_descend_on_the_bellman_error)
double_sampling.fails_without(independent_successors, by=two_successors_descend_on_the_bellman_error, independent=False)


@double_sampling.enumerated(**_draws, policy=policies)
def one_successor_descends_on_the_td_error(
    rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, policy: Array
) -> Relation:
    """With one successor used twice the mean step is -alpha/2 times the gradient of TDE."""
    mean_step = _mean_step(rule, mdp, mu, features, w, policy, independent=False)
    return equal(mean_step, _descent(squared_td_error, mdp, mu, features, w, policy))


double_sampling.refutes(mutants.bootstrapping_not_differentiated, by=one_successor_descends_on_the_td_error)


@double_sampling.too_strong(beside=one_successor_descends_on_the_td_error)
def one_successor_descends_on_the_bellman_error(
    rule: Any, mdp: FiniteMDP, mu: Array, features: Array, w: Array, policy: Array
) -> Relation:
    """What "the full gradient of a sample" is often taken for."""
    mean_step = _mean_step(rule, mdp, mu, features, w, policy, independent=False)
    return equal(mean_step, _descent(bellman_error, mdp, mu, features, w, policy))
