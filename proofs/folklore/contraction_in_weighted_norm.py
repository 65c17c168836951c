r"""Often said: T is a contraction, meant of the weighted norm in which the value error is measured.

.. math:: \lVert TQ - TQ' \rVert_\mu \le \gamma\, \lVert Q - Q' \rVert_\mu

T is a contraction in the *max norm*. In a norm weighted by mu it need not even be nonexpansive: the maximum brings a
pair that is rarely visited, and so hardly counts on the right, to every pair on the left. One state with two loops, the
second tried one time in ten, discount 19/20: tables that differ by 1 at the second loop alone are sqrt(1/10) apart, and
T takes them to a distance of 19/20. The square of the ratio is 361/40, three times the distance, though mu is what the
behaviour itself brings about.

What is true of weighted norms is said of one policy: T_pi is a gamma-contraction in the norm of its own stationary
weights (bellman.weighted-norm). So semi-gradient evaluation on the policy's own data is stable, while VE may grow under
Q-learning even where T brings every table nearer to q*.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, positive_distributions, positive_policies, tables

from ..assumptions import discounted, finite
from ..claim import Claim, cite
from ..relation import Relation, all_of, at_most, equal
from ..weighted import own_weights, weighted_square

contraction_in_weighted_norm = Claim(
    id="folklore.contraction-in-weighted-norm",
    title='"T is a contraction in the norm of the value error"',
    statement=r"\lVert TQ - TQ' \rVert_\mu \le \gamma \lVert Q - Q' \rVert_\mu",
    subject="operator",
    needs=(finite, discounted),
    uses=("bellman.contraction", "bellman.weighted-norm"),
    sources=(cite("tsitsiklis1997", "Lemma 1"),),
    expected="refuted",
)

_models = mdps(max_states=2, max_actions=2)


def _squared_distances(operator: Any, mdp: FiniteMDP, mu: Array, q: Array, w: Array) -> Relation:
    moved = operator(mdp, q) - operator(mdp, w)
    return at_most(weighted_square(mu, moved), mdp.discount**2 * weighted_square(mu, q - w))


# -------------------------------------------------------------------- whatever the weights


@contraction_in_weighted_norm.exact(mdp=_models, mu=positive_distributions, q=tables, w=tables)
def contracts_for_any_weights(T: Any, mdp: FiniteMDP, mu: Array, q: Array, w: Array) -> Relation:
    """The squared distance shrinks by gamma squared, whatever positive weights measure it."""
    return _squared_distances(T, mdp, mu, q, w)


@contraction_in_weighted_norm.truth(beside=contracts_for_any_weights)
def contracts_in_the_max_norm(T: Any, mdp: FiniteMDP, mu: Array, q: Array, w: Array) -> Relation:
    """The largest distance shrinks by gamma."""
    return at_most(max_norm(T(mdp, q) - T(mdp, w)), mdp.discount * max_norm(q - w))


# -------------------------------------------------------------------- with the weights of the behaviour


@contraction_in_weighted_norm.exact(mdp=_models, policy=positive_policies, q=tables, w=tables)
def contracts_for_the_weights_of_the_behaviour(T: Any, mdp: FiniteMDP, policy: Array, q: Array, w: Array) -> Relation:
    """The squared distance shrinks by gamma squared, if mu is stationary under the behaviour."""
    return _squared_distances(T, mdp, own_weights(mdp, policy), q, w)


@contraction_in_weighted_norm.truth(beside=contracts_for_the_weights_of_the_behaviour)
def evaluation_contracts_for_its_own_weights(T: Any, mdp: FiniteMDP, policy: Array, q: Array, w: Array) -> Relation:
    """T_pi does, for the policy that mu belongs to; and T in the max norm."""
    return all_of(
        [
            _squared_distances(
                lambda model, table: policy_operator(model, policy, table), mdp, own_weights(mdp, policy), q, w
            ),
            at_most(max_norm(T(mdp, q) - T(mdp, w)), mdp.discount * max_norm(q - w)),
        ]
    )


# -------------------------------------------------------------------- how far it may expand


@contraction_in_weighted_norm.fixture(
    mdp=lambda: two_arms("19/20"),
    policy=lambda: exact_array(["9/10", "1/10"]),
    q=lambda: exact_array([0, 1]),
    w=lambda: exact_array([0, 0]),
)
def expands_nothing(T: Any, mdp: FiniteMDP, policy: Array, q: Array, w: Array) -> Relation:
    """At least, distances do not grow: two loops, of which the second is tried one time in ten."""
    d = own_weights(mdp, policy)
    return at_most(weighted_square(d, T(mdp, q) - T(mdp, w)), weighted_square(d, q - w))


@contraction_in_weighted_norm.truth(beside=expands_nothing)
def triples_the_distance(T: Any, mdp: FiniteMDP, policy: Array, q: Array, w: Array) -> Relation:
    """The squares are 1/10 before and 361/400 after, a ratio of 361/40 > 9."""
    d = own_weights(mdp, policy)
    return all_of(
        [
            equal(weighted_square(d, q - w), exact("1/10")),
            equal(weighted_square(d, T(mdp, q) - T(mdp, w)), exact("361/400")),
        ]
    )
