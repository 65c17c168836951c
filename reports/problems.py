"""Models to learn on, each with its exact q*: random families, Gymnasium environments, your own.

Only the part that can be reached from the start is a problem; the number of pairs outside is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, max_norm, to_floats
from bellcheck.mdp.chain import reachable_pairs
from bellcheck.mdp.families import corridor, garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.proofs.bounds import largest_value, noise_range, rounding_bound
from bellcheck.proofs.evidence import stream

__all__ = ["Problem", "environments", "families", "problem"]

Kind: TypeAlias = Literal["family", "environment", "yours"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A model with its exact q*: the part that can be reached, and how many pairs of how many that leaves out."""

    name: str
    kind: Kind
    model: FiniteMDP
    q: Array
    v: Array
    left_out: int
    about: str = ""

    @property
    def deterministic(self) -> bool:
        """Whether no pair's target varies, so that the step size 1 is the best one."""
        return not any(self.noise)

    @cached_property
    def noise(self) -> Array:
        """(N,) exact range of r + gamma v*(s') at each pair."""
        return noise_range(self.model, self.v)

    @cached_property
    def best(self) -> np.ndarray:
        """(N,) q* in binary64."""
        return to_floats(self.q)

    @property
    def bounded(self) -> bool:
        """Whether anything is proved about the errors: below discount 1."""
        return bool(self.model.discount < 1)

    @property
    def trivial_bound(self) -> float:
        """What every table obeys that starts from 0: ||q*|| + R / (1 - gamma); infinite at discount 1."""
        if not self.bounded:
            return float("inf")
        return float(to_floats([max_norm(self.q) + largest_value(self.model, self.model.table(0))])[0])

    def rounding(self, n: int) -> float:
        """10 n u B, how far a float run of n updates may seem to be above its bound; infinite at discount 1."""
        if not self.bounded:
            return float("inf")
        return float(to_floats([rounding_bound(2 * n, largest_value(self.model, self.model.table(0)))])[0])


def problem(name: str, kind: Kind, mdp: FiniteMDP, about: str = "") -> Problem:
    """Solve a model exactly, restricted to the pairs that can be reached from its start.

    Without a start distribution every state may be the first. Raises ``ImproperPolicy`` as `policy_iteration` does.
    """
    if mdp.start is None:
        mdp = replace(mdp, start=_evenly(mdp.n_states, mdp.acting))
    keep = reachable_pairs(mdp)
    part = mdp if keep.all() else _restricted(mdp, keep)
    solution = policy_iteration(part)
    return Problem(name, kind, part, solution.q, solution.v, int((~keep).sum()), about)


def _evenly(n_states: int, acting: np.ndarray) -> Array:
    start = np.full(n_states, fmpq(0), dtype=object)
    start[acting] = fmpq(1, max(1, len(acting)))
    return start


def _restricted(mdp: FiniteMDP, keep: np.ndarray) -> FiniteMDP:
    pairs = np.flatnonzero(keep).tolist()
    possible = {x: [k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0] for x in pairs}
    entered = {int(mdp.next_state[k]) for x in pairs for k in possible[x]}
    states = sorted({int(mdp.pair_state[x]) for x in pairs} | entered)
    number = {state: i for i, state in enumerate(states)}
    assert mdp.start is not None
    inside = [mdp.start[state] for state in states]
    return FiniteMDP.from_pairs(
        len(states),
        [
            (
                number[int(mdp.pair_state[x])],
                int(mdp.pair_action[x]),
                [(mdp.probability[k], mdp.reward[k], number[int(mdp.next_state[k])]) for k in possible[x]],
            )
            for x in pairs
        ],
        mdp.discount,
        start=[weight / sum(inside, fmpq(0)) for weight in inside],
        state_names=[mdp.state_name(state) for state in states],
        action_names=mdp.action_names,
    )


def families(seed: int) -> list[Problem]:
    """Return one member of each random family."""

    def random(name: str) -> np.random.SeedSequence:
        return stream(seed, "report", "family", name)

    return [
        problem(
            "Garnet",
            "family",
            garnet(6, 3, 3, "4/5", random("Garnet")),
            "6 states, 3 actions, 3 random successors each, a reward for each outcome",
        ),
        problem(
            "Corridor",
            "family",
            corridor(6, "4/5", random("Corridor")),
            "6 states; advancing may fail, going back pays a bait",
        ),
        problem(
            "Grid",
            "family",
            grid(4, 4, "9/10", random("Grid")),
            "4 × 4 cells, slippery moves, a random price on entering each cell",
        ),
    ]


def environments() -> list[Problem]:
    """Return the three Gymnasium environments at discount 99/100; raises ``ImportError`` without gymnasium."""
    from bellcheck.mdp.interop.gymnasium import from_gymnasium

    about = {
        "FrozenLake-v1": "4 × 4, slippery: a move goes astray with probability 2/3",
        "CliffWalking-v1": "deterministic; 37 of 47 acting states can be reached",
        "Taxi-v4": "deterministic; random passenger and destination at each start",
    }
    return [problem(name, "environment", from_gymnasium(name, "99/100").mdp, text) for name, text in about.items()]
