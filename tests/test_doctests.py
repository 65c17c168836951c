"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest


def _modules() -> list[str]:
    layers = [importlib.import_module(f"bellcheck.{layer}") for layer in ("mdp", "proofs", "reports")]
    return [
        name for layer in layers for _, name, _ in pkgutil.walk_packages(layer.__path__, prefix=f"{layer.__name__}.")
    ]


@pytest.mark.parametrize("name", _modules())
def test_examples_hold(name: str) -> None:
    """The doctests of a module pass."""
    module = importlib.import_module(name)

    result = doctest.testmod(module)

    assert result.failed == 0


def test_there_are_examples() -> None:
    """The walk over the packages finds modules with doctests, so the test above is about something."""
    finder = doctest.DocTestFinder(exclude_empty=True)

    examples = [test for name in _modules() for test in finder.find(importlib.import_module(name)) if test.examples]

    assert examples
