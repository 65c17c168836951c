r"""One update moves Q(x) on average to where T points, by the step size.

.. math:: \mathbb E[Q^+(x) \mid Q, x] = (1 - \alpha)\, Q(x) + \alpha\, (TQ)(x), \qquad Q^+(y) = Q(y) \ (y \ne x)

and if x itself is drawn from a distribution mu over the pairs, E[Q+ | Q] = Q + alpha mu (TQ - Q), entry by entry.

Why: given Q and x the update is affine in the target r + gamma V_Q(s'), whose mean over p(s', r | x) is by definition
(TQ)(x). Averaging over x weighs each entry's change by mu. A mean of a sum asks nothing of how r and s' go together:
this line does not see their joint law, and later ones do (q-learning.joint-law).

This is an identity about *one* step with Q given, and it is all that is true "in expectation": over several steps the
maximum of a random table enters, and means no longer follow T (folklore.in-expectation).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import distributions, mdps, step_sizes, tables

from ..assumptions import finite
from ..claim import Claim, cite, lean
from ..definitions import backup
from ..mutants import learners
from ..relation import Relation, all_of, equal

one_step_expectation = Claim(
    id="q-learning.one-step-expectation",
    title="One update moves Q(x) on average to where T points, by the step size",
    statement=r"\mathbb E[Q^+(x) \mid Q, x] = (1-\alpha)\,Q(x) + \alpha\,(TQ)(x)",
    subject="q-learner",
    needs=(finite,),
    sources=(cite("sutton2018", "(6.8)", verified=False),),
    proved_in=(lean("expected_update_target_eq"),),
)


def _mean_after(update: Any, mdp: FiniteMDP, q: Array, pair: int, step_size: Scalar) -> Array:
    return sum(mdp.probability[k] * update(mdp, q, pair, k, step_size) for k in mdp.outcomes_of(pair))


def _with_an_end(mdp: FiniteMDP) -> FiniteMDP:
    """Let the first outcome of each pair end the episode."""
    next_state = mdp.next_state.copy()
    next_state[mdp.outcome_start[:-1]] = mdp.n_states
    return replace(mdp, n_states=mdp.n_states + 1, next_state=next_state)


_models = st.one_of(mdps(), mdps(max_states=3).map(_with_an_end))


@one_step_expectation.enumerated(mdp=_models, q=tables, step_size=step_sizes())
def mean_is_the_damped_backup(update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar) -> Relation:
    """At every pair: the mean over all outcomes, beside TQ written out; no outcome changes the other entries."""
    backed_up = backup(mdp, q)
    relations = []
    for x in range(mdp.n_pairs):
        others = np.arange(mdp.n_pairs) != x
        relations.append(
            equal(_mean_after(update, mdp, q, x, step_size)[x], (1 - step_size) * q[x] + step_size * backed_up[x])
        )
        relations += [equal(update(mdp, q, x, k, step_size)[others], q[others]) for k in mdp.outcomes_of(x)]
    return all_of(relations)


for _mutant in (
    learners.behaviour_average,
    learners.undiscounted_target,
    learners.argmax_in_place_of_max,
    learners.row_of_the_action_taken,
    learners.minimum_in_place_of_maximum,
    learners.bootstrapped_end,
    learners.whole_row_written,
    learners.doubled_step,
):
    one_step_expectation.refutes(_mutant, by=mean_is_the_damped_backup)
one_step_expectation.kept(
    finite,
    because="Only finite models can be written down here. The proof asks that the target have a mean and the maximum be"
    " attained, and no more.",
)


@one_step_expectation.too_strong(beside=mean_is_the_damped_backup)
def every_outcome_is_the_damped_backup(update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar) -> Relation:
    """It is an expectation: a single sample lands elsewhere."""
    expected = (1 - step_size) * q + step_size * backup(mdp, q)
    return all_of(
        [equal(update(mdp, q, x, k, step_size)[x], expected[x]) for x in range(mdp.n_pairs) for k in mdp.outcomes_of(x)]
    )


@one_step_expectation.enumerated(mdp=mdps(), q=tables, mu=distributions, step_size=step_sizes())
def mean_over_pairs_is_weighted_by_mu(update: Any, mdp: FiniteMDP, q: Array, mu: Array, step_size: Scalar) -> Relation:
    """With the pair drawn from mu, every entry moves on average by alpha mu (TQ - Q)."""
    mean = sum(mu[x] * _mean_after(update, mdp, q, x, step_size) for x in range(mdp.n_pairs))
    return equal(mean, q + step_size * mu * (backup(mdp, q) - q))


one_step_expectation.refutes(learners.behaviour_average, by=mean_over_pairs_is_weighted_by_mu)


@one_step_expectation.too_strong(beside=mean_over_pairs_is_weighted_by_mu)
def mean_over_pairs_ignores_mu(update: Any, mdp: FiniteMDP, q: Array, mu: Array, step_size: Scalar) -> Relation:
    """As if every pair were updated at once: a synchronous step, not one of a random pair."""
    mean = sum(mu[x] * _mean_after(update, mdp, q, x, step_size) for x in range(mdp.n_pairs))
    return equal(mean, (1 - step_size) * q + step_size * backup(mdp, q))
