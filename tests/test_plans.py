"""What plans are measured by, and the models they are measured on."""

from __future__ import annotations

import pytest
from hypothesis import find, given, settings

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.examples import two_arms, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import Plan, no_plan
from bellcheck.mdp.solve import policy_iteration, require_proper
from bellcheck.proofs.mutants import planners, solvers
from bellcheck.proofs.plans import best_values, is_complete, lost, solvable, values_of
from bellcheck.proofs.subject import Subject, reference

_models = solvable(["1/2", "9/10"])


@given(_models)
def test_drawn_models_have_values(mdp: FiniteMDP) -> None:
    """They are discounted as asked, or every policy ends; the exact solver agrees with the enumeration of policies."""
    require_proper(mdp)

    assert _models.accepts(mdp)
    assert list(policy_iteration(mdp).v) == list(best_values(mdp))


def test_some_drawn_models_have_no_discount() -> None:
    """The promise is kept at discount 1 too, so it is drawn."""
    found = find(_models, lambda mdp: mdp.discount == 1, settings=settings(database=None))

    assert found.terminal_states


def test_other_models_are_not_accepted() -> None:
    """Another discount, or none and no end: no reducer may go there."""
    assert not _models.accepts(two_arms("1/3"))
    assert not _models.accepts(zero_reward_loop())


def test_a_policy_loses_what_it_is_worth_less() -> None:
    """The worse of two arms is worth 10 and loses 10; both together are worth their mean."""
    mdp = two_arms()

    assert list(values_of(mdp, exact_array([1, 0]))) == [10]
    assert list(lost(mdp, exact_array([1, 0]))) == [10]
    assert list(values_of(mdp, exact_array(["1/2", "1/2"]))) == [15]


@pytest.mark.parametrize(
    "plan",
    [
        no_plan("refused"),
        Plan(exact_array([20]), exact_array([0, 1]), None, None, stopped=False),
        Plan(exact_array([20]), exact_array([1, 1]), True, 1),
        Plan(exact_array([20]), exact_array([0, 0]), True, 1),
        Plan(exact_array([20, 0]), exact_array([0, 1]), True, 1),
    ],
)
def test_an_answer_is_one_value_and_one_action_a_state(plan: Plan) -> None:
    """Refusals, loops that had to be stopped, two actions, none, and a value too many are no answers."""
    assert not is_complete(two_arms(), plan).holds
    assert is_complete(two_arms(), Plan(exact_array([20]), exact_array([0, 1]), True, 1)).holds


# To go on pays 1 at once, to stop nothing; after that nothing is paid. No mutant has its fault to show here.
_nothing_later = FiniteMDP.from_pairs(
    3, [(0, 0, [(1, 0, 2)]), (0, 1, [(1, 1, 1)]), (1, 0, [(1, 0, 2)])], discount="1/2"
)


@pytest.mark.parametrize("name", solvers.__all__)
def test_wrong_solvers_are_right_where_their_fault_does_not_show(name: str) -> None:
    """A planted bug is one bug: elsewhere the values are within epsilon, and the policy but for its own fault."""
    mutant: Subject = getattr(solvers, name)

    plan = mutant.call(_nothing_later, exact_array(["1/10"])[0], exact_array([0, 0, 0]))

    assert (abs(plan.values - exact_array([1, 0, 0])) <= exact_array(["1/10"])[0]).all()
    assert list(plan.policy) == [0, 1, 1] or name == "least_action_in_the_end"


@pytest.mark.parametrize("name", planners.__all__)
def test_wrong_policy_iterations_are_right_where_their_fault_does_not_show(name: str) -> None:
    """So with policy iterations."""
    plan = getattr(planners, name).call(_nothing_later)

    assert plan.answered
    assert list(plan.values) == [1, 0, 0]
    assert list(plan.policy) == [0, 1, 1]


def test_a_reference_may_be_the_method_of_a_class() -> None:
    """The dotted name of a subject is followed to the end."""
    assert reference("pair-reader").call(1, [(0, 0, [(1, 1, 0)])], "1/2").n_pairs == 1
