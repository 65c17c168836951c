"""Finite Markov decision processes: models, Bellman operators, exact solutions, Q-learning, approximation.

The names that a first script needs can be imported from here; each module holds the rest of its subject. A name is
imported when it is first asked for, because Hypothesis imports this package at every start to find `hypothesis_hook`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bellman import greedy_pairs as greedy_pairs
    from .bellman import greedy_policy as greedy_policy
    from .bellman import optimality_operator as optimality_operator
    from .bellman import policy_operator as policy_operator
    from .bellman import residual as residual
    from .file_format import dump as dump
    from .file_format import load as load
    from .model import FiniteMDP as FiniteMDP
    from .model import InvalidMDP as InvalidMDP
    from .solve import ImproperPolicy as ImproperPolicy
    from .solve import Solution as Solution
    from .solve import evaluate as evaluate
    from .solve import policy_iteration as policy_iteration
    from .solve import value_iteration as value_iteration

_MODULE_OF = {
    "FiniteMDP": "model",
    "ImproperPolicy": "solve",
    "InvalidMDP": "model",
    "Solution": "solve",
    "dump": "file_format",
    "evaluate": "solve",
    "greedy_pairs": "bellman",
    "greedy_policy": "bellman",
    "load": "file_format",
    "optimality_operator": "bellman",
    "policy_iteration": "solve",
    "policy_operator": "bellman",
    "residual": "bellman",
    "value_iteration": "solve",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
