"""Slips about the weights mu: forgotten in the key matrix, or held fixed where they move with the parameters."""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, zeros
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.semi_gradient import key_matrix

from ..subject import Subject

__all__ = ["unweighted_key_matrix"]


def _unweighted_key_matrix(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> Any:
    return key_matrix(mdp, policy, zeros(mu, len(mu)) + 1, features)


unweighted_key_matrix = Subject("key-matrix", "weights mu forgotten", _unweighted_key_matrix)
