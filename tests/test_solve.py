"""Solvers against enumeration: exact policy iteration, evaluation, and a certificate that tells the truth."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from itertools import product

import hypothesis.strategies as st
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given

from bellcheck.mdp.arithmetic import NotANumber, exact, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import WrongTable, greedy_pairs, optimality_operator, policy_operator, state_values
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import (
    ImproperPolicy,
    NoImprovement,
    evaluate,
    improvement_step,
    policy_iteration,
    require_proper,
    value_iteration,
)
from bellcheck.mdp.strategies import deterministic_policies, mdps, policies

WORK_OR_STUDY = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, -1, 1)]), (1, 0, [(1, 3, 1)])], "9/10")
"""Work now for 1, or study for -1 and then earn 3 for ever."""


def _deterministic_policies(mdp):
    """Every deterministic policy of a model."""
    for chosen in product(*(mdp.pairs_of(s) for s in mdp.acting)):
        yield exact_array([int(x in chosen) for x in range(mdp.n_pairs)])


@st.composite
def _proper_mdps(draw, max_outcomes=3):
    """Models at discount 1 in which every policy ends: states lead to higher ones only, the last one is terminal."""
    mdp = draw(mdps(max_outcomes=max_outcomes, terminal=False, discounts=[1]))
    n = mdp.n_states
    onwards = np.minimum(
        n, mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))] + 1 + mdp.next_state
    )
    return FiniteMDP(
        n + 1, mdp.pair_state, mdp.pair_action, mdp.outcome_start, mdp.probability, mdp.reward, onwards, mdp.discount
    )


@given(st.one_of(mdps(max_states=3), _proper_mdps()))
def test_policy_iteration_is_the_best_of_all_policies(mdp):
    """q* is at every pair the largest q_pi of all deterministic policies, and the policy returned attains it."""
    every = [evaluate(mdp, policy) for policy in _deterministic_policies(mdp)]

    solution = policy_iteration(mdp)

    assert list(solution.q) == [max(q[x] for q in every) for x in range(mdp.n_pairs)]
    assert list(evaluate(mdp, solution.policy)) == list(solution.q)
    assert list(solution.v) == list(state_values(mdp, solution.q))


@given(st.one_of(mdps(), _proper_mdps()))
def test_the_solution_solves_the_optimality_equation(mdp):
    """TQ* = Q* with equality, and the policy is deterministic and greedy."""
    solution = policy_iteration(mdp)
    chosen = [x for x in range(mdp.n_pairs) if solution.policy[x] == 1]

    assert list(optimality_operator(mdp, solution.q)) == list(solution.q)
    assert mdp.pair_state[chosen].tolist() == mdp.acting.tolist()
    assert greedy_pairs(mdp, solution.q)[chosen].all()
    assert solution.iterations >= 1


@given(mdps(), st.data())
def test_evaluation_solves_the_policy_equation(mdp, data):
    """q_pi is a fixed point of T_pi, for policies with and without zeros."""
    policy = data.draw(policies(mdp))

    q = evaluate(mdp, policy)

    assert list(policy_operator(mdp, policy, q)) == list(q)


@given(_proper_mdps(max_outcomes=1), st.data())
def test_floats_are_evaluated_too(mdp, data):
    """Where all quotients are halves of integers, the float solution is the exact one, to the last bit."""
    dyadic = replace(mdp, reward=exact_array([int(r.floor()) for r in mdp.reward]), discount=fmpq(1, 2))
    policy = data.draw(deterministic_policies(dyadic))

    computed = evaluate(dyadic.to_float(), to_floats(policy))

    assert exact_array(computed).tolist() == evaluate(dyadic, policy).tolist()


def test_ties_end_policy_iteration():
    """Duplicated actions and all rows equal: the incumbent is kept, so that the iteration stops."""
    ties = FiniteMDP.from_pairs(
        3, [(s, a, [("1/3", "1/3", t) for t in range(3)]) for s in range(3) for a in range(3)], exact("99/100")
    )

    solution = policy_iteration(ties)

    assert solution.iterations == 1
    assert set(solution.q) == {fmpq(100, 3)}


def test_by_hand():
    """At gamma = 9/10 it is best to study, at 1/10 to work."""
    patient, hasty = policy_iteration(WORK_OR_STUDY), policy_iteration(replace(WORK_OR_STUDY, discount=exact("1/10")))

    assert list(patient.v) == [26, 30]
    assert list(patient.policy) == [0, 1, 1]
    assert list(hasty.v) == [fmpq(10, 9), fmpq(10, 3)]
    assert list(hasty.policy) == [1, 0, 1]


def test_the_float_proposal_saves_exact_solves():
    """Where float sweeps find the best policy, one exact evaluation confirms it, though at first another is greedy."""
    assert policy_iteration(WORK_OR_STUDY).iterations == 1


def test_an_improvement_step_switches_only_to_what_is_better():
    """From work one step leads to study; from there, and where the actions are tied, the same policy comes back."""
    work, study = exact_array([1, 0, 1]), exact_array([0, 1, 1])
    tied = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 1, 0)])], "1/2")
    second = exact_array([0, 1])

    assert list(improvement_step(WORK_OR_STUDY, work)) == list(study)
    assert list(work) == [1, 0, 1]
    assert improvement_step(WORK_OR_STUDY, study) is study
    assert improvement_step(tied, second) is second


def test_a_policy_that_comes_back_is_an_error(monkeypatch):
    """An evaluation that always prefers the other action would go round for ever; it is called wrong instead."""
    monkeypatch.setattr("bellcheck.mdp.solve.evaluate", lambda mdp, policy: 1 - policy)
    two_actions = FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "1/2")

    with pytest.raises(NoImprovement, match="came back to a policy that it had left; an operator is wrong"):
        policy_iteration(two_actions)


def test_a_policy_over_something_else_is_refused():
    """A policy is an array over the pairs: neither a list, nor one entry a state, nor more than there are pairs."""
    for policy in ([1, 0, 1], exact_array([1, 1]), exact_array([1, 0, 1, 0])):
        with pytest.raises(WrongTable, match="a policy is an array of probabilities over the 3 pairs of the model"):
            evaluate(WORK_OR_STUDY, policy)


def test_solutions_cannot_be_changed():
    """What a solver returns is a record."""
    for solution in (policy_iteration(WORK_OR_STUDY), value_iteration(WORK_OR_STUDY, 1)):
        with pytest.raises(FrozenInstanceError):
            solution.iterations = 0


def test_a_myopic_agent_takes_the_largest_mean_reward():
    """At discount 0, q* is the mean reward."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 5, 0)]), (0, 1, [(1, 2, 0)])], 0)

    assert list(policy_iteration(mdp).q) == [fmpq(5, 2), 2]


def test_an_episode_without_discount_has_its_length_as_value():
    """At discount 1 a die is rolled until a six: six rolls are expected."""
    die = FiniteMDP.from_pairs(2, [(0, 0, [("5/6", 1, 0), ("1/6", 1, 1)])], 1)

    assert list(policy_iteration(die).v) == [6, 0]


def test_nothing_to_solve():
    """Where all states are terminal the solution is empty, at every discount."""
    for discount in (0, 1):
        solution = policy_iteration(FiniteMDP.from_pairs(2, [], discount))

        assert (list(solution.q), list(solution.v)) == ([], [0, 0])


@pytest.mark.parametrize(
    ("rewards", "best", "iterations"),
    [((10**400, 1), 0, 1), ((-(10**400), 1), 1, 2), ((10**308, 2 * 10**307), 0, 1), ((0, 10**308), 1, 1)],
    ids=["beyond", "below", "sums beyond", "sums beyond at the second"],
)
def test_rewards_beyond_binary64_are_solved_exactly(rewards, best, iterations):
    """Where no float holds the rewards the first action is proposed; where sums overflow, what was best until then."""
    mdp = FiniteMDP.from_pairs(1, [(0, a, [(1, reward, 0)]) for a, reward in enumerate(rewards)], "99/100")

    solution = policy_iteration(mdp)

    assert solution.v[0] == 100 * rewards[best]
    assert solution.policy[best] == 1
    assert solution.iterations == iterations


IMPROPER = {
    "a loop beside an exit": ([(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 1)])], 0),
    "a loop that all must enter": ([(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 1)])], 0),
    "a far loop": ([(0, 0, [(1, 0, 2)]), (1, 0, [(1, 0, 1)])], 1),
    "a cycle of two": ([(1, 0, [(1, 0, 2)]), (1, 1, [(1, 0, 0)]), (2, 0, [("1/2", 0, 1), ("1/2", 0, 2)])], 1),
    "an exit of probability 0": ([(0, 0, [(1, 0, 0), (0, 0, 1)])], 0),
}


@pytest.mark.parametrize("case", IMPROPER)
def test_a_state_that_may_go_on_for_ever_is_named(case):
    """At discount 1 an endless policy is refused, naming the first state from which one may go on."""
    pairs, state = IMPROPER[case]
    mdp = FiniteMDP.from_pairs(3, pairs, 1)

    with pytest.raises(ImproperPolicy, match=f"go on for ever from state {state}; give a discount below 1"):
        policy_iteration(mdp)


def test_the_endless_state_is_called_by_its_name():
    """The message uses the state's name."""
    mdp = FiniteMDP.from_dict({"start": {"go": [(1, 0, "trap")]}, "trap": {"stay": [(1, 0, "trap")]}, "end": {}}, 1)

    with pytest.raises(ImproperPolicy, match="from state start"):
        require_proper(mdp)


@pytest.mark.parametrize("case", IMPROPER)
def test_below_one_every_policy_is_proper(case):
    """A discount below 1 needs no termination."""
    mdp = FiniteMDP.from_pairs(3, IMPROPER[case][0], "99/100")

    require_proper(mdp)

    assert list(policy_iteration(mdp).v) == [0, 0, 0]


@given(mdps(discounts=[1]))
def test_proper_means_that_every_policy_can_be_evaluated(mdp):
    """No policy is refused exactly where each deterministic policy reaches a terminal state from everywhere."""

    def ends(policy):
        reaches = set(mdp.terminal_states)
        for _ in range(mdp.n_states):
            reaches |= {
                int(mdp.pair_state[x])
                for x in range(mdp.n_pairs)
                if policy[x] == 1
                and any(int(mdp.next_state[k]) in reaches for k in mdp.outcomes_of(x) if mdp.probability[k] > 0)
            }
        return len(reaches) == mdp.n_states

    if all(ends(policy) for policy in _deterministic_policies(mdp)):
        require_proper(mdp)
    else:
        with pytest.raises(ImproperPolicy):
            require_proper(mdp)


def test_an_unreachable_tolerance_is_admitted():
    """A third has no float: at tolerance 0 the solver stops, and says that it did not converge."""
    third = FiniteMDP.from_pairs(1, [(0, 0, [(1, "1/3", 0)])], "9/10")

    certified = value_iteration(third, 0)

    assert not certified.converged
    assert 0 < certified.error_bound < exact("1e-12")


def test_an_exact_float_solution_converges_at_tolerance_zero():
    """Where q* is a float, the bound is 0 and even tolerance 0 is met."""
    certified = value_iteration(FiniteMDP.from_pairs(2, [(0, 0, [(1, 3, 1)])], "1/2"), 0)

    assert (certified.error_bound, certified.converged) == (0, True)
    assert certified.q.tolist() == [3.0]


def test_too_few_sweeps_are_admitted():
    """Stopped early, the solver has not converged, and its bound is still true."""
    slow = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "99/100")

    certified = value_iteration(slow, "1/1000", max_sweeps=300)

    assert (certified.converged, certified.iterations) == (False, 300)
    assert abs(exact(certified.q[0]) - 100) <= certified.error_bound


@pytest.mark.parametrize("tolerance", ["1/4", "1/3"])
def test_sweeps_stop_where_the_residual_promises_the_tolerance(tolerance):
    """On the loop at gamma = 1/2 sweep k moves by 2^(1 - k), and the fifth by no more than a quarter of 1/4 or 1/3."""
    certified = value_iteration(FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2"), tolerance)

    assert (certified.iterations, certified.q.tolist(), certified.error_bound) == (5, [1.9375], fmpq(1, 16))


@pytest.mark.parametrize("unit", [1, 2**60])
def test_sweeps_stop_where_rounding_goes_round(unit):
    """Between these two states the float table alternates in its last place for ever, which ends the sweeps."""
    alternating = FiniteMDP.from_pairs(2, [(0, 0, [(1, unit, 1)]), (1, 0, [(1, fmpq(-8, 7) * unit, 0)])], "1/3")

    certified = value_iteration(alternating, 0)

    assert certified.iterations < 50
    assert 0 < certified.error_bound < exact("1e-15") * unit


def test_a_move_that_exceeds_an_earlier_one_is_rounding():
    """The value of state 1 stands still in sweeps 50 to 52 and moves by 2^-50 in the next, which ends the sweeps."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, "-1/7", 0)]), (1, 0, [(1, -7, 0)])], "1/2")

    assert value_iteration(mdp, 0).iterations == 53


def test_steady_moves_do_not_stop_the_sweeps():
    """At a discount that rounds to 1 each sweep adds 1: no move is smaller, but none is rounding, so all are made."""
    endless = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], 1 - fmpq(1, 2**60))

    certified = value_iteration(endless, 1, max_sweeps=50)

    assert (certified.iterations, certified.q.tolist()) == (50, [50.0])
    assert certified.error_bound == 2**60 - 50


def test_no_sweep_bounds_the_distance_of_zero():
    """Without a sweep the table is 0 and its bound is ||T0|| / (1 - gamma)."""
    certified = value_iteration(FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "9/10"), 1, max_sweeps=0)

    assert (certified.error_bound, certified.iterations, certified.q.tolist()) == (10, 0, [0.0])


def test_a_sum_beyond_binary64_stops_with_a_true_bound():
    """Values that overflow end the sweeps; what is returned is finite and its bound holds."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 10**308, 0)])], "9/10")

    certified = value_iteration(mdp, 1)

    assert np.isfinite(certified.q).all()
    assert not certified.converged
    assert abs(exact(certified.q[0]) - 10**309) <= certified.error_bound
    assert certified.iterations == 2


def test_value_iteration_refuses_what_it_cannot_certify():
    """Discount 1, rewards beyond binary64 and a tolerance that is no number are named."""
    loop = [(0, 0, [("1/2", 1, 0), ("1/2", 1, 1)])]

    with pytest.raises(ImproperPolicy, match="certifies nothing at discount 1; use policy_iteration"):
        value_iteration(FiniteMDP.from_pairs(2, loop, 1), "1/10")
    with pytest.raises(InvalidMDP, match="too large for binary64"):
        value_iteration(FiniteMDP.from_pairs(1, [(0, 0, [(1, 10**400, 0)])], "1/2"), "1/10")
    with pytest.raises(NotANumber, match="'small' is not a rational number"):
        value_iteration(FiniteMDP.from_pairs(2, loop, "1/2"), "small")


TOLERANCES = ["10", "1/1000", "1/1000000000000", "1/10000000000000000", 0]


@given(mdps(discounts=["1/2", 0, "9/10", "99/100"]), st.sampled_from(TOLERANCES))
def test_the_certificate_is_true(mdp, tolerance):
    """The distance to q* is within the bound; `converged` says exactly whether the bound meets the tolerance."""
    certified = value_iteration(mdp, tolerance)

    assert max_norm(exact_array(certified.q) - policy_iteration(mdp).q) <= certified.error_bound
    assert certified.converged == (certified.error_bound <= exact(tolerance))


@given(mdps(discounts=["1/2", 0, "9/10"]))
def test_reachable_tolerances_are_reached(mdp):
    """A tolerance far above rounding is met."""
    assert value_iteration(mdp, "1/1000000").converged
