r"""Often said: VE is the loss, mu the on-policy distribution, and its gradient 2 sum mu (q_hat - q) grad q_hat.

.. math:: \nabla \mathrm{VE} = 2 \sum_x \mu(x) \, (\hat q(x) - q(x)) \, \nabla \hat q(x)

Each of the three may be said, and not all of them together. With mu and q fixed the formula is right
(value-error.ve-gradient). But on-policy the behaviour follows q_hat; its share of time mu moves with the parameters,
and so does q, if q_pi is meant and not q*. The product rule then has three terms:

.. math::
    \frac{d \mathrm{VE}}{d\theta} = 2 \sum_x \mu (\hat q - q) \hat q'
        + \sum_x \mu' (q - \hat q)^2 + 2 \sum_x \mu (q - \hat q) q'

For a softmax behaviour the new terms are not 0. For an epsilon-greedy one mu and q_pi are constant while the greedy
actions stay, and jump where one changes: the formula is right almost everywhere, and VE is not continuous. From a table
Q to a table Q' it changes by what the formula says (the slope half-way between them, times Q' - Q, which is exact for a
square) *and* by the same two terms in finite form,

.. math::
    \sum_x \bigl(\mu'(x) - \mu(x)\bigr) \bigl(q(x) - Q'(x)\bigr)^2
        + \sum_x \mu'(x) \bigl[(q'(x) - Q'(x))^2 - (q(x) - Q'(x))^2\bigr]

So descent along the formula descends on a function that is exchanged whenever the greedy policy is.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact
from bellcheck.mdp.chain import pair_chain, stationary
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables
from bellcheck.mdp.value_error import value_error

from ..assumptions import differentiable, finite, unichain
from ..claim import Claim, cite
from ..definitions import action_values, closed_classes
from ..relation import Relation, equal, given
from ..sums import Entries, named
from ..value_error.mu_stationary import beginning_where_it_acts

ve_gradient_is_total = Claim(
    id="folklore.ve-gradient-is-total",
    title='"VE is the loss, mu the on-policy distribution, and its gradient is 2 sum mu (q_hat - q) grad q_hat"',
    statement=r"\nabla \mathrm{VE} = 2 \sum_x \mu(x) (\hat q(x) - q(x)) \nabla \hat q(x)",
    subject="behaviour",
    needs=(finite, unichain, differentiable),
    uses=("value-error.ve-gradient", "value-error.mu-nonstationary"),
    sources=(cite("crossvalidated365618"), cite("sutton2018", "(9.1)", verified=False)),
    expected="refuted",
)


# -------------------------------------------------------------------- where all three are differentiable


def _three_terms() -> tuple[Any, list[Any]]:
    """Return the derivative of VE, and its three terms, for undefined functions at n pairs, n a symbol."""
    import sympy

    theta = sympy.Symbol("theta", real=True)
    i, n = sympy.symbols("i n", integer=True, positive=True)
    mu, q, q_hat = (sympy.Function(name)(i, theta) for name in ("mu", "q", "q_hat"))
    derived = sympy.diff(value_error(*(Entries(entry, (i, 1, n)) for entry in (mu, q, q_hat))), theta)
    summands = (
        2 * mu * (q_hat - q) * sympy.diff(q_hat, theta),
        sympy.diff(mu, theta) * (q - q_hat) ** 2,
        2 * mu * (q - q_hat) * sympy.diff(q, theta),
    )
    return named(derived), [named(sympy.Sum(summand, (i, 1, n))) for summand in summands]


@ve_gradient_is_total.symbolic()
def derivative_is_the_formula(behaviour: Any) -> Relation:
    """The derivative of VE along any parameter is the formula's, when mu and q move with it as well."""
    derived, (formula, _, _) = _three_terms()
    return equal(derived, formula)


@ve_gradient_is_total.truth(beside=derivative_is_the_formula)
def derivative_has_three_terms(behaviour: Any) -> Relation:
    """It has two terms more: one for mu and one for q."""
    derived, terms = _three_terms()
    return equal(derived, sum(terms))


# -------------------------------------------------------------------- where mu and q jump

EPSILON = exact("1/5")


def _two_ends(behaviour: Any, mdp: FiniteMDP, q_hat: Array, moved: Array) -> tuple[Relation, list[tuple[Array, Array]]]:
    """Return whether mu is unique at both tables, and there mu and the true values of the behaviour."""
    policies = [behaviour(mdp, table, EPSILON) for table in (q_hat, moved)]
    chains = [pair_chain(mdp, policy) for policy in policies]
    unique = equal([closed_classes(P) for P in chains], 1)
    if not unique.holds:
        return unique, []
    return unique, [(stationary(P), action_values(mdp, policy)) for P, policy in zip(chains, policies, strict=True)]


def _formula(mu: Array, q: Array, q_hat: Array, moved: Array) -> Any:
    """Return the gradient by the formula, half-way between two tables, times their difference."""
    return sum(2 * mu * ((q_hat + moved) / 2 - q) * (moved - q_hat))


_DRAWS: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2, start=True).map(beginning_where_it_acts),
    "q_hat": tables,
    "moved": tables,
}


@ve_gradient_is_total.exact(**_DRAWS)
def change_is_what_the_formula_says(behaviour: Any, mdp: FiniteMDP, q_hat: Array, moved: Array) -> Relation:
    """From one table to another, VE of the epsilon-greedy behaviour's mu and q changes as the formula says."""
    unique, ends = _two_ends(behaviour, mdp, q_hat, moved)
    if not ends:
        return given(unique, unique)
    (mu, q), (mu_moved, q_moved) = ends
    change = value_error(mu_moved, q_moved, moved) - value_error(mu, q, q_hat)
    return given(unique, equal(change, _formula(mu, q, q_hat, moved)))


@ve_gradient_is_total.truth(beside=change_is_what_the_formula_says)
def change_has_three_terms(behaviour: Any, mdp: FiniteMDP, q_hat: Array, moved: Array) -> Relation:
    """It changes so, and by the jump of mu, and by the jump of q: both are 0 while no greedy action changes."""
    unique, ends = _two_ends(behaviour, mdp, q_hat, moved)
    if not ends:
        return given(unique, unique)
    (mu, q), (mu_moved, q_moved) = ends
    change = value_error(mu_moved, q_moved, moved) - value_error(mu, q, q_hat)
    of_mu = value_error(mu_moved - mu, q, moved)
    of_q = value_error(mu_moved, q_moved, moved) - value_error(mu_moved, q, moved)
    return given(unique, equal(change, _formula(mu, q, q_hat, moved) + of_mu + of_q))
