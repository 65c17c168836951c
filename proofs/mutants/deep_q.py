"""Wrong DQN-style algorithms: target networks, fitted iteration, double estimators, masks and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array, max_norm, maximum, segment_sum
from bellcheck.mdp.bellman import optimality_operator
from bellcheck.mdp.clipping import huber
from bellcheck.mdp.double_q import Pair, Ties, double_estimate, double_target, double_update
from bellcheck.mdp.episode_ends import flagged_target
from bellcheck.mdp.iteration import damped_value_iterates
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update as q_learning_update
from bellcheck.mdp.replay import buffer_weights
from bellcheck.mdp.semi_gradient import key_matrix

from ..subject import Subject
from . import operators

__all__ = [
    "best_index_in_place_of_value",
    "both_tables_updated",
    "chosen_by_the_second",
    "clipped_double",
    "done_is_done",
    "double_update_towards",
    "each_pair_counts_once",
    "end_bootstrapped_double",
    "fit_before_the_sweep",
    "fit_left_out",
    "larger_of_both",
    "mask_forgotten",
    "mean_in_place_of_maximum",
    "median_in_place_of_maximum",
    "newest_counts_half",
    "one_sample_for_both",
    "online_steps",
    "online_update",
    "reward_of_an_end_lost",
    "scaled_to_the_bounds",
    "sign_of_the_reward",
    "smooth_l1",
    "square_for_huber",
    "undiscounted_bootstrap",
    "undiscounted_copy",
    "undiscounted_double",
    "undiscounted_form",
    "undiscounted_sweep",
    "value_of_the_last_state",
    "valued_by_its_own_table",
]


# -------------------------------------------------------------------- target networks


def _online_steps(mdp: FiniteMDP, q: Array, target: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    return damped_value_iterates(mdp, q, step_sizes)


def _undiscounted_copy(mdp: FiniteMDP, q: Array, target: Array, step_sizes: Iterable[Scalar]) -> Iterator[Array]:
    towards = optimality_operator(mdp, target / mdp.discount if mdp.discount > 0 else target)
    yield q
    for step_size in step_sizes:
        q = q * (1 - step_size) + towards * step_size
        yield q


def _online_update(mdp: FiniteMDP, q: Array, target: Array, pair: int, outcome: int, step_size: Scalar) -> Array:
    return q_learning_update(mdp, q, pair, outcome, step_size)


online_steps = Subject("target-network", "target from the table that learns", _online_steps, bug="C1")
undiscounted_copy = Subject("target-network", "discount left out", _undiscounted_copy)
online_update = Subject("target-network-update", "target from the table that learns", _online_update, bug="C1")


# -------------------------------------------------------------------- fitted Q-iteration


def _undiscounted_sweep(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return matrix @ operators.undiscounted_backup.call(mdp, q)


def _fit_before_the_sweep(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return optimality_operator(mdp, matrix @ q)


def _fit_left_out(mdp: FiniteMDP, matrix: Array, q: Array) -> Array:
    return optimality_operator(mdp, q)


undiscounted_sweep = Subject("fitted-operator", "discount left out", _undiscounted_sweep)
fit_before_the_sweep = Subject("fitted-operator", "fitted before the sweep, not after", _fit_before_the_sweep)
fit_left_out = Subject("fitted-operator", "fit left out", _fit_left_out)


# -------------------------------------------------------------------- estimates of a maximum


def _mean(values: Array) -> Scalar:
    return segment_sum(values, np.array([0]))[0] / len(values)


def _median(values: Array) -> Scalar:
    return sorted(values)[(len(values) - 1) // 2]


mean_in_place_of_maximum = Subject("maximum", "mean in place of the maximum", _mean)
median_in_place_of_maximum = Subject("maximum", "median in place of the maximum", _median)


# -------------------------------------------------------------------- double estimators


def _one_sample_for_both(chooser: Array, values: Array, ties: Ties = "lowest") -> Scalar:
    return maximum(chooser)


def _chosen_by_the_second(chooser: Array, values: Array, ties: Ties = "lowest") -> Scalar:
    return maximum(values)


def _larger_of_both(chooser: Array, values: Array, ties: Ties = "lowest") -> Scalar:
    return max(double_estimate(chooser, values, ties), double_estimate(values, chooser, ties))


one_sample_for_both = Subject("double-estimator", "one sample chooses and values", _one_sample_for_both)
chosen_by_the_second = Subject("double-estimator", "the sample that values chooses too", _chosen_by_the_second)
larger_of_both = Subject("double-estimator", "the larger of both double estimates", _larger_of_both)


# -------------------------------------------------------------------- double Q-learning


def double_update_towards(target: Any) -> Any:
    """Return the double update towards ``target(mdp, tables, first, outcome, ties)``."""

    def changed(
        mdp: FiniteMDP, tables: Pair, first: bool, pair: int, outcome: int, step_size: Scalar, ties: Ties = "lowest"
    ) -> Pair:
        table = tables[not first].copy()
        table[pair] = (1 - step_size) * table[pair] + step_size * target(mdp, tables, first, outcome, ties)
        return (table, tables[1]) if first else (tables[0], table)

    return changed


def _own_value(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    own = tables[not first]
    return double_target(mdp, (own, own), first, outcome, ties)


def _undiscounted(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    return double_target(replace(mdp, discount=fmpq(1)), tables, first, outcome, ties)


def _best_index(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    """``np.argmax(QA[s_next])`` itself in the place of QB at it."""
    actions = mdp.pairs_of(int(mdp.next_state[outcome]))
    index = int(np.argmax(tables[not first][actions.start : actions.stop])) if actions else 0
    return mdp.reward[outcome] + mdp.discount * index


def _clipped(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    clipped = exact_array(min(max(reward, fmpq(-1)), fmpq(1)) for reward in mdp.reward)
    return double_target(replace(mdp, reward=clipped), tables, first, outcome, ties)


def _end_bootstrapped(mdp: FiniteMDP, tables: Pair, first: bool, outcome: int, ties: Ties) -> Scalar:
    target = double_target(mdp, tables, first, outcome, ties)
    ends = not mdp.pairs_of(int(mdp.next_state[outcome]))
    return target + mdp.discount * tables[first][0] if ends else target


def _both_tables_updated(
    mdp: FiniteMDP, tables: Pair, first: bool, pair: int, outcome: int, step_size: Scalar, ties: Ties = "lowest"
) -> Pair:
    changed = double_update(mdp, tables, first, pair, outcome, step_size, ties)
    return double_update(mdp, changed, not first, pair, outcome, step_size, ties)


valued_by_its_own_table = Subject(
    "double-q-learner", "valued by the table that chooses", double_update_towards(_own_value)
)
undiscounted_double = Subject("double-q-learner", "discount left out", double_update_towards(_undiscounted))
best_index_in_place_of_value = Subject(
    "double-q-learner",
    "argmax in place of the value there",
    double_update_towards(_best_index),
    cites="llSourcell/Game-AI issue 7",
)
clipped_double = Subject(
    "double-q-learner", "rewards clipped to [-1, 1]", double_update_towards(_clipped), cites="Mnih et al. 2015, Methods"
)
end_bootstrapped_double = Subject(
    "double-q-learner", "terminal state bootstrapped", double_update_towards(_end_bootstrapped)
)
both_tables_updated = Subject("double-q-learner", "both tables updated", _both_tables_updated)


# -------------------------------------------------------------------- clipping


def _smooth_l1(error: Any, threshold: Scalar) -> Any:
    """The Huber loss over its threshold: the same only where that is 1."""
    return huber(error, threshold) / threshold


def _square(error: Any, threshold: Scalar) -> Any:
    return error * error / 2


def _scaled_to_the_bounds(mdp: FiniteMDP, low: Scalar, high: Scalar) -> FiniteMDP:
    largest = max_norm(mdp.reward)
    return replace(mdp, reward=mdp.reward * high / largest) if largest > 0 else mdp


def _sign_of_the_reward(mdp: FiniteMDP, low: Scalar, high: Scalar) -> FiniteMDP:
    return replace(mdp, reward=exact_array(high if r > 0 else low if r < 0 else r for r in mdp.reward))


smooth_l1 = Subject("huber-loss", "smooth L1 loss, divided by the threshold", _smooth_l1)
square_for_huber = Subject("huber-loss", "half the square everywhere", _square)
scaled_to_the_bounds = Subject("reward-clip", "scaled to the bounds, not clipped", _scaled_to_the_bounds)
sign_of_the_reward = Subject("reward-clip", "sign of the reward in place of clipping", _sign_of_the_reward)


# -------------------------------------------------------------------- ends of episodes


def _mask_forgotten(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    return flagged_target(mdp, values, outcome, False, truncated)


def _done_is_done(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    return flagged_target(mdp, values, outcome, terminated or truncated, truncated)


def _reward_lost(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """``(1 - done) * (r + gamma * v)``: the mask around the reward too."""
    return 0 * mdp.discount if terminated else flagged_target(mdp, values, outcome, False, truncated)


def _undiscounted_bootstrap(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    return flagged_target(replace(mdp, discount=fmpq(1)), values, outcome, terminated, truncated)


def _value_of_the_last_state(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """The value of s in the place of that of s', as after an off-by-one in a buffer."""
    pair = int(np.searchsorted(mdp.outcome_start, outcome, side="right")) - 1
    reward = mdp.reward[outcome]
    return reward if terminated else reward + mdp.discount * values[mdp.pair_state[pair]]


mask_forgotten = Subject(
    "flagged-target", "terminal mask forgotten", _mask_forgotten, cites="cyoon1729/deep-Q-networks PR 5", bug="A2"
)
done_is_done = Subject("flagged-target", "cut-offs taken for ends", _done_is_done, cites="Pardo et al. 2018", bug="A5")
reward_of_an_end_lost = Subject("flagged-target", "mask around the reward too", _reward_lost)
undiscounted_bootstrap = Subject("flagged-target", "discount left out", _undiscounted_bootstrap)
value_of_the_last_state = Subject("flagged-target", "value of the state that was left", _value_of_the_last_state)


# -------------------------------------------------------------------- replay


def _each_pair_once(mdp: FiniteMDP, buffer: Sequence[tuple[int, int]]) -> Array:
    return buffer_weights(mdp, [(pair, 0) for pair in {pair for pair, _ in buffer}])


def _newest_half(mdp: FiniteMDP, buffer: Sequence[tuple[int, int]]) -> Array:
    """Half the weight on the last experience, as with priorities that favour what is new."""
    return (buffer_weights(mdp, buffer) + buffer_weights(mdp, buffer[-1:])) / 2


def _undiscounted_form(mdp: FiniteMDP, policy: Array, mu: Array, features: Array) -> tuple[Array, Array]:
    return key_matrix(replace(mdp, discount=fmpq(1)), policy, mu, features)


each_pair_counts_once = Subject("buffer-weights", "each pair counted once", _each_pair_once)
newest_counts_half = Subject("buffer-weights", "half the weight on the newest", _newest_half)
undiscounted_form = Subject("key-matrix", "discount 1", _undiscounted_form)
