r"""The squared TD error is the Bellman error and the variance of the target: three objectives, not one.

.. math::
    \mathrm{TDE} = \sum_x \mu(x) \, \mathbb E[\delta^2 \mid x], \qquad
    \mathrm{BE} = \sum_x \mu(x) \, \mathbb E[\delta \mid x]^2

    \mathrm{TDE} = \mathrm{BE} + \sum_x \mu(x) \operatorname{Var}\bigl(r + \gamma V(s') \mid x\bigr)

and VE, the weighted square of q - q_hat, is a third (value-error.ve-gradient). V is the value of the table that the
target is made of, whether by the best action or by a policy.

Why: the estimate is a number once x is given, so that delta = r + gamma V(s') - q_hat(x) has the variance of its
target; and the mean of a square is the square of the mean and the variance. Each pair's terms are weighed by mu.

The variance depends on the parameters of the target. That is the whole difference: whoever minimises the TDE also
lowers the variance of the target of each pair, which nobody asked for (semi-gradient.a-split). While the target's table
is kept as it is and only the estimate moves (a frozen target network), the variance is a constant, and the two
objectives have the same gradient. The variance is that of the *sum*: reward and successor may be correlated, and then
it is not Var r + gamma^2 Var V. Where each pair has one outcome it is 0 and the objectives agree.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, policies, tables
from bellcheck.mdp.value_error import squared_td_error

from ..claim import Claim, cite
from ..mutants import gradient, objectives
from ..relation import Relation, at_most, equal
from ..sums import mean, named

three_objectives = Claim(
    id="semi-gradient.three-objectives",
    title="The squared TD error is the Bellman error and the variance of the target",
    statement=(
        r"\mathrm{TDE} = \mathrm{BE} + \sum_x \mu(x) \operatorname{Var}\bigl(r + \gamma V_{\hat q}(s') \mid x\bigr)"
    ),
    subject="bellman-error",
    sources=(cite("sutton2018", "section 11.5"), cite("baird1995")),
)


# -------------------------------------------------------------------- for any number of outcomes


@three_objectives.symbolic()
def mean_square_is_squared_mean_and_variance(BE: Any) -> Relation:
    """For one pair with any number n of outcomes of probabilities p_i: their means, as polynomials in sums over i."""
    error, expected, variance = _terms()
    return equal(named(expected(error**2)), named(expected(error) ** 2 + variance))


@three_objectives.too_strong(beside=mean_square_is_squared_mean_and_variance)
def mean_square_is_squared_mean(BE: Any) -> Relation:
    """TDE = BE: the errors of one pair are squared and averaged in either order."""
    error, expected, _ = _terms()
    return equal(named(expected(error**2)), named(expected(error) ** 2))


def _terms() -> tuple[Any, Any, Any]:
    import sympy

    i, n = sympy.symbols("i n", integer=True, positive=True)
    p, r, v = (sympy.IndexedBase(name) for name in "prv")
    discount, estimate = sympy.symbols("gamma q_hat")

    def expected(value: Any) -> Any:
        return mean(value, p, i, n)

    target = r[i] + discount * v[i]
    return target - estimate, expected, expected((target - expected(target)) ** 2)


# -------------------------------------------------------------------- in rationals


def _variance(probabilities: Any, values: Any) -> fmpq:
    center = sum((p * y for p, y in zip(probabilities, values, strict=True)), fmpq(0))
    return sum((p * (y - center) * (y - center) for p, y in zip(probabilities, values, strict=True)), fmpq(0))


def _successor_values(mdp: FiniteMDP, table: Array, policy: Array | None) -> list[fmpq]:
    """Return gamma V(s') of every outcome, written out: of the best action, or the policy's mean."""
    values = []
    for state in mdp.next_state:
        pairs = mdp.pairs_of(int(state))
        if policy is None:
            value = max((table[x] for x in pairs), default=fmpq(0))
        else:
            value = sum((policy[x] * table[x] for x in pairs), fmpq(0))
        values.append(mdp.discount * value)
    return values


def _variances_of(mdp: FiniteMDP, parts: list[list[fmpq]]) -> Array:
    """Return the sum of the variances of each part at every pair."""
    return exact_array(
        sum((_variance([mdp.probability[k] for k in ks], [part[k] for k in ks]) for part in parts), fmpq(0))
        for ks in (list(mdp.outcomes_of(x)) for x in range(mdp.n_pairs))
    )


@three_objectives.exact(mdp=mdps(max_states=3), mu=distributions, estimate=tables, target=tables, policy=None)
@three_objectives.exact(mdp=mdps(max_states=3), mu=distributions, estimate=tables, target=tables, policy=policies)
def td_error_adds_the_variance_of_the_target(
    BE: Any, mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None
) -> Relation:
    """Of any two tables, by the best action or under a policy."""
    later = _successor_values(mdp, target, policy)
    targets = [mdp.reward[k] + later[k] for k in range(len(later))]
    noise = (mu * _variances_of(mdp, [targets])).sum()
    return equal(squared_td_error(mdp, mu, estimate, target, policy), BE(mdp, mu, estimate, target, policy) + noise)


for _mutant in (gradient.tde_for_be, objectives.square_of_the_batch_mean, objectives.unweighted_bellman_error):
    three_objectives.refutes(_mutant, by=td_error_adds_the_variance_of_the_target)


@three_objectives.too_strong(beside=td_error_adds_the_variance_of_the_target)
def td_error_adds_two_variances(
    BE: Any, mdp: FiniteMDP, mu: Array, estimate: Array, target: Array, policy: Array | None
) -> Relation:
    """Var r + gamma^2 Var V(s') in its place: as if reward and successor were drawn apart."""
    noise = (mu * _variances_of(mdp, [list(mdp.reward), _successor_values(mdp, target, policy)])).sum()
    return equal(squared_td_error(mdp, mu, estimate, target, policy), BE(mdp, mu, estimate, target, policy) + noise)


@three_objectives.exact(mdp=mdps(max_states=3), mu=distributions, estimate=tables, target=tables)
def bellman_error_is_the_smaller(BE: Any, mdp: FiniteMDP, mu: Array, estimate: Array, target: Array) -> Relation:
    """A variance is not negative."""
    return at_most(BE(mdp, mu, estimate, target), squared_td_error(mdp, mu, estimate, target))


three_objectives.refutes(objectives.unweighted_bellman_error, by=bellman_error_is_the_smaller)
three_objectives.attained(
    "a loop with one outcome, where the target does not vary",
    by=bellman_error_is_the_smaller,
    mdp=self_loop,
    mu=lambda: exact_array([1]),
    estimate=lambda: exact_array([1]),
    target=lambda: exact_array([0]),
)
