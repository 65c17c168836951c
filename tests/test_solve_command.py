"""`bellcheck solve`: exact answers on standard output, one or two lines on standard error for everything else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bellcheck.mdp.file_format import MAX_BYTES, dump, dumps, from_data
from bellcheck.mdp.model import FiniteMDP
from bellcheck.reports import command_line, solving
from bellcheck.reports.command_line import main

RIVAL_WAYS = FiniteMDP.from_dict(
    {
        "fork": {"left": [(1, 1, "end")], "right": [("1/3", 3, "end"), ("2/3", 0, "end")], "wait": [(1, 0, "fork")]},
        "end": {},
    },
    "1/2",
    start={"fork": 1},
)
"""Left and right are both worth 1; waiting is worth 1/2."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the file of a model with a tie."""
    path = tmp_path / "model.json"
    dump(RIVAL_WAYS, path)
    return path


def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    code = "import sys; from bellcheck.reports.command_line import main; sys.exit(main())"
    return subprocess.run(  # type: ignore[call-overload]
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, **options
    )


def assert_fails(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Check that the command ends with status 2 and one or two lines that hold the message."""
    status = main(arguments)
    captured = capsys.readouterr()

    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert message in captured.err
    assert captured.err.count("\n") <= 2
    assert "Traceback" not in captured.err


# -------------------------------------------------------------------- answers


def test_values_and_every_tied_action_are_printed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The start's value stands exactly and rounded; both best actions are marked, the third is not."""
    status = main(["solve", str(model)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert status == 0
    assert ["v*(fork)", "=", "1,", "rounded", "1.000000"] in lines
    assert ["left", "1", "1.000000", "greedy"] in lines
    assert ["right", "1", "1.000000", "greedy"] in lines
    assert ["wait", "1/2", "0.500000"] in lines


def test_discount_on_the_command_line_wins(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--discount replaces the file's own."""
    main(["solve", str(model), "--discount", "0.25"])

    assert ["wait", "1/4", "0.250000"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_discount_one_where_every_policy_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without discounting the value is the plain sum of rewards."""
    chain = FiniteMDP.from_pairs(3, [(0, 0, [(1, 2, 1)]), (1, 0, [(1, 3, 2)])], 1, start=[1, 0, 0])
    dump(chain, tmp_path / "chain.json")
    status = main(["solve", str(tmp_path / "chain.json")])

    assert status == 0
    assert "v*(0) = 5, rounded 5.000000" in capsys.readouterr().out


def test_json_holds_the_model_and_every_number(model: Path, tmp_path: Path) -> None:
    """--json writes exact text, and the model in it can be fed back."""
    out = tmp_path / "out.json"
    main(["solve", str(model), "--json", str(out)])
    written = json.loads(out.read_text(encoding="utf-8"))

    assert from_data(written["mdp"]) == RIVAL_WAYS
    assert written["start_value"] == "1"
    assert written["v"] == ["1", "0"]
    assert [row["value"] for row in written["q"]] == ["1", "1", "1/2"]
    assert [row["greedy"] for row in written["q"]] == [True, True, False]


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ("FrozenLake-v1", "v*(0) = 868292016472811700/1601938145778704383, rounded 0.542026"),
        ("CliffWalking-v1", "v*(36) = -12247897700103201214778701/1000000000000000000000000"),
        ("Taxi-v4", "501 states (1 terminal), 3000 pairs"),
    ],
)
def test_environments_are_solved_exactly(environment: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The start's value of each environment is an exact rational."""
    pytest.importorskip("gymnasium")
    status = main(["solve", f"gymnasium:{environment}", "--discount", "99/100"])

    assert status == 0
    assert answer in capsys.readouterr().out


def test_long_numbers_do_not_wreck_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A value of hundreds of digits is shown by its decimals, on a line of at most 80 characters."""
    pytest.importorskip("gymnasium")
    main(["solve", "gymnasium:CliffWalkingSlippery-v1", "--discount", "99/100"])
    table = capsys.readouterr().out.partition("state, action")[2].splitlines()[1:]

    assert max(map(len, table)) <= 80
    assert "digits)" in table[0]
    assert table[-1] == "--json FILE writes every state and every digit."


def test_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a name are escaped, and brackets are no markup."""
    path = tmp_path / "model.json"
    dump(FiniteMDP.from_dict({"[red]a\x1b[2J": {"b\n": [(1, 1, "[red]a\x1b[2J")]}}, "1/2"), path)
    main(["solve", str(path)])
    out = capsys.readouterr().out

    assert "\x1b" not in out
    assert "[red]a\\x1b[2J" in out
    assert "b\\n" in out


# -------------------------------------------------------------------- bad input


def changed(old: str, new: str) -> str:
    """Return the model's file with one thing changed."""
    text = dumps(RIVAL_WAYS)
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model.json: empty"),
        (dumps(RIVAL_WAYS)[:150], "model.json: line 7, column 3"),
        ("[" * 10_000_000, "nested too deep"),
        (changed('"2/3"', '"1/3"'), "probabilities of state fork, action right sum to 2/3, not 1"),
        (changed('"2/3"', '"-2/3"'), "probability -2/3 of state fork, action right is negative"),
        (changed('"2/3"', "NaN"), "nan is not an exact number"),
        (changed('"next": 1', '"next": 9'), "next state 9 of state fork, action left does not exist"),
        (changed('"next": 1', '"next": 1, "next": 1'), 'the key "next" is given twice'),
        (changed('"next"', '"nextt"'), "unknown field `nextt`"),
        (changed('"discount": "1/2"', '"discount": "3/2"'), "discount 3/2 is not in [0, 1]"),
        (changed('"discount": "1/2"', '"discount": -1'), "discount -1 is not in [0, 1]"),
        (changed('"discount": "1/2"', '"discount": "abc"'), "'abc' is not a rational number"),
        (changed('"discount": "1/2"', '"discount": 1e999999999'), "'1E+999999999' is not a rational number"),
        (changed('"discount": "1/2"', '"discount": 1'), "a policy may go on for ever from state fork"),
    ],
)
def test_bad_file(text: str, message: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each wrong file is an error that names the value and the place."""
    model.write_text(text, encoding="utf-8")

    assert_fails(["solve", str(model)], message, capsys)


@pytest.mark.parametrize("discount", ["3/2", "-1", "abc", "", "nan", "1/0", "1e999999999"])
def test_bad_discount(discount: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A discount that is no number in [0, 1] is an error of the option."""
    assert_fails(["solve", str(model), "--discount", discount], "Error: --discount: ", capsys)


def test_file_over_the_stated_size(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """200 MB are refused after the first 64 MiB, whatever they hold."""
    with model.open("wb") as file:
        file.truncate(200_000_000)

    assert_fails(["solve", str(model)], f"larger than {MAX_BYTES // 2**20} MiB", capsys)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gymnasium:Nope-v1", "cannot make the environment 'Nope-v1'"),
        ("gymnasium:Taxi-v3", "deprecated"),
        ("gymnasium:Blackjack-v1", "has no transition table P"),
        ("gymnasium:", "cannot make the environment ''"),
    ],
)
def test_bad_environment(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An environment that does not exist or has no table is an error."""
    pytest.importorskip("gymnasium")

    assert_fails(["solve", name, "--discount", "9/10"], message, capsys)


def test_environment_needs_a_discount(capsys: pytest.CaptureFixture[str]) -> None:
    """Gymnasium knows no discount: it has to be given."""
    assert_fails(["solve", "gymnasium:FrozenLake-v1"], "give one, for instance --discount 99/100", capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["solve"], "Missing argument"),
        (["solve", "a", "--nope"], "No such option"),
        (["solve", "a", "b"], "unexpected extra argument"),
        (["nope"], "No such command"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is an error like any other."""
    assert_fails(arguments, message, capsys)


def test_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """The bare command prints the help."""
    assert main([]) == 0
    assert "solve" in capsys.readouterr().out


def test_unreadable_and_unwritable_paths(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that cannot be read or written is named together with the reason."""
    assert_fails(["solve", str(tmp_path / "none.json")], "none.json: No such file or directory", capsys)
    assert_fails(["solve", str(tmp_path)], f"{tmp_path}: Is a directory", capsys)
    assert_fails(["solve", str(model), "--json", str(tmp_path / "no" / "out.json")], "out.json: No such file", capsys)


def test_model_beyond_the_exact_solver(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """More states than an exact solve can hold are refused before the memory is gone."""
    monkeypatch.setattr(solving, "MAX_ACTING_STATES", 0)

    assert_fails(["solve", str(model)], "1 states have actions; the exact solver takes 0", capsys)


def test_fault_of_the_program_is_told_from_bad_input(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that no verb announces is reported with its place, never as a verdict."""

    def fail(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(solving, "read_model", fail)

    assert_fails(["solve", str(model)], "KeyError at test_solve_command.py:", capsys)


def test_quoted_text_cannot_steer_the_terminal(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error escapes the control characters of what it quotes, and is never longer than a screen."""
    model.write_text(changed('"next"', json.dumps("\x1b[2J" + "x" * 100_000)), encoding="utf-8")
    main(["solve", str(model)])
    error = capsys.readouterr().err

    assert "\x1b" not in error
    assert len(error) < 2_000


# -------------------------------------------------------------------- as a process


def test_version() -> None:
    """--version prints name and version."""
    finished = run(["--version"])

    assert finished.returncode == 0
    assert finished.stdout.startswith("bellcheck ")


def test_errors_leave_standard_output_empty(model: Path) -> None:
    """As a process, too, an error is one line on standard error and status 2."""
    model.write_text("", encoding="utf-8")
    finished = run(["solve", str(model)])

    assert (finished.returncode, finished.stdout) == (2, "")
    assert len(finished.stderr.splitlines()) == 1


def test_terminal_without_the_letters_of_a_name(tmp_path: Path) -> None:
    """What the encoding of the output lacks is escaped."""
    path = tmp_path / "model.json"
    dump(FiniteMDP.from_dict({"été": {"→": [(1, 1, "été")]}}, "1/2"), path)
    finished = run(["solve", str(path)], env={**os.environ, "PYTHONIOENCODING": "ascii"})

    assert finished.returncode == 0
    assert "\\xe9t\\xe9" in finished.stdout


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise on Windows")
def test_reader_that_goes_away(model: Path) -> None:
    """A closed pipe ends the command quietly, with the status that the shell knows."""
    reading, writing = os.pipe()
    os.close(reading)
    code = "import sys; from bellcheck.reports.command_line import main; sys.exit(main())"
    finished = subprocess.run(
        [sys.executable, "-c", code, "solve", str(model)],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    os.close(writing)

    assert finished.returncode == 128 + signal.SIGPIPE
    assert finished.stderr == ""


def test_interrupt(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the command with 130 and no traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(solving, "read_model", interrupt)

    assert command_line.main(["solve", str(model)]) == 130
    assert "Traceback" not in capsys.readouterr().err
