r"""The Bellman residual bounds the distance to q* from both sides.

.. math:: \frac{\lVert TQ - Q \rVert}{1 + \gamma} \le \lVert Q - q^* \rVert \le \frac{\lVert TQ - Q \rVert}{1 - \gamma}

Why: Q - q* = (Q - TQ) + (TQ - Tq*), and the contraction bounds the last term by gamma ||Q - q*||; solve the triangle
inequality for ||Q - q*||, once in each direction.

The right side makes a solver's answer a certificate: the residual can be computed without knowing q*. It is attained by
a single state that loops on itself; on the left equality needs an error that T turns around, as on a cycle of two
states. At discount 1 the right side is no bound: on a loop without rewards every table has residual 0.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.examples import self_loop, two_state_cycle, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import discounted, finite
from ..claim import Claim, cite, isabelle
from ..mutants import operators
from ..relation import Relation, all_of, at_most, equal
from ..runs import best_or_any

residual_bounds = Claim(
    id="bellman.residual-bounds",
    title="The Bellman residual bounds the distance to q* from both sides",
    statement=r"\frac{\lVert TQ-Q\rVert}{1+\gamma} \le \lVert Q-q^*\rVert \le \frac{\lVert TQ-Q\rVert}{1-\gamma}",
    subject="operator",
    needs=(finite, discounted),
    uses=("bellman.contraction", "bellman.fixed-point-optimal"),
    sources=(cite("williams1993"), cite("puterman1994", "section 6.3", verified=False)),
    proved_in=(isabelle("contraction_𝓛_dist"),),
)


@residual_bounds.exact(mdp=mdps(), q=tables)
def residual_encloses_the_error(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """(1 - gamma) times the error is at most the residual, which is at most (1 + gamma) times the error."""
    residual, error = max_norm(T(mdp, q) - q), max_norm(q - policy_iteration(mdp).q)
    return all_of([at_most((1 - mdp.discount) * error, residual), at_most(residual, (1 + mdp.discount) * error)])


residual_bounds.refutes(operators.undiscounted_backup, by=residual_encloses_the_error)
residual_bounds.attained(
    "the upper bound: one rewarded loop", by=residual_encloses_the_error, mdp=self_loop, q=lambda: exact_array([0])
)
residual_bounds.attained(
    "the lower bound: a cycle of two states, with errors 1 and -1 that change places",
    by=residual_encloses_the_error,
    mdp=two_state_cycle,
    q=lambda mdp: policy_iteration(mdp).q + exact_array([1, -1]),
)


@residual_bounds.too_strong(beside=residual_encloses_the_error)
def residual_is_the_error(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """A small residual does not mean an equally small error: near discount 1 the error may be far larger."""
    return at_most(max_norm(q - policy_iteration(mdp).q), max_norm(T(mdp, q) - q))


@residual_bounds.fixture(mdp=self_loop, q=lambda: exact_array([0]))
def one_loop_attains_the_upper_bound(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """On one rewarded loop the error is the residual over 1 - gamma exactly: 10 for a residual of 1."""
    residual = max_norm(T(mdp, q) - q)
    return all_of([equal(residual, 1), equal(max_norm(q - policy_iteration(mdp).q), residual / (1 - mdp.discount))])


residual_bounds.refutes(operators.doubled_reward, by=one_loop_attains_the_upper_bound)


def _best(mdp: FiniteMDP) -> Array:
    return policy_iteration(mdp).q


@residual_bounds.exact(mdp=mdps(), best=_best, q=best_or_any)
def residual_is_zero_at_the_solution_alone(T: Any, mdp: FiniteMDP, best: Array, q: Array) -> Relation:
    """What remains of both bounds if the factors are forgotten: no residual, no error, and the other way round."""
    return equal(bool(max_norm(T(mdp, q) - q) == 0), bool(max_norm(q - best) == 0))


residual_bounds.refutes(operators.doubled_reward, by=residual_is_zero_at_the_solution_alone)
# Nothing is ever paid on the loop, so its value is 0; the table 1 has residual 0 as well.
residual_bounds.fails_without(
    discounted,
    by=residual_is_zero_at_the_solution_alone,
    mdp=zero_reward_loop,
    best=lambda: exact_array([0]),
    q=lambda: exact_array([1]),
)
residual_bounds.kept(
    finite,
    because="Only finite models can be written down here. The proof asks that the error be finite: with infinitely many"
    " states T leaves unbounded tables other than q* where they are, such as gamma^-n on a line without rewards.",
)
