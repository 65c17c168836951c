"""Instances of a check that are drawn once and put to many subjects.

To draw a hundred takes a tenth of a second or two, to ask a table's update about them a hundredth: where every planted
bug of a kind is put to a check, most of the time would go into drawing. Each subject is still asked about as many
instances as it would be alone; that others are asked about the same ones tells it nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .search import drawn

__all__ = ["SharedDraws"]

MOST_BLOCKS = 10
"""So many times `examples` are drawn for a subject that most of them say nothing about, as Hypothesis would."""


class SharedDraws:
    """Instances of some draws, the same on every pass, so that a verdict does not depend on who was asked before.

    They come in blocks of `examples`, each drawn when the first subject needs it. What can be written to is copied for
    every pass: a subject may spoil what it is given, and does no harm to the next.
    """

    def __init__(self, draws: Mapping[str, Any], examples: int, seed: np.random.SeedSequence) -> None:
        self.examples = examples
        self._draws, self._seed = draws, seed
        self._blocks: list[list[dict[str, Any]]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(MOST_BLOCKS):
            if number == len(self._blocks):
                seed = np.random.SeedSequence(self._seed.entropy, spawn_key=(number,))
                self._blocks.append(drawn(self._draws, self.examples, seed))
            for instance in self._blocks[number]:
                yield {name: _copied(value) for name, value in instance.items()}
            if len(self._blocks[number]) < self.examples:
                return  # Hypothesis has shown all there are


def _copied(value: Any) -> Any:
    """Copy arrays, also within sequences; a model's are read-only, and numbers, text and records cannot change."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return type(value)(map(_copied, value))
    return value
