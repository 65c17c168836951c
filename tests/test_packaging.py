"""What importing the package costs everybody, and what its modules say they export."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

from bellcheck.proofs.claim import GROUPS

HEAVY = ("altair", "flint", "gymnasium", "numba", "sympy", "torch", "z3")


def _modules() -> list[str]:
    layers = [importlib.import_module(f"bellcheck.{layer}") for layer in ("mdp", "proofs", "reports")]
    return [layer.__name__ for layer in layers] + [
        name for layer in layers for _, name, _ in pkgutil.walk_packages(layer.__path__, prefix=f"{layer.__name__}.")
    ]


def _loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after running `code`."""
    script = f"{code}\nimport sys\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_starting_pytest_loads_the_plugin_and_nothing_heavy() -> None:
    """pytest with our plug-in, loaded through its entry point, imports none of our libraries."""
    start = (
        "import io, contextlib, pytest, sys\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    pytest.main(['--markers', '-p', 'no:cacheprovider', '--rootdir', '/', '-c', '/dev/null'])\n"
        "assert 'claim(id)' in out.getvalue()"
    )

    loaded = _loaded_after(start)

    assert loaded & {*HEAVY, "numpy"} == set()


def test_starting_hypothesis_loads_the_hook_and_nothing_heavy() -> None:
    """Hypothesis calls our hook at its import, which imports none of our libraries."""
    start = (
        "import hypothesis, sys\n"
        "hypothesis.strategies.from_type(int).validate()\n"
        "assert 'bellcheck.mdp.hypothesis_hook' in sys.modules"
    )

    loaded = _loaded_after(start)

    assert loaded & {*HEAVY, "numpy"} == set()


@pytest.mark.parametrize("package", ["bellcheck.mdp", "bellcheck.proofs", "bellcheck.reports"])
def test_importing_a_layer_loads_nothing_heavy(package: str) -> None:
    """The three packages are names until one of their modules is imported."""
    assert _loaded_after(f"import {package}") & {*HEAVY, "numpy"} == set()


def test_solving_loads_no_optional_library() -> None:
    """Building and solving a model takes NumPy and python-flint, and no optional library."""
    code = (
        "from bellcheck.mdp import FiniteMDP, policy_iteration\n"
        "policy_iteration(FiniteMDP.from_arrays(P=[[[1]]], R=[1], discount='1/2'))"
    )

    assert _loaded_after(code) & set(HEAVY) == {"flint"}


def _exporting_modules() -> list[str]:
    # A claim file exports nothing: the registry finds its one claim, and the checks are reached through it.
    folders = {f"bellcheck.proofs.{group.replace('-', '_')}" for group in GROUPS}
    # An adapter imports the library that it adapts, which is installed where it is used (tests/test_peers.py).
    folders.add("bellcheck.proofs.conformance.adapters")
    return [name for name in _modules() if name.rpartition(".")[0] not in folders]


@pytest.mark.parametrize("name", _exporting_modules())
def test_all_is_truthful(name: str) -> None:
    """Each name in ``__all__`` exists, and each public function and class of the module is named there."""
    module = importlib.import_module(name)
    own = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == name
    }
    is_package = hasattr(module, "__path__")

    exported = getattr(module, "__all__", [] if is_package else None)

    assert exported is not None
    assert [key for key in exported if not hasattr(module, key)] == []
    assert own - set(exported) == set()


def test_type_checkers_see_the_lazy_names() -> None:
    """The imports of bellcheck.mdp that only a type checker runs are the names that it resolves at run time."""
    package = importlib.import_module("bellcheck.mdp")
    imports = [node for node in ast.walk(ast.parse(inspect.getsource(package))) if isinstance(node, ast.ImportFrom)]

    declared = {alias.name: node.module for node in imports if node.level == 1 for alias in node.names}

    assert declared == vars(package)["_MODULE_OF"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    """bellcheck.mdp has the names that it lists and no others."""
    package = importlib.import_module("bellcheck.mdp")

    with pytest.raises(AttributeError, match="'no_such_name'"):
        package.no_such_name  # noqa: B018 - looking is the act
