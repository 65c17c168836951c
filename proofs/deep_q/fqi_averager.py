r"""Fitted Q-iteration with an averager converges; with least squares it may diverge.

.. math:: \lVert MTQ - MTQ' \rVert \le \gamma \lVert Q - Q' \rVert, \qquad
          \lVert Q_M - q^* \rVert \le \frac{\lVert M q^* - q^* \rVert}{1 - \gamma}

in the max norm, where each row of M is a distribution over the pairs: aggregation, kernel smoothing, nearest
neighbours, interpolation. Q_M is the limit of the iterates (MT)^k Q.

Why: a mean of numbers is no larger than the largest, so ||Mf|| <= ||f||, and T contracts (bellman.contraction). The
same in a picture: M T is the T of another model, in which the pair x first becomes y with probability M(x, y); its q*
is Q_M. The bound on what the fit costs is the triangle inequality at the fixed point: Q_M - q* = (MTQ_M - MTq*) +
(Mq* - q*), and the first term is at most gamma ||Q_M - q*||.

So averagers may be put in the place of a table without fear, and what they end at is optimal for the averaged model; it
is near q* only if averaging does little harm to q* itself.

Least squares is a projection too, and nonexpansive, but in the weighted norm in which it projects, and there T is no
contraction (bellman.weighted-norm). Two states that both lead to the second, features 1 and 2, rewards 0: the values w
and 2w are backed up to 2 gamma w each, and the best fit is w <- (6/5) gamma w, which grows for gamma > 5/6 though w = 0
is exact. On groups of pairs with one indicator feature each, least squares *is* aggregation, and safe.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.fitted import aggregation, averaged_model
from bellcheck.mdp.linear_algebra import weighted_projection
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, positive_distributions, tables

from ..assumptions import averager, discounted
from ..claim import Claim, cite
from ..definitions import backup, optimal_values
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import deep_q as mutants
from ..mutants import key_matrices
from ..relation import Relation, all_of, at_most, equal

fqi_averager = Claim(
    id="deep-q.fqi-averager",
    title="Fitted Q-iteration with an averager is a contraction; with least squares it may diverge",
    statement=r"\lVert MTQ - MTQ' \rVert \le \gamma \lVert Q - Q' \rVert"
    r" \quad\text{if every row of}\ M\ \text{is a distribution}",
    subject="fitted-operator",
    needs=(averager, discounted),
    uses=("bellman.contraction", "bellman.fixed-point-optimal", "bellman.weighted-norm"),
    sources=(cite("gordon1995"), cite("tsitsiklis1996"), cite("sutton2018", "(11.10)")),
)

Fit = Literal["aggregation", "kernel", "least squares"]


def _matrix(fit: Fit, features: Array, mu: Array) -> Array:
    """The fit of a kind: groups of equal features, means that weigh near ones more, or a line through the origin."""
    match fit:
        case "aggregation":
            return aggregation(features.tolist(), mu)
        case "kernel":
            nearness = mu[None, :] / (1 + abs(features[:, None] - features[None, :]))
            return np.array([row / sum(row) for row in nearness])
    line = features if max_norm(features) > 0 else features + 1
    return weighted_projection(line.reshape(-1, 1), mu)


_averagers = st.sampled_from(["aggregation", "kernel"])


@fqi_averager.exact(
    mdp=mdps(max_states=3), q=tables, w=tables, features=tables, mu=positive_distributions, fit=_averagers
)
def sweeps_approach_each_other(
    fitted: Any, mdp: FiniteMDP, q: Array, w: Array, features: Array, mu: Array, fit: Fit
) -> Relation:
    """Two tables are nearer after a sweep and a fit, by the factor gamma."""
    matrix = _matrix(fit, features, mu)
    return at_most(max_norm(fitted(mdp, matrix, q) - fitted(mdp, matrix, w)), mdp.discount * max_norm(q - w))


def _symbolic_averager(reals: Reals, mdp: FiniteMDP) -> Array:
    n = mdp.n_pairs
    matrix = reals.array("m", n * n)
    for row in matrix.reshape(n, n):
        reals.assume(sum(row[1:], row[0]) == 1)
        for share in row:
            reals.assume(share >= 0)
            reals.suggest(share * n == 1)
    return matrix


@fqi_averager.all_reals(mdp=symbolic_mdp(1, 2), q=symbolic_table, w=symbolic_table, matrix=_symbolic_averager)
def every_averager_contracts(fitted: Any, mdp: FiniteMDP, q: Array, w: Array, matrix: Array) -> Relation:
    """All averagers of two actions, all rewards and tables."""
    matrix = matrix.reshape(mdp.n_pairs, mdp.n_pairs)
    return at_most(max_norm(fitted(mdp, matrix, q) - fitted(mdp, matrix, w)), mdp.discount * max_norm(q - w))


def _two_to_the_second(discount: object = "9/10") -> FiniteMDP:
    """Two states that lead to the second, without rewards."""
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 1)])], discount)


_one_and_two = exact_array([1, 2])
_halves = exact_array(["1/2", "1/2"])

for _check in (sweeps_approach_each_other, every_averager_contracts):
    fqi_averager.refutes(mutants.undiscounted_sweep, by=_check)
fqi_averager.fails_without(averager, by=sweeps_approach_each_other, fit="least squares")
fqi_averager.attained(
    "one loop and nothing to average",
    by=sweeps_approach_each_other,
    mdp=self_loop(),
    q=exact_array([0]),
    w=exact_array([10]),
    features=exact_array([0]),
    mu=exact_array([1]),
    fit="aggregation",
)


# -------------------------------------------------------------------- where it ends


@fqi_averager.exact(mdp=mdps(max_states=3), q=tables, features=tables, mu=positive_distributions, fit=_averagers)
def fit_and_sweep_are_a_sweep_of_another_model(
    fitted: Any, mdp: FiniteMDP, q: Array, features: Array, mu: Array, fit: Fit
) -> Relation:
    """M T is the T of the model in which each pair first becomes another, with the probabilities of its row."""
    matrix = _matrix(fit, features, mu)
    return equal(fitted(mdp, matrix, q), backup(averaged_model(mdp, matrix), q))


for _mutant in (mutants.fit_before_the_sweep, mutants.fit_left_out, mutants.undiscounted_sweep):
    fqi_averager.refutes(_mutant, by=fit_and_sweep_are_a_sweep_of_another_model)


@fqi_averager.exact(
    mdp=mdps(max_states=2, max_actions=2), q=tables, features=tables, mu=positive_distributions, fit=_averagers
)
def iterates_approach_the_averaged_optimum(
    fitted: Any, mdp: FiniteMDP, q: Array, features: Array, mu: Array, fit: Fit
) -> Relation:
    """q* of the averaged model is a fixed point, two sweeps lead towards it, and it is as far from q* as is said."""
    matrix = _matrix(fit, features, mu)
    end, best = optimal_values(averaged_model(mdp, matrix)), optimal_values(mdp)
    errors = [max_norm(q - end)]
    for _ in range(2):
        q = fitted(mdp, matrix, q)
        errors.append(max_norm(q - end))
    return all_of(
        [
            equal(fitted(mdp, matrix, end), end),
            *(at_most(after, mdp.discount**k * errors[0]) for k, after in enumerate(errors[1:], start=1)),
            at_most((1 - mdp.discount) * max_norm(end - best), max_norm(matrix @ best - best)),
        ]
    )


for _mutant in (mutants.fit_before_the_sweep, mutants.fit_left_out, mutants.undiscounted_sweep):
    fqi_averager.refutes(_mutant, by=iterates_approach_the_averaged_optimum)
fqi_averager.attained(
    "one loop, at every sweep",
    by=iterates_approach_the_averaged_optimum,
    mdp=self_loop(),
    q=exact_array([0]),
    features=exact_array([0]),
    mu=exact_array([1]),
    fit="aggregation",
)
fqi_averager.kept(
    discounted,
    because="At discount 1 there may be no fixed point, or many, and the bound on the distance is a division by 0"
    " (bellman.gamma-one).",
)


@fqi_averager.too_strong(beside=iterates_approach_the_averaged_optimum)
def averaging_costs_nothing(fitted: Any, mdp: FiniteMDP, q: Array, features: Array, mu: Array, fit: Fit) -> Relation:
    """The limit is the best fit to q*: it is not, for errors of the fit enter the sweeps."""
    matrix = _matrix(fit, features, mu)
    return equal(optimal_values(averaged_model(mdp, matrix)), matrix @ optimal_values(mdp))


# -------------------------------------------------------------------- least squares


@fqi_averager.exact(of="projection", mdp=mdps(), features=tables, mu=positive_distributions)
def least_squares_on_groups_is_aggregation(project: Any, mdp: FiniteMDP, features: Array, mu: Array) -> Relation:
    """With one indicator feature a group, the projection is the mu-weighted mean over each group: an averager."""
    labels = sorted(set(features.tolist()))
    indicators = exact_array(int(value == label) for value in features for label in labels)
    return equal(project(indicators.reshape(len(features), -1), mu), aggregation(features.tolist(), mu))


fqi_averager.refutes(key_matrices.unweighted_projection, by=least_squares_on_groups_is_aggregation)


@fqi_averager.fixture(mdp=_two_to_the_second, growth="27/25")
@fqi_averager.fixture(mdp=lambda: _two_to_the_second("5/6"), growth="1")
@fqi_averager.fixture(mdp=lambda: _two_to_the_second("1/2"), growth="3/5")
def least_squares_grows_beyond_five_sixths(fitted: Any, mdp: FiniteMDP, growth: str) -> Relation:
    """From w = 1 the parameter after k sweeps is (6 gamma / 5)^k: at discount 9/10 it grows by 27/25 at each."""
    q, powers, tables_seen = _one_and_two, [], []
    for k in range(1, 6):
        q = fitted(mdp, weighted_projection(_one_and_two.reshape(2, 1), _halves), q)
        tables_seen.append(q)
        powers.append(exact(growth) ** k * _one_and_two)
    return equal(tables_seen, powers)


for _mutant in (mutants.fit_before_the_sweep, mutants.undiscounted_sweep):
    fqi_averager.refutes(_mutant, by=least_squares_grows_beyond_five_sixths)


@fqi_averager.too_strong(beside=least_squares_grows_beyond_five_sixths)
def least_squares_approaches_what_it_can_represent(fitted: Any, mdp: FiniteMDP, growth: str) -> Relation:
    """The exact value 0 is represented, and yet a sweep with a fit does not come nearer to it."""
    after = fitted(mdp, weighted_projection(_one_and_two.reshape(2, 1), _halves), _one_and_two)
    return at_most(max_norm(after), mdp.discount * max_norm(_one_and_two))
