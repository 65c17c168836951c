"""The fixtures say what their docstrings say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp import examples
from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.bellman import expected_backup, optimality_operator
from bellcheck.mdp.chain import pair_chain, stationary
from bellcheck.mdp.q_learning import synchronous_update, td_target
from bellcheck.mdp.solve import evaluate, policy_iteration

MODELS = [
    examples.self_loop(),
    examples.zero_reward_loop(),
    examples.two_state_cycle(),
    examples.joint_law("independent"),
    examples.joint_law("correlated"),
    examples.joint_law("anticorrelated"),
    examples.two_arms(),
    examples.noisy_self_loops(),
    examples.loan(),
    examples.worsening_policies(),
    examples.stay_or_switch(),
    examples.baird_star(),
    examples.twin_process("left", "9/10"),
    examples.twin_process("right", "9/10"),
    examples.w_to_2w(),
    examples.loops_of_one_weight(1),
    examples.kinked_maximum(),
]


@pytest.mark.parametrize("mdp", MODELS, ids=range(len(MODELS)))
def test_every_fixture_can_start_and_never_ends(mdp: object) -> None:
    """Each has a start distribution, and no terminal state hides an effect."""
    assert mdp.start is not None  # type: ignore[attr-defined]
    assert mdp.terminal_states == ()  # type: ignore[attr-defined]


def test_self_loop_value() -> None:
    """q* = reward / (1 - gamma)."""
    assert list(policy_iteration(examples.self_loop("3/2", "2/3")).q) == [fmpq(9, 2)]


@pytest.mark.parametrize("constant", [-3, 0, 7])
def test_every_constant_is_fixed_by_the_zero_reward_loop(constant: int) -> None:
    """At discount 1, Tc = c."""
    mdp = examples.zero_reward_loop()

    assert list(optimality_operator(mdp, exact_array([constant]))) == [constant]


@pytest.mark.parametrize(
    ("law", "variance"), [("independent", "10/9"), ("correlated", "16/9"), ("anticorrelated", "4/9")]
)
def test_joint_laws_share_values_and_differ_in_variance(law: str, variance: str) -> None:
    """The marginals fix q*; the joint law fixes the variance of the target."""
    mdp = examples.joint_law(law)  # type: ignore[arg-type]
    q = policy_iteration(mdp).q
    targets = [(mdp.probability[k], td_target(mdp, q, k)) for k in mdp.outcomes_of(0)]
    mean = sum((p * target for p, target in targets), fmpq(0))

    assert list(q) == [fmpq(8, 3), fmpq(7, 3), 4]
    assert str(sum((p * (target - mean) ** 2 for p, target in targets), fmpq(0))) == variance


@pytest.mark.parametrize(
    ("step", "means"),
    [(fmpq(1, 2), ["0", "0", "9/80", "99/400", "12249/32000"]), (fmpq(1), ["0", "0", "9/20", "171/200", "2439/2000"])],
)
def test_noisy_loops_overestimate(step: fmpq, means: list[str]) -> None:
    """The mean tables over all outcomes are those of the docstring, although q* = 0."""
    mdp = examples.noisy_self_loops()
    tables = [(exact_array([0, 0]), fmpq(1))]
    found = []
    for _ in means:
        found.append(str(sum((weight * q[0] for q, weight in tables), fmpq(0))))
        merged: dict[tuple[fmpq, fmpq], fmpq] = {}
        for (q, weight), outcomes in product(tables, product(mdp.outcomes_of(0), mdp.outcomes_of(1))):
            key = tuple(synchronous_update(mdp, q, outcomes, step))
            merged[key] = merged.get(key, fmpq(0)) + weight / 4
        tables = [(exact_array(q), weight) for q, weight in merged.items()]

    assert found == means
    assert list(policy_iteration(mdp).q) == [0, 0]


def test_baird_features_have_their_kernel() -> None:
    """The kernel vector of the docstring is annihilated, and the value 0 is representable."""
    features = examples.baird_features()

    assert features.shape == (7, 8)
    assert list(features @ exact_array([1, 1, 1, 1, 1, 1, 4, -2])) == [0] * 7
    assert list(policy_iteration(examples.baird_star()).v) == [0] * 7


def test_baird_behaviour_visits_all_states_alike() -> None:
    """Under the behaviour each state has weight 1/7; the target policy stays in the last."""
    mdp = examples.baird_star()
    behaviour = stationary(pair_chain(mdp, examples.baird_behaviour()))
    target = stationary(pair_chain(mdp, examples.baird_target_policy()))

    assert [behaviour[x] + behaviour[x + 1] for x in range(0, 14, 2)] == [fmpq(1, 7)] * 7
    assert list(target) == [0] * 13 + [1]


def test_twins_have_one_law_of_observations() -> None:
    """Every sequence of features and rewards of up to six steps has the same probability in both processes."""

    def law(side: str) -> dict[tuple[object, ...], fmpq]:
        mdp, features = examples.twin_process(side, "1/2"), examples.twin_features(side)  # type: ignore[arg-type]
        seen = {((tuple(features[0]),), 0): fmpq(1)}
        for _ in range(6):
            following: dict[tuple[tuple[object, ...], int], fmpq] = {}
            for (history, state), weight in seen.items():
                for k in mdp.outcomes_of(state):
                    successor = int(mdp.next_state[k])
                    key = ((*history, mdp.reward[k], tuple(features[successor])), successor)
                    following[key] = following.get(key, fmpq(0)) + weight * mdp.probability[k]
            seen = following
        observed: dict[tuple[object, ...], fmpq] = {}
        for (history, _), weight in seen.items():
            observed[history] = observed.get(history, fmpq(0)) + weight
        return observed

    assert law("left") == law("right")


@pytest.mark.parametrize(("side", "error"), [("left", fmpq(0)), ("right", fmpq(2, 3))])
def test_twins_differ_in_bellman_error(side: str, error: fmpq) -> None:
    """At weights 0 the mean squared expected TD error is 0 on the left, 2/3 on the right."""
    mdp = examples.twin_process(side, "9/10")  # type: ignore[arg-type]
    mu = stationary(pair_chain(mdp, exact_array([1] * mdp.n_pairs)))
    residual = expected_backup(mdp, exact_array([0] * mdp.n_states))

    assert (mu * residual**2).sum() == error


def test_w_to_2w_ends_with_the_given_probability() -> None:
    """The second state leads to a terminal one as often as said; every value is 0."""
    mdp = examples.w_to_2w("9/10", end="1/4")

    assert mdp.terminal_states == (2,)
    assert list(mdp.probability) == [1, fmpq(3, 4), fmpq(1, 4)]
    assert list(policy_iteration(mdp).q) == [0, 0]


@pytest.mark.parametrize(("step", "slope"), [(fmpq(1, 8), fmpq(1, 2)), (fmpq(-1, 8), fmpq(3, 2))])
def test_kinked_maximum_has_two_slopes(step: fmpq, slope: fmpq) -> None:
    """On each side of 0 half the squared TD error is a parabola, whose slope at 0 two quotients give."""
    mdp, features = examples.kinked_maximum(), examples.kinked_features()

    def half_square(w: fmpq) -> fmpq:
        q = features @ exact_array([w])
        return (optimality_operator(mdp, q)[0] - q[0]) ** 2 / 2

    far, near = ((half_square(h) - half_square(fmpq(0))) / h for h in (step, step / 2))

    assert 2 * near - far == slope


@pytest.mark.parametrize(("reward", "weights"), [(1, []), (-1, ["15/2", "-30/23"])])
def test_loops_of_one_weight_have_the_fixed_points_of_their_docstring(reward: int, weights: list[str]) -> None:
    """There the least-squares fit of the backed-up values is the weight itself."""
    mdp, features = examples.loops_of_one_weight(reward), exact_array([1, 2])
    fits = [(w, (features * optimality_operator(mdp, features * w)).sum() / 5) for w in exact_array([*weights, 0])]

    assert [str(w) for w, fitted in fits if fitted == w] == weights


def test_split_and_presplit_are_seen_alike() -> None:
    """From the start A is seen, then B or C evenly, then the reward 1 or 0 and the end; the values say so."""
    split, presplit = examples.split(), examples.presplit()
    start = exact_array(presplit.start)

    assert list(evaluate(split, exact_array([1] * 3))) == [fmpq(1, 2), 1, 0]
    assert list(evaluate(presplit, exact_array([1] * 4))) == [1, 0, 1, 0]
    assert list(start @ np.vstack([examples.presplit_features(), exact_array([0] * 3)])) == [1, 0, 0]
    assert [presplit.next_state[x] for x in range(2)] == [2, 3]
