r"""T_pi is a gamma-contraction in the norm weighted by the policy's own stationary distribution.

.. math::
    d P_\pi = d \implies \lVert P_\pi f \rVert_d \le \lVert f \rVert_d
    \quad\text{and}\quad
    \lVert T_\pi Q - T_\pi Q' \rVert_d \le \gamma\, \lVert Q - Q' \rVert_d

with the square of the norm the sum of d(x) f(x)^2 over the pairs.

Why: (P f)(x) is a mean of f, and the square of a mean is the mean of the squares less their variance. Weighing by d,

.. math::
    \lVert P f \rVert_d^2 = \sum_x d(x) \sum_y P(x, y) f(y)^2 - \sum_x d(x) \operatorname{Var}_{P(x, \cdot)} f
    = \lVert f \rVert_d^2 - \sum_x d(x) \operatorname{Var}_{P(x, \cdot)} f

where the second equality is d P = d: what flows into y is d(y). Variances are not negative. T_pi Q - T_pi Q' is gamma
P_pi (Q - Q'); an end of an episode is worth 0 in both tables, and so only lowers the left side.

The weights must be those of the *same* policy: with others the squares of f flow together where they count for more.
And the policy must be *given*: a maximum picks its action for each table, so T is no contraction in any such norm, not
even in that of the behaviour that gathers the data (folklore.contraction-in-weighted-norm). This is why linear
evaluation is safe on the policy's own data and Q-learning is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, positive_distributions, positive_policies, tables

from ..assumptions import finite, own_weights
from ..claim import Claim, cite, lean
from ..mutants import operators, weights
from ..relation import Relation, at_most, equal
from ..weighted import own_chain, weighted_square
from ..weighted import own_weights as stationary_weights

weighted_norm = Claim(
    id="bellman.weighted-norm",
    title="T_pi is a gamma-contraction in the norm weighted by the policy's own stationary distribution",
    statement=r"d P_\pi = d \implies \lVert T_\pi Q - T_\pi Q' \rVert_d \le \gamma \lVert Q - Q' \rVert_d",
    subject="policy-operator",
    needs=(finite, own_weights),
    sources=(cite("tsitsiklis1997", "Lemma 1"),),
    proved_in=(lean("nonexpansive_P"),),
)

weighted_norm.kept(
    finite,
    because="A chain with infinitely many pairs need not have a stationary distribution at all. Where it has one, the"
    " proof holds as it stands for tables with a finite norm.",
)

OWN = "the policy's own"


def _weights(mdp: FiniteMDP, policy: Array, d: Any) -> Array:
    """The stationary weights of the policy, unless others are given."""
    return stationary_weights(mdp, policy) if isinstance(d, str) else d


# -------------------------------------------------------------------- the contraction

_models = mdps(max_states=3, max_actions=2)


@weighted_norm.exact(mdp=_models, policy=policies, d=lambda: OWN, q=tables, w=tables)
def squared_distances_shrink(T_pi: Any, mdp: FiniteMDP, policy: Array, d: Any, q: Array, w: Array) -> Relation:
    """The square of the weighted distance shrinks at least by gamma squared."""
    d = _weights(mdp, policy, d)
    moved = T_pi(mdp, policy, q) - T_pi(mdp, policy, w)
    return at_most(weighted_square(d, moved), mdp.discount**2 * weighted_square(d, q - w))


weighted_norm.attained(
    "one loop, on which all that is measured is a single number",
    by=squared_distances_shrink,
    mdp=self_loop,
    policy=lambda: exact_array([1]),
    q=lambda: exact_array([0]),
    w=lambda: exact_array([1]),
)
weighted_norm.refutes(operators.undiscounted_policy_backup, by=squared_distances_shrink)
weighted_norm.refutes(weights.unweighted_policy_backup, by=squared_distances_shrink)
weighted_norm.fails_without(own_weights, by=squared_distances_shrink, d=positive_distributions)


@weighted_norm.too_strong(beside=squared_distances_shrink, policy=positive_policies)
def so_does_the_optimality_operator(T_pi: Any, mdp: FiniteMDP, policy: Array, d: Any, q: Array, w: Array) -> Relation:
    """T in place of T_pi, with the stationary weights of the behaviour."""
    d = _weights(mdp, policy, d)
    moved = optimality_operator(mdp, q) - optimality_operator(mdp, w)
    return at_most(weighted_square(d, moved), mdp.discount**2 * weighted_square(d, q - w))


# -------------------------------------------------------------------- what is lost


@weighted_norm.exact(mdp=mdps(max_states=3, max_actions=2, terminal=False), policy=policies, d=lambda: OWN, f=tables)
def what_is_lost_is_the_variance(T_pi: Any, mdp: FiniteMDP, policy: Array, d: Any, f: Array) -> Relation:
    """The square of the norm falls by the mean variance of f at the next pair; P f is T_pi f without rewards."""
    d, P = _weights(mdp, policy, d), own_chain(mdp, policy)
    mean = T_pi(replace(mdp, reward=mdp.reward * 0, discount=fmpq(1)), policy, f)
    variance = exact_array(weighted_square(P[x], f - mean[x]) for x in range(mdp.n_pairs))
    return equal(weighted_square(d, f) - weighted_square(d, mean), sum(d * variance, fmpq(0)))


weighted_norm.refutes(weights.unweighted_policy_backup, by=what_is_lost_is_the_variance)
weighted_norm.fails_without(own_weights, by=what_is_lost_is_the_variance, d=positive_distributions)
