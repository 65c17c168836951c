"""The pytest plug-in: marks the tests that are about a claim.

``@pytest.mark.claim("bellman.contraction")`` says it; ``pytest -m claim`` runs the tests that say so. pytest loads this
module at every start in everybody's environment, so it imports nothing but pytest.
"""

from __future__ import annotations

import pytest

__all__ = ["pytest_configure"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that ``--strict-markers`` knows it."""
    config.addinivalue_line("markers", 'claim(id): the test is about this claim, e.g. "bellman.contraction"')
