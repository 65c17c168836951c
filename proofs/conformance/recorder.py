"""What a subject was asked and answered while it was judged, and which call of a counterexample went wrong first."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import is_exact
from bellcheck.mdp.model import FiniteMDP

from ..draws import to_plain
from ..instance_data import instance_to_data
from ..relation import Relation
from ..subject import Subject
from .door import View
from .faults import Fault
from .verdicts import Call

__all__ = ["Recorder", "alike"]


class Recorder:
    """A view's call that keeps the first calls and their answers, and every call that was seen to be wrong."""

    KEPT = 200

    def __init__(self, view: View) -> None:
        self.view = view
        self.calls: list[tuple[tuple[Any, ...], Any]] = []
        self.faults = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Ask the subject."""
        try:
            answer = self.view.call(*arguments, **named)
        except Fault:
            self.faults += 1
            raise
        if not named and len(self.calls) < self.KEPT:
            self.calls.append((arguments, answer))
        return answer

    def first_wrong(self, check: Callable[..., Relation], instance: dict[str, Any], ours: Subject) -> Call | None:
        """Return the first call on an instance whose answer is not the reference's; None where answers may differ."""
        if not self.view.pointwise:
            return None
        asked: list[tuple[inspect.BoundArguments, Any, str | None]] = []

        def traced(*arguments: Any, **named: Any) -> Any:
            answer = self.view.call(*arguments, **named)
            asked.append((inspect.signature(ours.call).bind(*arguments, **named), answer, self.view.as_called()))
            return answer

        check(traced, **instance)
        for call, answer, called in asked:
            expected = ours.call(*call.args, **call.kwargs)
            if not alike(answer, expected):
                self.calls.append((call.args, answer))
                written = {name: _before_rounding(value, instance) for name, value in call.arguments.items()}
                question = instance_to_data(written)
                return Call(asked=question, called=called, got=to_plain(answer), expected=to_plain(expected))
        return None


def alike(one: Any, other: Any) -> bool:
    """Whether two answers are equal, entry by entry; what is no number in both is."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(alike, one, other))
    if is_dataclass(one) and is_dataclass(other):
        return all(alike(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if np.shape(one) != np.shape(other):
        return False
    neither = np.asarray(one != one) & np.asarray(other != other)
    return bool(np.all(np.asarray(one == other) | neither))


def _before_rounding(value: Any, instance: dict[str, Any]) -> Any:
    """A model in floats has no file format: the exact one of the instance that it was made from is written."""
    if not isinstance(value, FiniteMDP) or is_exact(value.probability):
        return value
    for known in instance.values():
        if isinstance(known, FiniteMDP) and np.array_equal(known.to_float().reward, value.reward):
            return known
    return "a model in floats"
