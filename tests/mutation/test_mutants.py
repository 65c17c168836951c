"""How mutants are counted, and that survivors.toml speaks of the code as it stands."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("mutants", HERE / "mutants.py")
assert _SPEC is not None
assert _SPEC.loader is not None
mutants = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(mutants)

SOURCE = "from __future__ import annotations\ndef half(x: int | None) -> int | None:\n    return x / 2\n"


def _mutants(outcome: str, n: int) -> list[mutants.Tried]:
    return [(mutants.Mutant("chain", "f", "a + b", f"a - {i} {outcome}"), outcome) for i in range(n)]


@pytest.mark.parametrize(
    ("mutated", "viable"),
    [
        (SOURCE.replace("/", "*"), True),
        (SOURCE.replace("None)", "int)"), False),
        (SOURCE.replace("-> int | None", "-> int + None"), False),
        (SOURCE.replace("(x:", "(*, x:"), True),
        (SOURCE + "half = 1 / 0", False),
        (SOURCE.replace("return", "return return"), False),
    ],
    ids=["arithmetic", "annotation", "return annotation", "signature", "import", "syntax"],
)
def test_viable_is_what_a_test_could_see(mutated: str, viable: bool) -> None:
    """A mutant that differs in annotations alone, or that no test could import, is not viable."""
    assert mutants.is_viable("chain", SOURCE, mutated) == viable


def test_a_line_belongs_to_the_innermost_function() -> None:
    """Methods are named with their class, a decorator with what it decorates, the module by the empty name."""
    source = "x = 1\nclass C:\n    y = 2\n    @property\n    def p(self):\n        return 3\n"

    assert [mutants.function_at(source, line) for line in range(1, 7)] == ["", "C", "C", "C.p", "C.p", "C.p"]


def test_time_outs_and_equivalents_are_on_no_side_of_the_ratio() -> None:
    """19 killed and 1 alive are 95 %, whatever timed out, is equivalent or is not viable."""
    equivalent, alive = _mutants("survived", 3)[:2], _mutants("survived", 3)[2:]
    known = {mutant: "equivalent" for mutant, _ in equivalent} | {mutant: "survives" for mutant, _ in alive}
    others = [*_mutants("timed out", 5), *_mutants("not viable", 11)]

    report, passed = mutants.judge([*_mutants("killed", 19), *equivalent, *alive, *others], known)

    assert passed
    assert "38 mutants: 11 not viable, 27 viable" in report
    assert "19 killed, 5 timed out, 3 survived\nsurvived: 2 equivalent by proof, 1 alive" in report
    assert "kill ratio: 95.00% (76.00% had what timed out survived)" in report


def test_too_many_alive_fail() -> None:
    """18 killed of 19 are less than 95 %, even if the reason of the survivor is known."""
    [(alive, _)] = _mutants("survived", 1)

    assert not mutants.judge([*_mutants("killed", 18), (alive, "survived")], {alive: "survives"})[1]


def test_a_survivor_that_is_not_in_the_file_fails_and_is_shown() -> None:
    """One unknown survivor among a thousand fails, and the report shows its line and what became of it."""
    report, passed = mutants.judge([*_mutants("killed", 999), *_mutants("survived", 1)], {})

    assert not passed
    assert "not in survivors.toml: 1\n  chain: f\n    - a + b\n    + a - 0 survived" in report


def test_an_entry_without_a_survivor_is_a_warning() -> None:
    """Entries of the tried modules that are killed now are listed; those of other modules are left alone."""
    killed = _mutants("killed", 1)
    elsewhere = mutants.Mutant("solve", "f", "a + b", "a - b")

    report, passed = mutants.judge(killed, {killed[0][0]: "survives", elsewhere: "survives"})

    assert passed
    assert "no survivor: 1\n  chain: f" in report


def test_an_entry_needs_its_reason() -> None:
    """An empty proof is refused, with the place of the entry."""
    text = '[[equivalent]]\nmodule = "chain"\nfunction = "f"\nline = "a + b"\nbecomes = ["a - b"]\nproof = " "\n'

    with pytest.raises(SystemExit, match="f: a \\+ b: no proof"):
        mutants.triaged(text)


def test_the_file_speaks_of_the_code_as_it_stands() -> None:
    """Each line that survivors.toml names stands in the function that it names."""
    for mutant in mutants.triaged((HERE / "survivors.toml").read_text(encoding="utf-8")):
        source = inspect.getsource(importlib.import_module(f"bellcheck.mdp.{mutant.module}"))
        places = {
            mutants.function_at(source, number)
            for number, line in enumerate(source.splitlines(), 1)
            if line.strip() == mutant.line
        }

        assert mutant.function in places, mutant
