"""What a mutant is, which mutants are viable, and the verdict on a run. ``run`` makes and tries them.

What lives must stand in survivors.toml, with the proof that it does the same (``equivalent``) or the reason why it
lives (``survives``). A mutant is one of

=========== ===================================================================================================
not viable  it cannot be imported, or differs from the source in annotations alone, which nothing here evaluates
killed      a test failed
timed out   stopped; reported apart and on no side of the ratio, for no test has said anything about it
survived    every test passed; `equivalent` are those with a proof in survivors.toml
=========== ===================================================================================================

and the kill ratio is killed / (killed + survived - equivalent).
"""

from __future__ import annotations

import ast
import importlib
import tomllib
from collections import Counter
from typing import NamedTuple

ENOUGH = 0.95


class Mutant(NamedTuple):
    """A mutant by what one reads, as line numbers do not last: the function, its line, what that line became."""

    module: str
    function: str
    line: str
    becomes: str

    def __str__(self) -> str:
        return f"  {self.module}: {self.function}\n    - {self.line}\n    + {self.becomes}"


Tried = tuple[Mutant, str]
"""A mutant and what became of it, in the words above."""


def function_at(source: str, line: int) -> str:
    """Return the dotted name of the innermost function or class of a source that a line, from 1, belongs to."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and min(part.lineno for part in [node, *node.decorator_list]) <= line <= (node.end_lineno or 0)
    ]
    return ".".join(node.name for node in around)


def is_viable(module: str, source: str, mutated: str) -> bool:
    """Whether a mutated source can be imported as that module of bellcheck.mdp and differs in more than annotations."""
    real = importlib.import_module(f"bellcheck.mdp.{module}")  # dataclasses look their module up
    try:
        exec(compile(mutated, module, "exec"), {"__name__": real.__name__, "__package__": real.__package__})
    except Exception:
        return False
    return _without_annotations(mutated) != _without_annotations(source)


def _without_annotations(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def triaged(text: str) -> dict[Mutant, str]:
    """Return the mutants that the text of survivors.toml names, each with its verdict."""
    found: dict[Mutant, str] = {}
    for verdict, argument in (("equivalent", "proof"), ("survives", "reason")):
        for entry in tomllib.loads(text).get(verdict, []):
            if not entry[argument].strip():
                raise SystemExit(f"survivors.toml: {entry['function']}: {entry['line']}: no {argument}")
            for becomes in entry["becomes"]:
                found[Mutant(entry["module"], entry["function"], entry["line"], becomes)] = verdict
    return found


def judge(tried: list[Tried], known: dict[Mutant, str]) -> tuple[str, bool]:
    """Return the report on all mutants, and whether enough of them were killed and every survivor is known."""
    count = Counter(outcome for _, outcome in tried)
    survivors = [mutant for mutant, outcome in tried if outcome == "survived"]
    modules = {mutant.module for mutant, _ in tried}
    unknown = [mutant for mutant in survivors if mutant not in known]
    equivalent = sum(known.get(mutant) == "equivalent" for mutant in survivors)
    viable = count["killed"] + count["timed out"] + count["survived"]
    ratio = count["killed"] / max(1, viable - count["timed out"] - equivalent)
    pessimistic = count["killed"] / max(1, viable - equivalent)
    lists = {
        "timed out": [mutant for mutant, outcome in tried if outcome == "timed out"],
        "warning: in survivors.toml, but no survivor": [
            mutant for mutant in known if mutant.module in modules and mutant not in survivors
        ],
        "not in survivors.toml": unknown,
    }
    lines = [
        f"{len(tried)} mutants: {count['not viable']} not viable, {viable} viable",
        f"viable: {count['killed']} killed, {count['timed out']} timed out, {count['survived']} survived",
        f"survived: {equivalent} equivalent by proof, {count['survived'] - equivalent} alive",
        f"kill ratio: {ratio:.2%} ({pessimistic:.2%} had what timed out survived)",
    ]
    for title, mutants in lists.items():
        lines += [f"{title}: {len(mutants)}", *map(str, mutants)]
    return "\n".join(lines), ratio >= ENOUGH and not unknown
