"""Keeping a part of a model, and of everything that lives on it.

A part is a choice of states and outcomes. A pair stays while it has an outcome of positive weight, a state may lose all
its actions and become terminal, or give them to another state, and what is left of a distribution is scaled to sum to
1. Values that live on the model follow by their axis:

=======================  ==========================================================================================
axis                     what is kept
=======================  ==========================================================================================
`pair`, `state`          the entries of the kept pairs or states (the first dimension)
`policy`                 the entries of the kept pairs, rescaled per state; uniform where no weight is left
`deterministic_policy`   per state, the chosen action; the lowest where it is gone
`positive_policy`        as a policy; some weight is always left
`distribution`           over the pairs, rescaled; uniform where no weight is left
`positive_distribution`  the same; some weight is always left
`path`                   the steps (pair, outcome, step size) on kept outcomes, renumbered
`recording`              the steps (pair, outcome, cut) likewise, cut where the next step no longer follows
`batch`                  the samples (pair, outcome, weight, cut) on kept outcomes, renumbered
`synchronous_path`       the kept pairs' outcomes, renumbered; the first possible one in place of a dropped one
`features`, `heads`      the rows of the kept states; the rows of the actions up to the largest that is kept
`numbers`, `step_size`   the value as it is, and so for `sequence`, `convention` and None
=======================  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from .arithmetic import Array, exact_array
from .model import FiniteMDP
from .transitions import Recording, linked

__all__ = ["AXES", "WEIGHTS", "Axes", "Instance", "model_of", "restrict"]

Instance = dict[str, Any]
Axes = Mapping[str, str | None]


@dataclass(frozen=True)
class _Part:
    """The kept states, pairs and outcomes of a model by their old numbers, and the model that they make."""

    states: np.ndarray
    pairs: np.ndarray
    outcomes: np.ndarray
    model: FiniteMDP


def model_of(instance: Mapping[str, Any]) -> str | None:
    """Return the key of the only exact model of an instance; None if there is none or more than one."""
    keys = [key for key, value in instance.items() if isinstance(value, FiniteMDP)]
    return keys[0] if len(keys) == 1 and isinstance(instance[keys[0]].discount, fmpq) else None


def restrict(
    instance: Instance,
    axes: Axes,
    *,
    states: np.ndarray,
    outcomes: np.ndarray,
    weight: Array | None = None,
    next_state: np.ndarray | None = None,
    pair_state: np.ndarray | None = None,
) -> Instance | None:
    """Return the instance on a part of its model, or None if no pair is left.

    Parameters
    ----------
    states, outcomes : (S,) and (K,) masks of what is kept; outcomes into dropped states are dropped too.
    weight : (K,) weights in place of the probabilities; each pair's are scaled to sum to 1.
    next_state : (K,) successors, by their old numbers, in place of the model's.
    pair_state : (N,) states of the pairs, by their old numbers, in place of the model's; actions are then renumbered.
    """
    key = model_of(instance)
    if key is None:
        return None
    part = _part(instance[key], states, outcomes, weight, next_state, pair_state)
    if part is None:
        return None
    smaller = {name: AXES[axes.get(name)](value, part) for name, value in instance.items()}
    smaller[key] = part.model
    return smaller


def _part(
    mdp: FiniteMDP,
    states: np.ndarray,
    outcomes: np.ndarray,
    weight: Array | None,
    next_state: np.ndarray | None,
    pair_state: np.ndarray | None,
) -> _Part | None:
    weight = mdp.probability if weight is None else weight
    next_state = mdp.next_state if next_state is None else next_state
    state_of = mdp.pair_state if pair_state is None else pair_state
    rows = [
        [k for k in mdp.outcomes_of(x) if outcomes[k] and states[next_state[k]] and states[state_of[x]]]
        for x in range(mdp.n_pairs)
    ]
    total = [sum((weight[k] for k in row), fmpq(0)) for row in rows]
    pairs = np.array([x for x in np.argsort(state_of, kind="stable") if total[x] > 0], dtype=np.int64)
    if not len(pairs):
        return None
    kept_states = np.flatnonzero(states)
    new_state = np.cumsum(states) - 1
    new_pair_state = new_state[state_of[pairs]]
    kept = np.array([k for x in pairs for k in rows[x]], dtype=np.int64)
    start = None if mdp.start is None else _rescaled(mdp.start[kept_states])
    names = mdp.state_names
    model = replace(
        mdp,
        n_states=len(kept_states),
        pair_state=new_pair_state,
        pair_action=mdp.pair_action[pairs] if pair_state is None else _positions(new_pair_state),
        outcome_start=np.cumsum([0] + [len(rows[x]) for x in pairs]),
        probability=exact_array([weight[k] / total[x] for x in pairs for k in rows[x]]),
        reward=mdp.reward[kept],
        next_state=new_state[next_state[kept]],
        start=start,
        state_names=None if names is None else tuple(names[state] for state in kept_states),
    )
    return _Part(kept_states, pairs, kept, model)


def _positions(pair_state: np.ndarray) -> np.ndarray:
    return np.arange(len(pair_state)) - np.searchsorted(pair_state, pair_state)


def _rescaled(weights: Array) -> Array:
    total = sum(weights, fmpq(0))
    return weights / total if total > 0 else exact_array([fmpq(1, len(weights))] * len(weights))


def _certain(weights: Array) -> Array:
    return exact_array([int(place == np.argmax(weights)) for place in range(len(weights))])


def _policy(row: Callable[[Array], Array]) -> Callable[[Array, _Part], Array]:
    def kept(policy: Array, part: _Part) -> Array:
        weights, mdp = policy[part.pairs], part.model
        return np.concatenate([row(weights[mdp.pair_start[s] : mdp.pair_start[s + 1]]) for s in mdp.acting])

    return kept


def _distribution(mu: Array, part: _Part) -> Array:
    return _rescaled(mu[part.pairs])


def _path(path: tuple[tuple[Any, ...], ...], part: _Part) -> tuple[tuple[Any, ...], ...]:
    new_outcome = {int(old): new for new, old in enumerate(part.outcomes)}
    new_pair = {int(old): new for new, old in enumerate(part.pairs)}
    return tuple((new_pair[pair], new_outcome[k], *rest) for pair, k, *rest in path if k in new_outcome)


def _recording(recording: Recording, part: _Part) -> Recording:
    return linked(part.model, _path(recording, part))


def _synchronous_path(path: tuple[Array, np.ndarray], part: _Part) -> tuple[Array, np.ndarray]:
    sizes, taken = path
    new_outcome = {int(old): new for new, old in enumerate(part.outcomes)}
    mdp = part.model
    first = [next(k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0) for x in range(mdp.n_pairs)]
    rows = [[new_outcome.get(int(old), first[x]) for x, old in enumerate(row[part.pairs])] for row in taken]
    return sizes, np.array(rows, dtype=np.int64).reshape(len(sizes), mdp.n_pairs)


def _unchanged(value: Any, part: _Part) -> Any:
    return value


AXES: dict[str | None, Callable[[Any, _Part], Any]] = {
    "pair": lambda value, part: value[part.pairs],
    "state": lambda value, part: value[part.states],
    "policy": _policy(_rescaled),
    "deterministic_policy": _policy(_certain),
    "positive_policy": _policy(_rescaled),
    "distribution": _distribution,
    "positive_distribution": _distribution,
    "path": _path,
    "recording": _recording,
    "batch": _path,
    "synchronous_path": _synchronous_path,
    "features": lambda value, part: value[part.states],
    "heads": lambda value, part: value[: part.model.pair_action.max() + 1],
    "sequence": _unchanged,
    "convention": _unchanged,
    "numbers": _unchanged,
    "step_size": _unchanged,
    None: _unchanged,
}
"""How the value of an instance follows a part of its model."""

WEIGHTS = ("policy", "deterministic_policy", "positive_policy", "distribution", "positive_distribution")
"""The axes whose values are probabilities."""
