"""Wrong simulators: runs that sample another process, or learn from it with other steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bellcheck.mdp.arithmetic import Array, to_floats
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import td_target
from bellcheck.mdp.simulation import Trajectory, outcome_of, sample_synchronous

from ..subject import Subject

__all__ = ["one_count_for_all_pairs", "sarsa", "separate_marginals", "separate_marginals_of", "undiscounted"]


def separate_marginals_of(mdp: FiniteMDP) -> FiniteMDP:
    """Return the model whose rewards and next states are drawn apart, each from its marginal."""
    pairs = []
    for x in range(mdp.n_pairs):
        outcomes = [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]
        product = [(p * p2, r, s2) for p, r, _ in outcomes for p2, _, s2 in outcomes]
        pairs.append((int(mdp.pair_state[x]), int(mdp.pair_action[x]), product))
    return FiniteMDP.from_pairs(mdp.n_states, pairs, mdp.discount)


def _separate_marginals(mdp: FiniteMDP, q0: Array, rng: np.random.Generator) -> np.ndarray:
    return sample_synchronous(separate_marginals_of(mdp), q0, np.ones(1), rng)[0]


Target = Callable[[FiniteMDP, np.ndarray, int, int | None], float]
"""The target of an outcome, given the pair that is visited next; None at the end of an episode."""


def _simulator(
    name: str, target: Target, counted: Callable[[FiniteMDP, np.ndarray, int], int], cites: str = ""
) -> Subject:
    """An epsilon-greedy trajectory whose episodes begin in `start_state`; its target and its count are to be chosen."""

    def run(
        mdp: FiniteMDP,
        q0: Array,
        steps: np.ndarray,
        epsilon: float,
        rng: np.random.Generator,
        *,
        start_state: int,
        checkpoints: np.ndarray,
    ) -> Trajectory:
        rounded, q = mdp.to_float(), to_floats(q0)
        tables = [q.copy()]
        visits = np.zeros(mdp.n_pairs, dtype=np.int64)
        path: list[tuple[int, int, float]] = []

        def act(state: int) -> int:
            actions = mdp.pairs_of(state)
            if rng.random() < epsilon:
                return actions[int(rng.random() * len(actions))]
            return actions[int(np.argmax(q[actions.start : actions.stop]))]

        pair = act(start_state)
        for _ in range(len(steps)):
            outcome = outcome_of(rounded, pair, rng.random())
            reached = int(rounded.next_state[outcome])
            following = act(reached) if mdp.pairs_of(reached) else None
            step = float(steps[counted(mdp, visits, pair)])
            q[pair] = (1 - step) * q[pair] + step * target(rounded, q, outcome, following)
            visits[pair] += 1
            path.append((pair, outcome, step))
            tables.append(q.copy())
            pair = act(start_state) if following is None else following
        pairs, outcomes, step_sizes = (np.array(column) for column in zip(*path, strict=True))
        return Trajectory(
            q=q,
            checkpoints=checkpoints,
            tables=np.array(tables)[checkpoints],
            pairs=pairs,
            outcomes=outcomes,
            step_sizes=step_sizes,
            visits=visits,
        )

    return Subject("trajectory-run", name, run, cites=cites)


def _of_the_pair(mdp: FiniteMDP, visits: np.ndarray, pair: int) -> int:
    return int(visits[pair])


def _of_all_pairs(mdp: FiniteMDP, visits: np.ndarray, pair: int) -> int:
    return int(visits.sum())


def _greedy(mdp: FiniteMDP, q: np.ndarray, outcome: int, following: int | None) -> float:
    return float(td_target(mdp, q, outcome))


def _visited(mdp: FiniteMDP, q: np.ndarray, outcome: int, following: int | None) -> float:
    return float(mdp.reward[outcome] + mdp.discount * (0.0 if following is None else q[following]))


def _undiscounted(mdp: FiniteMDP, q: np.ndarray, outcome: int, following: int | None) -> float:
    return float(mdp.reward[outcome] + state_values(mdp, q)[mdp.next_state[outcome]])


separate_marginals = Subject("sampler", "reward and next state drawn separately", _separate_marginals)
sarsa = _simulator("Sarsa target", _visited, _of_the_pair)
one_count_for_all_pairs = _simulator(
    "one count of visits for all pairs", _greedy, _of_all_pairs, cites="sawcordwell/pymdptoolbox PR 31"
)
undiscounted = _simulator("discount left out", _undiscounted, _of_the_pair, cites="mlaux1/rl-blox issue 79")
