"""The graph of which claim rests on which."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from bellcheck.proofs.claim import Claim
from bellcheck.reports.dependencies import layers


def _claim(slug: str, *uses: str) -> Claim:
    return Claim(
        id=f"bellman.{slug}", title="", statement="", subject="operator", uses=tuple(f"bellman.{u}" for u in uses)
    )


def test_a_claim_stands_right_of_all_it_uses() -> None:
    """Its layer is one more than the last of theirs; what is joined to nothing is left out."""
    columns = layers([_claim("d", "a", "c"), _claim("a"), _claim("c", "a"), _claim("alone")])

    assert [[node.id for node in column] for column in columns] == [["bellman.a"], ["bellman.c"], ["bellman.d"]]


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
