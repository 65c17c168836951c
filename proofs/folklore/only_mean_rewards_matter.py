r"""Often said: Q depends only on the expected rewards and the transition probabilities.

.. math::
    \bar r = \bar r',\ p(s' \mid s, a) = p'(s' \mid s, a) \implies \mathbb E[Q_k] = \mathbb E[Q'_k]

q* does, for T does (bellman.joint-vs-marginal), and the mean of *one* update does. The law of Q_k does not: it depends
on the joint p(s', r | s, a). Two loops that pay 1 or -1 evenly and two that pay 0 have the same T; from Q_0 = 0 at step
1/2 and discount 9/10 the first give E[Q_2] = 9/80, the second 0, for the second update takes the maximum of a table
that is noisy by then. Keeping the laws of reward and successor does not help either: three models that differ only in
how the two come together give E[Q_3(0, 0)] = 693/512, 694/512 and 692/512 (q-learning.joint-law).

So what learning makes of a model on the way cannot be read off its mean rewards; where it goes can.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import joint_law, noisy_self_loops
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..assumptions import deterministic_steps, discounted, finite, independent_samples, joint_sampling
from ..claim import Claim, cite
from ..definitions import backup
from ..expectations import mean_tables, with_noisy_twins
from ..relation import Relation, all_of, equal

only_mean_rewards_matter = Claim(
    id="folklore.only-mean-rewards-matter",
    title='"Q depends only on the expected rewards and the transition probabilities"',
    statement=r"\bar r = \bar r',\ p(s' \mid s, a) = p'(s' \mid s, a) \implies \mathbb E[Q_k] = \mathbb E[Q'_k]",
    subject="synchronous-run",
    needs=(finite, discounted, deterministic_steps, independent_samples, joint_sampling),
    uses=("bellman.joint-vs-marginal", "q-learning.one-step-expectation", "q-learning.joint-law"),
    sources=(cite("thrun1993"),),
    expected="refuted",
)


def _mean(run: Any, mdp: FiniteMDP, q: Array, steps: list[fmpq]) -> Array:
    return mean_tables(run, mdp, q, steps)[-1]


def _with_mean_rewards(mdp: FiniteMDP) -> FiniteMDP:
    """Return the model in which every outcome of a pair pays the pair's mean reward."""
    pairs = []
    for x in range(mdp.n_pairs):
        mean = sum((mdp.probability[k] * mdp.reward[k] for k in mdp.outcomes_of(x)), fmpq(0))
        row = [(mdp.probability[k], mean, int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]
        pairs.append((int(mdp.pair_state[x]), int(mdp.pair_action[x]), row))
    return FiniteMDP.from_pairs(mdp.n_states, pairs, mdp.discount)


# -------------------------------------------------------------------- any model and the one with its mean rewards

# Among free models few are refuted within two steps; for the verdict not to be luck, half have noisy equal actions.
_models = st.one_of(
    mdps(max_states=2, max_actions=2, max_outcomes=2),
    mdps(max_states=2, max_actions=1, max_outcomes=1).map(with_noisy_twins),
)


@only_mean_rewards_matter.enumerated(mdp=_models, q=tables, step_size=step_sizes())
def second_mean_is_that_of_the_mean_rewards(run: Any, mdp: FiniteMDP, q: Array, step_size: fmpq) -> Relation:
    """E[Q_2] stays if every reward gives way to its mean, over all outcomes of both steps."""
    means = [_mean(run, model, q, [step_size] * 2) for model in (mdp, _with_mean_rewards(mdp))]
    return equal(*means)


@only_mean_rewards_matter.truth(beside=second_mean_is_that_of_the_mean_rewards)
def first_mean_and_limit_are_those_of_the_mean_rewards(run: Any, mdp: FiniteMDP, q: Array, step_size: fmpq) -> Relation:
    """E[Q_1], TQ and q* stay: one update is affine in the target, and T sees means alone."""
    other = _with_mean_rewards(mdp)
    return all_of(
        [
            equal(_mean(run, mdp, q, [step_size]), _mean(run, other, q, [step_size])),
            equal(backup(mdp, q), backup(other, q)),
            equal(policy_iteration(mdp).q, policy_iteration(other).q),
        ]
    )


@only_mean_rewards_matter.fixture(mdp=noisy_self_loops, step_size=lambda: exact("1/2"))
def noisy_loops_are_like_idle_ones(run: Any, mdp: FiniteMDP, step_size: fmpq) -> Relation:
    """Two loops that pay 1 or -1 and two that pay 0 have the same E[Q_2]."""
    means = [_mean(run, model, mdp.table(0), [step_size] * 2) for model in (mdp, _with_mean_rewards(mdp))]
    return equal(*means)


@only_mean_rewards_matter.truth(beside=noisy_loops_are_like_idle_ones)
def noise_raises_the_second_mean(run: Any, mdp: FiniteMDP, step_size: fmpq) -> Relation:
    """E[Q_2] = 9/80 with the noise and 0 without it, at both loops."""
    means = [_mean(run, model, mdp.table(0), [step_size] * 2) for model in (mdp, _with_mean_rewards(mdp))]
    return all_of([equal(means[0], exact_array(["9/80"] * 2)), equal(means[1], mdp.table(0))])


# -------------------------------------------------------------------- three joint laws of the same marginals


def _three_laws() -> list[FiniteMDP]:
    return [joint_law("independent"), joint_law("correlated"), joint_law("anticorrelated")]


@only_mean_rewards_matter.fixture(models=_three_laws, step_size=lambda: exact("1/2"))
def marginals_determine_the_third_mean(run: Any, models: list[FiniteMDP], step_size: fmpq) -> Relation:
    """Models with the same laws of reward and of successor have the same E[Q_3]."""
    first, *others = (_mean(run, mdp, mdp.table(0), [step_size] * 3) for mdp in models)
    return all_of(equal(other, first) for other in others)


@only_mean_rewards_matter.truth(beside=marginals_determine_the_third_mean)
def marginals_determine_the_limit(run: Any, models: list[FiniteMDP], step_size: fmpq) -> Relation:
    """E[Q_3(0, 0)] = 693/512, 694/512, 692/512, and q* = (8/3, 7/3, 4) for all three."""
    means = exact_array(_mean(run, mdp, mdp.table(0), [step_size] * 3)[0] for mdp in models)
    best = exact_array(["8/3", "7/3", 4])
    return all_of(
        [
            equal(means, exact_array(["693/512", "694/512", "692/512"])),
            *(equal(policy_iteration(mdp).q, best) for mdp in models),
        ]
    )
