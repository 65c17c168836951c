"""Wrong solvers: value iterations that stop too early or never, crash, lie, or misuse their start.

All sweep in binary64, as the code does that they are written after, and are right but for what their name says. A loop
that would never end is cut off, and the plan says so by ``stopped=False``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import expected_backup, greedy_policy, state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import Plan, no_plan
from bellcheck.mdp.sweeps import best_backup

from ..subject import Subject

__all__ = [
    "bound_of_the_jacobi_sweep",
    "converged_at_any_rate",
    "hundred_sweeps",
    "least_action_in_the_end",
    "limit_overwritten",
    "logarithm_of_nothing",
    "never_less_than_nothing",
    "residual_without_the_last_step",
    "span_without_correction",
    "start_ignored",
    "start_overwritten",
    "start_read_at_ends",
    "undiscounted_sweeps",
]

LIMIT = 10_000
ENDLESS = 300
"""Undiscounted sweeps after which a loop is taken to be endless. Some that creep would end; what refutes never does."""

_Stop = Callable[[np.ndarray], bool]
_Sweep = Callable[[np.ndarray], np.ndarray]


def _first_values(mdp: FiniteMDP, start: Array | None) -> np.ndarray:
    v = np.zeros(mdp.n_states)
    if start is not None:
        v[mdp.acting] = to_floats(start[mdp.acting])
    return v


def _discount(mdp: FiniteMDP) -> float:
    return float(to_floats([mdp.discount])[0])


def _jacobi(mdp: FiniteMDP) -> _Sweep:
    """A sweep of value iteration: every value read before any is written."""
    rounded = mdp.to_float()
    return lambda v: state_values(rounded, expected_backup(rounded, v))


def _swept(sweep: _Sweep, v: np.ndarray, stop: _Stop, limit: int = LIMIT) -> tuple[np.ndarray, int, bool]:
    """Sweep until `stop` says so of the change; return the values, the number of sweeps, and whether it did."""
    for sweeps in range(1, limit + 1):
        following = sweep(v)
        change, v = following - v, following
        if stop(change):
            return v, sweeps, True
    return v, limit, False


def _answer(mdp: FiniteMDP, v: np.ndarray, converged: bool | None, sweeps: int, stopped: bool = True) -> Plan:
    """The values, and the policy that is greedy by look-ahead on them."""
    policy = greedy_policy(mdp, exact_array(expected_backup(mdp.to_float(), v)))
    return Plan(exact_array(v), policy, converged, sweeps, stopped)


def _small(mdp: FiniteMDP, epsilon: fmpq) -> _Stop:
    """The rule that is right: 2 gamma times the change is at most epsilon (1 - gamma)."""
    gamma, asked = _discount(mdp), float(to_floats([epsilon])[0])
    return lambda change: bool(2 * gamma * max_norm(change) <= asked * (1 - gamma))


def _threshold(mdp: FiniteMDP, epsilon: fmpq) -> float:
    """epsilon (1 - gamma) / gamma, below which the span of a change leaves the policy within epsilon."""
    gamma = _discount(mdp)
    return math.inf if gamma == 0 else float(to_floats([epsilon])[0]) * (1 - gamma) / gamma


# -------------------------------------------------------------------- the span of a change


def _span(change: np.ndarray) -> float:
    return float(change.max() - change.min())


def _bound_on_sweeps(mdp: FiniteMDP, epsilon: fmpq, v: np.ndarray) -> int:
    """How many sweeps make the span of the change small: it shrinks by gamma times 1 - sum over s' of min p(s' | .).

    At discount 1 no such number is computed.
    """
    if mdp.discount == 1:
        return LIMIT
    rows = np.zeros((mdp.n_pairs + len(mdp.terminal_states), mdp.n_states))
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            rows[x, mdp.next_state[k]] += float(to_floats([mdp.probability[k]])[0])
    for row, state in enumerate(mdp.terminal_states):
        rows[mdp.n_pairs + row, state] = 1.0
    span = _span(_jacobi(mdp)(v) - v)
    shrinks = _discount(mdp) * (1 - rows.min(axis=0).sum())
    return math.ceil(math.log(_threshold(mdp, epsilon) / span) / math.log(shrinks))


def _bound_or_one(mdp: FiniteMDP, epsilon: fmpq, v: np.ndarray) -> int:
    try:
        return max(1, _bound_on_sweeps(mdp, epsilon, v))
    except (ArithmeticError, ValueError):  # the logarithm of 0: one sweep is enough
        return 1


def _bound_of_the_jacobi_sweep(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Sweeps in place, and stops as value iteration may: by the span of the change, or after so many sweeps."""
    rounded, v, threshold = mdp.to_float(), _first_values(mdp, start), _threshold(mdp, epsilon)

    def in_place(v: np.ndarray) -> np.ndarray:
        v = v.copy()
        for state in map(int, mdp.acting):
            v[state] = best_backup(rounded, v, state)
        return v

    limit = _bound_or_one(mdp, epsilon, v)
    v, sweeps, _ = _swept(in_place, v, lambda change: _span(change) <= threshold, limit)
    return _answer(mdp, v, None, sweeps)


def _span_without_correction(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Stops when the policy is good enough, and returns the values of that moment: off by a constant, however large."""
    threshold = _threshold(mdp, epsilon)
    v, sweeps, _ = _swept(_jacobi(mdp), _first_values(mdp, start), lambda change: _span(change) <= threshold)
    return _answer(mdp, v, None, sweeps)


def _limit_overwritten(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """A right rule, cut off by a limit that replaces the caller's and is enough for the policy alone."""
    v = _first_values(mdp, start)
    v, sweeps, _ = _swept(_jacobi(mdp), v, _small(mdp, epsilon), limit=_bound_or_one(mdp, epsilon, v))
    return _answer(mdp, v, None, sweeps)


def _logarithm_of_nothing(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """A bound that takes the logarithm of 0 where nothing is paid, or where all rows of p coincide."""
    v = _first_values(mdp, start)
    try:
        _bound_on_sweeps(mdp, epsilon, v)
    except (ArithmeticError, ValueError) as error:
        return no_plan(f"{type(error).__name__}: {error}")
    v, sweeps, met = _swept(_jacobi(mdp), v, _small(mdp, epsilon))
    return _answer(mdp, v, met, sweeps)


# -------------------------------------------------------------------- stopping too early, or never


def _hundred_sweeps(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """A right rule, but at most a hundred sweeps, and not a word about it."""
    v, sweeps, _ = _swept(_jacobi(mdp), _first_values(mdp, start), _small(mdp, epsilon), limit=100)
    return _answer(mdp, v, None, sweeps)


def _converged_at_any_rate(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Stops when a sweep changes less than epsilon, and calls that convergence."""
    asked = float(to_floats([epsilon])[0])
    v, sweeps, met = _swept(_jacobi(mdp), _first_values(mdp, start), lambda change: bool(max_norm(change) <= asked))
    return _answer(mdp, v, met, sweeps)


def _residual_without_the_last_step(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Leaves out of the residual the states in which episodes end.

    Where a state is paid for itself, its value is its reward and "terminal" names it; here such a state is one from
    which every outcome leads to an end. What it pays has still to reach the others when their change is 0.
    """
    ends = np.isin(mdp.next_state, mdp.terminal_states) | np.asarray(mdp.probability == 0, dtype=bool)
    last = [
        state for state in range(mdp.n_states) if all(ends[k] for x in mdp.pairs_of(state) for k in mdp.outcomes_of(x))
    ]
    others = np.setdiff1d(np.arange(mdp.n_states), last)
    near = _small(mdp, epsilon)
    v, sweeps, met = _swept(_jacobi(mdp), _first_values(mdp, start), lambda change: near(change[others]))
    return _answer(mdp, v, met, sweeps)


def _never_less_than_nothing(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Sweeps until the change is less than epsilon (1 - gamma) / gamma, which at discount 1 is 0."""
    threshold = _threshold(mdp, epsilon)
    limit = ENDLESS if mdp.discount == 1 else LIMIT
    first = _first_values(mdp, start)
    v, sweeps, met = _swept(_jacobi(mdp), first, lambda change: bool(max_norm(change) < threshold), limit)
    return _answer(mdp, v, met, sweeps, stopped=met)


def _undiscounted_sweeps(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Sweeps without the discount until they change nothing to speak of."""
    undiscounted = replace(mdp, discount=fmpq(1))
    first = _first_values(mdp, start)
    v, sweeps, met = _swept(_jacobi(undiscounted), first, lambda change: bool(max_norm(change) < 1e-4), ENDLESS)
    return _answer(mdp, v, met, sweeps, stopped=met)


# -------------------------------------------------------------------- the start, and the policy


def _start_ignored(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Begins at the least reward for ever, whatever it is given."""
    gamma = _discount(mdp)
    v = np.zeros(mdp.n_states)
    v[mdp.acting] = min(to_floats(mdp.reward)) / (1 - gamma) if gamma < 1 else 0.0
    v, sweeps, met = _swept(_jacobi(mdp), v, _small(mdp, epsilon))
    return _answer(mdp, v, met, sweeps)


def _start_overwritten(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Keeps its values in the caller's array."""
    v, sweeps, met = _swept(_jacobi(mdp), _first_values(mdp, start), _small(mdp, epsilon))
    if start is not None:
        start[:] = exact_array(v)
    return _answer(mdp, v, met, sweeps)


def _start_read_at_ends(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """Bootstraps from what the start says of terminal states, in every sweep."""
    ends = list(mdp.terminal_states)
    v = np.zeros(mdp.n_states) if start is None else to_floats(start)
    kept, jacobi = v[ends], _jacobi(mdp)

    def with_ends(v: np.ndarray) -> np.ndarray:
        swept = jacobi(v)
        swept[ends] = kept
        return swept

    v, sweeps, met = _swept(with_ends, v, _small(mdp, epsilon))
    return _answer(mdp, v, met, sweeps)


def _least_action_in_the_end(mdp: FiniteMDP, epsilon: fmpq, start: Array | None = None) -> Plan:
    """The values are right; the policy takes the action of least value."""
    v, sweeps, met = _swept(_jacobi(mdp), _first_values(mdp, start), _small(mdp, epsilon))
    policy = greedy_policy(mdp, exact_array(-expected_backup(mdp.to_float(), v)))
    return Plan(exact_array(v), policy, met, sweeps)


bound_of_the_jacobi_sweep = Subject(
    "solver", "sweeps in place, stopped as if they were not", _bound_of_the_jacobi_sweep, bug="H1"
)
span_without_correction = Subject(
    "solver", "values of the moment when the policy is good", _span_without_correction, bug="H2"
)
limit_overwritten = Subject("solver", "a limit enough for the policy alone", _limit_overwritten, bug="H2")
logarithm_of_nothing = Subject("solver", "the logarithm of nothing", _logarithm_of_nothing, bug="H3")
undiscounted_sweeps = Subject("solver", "undiscounted sweeps", _undiscounted_sweeps, bug="H8")
never_less_than_nothing = Subject("solver", "waiting for a change below nothing", _never_less_than_nothing, bug="H9")
residual_without_the_last_step = Subject(
    "solver", "a residual that leaves out where episodes end", _residual_without_the_last_step, bug="H10"
)
start_ignored = Subject("solver", "a start that is not used", _start_ignored, bug="H14")
start_overwritten = Subject("solver", "a start that is overwritten", _start_overwritten, bug="H14")
hundred_sweeps = Subject("solver", "a hundred sweeps and not a word", _hundred_sweeps, bug="H16")
converged_at_any_rate = Subject("solver", "little change called convergence", _converged_at_any_rate)
start_read_at_ends = Subject("solver", "values of ends read from the start", _start_read_at_ends)
least_action_in_the_end = Subject(
    "solver", "the action of least value in the end", _least_action_in_the_end, cites="the sign convention of costs"
)
