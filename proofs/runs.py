"""Runs of the subject that is checked: what it does to tables, step by step, on a given path.

The runs of `bellcheck.mdp.q_learning` are made of our own update; these are made of whatever is under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import paths, tables, tied_to

from .definitions import optimal_values

__all__ = ["Path", "Update", "any_step", "best_or_any", "optimal_or_any", "overlong_paths", "tables_along"]

Path: TypeAlias = tuple[tuple[int, int, Scalar], ...]
"""Steps of (pair, outcome, step size)."""
Update: TypeAlias = Callable[[FiniteMDP, Array, int, int, Scalar], Array]
"""A learner: the table after one step, of the signature of `bellcheck.mdp.q_learning.update`."""


def tables_along(update: Update, mdp: FiniteMDP, q: Array, path: Iterable[tuple[int, int, Scalar]]) -> list[Array]:
    """Return the tables Q_1, Q_2, ... after each step of a path from `q`; none where the path is empty."""
    tables = []
    for pair, outcome, step_size in path:
        q = update(mdp, q, pair, outcome, step_size)
        tables.append(q)
    return tables


def any_step(reals: Reals) -> Scalar:
    """Any real number as a step size, for z3; 1/2 where an example will do."""
    step_size = reals.real("step_size")
    reals.suggest(step_size * 2 == 1)
    return step_size


@tied_to("path")
def overlong_paths(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    """Paths with some steps of size 2, outside the unit interval."""
    return paths(mdp).map(lambda path: tuple((x, k, exact(2) if size > exact("1/2") else size) for x, k, size in path))


@tied_to("pair")
def best_or_any(mdp: FiniteMDP, best: Array) -> st.SearchStrategy[Array]:
    """A table drawn before, as a rule q*, or any table."""
    return st.one_of(st.just(best), tables(mdp))


@tied_to("pair")
def optimal_or_any(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """q*, from where all error is noise, or any table."""
    return best_or_any(mdp, optimal_values(mdp))
