r"""A schedule of exploration begins at its start, never rises, and is at its end when it says so.

.. math:: \varepsilon_0 = \text{start}, \qquad \varepsilon_{t+1} \le \varepsilon_t, \qquad
          \varepsilon_t = \text{end} \ (t \ge d)

for start >= end and a duration of d >= 1 steps; so every value lies between the two. In a straight line it is
start + (end - start) min(t / d, 1); other shapes will do.

Why: the first two say that exploration is spent where it is worth most, while nothing is known; the last, what is
left of it for ever. A misplaced parenthesis is enough to break it, start - t + 1 / d in place of start - (t + 1) / d,
and nothing fails: the learner explores in one step, and then as little as it ever will, and looks as if it had learnt
little.

Starts and ends are drawn as sixteenths, which binary64 holds, so that a schedule in floats can be held to them. Between
its ends a straight line in floats rounds, but rounding is monotone and so it does not rise.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Scalar, exact

from ..claim import Claim
from ..mutants import behaviours
from ..relation import Relation, all_of, at_most, equal

exploration_schedule = Claim(
    id="q-learning.exploration-schedule",
    title="A schedule of exploration begins at its start, never rises, and is at its end when it says so",
    statement=r"\varepsilon_0 = \text{start},\ \varepsilon_{t+1} \le \varepsilon_t,"
    r"\ \varepsilon_t = \text{end}\ (t \ge d)",
    subject="exploration-schedule",
)

_starts = st.integers(0, 16).map(lambda sixteenths: fmpq(sixteenths, 16))


def _ends(start: fmpq) -> st.SearchStrategy[fmpq]:
    return st.integers(0, int(16 * start)).map(lambda sixteenths: fmpq(sixteenths, 16))


@exploration_schedule.exact(start=_starts, end=_ends, duration=st.integers(1, 6))
def schedules_go_from_start_to_end(epsilon_at: Any, start: Scalar, end: Scalar, duration: int) -> Relation:
    """Over the duration and three steps more."""
    epsilons = [epsilon_at(step, start, end, duration) for step in range(duration + 4)]
    return all_of(
        [
            equal(epsilons[0], start),
            equal(epsilons[duration:], [end] * 4),
            at_most(epsilons[1:], epsilons[:-1]),
        ]
    )


for _mutant in (behaviours.locked_at_its_end, behaviours.never_arrives, behaviours.counted_from_one):
    exploration_schedule.refutes(_mutant, by=schedules_go_from_start_to_end)
exploration_schedule.attained(
    "no decay at all",
    by=schedules_go_from_start_to_end,
    start=exact("1/2"),
    end=exact("1/2"),
    duration=1,
)


@exploration_schedule.too_strong(beside=schedules_go_from_start_to_end)
def exploration_falls_for_ever(epsilon_at: Any, start: Scalar, end: Scalar, duration: int) -> Relation:
    """As if less were left after the end."""
    return at_most(epsilon_at(2 * duration, start, end, duration), end - fmpq(1, 16))
