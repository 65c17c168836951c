r"""With the true values as labels, and pairs drawn from mu, a step is an unbiased sample of gradient descent on VE/2.

.. math::
    \mathbb E_{x \sim \mu} \bigl[\alpha (U - \hat q_\theta(x)) \nabla \hat q_\theta(x)\bigr]
        = -\tfrac{\alpha}{2} \nabla \mathrm{VE}(\theta), \qquad \mathbb E[U \mid x] = q(x)

Why: the step is linear in U, so that its mean given x has q(x) in place of U; the mean over x weighs these by mu(x),
and that is the formula of value-error.ve-gradient, times -alpha / 2.

Each half of the hypothesis is needed, and reinforcement learning keeps neither.

* *Pairs drawn from mu whatever was drawn before.* Along one trajectory the pair at time t + 1 is drawn from the row of
  the chain that belongs to the pair at time t, not from mu. On a cycle of two states one step leaves no doubt which
  pair comes next: given the past, the mean step is that of one pair alone. Averaged over time it is right, at each time
  it is biased.
* *Labels whose mean is the true value.* A return is one. The TD target is not: its mean is (T q_hat)(x), and the mean
  step is off by exactly

.. math:: \alpha \sum_x \mu(x) \bigl((T \hat q_\theta)(x) - q(x)\bigr) \nabla \hat q_\theta(x)
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.chain import pair_chain, stationary
from bellcheck.mdp.examples import two_state_cycle
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, tables
from bellcheck.mdp.value_error import value_error

from ..approximations import AnyQ
from ..assumptions import differentiable, independent_pairs, true_labels
from ..claim import Claim, cite
from ..definitions import backup
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..exact_slopes import polynomial_q, slopes_along
from ..mutants import updates as mutants
from ..relation import Relation, equal
from ..sums import Entries, named

sgd_unbiased = Claim(
    id="value-error.sgd-unbiased",
    title="With true values as labels and pairs drawn from mu, the mean step is that of gradient descent on VE/2",
    statement=(
        r"\mathbb E_{x \sim \mu}[\alpha (U - \hat q_\theta(x)) \nabla \hat q_\theta(x)]"
        r" = -\tfrac{\alpha}{2} \nabla \mathrm{VE}(\theta) \quad \text{if } \mathbb E[U \mid x] = q(x)"
    ),
    subject="update-towards",
    needs=(independent_pairs, true_labels, differentiable),
    uses=("value-error.ve-gradient", "value-error.half-convention"),
    sources=(cite("sutton2018", "(9.4)-(9.7)", verified=False),),
)


@sgd_unbiased.symbolic()
def mean_step_is_down_half_of_ve(update: Any) -> Relation:
    """For undefined functions as q_hat at n pairs, n a symbol; VE is that of `value_error`, differentiated by SymPy."""
    import sympy

    theta, alpha = sympy.symbols("theta alpha", real=True)
    i, n = sympy.symbols("i n", integer=True, positive=True)
    mu, q, q_hat = sympy.IndexedBase("mu")[i], sympy.IndexedBase("q")[i], AnyQ()
    mean = sympy.Sum(mu * (update(q_hat, theta, i, q, alpha) - theta), (i, 1, n))
    loss = value_error(*(Entries(entry, (i, 1, n)) for entry in (mu, q, q_hat(theta)[i])))
    return equal(named(mean), named(-alpha / 2 * sympy.diff(loss, theta)))


# -------------------------------------------------------------------- over all pairs and labels, in rationals


def _mean_step(update: Any, q_hat: Any, w: Array, law: Array, labels: list[list[tuple[fmpq, fmpq]]]) -> Array:
    """Return the mean of one step of size 1 over pairs drawn from a law and the chances and labels of each."""
    mean = 0 * w
    for x in range(len(law)):
        for chance, label in labels[x]:
            mean = mean + law[x] * chance * (update(q_hat, w, x, label, 1) - w)
    return mean


def _by_coin(q: Array, noise: Array) -> list[list[tuple[fmpq, fmpq]]]:
    half = fmpq(1, 2)
    return [[(half, value + spread), (half, value - spread)] for value, spread in zip(q, noise, strict=True)]


def _unchanged(mu: Array) -> Array:
    return mu


@sgd_unbiased.enumerated(
    mdp=mdps(max_states=2, max_actions=2, max_outcomes=1),
    mu=distributions,
    law=_unchanged,
    q=tables,
    bias=lambda q: 0 * q,
    noise=tables,
    degree=st.sampled_from([1, 2]),
    coefficients=dyadic_features(3, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
)
def mean_over_samples_is_the_gradient(
    update: Any,
    mdp: FiniteMDP,
    mu: Array,
    law: Array,
    q: Array,
    bias: Array,
    noise: Array,
    degree: int,
    coefficients: Array,
    w: Array,
) -> Relation:
    """Pairs from `law`, which is mu, and labels q + noise or q - noise, by a coin, to which a `bias` of 0 is added.

    The slopes of VE are taken by differences.
    """
    q_hat = polynomial_q(degree, coefficients)
    slopes = slopes_along(lambda v: value_error(mu, q, q_hat(v)), w, 2 * degree)
    return equal(_mean_step(update, q_hat, w, law, _by_coin(q + bias, noise)), -slopes / 2)


sgd_unbiased.fails_without(
    independent_pairs,
    by=mean_over_samples_is_the_gradient,
    mdp=two_state_cycle,
    mu=lambda mdp: stationary(pair_chain(mdp, exact_array([1, 1]))),
    law=lambda mdp: pair_chain(mdp, exact_array([1, 1]))[0],
)
sgd_unbiased.fails_without(true_labels, by=mean_over_samples_is_the_gradient, bias=tables)
sgd_unbiased.kept(differentiable, because="Without a derivative neither side is defined.")


# -------------------------------------------------------------------- the TD target as label


def _bootstrapped(mdp: FiniteMDP, table: Array) -> list[list[tuple[fmpq, fmpq]]]:
    values = [max((table[y] for y in mdp.pairs_of(s)), default=fmpq(0)) for s in range(mdp.n_states)]
    return [
        [(mdp.probability[k], mdp.reward[k] + mdp.discount * values[mdp.next_state[k]]) for k in mdp.outcomes_of(x)]
        for x in range(mdp.n_pairs)
    ]


@sgd_unbiased.enumerated(
    mdp=mdps(max_states=2, max_actions=2),
    mu=distributions,
    q=tables,
    features=dyadic_features(2, NETWORK_BITS),
    w=dyadic_parameters(2, NETWORK_BITS),
)
def bias_of_bootstrapping(update: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """For linear q_hat and TD targets the mean is off by sum mu (T q_hat - q) grad q_hat, whatever q is."""
    q_hat = polynomial_q(1, features)
    slopes = slopes_along(lambda v: value_error(mu, q, q_hat(v)), w, 2)
    bias = (mu * (backup(mdp, features @ w) - q)) @ features
    return equal(_mean_step(update, q_hat, w, mu, _bootstrapped(mdp, features @ w)), bias - slopes / 2)


@sgd_unbiased.too_strong(beside=bias_of_bootstrapping)
def bootstrapping_is_unbiased(update: Any, mdp: FiniteMDP, mu: Array, q: Array, features: Array, w: Array) -> Relation:
    """The bias vanishes."""
    q_hat = polynomial_q(1, features)
    slopes = slopes_along(lambda v: value_error(mu, q, q_hat(v)), w, 2)
    return equal(_mean_step(update, q_hat, w, mu, _bootstrapped(mdp, features @ w)), -slopes / 2)


for _check in (mean_step_is_down_half_of_ve, mean_over_samples_is_the_gradient, bias_of_bootstrapping):
    sgd_unbiased.refutes(mutants.unhalved_step, by=_check)
    sgd_unbiased.refutes(mutants.uphill_step, by=_check)
