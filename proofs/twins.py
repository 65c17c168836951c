r"""Objectives of the two processes that no data can tell apart, as expressions in the discount and the two weights.

The processes are those of ``bellcheck.mdp.examples.twin_process``, evaluated with the shares of time that their states
have, one weight a for A and one weight b for all that looks like B.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.examples import twin_process

__all__ = ["Side", "object_array", "on_process"]

Side = Literal["left", "right"]
_SEEN = {"A": 0, "B": 1, "B'": 1}
"""The weight that stands for each state: B and B' look the same."""
_SHARES = {"left": ("1/3", "2/3"), "right": ("1/3", "1/3", "1/3")}
"""The shares of time spent in the states; those of B and B' add up to the left one of B."""


def object_array(entries: list[Any]) -> Array:
    """Return a one-dimensional array that holds the entries as they are."""
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


def on_process(objective: Any, side: Side, discount: Any, w: tuple[Any, Any]) -> Any:
    """Return an objective of one of the processes at a SymPy discount and SymPy weights."""
    import sympy

    model = twin_process(side, "0")
    symbolic = replace(
        model,
        probability=object_array([sympy.Rational(str(p)) for p in model.probability]),
        reward=object_array([sympy.Rational(str(r)) for r in model.reward]),
        discount=discount,
    )
    assert model.state_names is not None
    values = object_array([w[_SEEN[name]] for name in model.state_names])
    mu = object_array([sympy.Rational(share) for share in _SHARES[side]])
    return objective(symbolic, mu, values, values)
