"""Values as Python code that builds them again: models, tables, paths and what else a check is called with.

Rationals are text, "3/4", since a quotient in Python would be a float. What takes more than a line is broken after its
brackets, as formatters do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import is_exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.instance_data import RECORDS

__all__ = ["Code", "NotWritable", "call", "code_of", "imports", "listed", "model_code", "written"]

_WIDTH = 100
_MODULES = {
    **RECORDS,
    "DiscreteDP": "quantecon.markov",
    "FiniteMDP": "bellcheck.mdp.model",
    "FiniteMDPEnv": "bellcheck.mdp.interop.environment",
    "PolicyIteration": "mdptoolbox.mdp",
    "exact": "bellcheck.mdp.arithmetic",
    "exact_array": "bellcheck.mdp.arithmetic",
    "example": "hypothesis",
}


class NotWritable(ValueError):
    """A value that no code can build, such as a symbol or a function that only its check has."""


@dataclass(frozen=True)
class Code:
    """An expression: what it opens with, parts that may stand on lines of their own, what it closes with."""

    opening: str
    parts: tuple[Code, ...] = ()
    closing: str = ""

    def __str__(self) -> str:
        return f"{self.opening}{', '.join(map(str, self.parts))}{self.closing}"

    def after(self, text: str) -> Code:
        """Return the code behind some text, such as a name and an equals sign."""
        return replace(self, opening=text + self.opening)


def written(code: Code, indent: int = 0) -> str:
    """Return code as text, in one line if it fits; `indent` is how far to the right its lines begin."""
    flat = str(code)
    if indent + len(flat) < _WIDTH or not code.parts:
        return flat
    inner = " " * (indent + 4)
    lines = [f"{inner}{written(part, indent + 4)}," for part in code.parts]
    return "\n".join([code.opening, *lines, " " * indent + code.closing.lstrip(",")])


def call(function: str, /, *parts: Code, **named: Code) -> Code:
    """Return a call of a function."""
    return Code(f"{function}(", (*parts, *(value.after(f"{name}=") for name, value in named.items())), ")")


def listed(parts: Iterable[Code | str]) -> Code:
    """Return a list."""
    return Code("[", tuple(part if isinstance(part, Code) else Code(part) for part in parts), "]")


def code_of(value: Any) -> Code:
    """Return the code of a value; raise `NotWritable` naming it if there is none.

    >>> print(code_of((0, fmpq(1, 2))), code_of((True,)))
    (0, exact("1/2")) (True,)
    """
    if isinstance(value, FiniteMDP):
        return model_code(value)
    if isinstance(value, fmpq):
        return call("exact", Code(_rational(value)))
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, tuple):
        return Code("(", tuple(map(code_of, value)), ",)" if len(value) == 1 else ")")
    if isinstance(value, float) and not np.isfinite(value):
        return Code(f'float("{value}")')
    if value is None or isinstance(value, bool | int | float):
        return Code(repr(value))
    if isinstance(value, str):
        return Code(_quoted(value))
    if is_dataclass(value) and RECORDS.get(type(value).__name__) == type(value).__module__:
        return call(type(value).__name__, **{f.name: code_of(getattr(value, f.name)) for f in fields(value)})
    raise NotWritable(f"{str(value)[:60]!r} cannot be written as code; the file of its claim has it")


def model_code(mdp: FiniteMDP) -> Code:
    """Return the code of an exact model."""
    pairs = [
        Code(
            "(",
            (
                Code(str(mdp.pair_state[x])),
                Code(str(mdp.pair_action[x])),
                listed(
                    f"({_rational(mdp.probability[k])}, {_rational(mdp.reward[k])}, {mdp.next_state[k]})"
                    for k in mdp.outcomes_of(x)
                ),
            ),
            ")",
        )
        for x in range(mdp.n_pairs)
    ]
    named = {"discount": Code(_rational(mdp.discount))}
    if mdp.start is not None:
        named["start"] = listed(map(_rational, mdp.start))
    if mdp.state_names is not None:
        named["state_names"] = listed(map(_quoted, mdp.state_names))
    if mdp.action_names is not None:
        named["action_names"] = listed(map(_quoted, mdp.action_names))
    return call("FiniteMDP.from_pairs", Code(str(mdp.n_states)), listed(pairs), **named)


def _array(values: np.ndarray) -> Code:
    flat = values.reshape(-1)
    if is_exact(flat):
        code = call("exact_array", listed(map(_rational, flat)))
    else:
        code = call("np.array", listed(map(code_of, flat.tolist())), dtype=Code(f"np.{values.dtype.name}"))
    return code if values.ndim == 1 else replace(code, closing=f"{code.closing}.reshape{values.shape}")


def _rational(number: fmpq) -> str:
    """Return a rational as `exact` and models take it: an integer, or text."""
    return str(number) if number.q == 1 else f'"{number}"'


def _quoted(text: str) -> str:
    quoted = repr(text)
    return quoted if '"' in quoted else f'"{quoted[1:-1]}"'


def imports(code: str) -> list[str]:
    """Return the import lines for the names that some code uses, of those that are known here: others', then ours."""
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    modules: dict[str, list[str]] = {}
    for name in sorted(names & _MODULES.keys()):
        modules.setdefault(_MODULES[name], []).append(name)
    lines = [f"from {module} import {', '.join(found)}" for module, found in sorted(modules.items())]
    ours = [line for line in lines if line.startswith("from bellcheck")]
    theirs = [*(["import numpy as np"] if "np" in names else []), *(line for line in lines if line not in ours)]
    return [*theirs, *([""] if theirs and ours else []), *ours]
