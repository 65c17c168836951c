"""The curves of the report: they converge, lie below what is proved, and depend on nothing but the seed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import max_norm, to_floats
from bellcheck.mdp.examples import noisy_self_loops, self_loop
from bellcheck.mdp.families import garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Engine, run_trajectory
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.step_size import Polynomial, StepSize
from bellcheck.proofs.bounds import trajectory_certificate
from bellcheck.proofs.sharper_bounds import successor_certificate
from bellcheck.reports.captions import caption
from bellcheck.reports.certificate import largest_certified_errors, largest_sharper_errors
from bellcheck.reports.convergence import DELTA, Effort, Experiment, experiments, rows, run_curve, run_curves
from bellcheck.reports.figures import error_figure
from bellcheck.reports.problems import Problem, environments, families, problem

FEW = Effort(replicas=3)
GARNET = problem("small", "yours", garnet(3, 2, 2, "1/2", 5))


def best_schedule(experiment: Experiment) -> StepSize:
    """Return the step size that is expected to end lowest: 1 without noise, else rescaled or polynomial."""
    constant, _, rescaled, polynomial = experiment.schedules
    if experiment.problem.deterministic:
        return constant
    return rescaled if experiment.problem.kind == "family" else polynomial


@pytest.mark.parametrize("learned", [*families(0), *environments()], ids=lambda learned: learned.name)
def test_every_model_is_learned(learned: Problem) -> None:
    """At the report's own sizes some step size leaves less than 5 % of the initial error, below what is proved."""
    first = experiments([learned], FEW)[0]
    with ThreadPoolExecutor(2) as pool:
        curve = run_curve(first, best_schedule(first), FEW, pool, seed=0)

    assert curve.remaining < 0.05
    assert curve.exceeded == 0


def test_curves_do_not_depend_on_the_number_of_threads() -> None:
    """One thread and three give the same bits."""
    chosen = experiments([GARNET], Effort(steps=500))
    small = Effort(replicas=4, steps=500)
    alone, together = (run_curves(chosen, small, seed=3, workers=workers) for workers in (1, 3))

    for a, b in zip(alone, together, strict=True):
        assert np.array_equal(a.errors, b.errors)
        assert np.array_equal(a.bound, b.bound)
        assert np.array_equal(a.sharper, b.sharper)


def test_engines_give_the_same_curves() -> None:
    """The plain and the compiled engine agree bit for bit, the certificate included."""
    chosen = [Experiment(GARNET, 40), Experiment(GARNET, 300, fmpq(3, 10))]
    plain, compiled = (
        run_curves(chosen, Effort(replicas=2, engine=engine), seed=1) for engine in ("plain", "compiled")
    )

    for a, b in zip(plain, compiled, strict=True):
        assert np.array_equal(a.errors, b.errors)
        assert np.array_equal(a.bound, b.bound)
        assert np.array_equal(a.sharper, b.sharper)


def test_compiled_certificate_is_the_proved_one() -> None:
    """The largest entry of the compiled recursion is that of Theorem 2's, bit for bit, at every checkpoint."""
    model, steps = GARNET.model, Polynomial(fmpq(3, 5)).floats(400)
    run = run_trajectory(model, model.table(0), steps, 0.3, np.random.default_rng(2), checkpoints=range(401))
    proved = trajectory_certificate(
        run.pairs, steps, model.discount, GARNET.noise.range, abs(GARNET.q), DELTA, run.checkpoints
    )

    compiled = largest_certified_errors(
        run, steps, model.discount, GARNET.noise.range, abs(GARNET.q), DELTA, "compiled"
    )

    assert np.array_equal(compiled, proved.max(axis=1))


@pytest.mark.parametrize("model", [GARNET.model, grid(2, 3, "4/5", 3)], ids=["garnet", "grid with an end"])
def test_compiled_sharper_certificate_is_the_proved_one(model: FiniteMDP) -> None:
    """The largest entry of the compiled recursion is that of the successor's, bit for bit, at every checkpoint."""
    learned, steps = problem("small", "yours", model), Polynomial(fmpq(3, 5)).floats(600)
    run = run_trajectory(model, model.table(0), steps, 0.3, np.random.default_rng(4), checkpoints=range(601))
    proved = successor_certificate(
        model, run.pairs, run.outcomes, steps, learned.noise, abs(learned.q), DELTA, run.checkpoints
    )

    compiled = largest_sharper_errors(model, run, steps, learned.noise, abs(learned.q), DELTA, "compiled")

    assert np.array_equal(compiled, proved.max(axis=1))


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_certificates_refuse_steps_whose_squares_underflow(engine: Engine) -> None:
    """Either certificate names such a step, compiled or not."""
    model, steps = GARNET.model, np.array([0.5, 2.0**-501])
    run = run_trajectory(model, model.table(0), steps, 0.3, np.random.default_rng(0))
    noise, first = GARNET.noise, abs(GARNET.q)

    with pytest.raises(ValueError, match="of update 1 has a square that underflows"):
        largest_certified_errors(run, steps, model.discount, noise.range, first, DELTA, engine)
    with pytest.raises(ValueError, match="of update 1 has a square that underflows"):
        largest_sharper_errors(model, run, steps, noise, first, DELTA, engine)


def test_sharper_bound_is_sharper() -> None:
    """In the end it is below the other on a noisy model, and the caption says by which factor."""
    for experiment in (Experiment(GARNET, 2_000), Experiment(GARNET, 20_000, fmpq(3, 10))):
        curves = run_curves([experiment], Effort(replicas=2), seed=0)
        gains = [curve.gain for curve in curves]

        assert min(gains) > 1
        assert f"the sharper bound ends {max(gains):.2g} times below the other" in caption(curves)


def test_each_bound_has_its_share_of_the_false_alarms() -> None:
    """A run may exceed one or the other, each with probability DELTA."""
    assert Experiment(GARNET, 20, fmpq(1)).false_alarm == pytest.approx(2 * DELTA, rel=1e-3)


def test_unreachable_pairs_are_left_out() -> None:
    """Pairs that no policy reaches from the start are counted and gone; q* of the others is the same."""
    model = FiniteMDP.from_pairs(
        3,
        [(0, 0, [(1, 1, 2)]), (1, 0, [(1, 9, 0)]), (1, 1, [(1, 9, 1)]), (2, 0, [("1/2", 0, 2), ("1/2", 2, 0)])],
        "1/2",
        start=[1, 0, 0],
        state_names=["first", "never", "second"],
    )

    part = problem("part", "yours", model)

    assert part.left_out == 2
    assert part.model.state_names == ("first", "second")
    assert list(part.q) == [policy_iteration(model).q[x] for x in (0, 3)]


def test_cliff_walking_leaves_ten_states_out() -> None:
    """10 of the 47 states that have actions cannot be reached; each has four actions."""
    cliff = environments()[1]

    assert cliff.model.n_pairs == 37 * 4
    assert cliff.left_out == 10 * 4


def test_trivial_bound() -> None:
    """For one loop with reward 1 at discount 9/10 it is 10 + 10."""
    assert problem("loop", "yours", self_loop()).trivial_bound == 20.0


def test_error_of_zero_is_the_first() -> None:
    """Every run starts from the table 0."""
    curve = run_curves([Experiment(GARNET, 20, fmpq(1))], Effort(replicas=2), seed=0)[0]

    assert curve.initial_error == float(to_floats([max_norm(GARNET.q)])[0])
    assert curve.updates[0] == 0


def test_drawn_points_are_the_rows() -> None:
    """What a figure draws is what the files hold, except that a point below the axis lies on its edge."""
    curves = run_curves([Experiment(GARNET, 200, fmpq(1))], Effort(replicas=3), seed=0)
    drawn = error_figure(curves)["data"]["values"]
    medians = {(p["step"], p["t"]): p for p in drawn if p["line"].startswith("median")}
    bounds = {(p["step"], p["t"]): p for p in drawn if p["line"].startswith("proved")}
    sharper = {(p["step"], p["t"]): p for p in drawn if p["line"] == "sharper bound"}
    lowest = min(point["y"] for point in drawn)

    for row in rows(curves):
        if row["updates"]:
            at = row["step_size"], row["updates"]
            assert medians[at]["y"] == max(row["error_median"], lowest)
            assert medians[at]["low"] == max(row["error_q10"], lowest)
            assert bounds[at]["y"] == row["bound"]
            assert (at in sharper) == (row["sharper_bound"] <= row["trivial_bound"])
            assert at not in sharper or sharper[at]["y"] == row["sharper_bound"]
            assert bounds[at]["line"].endswith("trivial one") == (row["bound"] > row["trivial_bound"])


def test_nothing_to_learn_is_drawn() -> None:
    """A model with q* = 0 has a figure too."""
    curves = run_curves([Experiment(problem("coin", "yours", noisy_self_loops()), 20)], Effort(replicas=2), seed=0)

    assert error_figure(curves)["facet"]
    assert curves[0].remaining == 0


def test_discount_one_has_no_bound() -> None:
    """At discount 1 an episodic model is learned and nothing is claimed about its errors."""
    walk = FiniteMDP.from_pairs(3, [(0, 0, [(1, -1, 1)]), (1, 0, [(1, -1, 2)])], 1, start=[1, 0, 0])
    curves = run_curves([Experiment(problem("walk", "yours", walk), 50, fmpq(1))], Effort(replicas=2), seed=0)

    assert len(curves) == 3
    assert curves[0].remaining == 0
    assert all(row["bound"] is row["sharper_bound"] is row["trivial_bound"] is None for row in rows(curves))
    assert error_figure(curves)["facet"]
