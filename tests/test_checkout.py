"""What the files of the source tree say about each other."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest

from bellcheck.mdp.arithmetic import maximum
from bellcheck.proofs.bellman import contraction
from bellcheck.proofs.relation import less_than
from bellcheck.proofs.verify import verify_claim

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOOLS = {"cosmic-ray", "mypy", "pre-commit", "ruff", "tox"}  # the tests run none of them
EXTRAS = PROJECT["project"]["optional-dependencies"]
REQUIREMENT = re.compile(r"([A-Za-z0-9-]+)>=([0-9.]+(?:b[0-9]+)?)")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements() -> dict[str, str]:
    """The distributions that pyproject.toml asks for, apart from bellcheck itself, with their lowest versions."""
    lists = [PROJECT["project"]["dependencies"], *EXTRAS.values(), *PROJECT["dependency-groups"].values()]
    return {name: bound for items in lists for name, bound in _bounds(items).items()}


def _bounds(items: list[object]) -> dict[str, str]:
    """The distributions of one list with their lowest versions, apart from bellcheck itself and from other groups."""
    texts = [text for text in items if isinstance(text, str) and not text.startswith("bellcheck[")]
    found = {text: REQUIREMENT.fullmatch(text) for text in texts}
    assert [text for text, match in found.items() if match is None] == []
    return {_normal(match[1]): match[2] for match in found.values() if match}


def _peers() -> set[str]:
    """The libraries of the extras that `all` leaves out: what is judged, and nothing of ours rests on."""
    (everything,) = EXTRAS["all"]
    apart = EXTRAS.keys() - {"all", *re.findall(r"[\w-]+", everything.partition("[")[2])}
    return {name for extra in apart for name in _bounds(EXTRAS[extra])}


def _constraints(name: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / name).read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {_normal(distribution): version for distribution, version in pins}


def test_every_package_folder_is_shipped() -> None:
    """The packages listed in pyproject.toml are the folders that hold an ``__init__.py``."""
    folders = {
        "bellcheck." + ".".join(file.parent.relative_to(ROOT).parts)
        for layer in ("mdp", "proofs", "reports")
        for file in (ROOT / layer).rglob("__init__.py")
    }

    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(folders)


def test_every_data_file_is_shipped() -> None:
    """Each file of the packages that is not Python matches a pattern of package-data."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    files = [file for layer in ("mdp", "proofs", "reports") for file in (ROOT / layer).rglob("*") if file.is_file()]
    data = [file for file in files if file.suffix != ".py" and "__pycache__" not in file.parts]

    assert [file for file in data if not any(file.match(pattern) for pattern in patterns)] == []


@pytest.mark.parametrize(("name", "apart"), [("test.txt", set()), ("oldest.txt", TOOLS | _peers())])
def test_every_requirement_is_pinned(name: str, apart: set[str]) -> None:
    """A constraints file that left a requirement open would let the environment change by itself."""
    assert _requirements().keys() - _constraints(name).keys() - apart == set()


def test_oldest_is_the_oldest() -> None:
    """Each lower bound in pyproject.toml is the version that `oldest` installs, apart from torch and what is judged."""
    oldest = _constraints("oldest.txt")

    bounds = {name: bound for name, bound in _requirements().items() if name not in TOOLS | _peers() | {"torch"}}

    assert {name: oldest[name] for name in bounds} == bounds


def test_the_judged_libraries_are_the_newest() -> None:
    """The lower bound of a library that is judged is the one version of it that `peers` installs."""
    newest = _constraints("test.txt")

    bounds = {name: bound for name, bound in _requirements().items() if name in _peers()}

    assert bounds.keys() == {"pymdptoolbox", "tensordict", "torchrl", "stable-baselines3"}
    assert {name: newest[name] for name in bounds} == bounds


def test_citation_names_the_version() -> None:
    """CITATION.cff cites the version that pyproject.toml builds."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert f"\nversion: {PROJECT['project']['version']}\n" in citation


def test_changelog_names_the_version() -> None:
    """CHANGELOG.md has a section for the version that pyproject.toml builds."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"\n## {PROJECT['project']['version']}" in changelog


def test_continuous_integration_runs_the_documented_commands() -> None:
    """`.ci/run` contains the README's command for the tests and the one for the report."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    commands = re.findall(r"^python -m pip install tox && (python -m tox -e \w+)$", readme, flags=re.MULTILINE)

    assert len(commands) == 2
    assert [command for command in commands if command not in script] == []


def test_the_claim_in_contributing_is_as_expected() -> None:
    """The claim that CONTRIBUTING.md builds holds by both kinds of its evidence, and its control is refuted by both."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    names = {**vars(contraction), "np": np, "maximum": maximum, "less_than": less_than}
    code = "from __future__ import annotations\n" + "".join(map(textwrap.dedent, blocks))
    exec(compile(code, "CONTRIBUTING.md", "exec"), names)

    verdict = verify_claim(names["monotone"], examples=20)

    assert [(check.kind, check.status) for check in verdict.checks] == [("exact", "holds"), ("all-reals", "holds")]
    assert [control.status for control in verdict.controls] == ["refuted", "refuted"]
