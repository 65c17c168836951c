r"""Objectives of the two processes that no data can tell apart, as expressions in the discount and the two weights.

The processes are those of ``bellcheck.mdp.examples.twin_process``, evaluated with the shares of time that their states
have, one weight a for A and one weight b for all that looks like B.
"""

from __future__ import annotations

from typing import Any, Literal

from bellcheck.mdp.examples import twin_process

from .in_symbols import in_symbols, object_array, symbol

__all__ = ["Side", "on_process"]

Side = Literal["left", "right"]
_SEEN = {"A": 0, "B": 1, "B'": 1}
"""The weight that stands for each state: B and B' look the same."""
_SHARES = {"left": ("1/3", "2/3"), "right": ("1/3", "1/3", "1/3")}
"""The shares of time spent in the states; those of B and B' add up to the left one of B."""


def on_process(objective: Any, side: Side, discount: Any, w: tuple[Any, Any]) -> Any:
    """Return an objective of one of the processes at a SymPy discount and SymPy weights."""
    model = in_symbols(twin_process(side, "0"), discount=discount)
    assert model.state_names is not None
    values = object_array([w[_SEEN[name]] for name in model.state_names])
    return objective(model, object_array([symbol(share) for share in _SHARES[side]]), values, values)
