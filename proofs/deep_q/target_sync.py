r"""The target network is a copy that changes at syncs, to an average of what the online network was at them.

.. math::
    \theta^-_t = (1 - \tau)^m\, \theta^-_0 + \sum_{j=1}^{m} \tau\, (1 - \tau)^{m-j}\, \theta_{t_j}

where t_1 < ... < t_m <= t are the steps with a sync, those that complete a multiple of C steps in the environment. At
tau = 1 that is theta at the last of them.

Why: by induction over m, as in q-learning.closed-form-average; between syncs nothing is added. So nothing else shows:
not what the online network is between syncs, for the copy has storage of its own; not when training happens, as long as
the parameters are the same; and not that the agent was saved and loaded on the way, if its interval and its count are.

The interval is counted in steps of the environment. With n environments side by side it takes C / n calls, and a
program that stores this number and divides again when it loads has a shorter interval after each load: from 2500 to
625, 156, 39 with four environments. Where n does not divide C programs differ by a convention, to round down or to sync
when the multiple is passed; here it does.

Parameters are halves up to 3 and tau is 1, 1/2 or 1/4: after six syncs a multiple of 2^-13, 15 bits, so that floats of
either precision are compared exactly.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.strategies import tied_to

from ..claim import Claim, cite
from ..loss_draws import are_halves
from ..mutants import target_sync as mutants
from ..relation import Relation, equal

target_sync = Claim(
    id="deep-q.target-sync",
    title="A target network changes at its syncs only, to an average of what the online network was at them",
    statement=r"\theta^-_t = (1-\tau)^m\, \theta^-_0 + \textstyle\sum_{j=1}^m \tau\,(1-\tau)^{m-j}\, \theta_{t_j}",
    subject="target-sync",
    sources=(cite("mnih2015"), cite("lillicrap2016")),
)

_halves = st.integers(-6, 6).map(lambda n: fmpq(n, 2))
_LONGEST = 6


@st.composite
def _online_parameters(draw: st.DrawFn) -> Array:
    """One parameter after each of up to six steps."""
    values = draw(st.lists(_halves, min_size=1, max_size=_LONGEST))
    return exact_array(values).reshape(len(values), 1)


_onlines = tied_to("sequence")(_online_parameters())
_onlines.accepts = lambda onlines: 1 <= len(onlines) <= _LONGEST and are_halves(onlines)  # type: ignore[attr-defined]
_first = tied_to("numbers")(_halves.map(lambda value: exact_array([value])))
_first.accepts = are_halves  # type: ignore[attr-defined]
_taus = st.sampled_from(exact_array([1, "1/2", "1/4"]).tolist())
_taus.accepts = lambda tau: tau in (1, fmpq(1, 2), fmpq(1, 4))  # type: ignore[attr-defined]
_environments = st.sampled_from([1, 2])


def _intervals(n_envs: int) -> st.SearchStrategy[int]:
    """Intervals of one to three calls."""
    return st.sampled_from([n_envs, 2 * n_envs, 3 * n_envs])


_draws: dict[str, Any] = {
    "onlines": _onlines,
    "target": _first,
    "n_envs": _environments,
    "interval": _intervals,
    "tau": _taus,
}


def _syncs(steps: int, interval: int, n_envs: int) -> list[int]:
    return [step for step in range(1, steps + 1) if step * n_envs % interval == 0]


def _parameters(onlines: Array) -> list[Array]:
    return list(onlines)


@target_sync.exact(**_draws)
def target_is_the_average_at_syncs(
    follow: Any, onlines: Array, target: Array, n_envs: int, interval: int, tau: Scalar
) -> Relation:
    """After every step: the first parameters and those at the syncs so far, with their weights."""
    averages = []
    for t in range(1, len(onlines) + 1):
        syncs = _syncs(t, interval, n_envs)
        terms = [tau * (1 - tau) ** (len(syncs) - j) * onlines[step - 1] for j, step in enumerate(syncs, start=1)]
        averages.append(sum(terms, (1 - tau) ** len(syncs) * target))
    return equal(follow(_parameters(onlines), target, interval, tau, n_envs=n_envs), averages)


for _mutant in (
    mutants.shared_storage,
    mutants.loaded_from_itself,
    mutants.copied_and_averaged,
    mutants.never_averaged,
    mutants.averaged_the_wrong_way_round,
    mutants.one_step_late,
):
    target_sync.refutes(_mutant, by=target_is_the_average_at_syncs)


@target_sync.exact(**_draws)
def only_syncs_show(follow: Any, onlines: Array, target: Array, n_envs: int, interval: int, tau: Scalar) -> Relation:
    """With other parameters at all steps without a sync the target network is the same."""
    moved = onlines + 1
    at_syncs = np.array(_syncs(len(onlines), interval, n_envs), dtype=np.int64) - 1
    moved[at_syncs] = onlines[at_syncs]
    both = [follow(_parameters(run), target, interval, tau, n_envs=n_envs) for run in (moved, onlines)]
    return equal(*both)


for _mutant in (mutants.shared_storage, mutants.copied_and_averaged):
    target_sync.refutes(_mutant, by=only_syncs_show)


@target_sync.exact(**_draws, train_every=st.sampled_from([2, 3]))
def training_steps_do_not_matter(
    follow: Any, onlines: Array, target: Array, n_envs: int, interval: int, tau: Scalar, train_every: int
) -> Relation:
    """The same parameters, trained at every step or at every second or third, have the same target network."""
    seldom, always = (
        follow(_parameters(onlines), target, interval, tau, train_every=every, n_envs=n_envs)
        for every in (train_every, 1)
    )
    return equal(seldom, always)


target_sync.refutes(mutants.synced_on_training_steps_only, by=training_steps_do_not_matter)


@target_sync.exact(**_draws, reloads=st.sampled_from([(1,), (2,), (3,), (1, 2), (2, 4)]))
def loading_changes_nothing(
    follow: Any, onlines: Array, target: Array, n_envs: int, interval: int, tau: Scalar, reloads: Collection[int]
) -> Relation:
    """Saved and loaded after any steps, the agent has the target network that it has without."""
    loaded, plain = (
        follow(_parameters(onlines), target, interval, tau, n_envs=n_envs, reloads=steps) for steps in (reloads, ())
    )
    return equal(loaded, plain)


target_sync.refutes(mutants.interval_divided_at_every_load, by=loading_changes_nothing)


@target_sync.fixture(tau=exact(1), values=("0", "8", "8", "2"))
@target_sync.fixture(tau=exact("1/4"), values=("0", "2", "2", "2"))
def four_steps_in_numbers(follow: Any, tau: Scalar, values: tuple[str, ...]) -> Relation:
    """Online parameters 4, 8, 6, 2 and an interval of 2: copied 8 and 2, or a quarter of each beside what there was."""
    targets = follow([exact_array([n]) for n in (4, 8, 6, 2)], exact_array([0]), 2, tau)
    return equal(targets, [exact_array([value]) for value in values])


for _mutant in (mutants.loaded_from_itself, mutants.one_step_late, mutants.copied_and_averaged):
    target_sync.refutes(_mutant, by=four_steps_in_numbers)
