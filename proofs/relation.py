r"""What a check returns: two sides and how they must stand to each other.

A check never asserts. It returns a relation, so the verdict carries both sides and the margin, ``python -O`` changes
nothing, and one body serves numbers (which decide it) and z3 terms (which make it a proof obligation).

>>> from bellcheck.mdp.arithmetic import exact, exact_array
>>> at_most(exact("1/3"), exact("1/2")).holds
True
>>> equal(exact_array(["1/2", 1]), exact_array(["1/2", 2])).holds
False
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import exact

__all__ = ["Comparison", "Relation", "Sides", "Undecided", "all_of", "at_most", "equal", "given", "less_than"]


class Undecided(ArithmeticError):
    """SymPy could neither show that an expression is zero nor that it is not: no evidence either way."""


@dataclass(frozen=True)
class Sides:
    """The two sides that a verdict shows: ``left``, ``relation`` in words, ``right``."""

    left: Any
    relation: str
    right: Any


class Relation(Protocol):
    """A statement about two sides, or about several pairs of sides."""

    @property
    def holds(self) -> bool:
        """Whether the numbers satisfy it."""

    @property
    def reached(self) -> bool:
        """Whether two sides were really compared: an empty path or a premise that fails compares nothing."""

    def comparisons(self) -> list[Comparison]:
        """Return the comparisons that were reached, of which it is made."""

    def sides(self) -> Sides:
        """Return the sides, of the first part that fails if there are several."""

    def formula(self) -> Any:
        """Return the relation between z3 terms as a z3 formula."""

    def premises(self) -> list[Any]:
        """Return the z3 formulas that must hold for two sides to be compared at all."""


@dataclass(frozen=True)
class Comparison:
    """Two sides, entry by entry, and the words between them."""

    left: Any
    right: Any
    words: str

    @property
    def holds(self) -> bool:
        """Whether every entry on the left stands so to the one on the right."""
        return all(self._compare(a, b) for a, b in self._entries())

    @property
    def reached(self) -> bool:
        """Whether there are entries at all."""
        return bool(self._entries())

    @property
    def strict(self) -> bool:
        """Whether an inequality holds with room to spare in some entry."""
        return self.words != "equals" and any(bool(_exactly(a) < _exactly(b)) for a, b in self._entries())

    def attains(self, share: object) -> bool:
        """Whether some entry of the left side of an inequality is at least that share of the right one."""
        if self.words == "equals":
            return False
        entries = [(_exactly(a), _exactly(b)) for a, b in self._entries()]
        return any(bool(a == b) if share == 1 else bool(a >= exact(share) * b > 0) for a, b in entries)

    def comparisons(self) -> list[Comparison]:
        """Return itself, if it compares anything."""
        return [self] if self.reached else []

    def sides(self) -> Sides:
        """Return both sides."""
        return Sides(self.left, self.words, self.right)

    def formula(self) -> Any:
        """Return the z3 formula that every entry stands so."""
        operators = {"equals": "__eq__", "is at most": "__le__", "is less than": "__lt__"}
        return _conjunction([getattr(a, operators[self.words])(b) for a, b in self._entries()])

    def premises(self) -> list[Any]:
        """Return nothing: it is compared whatever else holds."""
        return []

    def _entries(self) -> list[tuple[Any, Any]]:
        left, right = _flat(self.left), _flat(self.right)
        if len(left) == 1:
            left = left * len(right)
        if len(right) == 1:
            right = right * len(left)
        if len(left) != len(right):
            raise ValueError(f"the sides have {len(left)} and {len(right)} entries")
        return list(zip(left, right, strict=True))

    def _compare(self, a: Any, b: Any) -> bool:
        if _is_symbolic(a) or _is_symbolic(b):
            return _symbolically(a, b, self.words)
        if isinstance(a, fmpq) != isinstance(b, fmpq):
            # fmpq(3, 4) == 0.75 is silently False: bring both sides to rationals, a float bit for bit.
            a, b = exact(a), exact(b)
        if self.words == "equals":
            return bool(a == b)
        return bool(a <= b) if self.words == "is at most" else bool(a < b)


def _conjunction(formulas: list[Any]) -> Any:
    import z3

    if not formulas:
        raise ValueError("an obligation must compare something; there is nothing to prove")
    return formulas[0] if len(formulas) == 1 else z3.And(formulas)


def _flat(side: Any) -> list[Any]:
    if isinstance(side, np.ndarray):
        return list(side.flat)
    if type(side).__module__.partition(".")[0] == "torch":
        return list(side.detach().reshape(-1).tolist())
    if type(side).__module__.startswith("sympy.matrices"):
        return list(side)
    if isinstance(side, list | tuple):
        return [entry for part in side for entry in _flat(part)]
    return [side]


def _exactly(entry: Any) -> Any:
    return exact(entry) if isinstance(entry, float) else entry


def _is_symbolic(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "sympy"


def _symbolically(a: Any, b: Any, words: str) -> bool:
    import sympy

    left, right = (sympy.sympify(str(x) if isinstance(x, fmpq) else x) for x in (a, b))
    if words == "equals":
        verdict = True if sympy.expand(left - right) == 0 else sympy.simplify(left - right).equals(0)
    else:
        verdict = sympy.ask(
            sympy.Q.nonnegative(right - left) if words == "is at most" else sympy.Q.positive(right - left)
        )
        verdict = (left <= right if words == "is at most" else left < right) if verdict is None else verdict
    if verdict not in (True, False):
        raise Undecided(f"SymPy cannot decide whether {left} {words} {right}")
    return bool(verdict)


@dataclass(frozen=True)
class _All:
    parts: tuple[Relation, ...]

    @property
    def holds(self) -> bool:
        return all(part.holds for part in self.parts)

    @property
    def reached(self) -> bool:
        return any(part.reached for part in self.parts)

    def comparisons(self) -> list[Comparison]:
        return [comparison for part in self.parts for comparison in part.comparisons()]

    def sides(self) -> Sides:
        return next((part for part in self.parts if not part.holds), self.parts[0]).sides()

    def formula(self) -> Any:
        return _conjunction([part.formula() for part in self.parts])

    def premises(self) -> list[Any]:
        import z3

        alternatives = [part.premises() for part in self.parts]
        return [z3.Or([z3.And(formulas) for formulas in alternatives])] if all(alternatives) else []


@dataclass(frozen=True)
class _Implication:
    premise: Relation
    conclusion: Relation

    @property
    def holds(self) -> bool:
        return not self.premise.holds or self.conclusion.holds

    @property
    def reached(self) -> bool:
        return self.premise.holds and self.conclusion.reached

    def comparisons(self) -> list[Comparison]:
        return self.conclusion.comparisons() if self.premise.holds else []

    def sides(self) -> Sides:
        return self.conclusion.sides()

    def formula(self) -> Any:
        import z3

        return z3.Implies(self.premise.formula(), self.conclusion.formula())

    def premises(self) -> list[Any]:
        return [self.premise.formula(), *self.conclusion.premises()]


def equal(left: Any, right: Any) -> Relation:
    """Every entry of `left` equals that of `right`: to the last bit, or as symbolic expressions."""
    return Comparison(left, right, "equals")


def at_most(left: Any, right: Any) -> Relation:
    """Every entry of `left` is at most that of `right`; a scalar stands beside every entry."""
    return Comparison(left, right, "is at most")


def less_than(left: Any, right: Any) -> Relation:
    """Every entry of `left` is less than that of `right`; a scalar stands beside every entry."""
    return Comparison(left, right, "is less than")


def all_of(relations: Iterable[Relation]) -> Relation:
    """Several relations at once; of none at all, as along an empty path, nothing is compared or counted."""
    parts = tuple(relations)
    return parts[0] if len(parts) == 1 else _All(parts)


def given(premise: Relation, conclusion: Relation) -> Relation:
    """The conclusion, where the premise holds; instances where it fails are not counted."""
    return _Implication(premise, conclusion)
