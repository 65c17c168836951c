"""What a refuted subject would have had to declare: a number that it has built in, ties, the first step's number.

Each function looks for declarations under which our reference answers every recorded call as the subject did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from flint import fmpq

from bellcheck.mdp.arithmetic import exact, to_floats
from bellcheck.mdp.behaviour import epsilon_greedy
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.q_learning import update
from bellcheck.mdp.step_size import size

from .door import Foreign
from .recorder import alike

__all__ = ["behaviour_ties", "built_in_numbers", "first_step"]

Recorded: TypeAlias = Sequence[tuple[tuple[Any, ...], Any]]
"""Calls: the arguments and the answer of each."""


def _all_fit(calls: Recorded, function: Callable[..., Any]) -> bool:
    try:
        return all(alike(function(*arguments), answer) for arguments, answer in calls)
    except (ArithmeticError, ValueError):  # such as a step before the first: it is not that
        return False


def built_in_numbers(foreign: Foreign, calls: Recorded) -> list[str]:
    """The step size and the discount of a Q-learner that has declared one of them or both."""
    declared = [role for role in ("step_size", "discount") if foreign.declared[role] is not None]
    for step_size, discount in _solved(calls) if declared else ():

        def other(mdp: Any, q: Any, pair: int, outcome: int, asked: Any, now: Any = (step_size, discount)) -> Any:
            alpha = now[0] if "step_size" in declared else asked
            return update(replace(mdp, discount=now[1]) if "discount" in declared else mdp, q, pair, outcome, alpha)

        if _all_fit(calls, other):
            found = {"step_size": step_size, "discount": discount}
            return [" ".join(f"{role}={found[role]}" for role in declared)]
    return []


def _solved(calls: Recorded) -> Iterator[tuple[fmpq, fmpq]]:
    """Yield a step size and a discount for each two calls that show them: new - old = alpha (r + gamma v - old)."""
    seen = []
    for (mdp, q, pair, outcome, step_size), after in calls:
        v = state_values(mdp, q)[mdp.next_state[outcome]]
        seen.append((after[pair] - q[pair], mdp.reward[outcome] - q[pair], v, step_size, mdp.discount))
    shown = {moved / due for moved, due, v, _, _ in seen if v == 0 and due != 0}
    for moved, due, v, asked, discount in seen:
        for step_size in shown or {asked}:
            if step_size != 0 and v != 0:
                yield step_size, (moved / step_size - due) / v
            yield step_size, discount


def behaviour_ties(foreign: Foreign, calls: Recorded) -> list[str]:
    """Where a behaviour's greedy share really goes."""
    other: Literal["lowest", "split"] = "lowest" if foreign.declared["ties"] == "split" else "split"
    fits = _all_fit(calls, lambda mdp, q, epsilon, ties=other: epsilon_greedy(mdp, q, epsilon, other))
    return [f"ties={other}"] if fits else []


def first_step(foreign: Foreign, calls: Recorded) -> list[str]:
    """What a schedule calls the first step."""
    declared = int(foreign.declared["first"])

    def counted_from(first: int) -> Callable[..., float]:
        return lambda k, law: float(to_floats([exact(size(k + declared - first, law))])[0])

    return [f"first={first}" for first in (0, 1) if first != declared and _all_fit(calls, counted_from(first))]
