"""The pytest front door: tests of foreign code in anybody's suite, and tests that are about a claim."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bellcheck.proofs.conformance import sandbox
from bellcheck.proofs.conformance.adapters import KNOWN, Known
from bellcheck.proofs.conformance.doors import DOORS
from bellcheck.proofs.instance_data import instance_from_data
from bellcheck.proofs.planted import planted
from bellcheck.proofs.registry import all_claims, claim
from bellcheck.proofs.subject import reference
from bellcheck.reports.command_line import main

# A run inside this process forgets what it was the first to import, and NumPy cannot be imported twice.
assert all_claims()
assert DOORS
assert planted("q-learner")

AGENTS = """
def q_update(Q, s, a, r, s_next, done, alpha, gamma):
    Q[s, a] += alpha * (r + (0 if done else gamma * Q[s_next].max()) - Q[s, a])

def bootstraps_at_ends(Q, s, a, r, s_next, done, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * Q[s_next].max() - Q[s, a])

def raises(Q, s, a, r, s_next, done, alpha, gamma):
    if r == 0:
        raise LookupError("no reward")
    q_update(Q, s, a, r, s_next, done, alpha, gamma)

def built_in(Q, s, a, r, s_next, done):
    q_update(Q, s, a, r, s_next, done, 0.3, 0.9)
"""
SUITE = """
from bellcheck.proofs.conformance import parametrize_with_claims

@parametrize_with_claims({subjects}, claims=["q-learning.update-rule"], max_examples=5{options})
def test_conforms(subject, check):
    check(subject)
"""
RULE = "q-learning.update-rule"
ENTRY, PADDING = f"{RULE}::one_entry_moves_to_its_target", f"{RULE}::no_padding_is_low_enough"


@pytest.fixture
def agents(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a module of learners, in which warnings are warnings."""
    pytester.makepyfile(agents=AGENTS)
    pytester.makeini("[pytest]\nfilterwarnings = default")
    return pytester


def _suite(pytester: pytest.Pytester, subjects: str, options: str = "", before: str = "") -> None:
    pytester.makepyfile(test_suite=before + SUITE.format(subjects=subjects, options=options))


def _judge(name: str, *options: str, claim: str = RULE) -> list[str]:
    return [
        *("--bellcheck-subject", f"agents:{name}", "--bellcheck-as", "q-learner"),
        *("--bellcheck-claim", claim, "--bellcheck-max-examples", "5", *options),
    ]


def _properties(xml: Path) -> dict[str, dict[str, str]]:
    """The properties of each test in a JUnit report, by the test's name."""
    return {
        f"{case.get('classname')} {case.get('name')}": {
            str(entry.get("name")): str(entry.get("value")) for entry in case.iter("property")
        }
        for case in ET.parse(xml).iter("testcase")
    }


# -------------------------------------------------------------------- parametrize_with_claims


def test_one_test_a_check_and_one_for_conduct(agents):
    """The ids name the subject, the claim, the check and its kind of evidence; each carries the marker of its claim."""
    _suite(agents, '[("agents:q_update", "q-learner")]')

    listed = agents.runpytest_inprocess("--collect-only", "-q", "-m", "claim")
    run = agents.runpytest_inprocess()

    listed.stdout.fnmatch_lines(
        [
            f"test_suite.py::test_conforms?agents:q_update-{ENTRY}-exact?",
            f"test_suite.py::test_conforms?agents:q_update-{PADDING}-exact?",
            "test_suite.py::test_conforms?agents:q_update-conduct?",
        ]
    )
    run.assert_outcomes(passed=3)


def test_a_failure_is_the_counterexample_and_nothing_else(agents):
    """A refuted check fails with the model, what was due and what came; no line of our code is shown."""
    _suite(agents, '[("agents:bootstraps_at_ends", "q-learner")]')

    run = agents.runpytest_inprocess("-k", "one_entry")

    run.assert_outcomes(failed=1, deselected=2)
    run.stdout.fnmatch_lines(
        [
            f"{ENTRY}: *",
            "2 states, state * terminal, discount 1/2",
            "  state *, action 0: reward 0, to state *, the end",
            "expected [[]0[]]",
            "got      [[]2[]]",
        ]
    )
    run.stdout.no_fnmatch_line("*under_test*")
    run.stdout.no_fnmatch_line("*Traceback*")


def test_what_could_not_be_asked_is_skipped_with_the_reason(agents):
    """A step size that is built in, and not declared, is no failure: the skip says what to declare."""
    _suite(agents, '[("agents:built_in", "q-learner")]')

    run = agents.runpytest_inprocess("-rs")

    run.assert_outcomes(skipped=3)
    run.stdout.fnmatch_lines(["SKIPPED [[]2[]] test_suite.py:*: no parameter is the step_size, * step_size=NUMBER"])


def test_conventions_stand_behind_the_kind(agents):
    """What a subject declares is a dictionary, of numbers and words as one writes them."""
    agents.makepyfile(steady=AGENTS.replace("0.3, 0.9", "0.5, 0.75"))
    _suite(agents, '[("steady:built_in", "q-learner", {"step_size": 0.5, "discount": "3/4"})]')

    run = agents.runpytest_inprocess()

    run.assert_outcomes(passed=3)


DEFINED_HERE = """
from conftest import from_conftest
from agents import q_update as imported

def here(Q, s, a, r, s_next, done, alpha, gamma):
    imported(Q, s, a, r, s_next, done, alpha, gamma)

def scaled(factor):
    def update(Q, s, a, r, s_next, done, alpha, gamma):
        imported(Q, s, a, factor * r, s_next, done, alpha, gamma)
    return update

class Agent:
    def learn(self, Q, s, a, r, s_next, done, alpha, gamma):
        imported(Q, s, a, r, s_next, done, alpha, gamma)
"""


def test_functions_of_the_suite_itself(agents):
    """A function may be the test module's, the conftest's, another module's, a method, a lambda or a closure."""
    agents.makeconftest(AGENTS.replace("q_update", "from_conftest"))
    functions = ["here", "from_conftest", "imported", "Agent().learn", "lambda *given: None", "scaled(1)", "scaled(2)"]
    subjects = ", ".join(f'({function}, "q-learner", {{"arguments": ARGUMENTS}})' for function in functions)
    arguments = 'ARGUMENTS = "table,state,action,reward,next_state,terminated,step_size,discount".split(",")\n'
    _suite(agents, f"[{subjects}]", before=DEFINED_HERE + arguments)

    run = agents.runpytest_inprocess("-k", "one_entry", "-rA", "-p", "no:terminalprogress")

    passed = ["test_suite:here", "conftest:from_conftest", "agents:q_update", "test_suite:Agent.learn"]
    run.stdout.fnmatch_lines_random(
        [
            *(f"PASSED *?{name}-{ENTRY}-exact?" for name in [*passed, "test_suite:scaled.update"]),
            f"FAILED *?test_suite:lambda-{ENTRY}-exact?*",
            f"FAILED *?test_suite:scaled.update#2-{ENTRY}-exact?*",
        ]
    )


def test_function_of_a_module_that_imports_relative_to_its_package(pytester):
    """No other process could import its file; it is judged all the same."""
    folder = pytester.mkpydir("suite")
    (folder / "agents.py").write_text(AGENTS)
    (folder / "test_suite.py").write_text(
        "from .agents import q_update\n"
        "def mine(Q, s, a, r, s_next, done, alpha, gamma):\n"
        "    q_update(Q, s, a, r, s_next, done, alpha, gamma)\n"
        + SUITE.format(subjects='[(mine, "q-learner")]', options="")
    )

    run = pytester.runpytest_inprocess()

    run.assert_outcomes(passed=3)


def test_modules_are_found_where_the_tests_find_them(pytester):
    """A folder that pytest puts on the path is one that the child process looks in, before the folder it runs in."""
    (pytester.mkdir("src") / "agents.py").write_text(AGENTS)
    pytester.makepyfile(agents="raise RuntimeError('the wrong file')")
    _suite(pytester, '[("agents:q_update", "q-learner")]')

    run = pytester.runpytest_inprocess("--import-mode=importlib", "-o", "pythonpath=src")

    run.assert_outcomes(passed=3)


def test_listing_starts_no_process(agents, monkeypatch):
    """Collection loads no subject, be it in a test file or named by the options."""
    monkeypatch.setattr(sandbox.Sandbox, "start", lambda self: pytest.fail("started"))
    _suite(agents, '[("agents:q_update", "q-learner"), (lambda Q: None, "q-learner")]')

    run = agents.runpytest_inprocess("--collect-only", *_judge("q_update"))

    assert run.ret == pytest.ExitCode.OK
    run.stdout.fnmatch_lines(["*CheckOfSubject conduct*", "*7/9 tests collected (2 deselected)*"])


@pytest.mark.parametrize(
    ("subjects", "options", "says"),
    [
        ('[("agents:q_update", "q-lerner")]', "", "no kind of subject is called 'q-lerner'; did you mean q-learner[?]"),
        ('["agents:q_update"]', "", "say what agents:q_update is: *"),
        ('[("agents:q_update", "q-learner", {"tabel": "dict"})]', "", "*tabel: *table*"),
        ('[("agents:q_update", "solver")]', "", "nothing that a solver is asked is about q-learning.update-rule"),
        ('[("agents:q_update", "q-learner")]', ', expect_fail="no.txt"', "expect_fail: no.txt: No such file*"),
        ('[("agents:q_update", "q-learner")]', ", max_examples=0", "max_examples is 0; *"),
    ],
)
def test_a_mistake_in_the_list_is_a_message(agents, subjects, options, says):
    """What cannot be a subject is an error of collection that says what to write, without a traceback."""
    suite = SUITE if "max_examples" not in options else SUITE.replace(", max_examples=5", "")
    agents.makepyfile(test_suite=suite.format(subjects=subjects, options=options))

    run = agents.runpytest_inprocess()

    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*ERROR collecting test_suite.py*", says, "*short test summary*"], consecutive=True)


def test_a_subject_that_cannot_be_loaded_fails_each_test_with_the_message(agents, monkeypatch):
    """It is tried once, for loading may take long, and no test passes."""
    starts = []
    monkeypatch.setattr(sandbox, "spawned", lambda folder, real=sandbox.spawned: starts.append(1) or real(folder))
    _suite(agents, '[("agents:no_such", "q-learner")]')

    run = agents.runpytest_inprocess()

    run.assert_outcomes(failed=3)
    run.stdout.fnmatch_lines(["agents has no no_such; it has bootstraps_at_ends, built_in, q_update, raises"])
    run.stdout.no_fnmatch_line("*exception*")
    assert len(starts) == 1


# -------------------------------------------------------------------- conduct


def test_conduct_is_a_test_of_its_own(agents):
    """An exception on valid input fails the last test, with the instance; the checks go on behind it."""
    _suite(agents, '[("agents:raises", "q-learner")]')

    run = agents.runpytest_inprocess()

    run.assert_outcomes(passed=2, failed=1)
    run.stdout.fnmatch_lines(
        [
            "conduct.answers::raises LookupError: *",
            "*an exception on valid input: LookupError: no reward (in agents.py, line *",
        ]
    )


def test_conduct_alone_asks_the_checks_itself(agents):
    """Selected by itself, or alone in a process, the test of conduct does not pass for want of questions."""
    _suite(agents, '[("agents:raises", "q-learner")]')

    run = agents.runpytest_inprocess("-k", "conduct")

    run.assert_outcomes(failed=1, deselected=2)


# -------------------------------------------------------------------- JUnit


@pytest.mark.parametrize("door", ["parametrize", "options"])
def test_junit_has_claim_subject_and_counterexample(agents, door, tmp_path, capsys):
    """Each test has its claim and its subject in the report; the counterexample there is one that is read back."""
    if door == "parametrize":
        _suite(agents, '[("agents:bootstraps_at_ends", "q-learner")]')

    agents.runpytest_inprocess("--junitxml", "out.xml", *(_judge("bootstraps_at_ends") if door == "options" else []))

    found = _properties(agents.path / "out.xml")
    (one,) = [properties for name, properties in found.items() if "one_entry" in name]
    (conduct,) = [properties for name, properties in found.items() if "conduct" in name]
    assert {(p["bellcheck_claim"], p["bellcheck_subject"]) for p in found.values()} == {
        (RULE, "agents:bootstraps_at_ends"),
        ("conduct", "agents:bootstraps_at_ends"),
    }
    assert "bellcheck_counterexample" not in conduct
    check = next(check for check in claim(RULE).checks if check.name == "one_entry_moves_to_its_target")
    instance = instance_from_data(json.loads(one["bellcheck_counterexample"]), check.draws)
    assert check.function(reference("q-learner").call, **instance).holds
    file = tmp_path / "counterexample.json"
    file.write_text(one["bellcheck_counterexample"])
    capsys.readouterr()
    assert main(["export", str(file), "--to", "p-dict"]) == 0
    assert "0.0, True" in capsys.readouterr().out


# -------------------------------------------------------------------- expected failures


def test_what_nobody_declared_is_said(pytester: pytest.Pytester) -> None:
    """A policy whose ties were taken from its answers passes, and the run says which way they went."""
    pytester.makepyfile(
        policies="def first_best(q, epsilon):\n"
        "    best = max(range(len(q)), key=lambda a: q[a])\n"
        "    return [epsilon / len(q) + (1 - epsilon) * (a == best) for a in range(len(q))]\n"
    )
    xml = pytester.path / "junit.xml"

    run = pytester.runpytest_inprocess(
        *("--bellcheck-subject", "policies:first_best", "--bellcheck-as", "behaviour", "-rP", f"--junitxml={xml}"),
        *("--bellcheck-claim", "q-learning.exploration", "--bellcheck-max-examples", "5"),
    )

    words = "taken from its answers, not declared: ties=lowest; declare it to be held to it"
    assert run.ret == 0
    run.stdout.fnmatch_lines([words])
    assert words in {properties.get("bellcheck_inferred") for properties in _properties(xml).values()}


def test_expected_failures_are_expected(agents):
    """What a line is about and is refuted fails as expected, and names the line; what no line is about fails."""
    agents.maketxtfile(known=f"# terminal states\n\n{ENTRY}\nconduct.answers::raises*  # known\n")
    _suite(
        agents,
        '[("agents:raises", "q-learner"), ("agents:bootstraps_at_ends", "q-learner")]',
        ', expect_fail="known.txt"',
    )

    run = agents.runpytest_inprocess("-rx", "-k", "raises-conduct or ends-q")

    run.assert_outcomes(xfailed=2, failed=1, warnings=1, deselected=3)
    run.stdout.fnmatch_lines(["*known.txt:3: StaleExpectation: *"])  # of the one that raises, it holds
    run.stdout.fnmatch_lines_random(
        [
            f"XFAIL *one_entry*known.txt, line 3 expects it: {ENTRY}",
            "XFAIL *raises-conduct*known.txt, line 4 expects it: conduct.answers::raises?",
        ]
    )


STALE = f"""\
{RULE}
conduct.output
q-learning.update-ruler
q-learning.nonexpansive
"""


def test_stale_lines_warn_at_their_place(agents):
    """A line about what holds, or about nothing, warns once; one about what was not asked says nothing."""
    agents.maketxtfile(known=STALE)

    run = agents.runpytest_inprocess(*_judge("bootstraps_at_ends", "--bellcheck-expect-fail", "known.txt"))

    run.assert_outcomes(xfailed=2, passed=1, warnings=2)
    run.stdout.fnmatch_lines(
        [
            "*known.txt:2: StaleExpectation: 'conduct.output' is expected to be refuted, and holds; take the line out",
            f"*known.txt:3: StaleExpectation: '{RULE}r' is about nothing that *; did you mean {RULE}[?]",
        ]
    )


def test_with_warnings_as_errors_a_stale_line_fails_the_run(agents):
    """With -W error the test of conduct fails with every stale line; the category can be named alone."""
    agents.maketxtfile(known=STALE)
    options = _judge("bootstraps_at_ends", "--bellcheck-expect-fail", "known.txt")

    every = agents.runpytest_inprocess("-W", "error", *options)
    stale = agents.runpytest_inprocess("-W", "error::bellcheck.proofs.pytest_plugin.StaleExpectation", *options)

    for run in (every, stale):
        run.assert_outcomes(xfailed=2, failed=1)
        run.stdout.fnmatch_lines(
            ["known.txt, line 2: 'conduct.output' is *", "known.txt, line 3: 'q-learning.update-r*"]
        )


def test_runxfail_shows_what_is_expected_to_fail(agents):
    """With --runxfail nothing is expected."""
    agents.maketxtfile(known=RULE)

    run = agents.runpytest_inprocess(
        "--runxfail", *_judge("bootstraps_at_ends", "--bellcheck-expect-fail", "known.txt")
    )

    run.assert_outcomes(failed=2, passed=1)


# -------------------------------------------------------------------- --bellcheck-subject


def test_a_right_learner_passes_without_a_test_file(agents):
    """Every check of the kind is a test; nothing fails, and conduct is the last."""
    options = ("--bellcheck-subject", "agents.py:q_update", "--bellcheck-as", "q-learner")

    run = agents.runpytest_inprocess("-v", *options, "--bellcheck-max-examples", "2")

    outcomes = run.parseoutcomes()
    assert outcomes.keys() <= {"passed", "skipped"}
    assert outcomes["passed"] >= 35
    run.stdout.fnmatch_lines(["agents.py:q_update::deep-q.terminal-mask::*", "agents.py:q_update::conduct PASSED*"])


def test_a_known_library_needs_no_kind(agents, monkeypatch):
    """Its kind and what it declares are known."""
    monkeypatch.setitem(KNOWN, "learners:fixed", Known("agents", "q-learner"))
    agents.makepyfile(agents=AGENTS.replace("q_update", "fixed"))

    run = agents.runpytest_inprocess("--bellcheck-subject", "learners:fixed", "--bellcheck-claim", RULE)

    run.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--bellcheck-subject", "agents:q_update"], "--bellcheck-as KIND, one of q-learner, "),
        (_judge("q_update", "--bellcheck-as", "q-lerner"), "did you mean q-learner?"),
        (
            _judge("q_update", "--bellcheck-as", "td-loss"),
            "nothing that a td-loss is asked is about q-learning.update-rule",
        ),
        (_judge("q_updat"), "agents has no q_updat; it has "),
        (_judge("q_update", "--bellcheck-subject", "agent:q_update"), "no module 'agent' here"),
        (
            _judge("q_update", "--bellcheck-subject", "broken:f"),
            "broken cannot be imported: RuntimeError: in two lines",
        ),
        (_judge("q_update", "--bellcheck-subject", "agents"), "write package.module:name or file.py:name"),
        (_judge("q_update", "--bellcheck-declare", "table"), "--bellcheck-declare table: write NAME=VALUE"),
        (_judge("q_update", "--bellcheck-declare", "table=tuple"), "--bellcheck-declare table=tuple: choose one of "),
        (_judge("q_update", "--bellcheck-declare", "tabel=dict"), "--bellcheck-declare tabel: "),
        (_judge("q_update", "--bellcheck-expect-fail", "no.txt"), "--bellcheck-expect-fail no.txt: No such file"),
        (_judge("q_update", "--bellcheck-expect-fail", "agents.py"), "agents.py, line 1: "),
        (_judge("q_update", claim="q-learning.update-rul"), "did you mean q-learning.update-rule?"),
        (_judge("q_update", claim="bellman"), "nothing that a q-learner is asked is about bellman"),
        (["--bellcheck-as", "q-learner"], "name it: --bellcheck-subject"),
        (["--bellcheck-expect-fail", "known.txt"], "name it: --bellcheck-subject"),
    ],
)
def test_bad_options_are_bad_usage(agents, options, says):
    """A message of one or two lines, exit status 4, and nothing is run."""
    agents.makepyfile(broken="raise RuntimeError('in\\ntwo lines')", test_suite="def test_this(): pass")

    run = agents.runpytest_inprocess(*options)

    message = [line for line in run.errlines if line]
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert message[0].startswith("ERROR: ")
    assert says in " ".join(message)
    assert len(message) <= 2
    run.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_number_of_examples_is_positive(agents):
    """0 instances would be no check."""
    run = agents.runpytest_inprocess(*_judge("q_update", "--bellcheck-max-examples", "0"))

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines(["*--bellcheck-max-examples: '0' is not a number of at least 1"])


def test_last_failed_runs_what_failed(agents):
    """The ids of added tests are ids that pytest finds again."""
    agents.runpytest_inprocess(*_judge("bootstraps_at_ends"))

    run = agents.runpytest_inprocess("--lf", *_judge("bootstraps_at_ends"))

    run.assert_outcomes(failed=2, deselected=1)


# -------------------------------------------------------------------- markers and selection


MARKED = """
import pytest

@pytest.mark.claim("bellman.contraction")
def test_marked(): pass

def test_plain(): pass
"""


def test_a_marker_stands_in_the_report_and_selects(agents):
    """--bellcheck-claim takes ids, groups and globs, and selects marked tests and checks alike."""
    _suite(agents, '[("agents:q_update", "q-learner")]')
    agents.makepyfile(test_marked=MARKED)

    marked = agents.runpytest_inprocess("--bellcheck-claim", "bellman", "--strict-markers", "--junitxml", "out.xml")
    checks = agents.runpytest_inprocess("--bellcheck-claim", "q-learning.up*")

    marked.assert_outcomes(passed=1, deselected=4)
    assert _properties(agents.path / "out.xml") == {
        "test_marked test_marked": {"bellcheck_claim": "bellman.contraction"}
    }
    checks.assert_outcomes(passed=2, deselected=3)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ('claim("bellman.contractoin")', "did you mean bellman.contraction?"),
        ('claim("bellman")', "bellman is a group; name one of its claims"),
        ("claim", 'names a claim by its id: @pytest.mark.claim("bellman.contraction")'),
        ("claim(3)", 'names a claim by its id: @pytest.mark.claim("bellman.contraction")'),
        ('claim(id="bellman.contraction")', 'names a claim by its id: @pytest.mark.claim("bellman.contraction")'),
    ],
)
def test_a_wrong_marker_is_bad_usage(pytester, marker, says):
    """An id that is none is an error that names the test and the remedy."""
    pytester.makepyfile(test_marked=MARKED.replace('claim("bellman.contraction")', marker))

    run = pytester.runpytest_inprocess()

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: test_marked.py::test_marked: " in run.stderr.str()
    assert says in run.stderr.str()


# -------------------------------------------------------------------- processes


def test_xdist_gives_the_same_verdicts(agents):
    """Two workers, each with its own child processes: the same tests fail, and a wrong marker fails its test alone."""
    agents.maketxtfile(known=STALE)
    agents.makepyfile(test_marked=MARKED.replace("contraction", "contractoin"))
    _suite(agents, '[("agents:raises", "q-learner"), (lambda Q, s, a, r, s2, done, lr, g: None, "q-learner")]')
    subject = ["--bellcheck-subject", "agents:bootstraps_at_ends", "--bellcheck-as", "q-learner"]
    subject += ["--bellcheck-expect-fail", "known.txt", "--bellcheck-max-examples", "5"]

    run = agents.runpytest_inprocess("-n", "2", "--junitxml", "out.xml", *subject, "-k", "entry or conduct or marked")

    found = _properties(agents.path / "out.xml")
    refuted = {name.partition("[")[2] for name, properties in found.items() if "bellcheck_counterexample" in properties}
    run.assert_outcomes(passed=4, failed=2, xfailed=1, errors=1, warnings=3)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    assert refuted == {"agents:raises-conduct]", f"test_suite:lambda-{ENTRY}-exact]", ""}


def test_xdist_does_not_start_with_bad_options(agents):
    """What is wrong with a subject is said once, and not by each worker."""
    run = agents.runpytest_inprocess("-n", "2", *_judge("q_updat"))

    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in run.errlines if line] == [
        (
            "ERROR: --bellcheck-subject agents:q_updat: agents has no q_updat; "
            "it has bootstraps_at_ends, built_in, q_update, raises"
        )
    ]


def test_children_end_with_the_session(agents, monkeypatch):
    """No child is left, also where the test of conduct, which closes it, was not selected; nor is a warning."""
    children = []

    def noted(start):
        def starting(*given):
            process = start(*given)
            children.append(process.pid)
            return process

        return starting

    for name in ("spawned", "forked"):
        monkeypatch.setattr(sandbox, name, noted(getattr(sandbox, name)))
    _suite(agents, '[("agents:q_update", "q-learner"), (lambda Q, s, a, r, s2, done, lr, g: None, "q-learner")]')

    agents.runpytest_inprocess("-k", "one_entry", "-W", "error", *_judge("raises")).assert_outcomes(
        passed=2, failed=1, deselected=6
    )

    assert len(children) == 3
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 0)
            pytest.fail(f"process {child} is still there")


def test_a_run_that_does_not_use_it_loads_nothing_of_it(pytester):
    """A suite without our options and markers runs without our libraries."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            loaded = {name.partition(".")[0] for name in sys.modules}
            assert loaded.isdisjoint({"flint", "numpy", "hypothesis", "sympy", "torch"})
            assert [name for name in sys.modules if name.startswith("bellcheck.")] == [
                "bellcheck.proofs", "bellcheck.proofs.pytest_plugin"
            ]
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
