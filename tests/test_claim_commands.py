"""`bellcheck claims`, `verify`, `explain`, and what `report` refuses before it works."""

from __future__ import annotations

import json
import sys

import pytest

from bellcheck.mdp.file_format import from_data
from bellcheck.mdp.solve import policy_iteration
from bellcheck.proofs.registry import all_claims
from bellcheck.proofs.subject import REFERENCES
from bellcheck.reports.command_line import main

CONTRACTION = ["verify", "bellman.contraction", "--examples", "20"]


def test_claims_lists_every_claim(capsys):
    """The catalogue names every claim with its kinds of evidence."""
    status = main(["claims"])

    printed = capsys.readouterr().out
    assert status == 0
    assert all(claim.id in printed for claim in all_claims())


def test_claims_as_json(capsys):
    """--json prints the catalogue with the fields that scripts rely on."""
    main(["claims", "--json"])

    catalogue = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in catalogue] == [claim.id for claim in all_claims()]
    assert all(
        set(entry) == {"id", "title", "group", "statement", "needs", "uses", "kinds", "controls", "sources"}
        for entry in catalogue
    )


def test_explain_prints_the_page(capsys):
    """A page gives the reason, the assumptions, what must fail and the sources."""
    status = main(["explain", "bellman.contraction"])

    printed = capsys.readouterr().out
    assert status == 0
    for part in ("Why:", "discounted", "undiscounted backup", "bertsekas1996", "contraction_of_bellman_op"):
        assert part in printed


def test_explain_names_the_real_bugs(capsys):
    """A page says which real bugs its wrong code is written after, each once, and where they were told."""
    main(["explain", "deep-q.batch-laws"])
    with_bugs = " ".join(capsys.readouterr().out.split())
    main(["explain", "bellman.gauss-seidel"])
    without = capsys.readouterr().out

    assert with_bugs.count("bug-B3: ") == 1
    assert "keras-rl/keras-rl PR 239" in with_bugs
    assert "real bugs" not in without


def test_verify_writes_what_others_rely_on(tmp_path, capsys):
    """--json writes verdicts, counterexamples and the summary in the documented shape."""
    file = tmp_path / "out.json"

    status = main([*CONTRACTION, "--seed", "7", "--json", str(file)])

    run = json.loads(file.read_text())
    assert status == 0
    assert "1 of 1 claims as expected" in capsys.readouterr().out
    assert set(run) == {"bellcheck", "seed", "claims", "summary"}
    assert run["seed"] == 7
    (claim,) = run["claims"]
    assert set(claim) == {"id", "status", "expected", "as_expected", "checks", "controls"}
    assert {"name", "kind", "status", "examples", "false_alarm", "seconds"} <= set(claim["checks"][0])
    assert {"name", "kind", "status", "counterexample"} <= set(claim["controls"][0])
    assert set(run["summary"]) == {
        "claims",
        "as_expected",
        "not_run",
        "errors",
        "controls",
        "controls_refuted",
        "false_alarm",
    }


def test_counterexample_can_be_fed_back(tmp_path):
    """The model of a counterexample is a model file, and its tables are what Python reads."""
    file = tmp_path / "out.json"
    main([*CONTRACTION, "--json", str(file)])

    counterexample = json.loads(file.read_text())["claims"][0]["controls"][0]["counterexample"]

    model = from_data(counterexample["mdp"])
    assert policy_iteration(model).q.shape == (len(counterexample["q"]),)
    assert set(counterexample["sides"]) == {"left", "relation", "right"}


def test_same_seed_same_json(tmp_path):
    """Two runs with one seed differ in nothing but the seconds that they took."""
    runs = []
    for name in ("a.json", "b.json"):
        main([*CONTRACTION, "--seed", "3", "--json", str(tmp_path / name)])
        run = json.loads((tmp_path / name).read_text())
        for part in (*run["claims"][0]["checks"], *run["claims"][0]["controls"]):
            del part["seconds"]
        runs.append(run)

    assert runs[0] == runs[1]


def test_verify_leaves_nothing_behind(tmp_path, monkeypatch):
    """The folder in which the command runs is as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)

    main(CONTRACTION)

    assert list(tmp_path.iterdir()) == []


def test_groups_and_globs_select(capsys):
    """A group or a glob stands for the claims that it names."""
    main(["verify", "improvement", "bellman.max-*", "--examples", "5"])

    printed = capsys.readouterr().out
    assert "improvement.improvement-theorem" in printed
    assert "bellman.max-nonexpansive" in printed
    assert "bellman.contraction" not in printed


def test_wrong_code_is_shown_with_its_counterexample(monkeypatch, capsys):
    """A refuted claim prints its statement, the instance, both sides and how to run it again; the status is 1."""
    monkeypatch.setitem(REFERENCES, "operator", "bellcheck.proofs.mutants.operators:_undiscounted_backup")

    status = main(CONTRACTION)

    printed = capsys.readouterr().out
    assert status == 1
    assert r"\lVert TQ - TQ' \rVert_\infty" in printed
    assert '"bellcheck_mdp": 1' in printed
    assert "is at most" in printed
    assert "bellcheck verify bellman.contraction --seed 0 --examples 20" in printed


def test_missing_extra_is_named_and_is_no_failure(monkeypatch, capsys):
    """Without z3 the evidence over all reals is not run, the extra is named, and the status is 3."""
    monkeypatch.setitem(sys.modules, "z3", None)

    status = main(CONTRACTION)

    printed = capsys.readouterr().out
    assert status == 3
    assert "not-run" in printed
    assert "bellcheck[smt]" in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify", "bellman.nonsense"], "bellman.nonsense"),
        (["verify", "--examples", "0"], "'0' is not"),
        (["verify", "--seed", "-1"], "'-1' is not"),
        (["verify", "--seed", "x"], "'x' is not"),
        (["explain", "nonsense"], "nonsense"),
        (["explain"], "CLAIM"),
        (["verify", "bellman.contraction", "--json", "no/such/folder/out.json"], "no/such/folder"),
        (["report", "--out", "/proc/nowhere"], "/proc/nowhere"),
        (["report", "--mdp", "no-such-file.json"], "no-such-file.json"),
        (["report", "--mdp", "gymnasium:FrozenLake-v1"], "--discount"),
        (["report", "--seed", "1.5"], "'1.5' is not"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(arguments, says, capsys):
    """Bad usage names the value on standard error and does no work."""
    status = main(arguments)

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert says in printed.err
    assert len(printed.err.strip().splitlines()) <= 2
    assert "Traceback" not in printed.err


def test_claim_verified_alone_shows_what_refuted_its_controls(capsys):
    """For one claim the terminal shows each control's sides; for several, a line a claim."""
    main(CONTRACTION)
    alone = capsys.readouterr().out
    main([*CONTRACTION, "bellman.max-nonexpansive"])
    beside = capsys.readouterr().out

    assert "undiscounted backup (exact): 1  is at most  1/2  is false" in alone
    assert "undiscounted backup" not in beside
