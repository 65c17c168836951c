"""Wrong policy evaluations."""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array, zeros
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["one_sweep"]


def _one_sweep(mdp: FiniteMDP, policy: Array) -> Array:
    return policy_operator(mdp, policy, zeros(mdp.probability, mdp.n_pairs))


one_sweep = Subject(
    "evaluation",
    "evaluation stopped after one sweep",
    _one_sweep,
    cites="JuliaPOMDP/DiscreteValueIteration.jl issue 45; jsboige/CoursIA issue 14836",
)
