"""The conformance kit on programs as people write them: right ones agree, wrong ones are refuted and recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from bellcheck.proofs.conformance.front import judge_subject, subject_of
from bellcheck.proofs.conformance.sandbox import Limits
from bellcheck.proofs.conformance.verdicts import Judgement, Result
from bellcheck.proofs.instance_data import instance_from_data
from bellcheck.proofs.registry import claim
from bellcheck.proofs.subject import reference

FOLDER = Path(__file__).parent / "subjects"


def _judged(file: str, name: str, kind: str, declared: dict[str, str] | None = None, **options: object) -> Judgement:
    return judge_subject(f"{FOLDER / file}.py:{name}", kind, **{"max_examples": 8, **options}, **(declared or {}))


def _refuted(judgement: Judgement) -> list[Result]:
    return [result for result in judgement.results if result.status == "refuted"]


# -------------------------------------------------------------------- right ones


@pytest.mark.parametrize(
    ("name", "kind", "declared"),
    [
        ("update", "q-learner", {}),
        ("update", "q-learner", {"table": "float32"}),
        ("new_value", "q-learner", {}),
        ("masked", "q-learner", {}),
        ("keyed", "q-learner", {"table": "dict"}),
        ("by_row", "q-learner", {"table": "nested"}),
        ("built_in", "q-learner", {"step_size": "1/2", "discount": "3/4"}),
        ("in_the_module", "q-learner", {}),
        ("Agent", "agent", {}),
        ("Keeper", "agent", {}),
        ("sarsa", "sarsa", {}),
        ("expected_sarsa", "expected-sarsa", {}),
        ("mean_sarsa", "expected-sarsa", {}),
        ("double_q", "double-q-learner", {}),
        ("n_step", "n-step-learner", {}),
        ("train", "training", {}),
        ("operator", "operator", {}),
        ("values_operator", "operator", {}),
        ("solve", "solver", {"validates": "yes"}),
        ("epsilon_greedy", "behaviour", {"ties": "split"}),
        ("act", "behaviour", {"ties": "split", "returns": "action"}),
        ("step_size", "step-size", {}),
        ("polyak", "target-update", {}),
        ("loss", "td-loss", {"error": "square"}),
        ("double_huber", "td-loss", {"double": "yes", "error": "huber", "threshold": "1"}),
    ],
)
def test_right_programs_agree(name, kind, declared):
    """Nothing is refuted, most checks hold, and no fault of conduct is seen."""
    judgement = _judged("right", name, kind, declared)

    status = [result.status for result in judgement.results]
    assert _refuted(judgement) == []
    assert judgement.exit_status == 0
    assert status.count("holds") > 2 * status.count("not-run")
    assert judgement.looks_like == []


def test_what_is_not_run_says_why():
    """Each check that could not be asked gives a reason."""
    declared = {"step_size": "1/2", "discount": "3/4"}

    judgement = _judged("right", "built_in", "q-learner", declared, claims=("q-learning.targets-told-apart",))

    (result,) = (result for result in judgement.results if result.check)
    assert result.status == "not-run"
    assert result.reason == "the step_size 1, where 1/2 is built in"


# -------------------------------------------------------------------- wrong ones

WRONG = [
    ("terminal_state_bootstrapped", "q-learner", {}, "deep-q.terminal-mask", "bug-A2"),
    ("time_limit_is_the_end", "q-learner", {}, "deep-q.terminal-mask", "bug-A5"),
    ("mask_by_product", "q-learner", {"undefined": "yes"}, "deep-q.terminal-mask", "bug-A4"),
    ("index_for_value", "q-learner", {}, "q-learning.update-rule", "bug-B1"),
    ("sign", "q-learner", {}, "q-learning.update-rule", "q + alpha (target + q)"),
    ("printed", "q-learner", {}, "q-learning.update-rule", "d2l-ai/d2l-en issue 2649"),
    ("illegal_actions", "q-learner", {}, "q-learning.update-rule", ""),
    ("greedy_sarsa", "sarsa", {}, "q-learning.update-rule", "bug-F1"),
    ("epsilon_for_each", "expected-sarsa", {}, "q-learning.update-rule", ""),
    ("valued_by_its_own", "double-q-learner", {}, "q-learning.targets-told-apart", ""),
    ("one_gamma", "n-step-learner", {}, "q-learning.n-step-target", "bug-E1"),
    ("train_done", "training", {}, "q-learning.run-is-its-log", ""),
    ("undiscounted", "operator", {}, "bellman.contraction", "bug-H8"),
    ("stops_when_little_changes", "solver", {}, "bellman.solver-promise", ""),
    ("first_of_the_ties", "behaviour", {"ties": "split"}, "q-learning.exploration", "bug-F6"),
    ("always_random", "behaviour", {"returns": "action"}, "q-learning.exploration", ""),
    ("root", "step-size", {}, "q-learning.step-size-law", "bug-F8"),
    ("shared", "target-update", {}, "deep-q.target-sync", "bug-C7"),
    ("target_not_detached", "td-loss", {"error": "square"}, "deep-q.loss-gradient", "bug-D1"),
    ("broadcast", "td-loss", {"error": "square"}, "deep-q.loss-gradient", ""),
]


@pytest.mark.parametrize(("name", "kind", "declared", "id", "looks_like"), WRONG)
def test_wrong_programs_are_refuted(name, kind, declared, id, looks_like):
    """The claim that the bug is about refutes it, on a model of at most three states, and the bug is recognised.

    Where the answer is a promise or drawn by chance, or the bug is none that is planted, there is no likeness to find.
    """
    judgement = _judged("wrong", name, kind, declared, claims=(id,), max_examples=40)

    refuted = [result for result in _refuted(judgement) if result.id == id]
    assert judgement.exit_status == 1
    assert refuted
    assert min(_states(result) for result in refuted) <= 3
    assert any(looks_like in words for words in judgement.looks_like) if looks_like else True


def _states(result: Result) -> int:
    assert result.instance is not None
    return max((value["states"] for value in result.instance.values() if _is_model(value)), default=1)


def _is_model(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("states"), int)


@pytest.mark.parametrize(("name", "kind", "id"), [("sign", "q-learner", "q-learning.update-rule")])
def test_a_counterexample_says_what_was_asked_and_what_was_due(name, kind, id):
    """The first wrong call of the smallest instance, our reference's answer to it, and the subject's."""
    judgement = _judged("wrong", name, kind, claims=(id,))

    result = next(result for result in judgement.results if result.name == f"{id}::one_entry_moves_to_its_target")
    assert result.call is not None
    assert result.call.asked["q"] == ["1"]
    assert (result.expected, result.got) == (["3/4"], ["7/4"])


@pytest.mark.parametrize(
    ("name", "kind", "declared", "claims"),
    [
        ("index_for_value", "q-learner", {}, "q-learning.*"),
        ("undiscounted", "operator", {}, "bellman.*"),
        ("target_not_detached", "td-loss", {"error": "square"}, "deep-q.loss-gradient"),
    ],
)
def test_counterexamples_read_back_refute_again(name, kind, declared, claims):
    """The instance in the JSON is the instance: the check is false of the subject on it, and true of our reference."""
    judgement = _judged("wrong", name, kind, declared, claims=(claims,))
    refuted = [result for result in _refuted(judgement) if result.check]

    foreign = subject_of(f"{FOLDER / 'wrong'}.py:{name}", kind, declared, Limits())
    foreign.sandbox.start()
    calls = {view.kind: view.call for view in foreign.door.views(foreign)}
    assert refuted
    for result in refuted:
        check = next(check for check in claim(result.id).checks if check.name == result.check)
        instance = instance_from_data(result.instance)
        assert not check.function(calls[result.view], **instance).holds
        assert check.function(reference(result.view).call, **instance).holds
    foreign.sandbox.close()


# -------------------------------------------------------------------- wrong declarations


@pytest.mark.parametrize(
    ("file", "name", "declared", "true"),
    [
        ("right", "loss", {"error": "half-square"}, "error=square"),
        ("right", "double_huber", {"error": "huber", "threshold": "1"}, "double=yes"),
        ("right", "double_huber", {"double": "yes", "error": "huber", "threshold": "2"}, "threshold=1"),
        ("right", "loss", {"error": "square", "reduction": "sum"}, "reduction=mean"),
    ],
)
def test_a_wrong_declaration_is_found_out(file, name, declared, true):
    """The subject is held to what it declares, and the declaration that fits is named."""
    judgement = _judged(file, name, "td-loss", declared, claims=("deep-q.*",))

    assert judgement.exit_status == 1
    assert any(true in words for words in judgement.looks_like), judgement.looks_like


@pytest.mark.parametrize(
    ("name", "kind", "declared", "true"),
    [
        ("built_in", "q-learner", {"step_size": "1/2", "discount": "1/2"}, "step_size=1/2 discount=3/4"),
        ("built_in", "q-learner", {"step_size": "1/4", "discount": "3/4"}, "step_size=1/2 discount=3/4"),
        ("built_in", "q-learner", {"step_size": "1/4", "discount": "1/2"}, "step_size=1/2 discount=3/4"),
        ("epsilon_greedy", "behaviour", {"ties": "lowest"}, "ties=split"),
        ("step_size", "step-size", {"first": "1"}, "first=0"),
    ],
)
def test_what_is_really_built_in_is_named(name, kind, declared, true):
    """Numbers and conventions under which our reference answers all calls as the subject did."""
    claims = {"q-learner": "q-learning.update-rule", "behaviour": "q-learning.exploration"}.get(kind, "q-learning.*")

    judgement = _judged("right", name, kind, declared, claims=(claims,))

    assert judgement.exit_status == 1
    assert judgement.looks_like[0] == f"it agrees with another declaration: {true}"


# -------------------------------------------------------------------- one seed, one result


def test_the_same_seed_gives_the_same_judgement():
    """Every field but the seconds."""
    first, second = (_judged("wrong", "greedy_sarsa", "sarsa", seed=3) for _ in range(2))

    for result in (*first.results, *second.results):
        result.seconds = 0
    assert first == second


def test_another_selection_of_claims_does_not_change_a_verdict():
    """A check draws from a stream of its own."""
    alone = _judged("wrong", "greedy_sarsa", "sarsa", claims=("q-learning.update-rule",))
    among = _judged("wrong", "greedy_sarsa", "sarsa")

    (result,) = (r for r in alone.results if r.id == "q-learning.update-rule")
    assert result.instance == next(r for r in among.results if r.name == result.name).instance


# -------------------------------------------------------------------- what people write

PROGRAMS = """
import numpy as np

RNG = np.random.default_rng(42)

def returns_its_error_too(Q, s, a, r, s_next, done, alpha, gamma):
    delta = r + gamma * Q[s_next].max() * (1 - done) - Q[s, a]
    Q[s, a] += alpha * delta
    return Q, delta

def returns_a_report(Q, s, a, r, s_next, done, alpha, gamma):
    delta = r + gamma * Q[s_next].max() * (1 - done) - Q[s, a]
    Q[s, a] += alpha * delta
    return {"td_error": delta}

def first_of_the_best(Q, state, epsilon):
    p = np.full(Q.shape[1], epsilon / Q.shape[1])
    p[np.argmax(Q[state])] += 1 - epsilon
    return p

def draws_from_the_module(Q, state, epsilon):
    if RNG.random() < epsilon:
        return RNG.integers(Q.shape[1])
    return Q[state].argmax()

def tosses_the_coin_of_the_module(QA, QB, s, a, r, s_next, done, alpha, gamma):
    if RNG.random() < 0.5:
        QA, QB = QB, QA
    QA[s, a] += alpha * (r + (0 if done else gamma * QB[s_next, QA[s_next].argmax()]) - QA[s, a])

def samples_actions(env, alpha, gamma, epsilon, episodes):
    Q = np.zeros((env.observation_space.n, env.action_space.n))
    for _ in range(episodes):
        s, _ = env.reset()
        over = False
        while not over:
            a = env.action_space.sample() if np.random.random() < epsilon else int(Q[s].argmax())
            s_next, r, done, cut, _ = env.step(a)
            Q[s, a] += alpha * (r + (0 if done else gamma * Q[s_next].max()) - Q[s, a])
            s, over = s_next, done or cut
    return Q, [1.0]

def has_no_word_for_the_end(Q, s, a, r, s_next, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * Q[s_next].max() - Q[s, a])
"""


@pytest.mark.parametrize(
    ("name", "kind", "claim", "declared"),
    [
        ("returns_its_error_too", "q-learner", "q-learning.update-rule", {}),
        ("returns_a_report", "q-learner", "deep-q.terminal-mask", {}),
        ("first_of_the_best", "behaviour", "q-learning.exploration", {}),
        ("draws_from_the_module", "behaviour", "q-learning.exploration", {"returns": "action"}),
        ("tosses_the_coin_of_the_module", "double-q-learner", "q-learning.targets-told-apart", {}),
        ("samples_actions", "training", "q-learning.run-is-its-log", {}),
    ],
)
def test_common_idioms_are_understood(tmp_path, name, kind, claim, declared):
    """What is returned beside the table, generators of a module, the environment's own, ties that were not declared."""
    (tmp_path / "programs.py").write_text(PROGRAMS, encoding="utf-8")

    judgement = judge_subject(f"{tmp_path}/programs.py:{name}", kind, claims=(claim,), max_examples=8, **declared)

    assert _refuted(judgement) == []
    assert judgement.exit_status == 0


def test_what_was_taken_from_an_answer_is_said(tmp_path):
    """Ties that nobody declared."""
    (tmp_path / "programs.py").write_text(PROGRAMS, encoding="utf-8")
    address = f"{tmp_path}/programs.py:first_of_the_best"

    judgement = judge_subject(address, "behaviour", claims=("q-learning.exploration",), max_examples=5)

    assert judgement.inferred == {"ties": "lowest"}


def test_what_was_not_judged_is_said(tmp_path):
    """A learner that is not told of ends relies on their rows."""
    (tmp_path / "programs.py").write_text(PROGRAMS, encoding="utf-8")
    address = f"{tmp_path}/programs.py:has_no_word_for_the_end"

    judgement = judge_subject(address, "q-learner", claims=("q-learning.update-rule",), max_examples=5)

    assert judgement.exit_status == 0
    assert judgement.notes == ["no parameter says that the episode has ended: rows of ends held 0, on which it relies"]
