"""Wrong policy evaluations."""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array, zeros
from bellcheck.mdp.bellman import policy_operator
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = ["two_sweeps"]


def _two_sweeps(mdp: FiniteMDP, policy: Array) -> Array:
    return policy_operator(mdp, policy, policy_operator(mdp, policy, zeros(mdp.probability, mdp.n_pairs)))


two_sweeps = Subject(
    "evaluation", "evaluation stopped after two sweeps", _two_sweeps, cites="JuliaPOMDP/DiscreteValueIteration.jl issue 45"
)
