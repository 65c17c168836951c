"""A user's own ``torch.nn.Module`` as q_hat: its gradients are held to what the theory says of them.

Read `check` first, the front door; `gradients` is the theory it is held to, `faults` what is said when something is
wrong. Below them, `tape` records what a forward computes, `operations` knows the derivative of each operation by
itself, and `rounding` how far binary64 may be from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import check_module

__all__ = ["check_module"]


def __getattr__(name: str) -> Any:
    # Importing a layer must stay cheap (tests/test_packaging.py), and the front door needs flint.
    if name == "check_module":
        from .check import check_module

        return check_module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
