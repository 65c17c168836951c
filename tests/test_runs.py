"""Runs of what is checked: tables after each step of a path, and paths with steps that are too long."""

from __future__ import annotations

from hypothesis import find, given

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_asynchronous, update
from bellcheck.mdp.strategies import mdps
from bellcheck.proofs.runs import overlong_paths, tables_along

LOOP = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")


@given(mdp=mdps())
def test_our_update_makes_our_run(mdp):
    """Along a path, our own update makes the tables of our own run, the first one left out."""
    path = [(x, mdp.outcomes_of(x)[0], exact("1/2")) for x in range(mdp.n_pairs)]

    tables = tables_along(update, mdp, mdp.table(1), path)

    assert [q.tolist() for q in tables] == [q.tolist() for q in run_asynchronous(mdp, mdp.table(1), path)][1:]


def test_an_empty_path_has_no_tables():
    """Nothing is compared where nothing happens."""
    assert tables_along(update, LOOP, exact_array([0]), ()) == []


def test_some_steps_are_too_long():
    """A path outside the hypothesis is found."""
    path = find(overlong_paths(LOOP), lambda path: any(size > 1 for *_, size in path))

    assert [size for *_, size in path] == [exact(2)]
