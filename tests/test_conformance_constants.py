"""Which numbers of a program may be set before a call: those of which nothing else was made."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import pytest

from bellcheck.proofs.conformance.child.constants import numbers_of_a_class, numbers_of_the_module
from bellcheck.proofs.conformance.child.loading import load

UPDATE = "def update(Q):\n    return ALPHA * Q\n"
NUMBER = count()


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what a file of some text calls by a name."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def load_text(text: str, name: str = "update"):
        file = tmp_path / f"program_{next(NUMBER)}.py"
        file.write_text(text, encoding="utf-8")
        return load(f"{file}:{name}")

    return load_text


@pytest.mark.parametrize(
    "before",
    [
        "ALPHA = 0.1",
        "ALPHA: float = 0.1",
        "ALPHA, GAMMA = 0.1, 0.9",
        "ALPHA = 1\nif __name__ == '__main__':\n    print(ALPHA)",
        "ALPHA = 0.1\ndef other():\n    return 1 - ALPHA",
    ],
)
def test_a_number_that_is_assigned_once_can_be_set(loaded, before):
    """Other functions may read it, for they read it when they are called."""
    function = loaded(f"{before}\n{UPDATE}")

    found = numbers_of_the_module(function)

    assert list(found) == ["ALPHA"]
    found["ALPHA"]["ALPHA"] = 0.5
    assert function(3) == 1.5


@pytest.mark.parametrize(
    "before",
    [
        "ALPHA = 0.1\nKEEP = 1 - ALPHA",
        "ALPHA = 0.1\ndef blend(old, new, rate=ALPHA):\n    return old",
        "ALPHA = 0.1\ndef blend(old, *, rate=ALPHA):\n    return old",
        "ALPHA = 0.1\nclass Options:\n    alpha = ALPHA",
        "ALPHA = 0.1\nALPHA = 0.2",
        "ALPHA = 0.2 / 2",
        "ALPHA = 0.1\ndef decay():\n    global ALPHA\n    ALPHA *= 0.9",
        "from math import pi as ALPHA",
        "from functools import cache\nALPHA = 0.1\n@cache\ndef rate():\n    return ALPHA",
        "ALPHA = True",
    ],
)
def test_a_number_of_which_something_was_made_is_left_alone(loaded, before):
    """A derived constant, a default, an answer that is kept: they would know the old number."""
    assert numbers_of_the_module(loaded(f"{before}\n{UPDATE}")) == {}


def test_an_attribute_is_no_number_of_the_module(loaded):
    """Though a number of the module has its name."""
    text = "from types import SimpleNamespace\nALPHA = 0.1\nP = SimpleNamespace(ALPHA=0.3)\n"

    assert numbers_of_the_module(loaded(f"{text}def update(Q):\n    return P.ALPHA * Q\n")) == {}


def test_a_compiled_function_has_its_numbers_already(loaded):
    """Numba freezes what it reads."""
    pytest.importorskip("numba")

    assert numbers_of_the_module(loaded(f"import numba\nALPHA = 0.1\n@numba.njit\n{UPDATE}")) == {}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("self.alpha = 0.1", {"alpha"}),
        ("self.alpha, self.gamma = 0.1, 0.9", {"alpha", "gamma"}),
        ("self.alpha = 0.1\n        self.keep = 1 - self.alpha", set()),
        ("self.alpha = 0.1\n        self.alpha = 0.2", set()),
        ("self.alpha = float('0.1')", set()),
    ],
)
def test_numbers_of_an_agent(loaded, body, names):
    """What its own __init__ sets to a number, and reads nowhere."""
    assert numbers_of_a_class(loaded(f"class Agent:\n    def __init__(self):\n        {body}\n", "Agent")) == names


def test_an_agent_that_inherits_its_init_has_none(loaded):
    """The source of the class does not say what is set."""
    text = "class Base:\n    def __init__(self):\n        self.alpha = 0.1\nclass Agent(Base):\n    pass\n"

    assert numbers_of_a_class(loaded(text, "Agent")) == set()
