"""Instances that are drawn once are the same for every subject, whatever another does to them."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

from bellcheck.mdp.strategies import mdps, tables
from bellcheck.proofs.draws import to_plain
from bellcheck.proofs.relation import Relation, equal, given
from bellcheck.proofs.search import Judge, search_among
from bellcheck.proofs.shared_draws import MOST_BLOCKS, SharedDraws


def _draws_of(seed: int, examples: int = 10, **draws: Any) -> SharedDraws:
    return SharedDraws(draws, examples, np.random.SeedSequence(seed))


def _plain(instances: Any) -> list[Any]:
    return [to_plain(instance) for instance in instances]


def test_every_pass_yields_the_same() -> None:
    """The second subject sees what the first saw, and a new run with the seed draws it again."""
    shared = _draws_of(1, mdp=mdps(), q=tables)
    first = _plain(shared)

    assert _plain(shared) == first == _plain(_draws_of(1, mdp=mdps(), q=tables))
    assert len(first) == 10 * MOST_BLOCKS
    assert _plain(_draws_of(2, mdp=mdps(), q=tables)) != first


def test_what_a_subject_spoils_is_whole_for_the_next() -> None:
    """A table written to, also one within a tuple, comes back as it was drawn."""
    shared = _draws_of(1, mdp=mdps(), q=tables, path=lambda mdp: (np.zeros(2), [np.ones(1)]))
    before = _plain(shared)
    for instance in shared:
        instance["q"][:] = 7
        instance["path"][0][:] = 7
        instance["path"][1][0][:] = 7

    assert _plain(shared) == before


def test_no_instance_is_shown_again_once_all_were() -> None:
    """Three values that can be drawn are three instances, a fixture is one."""
    assert sorted(instance["n"] for instance in _draws_of(1, n=st.integers(0, 2))) == [0, 1, 2]
    assert list(_draws_of(1, n=5)) == [{"n": 5}]


def _zero_if_even(n: int) -> Relation:
    return given(equal(n % 2, 0), equal(n % 1000, n % 1000))


def test_what_says_nothing_is_not_counted() -> None:
    """More is drawn until as many instances as asked for reached a comparison."""
    numbers = {"n": st.integers(0, 10**6)}
    shared = _draws_of(1, **numbers)
    seen: list[int] = []

    def relate(n: int) -> Relation:
        seen.append(n)
        return _zero_if_even(n)

    finding = search_among(shared, numbers, Judge(relate), 10)

    assert finding.examples == 10
    assert sum(n % 2 == 0 for n in seen) == 10
    assert len(seen) > 10


def test_refuted_instance_is_made_small() -> None:
    """The reducer finishes what was drawn for all, as it does after a search."""
    draws = {"mdp": mdps(), "q": tables}
    judge = Judge(lambda mdp, q: equal(q, mdp.table(0)))

    finding = search_among(_draws_of(1, **draws), draws, judge, 10)

    assert finding.instance is not None
    assert finding.instance["mdp"].n_states == 1
    assert sum(entry != 0 for entry in finding.instance["q"]) == 1
