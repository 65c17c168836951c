"""Wrong training loops, each with the signature of `bellcheck.mdp.training.train`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import td_target
from bellcheck.mdp.training import EPISODES, TIME_LIMIT, drawn_from
from bellcheck.mdp.transitions import Recording

from ..subject import Subject

__all__ = ["chosen_before_learning", "cut_off_is_end", "forgotten_at_each_episode", "successor_of_the_reset"]

Learned = Callable[[FiniteMDP, Array, int, bool], Scalar]
"""The target of an outcome, given the table and whether the episode is cut off after it."""


def _loop(target: Learned, *, act_first: bool = False, forget: bool = False) -> Callable[..., tuple[Recording, Array]]:
    """A training loop whose target is to be chosen; `act_first` before each update, `forget` at each episode."""

    def train(mdp: FiniteMDP, step_size: Scalar, epsilon: Scalar, seed: int) -> tuple[Recording, Array]:
        rng, q = np.random.default_rng(seed), mdp.table(0)
        steps: list[tuple[int, int, bool]] = []

        def act(state: int) -> int:
            return drawn_from(epsilon_greedy(mdp, q, epsilon), mdp.pairs_of(state), rng)

        for _ in range(EPISODES):
            q = mdp.table(0) if forget else q
            pair = act(int(mdp.acting[0]))
            for t in range(TIME_LIMIT):
                outcome = drawn_from(mdp.probability, mdp.outcomes_of(pair), rng)
                state = int(mdp.next_state[outcome])
                ended = not mdp.pairs_of(state)
                cut = t + 1 == TIME_LIMIT and not ended
                steps.append((pair, outcome, cut))
                following = act(state) if act_first and not ended else 0
                learned = q.copy()
                learned[pair] = (1 - step_size) * q[pair] + step_size * target(mdp, q, outcome, cut)
                q = learned
                if ended or cut:
                    break
                pair = following if act_first else act(state)
        return tuple(steps), q

    return train


def _right(mdp: FiniteMDP, q: Array, outcome: int, cut: bool) -> Scalar:
    return td_target(mdp, q, outcome)


def _cut_off_is_end(mdp: FiniteMDP, q: Array, outcome: int, cut: bool) -> Scalar:
    """``done = terminated or truncated``, and the target of what is done is its reward."""
    return mdp.reward[outcome] if cut else td_target(mdp, q, outcome)


def _successor_of_the_reset(mdp: FiniteMDP, q: Array, outcome: int, cut: bool) -> Scalar:
    """Environments that begin anew by themselves: after a cut the state that is seen is that of the next episode."""
    if not cut:
        return td_target(mdp, q, outcome)
    first = mdp.pairs_of(int(mdp.acting[0]))
    return mdp.reward[outcome] + mdp.discount * max(q[x] for x in first)


chosen_before_learning = Subject(
    "training", "next action chosen before learning", _loop(_right, act_first=True), bug="F2"
)
cut_off_is_end = Subject("training", "cut-offs taken for ends", _loop(_cut_off_is_end), bug="A5")
successor_of_the_reset = Subject(
    "training", "after a cut, the first state of the next episode", _loop(_successor_of_the_reset), bug="A7"
)
forgotten_at_each_episode = Subject("training", "table forgotten at each episode", _loop(_right, forget=True))
