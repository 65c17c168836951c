r"""Where the truth can be represented, VE, TD and BE all lead to it; the squared TD error leads elsewhere.

.. math::
    q = X w^\circ \implies \nabla \mathrm{VE}(w^\circ) = \nabla \mathrm{BE}(w^\circ) = b - A w^\circ = 0, \qquad
    \nabla \mathrm{TDE}(w^\circ) =
        2 \gamma \sum_x \mu(x) \operatorname{Cov}\bigl(r + \gamma v(s'), \nabla v(s') \bigm| x\bigr)

for linear q_hat and a fixed policy, where v is the value of q_hat and A, b are those of semi-gradient.key-matrix.

Why: at the truth the mean TD error of every pair is 0, and so is whatever is a sum of these with weights: the gradient
of BE and the expected semi-gradient step. VE is 0 there. But TDE has the variance of the target beside BE, and its
gradient is twice the covariance of semi-gradient.double-sampling.

So TDE is least at the truth exactly if that sum of covariances is 0. Stochastic transitions alone do not make the
difference: if the successors of each pair have the same value and gradient, or the reward makes up for what the
successor is worth, it vanishes, as where A leads to B or C and both pay 1.

"Lead to" asks for a single solution. VE and BE have one where their Hessian is not singular; TDE, whose Hessian is that
of BE and one more that is not negative, has one where BE has. The TD solution is single where A is not singular; off
policy A may be singular although the features are independent and every pair is visited, and then the truth is one of
many.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, solve
from bellcheck.mdp.examples import split
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix
from bellcheck.mdp.strategies import mdps, policies, positive_distributions, tied_to
from bellcheck.mdp.value_error import bellman_error, outcome_pairs, value_error

from ..assumptions import realizable
from ..claim import Claim, cite
from ..mutants import objectives as mutants
from ..quadratics import slope, stationary_point
from ..relation import Relation, all_of, equal, less_than
from ..target_moments import covariances, policy_backup

three_minimisers = Claim(
    id="semi-gradient.three-minimisers",
    title="Where the truth can be represented, VE, TD and BE lead to it; the squared TD error need not",
    statement=(
        r"q = X w^\circ \implies \nabla \mathrm{VE}(w^\circ) = \nabla \mathrm{BE}(w^\circ) = b - A w^\circ = 0, \quad"
        r"\nabla \mathrm{TDE}(w^\circ) ="
        r" 2 \gamma \sum_x \mu(x) \operatorname{Cov}(r + \gamma v(s'), \nabla v(s') \mid x)"
    ),
    subject="squared-td-error",
    needs=(realizable,),
    uses=("semi-gradient.double-sampling", "semi-gradient.key-matrix"),
    sources=(cite("sutton2018", "section 11.5"),),
)


def _paid_so_that_the_values_are(mdp: FiniteMDP, policy: Array, q: Array) -> FiniteMDP:
    """Return the model with each pair's rewards shifted by a number so that q = T_pi q."""
    shift = q - policy_backup(mdp, policy, q)
    return replace(mdp, reward=mdp.reward + shift[outcome_pairs(mdp)])


@tied_to("pair")
def _features(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Draw two features a pair, of small integers."""
    numbers = st.lists(st.integers(-2, 2), min_size=2 * mdp.n_pairs, max_size=2 * mdp.n_pairs)
    return numbers.map(lambda flat: exact_array(flat).reshape(-1, 2))


_parameters = st.lists(st.integers(-3, 3), min_size=2, max_size=2).map(exact_array)
_draws: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2, max_outcomes=2),
    "policy": policies,
    "mu": positive_distributions,
    "features": _features,
    "w": _parameters,
    "paid": True,
}


@three_minimisers.exact(**_draws)
def three_vanish_at_the_truth_and_one_does_not(
    TDE: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, paid: bool
) -> Relation:
    """At w the gradients of VE and BE and the TD field are 0, and that of TDE is twice the covariances.

    The model is `paid` so that X w is the truth; else q is what one sweep makes of it.
    """
    q = features @ w
    model = _paid_so_that_the_values_are(mdp, policy, q) if paid else mdp
    truth, none = (q if paid else policy_backup(mdp, policy, q)), 0 * w
    A, b = key_matrix(model, policy, mu, features)
    return all_of(
        [
            equal(slope(lambda u: value_error(mu, truth, features @ u), w), none),
            equal(slope(lambda u: bellman_error(model, mu, features @ u, features @ u, policy), w), none),
            equal(A @ w, b),
            equal(
                slope(lambda u: TDE(model, mu, features @ u, features @ u, policy), w),
                2 * covariances(model, policy, mu, features, q),
            ),
        ]
    )


three_minimisers.refutes(mutants.be_for_tde, by=three_vanish_at_the_truth_and_one_does_not)
three_minimisers.refutes(mutants.unweighted_td_error, by=three_vanish_at_the_truth_and_one_does_not)
three_minimisers.fails_without(realizable, by=three_vanish_at_the_truth_and_one_does_not, paid=False)


@three_minimisers.exact(**{name: draw for name, draw in _draws.items() if name != "paid"})
def minimisers_are_the_truth_but_for_one(
    TDE: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array
) -> Relation:
    """Where solutions are single, those of VE, BE and TD are w, and that of TDE is exactly if the covariances are 0."""
    return all_of(_compared(TDE, mdp, policy, mu, features, w, lambda moved: bool((moved == 0).all())))


def _compared(
    TDE: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array, same: Any
) -> list[Relation]:
    q = features @ w
    model = _paid_so_that_the_values_are(mdp, policy, q)
    objectives = [
        lambda u: value_error(mu, q, features @ u),
        lambda u: bellman_error(model, mu, features @ u, features @ u, policy),
    ]
    solutions = [stationary_point(objective, 2) for objective in objectives]
    solutions.append(_solution(*key_matrix(model, policy, mu, features)))
    relations = [equal(solution, w) for solution in solutions if solution is not None]
    least = stationary_point(lambda u: TDE(model, mu, features @ u, features @ u, policy), 2)
    if least is not None:
        is_truth = bool((least == w).all())
        relations.append(equal(int(is_truth), int(same(covariances(model, policy, mu, features, q)))))
    return relations


def _solution(A: Array, b: Array) -> Array | None:
    try:
        return solve(A, b)
    except ZeroDivisionError:
        return None


three_minimisers.refutes(mutants.be_for_tde, by=minimisers_are_the_truth_but_for_one)


@three_minimisers.too_strong(beside=minimisers_are_the_truth_but_for_one)
def all_four_agree(TDE: Any, mdp: FiniteMDP, policy: Array, mu: Array, features: Array, w: Array) -> Relation:
    """As if the squared TD error led to the truth as well."""
    return all_of(_compared(TDE, mdp, policy, mu, features, w, lambda moved: True))


# -------------------------------------------------------------------- stochastic transitions alone


@three_minimisers.fixture()
def equal_successors_do_no_harm(TDE: Any) -> Relation:
    """A leads to B or C, and both pay 1: the squared TD error is least at the truth (1, 1, 1)."""
    return equal(_least_of_split(TDE, 1, 1), exact_array([1, 1, 1]))


def _least_of_split(TDE: Any, to_b: int, to_c: int) -> Array | None:
    mdp, mu = split(rewards=(to_b, to_c)), exact_array(["1/2", "1/4", "1/4"])
    return stationary_point(lambda w: TDE(mdp, mu, w, w), 3)


@three_minimisers.too_strong(beside=equal_successors_do_no_harm)
def chance_alone_does_harm(TDE: Any) -> Relation:
    """As if the squared TD error led elsewhere wherever transitions are stochastic."""
    return less_than(0, max_norm(_least_of_split(TDE, 1, 1) - exact_array([1, 1, 1])))
