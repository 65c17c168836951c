"""The graph of which claim rests on which."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from bellcheck.proofs.claim import Claim
from bellcheck.reports.dependencies import layers, parts


def _claim(slug: str, *uses: str) -> Claim:
    return _claim_of(f"bellman.{slug}", *(f"bellman.{u}" for u in uses))


def _claim_of(name: str, *uses: str) -> Claim:
    return Claim(id=name, title="", statement="", subject="operator", uses=uses)


def test_a_claim_stands_right_of_all_it_uses() -> None:
    """Its layer is one more than the last of theirs; what is joined to nothing is left out."""
    columns = layers([_claim("d", "a", "c"), _claim("a"), _claim("c", "a"), _claim("alone")])

    assert [[node.id for node in column] for column in columns] == [["bellman.a"], ["bellman.c"], ["bellman.d"]]


def test_a_line_that_others_imply_is_left_out() -> None:
    """From a to b to c there is no line of its own from a to c, however long the way."""
    columns = layers([_claim("a"), _claim("b", "a"), _claim("c", "b", "a"), _claim("d", "a", "c")])

    assert [node.uses for column in columns for node in column] == [(), ("bellman.a",), ("bellman.b",), ("bellman.c",)]


def test_two_parts_share_what_is_borrowed() -> None:
    """Approximation stands apart with what it uses of the tables; folklore goes with what refutes it."""
    table, other, network = _claim("a"), _claim("b"), _claim_of("deep-q.x", "bellman.a")
    of_tables, of_networks = _claim_of("folklore.y", "bellman.b"), _claim_of("folklore.z", "deep-q.x")

    found = parts([table, other, network, of_tables, of_networks])

    assert found == {"tables": [table, other, of_tables], "approximation": [network, of_networks, table]}


def test_neighbours_stand_beside_each_other() -> None:
    """Within a layer the order follows what is used, so that lines do not cross without need."""
    columns = layers([_claim("a"), _claim("b"), _claim("c"), _claim("x", "c"), _claim("y", "b"), _claim("z", "a")])

    order = [node.id[-1] for node in columns[0]]
    assert [node.uses[0][-1] for node in columns[1]] == order


def test_a_circle_is_refused() -> None:
    """No claim rests on itself."""
    with pytest.raises(CycleError):
        layers([_claim("a", "b"), _claim("b", "a")])


def test_nothing_joined_is_nothing_drawn() -> None:
    """Without a line there is no graph."""
    assert layers([_claim("a")]) == []
