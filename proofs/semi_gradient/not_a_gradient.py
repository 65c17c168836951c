r"""The expected update of Q-learning is no gradient, unless pairs follow each other as often one way as the other.

.. math::
    F(Q) = D\,(TQ - Q), \qquad
    \frac{\partial F_x}{\partial Q(y)} - \frac{\partial F_y}{\partial Q(x)}
    = \gamma\,\bigl(\mu(x) P_\pi(x, y) - \mu(y) P_\pi(y, x)\bigr)

with D = diag(mu) and the policy pi that is greedy at Q, where there is only one. Around the unit circle in the plane of
Q(x) and Q(y), anticlockwise about any centre, if pi stays greedy all the way,

.. math:: \oint F \cdot dQ = -\pi \gamma\,\bigl(\mu(x) P_\pi(x, y) - \mu(y) P_\pi(y, x)\bigr)

Why: near Q the maximum is the entry that pi takes, so F is affine with the Jacobian D (gamma P - I), of which D is
symmetric. A gradient has a symmetric Jacobian, and no circulation: work that a loop yields is drawn from no potential.
By Green's theorem the circulation is the area times the difference of the derivatives, taken the other way round.

So, in general, no loss whatsoever has the expected TD or Q-learning step as its gradient. Conversely, with mu(x)
P(x, y) = mu(y) P(y, x) for all pairs, detailed balance, F *is* the gradient of

.. math::
    U(v) = \sum_x \mu(x)\, \bar r(x)\, v(x) - \tfrac12 \sum_x \mu(x)\, v(x)^2
        + \tfrac{\gamma}{2} \sum_{x, y} \mu(x) P(x, y)\, v(x) v(y)

so "TD never follows a gradient" is false too. The policy's own weights do not suffice: on a cycle of three states they
are even, and every step goes round. For the evaluation of *two* states they do, for what flows to the other must flow
back; a counterexample of two states needs other weights.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, segment_sum
from bellcheck.mdp.bellman import greedy_policy
from bellcheck.mdp.draws import DISCOUNTS, NUMBERS, below, one_of
from bellcheck.mdp.examples import two_state_cycle
from bellcheck.mdp.linear_algebra import identity
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, tables
from bellcheck.mdp.strategies_on_models import tied_to

from ..assumptions import reversible, unique_greedy
from ..claim import Claim, cite
from ..mutants import weights as mutants
from ..relation import Relation, equal, less_than
from ..weighted import own_weights

not_a_gradient = Claim(
    id="semi-gradient.not-a-gradient",
    title="The expected update is a gradient only where mu(x) P(x, y) is symmetric",
    statement=(
        r"\partial_y F_x - \partial_x F_y = \gamma\,(\mu(x) P_\pi(x, y) - \mu(y) P_\pi(y, x)),\quad"
        r" F = D\,(TQ - Q)"
    ),
    subject="expected-update",
    needs=(unique_greedy, reversible),
    sources=(cite("barnard1993"),),
)


# -------------------------------------------------------------------- any number of states


def _derivatives(n: Any, i: Any, k: Any) -> tuple[Any, Any, Any]:
    """Return dF_i / dv_k and dF_k / dv_i of F_i = mu_i (r_i + gamma sum of P_ij v_j - v_i), and their difference."""
    import sympy
    from sympy.concrete.delta import deltasummation

    j = sympy.Symbol("j", integer=True)
    mu, r, P, v = (sympy.IndexedBase(name) for name in ("mu", "r", "P", "v"))
    discount = sympy.Symbol("gamma")

    def derivative(a: Any, b: Any) -> Any:
        following = sympy.diff(P[a, j] * v[j], v[b])
        moved = discount * deltasummation(following, (j, 1, n), no_piecewise=True)
        return mu[a] * (sympy.diff(r[a] - v[a], v[b]) + moved)

    return derivative(i, k), derivative(k, i), discount * (mu[i] * P[i, k] - mu[k] * P[k, i])


@not_a_gradient.symbolic()
def derivatives_differ_by_the_flow(update: Any) -> Relation:
    """For n states and two different ones among them, i and k; a sum is differentiated term by term."""
    import sympy

    n, i, k = sympy.symbols("n i k", integer=True, positive=True)
    here, there, flow = _derivatives(n, i, k)
    different = {sympy.KroneckerDelta(i, k): 0}
    return equal(sympy.expand(here - there).subs(different), flow)


@not_a_gradient.too_strong(beside=derivatives_differ_by_the_flow)
def jacobian_is_symmetric(update: Any) -> Relation:
    """The derivatives of any two entries agree; refuted where only the first state is visited, and left."""
    import sympy

    here, there, _ = _derivatives(2, 1, 2)
    mu, P = sympy.IndexedBase("mu"), sympy.IndexedBase("P")
    numbers = {mu[1]: 1, mu[2]: 0, P[1, 2]: 1, P[2, 1]: 1, sympy.Symbol("gamma"): sympy.Rational(1, 2)}
    return equal(here.subs(numbers), there.subs(numbers))


# -------------------------------------------------------------------- circulation in the plane of two states


def _symbols(values: Any) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


@not_a_gradient.symbolic()
def circulation_is_the_flow(update: Any) -> Relation:
    """All evaluations of two states: F of the update, integrated around the unit circle about any centre."""
    import sympy

    p, r, mu, centre = (sympy.symbols(names) for names in ("p11 p12 p21 p22", "r1:5", "mu1 mu2", "c1 c2"))
    discount, t = sympy.symbols("gamma t")
    model = FiniteMDP.from_pairs(2, [(s, 0, [("1/2", 0, 0), ("1/2", 0, 1)]) for s in (0, 1)], 0)
    model = replace(model, probability=_symbols(p), reward=_symbols(r), discount=discount)
    v = _symbols([centre[0] + sympy.cos(t), centre[1] + sympy.sin(t)])
    field = update(model, _symbols(mu), v) - v
    work = sympy.expand(field[0] * sympy.diff(v[0], t) + field[1] * sympy.diff(v[1], t))
    circulation = sympy.integrate(work, (t, 0, 2 * sympy.pi))
    return equal(sympy.expand(circulation), -sympy.pi * discount * (mu[0] * p[1] - mu[1] * p[2]))


not_a_gradient.refutes(mutants.pairs_weighted_equally, by=circulation_is_the_flow)


# -------------------------------------------------------------------- any model, where one policy is greedy

HALF = fmpq(1, 4)
"""Half the side of the square that is gone around: a gap of 1 between actions keeps the greedy one throughout."""


def _following(mdp: FiniteMDP, policy: Array) -> Array:
    """Return P(x, y), written out outcome by outcome; nothing follows an end."""
    P = np.full((mdp.n_pairs, mdp.n_pairs), fmpq(0), dtype=object)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            for y in mdp.pairs_of(int(mdp.next_state[k])):
                P[x, y] += mdp.probability[k] * policy[y]
    return P


def _around_squares(update: Any, mdp: FiniteMDP, mu: Array, q: Array) -> Array:
    """Return the circulations around the squares about q; an affine field's mean on an edge is its value midway."""
    steps = HALF * identity(mdp.n_pairs)
    ahead = [update(mdp, mu, q + step) - (q + step) for step in steps]
    behind = [update(mdp, mu, q - step) - (q - step) for step in steps]
    return exact_array(
        2 * HALF * (ahead[x][y] - ahead[y][x] - behind[x][y] + behind[y][x])
        for x, y in combinations(range(mdp.n_pairs), 2)
    )


@tied_to("pair")
def _untied(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Tables whose greedy action is ahead of the others by 1 at least."""
    return tables(mdp).map(lambda q: q + greedy_policy(mdp, q))


@tied_to("pair")
def _ties(mdp: FiniteMDP) -> Array:
    """The table on which every action is greedy."""
    return mdp.table(0)


@not_a_gradient.exact(mdp=mdps(max_states=3, max_actions=2), mu=distributions, q=_untied)
def squares_have_the_circulation(update: Any, mdp: FiniteMDP, mu: Array, q: Array) -> Relation:
    """Around squares in the plane of every two pairs: minus the area times the difference of the derivatives."""
    flow = mu[:, None] * _following(mdp, greedy_policy(mdp, q))
    area = 4 * HALF**2
    pairs = combinations(range(mdp.n_pairs), 2)
    expected = exact_array(-area * mdp.discount * (flow[x, y] - flow[y, x]) for x, y in pairs)
    return equal(_around_squares(update, mdp, mu, q), expected)


not_a_gradient.refutes(mutants.undiscounted_move, by=squares_have_the_circulation)
not_a_gradient.refutes(mutants.pairs_weighted_equally, by=squares_have_the_circulation)
not_a_gradient.fails_without(unique_greedy, by=squares_have_the_circulation, q=_ties)


# -------------------------------------------------------------------- where it is a gradient


@st.composite
def _reversible_chains(draw: st.DrawFn) -> FiniteMDP:
    """Evaluations of up to 4 states: from i to j in proportion to symmetric weights c(i, j), with any rewards."""
    pick = below(draw)
    n = 1 + pick(4)
    c = np.zeros((n, n), dtype=int)
    for i in range(n):
        for j in range(i, n):
            c[i, j] = c[j, i] = pick(4) + int(i == j)
    rows = [
        (i, 0, [(fmpq(int(c[i, j]), int(c[i].sum())), one_of(pick, NUMBERS), j) for j in range(n) if c[i, j]])
        for i in range(n)
    ]
    return FiniteMDP.from_pairs(n, rows, one_of(pick, DISCOUNTS))


def _uniform_choice(mdp: FiniteMDP) -> Array:
    """The only policy of an evaluation."""
    return mdp.table(1)


def _own(mdp: FiniteMDP) -> Array:
    return own_weights(mdp, _uniform_choice(mdp))


@not_a_gradient.exact(mdp=_reversible_chains(), mu=_own, v=tables)
def reversible_chain_has_a_potential(update: Any, mdp: FiniteMDP, mu: Array, v: Array) -> Relation:
    """F is the gradient of U, whose central differences are exact."""
    rewards = segment_sum(mdp.probability * mdp.reward, mdp.outcome_start[:-1])
    flow = mu[:, None] * _following(mdp, _uniform_choice(mdp))

    def potential(v: Array) -> fmpq:
        return (mu * (rewards * v - v * v / 2)).sum() + mdp.discount * (v @ flow @ v) / 2

    slopes = exact_array((potential(v + unit) - potential(v - unit)) / 2 for unit in identity(mdp.n_pairs))
    return equal(update(mdp, mu, v) - v, slopes)


not_a_gradient.refutes(mutants.undiscounted_move, by=reversible_chain_has_a_potential)
not_a_gradient.refutes(mutants.pairs_weighted_equally, by=reversible_chain_has_a_potential)
not_a_gradient.fails_without(
    reversible, by=reversible_chain_has_a_potential, mdp=mdps(max_states=3, max_actions=1, terminal=False)
)


@not_a_gradient.too_strong(beside=reversible_chain_has_a_potential, mdp=two_state_cycle)
def it_never_is_a_gradient(update: Any, mdp: FiniteMDP, mu: Array, v: Array) -> Relation:
    """On the cycle of two states with even weights nothing circulates."""
    return less_than(fmpq(0), sum(_around_squares(update, mdp, mu, v) ** 2, fmpq(0)))
