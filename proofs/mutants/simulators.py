"""Wrong simulators: runs that sample another process, or learn from it with other steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bellcheck.mdp.arithmetic import Array, to_floats
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import td_target
from bellcheck.mdp.simulation import Trajectory, outcome_of, sample_synchronous

from ..subject import Subject

__all__ = [
    "chosen_before_learning",
    "end_worth_the_next_reward",
    "first_table_forgotten",
    "one_count_for_all_pairs",
    "past_the_end",
    "sarsa",
    "separate_marginals",
    "separate_marginals_of",
    "undiscounted",
]


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


@dataclass
class _Memory:
    """What a run remembers: its table, the visits to each pair, its path so far, and where episodes begin."""

    q: np.ndarray
    visits: np.ndarray
    path: list[tuple[int, int, float]]
    start_state: int


Target = Callable[[FiniteMDP, _Memory, int, int | None], float]
"""The target of an outcome; the pair that is taken next counts where it is chosen first, and is None otherwise."""


def _greedy(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    return float(td_target(mdp, memory.q, outcome))


def _of_the_pair(memory: _Memory, pair: int) -> int:
    return int(memory.visits[pair])


def _simulator(
    name: str,
    target: Target = _greedy,
    counted: Callable[[_Memory, int], int] = _of_the_pair,
    *,
    chosen_first: bool = False,
    cites: str = "",
    bug: str = "",
) -> Subject:
    """An epsilon-greedy trajectory whose episodes begin in `start_state`; its target and its count are to be chosen.

    The next action is chosen when the table has learnt from the last transition, or before, if `chosen_first`.
    """

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
        rounded = mdp.to_float()
        memory = _Memory(to_floats(q0), np.zeros(mdp.n_pairs, dtype=np.int64), [], start_state)
        q = memory.q
        tables = [q.copy()]

        def act(state: int) -> int:
            actions = mdp.pairs_of(state)
            if rng.random() < epsilon:
                return actions[int(rng.random() * len(actions))]
            return actions[int(np.argmax(q[actions.start : actions.stop]))]

        pair = act(start_state)
        for _ in range(len(steps)):
            outcome = outcome_of(rounded, pair, rng.random())
            state = int(rounded.next_state[outcome])
            goes_on = bool(mdp.pairs_of(state))
            following = act(state) if chosen_first and goes_on else None
            step = float(steps[counted(memory, pair)])
            q[pair] = (1 - step) * q[pair] + step * target(rounded, memory, outcome, following)
            memory.visits[pair] += 1
            memory.path.append((pair, outcome, step))
            tables.append(q.copy())
            pair = act(state if goes_on else start_state) if following is None else following
        pairs, outcomes, step_sizes = (np.array(column) for column in zip(*memory.path, strict=True))
        return Trajectory(
            q=q,
            checkpoints=checkpoints,
            tables=np.array(tables)[checkpoints],
            pairs=pairs,
            outcomes=outcomes,
            step_sizes=step_sizes,
            visits=memory.visits,
        )

    return Subject("trajectory-run", name, run, cites=cites, bug=bug)


def _of_all_pairs(memory: _Memory, pair: int) -> int:
    return len(memory.path)


def _visited(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    return float(mdp.reward[outcome] + mdp.discount * (0.0 if following is None else memory.q[following]))


def _undiscounted(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    return float(mdp.reward[outcome] + state_values(mdp, memory.q)[mdp.next_state[outcome]])


def _end_worth_the_next_reward(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    """At an end the value of the state is set to the reward of the next percept, the first of another episode."""
    state = mdp.next_state[outcome]
    if mdp.pairs_of(int(state)):
        return float(td_target(mdp, memory.q, outcome))
    outcomes = [k for _, k, _ in memory.path] + [outcome]
    stored = [after for before, after in pairwise(outcomes) if mdp.next_state[before] == state]
    return float(mdp.reward[outcome] + mdp.discount * (mdp.reward[stored[-1]] if stored else 0.0))


def _past_the_end(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    """No end is noticed: the first state of the next episode is bootstrapped like any other that follows."""
    state = int(mdp.next_state[outcome])
    value = state_values(mdp, memory.q)[state if mdp.pairs_of(state) else memory.start_state]
    return float(mdp.reward[outcome] + mdp.discount * value)


def _first_table_forgotten(mdp: FiniteMDP, memory: _Memory, outcome: int, following: int | None) -> float:
    """What was never written reads 0 in the target, whatever the first table has there."""
    return float(td_target(mdp, np.where(memory.visits > 0, memory.q, 0.0), outcome))


separate_marginals = Subject("sampler", "reward and next state drawn separately", _separate_marginals)
sarsa = _simulator("Sarsa target", _visited, chosen_first=True)
one_count_for_all_pairs = _simulator(
    "one count of visits for all pairs", counted=_of_all_pairs, cites="sawcordwell/pymdptoolbox PR 31", bug="F8"
)
undiscounted = _simulator("discount left out", _undiscounted, cites="mlaux1/rl-blox issue 79")
chosen_before_learning = _simulator("next action chosen before the table has learnt", chosen_first=True, bug="F2")
end_worth_the_next_reward = _simulator("end worth the next episode's reward", _end_worth_the_next_reward, bug="A1")
past_the_end = _simulator("updates past the end", _past_the_end, bug="A3")
first_table_forgotten = _simulator("first table read as 0", _first_table_forgotten, bug="B8")
