"""The catalogue of real bugs, ``bugs.toml``: what each planted bug is written after, and which properties must see it.

A row names the public threads, says how sure they make one, and lists properties P1 to P20; a property is carried by
claims, whose checks refute the bug. Rows that no subject of ours can have are left out, each for a stated reason.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["Bug", "Property", "bug", "bugs", "properties"]


class Property(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What right code does: its id, in words, and the ids of the claims that carry it."""

    id: str
    words: str
    claims: tuple[str, ...]


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A real defect: its id, in words, its public threads, how sure they make one, and the properties that it breaks.

    `left_out` says why no mutant is written after it; empty where one is.
    """

    id: str
    words: str
    threads: tuple[str, ...]
    mark: Literal["confirmed", "reported", "reproduced"]
    properties: tuple[str, ...]
    left_out: str = ""


class _Catalogue(msgspec.Struct, forbid_unknown_fields=True):
    property: tuple[Property, ...]
    bug: tuple[Bug, ...]


@cache
def _catalogue() -> _Catalogue:
    text = Path(__file__).with_name("bugs.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Catalogue)


def bugs() -> tuple[Bug, ...]:
    """Return every row, those left out included."""
    return _catalogue().bug


def properties() -> tuple[Property, ...]:
    """Return the properties P1 to P20."""
    return _catalogue().property


def bug(id: str) -> Bug:
    """Return the row of an id such as "A5"; raises ``KeyError``."""
    return {row.id: row for row in bugs()}[id]
