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
from bellcheck.mdp.interop.gymnasium import Reading, from_gymnasium
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.proofs.bounds import largest_value, rounding_bound
from bellcheck.proofs.evidence import stream
from bellcheck.proofs.sharper_bounds import Noise, noise_at

__all__ = ["Problem", "environments", "families", "problem"]

Kind: TypeAlias = Literal["family", "environment", "yours"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A model with its exact q*: the part that can be reached, and what that leaves out.

    Attributes
    ----------
    acting : number of states with actions, those that cannot be reached included.
    left_out, states_left_out : numbers of pairs, and of states with actions, that cannot be reached.
    reading : what had to be done to an environment's table, if it comes from one.
    """

    name: str
    kind: Kind
    model: FiniteMDP
    q: Array
    v: Array
    acting: int
    left_out: int
    states_left_out: int
    about: str = ""
    reading: Reading | None = None

    @property
    def deterministic(self) -> bool:
        """Whether no pair's target varies, so that the step size 1 is the best one."""
        return not any(self.noise.range)

    @cached_property
    def noise(self) -> Noise:
        """What is known of r + gamma v*(s') at each pair, exactly."""
        return noise_at(self.model, self.v)

    @cached_property
    def best(self) -> np.ndarray:
        """(N,) q* in binary64."""
        return to_floats(self.q)

    @property
    def bounded(self) -> bool:
        """Whether anything is proved about the errors: below discount 1."""
        return bool(self.model.discount < 1)

    @cached_property
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


def problem(name: str, kind: Kind, source: FiniteMDP | Reading, about: str = "") -> Problem:
    """Solve a model exactly, restricted to the pairs that can be reached from its start.

    Without a start distribution every state may be the first. Raises ``ImproperPolicy`` as `policy_iteration` does.
    """
    mdp, reading = (source.mdp, source) if isinstance(source, Reading) else (source, None)
    if mdp.start is None:
        mdp = replace(mdp, start=_evenly(mdp.n_states, mdp.acting))
    keep = reachable_pairs(mdp)
    part = mdp if keep.all() else _restricted(mdp, keep)
    solution = policy_iteration(part)
    return Problem(
        name,
        kind,
        part,
        solution.q,
        solution.v,
        acting=len(mdp.acting),
        left_out=int((~keep).sum()),
        states_left_out=len(mdp.acting) - len(np.unique(mdp.pair_state[keep])),
        about=about,
        reading=reading,
    )


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
    about = {
        "FrozenLake-v1": "4 × 4, slippery: a move goes astray with probability 2/3",
        "CliffWalking-v1": "Deterministic; a step into the cliff costs 100 and leads to the start; nobody stands in it",
        "Taxi-v4": "Deterministic; only the first state of an episode is random",
    }
    return [problem(name, "environment", from_gymnasium(name, "99/100"), text) for name, text in about.items()]
