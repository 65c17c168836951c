"""What `bellcheck check` says to somebody who uses it for the first time: what went wrong, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bellcheck.reports.command_line import main

SUBJECTS = """
def built_in(Q, s, a, r, s_next, done):
    Q[s, a] += 0.5 * (r + (0 if done else 0.9 * Q[s_next].max()) - Q[s, a])

def keyed(Q, s, a, r, s_next, done, alpha, gamma):
    best = 0 if done else max(value for (state, _), value in Q.items() if state == s_next)
    Q[s, a] += alpha * (r + gamma * best - Q[s, a])

def wrong(Q, s, a, r, s_next, done, alpha, gamma):
    Q[s, a] += alpha * (r + gamma * Q[s_next].max() - Q[s, a])

def late(k):
    return 1 / (k + 2)

def first_best(q, epsilon):
    p = [epsilon / len(q)] * len(q)
    p[q.argmax()] += 1 - epsilon
    return p

class Agent:
    def __init__(self, n_states, n_actions):
        self.Q = [[0.0] * n_actions for _ in range(n_states)]

    def update(self, s, a, r, s_next, done):
        self.Q[s][a] += 0.5 * (r + (0 if done else 0.75 * max(self.Q[s_next])) - self.Q[s][a])

def loss(q_net, target_net, batch):
    return q_net(batch[0]).sum()
"""
RULE = ["--claim", "q-learning.update-rule"]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return the exit status and what is printed, in one line, of a check of one of the subjects."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours.py").write_text(SUBJECTS, encoding="utf-8")

    def checked(name: str, kind: str, *options: str) -> tuple[int, str]:
        status = main(["check", f"ours.py:{name}", "--as", kind, "--max-examples", "10", *options])
        captured = capsys.readouterr()
        return status, " ".join((captured.out + captured.err).split())

    return checked


def test_a_number_that_is_built_in_has_to_be_declared(check):
    """Said once for all checks, none of which holds; of an agent's constructor and of a loss it is asked alike."""
    for name, kind, role in (
        ("built_in", "q-learner", "step_size"),
        ("Agent", "agent", "step_size"),
        ("loss", "td-loss", "discount"),
    ):
        if kind == "td-loss":
            pytest.importorskip("torch")
        status, text = check(name, kind)

        assert status == 3
        assert "could not be asked anything, 0 hold" in text
        assert text.count(f"no parameter is the {role}, nor a number of that name in its module") == 1
        assert text.count(f"if it is built in, say which: --declare {role}=NUMBER") == 1


def test_a_number_that_floats_round_has_a_remedy(check):
    """9/10 cannot be asked about; what to do stands beside it."""
    status, text = check("built_in", "q-learner", "--declare", "step_size=1/2", "--declare", "discount=0.9")

    assert status == 3
    assert "the discount 9/10 has no exact binary form" in text
    assert "make it a parameter, or build in 7/8 for this run and --declare discount=7/8" in text


def test_an_agent_whose_numbers_are_declared_agrees(check):
    """What its constructor has built in is asked, and nothing else."""
    status, text = check("Agent", "agent", "--declare", "step_size=1/2", "--declare", "discount=3/4", *RULE)

    assert status == 0
    assert "agrees with the theory" in text


def test_another_form_of_the_table_is_hinted_at(check):
    """A dictionary by pairs stumbles over an array: the forms to declare are listed, and the right one agrees."""
    status, text = check("keyed", "q-learner", *RULE)
    declared, _ = check("keyed", "q-learner", "--declare", "table=dict", *RULE)

    assert status == 1
    assert "say which: --declare table=array|float32|lists|dict|nested|rows" in text
    assert declared == 0


def test_a_counterexample_is_told_as_the_call(check):
    """Arguments by their names, the row of an end, and where the reason stands."""
    status, text = check("wrong", "q-learner", *RULE)

    assert status == 1
    assert "called wrong(Q=[[0.0], [8.0]], s=0, a=0, r=0.0, s_next=1, done=True, alpha=0.5, gamma=0.5)" in text
    assert "state 1 is an end, and what its row holds must not matter" in text
    assert "why bellcheck explain q-learning.update-rule" in text


def test_a_law_is_named(check):
    """A schedule's law without a parameter is its name."""
    status, text = check("late", "step-size")

    assert status == 1
    assert "k: 0 law: Linear expected 1 got 0.5" in text


def test_ties_may_have_to_be_declared(check):
    """A policy that gives ties to the first is told what was taken from its answers, or that it declares otherwise."""
    status, text = check("first_best", "behaviour", "--claim", "q-learning.exploration")
    wrong, advice = check("first_best", "behaviour", "--claim", "q-learning.exploration", "--declare", "ties=split")

    assert status == 0
    assert "taken from its answers, not declared: ties=lowest" in text
    assert wrong == 1
    assert "ties are split; where they are not, say which: --declare ties=split|lowest" in advice


def test_a_class_is_no_update(check):
    """One that keeps a table is an agent, which the refusal says."""
    status, text = check("Agent", "q-learner")

    assert status == 2
    assert text.startswith("Error: what parameter 'n_states' is given is not clear; say it: --declare arguments=table,")
    assert text.endswith("; Agent is a class: one that keeps a table is judged --as agent")
