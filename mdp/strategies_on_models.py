"""Hypothesis strategies for what lives on a given model: tables, policies, distributions, sample paths.

Each is a function of the model that returns a strategy. Its attribute `axis` says how the value is tied to the model,
so that `reduce` can keep the two consistent while it makes the model smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import hypothesis.strategies as st
import numpy as np
from flint import fmpq

from .arithmetic import Array, Scalar, exact_array
from .draws import NUMBERS, STEP_SIZES, Below, below, one_of, positive_weights, weights
from .model import FiniteMDP
from .transitions import Recording

__all__ = [
    "deterministic_policies",
    "distributions",
    "paths",
    "policies",
    "positive_distributions",
    "positive_policies",
    "recordings",
    "state_tables",
    "step_sizes",
    "synchronous_paths",
    "tables",
    "tied_to",
]

_T = TypeVar("_T")


def tied_to(axis: str) -> Callable[[_T], _T]:
    """Mark a function of a model (or a strategy) as giving values along `axis`, one of ``reduce.AXES``."""

    def mark(draws: _T) -> _T:
        draws.axis = axis  # type: ignore[attr-defined]
        return draws

    return mark


def _numbers(pick: Below, size: int) -> Array:
    # A third each: free, two values only, one value. Ties decide what a greedy policy is.
    spread = pick(3)
    if spread == 0:
        return exact_array([one_of(pick, NUMBERS) for _ in range(size)])
    levels = [one_of(pick, NUMBERS) for _ in range(3 - spread)]
    return exact_array([one_of(pick, levels) for _ in range(size)])


@tied_to("pair")
@st.composite
def tables(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) tables of rationals over the pairs, often with ties."""
    return _numbers(below(draw), mdp.n_pairs)


@tied_to("state")
@st.composite
def state_tables(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (S,) vectors of rationals over the states, often with ties; terminal states have an entry like any other."""
    return _numbers(below(draw), mdp.n_states)


def _per_state(mdp: FiniteMDP, row: Callable[[int], Array]) -> Array:
    return np.concatenate([row(len(mdp.pairs_of(state))) for state in mdp.acting])


def _certain(pick: Below, size: int) -> Array:
    chosen = pick(size)
    return exact_array([int(place == chosen) for place in range(size)])


@tied_to("policy")
@st.composite
def policies(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) policies with rational probabilities, a quarter of them deterministic."""
    pick = below(draw)
    row = _certain if pick(4) == 0 else weights
    return _per_state(mdp, lambda size: row(pick, size))


@tied_to("deterministic_policy")
@st.composite
def deterministic_policies(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) policies of zeros and ones; the simplest takes the lowest action of each state."""
    pick = below(draw)
    return _per_state(mdp, lambda size: _certain(pick, size))


@tied_to("positive_policy")
@st.composite
def positive_policies(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) policies that give every action a positive probability; the simplest is uniform."""
    pick = below(draw)
    return _per_state(mdp, lambda size: positive_weights(pick, size))


@tied_to("distribution")
@st.composite
def distributions(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) distributions mu over the pairs, zeros allowed; the simplest is all on the first pair."""
    return weights(below(draw), mdp.n_pairs)


@tied_to("positive_distribution")
@st.composite
def positive_distributions(draw: st.DrawFn, mdp: FiniteMDP) -> Array:
    """Draw (N,) distributions mu > 0 over the pairs; the simplest is uniform."""
    return positive_weights(below(draw), mdp.n_pairs)


def step_sizes() -> st.SearchStrategy[Scalar]:
    """Draw rational step sizes in [0, 1], both ends included; the simplest is 1/2."""
    return tied_to("step_size")(st.integers(0, len(STEP_SIZES) - 1).map(lambda position: STEP_SIZES[position]))


def _possible(mdp: FiniteMDP, pair: int) -> list[int]:
    return [k for k in mdp.outcomes_of(pair) if mdp.probability[k] > fmpq(0)]


@tied_to("path")
@st.composite
def paths(draw: st.DrawFn, mdp: FiniteMDP) -> tuple[tuple[int, int, Scalar], ...]:
    """Draw sequences of up to 8 steps (pair, outcome, step size), each outcome a possible one of its pair.

    An outcome is its position in ``mdp.reward`` and ``mdp.next_state``. A step need not start where the last one ended.
    """
    pick = below(draw)
    steps = []
    for _ in range(pick(9)):
        pair = pick(mdp.n_pairs)
        steps.append((pair, one_of(pick, _possible(mdp, pair)), one_of(pick, STEP_SIZES)))
    return tuple(steps)


@tied_to("recording")
@st.composite
def recordings(draw: st.DrawFn, mdp: FiniteMDP) -> Recording:
    """Draw recordings of up to 8 steps (pair, outcome, cut), each outcome a possible one of its pair.

    A step begins where the one before led to, unless that was an end or is cut: then in any state that acts. A step to
    an end may be cut off too, when the time limit falls on it.
    """
    pick = below(draw)
    steps: list[tuple[int, int, bool]] = []
    here = range(mdp.n_pairs)
    for _ in range(pick(9)):
        pair = one_of(pick, here)
        outcome, cut = one_of(pick, _possible(mdp, pair)), pick(4) == 3
        steps.append((pair, outcome, cut))
        here = (not cut and mdp.pairs_of(int(mdp.next_state[outcome]))) or range(mdp.n_pairs)
    return tuple(steps)


@tied_to("synchronous_path")
@st.composite
def synchronous_paths(draw: st.DrawFn, mdp: FiniteMDP) -> tuple[Array, np.ndarray]:
    """Draw (step sizes of shape (n,), outcomes of shape (n, N)), n <= 4: a step has a possible outcome of every pair.

    An outcome is its position in ``mdp.reward`` and ``mdp.next_state``.
    """
    pick = below(draw)
    n_steps = pick(5)
    sizes = exact_array([one_of(pick, STEP_SIZES) for _ in range(n_steps)])
    possible = [_possible(mdp, pair) for pair in range(mdp.n_pairs)]
    outcomes = np.array([[one_of(pick, of) for of in possible] for _ in range(n_steps)], dtype=np.int64)
    return sizes, outcomes.reshape(n_steps, mdp.n_pairs)
