"""Step sizes that are not those of the declared law.

Each has the signature of `bellcheck.mdp.step_size.size`.
"""

from __future__ import annotations

import math

from flint import fmpq

from bellcheck.mdp.step_size import StepSize, size

from ..subject import Subject

__all__ = ["halved_each_time", "inverse_root", "two_over_the_count"]


def _halved_each_time(k: int, law: StepSize) -> fmpq:
    """``alpha *= decay`` after each update: the sum of all steps is finite."""
    return size(0, law) / 2**k


def _inverse_root(k: int, law: StepSize) -> float:
    return 1 / math.sqrt(k + 2)


def _two_over_the_count(k: int, law: StepSize) -> fmpq:
    return 2 * size(k, law)


halved_each_time = Subject("step-size", "halved at each update", _halved_each_time, bug="F7")
inverse_root = Subject("step-size", "1 / sqrt(k + 2), whatever was declared", _inverse_root, bug="F8")
two_over_the_count = Subject("step-size", "twice the declared size", _two_over_the_count)
