"""The search for an instance that refutes a relation: Hypothesis finds one, the domain reducer finishes it.

Outside Hypothesis' shrinker, without a database and with a seed that is given, so that the same seed finds the same
instance. Only a relation that is false ends a search; any other exception is the caller's to explain, except `Skipped`,
which passes over an instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.errors import Flaky, Unsatisfiable

from bellcheck.mdp.reduce import reduce

from .draws import accepts, axes, instances, resolve, to_plain
from .instance_data import instance_to_data
from .relation import Relation

__all__ = ["HOPELESS", "Finding", "Judge", "Skipped", "drawn", "search", "search_among"]

HOPELESS = 200
"""So many instances passed over, and none that could be asked about: there is none."""


class Skipped(Exception):
    """An instance about which nothing is to be asked: it is not counted, and another is drawn in its place."""


@dataclass(frozen=True)
class Finding:
    """What a search brought: how many instances reached a comparison, and the first refuted one, reduced."""

    examples: int
    instance: dict[str, Any] | None = None
    relation: Relation | None = None

    @property
    def counterexample(self) -> dict[str, Any] | None:
        """The refuted instance with both sides, as JSON data."""
        if self.instance is None or self.relation is None:
            return None
        sides = self.relation.sides()
        data = {"left": to_plain(sides.left), "relation": sides.relation, "right": to_plain(sides.right)}
        return {**instance_to_data(self.instance), "sides": data}


@dataclass(frozen=True)
class Judge:
    """What a search looks for: an instance whose relation is false, while `also` is true of it."""

    relate: Callable[..., Relation]
    also: Callable[[dict[str, Any]], bool] = lambda instance: True

    def refutes(self, instance: dict[str, Any]) -> bool:
        """Whether the instance is one that is looked for."""
        return not self.relate(**instance).holds and self.also(instance)


def search(
    draws: Mapping[str, Any],
    judge: Judge,
    examples: int,
    seed: np.random.SeedSequence,
    *,
    valid: Callable[[dict[str, Any]], bool] | None = None,
    prepare: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda instance: instance,
    reductions: int = 2_000,
    hopeless: int = HOPELESS,
) -> Finding:
    """Look at `examples` instances that reach a comparison, or until one is refuted.

    `valid` tells whether the draws could have drawn an instance, by default what they accept; the reducer keeps to it.
    `prepare` changes an instance after it is drawn and whenever the reducer has changed it, for subjects that not every
    instance can be put to; None passes over it. `reductions` bounds how often the reducer may ask; the search is given
    up after `hopeless` instances that were all passed over.
    """
    found: list[tuple[dict[str, Any], Relation]] = []
    reached = skipped = 0

    def look(drawn: dict[str, Any]) -> None:
        nonlocal reached, skipped
        if reached == 0 and skipped >= hopeless:
            raise _Hopeless
        instance = prepare(drawn)
        try:
            if instance is None:
                raise Skipped
            relation = judge.relate(**instance)
            refuted = not relation.holds and judge.also(instance)
        except Skipped:
            skipped += 1
            hypothesis.reject()
        if refuted:
            found.append((instance, relation))
            raise _Found
        if not relation.reached:
            hypothesis.reject()  # not counted: Hypothesis draws another in its place
        reached += 1

    try:
        _generate(draws, look, examples, seed)
    except _Hopeless:
        return Finding(0)
    except (_Found, Flaky):
        if not found:
            raise
        return _finished(draws, judge, found[0], reached + 1, valid, prepare, reductions)
    return Finding(reached)


def drawn(draws: Mapping[str, Any], examples: int, seed: np.random.SeedSequence) -> list[dict[str, Any]]:
    """Return instances that nothing has been asked about, fewer than `examples` only if there are no more."""
    found: list[dict[str, Any]] = []
    _generate(draws, lambda instance: found.append(instance), examples, seed)  # noqa: PLW0108
    return found


def search_among(instances: Iterable[dict[str, Any]], draws: Mapping[str, Any], judge: Judge, examples: int) -> Finding:
    """Look at instances of these draws as `search` does at those that it draws."""
    reached = 0
    for instance in instances:
        relation = judge.relate(**instance)
        if not relation.holds and judge.also(instance):
            return _finished(draws, judge, (instance, relation), reached + 1)
        reached += relation.reached
        if reached == examples:
            break
    return Finding(reached)


def _generate(
    draws: Mapping[str, Any], look: Callable[[dict[str, Any]], None], examples: int, seed: np.random.SeedSequence
) -> None:
    """Show `look` instances until it raises; one is not counted if it calls ``hypothesis.reject``."""
    run = hypothesis.seed(int(seed.generate_state(1, np.uint64)[0]))(
        hypothesis.settings(
            max_examples=examples if _draws_anything(draws) else 1,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            print_blob=False,
        )(hypothesis.given(instances(draws))(look))
    )
    with suppress(Unsatisfiable):  # no instance reached a comparison
        run()


def _finished(
    draws: Mapping[str, Any],
    judge: Judge,
    first: tuple[dict[str, Any], Relation],
    examples: int,
    valid: Callable[[dict[str, Any]], bool] | None = None,
    prepare: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda instance: instance,
    reductions: int = 2_000,
) -> Finding:
    """Return a refuted instance, made small; a fixture is the textbook's case, not an instance of it."""
    refuted = [first]

    def refutes(instance: dict[str, Any]) -> bool:
        relation = judge.relate(**instance)
        if relation.holds or not judge.also(instance):
            return False
        refuted.append((instance, relation))
        return True

    if _draws_anything(draws):
        # The last that refutes is the smallest. It is not asked for again: after some faults no more is asked.
        reduce(first[0], axes(draws), refutes, valid=valid or accepts(draws), prepare=prepare, max_calls=reductions)
    return Finding(examples, *refuted[-1])


class _Found(Exception):
    pass


class _Hopeless(Exception):
    pass


def _draws_anything(draws: Mapping[str, Any]) -> bool:
    drawn = []

    def note(strategy: Any) -> Any:
        drawn.append(strategy)
        raise _Found

    with suppress(_Found):
        resolve(draws, note)
    return bool(drawn)
