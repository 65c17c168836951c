"""Where the labels of a diagram go: beside their curve or dot, and clear of everything else.

Each label has some candidate places. The cost of one is what it would cover: other labels and states most, then dots
and curves, and a little for being away from the middle. Labels are placed one after another at the least cost, and
placed again twice, when all the others are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from unicodedata import east_asian_width

import numpy as np

from .diagram_curves import Curve

__all__ = ["FONT_SIZE", "Box", "Label", "Wanted", "covered", "place_labels", "text_width"]

FONT_SIZE = 16.0
_ROUNDS = 3
_AROUND = (1j, -1j, 1, -1, 1 + 1j, -1 + 1j, 1 - 1j, -1 - 1j, 0.5 + 1j, -0.5 + 1j, 0.5 - 1j, -0.5 - 1j)
_CLEAR = 7.0
"""Between a label and a curve, in pixels."""


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return about how wide a text is: digits and small letters of the usual sans-serif fonts take 0.56 of the size."""

    def share(c: str) -> float:
        if east_asian_width(c) in "WF":
            return 1.0
        return 0.3 if c in " ,.:'|()/ijlt" else 0.72 if c.isupper() or c in "mw" else 0.58

    return size * sum(map(share, text))


@dataclass(frozen=True)
class Box:
    """A rectangle: its centre, half its width and half its height."""

    centre: complex
    half_width: float
    half_height: float

    def overlap(self, other: Box) -> float:
        """Return the area that two boxes share."""
        apart = self.centre - other.centre
        wide = self.half_width + other.half_width - abs(apart.real)
        high = self.half_height + other.half_height - abs(apart.imag)
        return max(0.0, wide) * max(0.0, high)

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Return how far points are outside; 0 for those inside."""
        apart = points - self.centre
        wide, high = np.abs(apart.real) - self.half_width, np.abs(apart.imag) - self.half_height
        return np.hypot(np.maximum(0.0, wide), np.maximum(0.0, high))


@dataclass(frozen=True)
class Label:
    """A text in its place, of the colour of a pair."""

    text: str
    box: Box
    pair: int


Wanted: TypeAlias = tuple[str, int, complex | Curve]
"""A text, the pair that it is about, and the dot or the curve that it stands at."""


def place_labels(wanted: Sequence[Wanted], solid: Sequence[Box], curves: Sequence[Curve]) -> list[Label]:
    """Return the labels in their places, clear of what is `solid` and of the curves."""
    lines = np.array([point for curve in curves for point in curve.sampled()])
    candidates = [list(_candidates(text, at)) for text, _, at in wanted]
    chosen: dict[int, Box] = {}
    for _ in range(_ROUNDS):
        for i, places in enumerate(candidates):
            others = [box for j, box in chosen.items() if j != i]
            chosen[i] = min(places, key=lambda place: place[1] + _cost(place[0], [*others, *solid], lines))[0]
    return [Label(text, chosen[i], pair) for i, (text, pair, _) in enumerate(wanted)]


def covered(labels: Sequence[Label], solid: Sequence[Box], curves: Sequence[Curve]) -> int:
    """Return how many labels lie on another, on something solid or on a curve."""
    lines = np.array([point for curve in curves for point in curve.sampled()])
    boxes = [label.box for label in labels]
    return sum(
        any(box.overlap(other) for other in [*boxes[:i], *boxes[i + 1 :], *solid]) or box.distances(lines).min() == 0
        for i, box in enumerate(boxes)
    )


def _candidates(text: str, at: complex | Curve) -> Iterator[tuple[Box, float]]:
    """Yield the places of a label, each with what it costs not to be the best one."""
    half_width, half_height = text_width(text) / 2, 0.56 * FONT_SIZE
    if isinstance(at, Curve):
        for t in (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8):
            for side in (1, -1):
                normal = side * 1j * at.direction(t)
                for gap in (8.0, 15.0, 24.0):
                    reach = abs(normal.real) * half_width + abs(normal.imag) * half_height + gap
                    yield Box(at.at(t) + reach * normal, half_width, half_height), 30 * abs(t - 0.5) + 0.8 * gap
        return
    for gap in (13.0, 22.0, 34.0):
        for rank, way in enumerate(_AROUND):
            centre = at + complex(way.real * (half_width + 0.8 * gap), way.imag * (half_height + 0.6 * gap))
            yield Box(centre, half_width, half_height), 0.5 * rank + 0.6 * gap


def _cost(box: Box, others: Sequence[Box], lines: np.ndarray) -> float:
    roomy = Box(box.centre, box.half_width + 5, box.half_height + 3)
    covered = sum(roomy.overlap(other) for other in others)
    crossed = np.maximum(0.0, _CLEAR - box.distances(lines)).sum()
    return float(2 * covered + 8 * crossed)
