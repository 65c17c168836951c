"""A model as a Gymnasium environment: what it does step by step is what the model says.

Observations are states and actions are actions, by number. An episode begins in a state drawn from the model's start
distribution, given that it has actions, or from all that have, equally likely, if the model has none; or in a chosen
state: ``reset(options={"state": 2})``. It terminates in a terminal state, and is truncated after `max_episode_steps`
unless it terminates then.

A state need not have every action. ``info["action_mask"]`` says which it has, in the form that
``action_space.sample(mask)`` takes; another is an error, for no number could be returned that the model knows. So
whatever samples actions blindly, as ``check_env`` does, needs a model whose states all have the same ones.

Samples follow the probabilities rounded correctly after they are summed exactly, so that an impossible outcome never
happens and the last one is never lost; rewards are rounded. With `P` and `initial_state_distrib` the environment
carries its table like a toy-text one, and `from_gymnasium` reads the model back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from ..arithmetic import Array, exact_array, is_exact, to_floats
from ..chain import restart_distribution
from ..extras import MissingExtra, missing_extra
from ..model import FiniteMDP, InvalidMDP
from .p_dict import n_actions, to_p_dict

try:
    import gymnasium
except ImportError as error:
    raise MissingExtra(f"FiniteMDPEnv {missing_extra(error) or error}") from None

__all__ = ["FiniteMDPEnv", "InvalidOption"]


class InvalidOption(ValueError):
    """A step limit, or an option of ``reset``, that means nothing."""


class FiniteMDPEnv(gymnasium.Env[Any, Any]):
    """The environment of an exact model.

    Parameters
    ----------
    mdp : the model; some state must have actions. Its discount is the learner's to use: ``env.mdp.discount``.
    max_episode_steps : the number of steps after which an episode is truncated; None if it never is.

    Raises ``InvalidMDP``, ``MissingStart`` if the start distribution lies on terminal states alone, or `InvalidOption`.
    """

    def __init__(self, mdp: FiniteMDP, *, max_episode_steps: int | None = None) -> None:
        if not is_exact(mdp.probability):
            raise InvalidMDP(
                "a model in floating point has been rounded already; give the exact one that it was made from"
            )
        if not mdp.n_pairs:
            raise InvalidMDP("no state has an action, so there is no step to take")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise InvalidOption(
                f"max_episode_steps is {max_episode_steps}; an episode has at least 1 step, or give None"
            )
        start = _start(mdp)
        self.mdp = mdp
        self.max_episode_steps = max_episode_steps
        self.P = to_p_dict(mdp)
        self.initial_state_distrib = to_floats(start)
        self.observation_space = gymnasium.spaces.Discrete(mdp.n_states)
        self.action_space = gymnasium.spaces.Discrete(n_actions(mdp))
        self._n_actions = n_actions(mdp)
        self._start = _cumulative(start)
        self._outcomes = [_cumulative(mdp.probability[list(mdp.outcomes_of(x))]) for x in range(mdp.n_pairs)]
        self._reward = to_floats(mdp.reward)
        self._state: int | None = None
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Begin an episode, in ``options["state"]`` if that is given."""
        super().reset(seed=seed)
        chosen = dict(options or {})
        state = chosen.pop("state", None)
        if chosen:
            raise InvalidOption(f"reset knows no option {next(iter(chosen))!r}; it knows 'state'")
        if state is None:
            state = self._draw(self._start)
        elif state not in self.mdp.acting.tolist():
            raise InvalidOption(f"an episode cannot begin in state {state}; give one that has actions")
        self._state, self._steps = int(state), 0
        return self._state, self._info(self._state)

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Take an action; return next state, reward, whether it terminated, whether it is truncated, and the mask.

        Raises Gymnasium's ``InvalidAction`` naming state and action, or ``ResetNeeded``.
        """
        if self._state is None:
            raise gymnasium.error.ResetNeeded("no episode is going on; call reset()")
        pair = self._pair(self._state, action)
        outcome = self.mdp.outcomes_of(pair)[self._draw(self._outcomes[pair])]
        following = int(self.mdp.next_state[outcome])
        self._steps += 1
        terminated = not self.mdp.pairs_of(following)
        truncated = not terminated and self._steps == self.max_episode_steps
        self._state = None if terminated or truncated else following
        return following, float(self._reward[outcome]), terminated, truncated, self._info(following)

    def _pair(self, state: int, action: int) -> int:
        try:
            return self.mdp.pair(state, action)
        except KeyError:
            has = ", ".join(str(self.mdp.pair_action[x]) for x in self.mdp.pairs_of(state))
            raise gymnasium.error.InvalidAction(
                f"state {self.mdp.state_name(state)} has no action {action}; it has {has}, as info['action_mask'] says"
            ) from None

    def _info(self, state: int) -> dict[str, Any]:
        mask = np.zeros(self._n_actions, dtype=np.int8)
        mask[self.mdp.pair_action[list(self.mdp.pairs_of(state))]] = 1
        return {"action_mask": mask}

    def _draw(self, cumulative: np.ndarray) -> int:
        return int(np.searchsorted(cumulative, self.np_random.random(), side="right"))


def _start(mdp: FiniteMDP) -> Array:
    if mdp.start is not None:
        return restart_distribution(mdp)
    uniform = exact_array([0] * mdp.n_states)
    uniform[mdp.acting] = fmpq(1, len(mdp.acting))
    return uniform


def _cumulative(probabilities: Array) -> np.ndarray:
    """Return the sums up to each entry, rounded; the last is exactly 1, above whatever the generator draws."""
    return to_floats(np.add.accumulate(probabilities))
