"""What is known of the adapters without the libraries that they are for."""

from __future__ import annotations

import ast
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from bellcheck.proofs.conformance import adapters
from bellcheck.proofs.conformance.adapters import KNOWN
from bellcheck.proofs.conformance.doors import door
from bellcheck.reports.command_line import main

FOLDER = Path(adapters.__file__).parent
PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))


def _exported(module: str) -> list[str]:
    """What ``__all__`` lists, read from the text: importing it would take the library."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    ]
    return list(names)


@pytest.mark.parametrize("module", sorted(file.stem for file in FOLDER.glob("[!_]*.py")))
def test_every_adapter_has_an_address(module: str) -> None:
    """The short addresses of a library are the functions that its adapter exports."""
    addresses = [address.partition(":") for address in KNOWN]

    names = sorted(name for library, _, name in addresses if library == module)
    assert names == _exported(f"{adapters.__name__}.{module}")


@pytest.mark.parametrize("address", KNOWN)
def test_what_an_adapter_declares_is_a_convention_of_its_kind(address: str) -> None:
    """A declaration that the kind does not have would be refused."""
    known = KNOWN[address]

    assert door(known.kind).read(known.declared)


@pytest.mark.parametrize(
    ("address", "library", "extra"),
    [
        ("pymdptoolbox:value_iteration", "mdptoolbox", "pymdptoolbox"),
        ("torchrl:dqn", "tensordict", "torchrl"),
        ("stable_baselines3:dqn", "stable_baselines3", "stable-baselines3"),
    ],
)
def test_a_missing_library_names_its_extra(
    address: str,
    library: str,
    extra: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line says what to install, and the status is that of bad input; `pyproject.toml` has that extra."""
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError('gone', name='{library}')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # where the child looks first, so that an installed one is not found

    status = main(["check", address])

    error = capsys.readouterr().err.strip()
    assert status == 2
    assert error.endswith(f"needs {library}: pip install 'bellcheck[{extra}]'")
    assert "\n" not in error
    assert extra in PROJECT["project"]["optional-dependencies"]


def test_what_a_users_own_module_needs_is_not_ours_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a library that a user's module misses, the extra that would bring it along is not named."""
    (tmp_path / "homework.py").write_text("import mdptoolbox\n", encoding="utf-8")
    (tmp_path / "mdptoolbox.py").write_text("raise ModuleNotFoundError('gone', name='mdptoolbox')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    status = main(["check", "homework:solve", "--as", "solver"])

    error = capsys.readouterr().err
    assert status == 2
    assert "homework cannot be imported: ModuleNotFoundError: gone" in error
