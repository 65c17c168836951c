r"""A replay buffer returns transitions that happened: the newest, each with the observation that really followed.

.. math:: \text{buffer} = \{(s_i, a_i, r_i, s'_i, \text{terminated}_i) : i > n - \text{capacity}\}

as a collection, without an order; s'_i after an end does not matter, for the target is masked there
(deep-q.terminal-mask).

Why: nothing else may be averaged over (q-learning.sample-batch-limit). A target from a transition that never happened
is r + gamma V of some other state, and no amount of data makes up for it.

Where it goes wrong is at the borders. A buffer that saves memory keeps one array of observations and looks s'_i up as
s_{i+1}. That is right within an episode. After an end it is wrong and does no harm. After a time limit it is wrong and
does: s_{i+1} is where the next episode began, and the value of a start is learnt in place of that of the state that
was reached. At the newest transition there is no s_{i+1} yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, recordings
from bellcheck.mdp.transitions import Recording, transitions_of

from ..claim import Claim, cite
from ..mutants import stores
from ..relation import Relation, all_of, equal

stored_transitions = Claim(
    id="deep-q.stored-transitions",
    title="A replay buffer returns the newest transitions, each with the observation that really followed",
    statement=r"\text{buffer} = \{(s_i, a_i, r_i, s'_i, \text{terminated}_i) : i > n - \text{capacity}\}",
    subject="transition-store",
    uses=("deep-q.terminal-mask", "q-learning.sample-batch-limit"),
    sources=(cite("mnih2015"), cite("pardo2018")),
)

_capacities = st.sampled_from([8, 1, 2, 3, 4])


def _comparable(transitions: Sequence[Sequence[Any]]) -> list[tuple[fmpq, ...]]:
    """The transitions in order of their numbers; of each the first five entries, s' only where it is looked at."""
    found = []
    for observation, action, reward, following, terminated, *_ in transitions:
        entries = (observation, action, reward, 0 if terminated else following, int(terminated))
        found.append(tuple(exact(entry) for entry in entries))
    return sorted(found)


@stored_transitions.exact(mdp=mdps(), steps=recordings, capacity=_capacities)
def newest_transitions_are_returned(store: Any, mdp: FiniteMDP, steps: Recording, capacity: int) -> Relation:
    """As many as there are room for, and each of them as it happened, be it the last of an episode or of all."""
    return _returned(store, mdp, steps, capacity, capacity)


def _returned(store: Any, mdp: FiniteMDP, steps: Recording, capacity: int, kept: int) -> Relation:
    stream = transitions_of(mdp, steps)
    if not stream:
        return all_of([])
    held, expected = _comparable(store(stream, capacity)), _comparable(stream[-kept:])
    same_number = equal(len(held), len(expected))
    return all_of([same_number, equal(held, expected)]) if same_number.holds else same_number


for _mutant in (
    stores.first_of_the_next_episode,
    stores.newest_followed_by_the_oldest,
    stores.final_observations_dropped,
    stores.oldest_kept,
    stores.unused_places_returned,
):
    stored_transitions.refutes(_mutant, by=newest_transitions_are_returned)


@stored_transitions.too_strong(beside=newest_transitions_are_returned)
def everything_is_kept(store: Any, mdp: FiniteMDP, steps: Recording, capacity: int) -> Relation:
    """A full buffer forgets the oldest."""
    return _returned(store, mdp, steps, capacity, len(steps))
