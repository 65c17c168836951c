r"""The mean square of return minus estimate is the value error and the variance of the return.

.. math::
    \mathrm{RE}(w) = \sum_x \mu(x) \, \mathbb E\bigl[(G - \hat q_w(x))^2 \bigm| x\bigr]
        = \mathrm{VE}(w) + \sum_x \mu(x) \operatorname{Var}(G \mid x)

G is the discounted return from x under the policy, and q(x) = E[G | x].

Why: given x the estimate is a number, so G - q_hat(x) has the mean q(x) - q_hat(x) and the variance of G; and the mean
of a square is the square of the mean and the variance. The variance does not depend on w: RE and VE have the same
gradient and the same minimisers, which is why regression on returns (Monte Carlo) minimises VE.

What is seen determines RE, and so the minimiser of VE; it does not determine VE. Let one state pay 0 or 2 by a coin; or
let two states that look alike lead to either evenly, one paying 0 and the other 2. What is seen is a sequence of fair
coins in both, and RE is the same function of the one weight; but in the second process the states have different
values, of which a common estimate misses each by 1, and VE is greater by 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import evaluate
from bellcheck.mdp.strategies import distributions, policies, tables
from bellcheck.mdp.value_error import td_errors

from ..claim import Claim, Proved, cite
from ..in_symbols import object_array
from ..mutants import gradient as mutants
from ..relation import Relation, all_of, equal
from ..sums import mean, named

return_error = Claim(
    id="semi-gradient.return-error",
    title="The mean square of return minus estimate is the value error and the variance of the return",
    statement=(
        r"\sum_x \mu(x) \, \mathbb E\bigl[(G - \hat q(x))^2 \bigm| x\bigr]"
        r" = \mathrm{VE} + \sum_x \mu(x) \operatorname{Var}(G \mid x)"
    ),
    subject="value-error",
    sources=(cite("sutton2018", "section 11.6, (11.24)"),),
    proved_in=(Proved("Lean", "prove2me/formalpedia", "OffPolicy.return_error_decomposition"),),
)


# -------------------------------------------------------------------- any number of returns, any estimate


def _terms(VE: Any) -> tuple[Any, Any, Any, Any]:
    """Return RE, VE and the weighted variance at one pair with returns G_1, ..., G_n, and the parameter w."""
    import sympy

    i, n = sympy.symbols("i n", integer=True, positive=True)
    p, G = sympy.IndexedBase("p"), sympy.IndexedBase("G")
    mu, w = sympy.symbols("mu w")
    estimate = sympy.Function("q_hat")(w)
    q = mean(G[i], p, i, n)
    value_error = VE(object_array([mu]), object_array([q]), object_array([estimate]))
    return mu * mean((G[i] - estimate) ** 2, p, i, n), value_error, mu * mean((G[i] - q) ** 2, p, i, n), w


@return_error.symbolic()
def returns_add_their_variance(VE: Any) -> Relation:
    """For n returns of probabilities p_i and an undefined q_hat of w: the identity, and equal derivatives."""
    import sympy

    of_returns, of_values, variance, w = _terms(VE)
    return all_of(
        [
            equal(named(of_returns), named(of_values + variance)),
            equal(named(sympy.diff(of_returns, w)), named(sympy.diff(of_values, w))),
        ]
    )


@return_error.too_strong(beside=returns_add_their_variance)
def returns_are_values(VE: Any) -> Relation:
    """Without the variance: it would be so if every return were its mean."""
    of_returns, of_values, _, _ = _terms(VE)
    return equal(named(of_returns), named(of_values))


for _mutant in (mutants.halved_value_error, mutants.squared_weights):
    return_error.refutes(_mutant, by=returns_add_their_variance)


# -------------------------------------------------------------------- every episode, in rationals


@st.composite
def _episodic(draw: st.DrawFn) -> FiniteMDP:
    """Draw models of at most three acting states that lead to later ones only; the last state ends the episode."""
    n = draw(st.integers(1, 3))
    pairs = []
    for state in range(n):
        for action in range(draw(st.integers(1, 2))):
            chances = draw(st.sampled_from([("1",), ("1/2", "1/2"), ("1/4", "3/4")]))
            ends = [(p, draw(st.integers(-2, 2)), draw(st.integers(state + 1, n))) for p in chances]
            pairs.append((state, action, ends))
    return FiniteMDP.from_pairs(n + 1, pairs, draw(st.sampled_from(["1/2", "1", "3/4", "0"])))


def _law_of_return(mdp: FiniteMDP, policy: Array, pair: int, depth: int = 0) -> dict[fmpq, fmpq]:
    """Return the probability of each return from a pair, by following every branch to its end."""
    if depth > mdp.n_states:
        raise ValueError("an episode of this model need not end; its returns cannot be listed")
    law: dict[fmpq, fmpq] = {}
    for k in mdp.outcomes_of(pair):
        following = mdp.pairs_of(int(mdp.next_state[k]))
        later = {y: _law_of_return(mdp, policy, y, depth + 1) for y in following if policy[y] > 0}
        branches = [(policy[y] * p, g) for y, returns in later.items() for g, p in returns.items()]
        for p, g in branches or [(fmpq(1), fmpq(0))]:
            value = mdp.reward[k] + mdp.discount * g
            law[value] = law.get(value, fmpq(0)) + mdp.probability[k] * p
    return law


def _moments(mdp: FiniteMDP, policy: Array, estimate: Array) -> tuple[Array, Array]:
    """Return E[(G - estimate)^2] and Var G at every pair."""
    squares, variances = [], []
    for x in range(mdp.n_pairs):
        law = _law_of_return(mdp, policy, x)
        center = sum((p * g for g, p in law.items()), fmpq(0))
        squares.append(sum((p * (g - estimate[x]) * (g - estimate[x]) for g, p in law.items()), fmpq(0)))
        variances.append(sum((p * (g - center) * (g - center) for g, p in law.items()), fmpq(0)))
    return exact_array(squares), exact_array(variances)


@return_error.enumerated(mdp=_episodic(), policy=policies, mu=distributions, estimate=tables)
def episodes_add_their_variance(VE: Any, mdp: FiniteMDP, policy: Array, mu: Array, estimate: Array) -> Relation:
    """Over all episodes from every pair, beside q_pi from the Bellman equation."""
    squares, variances = _moments(mdp, policy, estimate)
    return equal((mu * squares).sum(), VE(mu, evaluate(mdp, policy), estimate) + (mu * variances).sum())


for _mutant in (mutants.forgotten_weights, mutants.squared_weights, mutants.halved_value_error):
    return_error.refutes(_mutant, by=episodes_add_their_variance)


@return_error.too_strong(beside=episodes_add_their_variance)
def episodes_are_their_means(VE: Any, mdp: FiniteMDP, policy: Array, mu: Array, estimate: Array) -> Relation:
    """The identity without the variance."""
    squares, _ = _moments(mdp, policy, estimate)
    return equal((mu * squares).sum(), VE(mu, evaluate(mdp, policy), estimate))


# -------------------------------------------------------------------- two processes of fair coins


def _coins(side: Literal["shown", "hidden"], discount: fmpq) -> FiniteMDP:
    """Return one state that pays 0 or 2 evenly, or two that lead to either evenly, one paying 0 and one 2."""
    half = exact("1/2")
    if side == "shown":
        return FiniteMDP.from_pairs(1, [(0, 0, [(half, 0, 0), (half, 2, 0)])], discount)
    return FiniteMDP.from_pairs(2, [(s, 0, [(half, 2 * s, 0), (half, 2 * s, 1)]) for s in range(2)], discount)


def _errors(VE: Any, side: Literal["shown", "hidden"], discount: fmpq, w: fmpq) -> tuple[fmpq, fmpq]:
    """Return VE and RE of one weight for all that is seen.

    The variance of the return is the sum of the squared TD errors at the true values, discounted by gamma^2.
    """
    mdp = _coins(side, discount)
    n = mdp.n_pairs
    always, mu = exact_array([1] * n), exact_array([fmpq(1, n)] * n)
    q = evaluate(mdp, always)
    delta = td_errors(mdp, q, q, always)
    variance = evaluate(replace(mdp, reward=delta * delta, discount=discount * discount), always)
    value_error = VE(mu, q, exact_array([w] * n))
    return value_error, value_error + (mu * variance).sum()


@return_error.exact(
    discount=st.integers(0, 9).map(lambda n: fmpq(n, 10)), w=st.integers(-8, 8).map(lambda n: fmpq(n, 2))
)
def value_error_is_not_seen(VE: Any, discount: fmpq, w: fmpq) -> Relation:
    """RE is the same of both processes at every w, and VE is greater by 1 where the state is hidden."""
    (shown, of_shown), (hidden, of_hidden) = (_errors(VE, side, discount, w) for side in ("shown", "hidden"))
    return all_of([equal(of_shown, of_hidden), equal(hidden, shown + 1)])


return_error.refutes(mutants.halved_value_error, by=value_error_is_not_seen)
return_error.refutes(mutants.forgotten_weights, by=value_error_is_not_seen)


@return_error.too_strong(beside=value_error_is_not_seen)
def value_error_is_seen(VE: Any, discount: fmpq, w: fmpq) -> Relation:
    """VE is the same of both."""
    return equal(_errors(VE, "hidden", discount, w)[0], _errors(VE, "shown", discount, w)[0])
