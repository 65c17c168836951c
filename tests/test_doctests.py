"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

from bellcheck.mdp.extras import missing_extra
from bellcheck.proofs.conformance import adapters


def _modules() -> list[str]:
    layers = [importlib.import_module(f"bellcheck.{layer}") for layer in ("mdp", "proofs", "reports")]
    return [
        name for layer in layers for _, name, _ in pkgutil.walk_packages(layer.__path__, prefix=f"{layer.__name__}.")
    ]


def _imported(name: str) -> ModuleType:
    """A module; of an adapter whose library is not installed, the test is skipped and names the extra."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        remedy = missing_extra(error)
        if remedy is None or not name.startswith(f"{adapters.__name__}."):
            raise
        pytest.skip(remedy)


@pytest.mark.parametrize("name", _modules())
def test_examples_hold(name: str) -> None:
    """The doctests of a module pass."""
    module = _imported(name)

    result = doctest.testmod(module)

    assert result.failed == 0


def test_there_are_examples() -> None:
    """The walk over the packages finds modules with doctests, so the test above is about something."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = [name for name in _modules() if not name.startswith(f"{adapters.__name__}.")]

    examples = [test for name in names for test in finder.find(importlib.import_module(name)) if test.examples]

    assert examples
