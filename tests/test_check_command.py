"""`bellcheck check`: somebody else's code judged, what is wrong shown, and what cannot be judged refused in a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bellcheck.mdp.arithmetic import exact
from bellcheck.mdp.file_format import from_data
from bellcheck.proofs.conformance.verdicts import CONDUCT
from bellcheck.proofs.matrix import states
from bellcheck.reports.command_line import main

FOLDER = Path(__file__).parent / "subjects"
RIGHT, WRONG = FOLDER / "right.py", FOLDER / "wrong.py"
LEARNER = ("--as", "q-learner", "--claim", "q-learning.update-rule", "--max-examples", "5")
ONE_ENTRY = "q-learning.update-rule::one_entry_moves_to_its_target"

UPDATE = """
def update(Q, s, a, r, s_next, terminated, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) - Q[s, a])
"""
NOISY = """
import os, sys
print("NOISE on import")

def update(Q, s, a, r, s_next, terminated, alpha, gamma):
    print('NOISE {"results": []}')
    print("NOISE", file=sys.stderr)
    os.write(1, b"NOISE\\n")
    Q[s, a] += alpha * (r + gamma * (0 if terminated else Q[s_next].max()) - Q[s, a])
"""

Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the command, and return the status and what --json wrote."""

    def run(subject: object, *options: str) -> tuple[int, dict[str, Any]]:
        file = tmp_path / "judgement.json"
        status = main(["check", str(subject), *options, "--json", str(file)])
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return status, data

    return run


@pytest.fixture
def homework(tmp_path: Path) -> Callable[[str], Path]:
    """Write a program, and return its file."""

    def write(text: str) -> Path:
        file = tmp_path / "homework.py"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def _names(data: dict[str, Any], status: str) -> list[str]:
    return [f"{r['id']}::{r['check']}" if r["check"] else r["id"] for r in data["results"] if r["status"] == status]


def _without_times(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "results": [{**result, "seconds": 0} for result in data["results"]]}


# -------------------------------------------------------------------- right and wrong


@pytest.mark.parametrize(
    ("name", "kind", "claim"),
    [
        ("update", "q-learner", "q-learning.update-rule"),
        ("masked", "q-learner", "q-learning.update-rule"),
        ("sarsa", "sarsa", "q-learning.*"),
        ("n_step", "n-step-learner", "q-learning.*"),
        ("double_q", "double-q-learner", "deep-q.double-q-tabular"),
        ("step_size", "step-size", "q-learning.*"),
        ("values_operator", "operator", "bellman.contraction"),
        ("polyak", "target-update", "deep-q.*"),
    ],
)
def test_right_code_agrees(name: str, kind: str, claim: str, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 0; it says that it agrees and how much of what was asked held."""
    status, data = check(f"{RIGHT}:{name}", "--as", kind, "--claim", claim, "--max-examples", "5")

    assert status == 0
    assert f"{name} as {kind}: agrees with the theory" in " ".join(capsys.readouterr().out.split())
    assert _names(data, "refuted") == []
    assert any(result["examples"] >= 5 for result in data["results"] if result["status"] == "holds")
    assert data["calls"] > 5


@pytest.mark.parametrize(
    ("name", "kind", "claim", "refuted"),
    [
        ("sign", "q-learner", "q-learning.update-rule", "one_entry_moves_to_its_target"),
        ("illegal_actions", "q-learner", "q-learning.update-rule", "no_padding_is_low_enough"),
        ("terminal_state_bootstrapped", "q-learner", "q-learning.update-rule", "one_entry_moves_to_its_target"),
        ("greedy_sarsa", "sarsa", "q-learning.targets-told-apart", "sarsa_takes_the_value_of_the_next_action"),
        ("one_gamma", "n-step-learner", "q-learning.n-step-target", "targets_are_sums_of_rewards"),
        ("root", "step-size", "q-learning.step-size-law", "sizes_are_those_of_the_law"),
        ("undiscounted", "operator", "bellman.contraction", "distances_shrink"),
        ("valued_by_its_own", "double-q-learner", "deep-q.double-q-tabular", ""),
    ],
)
def test_wrong_code_is_refuted(
    name: str, kind: str, claim: str, refuted: str, check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status is 1; the counterexample is printed with what was due and what came, and is small."""
    status, data = check(f"{WRONG}:{name}", "--as", kind, "--claim", claim, "--max-examples", "10")

    printed = " ".join(capsys.readouterr().out.split())
    found = [result for result in data["results"] if result["status"] == "refuted" and result["id"] == claim]
    assert status == 1
    assert found
    assert refuted in ["", *(result["check"] for result in found)]
    assert f"{claim}::" in printed
    assert "expected" in printed
    assert "got" in printed
    for result in found:
        assert (states(result["instance"]) or 0) <= 3


def test_what_was_due_and_what_came_are_of_the_first_wrong_call(check: Check) -> None:
    """With the wrong sign an entry misses its target by twice what stood there, in steps of the step size."""
    _, data = check(f"{WRONG}:sign", *LEARNER)

    (result,) = [result for result in data["results"] if f"{result['id']}::{result['check']}" == ONE_ENTRY]
    asked = result["call"]["asked"]
    due, came, before = (exact(table[asked["pair"]]) for table in (result["expected"], result["got"], asked["q"]))
    assert came - due == 2 * exact(asked["step_size"]) * before != 0


def test_ragged_actions_are_given_as_legal(check: Check) -> None:
    """Who is told the legal actions and does not listen is refuted where states have different numbers of them."""
    _, data = check(f"{WRONG}:illegal_actions", *LEARNER)

    call = next(result["call"] for result in data["results"] if result["status"] == "refuted")
    mdp = from_data(call["asked"]["mdp"])
    assert len({len(mdp.pairs_of(int(state))) for state in mdp.acting}) > 1


def test_same_seed_same_judgement(check: Check) -> None:
    """Two runs with one seed differ in nothing but seconds; another seed asks other questions."""
    options = ("--as", "sarsa", "--max-examples", "5")

    once, again, other = (
        _without_times(check(f"{WRONG}:greedy_sarsa", *options, "--seed", seed)[1]) for seed in ("4", "4", "5")
    )

    assert once == again
    assert once["seed"] == 4
    assert other["calls"] != once["calls"] or other["results"] != once["results"]


# -------------------------------------------------------------------- the JSON


def test_json_has_what_scripts_rely_on(check: Check) -> None:
    """A result for each check and each point of conduct; those refuted with instance, expected and got."""
    _, data = check(f"{WRONG}:sign", *LEARNER, "--declare", "table=lists")

    assert {"bellcheck", "subject", "kind", "declared", "seed", "results", "summary", "calls"} <= set(data)
    assert (data["subject"], data["kind"]) == (f"{WRONG}:sign", "q-learner")
    assert data["declared"] == {"table": "lists"}
    assert {result["id"] for result in data["results"]} == {"q-learning.update-rule", *CONDUCT}
    for result in data["results"]:
        assert {"id", "check", "says", "status", "expected", "got", "expected_failure"} <= set(result)
        assert ("instance" in result) == (result["status"] == "refuted")


def test_json_counts_by_status(check: Check) -> None:
    """The summary is that of the results."""
    _, data = check(f"{WRONG}:sign", *LEARNER)

    statuses = [result["status"] for result in data["results"]]
    assert {name: data["summary"][name] for name in ("holds", "refuted", "not_run")} == {
        "holds": statuses.count("holds"),
        "refuted": statuses.count("refuted"),
        "not_run": statuses.count("not-run"),
    }


def test_counterexample_can_be_exported(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`bellcheck export` reads the file and knows checks by their names."""
    check(f"{WRONG}:sign", *LEARNER)
    capsys.readouterr()

    options = ["--to", "hypothesis", "--check", "one_entry_moves_to_its_target"]
    status = main(["export", str(tmp_path / "judgement.json"), *options])

    printed = capsys.readouterr()
    assert status == 0, printed.err
    assert "def test_yours" in printed.out


def test_claims_are_chosen(check: Check) -> None:
    """--claim takes ids, groups and globs, and may be given again."""
    _, data = check(
        f"{RIGHT}:sarsa", "--as", "sarsa", "--claim", "bellman", "--claim", "*.any-b*", "--max-examples", "5"
    )

    assert {result["id"] for result in data["results"]} - set(CONDUCT) == {"q-learning.any-behaviour"}


# -------------------------------------------------------------------- declarations


def test_what_is_built_in_is_declared(check: Check) -> None:
    """A program with constants of its own is held to those that it declares."""
    status, data = check(f"{RIGHT}:built_in", *LEARNER, "--declare", "step_size=1/2", "--declare", "discount=3/4")

    assert status == 0
    assert ONE_ENTRY in _names(data, "holds")


def test_what_cannot_be_asked_is_not_run(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """Constants in the code that are not declared: nothing is refuted, the remedy is named, and the status is 3."""
    status, data = check(f"{RIGHT}:built_in", *LEARNER)

    printed = " ".join(capsys.readouterr().out.split())
    assert status == 3
    assert {result["status"] for result in data["results"]} == {"not-run"}
    assert "--declare step_size" in printed


@pytest.mark.parametrize("wrong", [("step_size=1/4", "discount=3/4"), ("step_size=1/2", "discount=1/2")])
def test_a_wrong_number_is_found_out(wrong: tuple[str, str], check: Check) -> None:
    """Held to another step size or discount than it has, right code is refuted."""
    status, data = check(f"{RIGHT}:built_in", *LEARNER, "--declare", wrong[0], "--declare", wrong[1])

    assert status == 1
    assert ONE_ENTRY in _names(data, "refuted")


def test_a_wrong_convention_is_found_out_and_said(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """The mean of squares is not that of half squares, and the declaration that would fit is named."""
    options = (
        "--as",
        "td-loss",
        "--declare",
        "error=half-square",
        "--claim",
        "deep-q.loss-targets",
        "--max-examples",
        "3",
    )

    status, data = check(f"{RIGHT}:loss", *options)

    assert status == 1
    assert any("error=square" in words for words in data["looks_like"])
    assert "error=square" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "table"),
    [("update", "float32"), ("new_value", "lists"), ("keyed", "dict"), ("by_row", "nested"), ("new_value", "rows")],
)
def test_tables_of_every_form(name: str, table: str, check: Check) -> None:
    """The same right update on tables as programs keep them; in single precision no rounding is held against it."""
    status, data = check(f"{RIGHT}:{name}", *LEARNER, "--declare", f"table={table}")

    assert status == 0
    assert ONE_ENTRY in _names(data, "holds")


def test_an_update_that_cannot_have_that_table_is_refuted(check: Check) -> None:
    """``Q[s, a]`` of lists raises, and that is said."""
    status, data = check(f"{RIGHT}:update", *LEARNER, "--declare", "table=lists")

    reasons = [result["reason"] for result in data["results"] if result["id"] == "conduct.answers"]
    assert status == 1
    assert any("TypeError: list indices must be integers" in reason for reason in reasons)
    assert ONE_ENTRY in _names(data, "not-run")


# -------------------------------------------------------------------- expected failures


def _expecting(tmp_path: Path, *lines: str) -> tuple[str, str]:
    file = tmp_path / "expected.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "--expect-fail", str(file)


def test_what_is_expected_to_fail_fails_no_run(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Covered by a line, a refutation is marked and counted as expected, and the status is 0."""
    lines = _expecting(tmp_path, "# known", "q-learning.update-rule  # the sign")

    status, data = check(f"{WRONG}:sign", *LEARNER, *lines)

    printed = " ".join(capsys.readouterr().out.split())
    assert status == 0
    assert [r["expected_failure"] for r in data["results"] if r["status"] == "refuted"] == [True, True]
    assert data["summary"]["stale"] == []
    assert "expected" in printed
    assert "stale" not in printed


def test_what_is_new_fails_a_run(check: Check, tmp_path: Path) -> None:
    """A line for one check leaves the other unexpected."""
    status, data = check(f"{WRONG}:sign", *LEARNER, *_expecting(tmp_path, ONE_ENTRY))

    assert status == 1
    assert {r["check"]: r["expected_failure"] for r in data["results"] if r["status"] == "refuted"} == {
        "one_entry_moves_to_its_target": True,
        "no_padding_is_low_enough": False,
    }


def test_stale_lines_are_said(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What holds, and what is about nothing, each with its remedy; what was not asked now is left alone."""
    expected = _expecting(tmp_path, ONE_ENTRY, "q-learning.update-rul", "deep-q.terminal-mask")

    status, data = check(f"{RIGHT}:update", *LEARNER, *expected)

    printed = " ".join(capsys.readouterr().out.split())
    assert status == 0
    assert data["summary"]["stale"] == [ONE_ENTRY, "q-learning.update-rul"]
    assert f"stale: '{ONE_ENTRY}' is expected to be refuted, and holds; take the line out" in printed
    assert "did you mean q-learning.update-rule?" in printed


# -------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("subject", "options", "says"),
    [
        ("no_such_module:update", ["--as", "q-learner"], "no module 'no_such_module'"),
        ("no_such_file.py:update", ["--as", "q-learner"], "no file no_such_file.py"),
        (f"{RIGHT}:updaet", ["--as", "q-learner"], "has no updaet; it has"),
        (f"{RIGHT}", ["--as", "q-learner"], "write package.module:name or file.py:name"),
        ("math:pi", ["--as", "q-learner"], "math:pi is a float, which cannot be called"),
        ("math:sqrt", ["--as", "q-learner"], "--declare arguments="),
        (f"{RIGHT}:update", [], "--as KIND, one of q-learner"),
        (f"{RIGHT}:update", ["--as", "q-lerner"], "did you mean q-learner?"),
        (f"{RIGHT}:update", ["--as", "frog"], "choose one of q-learner"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "loss=huber"], "of kind q-learner declare arguments"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "table=sparse"], "choose one of array, float32"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "discount=2"], "it lies in [0, 1]"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "discount=x"], "--declare discount"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "discount"], "write NAME=VALUE"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--declare", "arguments=table,frog"], "'frog' is no role here"),
        (f"{RIGHT}:solve", ["--as", "solver", "--declare", "policy=maybe"], "--declare policy"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--claim", "q-learning.update-rul"], "q-learning.update-rule?"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--max-examples", "0"], "'0' is not a whole number of at least 1"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--max-examples", "many"], "'many' is not a whole number"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--seed", "-1"], "'-1' is not a whole number"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--time-limit", "0"], "--time-limit"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--expect-fail", "no-such.txt"], "no-such.txt: No such file"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--expect-fail", "."], "Is a directory"),
        (f"{RIGHT}:update", ["--as", "q-learner", "--json", "no/such/x.json"], "cannot write no/such/x.json"),
        ("", ["--as", "q-learner"], "is no address of a subject"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    subject: str,
    options: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard error names the value and the remedy; nothing is printed, nothing is judged."""
    monkeypatch.chdir(tmp_path)

    status = main(["check", subject, *options])

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert says in printed.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"q-learning.update-rule\ntwo ids here\n", "line 2: 'two ids here' is not one id"),
        (b"\xff\xfe", "text in UTF-8"),
    ],
)
def test_a_bad_file_of_expected_failures_is_refused(
    content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is named, before the subject is started."""
    file = tmp_path / "expected.txt"
    file.write_bytes(content)

    status = main(["check", "no_such_module:update", "--as", "q-learner", "--expect-fail", str(file)])

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert printed.err.startswith(f"Error: {file}")
    assert says in printed.err


def test_an_import_that_fails_is_refused_with_its_noise_kept_away(
    homework: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    """What a program raises on import is named in a line; what it prints before is not ours to print."""
    file = homework("print('NOISE')\nraise RuntimeError('no data\\nhere')\n")

    status = main(["check", f"{file}:update", "--as", "q-learner"])

    printed = capfd.readouterr()
    assert status == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "RuntimeError: no data" in printed.err


# -------------------------------------------------------------------- their process and ours


def test_printed_noise_reaches_neither_output_nor_json(
    homework: Callable[[str], Path], check: Check, capfd: pytest.CaptureFixture[str]
) -> None:
    """However it prints, on import and in calls, only the point of conduct about output quotes it."""
    status, data = check(f"{homework(NOISY)}:update", *LEARNER)

    printed = capfd.readouterr()
    lines = printed.out.splitlines()
    quoted = next(place for place, line in enumerate(lines) if "conduct.output" in line)
    assert status == 0
    assert "NOISE" not in printed.err
    assert all("NOISE" not in line for line in lines[:quoted])
    assert not any(line.startswith("NOISE") for line in lines)
    assert ["NOISE" in json.dumps(result) for result in data["results"]] == [
        result["id"] == "conduct.output" for result in data["results"]
    ]


def test_the_users_own_mdp_module_is_theirs(tmp_path: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file mdp.py in the folder is imported there, under that name and for what imports it; ours stay ours."""
    (tmp_path / "mdp.py").write_text("GAMMA = 0.5\n" + UPDATE, encoding="utf-8")
    (tmp_path / "proofs.py").write_text("from mdp import update as inner\n\n\ndef update(*, Q, s, a, r, s_next, done, "
                                        "alpha, gamma):\n    inner(Q, s, a, r, s_next, done, alpha, gamma)\n",
                                        encoding="utf-8")  # fmt: skip
    monkeypatch.chdir(tmp_path)

    statuses = [check(f"{module}:update", *LEARNER)[0] for module in ("mdp", "proofs", "mdp.py")]

    assert statuses == [0, 0, 0]
    assert "mdp" not in sys.modules
    assert "proofs" not in sys.modules


def test_a_program_is_run_in_the_child_alone(homework: Callable[[str], Path], check: Check, tmp_path: Path) -> None:
    """It is imported, in another process than ours, and what stands behind ``if __name__`` never runs."""
    log = tmp_path / "log.txt"
    note = f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}} {{__name__}}\\n')\n"
    file = homework(note + UPDATE + "\n\nif __name__ == '__main__':\n    raise SystemExit(9)\n")

    status, _ = check(f"{file}:update", *LEARNER)

    lines = [line.split() for line in log.read_text("utf-8").splitlines()]
    assert status == 0
    assert {name for _, name in lines} == {"homework"}
    assert str(os.getpid()) not in {process for process, _ in lines}
    assert "homework" not in sys.modules


@pytest.mark.parametrize(
    ("subject", "declared"),
    [
        ("__import__('pathlib').Path('made').touch():update", "table=array"),
        (f"{RIGHT}:update.__globals__['os']", "table=array"),
        (f"{RIGHT}:update", "discount=__import__('pathlib').Path('made').touch()"),
        (f"{RIGHT}:update", "arguments=__import__('pathlib').Path('made').touch()"),
    ],
)
def test_addresses_and_declarations_are_not_evaluated(
    subject: str,
    declared: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Python in their place is text like any other: refused, in a line."""
    monkeypatch.chdir(tmp_path)

    status = main(["check", subject, "--as", "q-learner", "--declare", declared])

    assert status == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left where the command runs but what Python itself caches of the program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    (tmp_path / "agents.py").write_text(UPDATE, encoding="utf-8")

    assert main(["check", "agents:update", *LEARNER]) == 0
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"agents.py"}
