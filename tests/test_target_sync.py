"""When a target network changes, and that it is a copy."""

from __future__ import annotations

import numpy as np
import pytest

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.target_sync import TargetNetwork, follow

ONLINES = [exact_array([n, -n]) for n in (4, 8, 6, 2)]
ZERO = exact_array([0, 0])


def _first(targets: list[np.ndarray]) -> list[str]:
    return [str(target[0]) for target in targets]


@pytest.mark.parametrize(
    ("interval", "n_envs", "values"),
    [
        (1, 1, ["4", "8", "6", "2"]),
        (2, 1, ["0", "8", "8", "2"]),
        (3, 1, ["0", "0", "6", "6"]),
        (4, 2, ["0", "8", "8", "2"]),
        (3, 2, ["0", "8", "6", "6"]),
        (1, 4, ["4", "8", "6", "2"]),
    ],
)
def test_environment_steps_are_counted(interval: int, n_envs: int, values: list[str]) -> None:
    """A call is a step of every environment; a sync is due where a multiple of the interval is reached or passed."""
    assert _first(follow(ONLINES, ZERO, interval, exact(1), n_envs=n_envs)) == values


def test_the_copy_has_its_own_storage() -> None:
    """Neither what was given nor what is returned changes later."""
    target = ZERO.copy()
    targets = follow(ONLINES, target, 1, exact(1))

    targets[0][:] = exact_array([9, 9])

    assert list(target) == [0, 0]
    assert list(ONLINES[0]) == [4, -4]
    assert _first(targets[1:]) == ["8", "6", "2"]


def test_what_is_saved_goes_on() -> None:
    """A target network that is saved between syncs has its count, its interval and parameters of its own."""
    network = TargetNetwork(ZERO, interval=2, tau=exact("1/2"))
    network.after_step(ONLINES[0])
    saved = network.saved()
    network.parameters[0] = exact(7)

    loaded = TargetNetwork(**saved)
    loaded.after_step(ONLINES[1])

    assert list(loaded.parameters) == [4, -4]
