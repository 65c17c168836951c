"""Bellman operators against their definitions, in every arithmetic, with ties and terminal states."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import z3
from flint import fmpq
from hypothesis import given

from bellcheck.mdp.arithmetic import Reals, exact, exact_array, fraction, max_norm, to_floats, zeros
from bellcheck.mdp.bellman import (
    WrongTable,
    expected_asynchronous_operator,
    expected_backup,
    greedy_pairs,
    greedy_policy,
    optimality_operator,
    policy_operator,
    policy_values,
    residual,
    state_values,
)
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import deterministic_policies, distributions, mdps, policies, state_tables, tables

EPSILON = 2.0**-53
"""Unit roundoff of binary64."""


@st.composite
def _on_a_model(draw, *functions):
    mdp = draw(mdps())
    return (mdp, *(draw(function(mdp)) for function in functions))


def _defined_values(mdp, q):
    """V_Q by its definition, state by state."""
    return [max((q[x] for x in mdp.pairs_of(s)), default=fmpq(0)) for s in range(mdp.n_states)]


def _defined_backup(mdp, v):
    """The expected backup by its definition, outcome by outcome."""
    return [
        sum(
            (mdp.probability[k] * (mdp.reward[k] + mdp.discount * v[mdp.next_state[k]]) for k in mdp.outcomes_of(x)),
            fmpq(0),
        )
        for x in range(mdp.n_pairs)
    ]


@pytest.fixture
def corridor():
    """0 -> 1 -> 2 (terminal); in state 0 one may stay; terminal state 3 is never entered."""
    return FiniteMDP.from_pairs(
        4, [(0, 0, [(1, 1, 0)]), (0, 1, [("1/2", 0, 1), ("1/2", 4, 2)]), (1, 0, [(1, 2, 2)])], "1/2"
    )


def test_by_hand(corridor):
    """One backup of a table, on paper: r + gamma V(s'), the terminal value being 0."""
    q = exact_array([4, 6, 8])

    assert list(state_values(corridor, q)) == [6, 8, 0, 0]
    assert list(optimality_operator(corridor, q)) == [1 + 3, fmpq(1, 2) * 4 + fmpq(1, 2) * 4, 2]
    assert list(residual(corridor, q)) == [0, -2, -6]
    assert list(policy_operator(corridor, exact_array([1, 0, 1]), q)) == [1 + 2, fmpq(1, 2) * 4 + 2, 2]
    assert greedy_pairs(corridor, q).tolist() == [False, True, True]


@given(_on_a_model(tables, state_tables))
def test_the_optimality_operator_is_its_definition(drawn):
    """V_Q, the expected backup and T are what their formulas say, with equality."""
    mdp, q, v = drawn

    assert list(state_values(mdp, q)) == _defined_values(mdp, q)
    assert list(expected_backup(mdp, v)) == _defined_backup(mdp, v)
    assert list(optimality_operator(mdp, q)) == _defined_backup(mdp, _defined_values(mdp, q))
    assert list(residual(mdp, q)) == [a - b for a, b in zip(optimality_operator(mdp, q), q, strict=True)]


@given(_on_a_model(tables, policies))
def test_the_policy_operator_is_its_definition(drawn):
    """T_pi takes the mean over the policy's actions, 0 at a terminal state."""
    mdp, q, policy = drawn
    means = [sum((policy[x] * q[x] for x in mdp.pairs_of(s)), fmpq(0)) for s in range(mdp.n_states)]

    assert list(policy_values(mdp, policy, q)) == means
    assert list(policy_operator(mdp, policy, q)) == _defined_backup(mdp, means)


@given(_on_a_model(tables))
def test_terminal_states_are_worth_nothing_whatever_the_table(drawn):
    """A state without actions has value 0, also between and before states that have some."""
    mdp, q = drawn
    values = state_values(mdp, q + 7)

    assert all(values[s] == 0 for s in mdp.terminal_states)
    assert all(values[s] == max(q[x] for x in mdp.pairs_of(s)) + 7 for s in mdp.acting)


@given(_on_a_model(tables, distributions))
def test_each_pair_moves_by_its_share_of_the_residual(drawn):
    """The expected asynchronous operator is Q + mu (TQ - Q), so that pairs of weight 0 stay."""
    mdp, q, mu = drawn

    moved = expected_asynchronous_operator(mdp, mu, q)

    backed_up = _defined_backup(mdp, _defined_values(mdp, q))
    assert [moved[x] == q[x] + mu[x] * (backed_up[x] - q[x]) for x in range(mdp.n_pairs)] == [True] * mdp.n_pairs
    assert all(moved[x] == q[x] for x in range(mdp.n_pairs) if mu[x] == 0)


@given(_on_a_model(tables))
def test_all_tied_actions_are_greedy_and_the_policy_takes_the_lowest(drawn):
    """The mask holds every maximiser; the policy is one of them, the first of each state."""
    mdp, q = drawn

    greedy, policy = greedy_pairs(mdp, q), greedy_policy(mdp, q)

    for s in mdp.acting:
        tied = [x for x in mdp.pairs_of(s) if q[x] == max(q[y] for y in mdp.pairs_of(s))]
        assert [x for x in mdp.pairs_of(s) if greedy[x]] == tied
        assert [x for x in mdp.pairs_of(s) if policy[x] == 1] == tied[:1]
    assert sum(policy, fmpq(0)) == len(mdp.acting)


@given(_on_a_model(tables))
def test_the_greedy_policy_attains_the_optimal_backup(drawn):
    """T_pi Q = TQ for the greedy policy of Q."""
    mdp, q = drawn

    assert list(policy_operator(mdp, greedy_policy(mdp, q), q)) == list(optimality_operator(mdp, q))


@given(_on_a_model(tables, deterministic_policies))
def test_no_policy_beats_the_maximum(drawn):
    """T_pi Q <= TQ at every pair."""
    mdp, q, policy = drawn

    assert all(a <= b for a, b in zip(policy_operator(mdp, policy, q), optimality_operator(mdp, q), strict=True))


@given(_on_a_model(tables))
def test_splitting_an_outcome_changes_nothing(drawn):
    """Duplicate outcomes add up: half the probability twice is the same operator."""
    mdp, q = drawn
    twice = FiniteMDP.from_pairs(
        mdp.n_states,
        [
            (
                int(mdp.pair_state[x]),
                int(mdp.pair_action[x]),
                [
                    (mdp.probability[k] / 2, mdp.reward[k], int(mdp.next_state[k]))
                    for k in mdp.outcomes_of(x)
                    for _ in range(2)
                ],
            )
            for x in range(mdp.n_pairs)
        ],
        mdp.discount,
    )

    assert list(optimality_operator(twice, q)) == list(optimality_operator(mdp, q))


@given(_on_a_model(tables))
def test_floats_are_near_the_rationals(drawn):
    """In binary64 T is off by rounding alone, at most 10 roundings of terms no larger than the bound of their sizes.

    Each of at most 3 outcomes is rounded on input (p, r, gamma, v), in gamma v, r + gamma v, its product with p, and in
    two additions; (1 + u)^9 - 1 < 10 u.
    """
    mdp, q = drawn
    largest = max_norm(mdp.reward) + mdp.discount * max_norm(q)

    computed = optimality_operator(mdp.to_float(), to_floats(q))

    error = max_norm(exact_array(computed) - optimality_operator(mdp, q))
    assert error <= 10 * exact(EPSILON) * largest


@given(_on_a_model(tables, policies))
def test_tensors_compute_what_floats_do(drawn):
    """Over tensors T and T_pi are those of binary64 up to the order of additions, hence within the same bound."""
    mdp, q, policy = drawn
    tensors, table = mdp.to_tensor(), torch.from_numpy(to_floats(q))
    largest = max_norm(mdp.reward) + mdp.discount * max_norm(q)

    optimal = optimality_operator(tensors, table)
    followed = policy_operator(tensors, torch.from_numpy(to_floats(policy)), table)

    bound = exact(EPSILON) * largest
    assert max_norm(exact_array(optimal.tolist()) - optimality_operator(mdp, q)) <= 10 * bound
    # The mean over up to three actions adds another input, product and two additions.
    assert max_norm(exact_array(followed.tolist()) - policy_operator(mdp, policy, q)) <= 15 * bound


def test_gradients_pass_through_the_operator():
    """The derivative of TQ at a pair is gamma p(s') on the greedy action of each successor."""
    mdp = FiniteMDP.from_pairs(
        2, [(0, 0, [("1/4", 1, 0), ("3/4", 0, 1)]), (0, 1, [(1, 0, 1)]), (1, 0, [(1, 0, 0)])], "1/2"
    )
    q = torch.tensor([2.0, 1.0, 5.0], dtype=torch.float64, requires_grad=True)

    optimality_operator(mdp.to_tensor(), q)[0].backward()

    assert q.grad.tolist() == [0.125, 0.0, 0.375]


def _over_the_reals(mdp, proof):
    """The model with rewards and table as real variables."""
    rewards = proof.array("r", len(mdp.reward))
    lifted = zeros(rewards, len(mdp.probability)) + np.array(
        [z3.Q(int(p.p), int(p.q), proof.context) for p in mdp.probability], dtype=object
    )
    discount = z3.Q(int(mdp.discount.p), int(mdp.discount.q), proof.context)
    return replace(mdp, probability=lifted, reward=rewards, discount=discount)


def test_over_the_reals_the_operator_is_monotone(corridor):
    """z3 proves TQ <= TQ' from Q <= Q' for all rewards and tables, and refutes the converse."""
    proof = Reals()
    mdp = _over_the_reals(corridor, proof)
    q, w = proof.array("q", 3), proof.array("w", 3)

    below, above = optimality_operator(mdp, q), optimality_operator(mdp, w)
    ordered = z3.And([a <= b for a, b in zip(q, w, strict=True)])
    images_ordered = z3.And([a <= b for a, b in zip(below, above, strict=True)])

    solver = z3.Solver(ctx=proof.context)
    solver.add(*proof.facts)
    assert solver.check(ordered, z3.Not(images_ordered)) == z3.unsat
    assert solver.check(images_ordered, z3.Not(ordered)) == z3.sat


@given(mdps(max_states=2, max_actions=2, max_outcomes=2), st.data())
def test_over_the_reals_the_operator_takes_the_rational_values(mdp, data):
    """With the rewards and the table fixed to rationals, z3's only value of TQ is the exact one."""
    q = data.draw(tables(mdp))
    proof = Reals()
    lifted, table = _over_the_reals(mdp, proof), proof.array("q", mdp.n_pairs)
    right = optimality_operator(mdp, q)

    computed = optimality_operator(lifted, table)

    solver = z3.Solver(ctx=proof.context)
    solver.add(*proof.facts)
    for variables, numbers in ((lifted.reward, mdp.reward), (table, q)):
        solver.add([x == z3.Q(int(r.p), int(r.q), proof.context) for x, r in zip(variables, numbers, strict=True)])
    equal = z3.And([x == z3.Q(int(r.p), int(r.q), proof.context) for x, r in zip(computed, right, strict=True)])
    assert solver.check() == z3.sat
    assert solver.check(z3.Not(equal)) == z3.unsat


def test_a_model_without_actions_has_an_empty_operator():
    """Where all states are terminal, tables are empty and values 0, in exact numbers, floats and tensors."""
    mdp = FiniteMDP.from_pairs(2, [], "1/2")

    assert list(optimality_operator(mdp, mdp.table())) == []
    assert list(state_values(mdp, mdp.table())) == [0, 0]
    assert len(optimality_operator(mdp.to_float(), np.zeros(0))) == 0
    assert len(optimality_operator(mdp.to_tensor(), torch.zeros(0, dtype=torch.float64))) == 0


def test_exactness_survives_a_hundred_backups():
    """Iterating T on a loop gives the partial sums of the geometric series, digit for digit."""
    loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/3")
    q = loop.table()
    for _ in range(100):
        q = optimality_operator(loop, q)

    assert fraction(q[0]) == fraction((1 - fmpq(1, 3**100)) / (1 - fmpq(1, 3)))


@pytest.mark.parametrize(
    ("table", "message"),
    [([0], "is a list"), (np.zeros(3), r"has shape \(3,\)"), (np.zeros(1), "floats and the model exact")],
)
def test_what_is_no_table_is_refused(table, message):
    """A list, a wrong length and a mixture of arithmetics are named, with what a table is."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")

    with pytest.raises(WrongTable, match=message):
        optimality_operator(mdp, table)


def test_an_exact_table_of_a_rounded_model_is_refused():
    """Mixing the arithmetics the other way round is refused as well."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")

    with pytest.raises(WrongTable, match=r"or the reverse; use mdp.to_float\(\) or exact_array"):
        optimality_operator(mdp.to_float(), mdp.table())


def test_weights_that_are_no_table_are_refused():
    """Weights over the states in place of the pairs are named."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 2, 0)])], "1/2")

    with pytest.raises(WrongTable, match=r"mu has shape \(1,\)"):
        expected_asynchronous_operator(mdp, exact_array([1]), mdp.table())
