"""Wrong Q-learning updates: planted bugs, each with the public thread that it is written after where there is one.

Each has the signature of `bellcheck.mdp.q_learning.update`; `synchronous` makes a run of one, as `run_synchronous`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, Scalar, is_exact, maximum, segment_sum, zeros
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import td_target, update

from ..subject import Subject

__all__ = [
    "argmax_in_place_of_max",
    "behaviour_average",
    "bootstrapped_end",
    "difference_form",
    "doubled_step",
    "error_subtracted",
    "largest_of_value_and_zero",
    "minimum_in_place_of_maximum",
    "old_value_added",
    "padded_far_below",
    "padded_with_zeros",
    "reward_of_another_pair",
    "row_of_the_action_taken",
    "single_precision",
    "sum_over_actions",
    "synchronous",
    "target_subtracted",
    "undiscounted_target",
    "whole_row_written",
]

Update = Callable[[FiniteMDP, Array, int, int, Scalar], Array]


def _moving_towards(target: Callable[[FiniteMDP, Array, int, int], Scalar]) -> Update:
    def changed(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
        table = q[np.arange(len(q))]
        table[pair] = (1 - step_size) * q[pair] + step_size * target(mdp, q, pair, outcome)
        return table

    return changed


def _with_value_of(value: Callable[[Array], Scalar]) -> Callable[[FiniteMDP, Array, int, int], Scalar]:
    """Return the target r + gamma value(Q(s', .)), where the value of no actions is 0."""

    def target(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
        actions = mdp.pairs_of(int(mdp.next_state[outcome]))
        following = value(q[actions.start : actions.stop]) if actions else zeros(q, 1)[0]
        return mdp.reward[outcome] + mdp.discount * following

    return target


def _undiscounted(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
    return mdp.reward[outcome] + state_values(mdp, q)[mdp.next_state[outcome]]


def _padded(filling: int) -> Callable[[FiniteMDP, Array, int, int], Scalar]:
    """Return the target from a rectangular table, its rows filled up to the largest action number of the model."""

    def target(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
        actions = mdp.pairs_of(int(mdp.next_state[outcome]))
        missing = int(0 < len(actions) <= mdp.pair_action.max())
        row = [q[x] for x in actions] + [zeros(q, 1)[0] + filling] * missing
        return mdp.reward[outcome] + mdp.discount * (max(row) if row else zeros(q, 1)[0])

    return target


def _reward_of_another_pair(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
    """Rewards of a sparse matrix read with rows for columns: here that of the first outcome of the pair before."""
    other = mdp.outcome_start[pair - 1] if pair else mdp.outcome_start[-2]
    return td_target(mdp, q, outcome) - mdp.reward[outcome] + mdp.reward[other]


def _row_of_the_action_taken(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
    """``max(Q[s_next, a])``: a maximum over the one entry of the action just taken, or of its last in a shorter row."""
    actions = mdp.pairs_of(int(mdp.next_state[outcome]))
    same = [x for x in actions if mdp.pair_action[x] == mdp.pair_action[pair]] or list(actions)[-1:]
    return mdp.reward[outcome] + mdp.discount * (q[same[0]] if same else zeros(q, 1)[0])


def _bootstrapped_end(mdp: FiniteMDP, q: Array, pair: int, outcome: int) -> Scalar:
    """The state's row read from a table that has one for terminal states too, here with the first entry of all."""
    if mdp.pairs_of(int(mdp.next_state[outcome])):
        return td_target(mdp, q, outcome)
    return mdp.reward[outcome] + mdp.discount * q[0]


def _whole_row_written(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    table = q[np.arange(len(q))]
    for x in mdp.pairs_of(int(mdp.pair_state[pair])):
        table[x] = update(mdp, q, x, outcome, step_size)[x]
    return table


def _doubled_step(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    return update(mdp, q, pair, outcome, 2 * step_size)


def _difference_form(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    table = q[np.arange(len(q))]
    table[pair] = q[pair] + step_size * (td_target(mdp, q, outcome) - q[pair])
    return table


def _target_subtracted(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    table = q[np.arange(len(q))]
    table[pair] = (1 - step_size) * q[pair] - step_size * td_target(mdp, q, outcome)
    return table


def _error_subtracted(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    return update(mdp, q, pair, outcome, -step_size)


def _old_value_added(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    table = q[np.arange(len(q))]
    table[pair] = q[pair] + step_size * (td_target(mdp, q, outcome) + q[pair])
    return table


def _single_precision(mdp: FiniteMDP, q: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    table = update(mdp, q, pair, outcome, step_size)
    return table if is_exact(table) else table.astype(np.float32).astype(np.float64)


@cache
def synchronous(learner: Subject) -> Subject:
    """Return the synchronous run of a wrong update, one subject for each: every pair changed from the old table."""

    def run(mdp: FiniteMDP, q0: Array, step_sizes: Iterable[Scalar], outcomes: Iterable[Any]) -> Iterator[Array]:
        q = q0
        yield q
        for step_size, row in zip(step_sizes, outcomes, strict=True):
            table = q[np.arange(len(q))]
            for pair, outcome in enumerate(row):
                table[pair] = learner.call(mdp, q, pair, int(outcome), step_size)[pair]
            q = table
            yield q

    cited = f"bug-{learner.bug}" if learner.bug else ""
    return Subject("synchronous-run", learner.name, run, cites=learner.cites or cited)


def _learner(name: str, changed: Update, cites: str = "", bug: str = "") -> Subject:
    return Subject("q-learner", name, changed, cites=cites, bug=bug)


argmax_in_place_of_max = _learner(
    "argmax in place of max",
    _moving_towards(_with_value_of(lambda row: zeros(row, 1)[0] + int(np.argmax(row)))),
    cites="llSourcell/Game-AI issue 7",
    bug="B1",
)
behaviour_average = _learner(
    "behaviour average in place of max",
    _moving_towards(_with_value_of(lambda row: row.sum() / len(row))),
)
bootstrapped_end = _learner(
    "terminal state bootstrapped",
    _moving_towards(_bootstrapped_end),
    cites="lazyprogrammer/machine_learning_examples issue 13",
    bug="A3",
)
difference_form = _learner("q + alpha (target - q)", _difference_form)
doubled_step = _learner("step taken twice", _doubled_step)
error_subtracted = _learner("q - alpha (target - q)", _error_subtracted)
largest_of_value_and_zero = _learner(
    "search for the best action starts at 0",
    _moving_towards(_with_value_of(lambda row: max(zeros(row, 1)[0], *row))),
    bug="B7",
)
minimum_in_place_of_maximum = _learner(
    "minimum in place of maximum",
    _moving_towards(_with_value_of(lambda row: -maximum(-row))),
    cites="the sign convention of costs",
)
old_value_added = _learner("q + alpha (target + q)", _old_value_added)
padded_far_below = _learner("rows padded with -9999999", _moving_towards(_padded(-9_999_999)), bug="A10")
padded_with_zeros = _learner("rows padded with 0", _moving_towards(_padded(0)))
reward_of_another_pair = _learner("reward of another pair", _moving_towards(_reward_of_another_pair))
row_of_the_action_taken = _learner(
    "maximum over the row of the action taken",
    _moving_towards(_row_of_the_action_taken),
    cites="TheoLvs/reinforcement-learning issue 3",
    bug="B2",
)
single_precision = _learner("tables kept in binary32", _single_precision)
sum_over_actions = _learner(
    "sum over the actions in place of max",
    _moving_towards(_with_value_of(lambda row: segment_sum(row, np.array([0]))[0])),
)
target_subtracted = _learner(
    "(1 - alpha) q - alpha target", _target_subtracted, cites="d2l-ai/d2l-en issue 2649, equations 17.3.3 and 17.3.4"
)
undiscounted_target = _learner(
    "discount left out",
    _moving_towards(_undiscounted),
    cites="mlaux1/rl-blox issue 79",
)
whole_row_written = _learner("every action of the state written", _whole_row_written)
