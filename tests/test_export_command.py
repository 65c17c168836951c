"""`bellcheck export`: counterexamples and models for other libraries, tests and slides."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.file_format import dumps, from_data, to_data
from bellcheck.mdp.interop.gymnasium import from_gymnasium
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.step_size import Linear, Polynomial
from bellcheck.mdp.strategies import mdps, paths, synchronous_paths, tables
from bellcheck.proofs.draws import instances
from bellcheck.proofs.instance_data import instance_from_data, instance_to_data
from bellcheck.proofs.networks import NETWORKS
from bellcheck.reports.command_line import main
from bellcheck.reports.counterexample_file import Counterexample
from bellcheck.reports.export_formats import FORMATS
from bellcheck.reports.output import to_json

MODEL = FiniteMDP.from_dict(
    {"on": {"stay": [("3/4", 2, "on"), ("1/4", -1, "off")], "stop": [(1, "1/3", "off")]}, "off": {}},
    "9/10",
    start={"on": 1},
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of `bellcheck verify --json`."""
    file = tmp_path_factory.mktemp("run") / "run.json"
    main(["verify", "bellman.contraction", "bellman.fixed-point-optimal", "--examples", "5", "--json", str(file)])
    return file


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A file with a model alone."""
    file = tmp_path / "model.json"
    file.write_text(dumps(MODEL), encoding="utf-8")
    return file


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return type(b) is type(a) and (a.dtype, a.shape) == (b.dtype, b.shape) and np.array_equal(a, b)
    if isinstance(a, tuple):
        return type(b) is tuple and len(a) == len(b) and all(map(_same, a, b))
    return type(b) is type(a) and bool(a == b)


def _defined_by(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "exported.py", "exec"), names)
    return names


def _exported(data: Any, to: str) -> str:
    return FORMATS[to](Counterexample(json.loads(to_json(data))))


# -------------------------------------------------------------------- which one


def test_several_counterexamples_are_listed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with several says where each is from, numbered, on standard error, and asks."""
    status = main(["export", str(run), "--to", "svg"])

    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert status == 2
    assert printed.out == ""
    assert "    1  bellman.contraction: undiscounted backup (exact; distances_shrink)" in lines
    assert lines[-1].endswith("counterexamples could be meant; say which: --pick N, --claim or --check")


def test_counterexample_is_picked_by_its_number(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The numbers are those of the list, also where a claim narrows it."""
    main(["export", str(run), "--to", "json", "--claim", "bellman.fixed-point-optimal"])
    first = int(capsys.readouterr().err.split()[0])

    picked = [["--pick", str(first)], ["--pick", str(first), "--claim", "bellman.fixed-point-optimal"]]
    printed = []
    for options in picked:
        assert main(["export", str(run), "--to", "json", *options]) == 0
        printed.append(json.loads(capsys.readouterr().out))

    claims = json.loads(run.read_text("utf-8"))["claims"]
    assert first > 1
    assert printed == [claims[1]["controls"][0]["counterexample"]] * 2


def test_counterexample_is_picked_by_name(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of what must fail, or of the check that refutes it, is enough where only one has it."""
    options = ["--claim", "bellman.contraction", "--check", "undiscounted policy backup"]

    status = main(["export", str(run), "--to", "latex", *options])

    printed = capsys.readouterr().out
    assert status == 0
    assert printed.startswith("% bellman.contraction: undiscounted policy backup (exact; evaluation_distances_shrink)")


def test_counterexample_is_found_wherever_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any JSON that says what it holds will do, under either key, and so will a counterexample alone."""
    counterexample = {**instance_to_data({"mdp": MODEL}), "sides": {"left": 1, "relation": "equals", "right": 2}}
    entry = {"claim": "bellman.monotone", "check": "order_is_kept", "kind": "exact", "counterexample": counterexample}
    result = {"id": "bellman.monotone", "check": "order_is_kept", "evidence": "exact", "instance": counterexample}
    file = tmp_path / "any.json"

    headers = {
        "bellman.monotone: a wrong one (exact; order_is_kept)": {"mutants": [{"name": "a wrong one", "by": [entry]}]},
        "bellman.monotone: order_is_kept (exact; agents:update)": {
            "subject": "agents:update", "kind": "q-learner", "results": [result],
        },
        "a counterexample": counterexample,
    }  # fmt: skip
    for header, data in headers.items():
        file.write_text(json.dumps(data), encoding="utf-8")
        assert main(["export", str(file), "--to", "hypothesis"]) == 0
        assert capsys.readouterr().out.startswith(f"# {header}\n# 1  equals  2  is false\n# Put @example above")


# -------------------------------------------------------------------- what is written


def test_model_is_written_as_a_model(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a model alone needs no picking, and JSON out of it is the same model."""
    assert main(["export", str(model_file), "--to", "json"]) == 0

    assert capsys.readouterr().out == dumps(MODEL)


def test_json_of_a_counterexample_is_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Models come out in their file format, floats as they were."""
    instance = {"mdp": MODEL, "delta": 0.1, "q": exact_array([1, "1/2"])}
    file = tmp_path / "one.json"
    file.write_text(to_json(instance_to_data(instance)).replace('"3/4"', "0.75"), encoding="utf-8")

    assert main(["export", str(file), "--to", "json"]) == 0

    written = json.loads(capsys.readouterr().out)
    assert written["mdp"] == to_data(MODEL)
    assert all(_same(value, instance_from_data(written)[name]) for name, value in instance.items())


@given(instances({"mdp": mdps(start=True), "q": tables, "path": paths, "synchronous": synchronous_paths}))
def test_example_builds_what_the_check_was_called_with(instance: dict[str, Any]) -> None:
    """The code of an ``@example`` runs, and its arguments are the instance."""
    test = _defined_by(_exported(instance_to_data(instance), "hypothesis"))["test_yours"]

    (example,) = test.hypothesis_explicit_examples
    assert list(example.kwargs) == list(instance)
    assert all(_same(value, example.kwargs[name]) for name, value in instance.items())


def test_example_builds_every_kind_of_value() -> None:
    """Text with quotes, numbers of every kind, arrays of every kind, schedules and networks."""
    instance = {
        "mdp": MODEL, "text": "it's \"5/2\"\n", "looks": "5/2", "alpha": exact("-5/2"), "none": None, "flag": True,
        "n": -3, "delta": 0.1, "infinite": float("inf"), "one": (1,), "coins": (True, (False, "x")),
        "features": exact_array([1, 2, "3/4", 4]).reshape(2, 2), "empty": exact_array([]).reshape(0, 2),
        "order": np.array([2, 0, 1]), "steps": np.array([0.1, np.inf]), "mask": np.array([[True], [False]]),
        "schedule": Polynomial("1/2"), "function": 1, "cases": ((two_arms(), Linear()),), "network": NETWORKS[0],
    }  # fmt: skip

    test = _defined_by(_exported(instance_to_data(instance), "hypothesis"))["test_yours"]

    (example,) = test.hypothesis_explicit_examples
    assert [name for name, value in instance.items() if not _same(value, example.kwargs[name])] == []


def test_code_is_broken_into_lines_that_fit() -> None:
    """A large value is read line by line, not along one."""
    wide = FiniteMDP.from_pairs(
        3, [(s, a, [("1/3", s * a, t) for t in range(3)]) for s in range(3) for a in range(4)], 0
    )

    code = _exported(instance_to_data({"mdp": wide, "q": wide.table("-100/3")}), "hypothesis")

    assert max(map(len, code.splitlines())) <= 100
    assert _defined_by(code)["test_yours"].hypothesis_explicit_examples[0].kwargs["mdp"] == wide


def test_gymnasium_script_builds_the_environment() -> None:
    """The environment is that of the model."""
    pytest.importorskip("gymnasium")

    env = _defined_by(_exported(to_data(MODEL), "gymnasium"))["env"]

    assert env.mdp == MODEL
    assert env.reset()[0] == 0


@given(mdps(discounts=["1/2", "3/4"], start=True))
def test_p_dict_script_is_the_table(mdp: FiniteMDP) -> None:
    """The table is plain Python; read back it has the same values, and so have discount and start."""
    names = _defined_by(_exported(to_data(mdp), "p-dict"))
    environment = SimpleNamespace(P=names["P"], initial_state_distrib=names["initial_state_distrib"])

    read = from_gymnasium(SimpleNamespace(unwrapped=environment), names["discount"]).mdp

    acting = [read.pair(int(s), int(a)) for s, a in zip(mdp.pair_state, mdp.pair_action, strict=True)]
    assert read.discount == mdp.discount
    assert list(policy_iteration(read).q[acting]) == list(policy_iteration(mdp).q)
    assert list(read.start[: mdp.n_states]) == list(mdp.start)


def _with_stand_ins(code: str, monkeypatch: pytest.MonkeyPatch, **modules: Any) -> dict[str, Any]:
    for name, module in modules.items():
        parent = ""
        for part in name.split("__"):
            parent = f"{parent}.{part}".lstrip(".")
            monkeypatch.setitem(sys.modules, parent, module)
    return _defined_by(code)


class Solver:
    """Takes what a library's solver takes, and keeps it."""

    def __init__(self, *given: Any) -> None:
        self.given, self.V, self.policy = given, None, None

    def run(self) -> None:
        """Solve nothing."""

    def solve(self, method: str) -> SimpleNamespace:
        """Solve nothing."""
        return SimpleNamespace(v=None, sigma=None)


def test_pymdptoolbox_script_hands_over_the_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floats are written out in full, the columns explained, and what was rounded named."""
    code = _exported(to_data(MODEL), "pymdptoolbox")

    solver = _with_stand_ins(code, monkeypatch, mdptoolbox__mdp=SimpleNamespace(PolicyIteration=Solver))["solver"]

    P, R, discount = solver.given
    assert P.tolist() == [[[0.75, 0.25], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]
    assert R.tolist() == [[1.25, 1 / 3], [0.0, 0.0]]
    assert discount == 0.9
    assert "# Rounded to binary64: 1/3, 9/10\n" in code
    assert "action_of = [[0, 1], [-1, -1]]\n" in code


def test_quantecon_script_hands_over_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal state has its one pair."""
    code = _exported(to_data(MODEL), "quantecon")

    ddp = _with_stand_ins(code, monkeypatch, quantecon__markov=SimpleNamespace(DiscreteDP=Solver))["ddp"]

    R, Q, beta, s_indices, a_indices = ddp.given
    assert (R.tolist(), beta) == ([1.25, 1 / 3, 0.0], 0.9)
    assert Q.tolist() == [[0.75, 0.25], [0.0, 1.0], [0.0, 1.0]]
    assert (s_indices, a_indices) == ([0, 0, 1], [0, 1, 0])


@pytest.mark.parametrize("to", ["pymdptoolbox", "quantecon"])
def test_script_solves_nothing_without_discounting(to: str) -> None:
    """At discount 1 QuantEcon refuses to solve, and pymdptoolbox may not end: the object is built and no more."""
    data = {**to_data(MODEL), "discount": "1"}

    code = _exported(data, to)

    assert "run()" not in code
    assert "solve(" not in code


def test_svg_shows_the_table_of_a_counterexample(tmp_path: Path) -> None:
    """A table q over the pairs is drawn with the model; --out writes the file and says so."""
    file, out = tmp_path / "one.json", tmp_path / "one.svg"
    file.write_text(to_json(instance_to_data({"mdp": two_arms(), "q": exact_array([0, "1/2"])})), encoding="utf-8")

    status = main(["export", str(file), "--to", "svg", "--out", str(out)])

    assert status == 0
    texts = [element.text for element in ET.fromstring(out.read_text("utf-8")).iter("{http://www.w3.org/2000/svg}text")]
    assert {"a = 0, Q = 0", "a = 1, Q = 1/2"} <= set(texts)


def test_comments_cannot_be_left(tmp_path: Path) -> None:
    """What a file says of a counterexample stands behind a comment sign, whatever it is."""
    data = {"name": "x\nimport os\r\x0c#", "counterexample": instance_to_data({"mdp": MODEL})}
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    out = tmp_path / "odd.py"

    main(["export", str(file), "--to", "p-dict", "--out", str(out)])

    assert "\nimport os" not in out.read_text("utf-8")
    assert to_floats([MODEL.discount])[0] == _defined_by(out.read_text("utf-8"))["discount"]


# -------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (to_data(MODEL), ["--to", "pdf"], "'pdf' is no format; give one of json, gymnasium"),
        (to_data(MODEL), [], "Missing option '--to'"),
        (to_data(MODEL), ["--to", "svg", "--pick", "0"], "'0' is not a whole number of at least 1"),
        ({}, ["--to", "svg"], "holds neither a counterexample nor a model; `bellcheck verify --json FILE` writes some"),
        ([], ["--to", "svg"], "holds neither a counterexample nor a model"),
        (
            [{"id": "a", "counterexample": {}}],
            ["--to", "json", "--claim", "b"],
            "none of its 1 counterexamples is --claim b; leave that out to see a list",
        ),
        ({"q": ["1"], "sides": {}}, ["--to", "svg"], "holds no models, and this format shows one"),
        ({"a": to_data(MODEL), "b": to_data(MODEL)}, ["--to", "latex"], "holds 2 models, and this format shows one"),
        ({"q": {"stated": "t"}, "sides": {}}, ["--to", "hypothesis"], "q: {'stated': 't'} is in words"),
        ({"sides": {}}, ["--to", "hypothesis"], "is called with no values"),
        ({"q): pass #": 1, "sides": {}}, ["--to", "hypothesis"], "'q): pass #' is no name of an argument"),
        ({"class": 1, "sides": {}}, ["--to", "hypothesis"], "'class' is no name of an argument"),
        ({"mdp": {"bellcheck_mdp": 1}}, ["--to", "gymnasium"], "missing required field"),
        ({**to_data(MODEL), "discount": "0"}, ["--to", "pymdptoolbox"], "takes only discounts above 0"),
        ({"bellcheck_mdp": 1, "states": 9, "discount": "0", "transitions": []}, ["--to", "svg"], "has room for 8"),
        (
            {**to_data(MODEL), "states": 300, "start": None},
            ["--to", "pymdptoolbox"],
            "the arrays have 180000 entries, more than the 20000 that are written as text; call bellcheck.mdp.interop",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(
    data: Any, options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status is 2, and one line says what is wrong and what to do."""
    file = tmp_path / "file.json"
    file.write_text(json.dumps(data), encoding="utf-8")

    status = main(["export", str(file), *options])

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert says in printed.err
    assert "--" in printed.err or printed.err.startswith(f"Error: {file}: ")


@pytest.mark.parametrize(("text", "says"), [("{", "not JSON"), ('{"a": 1, "a": 2}', "given twice"), ("", "empty")])
def test_file_that_is_no_json_is_refused(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file and the place in it."""
    file = tmp_path / "file.json"
    file.write_text(text, encoding="utf-8")

    assert main(["export", str(file), "--to", "json"]) == 2

    assert f"Error: {file}: " in (said := capsys.readouterr().err)
    assert says in said


def test_place_that_cannot_be_written_is_refused_first(
    model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is worked out for a folder that is not there."""
    assert main(["export", str(model_file), "--to", "svg", "--out", str(tmp_path / "no" / "x.svg")]) == 2

    assert "cannot write" in capsys.readouterr().err


def test_exported_model_solves_as_before(model_file: Path, tmp_path: Path) -> None:
    """The model inside an ``@example`` can be written to a file again: nothing is rounded."""
    test = _defined_by(_exported(json.loads(model_file.read_text("utf-8")), "hypothesis"))["test_yours"]

    assert from_data(to_data(test.hypothesis_explicit_examples[0].kwargs["mdp"])) == MODEL
