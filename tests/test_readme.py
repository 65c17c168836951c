"""What the README shows is what happens."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bellcheck.mdp import FiniteMDP, value_iteration
from bellcheck.reports.command_line import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_print_what_they_show() -> None:
    """The README's Python session runs, and its ten lines are ten."""
    (session,) = re.findall(r"^```python\n(>>> .*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)

    result = doctest.DocTestRunner().run(test)

    assert result.failed == 0
    assert result.attempted <= 10


def test_the_homework_has_the_solution_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's homework.json is a model, and `bellcheck solve` prints the line that the README quotes."""
    (model,) = re.findall(r"^```json\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    (line,) = re.findall(r"prints, among other lines, `(.*?)`", README)
    file = tmp_path / "homework.json"
    file.write_text(model, encoding="utf-8")

    status = main(["solve", str(file)])

    assert status == 0
    assert line.split() in [shown.split() for shown in capsys.readouterr().out.splitlines()]


def _test_for_a(solver: Callable[..., Any]) -> Callable[[], None]:
    """Return the test that the README shows a library's author, about a solver."""
    (code,) = re.findall(r"^```python\n(import .*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"my_solver": solver}
    exec(compile(code, "README.md", "exec"), names)
    return names["test_my_solver_keeps_its_promise"]


def test_the_authors_test_passes_a_solver_that_keeps_its_promise() -> None:
    """Certified value iteration passes the README's test."""
    _test_for_a(lambda mdp, epsilon: value_iteration(mdp, epsilon).q)()


def test_the_authors_test_fails_a_solver_that_breaks_its_promise() -> None:
    """A solver that returns zeros whatever the model fails the README's test."""

    def zeros(mdp: FiniteMDP, epsilon: float) -> np.ndarray:
        return np.zeros(mdp.n_pairs)

    with pytest.raises(AssertionError):
        _test_for_a(zeros)()
