"""A model as an environment of Gymnasium, which is imported where it is needed."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["recorded"]


@cache
def _environment() -> Any:
    import gymnasium

    class Recorded(gymnasium.Env):
        """A model as an environment that writes down each step: state, action, outcome, and whether it was cut off."""

        metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as Gymnasium has it

        def __init__(self, table: Any, start: int, time_limit: int) -> None:
            self.P, self._start, self._time_limit = table, start, time_limit
            self.observation_space = gymnasium.spaces.Discrete(len(table))
            self.action_space = gymnasium.spaces.Discrete(max(map(len, table.values())))
            self.log: list[tuple[int, int, int, bool]] = []
            self._state: int | None = None
            self._steps = 0

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
            super().reset(seed=seed)
            self._state, self._steps = self._start, 0
            return self._state, {}

        def step(self, action: Any) -> tuple[int, float, bool, bool, dict[str, Any]]:
            if self._state is None:
                raise RuntimeError("step() after the episode had ended; call reset() first")
            row = self.P[self._state][int(action)]
            outcome = int(self.np_random.choice(len(row), p=[p for p, _, _, _ in row]))
            _, following, reward, terminated = row[outcome]
            self._steps += 1
            truncated = self._steps == self._time_limit and not terminated
            self.log.append((self._state, int(action), outcome, truncated))
            self._state = None if terminated or truncated else following
            return following, float(reward), bool(terminated), truncated, {}

    return Recorded


def recorded(table: Any, start: int = 0, time_limit: int = 1) -> Any:
    """Return the environment of a transition table, whose episodes begin in `start` and last `time_limit` steps.

    Needs Gymnasium.
    """
    return _environment()(table, start, time_limit)
