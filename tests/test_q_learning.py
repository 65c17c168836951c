"""The update rule in every arithmetic, runs along given paths, and sampling."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp import examples
from bellcheck.mdp.arithmetic import exact, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import optimality_operator, state_values
from bellcheck.mdp.chain import MissingStart
from bellcheck.mdp.families import garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_asynchronous, run_synchronous, synchronous_update, td_target, update
from bellcheck.mdp.simulation import (
    InvalidRun,
    bit_for_bit,
    outcome_of,
    run_trajectory,
    sample_outcomes,
    sample_synchronous,
)
from bellcheck.mdp.step_size import Constant, Linear, RescaledLinear

EPISODIC = FiniteMDP.from_pairs(
    3,
    [(0, 0, [("1/2", 1, 1), ("1/2", -1, 2)]), (0, 1, [(1, 0, 0)]), (1, 0, [("1/4", 3, 0), ("3/4", 0, 1)])],
    "1/2",
    start=["1/2", "1/2", 0],
)
"""Two acting states, the third terminal; outcomes 0 and 1 of pair 0, 2 of pair 1, 3 and 4 of pair 2."""


def test_update_moves_one_cell_towards_the_target() -> None:
    """Q(x) becomes (1 - alpha) Q(x) + alpha (r + gamma max Q(s', .)), and nothing else changes."""
    q = exact_array([2, 6, 4])
    following = update(EPISODIC, q, 2, 3, exact("1/3"))

    assert list(following) == [2, 6, fmpq(2, 3) * 4 + fmpq(1, 3) * (3 + fmpq(1, 2) * 6)]
    assert list(q) == [2, 6, 4]


def test_a_terminal_state_has_value_zero() -> None:
    """The target of an outcome that ends the episode is its reward."""
    assert td_target(EPISODIC, exact_array([-5, -5, -5]), 1) == -1


def test_targets_agree_with_the_operator_on_average() -> None:
    """The mean target under the outcome probabilities is TQ, which is computed without this rule."""
    mdp = garnet(4, 3, 3, "9/10", 5)
    q = exact_array([fmpq(x * x % 7, 3) for x in range(mdp.n_pairs)])
    means = [
        sum((mdp.probability[k] * td_target(mdp, q, k) for k in mdp.outcomes_of(x)), fmpq(0))
        for x in range(mdp.n_pairs)
    ]

    assert means == list(optimality_operator(mdp, q))


def test_update_in_tensors_carries_the_gradient() -> None:
    """In tensors the rule gives the exact values, and its derivative is (1 - alpha) at x and alpha gamma at s'."""
    torch = pytest.importorskip("torch")
    q = torch.tensor([2.0, 6.0, 4.0], dtype=torch.float64, requires_grad=True)
    following = update(EPISODIC.to_tensor(), q, 2, 3, 0.25)
    following[2].backward()

    assert following.tolist() == [2.0, 6.0, 4.5]
    assert q.grad.tolist() == [0.0, 0.125, 0.75]


def test_update_in_reals_is_the_same_rule() -> None:
    """Over the reals, no table and step disagree with the rule written out by hand."""
    z3 = pytest.importorskip("z3")
    from bellcheck.mdp.arithmetic import Reals

    proof = Reals()
    q, alpha = proof.array("q", 3), proof.real("alpha")
    following = update(EPISODIC, q, 2, 3, alpha)
    best = z3.If(q[0] >= q[1], q[0], q[1])
    solver = z3.Solver(ctx=proof.context)
    solver.add(*proof.facts, following[2] != (1 - alpha) * q[2] + alpha * (3 + best / 2))

    assert solver.check() == z3.unsat


def test_synchronous_update_reads_the_old_table_alone() -> None:
    """All pairs change at once: each cell is that of the single update."""
    mdp = garnet(4, 2, 3, "3/4", 1)
    q = exact_array(range(mdp.n_pairs))
    outcomes = mdp.outcome_start[:-1] + 1
    together = synchronous_update(mdp, q, outcomes, exact("1/5"))

    alone = [update(mdp, q, x, k, exact("1/5"))[x] for x, k in enumerate(outcomes)]
    assert list(together) == alone


def test_deterministic_runs_at_step_one_are_value_iteration() -> None:
    """Without noise and at step 1 the synchronous run applies T."""
    mdp = examples.two_state_cycle("1/2")
    tables = list(run_synchronous(mdp, exact_array([3, -1]), [1, 1], [[0, 1], [0, 1]]))

    expected = [exact_array([3, -1])]
    for _ in range(2):
        expected.append(optimality_operator(mdp, expected[-1]))
    assert [list(q) for q in tables] == [list(q) for q in expected]


def test_synchronous_error_on_the_self_loop_is_a_product() -> None:
    """On the one-state loop at rescaled linear steps the error after n updates is 1 / (1 + (1 - gamma) n), exactly."""
    mdp, schedule = examples.self_loop(1, "9/10"), RescaledLinear("9/10")
    *_, q = run_synchronous(mdp, exact_array([0]), [schedule(k) for k in range(50)], [[0]] * 50)

    assert 10 - q[0] == 10 / (1 + fmpq(1, 10) * 50)


def test_runs_refuse_lengths_that_differ() -> None:
    """Steps and outcomes of different lengths are an error, not a shorter run."""
    with pytest.raises(ValueError, match="zip"):
        list(run_synchronous(examples.self_loop(), exact_array([0]), [1, 1], [[0]]))


@pytest.mark.parametrize(("law", "mean"), [("independent", 693), ("correlated", 694), ("anticorrelated", 692)])
def test_the_joint_law_shows_in_the_third_table(law: str, mean: int) -> None:
    """Averaged over all outcomes, the third table tells models with equal marginals apart."""
    mdp = examples.joint_law(law)  # type: ignore[arg-type]
    laws: Counter[tuple[fmpq, ...]] = Counter({(fmpq(0), fmpq(0), fmpq(0)): fmpq(1)})  # type: ignore[dict-item]
    for _ in range(3):
        following: Counter[tuple[fmpq, ...]] = Counter()
        for q, weight in laws.items():
            for outcomes in product(*(mdp.outcomes_of(x) for x in range(3))):
                chance = weight
                for k in outcomes:
                    chance = chance * mdp.probability[k]
                following[tuple(synchronous_update(mdp, exact_array(q), outcomes, exact("1/2")))] += chance
        laws = following

    assert sum((weight * q[0] for q, weight in laws.items()), fmpq(0)) == fmpq(mean, 512)


def test_outcomes_are_the_inverse_of_the_cumulative_probabilities() -> None:
    """The uniform 1/4 is the first that no longer maps to an outcome of probability 1/4."""
    mdp = EPISODIC.to_float()

    assert [outcome_of(mdp, 2, u) for u in (0.0, np.nextafter(0.25, 0), 0.25, np.nextafter(1, 0))] == [3, 3, 4, 4]


def test_impossible_outcomes_are_never_drawn() -> None:
    """Outcomes of probability 0 are passed over, first, last or between, also by a u in a gap that rounding leaves."""
    tenth = "1/10"
    mdp = FiniteMDP.from_pairs(
        1, [(0, 0, [(0, 0, 0), *[(tenth, 1, 0)] * 5, (0, 0, 0), *[(tenth, 1, 0)] * 5, (0, 0, 0)])], "1/2"
    )
    uniforms = np.array([0.0, 0.5, np.nextafter(0.5, 0), np.nextafter(1, 0)])[:, None]

    assert np.cumsum(mdp.to_float().probability)[-1] <= uniforms[-1]
    assert all(mdp.probability[k] > 0 for k in sample_outcomes(mdp, uniforms).flat)


def test_sampling_many_is_sampling_one_by_one() -> None:
    """The array form equals the single form, also at the very boundaries between outcomes."""
    mdp = garnet(6, 2, 5, "9/10", 3)
    rounded = mdp.to_float()
    uniforms = np.random.default_rng(0).random((200, mdp.n_pairs))
    for x in range(mdp.n_pairs):
        edges = np.cumsum([rounded.probability[k] for k in mdp.outcomes_of(x)])[:-1]
        uniforms[: len(edges), x] = edges
        uniforms[len(edges) : 2 * len(edges), x] = np.nextafter(edges, 0)

    one_by_one = [[outcome_of(rounded, x, u) for x, u in enumerate(row)] for row in uniforms]
    assert np.array_equal(sample_outcomes(mdp, uniforms), one_by_one)


def test_synchronous_sampling_is_a_run_along_sampled_outcomes() -> None:
    """The sampled run is `run_synchronous` in floats on `sample_outcomes` of the generator's uniforms."""
    mdp, steps = garnet(4, 2, 3, "9/10", 2), Linear().floats(30)
    tables = sample_synchronous(mdp, mdp.table(1), steps, np.random.default_rng(4), checkpoints=range(31))

    rounded = mdp.to_float()
    outcomes = sample_outcomes(mdp, np.random.default_rng(4).random((30, mdp.n_pairs)))
    expected = list(run_synchronous(rounded, rounded.table(1), steps, outcomes))
    assert tables.tobytes() == np.array(expected).tobytes()


@pytest.mark.parametrize("clock", ["visits", "global"])
def test_a_trajectory_is_the_run_along_its_path(clock: str) -> None:
    """The recorded path, given to `run_asynchronous`, reproduces every table bit for bit."""
    mdp, steps = grid(3, 3, "9/10", 1), RescaledLinear("9/10").floats(300)
    run = run_trajectory(
        mdp,
        mdp.table(),
        steps,
        0.3,
        np.random.default_rng(5),
        clock=clock,
        checkpoints=range(301),  # type: ignore[arg-type]
    )

    rounded = mdp.to_float()
    tables = list(run_asynchronous(rounded, rounded.table(), zip(run.pairs, run.outcomes, run.step_sizes, strict=True)))
    assert run.tables.tobytes() == np.array(tables).tobytes()
    assert run.q.tobytes() == tables[-1].tobytes()


def test_a_trajectory_obeys_the_model() -> None:
    """Each outcome belongs to its pair and the next pair to its next state, or after an end to a start state."""
    mdp = grid(2, 3, "9/10", 1)
    run = run_trajectory(mdp, mdp.table(), Linear().floats(2_000), 0.5, np.random.default_rng(6))

    assert all(k in mdp.outcomes_of(x) for x, k in zip(run.pairs, run.outcomes, strict=True))
    successors = mdp.next_state[run.outcomes[:-1]]
    ended = np.isin(successors, mdp.terminal_states)
    assert ended.any()
    assert np.array_equal(mdp.pair_state[run.pairs[1:]], np.where(ended, 0, successors))


@pytest.mark.parametrize("clock", ["visits", "global"])
def test_clocks_count_what_they_say(clock: str) -> None:
    """Step m of the schedule goes to the visit number m of a pair, or to update m of the run."""
    mdp, steps = garnet(3, 2, 2, "1/2", 0), Linear().floats(500)
    run = run_trajectory(mdp, mdp.table(), steps, 0.5, np.random.default_rng(0), clock=clock)  # type: ignore[arg-type]

    earlier = [int((run.pairs[:t] == x).sum()) for t, x in enumerate(run.pairs)]
    assert np.array_equal(run.step_sizes, steps if clock == "global" else steps[earlier])
    assert np.array_equal(run.visits, np.bincount(run.pairs, minlength=mdp.n_pairs))


def test_greedy_behaviour_follows_the_table_that_it_learns() -> None:
    """With epsilon 0 every step takes the lowest greedy action of the table of that moment."""
    mdp, n = garnet(4, 3, 3, "9/10", 8), 400
    run = run_trajectory(
        mdp, mdp.table(), Constant("1/2").floats(n), 0.0, np.random.default_rng(0), checkpoints=range(n + 1)
    )

    values = [state_values(mdp.to_float(), q)[mdp.pair_state] for q in run.tables[:n]]
    lowest = [
        next(y for y in mdp.pairs_of(mdp.pair_state[x]) if q[y] == v[y])
        for x, q, v in zip(run.pairs, run.tables, values, strict=False)
    ]
    assert run.pairs.tolist() == lowest


def test_exploring_takes_the_action_that_its_uniform_points_at() -> None:
    """A step explores where its first uniform is below epsilon, and its second divides [0, 1) among the actions."""
    mdp, n, epsilon = garnet(4, 3, 3, "9/10", 8), 400, 0.25
    steps = Constant("1/2").floats(n)
    run = run_trajectory(mdp, mdp.table(), steps, epsilon, np.random.default_rng(1), start_state=0)

    explore, which, _, _ = np.random.default_rng(1).random((n, 4)).T
    explored = explore < epsilon
    expected = mdp.pair_start[mdp.pair_state[run.pairs]] + np.floor(3 * which).astype(int)
    assert np.array_equal(run.pairs[explored], expected[explored])
    assert set(np.floor(3 * which[explored])) == {0, 1, 2}
    assert not np.array_equal(run.pairs[~explored], expected[~explored])


def test_a_greedy_learner_never_tries_the_second_arm() -> None:
    """Ties go to the first arm, which pays: the better one is never pulled and keeps its first value."""
    mdp = examples.two_arms()
    run = run_trajectory(mdp, mdp.table(), Linear().floats(1_000), 0.0, np.random.default_rng(0))

    assert run.visits.tolist() == [1_000, 0]
    assert run.q[1] == 0


def test_checkpoints_hold_the_first_and_last_table() -> None:
    """The table after 0 updates is the first, after n the last; without checkpoints only that is kept."""
    mdp, steps = examples.noisy_self_loops(), Linear().floats(10)
    run = run_trajectory(mdp, mdp.table(7), steps, 1.0, np.random.default_rng(0), checkpoints=[0, 3, 10])
    plain = run_trajectory(mdp, mdp.table(7), steps, 1.0, np.random.default_rng(0))

    assert run.tables[0].tolist() == [7.0, 7.0]
    assert np.array_equal(run.tables[2], run.q)
    assert np.array_equal(plain.tables, run.q[None])


def test_a_run_of_no_steps_keeps_its_first_table() -> None:
    """n = 0 is a run: its only table is the first."""
    mdp = examples.two_arms()
    run = run_trajectory(mdp, mdp.table(3), np.zeros(0), 0.1, np.random.default_rng(0))

    assert run.tables.tolist() == [[3.0, 3.0]]
    assert sample_synchronous(mdp, mdp.table(3), np.zeros(0), np.random.default_rng(0)).tolist() == [[3.0, 3.0]]


def test_floats_stay_within_the_rounding_bound_of_rationals() -> None:
    """Along one path the float table is within 5 n u B of the exact one that reads the same numbers."""
    mdp, n = garnet(5, 3, 3, "9/10", 11), 300
    run = run_trajectory(mdp, mdp.table(), RescaledLinear("9/10").floats(n), 0.3, np.random.default_rng(1))
    same_numbers = bit_for_bit(mdp)
    path = zip(run.pairs, run.outcomes, exact_array(run.step_sizes), strict=True)
    *_, q = run_asynchronous(same_numbers, mdp.table(), path)

    largest = max_norm(same_numbers.reward) / (1 - same_numbers.discount)
    assert 0 < max_norm(exact_array(run.q) - q) <= 5 * n * fmpq(1, 2**53) * largest


def test_bit_for_bit_reads_floats_as_they_are() -> None:
    """The discount 9/10 becomes the rational of its float, the probabilities stay."""
    mdp = bit_for_bit(garnet(3, 2, 2, "9/10", 0))

    assert mdp.discount == exact(0.9) != fmpq(9, 10)
    assert np.array_equal(to_floats(mdp.reward), mdp.to_float().reward)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 1.5}, "epsilon 1.5 is not in"),
        ({"steps": np.array([0.5, -0.5])}, "step size -0.5 of update 1 is not in"),
        ({"steps": np.array([np.nan])}, "step size nan of update 0"),
        ({"q0": np.zeros(2)}, r"first table has shape \(2,\)"),
        ({"q0": np.array([0, np.inf, 0])}, "has the value inf"),
        ({"clock": "wall"}, "clock 'wall'"),
        ({"start_state": 2}, "start state 2 has no actions"),
        ({"checkpoints": [3, 1]}, "do not ascend within 0..5"),
        ({"checkpoints": [6]}, "do not ascend within 0..5"),
        ({"engine": "magic"}, "engine 'magic'"),
    ],
)
def test_refuses_wrong_arguments(arguments: dict[str, object], message: str) -> None:
    """A wrong argument is named with its value before a run starts."""
    given = {"q0": np.zeros(3), "steps": np.full(5, 0.5), "epsilon": 0.1} | arguments

    with pytest.raises(InvalidRun, match=message):
        run_trajectory(EPISODIC, rng=np.random.default_rng(0), **given)  # type: ignore[arg-type]


def test_a_trajectory_needs_somewhere_to_begin() -> None:
    """Without a start distribution a start state will do, unless episodes end."""
    endless = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")
    ending = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2")
    run = run_trajectory(endless, endless.table(), np.ones(3), 0.0, np.random.default_rng(0), start_state=0)

    assert run.visits.tolist() == [3]
    with pytest.raises(MissingStart):
        run_trajectory(endless, endless.table(), np.ones(3), 0.0, np.random.default_rng(0))
    with pytest.raises(MissingStart):
        run_trajectory(ending, ending.table(), np.ones(3), 0.0, np.random.default_rng(0), start_state=0)
