"""Foreign code that misbehaves gets a clear verdict, and the run goes on."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from bellcheck.proofs.conformance.front import judge_subject
from bellcheck.proofs.conformance.sandbox import InvalidSubject, Limits, Sandbox
from bellcheck.proofs.conformance.verdicts import Judgement, Result

FOLDER = Path(__file__).parent / "subjects"
MISBEHAVING = FOLDER / "misbehaving.py"
QUESTION = {
    "table": [[0.0, 1.0], [2.0, 4.0]],
    "columns": [[0, 1], [0, 1]],
    "state": 0,
    "action": 0,
    "reward": 1.0,
    "next_state": 1,
    "terminated": False,
    "truncated": False,
    "step_size": 0.5,
    "discount": 0.5,
}
LIMITS = Limits(seconds=0.4, memory=2**26)


def _judged(name: str, kind: str = "q-learner", claims: tuple[str, ...] = ("q-learning.update-rule",)) -> Judgement:
    return judge_subject(f"{MISBEHAVING}:{name}", kind, claims=claims, max_examples=12, limits=LIMITS)


def _conduct(judgement: Judgement) -> list[Result]:
    return [r for r in judgement.results if r.id.startswith("conduct.") and r.status == "refuted"]


@pytest.mark.parametrize(
    ("name", "id", "says"),
    [
        ("hangs", "conduct.answers::hangs", "no answer within"),
        ("dies", "conduct.answers::crashes", "SIGSEGV"),
        ("exits", "conduct.answers::exits", "SystemExit(0)"),
        ("leaves", "conduct.answers::exits", "status 0"),
        ("floods", "conduct.output::floods", "more output than the limit"),
        ("eats", "conduct.answers::out-of-memory", "more memory than the limit"),
        ("raises", "conduct.answers::raises KeyError", "'a key that is not there' (in misbehaving.py, line"),
        ("asks", "conduct.answers::raises EOFError", "EOFError"),
        ("recurses", "conduct.answers::raises RecursionError", "maximum recursion depth"),
        ("no_number", "conduct.finite::not-finite", "is nan"),
        ("row_alone", "conduct.shape::wrong-shape", "of shape"),
        ("words", "conduct.shape::wrong-shape", "where"),
        ("objects", "conduct.shape::wrong-shape", "a object in the answer"),
        ("end_written", "conduct.cells::elsewhere", "the terminal cell of state"),
    ],
)
def test_each_fault_is_a_verdict(name: str, id: str, says: str) -> None:
    """The kind of fault is named, with what was seen and a small instance on which it shows."""
    judgement = _judged(name)

    (result,) = _conduct(judgement)
    assert result.name == id
    assert says in (result.reason or "")
    assert result.instance is not None
    assert judgement.exit_status == 1


@pytest.mark.parametrize("name", ["hangs_at_times", "dies_at_times", "raises_at_times"])
def test_the_run_goes_on_behind_a_fault(name: str) -> None:
    """What fails on some instances is still judged on the others, and holds there."""
    judgement = _judged(name)

    (fault,) = _conduct(judgement)
    held = [result for result in judgement.results if result.status == "holds" and not result.id.startswith("conduct.")]
    assert fault.id == "conduct.answers"
    assert held
    assert all(result.examples > 0 for result in held)


@pytest.mark.parametrize("name", ["prints", "writes_on_descriptor_1"])
def test_printing_disturbs_nothing(name: str) -> None:
    """Output is read and counted apart from the answers, and said."""
    judgement = _judged(name)

    (output,) = [result for result in judgement.results if result.id == "conduct.output"]
    assert judgement.agrees
    assert "it printed" in (output.reason or "")


@pytest.mark.parametrize("name", ["counts_its_calls", "draws"])
def test_a_subject_that_remembers_is_found_out(name: str) -> None:
    """Asked the same again, behind other calls and with other global random numbers, it answers otherwise."""
    judgement = _judged(name)

    assert "conduct.repeatable" in [result.id for result in _conduct(judgement)]


def test_a_solver_that_writes_to_its_arguments_is_found_out() -> None:
    """The arrays are compared after the call with what they held before."""
    judgement = _judged("overwrites", "solver", ("bellman.solver-promise",))

    (result,) = [r for r in _conduct(judgement) if r.id == "conduct.arguments"]
    assert "given as P" in (result.reason or "")


def test_a_child_is_started_again_after_it_died() -> None:
    """The next question is answered by a new process."""
    sandbox = Sandbox("q-learner", f"{MISBEHAVING}:dies_at_times", {}, LIMITS)

    with pytest.raises(Exception, match="SIGABRT"):
        sandbox.ask({**QUESTION, "reward": 2.0})
    answer = sandbox.ask(QUESTION)

    assert answer == {"table": [[1.5, 1.0], [2.0, 4.0]]}
    assert sandbox.starts == 2
    sandbox.close()


def test_a_closure_runs_in_a_fork() -> None:
    """A function that no other process could import is judged all the same, outside our process."""
    seen = []

    def update(Q, s, a, r, s_next, terminated, alpha, gamma):  # type: ignore[no-untyped-def]
        seen.append(s)
        Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) - Q[s, a])

    judgement = judge_subject(update, "q-learner", claims=["q-learning.update-rule"], max_examples=10)

    assert judgement.agrees
    assert judgement.calls > 10
    assert seen == []


def test_the_users_own_mdp_module_is_theirs(tmp_path: Path) -> None:
    """A file called mdp.py beside the subject is what ``import mdp`` finds."""
    (tmp_path / "mdp.py").write_text("GAMMA = 0.5\n")
    (tmp_path / "agents.py").write_text(
        "from mdp import GAMMA\n"
        "def update(Q, s, a, r, s2, terminated, alpha):\n"
        "    Q[s, a] += alpha * (r + GAMMA * (0 if terminated else Q[s2].max()) - Q[s, a])\n"
    )
    sandbox = Sandbox("q-learner", "agents:update", {"discount": "1/2"}, LIMITS, tmp_path)

    answer = sandbox.ask(QUESTION)

    assert answer["table"][0][0] == 1.5
    sandbox.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("def update(:\n", "SyntaxError"),
        ("raise RuntimeError('on import')\n", "RuntimeError: on import"),
        ("import sys; sys.exit(3)\n", "SystemExit: 3"),
        ("update = 7\n", "is a int, which cannot be called"),
        ("def other(): pass\n", "it has other"),
        ("def update(Q, s, a, r, frog): pass\n", "what parameter 'frog' is given is not clear"),
        ("def update(Q, s, a, r): pass\n", "no parameter is recognised as next_state"),
    ],
)
def test_a_subject_that_cannot_be_loaded_is_bad_input(tmp_path: Path, text: str, says: str) -> None:
    """One line names the file, what is wrong with it, and what to do."""
    file = tmp_path / "homework.py"
    file.write_text(text)

    with pytest.raises(InvalidSubject) as caught:
        Sandbox("q-learner", f"{file}:update", {}, LIMITS).start()

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells of the end of a process that is not ours")
def test_no_child_outlives_its_parent(tmp_path: Path) -> None:
    """Killed while the subject hangs, a run leaves no process behind."""
    code = f"""
import os
from bellcheck.proofs.conformance.sandbox import Limits, Sandbox
sandbox = Sandbox("q-learner", {f"{MISBEHAVING}:hangs"!r}, {{}}, Limits(seconds=600))
sandbox.start()
print(sandbox._process.pid, flush=True)
sandbox.ask({QUESTION!r})
"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert run.stdout is not None
    child = int(run.stdout.readline())

    watch = os.pidfd_open(child)
    run.kill()
    run.communicate()

    ended, _, _ = select.select([watch], [], [], 60)
    os.close(watch)
    assert ended
