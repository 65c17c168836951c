r"""On one transition the targets of Q-learning, SARSA, expected SARSA, double Q and a target network are five numbers.

From s the action 0 pays 1 and leads to s', at discount 1/2. The tables A and B, over the three actions of each state,
are

.. math:: A(s, \cdot) = (2, -4, 10),\ A(s', \cdot) = (8, 16, -6), \qquad
          B(s, \cdot) = (14, -10, 18),\ B(s', \cdot) = (24, 4, 20).

======================================================  ==========================  ==========
target                                                  value of s'                 is
======================================================  ==========================  ==========
Q-learning                                              max A = 16                  9
SARSA, with the third action next                       -6                          -2
expected SARSA, 1/2-greedy for A                        16/2 + 6/2 = 11             13/2
double Q-learning, A chooses and B values               B(s', 1) = 4                3
double Q-learning, B chooses and A values               A(s', 0) = 8                5
Q-learning with a target network B                      max B = 24                  13
======================================================  ==========================  ==========

With B for the target network, the fourth is double DQN, and the fifth what comes of asking the wrong network for the
action.

Why: on data in which the next action is greedy, or the tables agree, or one action is best in both, most of these are
one number, and a program that computes another target than its name says passes every test. So a test needs a
transition that tells them apart, and one is enough.

In one case two of them must agree: without exploration, expected SARSA is Q-learning, wherever ties go.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..claim import Claim, cite
from ..definitions import target
from ..mutants import deep_q, double_q, learners, sarsa
from ..relation import Relation, all_of, equal

targets_told_apart = Claim(
    id="q-learning.targets-told-apart",
    title="One transition tells the targets of Q-learning, SARSA, expected SARSA, double Q and a target network apart",
    statement=r"9,\ -2,\ \tfrac{13}{2},\ 3,\ 13;"
    r" \qquad \varepsilon = 0 \implies \text{expected SARSA} = \text{Q-learning}",
    subject="q-learner",
    uses=("q-learning.update-rule",),
    sources=(
        cite("sutton2018", "sections 6.4-6.7", verified=False),
        cite("vanhasselt2010"),
        cite("vanhasselt2016"),
    ),
)


def _crossing() -> FiniteMDP:
    """Two states with three actions each; the first action of the first state pays 1 and leads to the second."""
    stay = [(s, a, [(1, 0, s)]) for s in range(2) for a in range(3) if (s, a) != (0, 0)]
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), *stay], "1/2")


def _table_a() -> Array:
    return exact_array([2, -4, 10, 8, 16, -6])


def _table_b() -> Array:
    return exact_array([14, -10, 18, 24, 4, 20])


# -------------------------------------------------------------------- five numbers


@targets_told_apart.fixture(mdp=_crossing, q=_table_a)
def q_learning_takes_the_largest_value(update: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """1 + 16/2 = 9, at step 1."""
    return equal(update(mdp, q, 0, 0, fmpq(1)), exact_array([9, *q[1:]]))


for _mutant in (learners.row_of_the_action_taken, learners.argmax_in_place_of_max, learners.behaviour_average):
    targets_told_apart.refutes(_mutant, by=q_learning_takes_the_largest_value)


@targets_told_apart.fixture(of="sarsa", mdp=_crossing, q=_table_a)
def sarsa_takes_the_value_of_the_next_action(update: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """1 - 6/2 = -2, where the third action is taken next, which is not the best."""
    return equal(update(mdp, q, 0, 0, 5, fmpq(1)), exact_array([-2, *q[1:]]))


for _mutant in (sarsa.best_value_of_next_state, sarsa.action_repeated):
    targets_told_apart.refutes(_mutant, by=sarsa_takes_the_value_of_the_next_action)


@targets_told_apart.fixture(of="expected-sarsa", mdp=_crossing, q=_table_a)
def expected_sarsa_takes_the_mean(update: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """1 + 11/2 = 13/2: the best action has the probability 1/2 + 1/6, the two others have 1/6 each."""
    policy = epsilon_greedy(mdp, q, "1/2")
    return equal(update(mdp, q, 0, 0, policy, fmpq(1)), exact_array(["13/2", *q[1:]]))


for _mutant in (sarsa.exploring_once_for_each_action, sarsa.policy_not_asked):
    targets_told_apart.refutes(_mutant, by=expected_sarsa_takes_the_mean)


@targets_told_apart.fixture(of="double-q-learner", mdp=_crossing, a=_table_a, b=_table_b)
def double_q_values_by_the_other_table(update: Any, mdp: FiniteMDP, a: Array, b: Array) -> Relation:
    """1 + 4/2 = 3 where A is updated, and 1 + 8/2 = 5 where B is; the other table stays."""
    first, second = (update(mdp, (a, b), updated, 0, 0, fmpq(1)) for updated in (True, False))
    return equal([*first, *second], [exact_array([3, *a[1:]]), b, a, exact_array([5, *b[1:]])])


for _mutant in (
    double_q.valued_at_the_state_left,
    double_q.chosen_one_step_early,
    deep_q.valued_by_its_own_table,
    deep_q.best_index_in_place_of_value,
):
    targets_told_apart.refutes(_mutant, by=double_q_values_by_the_other_table)


@targets_told_apart.fixture(of="target-network-update", mdp=_crossing, a=_table_a, b=_table_b)
def target_networks_are_asked_for_the_value(update: Any, mdp: FiniteMDP, a: Array, b: Array) -> Relation:
    """1 + 24/2 = 13, with B for the target network."""
    return equal(update(mdp, a, b, 0, 0, fmpq(1)), exact_array([13, *a[1:]]))


targets_told_apart.refutes(deep_q.online_update, by=target_networks_are_asked_for_the_value)


# -------------------------------------------------------------------- where two agree


@targets_told_apart.exact(
    of="expected-sarsa", mdp=mdps(), q=tables, step_size=step_sizes(), ties=st.sampled_from(["lowest", "split"])
)
def expected_sarsa_is_q_learning_without_exploration(
    update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar, ties: Any
) -> Relation:
    """Every outcome: tied actions have one value, so that it does not matter how the policy divides them."""
    return _like_q_learning(update, mdp, q, step_size, epsilon_greedy(mdp, q, 0, ties))


def _like_q_learning(update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar, policy: Array) -> Relation:
    return all_of(
        [
            equal(update(mdp, q, x, k, policy, step_size)[x], (1 - step_size) * q[x] + step_size * target(mdp, q, k))
            for x in range(mdp.n_pairs)
            for k in mdp.outcomes_of(x)
        ]
    )


targets_told_apart.refutes(sarsa.policy_not_asked, by=expected_sarsa_is_q_learning_without_exploration)


@targets_told_apart.too_strong(beside=expected_sarsa_is_q_learning_without_exploration)
def expected_sarsa_is_q_learning(update: Any, mdp: FiniteMDP, q: Array, step_size: Scalar, ties: Any) -> Relation:
    """With a behaviour that explores it is not."""
    return _like_q_learning(update, mdp, q, step_size, epsilon_greedy(mdp, q, "1/2", ties))
