"""All claims, found by their place: ``group.some-slug`` is the one Claim in ``proofs/group/some_slug.py``."""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from .claim import GROUPS, Claim

__all__ = ["UnknownClaim", "all_claims", "claim", "explanation", "select"]


class UnknownClaim(LookupError):
    """An id, group or pattern that no claim matches."""


@cache
def all_claims() -> tuple[Claim, ...]:
    """Return every claim, by group and name."""
    found = []
    for group in GROUPS:
        folder = f"{__package__}.{_folder(group)}"
        if find_spec(folder) is None:
            continue  # a group that has no claims yet
        modules = sorted(info.name for info in pkgutil.iter_modules(import_module(folder).__path__))
        found += [_the_claim_in(group, module) for module in modules]
    return tuple(found)


def _folder(name: str) -> str:
    return name.replace("-", "_")


def _the_claim_in(group: str, module: str) -> Claim:
    name = f"{__package__}.{_folder(group)}.{module}"
    claims = [value for value in vars(import_module(name)).values() if isinstance(value, Claim)]
    expected = f"{group}.{module.replace('_', '-')}"
    if [claim.id for claim in claims] != [expected]:
        raise ImportError(f"{name} must hold one claim, {expected}; it holds {[claim.id for claim in claims]}")
    return claims[0]


def claim(id: str) -> Claim:
    """Return the claim of an id; raises `UnknownClaim`."""
    for candidate in all_claims():
        if candidate.id == id:
            return candidate
    if id in GROUPS:
        raise UnknownClaim(f"{id} is a group; name one of its claims, which `bellcheck claims` lists")
    raise UnknownClaim(f"no claim is called {id!r}; {_remedy(id)}")


def select(patterns: list[str] | tuple[str, ...]) -> list[Claim]:
    """Return the claims that ids, groups or globs name, in catalogue order; all of them for no pattern.

    >>> [claim.id for claim in select(["bellman.contr*"])]
    ['bellman.contraction']
    """

    def matches(candidate: Claim, pattern: str) -> bool:
        return candidate.group == pattern or fnmatchcase(candidate.id, pattern)

    for pattern in patterns:
        if not any(matches(candidate, pattern) for candidate in all_claims()):
            raise UnknownClaim(f"no claim matches {pattern!r}; {_remedy(pattern)}")
    return [c for c in all_claims() if not patterns or any(matches(c, pattern) for pattern in patterns)]


def _remedy(name: str) -> str:
    close = get_close_matches(name, [*GROUPS, *(candidate.id for candidate in all_claims())], n=1)
    return f"did you mean {close[0]}?" if close else "`bellcheck claims` lists ids and groups"


def explanation(claim: Claim) -> str:
    """Return the page that explains a claim: the docstring of its module."""
    group, _, slug = claim.id.partition(".")
    module = import_module(f"{__package__}.{_folder(group)}.{_folder(slug)}")
    return (module.__doc__ or "").strip()
