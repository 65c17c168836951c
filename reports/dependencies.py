"""Which claim rests on which: the graph of `uses`, in layers from the foundations on.

A claim stands one layer to the right of the last claim that its argument invokes; a line that others imply, through a
claim between, is left out. Within a layer the claims are sorted towards what they are joined to, which keeps the lines
short. The theory of tables and that of approximation are two drawings; what a claim uses of the other part stands with
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from bellcheck.proofs.claim import Claim

__all__ = ["Node", "layers", "parts"]

_PASSES = 12


@dataclass
class Node:
    """A claim in the drawing.

    Attributes
    ----------
    id : of the claim; group : its group.
    uses : ids of the claims that its argument invokes, but for those that another one of them rests on.
    layer : 0 for what invokes nothing; place : its position from the top, in [0, 1].
    """

    id: str
    group: str
    uses: tuple[str, ...]
    layer: int
    place: float = 0.0


_TABLES = ("bellman", "improvement", "q-learning")


def parts(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    """Return the claims of the two drawings by the names of these; folklore goes with what shows it to be false."""
    members = {member.id: member for member in claims}
    found: dict[str, list[Claim]] = {}
    for title, tables in (("tables", True), ("approximation", False)):
        inside = [member for member in claims if _of_tables(member) == tables]
        used = {used for member in inside for used in member.uses if used in members}
        borrowed = sorted(used - {member.id for member in inside})
        found[title] = [*inside, *(members[name] for name in borrowed)]
    return found


def _of_tables(member: Claim) -> bool:
    if member.group == "folklore":
        return all(used.partition(".")[0] in _TABLES for used in member.uses)
    return member.group in _TABLES


def layers(claims: Sequence[Claim]) -> list[list[Node]]:
    """Return the claims that use one another, by layer and from top to bottom; what stands alone is left out.

    Raises ``graphlib.CycleError`` if a claim rests on itself.
    """
    members = {member.id: member for member in claims}
    uses = {member.id: tuple(used for used in member.uses if used in members) for member in claims}
    joined = {user for user in uses if uses[user]} | {used for user in uses for used in uses[user]}
    nodes: dict[str, Node] = {}
    below: dict[str, set[str]] = {}
    for name in TopologicalSorter(uses).static_order():
        layer = max((nodes[used].layer + 1 for used in uses[name]), default=0)
        implied = {further for used in uses[name] for further in below[used]}
        below[name] = implied.union(uses[name])
        nodes[name] = Node(name, members[name].group, tuple(u for u in uses[name] if u not in implied), layer)
    drawn = [node for node in nodes.values() if node.id in joined]
    columns = [
        [node for node in drawn if node.layer == layer]
        for layer in range(1 + max((n.layer for n in drawn), default=-1))
    ]
    neighbours = {node.id: [nodes[used] for used in node.uses] for node in drawn}
    for node in drawn:
        for used in node.uses:
            neighbours[used].append(node)
    for column in columns:
        _spread(sorted(column, key=lambda node: node.id))
    for _ in range(_PASSES):
        for column in columns:
            column.sort(key=lambda node: _mean([other.place for other in neighbours[node.id]]))
            _spread(column)
    return columns


def _spread(column: list[Node]) -> None:
    for position, node in enumerate(column):
        node.place = (position + 0.5) / len(column)


def _mean(places: list[float]) -> float:
    return sum(places) / len(places)
