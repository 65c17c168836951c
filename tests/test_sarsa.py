"""SARSA's updates, its operator under constant exploration, and the fixed point."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.behaviour import InvalidBehaviour, epsilon_greedy, uniform
from bellcheck.mdp.bellman import optimality_operator, policy_operator
from bellcheck.mdp.examples import stay_or_switch, two_arms, zero_reward_loop
from bellcheck.mdp.families import garnet
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.sarsa import expected_update, soft_optimality_operator, soft_policy_iteration, update
from bellcheck.mdp.solve import ImproperPolicy, evaluate, policy_iteration

EPISODIC = FiniteMDP.from_pairs(
    3, [(0, 0, [("1/2", 1, 1), ("1/2", -1, 2)]), (1, 0, [(1, 0, 0)]), (1, 1, [("1/4", 3, 0), ("3/4", 0, 1)])], "1/2"
)
"""Two acting states, the third terminal; outcomes 0 and 1 of pair 0, 2 of pair 1, 3 and 4 of pair 2."""

TABLE = exact_array([2, 6, 4])


def test_update_moves_towards_the_action_taken_next() -> None:
    """Q(x) becomes (1 - alpha) Q(x) + alpha (r + gamma Q(x')), for a worse x' as well, and nothing else changes."""
    following = update(EPISODIC, TABLE, 0, 0, 2, exact("1/3"))

    assert list(following) == [fmpq(2, 3) * 2 + fmpq(1, 3) * (1 + fmpq(1, 2) * 4), 6, 4]
    assert list(TABLE) == [2, 6, 4]


def test_at_the_end_only_the_reward_counts() -> None:
    """Where no action follows, the target is the reward, in either form."""
    assert update(EPISODIC, TABLE, 0, 1, None, exact(1))[0] == -1
    assert expected_update(EPISODIC, TABLE, 0, 1, uniform(EPISODIC), exact(1))[0] == -1


def test_expected_update_is_the_mean_over_the_next_action() -> None:
    """Expected SARSA lands where SARSA lands on average."""
    policy = exact_array([1, "1/3", "2/3"])
    sampled = [update(EPISODIC, TABLE, 2, 4, next_pair, exact("1/4")) for next_pair in (1, 2)]

    assert np.array_equal(
        expected_update(EPISODIC, TABLE, 2, 4, policy, exact("1/4")), sampled[0] / 3 + sampled[1] * fmpq(2, 3)
    )


@pytest.mark.parametrize("ties", ["lowest", "split"])
def test_operator_is_that_of_any_epsilon_greedy_policy(ties) -> None:
    """T_epsilon Q = T_pi Q for pi epsilon-greedy with respect to Q, whichever way ties go."""
    mdp = garnet(4, 3, 3, "9/10", 5)
    q = exact_array([fmpq(x % 2) for x in range(mdp.n_pairs)])
    policy = epsilon_greedy(mdp, q, "1/5", ties)

    assert np.array_equal(soft_optimality_operator(mdp, q, exact("1/5")), policy_operator(mdp, policy, q))


def test_operator_lies_between_the_two_it_mixes() -> None:
    """Epsilon 0 gives T, epsilon 1 the operator of the uniform policy; floats do as well."""
    assert np.array_equal(soft_optimality_operator(EPISODIC, TABLE, 0), optimality_operator(EPISODIC, TABLE))
    assert np.array_equal(
        soft_optimality_operator(EPISODIC, TABLE, 1), policy_operator(EPISODIC, uniform(EPISODIC), TABLE)
    )
    assert np.array_equal(
        soft_optimality_operator(EPISODIC.to_float(), to_floats(TABLE), 0.5),
        to_floats(soft_optimality_operator(EPISODIC, TABLE, exact("1/2"))),
    )


def test_policy_iteration_ends_at_the_fixed_point() -> None:
    """The table is the fixed point of T_epsilon, and q_pi of the policy that comes with it."""
    mdp = garnet(6, 3, 3, "9/10", 7)
    solution = soft_policy_iteration(mdp, "1/10")

    assert np.array_equal(soft_optimality_operator(mdp, solution.q, exact("1/10")), solution.q)
    assert np.array_equal(evaluate(mdp, solution.policy), solution.q)
    assert solution.policy.min() == fmpq(1, 30)


def test_without_exploration_it_is_policy_iteration() -> None:
    """At epsilon 0 the fixed point is q*, with its values."""
    solution, best = soft_policy_iteration(stay_or_switch(), 0), policy_iteration(stay_or_switch())

    assert np.array_equal(solution.q, best.q)
    assert np.array_equal(solution.v, best.v)


def test_values_are_those_of_the_exploring_policy() -> None:
    """Two loops that pay 1 and 2 at discount 1/2 with epsilon 1/2: (4 - 1/2) for the state, not the maximum."""
    assert list(soft_policy_iteration(two_arms("1/2"), "1/2").v) == [fmpq(7, 2)]


def test_what_has_no_fixed_point_is_refused() -> None:
    """At discount 1 a policy that may go on for ever has none; epsilon is a probability."""
    with pytest.raises(ImproperPolicy, match="discount below 1"):
        soft_policy_iteration(zero_reward_loop(), "1/2")
    with pytest.raises(InvalidBehaviour, match=r"epsilon 2 is not in \[0, 1\]"):
        soft_policy_iteration(two_arms(), 2)
