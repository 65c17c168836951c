"""Wrong sweeps, improvement steps and policy iterations."""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["swept_twice"]


def _swept_twice(mdp: FiniteMDP, q: Array) -> Array:
    return optimality_operator(mdp, optimality_operator(mdp, q))


swept_twice = Subject("operator", "two sweeps in place of one", _swept_twice)
