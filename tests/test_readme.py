"""What the README shows is what happens."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bellcheck.mdp import FiniteMDP, value_iteration
from bellcheck.proofs.conformance import check_solver
from bellcheck.proofs.conformance.adapters import KNOWN
from bellcheck.proofs.conformance.doors import DOORS
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import all_claims
from bellcheck.reports.command_line import app, main

# A run of pytest inside this process forgets what it was the first to import, and NumPy cannot be imported twice.
assert all_claims()
assert planted("q-learner")

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def _block(language: str, start: str) -> str:
    """Return the one block of code that starts so."""
    (found,) = re.findall(rf"^```{language}\n({re.escape(start)}.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return found


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
    code = _block("python", "import numpy as np\nfrom hypothesis")
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


# -------------------------------------------------------------------- somebody else's code


def _arguments(command: str) -> list[str]:
    """Return the arguments of the one command, in a block or in the text, that begins so."""
    (line,) = re.findall(rf"(?:^|`)({re.escape(command)}[^`\n]*)", README, flags=re.MULTILINE)
    return shlex.split(line)[1:]


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The student's file, in the folder in which the test is."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "student.py"
    file.write_text(_block("python", "import numpy as np\n\n\ndef act("), encoding="utf-8")
    return file


def test_the_student_gets_the_counterexample_shown(student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands refute the student's file as the README shows, explain the rule and draw the model."""
    assert len(student.read_text(encoding="utf-8").splitlines()) <= 15

    statuses = [main(_arguments("bellcheck check student.py"))]
    printed = " ".join(capsys.readouterr().out.split())
    statuses += [main(_arguments(f"bellcheck {verb}")) for verb in ("explain q-learning", "export verdict.json")]

    assert statuses == [1, 0, 0]
    for part in re.split(r"\n(?=\w+ {3,}|\n)", _block("text", "q-learning.update-rule::")):
        assert " ".join(part.split()) in printed
    then = capsys.readouterr().out
    assert "V(s') = 0 where s' is terminal" in " ".join(then.split())
    assert "<svg" in then


def test_the_mended_student_agrees(student: Path) -> None:
    """With the mistake mended that the README explains, nothing is refuted any more."""
    mended = student.read_text(encoding="utf-8").replace("np.max(Q[s_next])", "0 if done else np.max(Q[s_next])")
    student.write_text(mended, encoding="utf-8")

    status = main([*_arguments("bellcheck check student.py"), "--max-examples", "5"])

    assert status == 0


def test_the_table_of_kinds_is_complete() -> None:
    """Each kind of subject has its row, with its signature and what it may declare."""
    rows = [
        f"| `{door.kind}` | `{door.signature}` | {', '.join(convention.name for convention in door.conventions)} |"
        for door in DOORS.values()
    ]

    assert [line for line in README.splitlines() if line.startswith("| `")] == rows


def test_help_says_what_may_be_declared() -> None:
    """The conventions of a kind stand in the docstring of its function, with the words to choose from."""
    text = check_solver.__doc__

    assert all(convention.name in text for convention in DOORS["solver"].conventions)
    assert "the axes of P: state, action, state or action, state, state; sas, ass" in text


def test_the_list_of_results_names_what_is_wrong(student: Path) -> None:
    """The Python door's lines run, and find the student's mistake."""
    names: dict[str, Any] = {}

    exec(compile(_block("python", "from bellcheck.proofs.conformance import check_"), "README.md", "exec"), names)

    assert ("q-learning.update-rule", "one_entry_moves_to_its_target", ["0"], ["2"]) in names["wrong"]


def test_the_suite_fails_but_where_it_is_expected(student: Path, pytester: pytest.Pytester) -> None:
    """The README's tests run: what the file of expected failures lists is expected, the rest is not."""
    code = _block("python", "from bellcheck.proofs.conformance import parametrize")
    pytester.makepyfile(student=student.read_text(encoding="utf-8"), test_suite=code)
    (line,) = re.findall(r"such as `(q-learning\.update-rule::.*?)`", README)
    pytester.maketxtfile(known=line)

    run = pytester.runpytest_inprocess()

    run.assert_outcomes(xfailed=2, failed=1, skipped=1, passed=2)  # skipped: -10^8 + 1 is none of float32's numbers


def test_the_options_of_pytest_add_the_tests(student: Path, pytester: pytest.Pytester) -> None:
    """The README's command adds a test a check, of which one is enough here."""
    pytester.makepyfile(student=student.read_text(encoding="utf-8"))

    run = pytester.runpytest_inprocess(*_arguments("pytest --bellcheck-subject"), "-k", "one_entry")

    assert run.parseoutcomes()["failed"] == 1


def test_every_verb_and_adapter_is_named() -> None:
    """The table of the command line has every verb; the adapter that is called as an example is one."""
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    (adapter,) = re.findall(r"`bellcheck check (pymdptoolbox:\w+)`", README)

    assert verbs == set(re.findall(r"^    bellcheck (\w+) ", README, flags=re.MULTILINE))
    assert adapter in KNOWN
