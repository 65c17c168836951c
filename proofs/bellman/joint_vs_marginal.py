r"""T, q* and the mean target see of p(s', r | s, a) only the mean rewards and the transition probabilities.

.. math::
    \sum_{s', r} p(s', r)\,(r + \gamma V(s'))
        &= \sum_{s', r} p(s', r)\, r + \gamma \sum_{s', r} p(s', r)\, V(s') \\
        &= \sum_r r \sum_{s'} p(s', r) + \gamma \sum_{s'} V(s') \sum_r p(s', r) \\
        &= \bar r + \gamma \sum_{s'} p(s')\, V(s')

for one pair (s, a), any number of states and any number of rewards: a sum of two terms is taken apart, the order of
summation exchanged, and what does not depend on the inner index drawn out. The inner sums are the marginals. So T is a
function of them, and with T its fixed point q*, and the mean of the target r + gamma V(s').

The *law* of the target is not. Its mean square contains the mixed moment of r and V(s'),

.. math:: \mathbb E\,(r + \gamma V(s'))^2
    = \sum_r r^2 p(r) + 2 \gamma \sum_{s', r} p(s', r)\, r\, V(s') + \gamma^2 \sum_{s'} V(s')^2 p(s')

so its variance depends on how rewards and successors come together; what Q-learning makes of that is
q-learning.joint-law. And with only the mean reward kept, the first sum is lost too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import discounted, finite
from ..claim import Claim
from ..definitions import target
from ..mutants import operators, weights
from ..relation import Relation, all_of, equal
from ..sums import normal_form

joint_vs_marginal = Claim(
    id="bellman.joint-vs-marginal",
    title="T and q* see of p(s', r | s, a) only the mean rewards and the transition probabilities",
    statement=r"\sum_{s', r} p(s', r \mid s, a) (r + \gamma V(s'))"
    r" = \bar r(s, a) + \gamma \sum_{s'} p(s' \mid s, a) V(s')",
    subject="operator",
    needs=(finite, discounted),
)

joint_vs_marginal.kept(
    finite,
    because="With infinitely many rewards the mean need not exist, and the order of summation may matter; a model here"
    " has finitely many outcomes.",
)
joint_vs_marginal.kept(
    discounted,
    because="It is only there for q* to exist. T and the mean target are functions of the marginals at every discount.",
)


# -------------------------------------------------------------------- any number of states and rewards


def _sizes() -> tuple[Any, Any]:
    import sympy

    n, m = sympy.symbols("n m", integer=True, positive=True)
    return n, m


def _symbols() -> tuple[Any, ...]:
    import sympy

    return (
        *sympy.symbols("i j h k", integer=True),
        sympy.Symbol("gamma"),
        *(sympy.IndexedBase(x) for x in ("p", "r", "V")),
    )


@joint_vs_marginal.symbolic(sizes=_sizes)
def mean_is_made_of_the_marginals(T: Any, sizes: tuple[Any, Any]) -> Relation:
    """The equalities above for n states and m rewards; p[i, j] is the joint probability of s'_i and r_j."""
    from sympy import Sum

    (i, j, _, _, discount, p, r, V), (n, m) = _symbols(), sizes
    states, rewards = (i, 1, n), (j, 1, m)
    chain = [
        Sum(p[i, j] * (r[j] + discount * V[i]), rewards, states),
        Sum(p[i, j] * r[j], rewards, states) + Sum(discount * p[i, j] * V[i], rewards, states),
        Sum(r[j] * p[i, j], states, rewards) + discount * Sum(V[i] * p[i, j], rewards, states),
        Sum(r[j] * Sum(p[i, j], states), rewards) + discount * Sum(V[i] * Sum(p[i, j], rewards), states),
    ]
    return all_of(equal(normal_form(a), normal_form(b)) for a, b in pairwise(chain))


@joint_vs_marginal.too_strong(beside=mean_is_made_of_the_marginals, sizes=(2, 2))
def mean_square_is_made_of_the_marginals(T: Any, sizes: tuple[Any, Any]) -> Relation:
    """With the product of the marginals in place of the joint law; refuted where r = 2 comes exactly with s'_2."""
    from sympy import Integer, Rational, Sum

    (i, j, h, k, discount, p, r, V), (n, m) = _symbols(), sizes
    joint = Sum(p[i, j] * (r[j] + discount * V[i]) ** 2, (i, 1, n), (j, 1, m))
    product = Sum(p[i, k] * p[h, j] * (r[j] + discount * V[i]) ** 2, (i, 1, n), (j, 1, m), (h, 1, n), (k, 1, m))
    half = Rational(1, 2)
    numbers = {p[1, 1]: half, p[2, 2]: half, p[1, 2]: 0, p[2, 1]: 0, r[1]: Integer(0), r[2]: Integer(2), V[1]: 0}
    return equal(normal_form(joint).subs(numbers), normal_form(product).subs(numbers))


# -------------------------------------------------------------------- other joint laws of the same marginals

Coupling = Literal["means", "independent", "together", "opposed"]
COUPLINGS: tuple[Coupling, ...] = ("independent", "together", "opposed", "means")


def _coupled(mdp: FiniteMDP, coupling: Coupling) -> FiniteMDP:
    """Return a model with the same mean rewards and transition probabilities, and its own joint law.

    The laws of reward and next state are kept, and drawn independently, or large rewards together with late states, or
    with early ones; or, in "means", every outcome of a pair pays the pair's mean reward.
    """
    pairs = []
    for x in range(mdp.n_pairs):
        outcomes = [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]
        by_state = sorted(outcomes, key=lambda outcome: outcome[2])
        by_reward = sorted(outcomes, key=lambda outcome: outcome[1], reverse=coupling == "opposed")
        if coupling == "means":
            mean = sum((p * r for p, r, _ in outcomes), fmpq(0))
            row = [(p, mean, s) for p, _, s in outcomes]
        elif coupling == "independent":
            row = [(p * weight, r, s) for p, _, s in outcomes for weight, r, _ in outcomes]
        else:
            row = _merged([(p, s) for p, _, s in by_state], [(p, r) for p, r, _ in by_reward])
        pairs.append((int(mdp.pair_state[x]), int(mdp.pair_action[x]), row))
    return FiniteMDP.from_pairs(mdp.n_states, pairs, mdp.discount)


def _merged(states: list[tuple[fmpq, int]], rewards: list[tuple[fmpq, fmpq]]) -> list[tuple[fmpq, fmpq, int]]:
    """Return the joint law in which both lists, in their order, are laid along one interval of length 1."""
    row = []
    left, right = list(states), list(rewards)
    while left and right:
        (p, state), (weight, reward) = left.pop(0), right.pop(0)
        shared = min(p, weight)
        row.append((shared, reward, state))
        if p > shared:
            left.insert(0, (p - shared, state))
        if weight > shared:
            right.insert(0, (weight - shared, reward))
    return row


def _mean_targets(mdp: FiniteMDP, q: Array, power: int) -> Array:
    return exact_array(
        sum((mdp.probability[k] * target(mdp, q, k) ** power for k in mdp.outcomes_of(x)), fmpq(0))
        for x in range(mdp.n_pairs)
    )


@joint_vs_marginal.exact(mdp=mdps(max_states=2, max_actions=2), q=tables, coupling=st.sampled_from(COUPLINGS))
def another_joint_law_changes_nothing(T: Any, mdp: FiniteMDP, q: Array, coupling: Coupling) -> Relation:
    """TQ is the mean target; with another joint law of the same marginals TQ stays, and q* still solves Q = TQ."""
    other, best = _coupled(mdp, coupling), policy_iteration(mdp).q
    return all_of(
        [
            equal(T(mdp, q), _mean_targets(mdp, q, 1)),
            equal(T(other, q), T(mdp, q)),
            equal(T(other, best), best),
        ]
    )


joint_vs_marginal.refutes(weights.clipped_rewards, by=another_joint_law_changes_nothing)
joint_vs_marginal.refutes(weights.equally_weighted_outcomes, by=another_joint_law_changes_nothing)
joint_vs_marginal.refutes(operators.terminal_value_from_the_table, by=another_joint_law_changes_nothing)


@joint_vs_marginal.too_strong(beside=another_joint_law_changes_nothing, coupling=st.sampled_from(COUPLINGS[:-1]))
def so_does_the_variance_of_the_target(T: Any, mdp: FiniteMDP, q: Array, coupling: Coupling) -> Relation:
    """Not even of the whole laws of reward and next state, which the couplings drawn here keep."""
    other = _coupled(mdp, coupling)
    variances = [_mean_targets(model, q, 2) - _mean_targets(model, q, 1) ** 2 for model in (mdp, other)]
    return equal(*variances)
