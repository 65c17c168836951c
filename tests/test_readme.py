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
    """Certified value iteration passes the README's test, on a hundred models."""
    solved = []

    def solver(mdp: FiniteMDP, epsilon: float) -> np.ndarray:
        solved.append(value_iteration(mdp, epsilon))
        return solved[-1].q

    _test_for_a(solver)()

    assert len(solved) >= 100
    assert all(solution.converged for solution in solved)


def _report_on(net: Any, features: Any) -> Any:
    """Return the report that the README's three lines print about a network."""
    (code,) = re.findall(r"^```python\n(from bellcheck.proofs.modules .*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"net": net, "features": features}
    exec(compile(code, "README.md", "exec"), names)
    return names["report"]


def test_the_three_lines_accept_a_right_network(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of an ordinary network holds, and is printed."""
    nn = pytest.importorskip("torch").nn

    report = _report_on(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double(), [[0, 1], [1, 0], [1, 1]])

    assert report.holds
    assert capsys.readouterr().out.count("holds") == 5


def test_the_three_lines_refute_a_detached_network(capsys: pytest.CaptureFixture[str]) -> None:
    """A detached layer is refuted with the words that the README quotes."""
    torch = pytest.importorskip("torch")
    (quoted,) = re.findall(r"`wrong\nfor b.weight, b.bias: (.*? cuts a branch off), in ", README)

    class Detached(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)

        def forward(self, x: Any) -> Any:
            return self.a(x) * self.b(x).detach()

    report = _report_on(Detached().double(), [[0, 1], [1, 0], [1, 1]])

    assert not report.holds
    assert f"wrong for b.weight, b.bias: {quoted}" in capsys.readouterr().out


def test_the_authors_test_fails_a_solver_that_breaks_its_promise() -> None:
    """A solver that returns zeros whatever the model fails the README's test."""

    def zeros(mdp: FiniteMDP, epsilon: float) -> np.ndarray:
        return np.zeros(mdp.n_pairs)

    with pytest.raises(AssertionError):
        _test_for_a(zeros)()
