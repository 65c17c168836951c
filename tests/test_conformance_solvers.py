"""Solvers as textbooks and homework write them: what they return, and what they promise, is read as it is meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bellcheck.proofs.conformance.adapters import KNOWN
from bellcheck.proofs.conformance.child.data import WrongShape
from bellcheck.proofs.conformance.child.solvers import Solver
from bellcheck.proofs.conformance.front import judge_subject
from bellcheck.proofs.conformance.verdicts import Judgement, Result

SWEEPS = """
import numpy as np

def swept(P, R, gamma, theta):
    V = np.zeros(len(P))
    while True:
        W = (R + gamma * P @ V).max(axis=1)
        delta = np.abs(W - V).max()
        V = W
        if delta < theta:
            break
    Q = R + gamma * P @ V
    return V, Q, Q.argmax(axis=1)
"""


def _judged(folder: Path, code: str, claims: str = "bellman.solver-promise", **declared: str) -> Judgement:
    """Judge the solver of these lines, which may call ``swept`` for values, table and policy."""
    file = folder / "solver.py"
    file.write_text(SWEEPS + code, encoding="utf-8")
    return judge_subject(f"{file}:solve", "solver", max_examples=5, claims=(claims,), **declared)


def _returning(parts: str) -> str:
    return f"""
def solve(P, R, gamma):
    V, Q, policy = swept(P, R, gamma, 1e-10)
    return {parts}
"""


def _statuses(judgement: Judgement) -> dict[str, str]:
    return {result.check: result.status for result in judgement.results if result.view == "solver"}


def _of(judgement: Judgement, name: str) -> Result:
    (result,) = [result for result in judgement.results if name in (result.check, result.id)]
    return result


# -------------------------------------------------------------------- what is no model


def test_a_solver_that_validates_nothing_is_not_asked_to(tmp_path: Path) -> None:
    """Each check about what is no model says how it can be asked for."""
    judgement = _judged(tmp_path, _returning("V, policy"), "bellman.models-only")

    asked = [result for result in judgement.results if result.view == "input-check"]
    assert len(asked) >= 4
    assert {result.status for result in asked} == {"not-run"}
    assert {result.reason for result in asked} == {"--declare validates=yes asks how it treats what is no model"}


def test_a_solver_that_is_said_to_validate_is_held_to_it(tmp_path: Path) -> None:
    """What answers whatever it is given is refuted where it is declared to refuse what is no model."""
    code = "\ndef solve(P, R, gamma):\n    return np.zeros(len(P))\n"

    judgement = _judged(tmp_path, code, "bellman.models-only", validates="yes")

    assert "refuted" in {result.status for result in judgement.results if result.view == "input-check"}


def test_a_table_cannot_be_no_model(tmp_path: Path) -> None:
    """Where a solver takes Gymnasium's table, the reason is another than that nothing was declared."""
    code = "\ndef solve(P, gamma):\n    return np.zeros(len(P))\n"

    judgement = _judged(tmp_path, code, "bellman.models-only", validates="yes", model="table")

    reasons = {result.reason for result in judgement.results if result.view == "input-check"}
    assert reasons == {"what is no model is written in arrays, and no table"}


def test_pymdptoolbox_is_held_to_its_documents() -> None:
    """They say that a model is checked, unless one asks to skip it."""
    solvers = [known for known in KNOWN.values() if known.kind == "solver"]

    assert solvers
    assert all(known.declared["validates"] == "yes" for known in solvers)


# -------------------------------------------------------------------- what is promised


@pytest.mark.parametrize(("name", "default"), [("theta", "=1e-2"), ("tol", ""), ("tolerance", "")])
def test_a_threshold_is_no_promise(tmp_path: Path, name: str, default: str) -> None:
    """The change of a sweep at which one stops is chosen so small that the declared epsilon is kept."""
    code = f"""
def solve(P, R, gamma, {name}{default}):
    V, Q, policy = swept(P, R, gamma, {name})
    return V, policy
"""
    statuses = _statuses(_judged(tmp_path, code))

    assert "refuted" not in statuses.values()
    assert statuses["values_are_within_epsilon"] == statuses["policy_loses_at_most_epsilon"] == "holds"


def test_sweeps_in_place_stop_by_the_threshold_too(tmp_path: Path) -> None:
    """The value iteration of the textbook keeps one array, and reads new values in the sweep that makes them."""
    code = """
def solve(P, R, gamma, theta):
    V = np.zeros(len(P))
    delta = theta
    while delta >= theta:
        delta = 0.0
        for s in range(len(P)):
            old = V[s]
            V[s] = max(R[s, a] + gamma * P[s, a] @ V for a in range(R.shape[1]))
            delta = max(delta, abs(old - V[s]))
    return V, [int(np.argmax(R[s] + gamma * P[s] @ V)) for s in range(len(P))]
"""
    assert "refuted" not in _statuses(_judged(tmp_path, code)).values()


def test_a_threshold_that_is_not_looked_at_is_refuted(tmp_path: Path) -> None:
    """Ten sweeps whatever theta is are too few near discount 1."""
    code = """
def solve(P, R, gamma, theta):
    V = np.zeros(len(P))
    for _ in range(10):
        V = (R + gamma * P @ V).max(axis=1)
    return V, (R + gamma * P @ V).argmax(axis=1)
"""
    assert _statuses(_judged(tmp_path, code))["values_are_within_epsilon"] == "refuted"


def test_epsilon_is_a_promise(tmp_path: Path) -> None:
    """Who stops when the change is below epsilon is not within epsilon."""
    code = """
def solve(P, R, gamma, epsilon):
    V, Q, policy = swept(P, R, gamma, epsilon)
    return V, policy
"""
    assert _statuses(_judged(tmp_path, code))["values_are_within_epsilon"] == "refuted"


ONE_EPSILON = """
def solve(P, R, gamma, epsilon):
    assert epsilon == 0.01, epsilon
    V, Q, policy = swept(P, R, gamma, epsilon * (1 - gamma) / 2)
    return V, policy
"""


def test_a_declared_epsilon_is_the_one_that_is_asked(tmp_path: Path) -> None:
    """Though epsilon is a parameter, it is given no other number."""
    judgement = _judged(tmp_path, ONE_EPSILON, epsilon="1/100")

    assert judgement.exit_status == 0
    assert _statuses(judgement)["values_are_within_epsilon"] == "holds"


def test_an_epsilon_that_is_not_declared_is_drawn(tmp_path: Path) -> None:
    """A solver that takes a single epsilon is found out where none is declared."""
    assert _judged(tmp_path, ONE_EPSILON).exit_status == 1


def test_a_built_in_epsilon_is_held_to_as_declared(tmp_path: Path) -> None:
    """Who is off by all of 1/100 but a little keeps the promise, and is not held to the next power of two."""
    code = _returning("V + 0.00999, policy")

    assert _statuses(_judged(tmp_path, code, epsilon="1/100"))["values_are_within_epsilon"] == "holds"


def test_a_solver_without_an_epsilon_is_told_how_to_declare_one(tmp_path: Path) -> None:
    """Where it is refuted as too far off, it is said what it was held to."""
    result = _of(_judged(tmp_path, _returning("V + 0.001, policy")), "values_are_within_epsilon")

    assert result.status == "refuted"
    assert result.reason == "if it promises less than to come within 1/1048576, say so: --declare epsilon=NUMBER"


# -------------------------------------------------------------------- what is returned


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ("V, policy", "values policy"),
        ("policy, V", "values policy"),
        ("V, policy, 17, True", "values policy"),
        ("17, policy, [0.5] * 40, V", "values policy"),
        ("Q", "values"),
        ("tuple(V.tolist())", "values"),
        ("Q, policy", "values policy"),
        ("V, Q", "values"),
        ("V, Q, policy", "values policy"),
        ("V, np.eye(R.shape[1])[policy]", "values policy"),
        ("dict(enumerate(V)), dict(enumerate(policy))", "values policy"),
        ("dict(enumerate(V.tolist()))", "values"),
        ("{(s, a): Q[s, a] for s in range(len(P)) for a in range(R.shape[1])}", "values"),
        ("{s: dict(enumerate(row)) for s, row in enumerate(Q)}, policy", "values policy"),
        ("{'V': dict(enumerate(V)), 'pi': policy}", "values policy"),
    ],
)
def test_parts_are_told_by_type_and_shape(tmp_path: Path, parts: str, says: str) -> None:
    """Whole numbers are actions and floats values, rows by action a table; nothing right is refuted."""
    judgement = _judged(tmp_path, _returning(parts))

    statuses = _statuses(judgement)
    assert judgement.exit_status == 0
    assert statuses["values_are_within_epsilon"] == "holds"
    assert (statuses["policy_loses_at_most_epsilon"] == "holds") == ("policy" in says)


@pytest.mark.parametrize(
    ("returned", "values", "policy"),
    [
        (lambda R: R, [0.5], None),
        (lambda R: np.eye(R.shape[1])[R.argmax(axis=1)], None, [0]),
        (lambda R: (R.max(axis=1), R), [0.5], None),
        (lambda R: (R.max(axis=1), np.eye(R.shape[1])[R.argmax(axis=1)]), [0.5], [0]),
    ],
)
def test_rows_that_sum_to_one_by_chance_are_told_on_another_model(returned, values, policy):
    """What is a policy has such rows on every model; what is a table has them on this one."""
    solver = Solver(lambda P, R, gamma: returned(R), {})
    question = {"P": [[[1.0], [1.0]]], "R": [[0.5, 0.5]], "terminal": [], "discount": 0.0, "start": None}

    answer = solver.answer({**question, "epsilon": 0.5, "threshold": 0.25})

    assert (answer["values"], answer["policy"]) == (values, policy)


def test_it_is_decided_once_what_is_what():
    """Where actions were first, whole floats after them are values, and so they are when they are no floats."""
    solver = Solver(lambda P, R, gamma: ([0], R.max(axis=1) if gamma else [0]), {})
    question = {"P": [[[1.0]]], "R": [[2.0]], "terminal": [], "start": None, "epsilon": 0.5, "threshold": 0.25}

    answers = [solver.answer({**question, "discount": discount}) for discount in (0.5, 0.0)]

    assert [(answer["policy"], answer["values"]) for answer in answers] == [([0], [2.0]), ([0], [0.0])]


def test_a_wrong_shape_is_named_with_what_to_declare():
    """The sizes that were asked for, and what came."""
    solver = Solver(lambda P, R, gamma: np.zeros(7), {})
    question = {"P": [[[1.0]]], "R": [[2.0]], "terminal": [], "start": None, "epsilon": 0.5, "threshold": 0.25}

    with pytest.raises(WrongShape, match=r"1 states, 1 actions: ndarray float64 \(7,\); .* --declare returns="):
        solver.answer({**question, "discount": 0.5})


@pytest.mark.parametrize("parts", ["policy, V", "Q, policy"])
def test_wrong_values_are_refuted_in_any_order(tmp_path: Path, parts: str) -> None:
    """What is told apart is judged: values and tables of which 1 is taken."""
    judgement = _judged(tmp_path, _returning(parts.replace("V", "V - 1").replace("Q", "Q - 1")))

    assert _statuses(judgement)["values_are_within_epsilon"] == "refuted"


@pytest.mark.parametrize("parts", ["V, policy.astype(float)", "policy, policy", "V, policy, 1, 2"])
def test_what_may_be_this_or_that_is_to_be_declared(tmp_path: Path, parts: str) -> None:
    """Two parts that look alike are no answer, and the message says what to declare."""
    judgement = _judged(tmp_path, _returning(parts))

    reason = _of(judgement, "conduct.shape").reason or ""
    assert "--declare returns=values,table,policy" in reason


def test_a_policy_of_probabilities_is_no_table(tmp_path: Path) -> None:
    """Rows that sum to 1 on every model are a policy, which is to be deterministic."""
    judgement = _judged(tmp_path, _returning("V, np.full(Q.shape, 1 / Q.shape[1])"))

    assert "a policy that is not deterministic" in (_of(judgement, "conduct.shape").reason or "")


@pytest.mark.parametrize(
    ("parts", "returns"),
    [
        ("policy.astype(float), V", "policy,values"),
        ("V, policy, 1, 2", "values,policy,-,sweeps"),
        ("[policy, V]", "policy,values"),
    ],
)
def test_a_declared_order_decides(tmp_path: Path, parts: str, returns: str) -> None:
    """What is declared is what the parts are, whatever they look like."""
    judgement = _judged(tmp_path, _returning(parts), returns=returns)

    assert judgement.exit_status == 0
    assert _statuses(judgement)["policy_loses_at_most_epsilon"] == "holds"


# -------------------------------------------------------------------- learners


@pytest.mark.parametrize("parts", ["Q", "Q.tolist()", "Q, [0.0] * 7", "[0.0] * 7, Q", "{'Q': Q}", "dict(enumerate(Q))"])
def test_the_table_of_a_run_is_found(tmp_path: Path, parts: str) -> None:
    """A table alone, beside other things, under its name or by state."""
    file = tmp_path / "run.py"
    file.write_text(f"import numpy as np\ndef learn(P, R, gamma):\n    Q = np.zeros(R.shape)\n    return {parts}\n")

    judgement = judge_subject(f"{file}:learn", "learning", max_examples=5, claims=("q-learning.bounded",))

    assert judgement.exit_status == 0
    assert [result.status for result in judgement.results if result.check] == ["holds"]


def test_two_tables_of_a_run_are_no_answer(tmp_path: Path) -> None:
    """It is not guessed which of them is Q."""
    file = tmp_path / "run.py"
    file.write_text("import numpy as np\ndef learn(P, R, gamma):\n    return np.zeros(R.shape), np.zeros(R.shape)\n")

    judgement = judge_subject(f"{file}:learn", "learning", max_examples=5, claims=("q-learning.bounded",))

    assert "with 2 tables Q" in (_of(judgement, "conduct.shape").reason or "")


def test_results_are_labelled_by_form_where_there_are_two(tmp_path: Path) -> None:
    """With one form there is nothing to tell apart."""
    one, two = (
        _judged(tmp_path, "\ndef solve(P, R, gamma):\n    return np.zeros(R.shape[0])\n", **declared)
        for declared in ({}, {"forms": "dense,sparse"})
    )

    assert {result.label for result in one.results if result.check} == {""}
    assert {result.label for result in two.results if result.view == "solver"} == {"dense", "sparse"}
