"""The compiled loops: the same bits as the plain ones, on every kind of model."""

from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np
import pytest

from bellcheck.mdp import kernel, simulation
from bellcheck.mdp.extras import MissingExtra
from bellcheck.mdp.families import corridor, garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Trajectory, run_trajectory, sample_synchronous
from bellcheck.mdp.step_size import Clock, Constant, Polynomial

numba = pytest.importorskip("numba")


def _awkward(seed: int) -> FiniteMDP:
    """Draw a model with ragged and tied actions, terminal states, repeated and impossible outcomes."""
    rng = np.random.default_rng(seed)
    n_states = int(rng.integers(2, 6))
    discount = ["0", "1/2", "9/10", "1023/1024"][seed % 4]
    pairs = []
    for state in range(n_states - 1):
        twins = None
        for action in range(int(rng.integers(1, 5))):
            weights = rng.integers(0, 4, size=4) + np.array([0, 0, 0, 1])
            total = int(weights.sum())
            outcomes = [
                (f"{weight}/{total}", f"{reward}/3", int(successor))
                for weight, reward, successor in zip(
                    weights, rng.integers(-3, 4, size=4), rng.integers(0, n_states, size=4), strict=True
                )
            ]
            twins = outcomes if twins is None or rng.random() < 0.5 else twins
            pairs.append((state, action, twins))
    weights = rng.integers(0, 3, size=n_states) + np.eye(n_states, dtype=int)[0]
    return FiniteMDP.from_pairs(n_states, pairs, discount, start=[f"{weight}/{weights.sum()}" for weight in weights])


MODELS = [
    *(_awkward(seed) for seed in range(24)),
    garnet(8, 3, 4, "9/10", 0),
    corridor(5, "9/10", 0),
    grid(3, 4, "1", 0),
]
STEPS = {
    "0": np.zeros(150),
    "1": np.ones(150),
    "1/10": Constant("1/10").floats(150),
    "polynomial": Polynomial("3/5").floats(150),
    "random": np.random.default_rng(0).random(150),
}


def _bits(run: Trajectory) -> list[bytes]:
    return [getattr(run, field.name).tobytes() for field in fields(run)]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("clock", ["visits", "global"])
def test_trajectories_are_the_same_bits(clock: Clock, steps: str) -> None:
    """Tables, paths, steps and visits of a compiled trajectory equal the plain ones byte by byte, on every model."""
    different = []
    for number, mdp in enumerate(MODELS):
        for epsilon in (0.0, 0.3, 1.0):
            runs = [
                run_trajectory(
                    mdp,
                    mdp.table(),
                    STEPS[steps],
                    epsilon,
                    np.random.default_rng(number),
                    clock=clock,
                    checkpoints=[0, 1, 7, 150],
                    engine=engine,
                )
                for engine in ("plain", "compiled")
            ]
            if _bits(runs[0]) != _bits(runs[1]):
                different.append((number, epsilon))

    assert different == []


@pytest.mark.parametrize("steps", STEPS)
def test_synchronous_tables_are_the_same_bits(steps: str) -> None:
    """Tables of a compiled synchronous run equal the plain ones byte by byte, on every model."""
    different = []
    for number, mdp in enumerate(MODELS):
        first = np.random.default_rng(number).normal(size=mdp.n_pairs)
        tables = [
            sample_synchronous(
                mdp, first, STEPS[steps][:60], np.random.default_rng(number), checkpoints=range(61), engine=engine
            )
            for engine in ("plain", "compiled")
        ]
        if tables[0].tobytes() != tables[1].tobytes():
            different.append(number)

    assert different == []


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_chunks_do_not_show(engine: simulation.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run cut into chunks of a few steps is the run in one piece, checkpoints at the cuts included."""
    mdp = grid(3, 3, "9/10", 2)

    def runs() -> list[bytes]:
        steps, times = STEPS["random"], range(151)
        trajectory = run_trajectory(
            mdp, mdp.table(), steps, 0.3, np.random.default_rng(1), checkpoints=times, engine=engine
        )
        tables = sample_synchronous(mdp, mdp.table(), steps, np.random.default_rng(1), checkpoints=times, engine=engine)
        return [*_bits(trajectory), tables.tobytes()]

    whole = runs()
    monkeypatch.setattr(simulation, "CHUNK", 40)

    assert runs() == whole


def test_the_comparison_sees_a_single_bit() -> None:
    """One unit in the last place of one reward makes the engines' runs differ: equality above is no accident."""
    mdp = garnet(8, 3, 4, "9/10", 0).to_float()
    reward = mdp.reward.copy()
    reward[:] = np.nextafter(reward, np.inf)
    nudged = FiniteMDP(**{field.name: getattr(mdp, field.name) for field in fields(mdp)} | {"reward": reward})
    runs = [
        run_trajectory(model, model.table(), STEPS["1/10"], 0.3, np.random.default_rng(0), engine="compiled")
        for model in (mdp, nudged)
    ]

    assert _bits(runs[0]) != _bits(runs[1])


def test_without_numba_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled run without numba says which extra to install."""
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(kernel, "_compiled", kernel._compiled.__wrapped__)
    mdp = garnet(2, 2, 2, "1/2", 0)

    with pytest.raises(MissingExtra, match=r"bellcheck\[fast\]"):
        run_trajectory(mdp, mdp.table(), np.ones(2), 0.1, np.random.default_rng(0), engine="compiled")
