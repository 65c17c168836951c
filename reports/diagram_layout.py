"""Where the states and the actions of a small MDP go in its diagram.

Points are complex numbers, y upwards, and lengths are pixels. The rules:

* States stand in a line if some order makes all transitions go to neighbours, else on a regular polygon, in the order
  that makes transitions shortest.
* An action that leads to one other state has its dot on the way there. What runs between the same two states runs in
  lanes side by side, from left to right above and from right to left below.
* Another action has its dot at the end of a stalk: between the states that it leads to, or where that is no direction,
  or it only leads back, in the direction that is freest.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise, permutations
from math import pi

from flint import fmpq

from bellcheck.mdp.model import FiniteMDP

__all__ = [
    "FAN",
    "STALK",
    "Lane",
    "Layout",
    "Stalk",
    "angle",
    "fan",
    "lay_out",
    "number_text",
    "other_states",
    "outcome_text",
    "unit",
]

STALK = 74.0
"""The length of a stalk, from the rim of its state."""
LANE = 62.0
"""Between neighbouring lanes."""
FAN = 34.0
"""Between neighbouring arrows from one action to one state."""
_TURN = 0.55  # radians between stalks of a state
_LONGEST_NUMBER = 15


@dataclass(frozen=True)
class Lane:
    """A way to another state, `offset` to the left of the straight one."""

    target: int
    offset: float


@dataclass(frozen=True)
class Stalk:
    """A way of a given length from the rim of the state, in a direction of size 1."""

    direction: complex
    length: float


@dataclass(frozen=True)
class Layout:
    """The `radius` and the places of all states, and the way from its state that each pair takes."""

    radius: float
    states: list[complex]
    ways: dict[int, Lane | Stalk]


def lay_out(mdp: FiniteMDP, radius: float, room: float = 1.0) -> Layout:
    """Return the layout of a model of a few states, with `room` times the usual distances."""
    apart = room * _distance(mdp, radius)
    states = _places(mdp, apart)
    ways: dict[int, Lane | Stalk] = {}
    stalks = {x: way for state in range(mdp.n_states) for x, way in _between_targets(mdp, states, state)}
    ways.update({x: Stalk(way, 0.3 * apart) for x, way in stalks.items()})
    ways.update(_lanes(mdp, states, room * LANE, crowded=bool(stalks)))
    taken: list[list[float]] = [[] for _ in states]
    for x in range(mdp.n_pairs):
        state = int(mdp.pair_state[x])
        for other in other_states(mdp, x):
            taken[other].append(angle(states[state] - states[other]))
            taken[state].append(angle(states[other] - states[state]))
        if x in stalks:
            taken[state].append(angle(stalks[x]))
    for state, centre in enumerate(states):
        left = [x for x in mdp.pairs_of(state) if x not in ways]
        # Nothing leads to it or away: then the other states are what to keep clear of.
        away = taken[state] or [angle(other - centre) for other in states if other != centre]
        # Many loops need a longer way out to have room side by side.
        length = room * STALK * max(1.0, len(left) / 3.5)
        ways.update({x: Stalk(way, length) for x, way in zip(left, _free(away, len(left)), strict=True)})
    return Layout(radius, states, ways)


def outcome_text(mdp: FiniteMDP, outcome: int) -> str:
    """Return what stands at the arrow of an outcome: its probability and its reward."""
    return f"{number_text(mdp.probability[outcome])}, {number_text(mdp.reward[outcome])}"


def number_text(number: fmpq) -> str:
    """Return a rational as it is drawn, with a true minus sign; a long one as a decimal of four digits.

    >>> number_text(fmpq(1, 3)), number_text(fmpq(10**20, 3))
    ('1/3', '≈ 3.333E+19')
    """
    text = str(number)
    if len(text) > _LONGEST_NUMBER:
        text = f"≈ {Context(prec=4).divide(Decimal(int(number.p)), Decimal(int(number.q)))}"
    return text.replace("-", "−")


def other_states(mdp: FiniteMDP, pair: int) -> list[int]:
    """Return the states other than its own that a pair leads to, in order."""
    return sorted({int(mdp.next_state[k]) for k in mdp.outcomes_of(pair)} - {int(mdp.pair_state[pair])})


def angle(z: complex) -> float:
    """Return the angle of a direction, from 0 up to a full turn."""
    return cmath.phase(z) % (2 * pi)


def unit(z: complex) -> complex:
    """Return the direction of a vector; of none, none."""
    return z / (abs(z) or 1.0)


def fan(n: int, gap: float) -> list[float]:
    """Return n numbers a gap apart, the largest first, around 0."""
    return [((n - 1) / 2 - place) * gap for place in range(n)]


# -------------------------------------------------------------------- states


def _places(mdp: FiniteMDP, apart: float) -> list[complex]:
    links = {(int(mdp.pair_state[x]), other) for x in range(mdp.n_pairs) for other in other_states(mdp, x)}
    n = mdp.n_states
    for order in permutations(range(n)):
        if all(abs(order[s] - order[t]) == 1 for s, t in links):
            return [complex(order[state] * apart, 0) for state in range(n)]

    def length(order: Sequence[int]) -> int:
        return sum(min((order[s] - order[t]) % n, (order[t] - order[s]) % n) for s, t in links)

    order = min((o for o in permutations(range(n)) if o[0] == 0), key=length)
    circle = apart / (2 * abs(cmath.sin(pi / n)))
    return [circle * cmath.exp(1j * (pi / 2 + pi / n - 2 * pi * order[state] / n)) for state in range(n)]


def _distance(mdp: FiniteMDP, radius: float) -> float:
    """Return how far neighbouring states are apart: more for wide labels, and where there are many."""
    longest = max((len(outcome_text(mdp, k)) for k in range(len(mdp.reward))), default=0)
    return 2 * radius + 190 + 12 * max(0, longest - 6) + 55 * max(0.0, len(mdp.reward) / mdp.n_states - 2)


# -------------------------------------------------------------------- lanes


def _lanes(mdp: FiniteMDP, states: Sequence[complex], gap: float, *, crowded: bool) -> dict[int, Lane]:
    """Return the lanes of the pairs that lead to one other state; inside a polygon that is crowded they leave room."""
    between: dict[tuple[int, int], list[int]] = {}
    for x in range(mdp.n_pairs):
        others = other_states(mdp, x)
        if len(others) == 1:
            ends = (int(mdp.pair_state[x]), others[0])
            first, last = sorted(ends, key=lambda state: (round(states[state].real, 6), -states[state].imag))
            between.setdefault((first, last), []).append(x)
    lanes = {}
    for (first, last), pairs in between.items():
        there = [x for x in pairs if mdp.pair_state[x] == first]
        back = [x for x in pairs if mdp.pair_state[x] == last]
        # A lane is as wide as its outcomes fan out.
        widths = {x: gap + FAN * (len(mdp.outcomes_of(x)) - 1) for x in pairs}
        place = sum(widths.values()) / 2
        outwards = ((states[first] + states[last]) * (1j * (states[last] - states[first])).conjugate()).real
        if crowded and abs(outwards) > 1:
            place += gap / 2 if outwards > 0 else -gap / 2
        for x in [*there, *back]:
            offset = place - widths[x] / 2
            place -= widths[x]
            lanes[x] = Lane(last, offset) if x in there else Lane(first, -offset)
    return lanes


# -------------------------------------------------------------------- stalks


def _between_targets(mdp: FiniteMDP, states: Sequence[complex], state: int) -> list[tuple[int, complex]]:
    """Return the pairs of a state that lead to several others on one side of it, and a direction between those."""
    wanted: dict[int, float] = {}
    for x in mdp.pairs_of(state):
        others = other_states(mdp, x)
        mean = sum((unit(states[other] - states[state]) for other in others), 0j) / max(1, len(others))
        if len(others) > 1 and abs(mean) > 0.35:
            wanted[x] = angle(mean)
    pairs = sorted(wanted, key=lambda x: wanted[x])
    angles: list[float] = []
    for x in pairs:
        angles.append(max([wanted[x], *(last + _TURN for last in angles[-1:])]))
    # Moved apart in one direction, they are moved back together by the mean.
    shift = sum(angles) - sum(wanted.values())
    return [(x, cmath.exp(1j * (turned - shift / len(pairs)))) for x, turned in zip(pairs, angles, strict=True)]


def _free(taken: Iterable[float], n: int) -> Iterator[complex]:
    """Yield n directions, each as far as can be from those that are taken; where none is, the first is upwards."""
    angles = sorted({round(a, 6) for a in taken})
    if not angles:
        first = pi / 2 if n % 2 else pi
        yield from (cmath.exp(1j * (first - 2 * pi * place / n)) for place in range(n))
        return
    gaps = [(a, (b - a) % (2 * pi) or 2 * pi) for a, b in pairwise([*angles, angles[0] + 2 * pi])]
    shares = [0] * len(gaps)
    for _ in range(n):
        widest = max(range(len(gaps)), key=lambda i: (round(gaps[i][1] / (shares[i] + 1), 6), -i))
        shares[widest] += 1
    for (begin, width), share in zip(gaps, shares, strict=True):
        yield from (cmath.exp(1j * (begin + width * (place + 1) / (share + 1))) for place in range(share))
