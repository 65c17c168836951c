"""The edits of the domain reducer: each smaller or simpler than an instance in one way that a reader would notice.

A family of edits is a function of the instance and its axes; it yields functions that carry an edit out, the biggest
first, so that nothing is built which is not tried. What an edit may not know (the bounds of a step size, that weights
are positive) the axis tells; a number of which nothing is known keeps its side of -1, 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact_array
from .draws import DISCOUNTS, SAMPLE_WEIGHTS, STEP_SIZES
from .model import FiniteMDP
from .number_edits import Edit, simplify_numbers, simplify_others, with_entry, with_values
from .restrict import WEIGHTS, Axes, Instance, model_of, restrict
from .transitions import linked

__all__ = ["EDITS"]

# ---------------------------------------------------------------- the shape of the model


def _drop_states(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """A state goes with all that leads to it, or what leads to it leads to another, which may get its actions too."""
    key = model_of(instance)
    if key is None:
        return
    mdp = instance[key]
    everything = np.ones(len(mdp.reward), dtype=bool)
    for state in reversed(range(mdp.n_states)):
        others = np.arange(mdp.n_states) != state
        yield partial(restrict, instance, axes, states=others, outcomes=everything)
        for target in np.flatnonzero(others):
            redirected = np.where(mdp.next_state == state, target, mdp.next_state)
            into = partial(restrict, instance, axes, states=others, outcomes=everything, next_state=redirected)
            yield into
            if mdp.action_names is None:
                yield partial(into, pair_state=np.where(mdp.pair_state == state, target, mdp.pair_state))


def _drop_outcomes(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """All outcomes of a state (it becomes terminal), of a pair, then one by one, dropped or merged into another."""
    key = model_of(instance)
    if key is None:
        return
    mdp = instance[key]
    states = np.ones(mdp.n_states, dtype=bool)
    numbers = np.arange(len(mdp.reward))
    segments = [(mdp.outcome_start[mdp.pair_start[s]], mdp.outcome_start[mdp.pair_start[s + 1]]) for s in mdp.acting]
    segments += [(mdp.outcome_start[x], mdp.outcome_start[x + 1]) for x in range(mdp.n_pairs)]
    segments += [(k, k + 1) for k in numbers]
    for start, end in reversed(segments):
        rest = (numbers < start) | (numbers >= end)
        yield partial(restrict, instance, axes, states=states, outcomes=rest)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            for other in mdp.outcomes_of(x):
                if other != k:
                    merged = mdp.probability.copy()
                    merged[other] = merged[other] + merged[k]
                    yield partial(restrict, instance, axes, states=states, outcomes=numbers != k, weight=merged)


def _tidy_model(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """Even probabilities, lower successors, action numbers without gaps, a certain start."""
    key = model_of(instance)
    if key is None:
        return
    mdp = instance[key]

    def changed(**fields: Any) -> Edit:
        return lambda: _relinked({**instance, key: replace(mdp, **fields)}, axes)

    rows = [mdp.outcomes_of(x) for x in range(mdp.n_pairs)]
    yield changed(probability=np.concatenate([next(_even(row)) for row in rows]))
    for row in rows:
        for weights in _even(row):
            yield changed(probability=with_entry(mdp.probability, slice(row.start, row.stop), weights))
    for k in range(len(mdp.next_state)):
        for lower in range(int(mdp.next_state[k])):
            yield changed(next_state=with_entry(mdp.next_state, k, lower))
    if mdp.action_names is None:
        yield changed(pair_action=np.arange(mdp.n_pairs) - mdp.pair_start[mdp.pair_state])
    if mdp.start is not None:
        for state in range(mdp.n_states):
            yield changed(start=exact_array([int(s == state) for s in range(mdp.n_states)]))
    for discount in DISCOUNTS:
        yield changed(discount=discount)


# ---------------------------------------------------------------- what lives on it


def _shorten_paths(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """Fewer steps, as they are or whole: smaller steps may need to be more."""
    for name, value in instance.items():
        if axes.get(name) not in ("path", "recording", "batch", "synchronous_path", "sequence"):
            continue
        synchronous = axes[name] == "synchronous_path"
        n = len(value[0] if synchronous else value)
        kept = [range(n // 2), range(n // 2, n), *([i for i in range(n) if i != dropped] for dropped in range(n))]
        for steps in map(list, kept):
            if synchronous:
                yield partial(with_values, instance, {name: (value[0][steps], value[1][steps])})
                yield partial(with_values, instance, {name: (exact_array([1] * len(steps)), value[1][steps])})
                continue
            if axes[name] == "sequence":
                yield partial(with_values, instance, {name: value[steps]})
                continue
            yield partial(_with_path, instance, axes, name, tuple(value[i] for i in steps))
            if axes[name] in ("path", "batch"):
                whole = tuple((*value[i][:2], fmpq(1), *value[i][3:]) for i in steps)
                yield partial(with_values, instance, {name: whole})


def _simplify_samples(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """A batch: one weight for all, then a sample that was not cut off, with another weight, of an earlier outcome."""
    key = model_of(instance)
    for name, value in instance.items():
        if axes.get(name) != "batch":
            continue
        for weight in SAMPLE_WEIGHTS:
            yield partial(with_values, instance, {name: tuple((*sample[:2], weight, sample[3]) for sample in value)})
        for n, (pair, k, weight, _) in enumerate(value):
            others = [(pair, k, weight, False), *((pair, k, other, value[n][3]) for other in SAMPLE_WEIGHTS)]
            if key is not None:
                others += [(x, j, weight, value[n][3]) for x, j in _possible(instance[key]) if j < k]
            for sample in others:
                yield partial(with_values, instance, {name: (*value[:n], sample, *value[n + 1 :])})


def _drop_columns(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """A feature goes with the weights that it has in every head."""
    matrices = {name: value for name, value in instance.items() if axes.get(name) in ("features", "heads")}
    columns = min((matrix.shape[1] for matrix in matrices.values()), default=0)
    for dropped in range(columns if columns > 1 else 0):
        kept = [j for j in range(columns) if j != dropped]
        yield partial(with_values, instance, {name: matrix[:, kept] for name, matrix in matrices.items()})


def _drop_heads(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """The number of an action that no state has goes, with its heads; higher numbers move down."""
    key = model_of(instance)
    heads = {name: value for name, value in instance.items() if axes.get(name) == "heads"}
    if key is None or instance[key].action_names is not None:
        return
    mdp = instance[key]
    for dropped in range(min(map(len, heads.values()), default=0)):
        if dropped not in mdp.pair_action:
            moved = replace(mdp, pair_action=mdp.pair_action - (mdp.pair_action > dropped))
            rest = {name: np.delete(value, dropped, axis=0) for name, value in heads.items()}
            yield partial(dict, {**instance, **rest, key: moved})


def _simplify_conventions(instance: Instance, axes: Axes) -> Iterator[Edit]:
    for name, value in instance.items():
        if axes.get(name) == "convention":
            for simpler in value.simpler():
                yield partial(with_values, instance, {name: simpler})


def _with_path(instance: Instance, axes: Axes, name: str, path: tuple[Any, ...]) -> Instance:
    return _relinked(with_values(instance, {name: path}), axes)


def _relinked(instance: Instance, axes: Axes) -> Instance:
    """The instance with its recordings cut where the next step does not follow any more."""
    key = model_of(instance)
    recordings = [name for name in instance if axes.get(name) == "recording" and key is not None]
    return {**instance, **{name: linked(instance[str(key)], instance[name]) for name in recordings}}


def _simplify_paths(instance: Instance, axes: Axes) -> Iterator[Edit]:
    key = model_of(instance)
    mdp = None if key is None else instance[key]
    for name in instance:
        axis, value = axes.get(name), instance[name]
        for alpha in STEP_SIZES:
            if axis == "step_size":
                yield partial(with_values, instance, {name: alpha})
            elif axis == "synchronous_path":
                for n in range(len(value[0])):
                    yield partial(with_values, instance, {name: (with_entry(value[0], n, alpha), value[1])})
            elif axis == "path":
                for n, (pair, outcome, _) in enumerate(value):
                    path = (*value[:n], (pair, outcome, alpha), *value[n + 1 :])
                    yield partial(with_values, instance, {name: path})
        if mdp is None:
            continue
        if axis in ("path", "recording"):
            for n, (_, outcome, last) in enumerate(value):
                for x, k in _possible(mdp):
                    if k < outcome:
                        path = (*value[:n], (x, k, last), *value[n + 1 :])
                        yield partial(_with_path, instance, axes, name, path)
                if axis == "recording" and last:
                    path = (*value[:n], (*value[n][:2], False), *value[n + 1 :])
                    yield partial(_with_path, instance, axes, name, path)
        elif axis == "synchronous_path":
            for n, row in enumerate(value[1]):
                for x, k in _possible(mdp):
                    if k < row[x]:
                        path = (value[0], with_entry(value[1], (n, x), k))
                        yield partial(with_values, instance, {name: path})


def _possible(mdp: FiniteMDP) -> list[tuple[int, int]]:
    return [(x, k) for x in range(mdp.n_pairs) for k in mdp.outcomes_of(x) if mdp.probability[k] > 0]


def _simplify_weights(instance: Instance, axes: Axes) -> Iterator[Edit]:
    """Policies and distributions: all on one place where zeros are allowed, then even or nearly so."""
    key = model_of(instance)
    if key is None:
        return
    mdp = instance[key]
    per_state = [mdp.pairs_of(state) for state in mdp.acting]
    for name in instance:
        axis = axes.get(name)
        if axis not in WEIGHTS:
            continue
        for row in per_state if axis.endswith("policy") else [range(mdp.n_pairs)]:
            certain = (
                [] if axis.startswith("positive") else [exact_array([int(x == chosen) for x in row]) for chosen in row]
            )
            even = [] if axis.startswith("deterministic") else _even(row)
            for weights in [*certain, *even]:
                changed = with_entry(instance[name], slice(row.start, row.stop), weights)
                yield partial(with_values, instance, {name: changed})


def _even(row: range) -> Iterator[Array]:
    """The uniform distribution over a row, then those that count one place twice."""
    yield exact_array([fmpq(1, len(row))] * len(row))
    for twice in row:
        yield exact_array([fmpq(1 + (place == twice), len(row) + 1) for place in row])


EDITS = (
    _drop_states,
    _drop_outcomes,
    _shorten_paths,
    _drop_columns,
    _drop_heads,
    _simplify_conventions,
    _simplify_weights,
    _tidy_model,
    simplify_numbers,
    _simplify_paths,
    _simplify_samples,
    simplify_others,
)
