"""A counterexample as a story: the model, a line a transition, what was asked, what was due and what came."""

from __future__ import annotations

from ..instance_text import shown, told
from .verdicts import Result

__all__ = ["story"]


def story(result: Result) -> list[str]:
    """Return the lines that tell a counterexample."""
    lines = [f"{result.name}: {result.says}"]
    if result.call is not None:
        lines += told(result.call.asked)
        lines += [f"called   {result.call.called}"] if result.call.called else []
        lines += [f"expected {shown(result.call.expected)}", f"got      {shown(result.call.got)}"]
    elif result.instance is not None:
        lines += told(result.instance)
    if result.reason is not None:
        lines.append(result.reason)
    return lines
