"""Searching what strategies draw, with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings


class _FoundError(Exception):
    """Carries a drawn value out of Hypothesis."""


def _search(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool], seed: int, *phases: Phase) -> Any:
    found: list[Any] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=2_000,
        phases=phases,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy)
    def look(value: Any) -> None:
        if condition(value):
            found.append(value)
            raise _FoundError

    with pytest.raises(_FoundError):
        look()
    return found[-1]


@pytest.fixture
def find_any() -> Callable[..., Any]:
    """Return a function: a drawn value that meets a condition; the test fails if 2,000 draws bring none."""
    return lambda strategy, condition, seed=0: _search(strategy, condition, seed, Phase.generate)


@pytest.fixture
def minimal() -> Callable[..., Any]:
    """Return a function: the drawn value that meets a condition and that Hypothesis holds for the simplest."""
    return lambda strategy, condition=lambda value: True, seed=0: _search(
        strategy, condition, seed, Phase.generate, Phase.shrink
    )
