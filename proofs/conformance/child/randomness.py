"""Where a program's randomness comes from: the global generators, and those that it keeps in its module."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["seed"]


def seed(number: int, namespace: Mapping[str, Any]) -> None:
    """Seed the global generators and those of a module, so that what draws from them can be repeated."""
    random.seed(number)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number % 2**32)
    for value in list(namespace.values()):
        if isinstance(value, random.Random):
            value.seed(number)
        elif numpy is not None and isinstance(value, numpy.random.RandomState):
            value.seed(number % 2**32)
        elif numpy is not None and isinstance(value, numpy.random.Generator):
            value.bit_generator.state = type(value.bit_generator)(number).state
