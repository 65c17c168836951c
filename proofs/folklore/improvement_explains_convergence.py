r"""Often said: the policy improvement theorem explains how value iteration and Q-learning approach equality in Q = TQ.

.. math:: v_{\pi_{k+1}} \ge v_{\pi_k}, \ \pi_k \in \operatorname{greedy}(Q_k), \qquad Q_k = q_\pi \text{ of some } \pi

It explains policy iteration, whose tables are the values of policies. Neither half holds elsewhere. Along value
iteration the greedy policy can get worse in every state (improvement.vi-not-monotone; here the loan: what is best for
two steps is not best for ever). Along Q-learning a table is the value of no policy as soon as it exceeds q* anywhere,
which a single lucky reward brings about, even from the value of a policy. True is, for T,

.. math:: \lVert TQ - q^* \rVert \le \gamma \lVert Q - q^* \rVert

whatever the greedy policies do meanwhile, and for one update of the pair x at step alpha

.. math:: |Q^+(x) - q^*(x)| \le (1 - \alpha) |Q(x) - q^*(x)| + \alpha \gamma \lVert Q - q^* \rVert + \alpha |e|,
    \qquad e = r + \gamma v^*(s') - q^*(x), \quad \mathbb E[e \mid x] = 0.

Why: subtract q* = Tq*; the maximum is nonexpansive, which leaves gamma times the distance and the noise at q*. So
convergence is a contraction that halts only at q*, and steps that average the noise out. A policy improves where its
own value is known: evaluated first, the greedy policy of the same table does get better, and that is the theorem.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm
from bellcheck.mdp.bellman import greedy_policy, policy_values
from bellcheck.mdp.draws import DISCOUNTS
from bellcheck.mdp.examples import loan
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import td_target
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, paths, policies, tables

from ..assumptions import discounted, finite
from ..claim import Claim, cite
from ..definitions import action_values, optimal_values
from ..relation import Relation, all_of, at_most, equal

improvement_explains_convergence = Claim(
    id="folklore.improvement-explains-convergence",
    title='"The policy improvement theorem explains how Q-learning approaches equality"',
    statement=r"v_{\pi_{k+1}} \ge v_{\pi_k} \ \text{with}\ \pi_k \in \operatorname{greedy}(Q_k),"
    r"\quad Q_k = q_\pi \ \text{for some}\ \pi",
    subject="operator",
    needs=(finite, discounted),
    uses=(
        "bellman.contraction",
        "bellman.fixed-point-optimal",
        "bellman.max-nonexpansive",
        "improvement.improvement-theorem",
        "improvement.vi-not-monotone",
    ),
    sources=(cite("crossvalidated365618"), cite("sutton2018", "(4.7)-(4.8)")),
    expected="refuted",
)


def _worth(mdp: FiniteMDP, policy: Array) -> Array:
    return policy_values(mdp, policy, action_values(mdp, policy))


# Among free models few are refuted within four sweeps; for the verdict not to be luck, half are loans, with any table.
_loans = st.sampled_from(list(DISCOUNTS)).map(loan)


def _one_borrowing_sweep() -> Array:
    return exact_array([0, 1, -1])


def _swept(T: Any, mdp: FiniteMDP, q: Array) -> list[Array]:
    tables = [q]
    for _ in range(4):
        tables.append(T(mdp, tables[-1]))
    return tables


@improvement_explains_convergence.fixture(mdp=loan, q=_one_borrowing_sweep)
@improvement_explains_convergence.exact(mdp=st.one_of(mdps(max_states=3), _loans), q=tables)
def sweeps_improve_the_greedy_policy(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Of the policies that are greedy for Q, TQ, ..., T^4 Q each is at least as good as the one before."""
    worth = [_worth(mdp, greedy_policy(mdp, table)) for table in _swept(T, mdp, q)]
    return all_of(at_most(before, after) for before, after in pairwise(worth))


@improvement_explains_convergence.truth(beside=sweeps_improve_the_greedy_policy)
def sweeps_contract_and_an_evaluation_improves(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """Each sweep is nearer to q* by the factor gamma; greedy for the *value* of the first policy is no worse."""
    best = optimal_values(mdp)
    distances = [max_norm(table - best) for table in _swept(T, mdp, q)]
    policy = greedy_policy(mdp, q)
    improved = greedy_policy(mdp, action_values(mdp, policy))
    return all_of(
        [
            *(at_most(after, mdp.discount * before) for before, after in pairwise(distances)),
            at_most(_worth(mdp, policy), _worth(mdp, improved)),
        ]
    )


def _tables_along(update: Any, mdp: FiniteMDP, policy: Array, path: Any) -> list[Array]:
    run = [action_values(mdp, policy)]
    for pair, outcome, step_size in path:
        run.append(update(mdp, run[-1], pair, outcome, step_size))
    return run


@improvement_explains_convergence.pathwise(of="q-learner", mdp=mdps(), policy=policies, path=paths)
def tables_are_values_of_policies(update: Any, mdp: FiniteMDP, policy: Array, path: Any) -> Relation:
    """From the value of a policy on, no table exceeds q*, as the value of no policy does."""
    best = policy_iteration(mdp).q
    return all_of(at_most(q, best) for q in _tables_along(update, mdp, policy, path))


@improvement_explains_convergence.truth(beside=tables_are_values_of_policies)
def tables_approach_up_to_noise(update: Any, mdp: FiniteMDP, policy: Array, path: Any) -> Relation:
    """Each update shrinks the error of its pair, up to the noise of its target at q*, whose mean is 0."""
    solution = policy_iteration(mdp)
    run = _tables_along(update, mdp, policy, path)
    relations = [at_most(run[0], solution.q)]
    for (before, after), (x, outcome, step_size) in zip(pairwise(run), path, strict=True):
        noise = {k: td_target(mdp, solution.q, k) - solution.q[x] for k in mdp.outcomes_of(x)}
        shrunk = (1 - step_size) * abs(before[x] - solution.q[x])
        shrunk += step_size * (mdp.discount * max_norm(before - solution.q) + abs(noise[outcome]))
        relations.append(at_most(abs(after[x] - solution.q[x]), shrunk))
        relations.append(equal(sum((mdp.probability[k] * e for k, e in noise.items()), fmpq(0)), fmpq(0)))
    return all_of(relations)
