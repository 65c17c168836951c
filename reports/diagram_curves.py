"""The curves of a diagram: from a state to the dot of each action, and from the dot to each next state.

A curve to a dot has no head, one to a state has. A single outcome that leads back makes a loop with the dot where it
turns; several arrows from one dot to one state fan out, or go back on one side and the other by turns.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bellcheck.mdp.model import FiniteMDP

from .diagram_layout import FAN, STALK, Lane, Layout, Stalk, fan, other_states, unit

__all__ = ["Curve", "curves_of", "dot_of"]

_POINTS = 24


@dataclass(frozen=True)
class Curve:
    """A cubic Bezier curve of a pair; with an `outcome`, it has a head and leads to that outcome's next state."""

    points: tuple[complex, complex, complex, complex]
    pair: int
    outcome: int | None = None

    def at(self, t: float) -> complex:
        """Return the point at 0 <= t <= 1."""
        a, b, c, d = self.points
        s = 1 - t
        return s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d

    def direction(self, t: float) -> complex:
        """Return the unit tangent at t."""
        a, b, c, d = self.points
        s = 1 - t
        return unit(s * s * (b - a) + 2 * s * t * (c - b) + t * t * (d - c))

    def sampled(self) -> list[complex]:
        """Return points along the curve, both ends included."""
        return [self.at(i / _POINTS) for i in range(_POINTS + 1)]


def dot_of(mdp: FiniteMDP, layout: Layout, pair: int) -> complex:
    """Return the place of a pair's dot."""
    state, way = layout.states[int(mdp.pair_state[pair])], layout.ways[pair]
    if isinstance(way, Stalk):
        return state + (layout.radius + way.length) * way.direction
    straight = layout.states[way.target] - state
    return state + 0.42 * straight + way.offset * 1j * unit(straight)


def curves_of(mdp: FiniteMDP, layout: Layout) -> list[Curve]:
    """Return all curves of a diagram."""
    return [curve for x in range(mdp.n_pairs) for curve in _curves_of_pair(mdp, layout, x)]


def _curves_of_pair(mdp: FiniteMDP, layout: Layout, x: int) -> Iterator[Curve]:
    own, way = int(mdp.pair_state[x]), layout.ways[x]
    outcomes = list(mdp.outcomes_of(x))
    back = [k for k in outcomes if mdp.next_state[k] == own]
    if isinstance(way, Lane):
        yield _onto_lane(layout, layout.states[own], way, dot_of(mdp, layout, x), x)
    elif len(outcomes) == len(back) == 1:
        yield from _loop(mdp, layout, x, way, back[0])
        return
    else:
        rim, dot = layout.states[own] + layout.radius * way.direction, dot_of(mdp, layout, x)
        yield Curve((rim, rim + (dot - rim) / 3, dot - (dot - rim) / 3, dot), x)
    yield from _returns(mdp, layout, x, back, side=-1 if isinstance(way, Lane) and way.offset < 0 else 1)
    for other in other_states(mdp, x):
        on = [k for k in outcomes if mdp.next_state[k] == other]
        for k, bend in zip(on, fan(len(on), FAN), strict=True):
            yield _onwards(mdp, layout, k, x, bend)


def _onto_lane(layout: Layout, state: complex, lane: Lane, dot: complex, x: int) -> Curve:
    straight = layout.states[lane.target] - state
    leave = state + 0.2 * straight + lane.offset * 1j * unit(straight)
    rim = state + layout.radius * unit(leave - state)
    return Curve((rim, (rim + leave) / 2, leave, dot), x)


def _loop(mdp: FiniteMDP, layout: Layout, x: int, stalk: Stalk, outcome: int) -> Iterator[Curve]:
    """Lead out on one side and back on the other."""
    state, dot = layout.states[int(mdp.pair_state[x])], dot_of(mdp, layout, x)
    for side in (1, -1):
        spread = stalk.direction * cmath.exp(0.42j * side)
        rim = state + layout.radius * spread
        leave, corner = rim + 0.6 * stalk.length * spread, dot + side * 0.45j * STALK * stalk.direction
        yield Curve((rim, leave, corner, dot), x) if side > 0 else Curve((dot, corner, leave, rim), x, outcome)


def _returns(mdp: FiniteMDP, layout: Layout, x: int, outcomes: Sequence[int], side: int) -> Iterator[Curve]:
    """Lead outcomes back to the state they came from, on one side of the way out and the other by turns."""
    state, dot = layout.states[int(mdp.pair_state[x])], dot_of(mdp, layout, x)
    out = unit(dot - state)
    for place, k in enumerate(outcomes):
        turn, wide = side * (-1) ** place, 1 + place // 2
        rim = state + layout.radius * out * cmath.exp(1j * turn * (0.45 + 0.4 * wide))
        corner = dot + STALK * out * (0.1 + 0.62j * turn * wide)
        yield Curve((dot, corner, rim + 0.55 * wide * STALK * unit(rim - state), rim), x, k)


def _onwards(mdp: FiniteMDP, layout: Layout, outcome: int, x: int, bend: float) -> Curve:
    """Lead an outcome to another state, along the lane or from the end of the stalk."""
    way, dot = layout.ways[x], dot_of(mdp, layout, x)
    target = layout.states[int(mdp.next_state[outcome])]
    if isinstance(way, Lane):
        straight = target - layout.states[int(mdp.pair_state[x])]
        left = 1j * unit(straight)
        near = target - 0.24 * straight + (way.offset + bend) * left
        end = target + layout.radius * unit(near - target)
        return Curve((dot, dot + 0.14 * straight + bend * left, near, end), x, outcome)
    straight = target - dot
    middle = dot + straight / 2 + bend * 1j * unit(straight) + 0.12 * abs(straight) * way.direction
    end = target + layout.radius * unit(middle - target)
    return Curve((dot, dot + 0.6 * (middle - dot), (end + middle) / 2, end), x, outcome)
