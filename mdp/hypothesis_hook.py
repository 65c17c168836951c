"""Tells Hypothesis how to draw a FiniteMDP, so that ``st.from_type(FiniteMDP)`` and plain annotations work.

Hypothesis calls `register` at every start in everybody's environment, so nothing is imported before it is needed.
"""

from __future__ import annotations

import sys

__all__ = ["register"]


def register() -> None:
    """Register the strategy for FiniteMDP if its module is loaded already; else its module calls this when loaded."""
    model = sys.modules.get("bellcheck.mdp.model")
    if model is None or not hasattr(model, "FiniteMDP"):
        return

    def strategy(_: type) -> object:
        from .strategies import mdps

        return mdps()

    import hypothesis.strategies as st

    st.register_type_strategy(model.FiniteMDP, strategy)  # type: ignore[arg-type]
