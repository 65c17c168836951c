"""The counterexamples in a JSON file, by their addresses, and the one that is wanted.

A file is what a verb writes with ``--json``, or anything else that holds counterexamples under the key
``counterexample`` or ``instance``; or one counterexample; or one model. The address of a counterexample is what its
file says around it: the claim, the name of what must fail or of the check, the kind of evidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bellcheck.mdp.file_format import InvalidFile, from_data, read_json, to_data
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.instance_data import instance_from_data

__all__ = ["Counterexample", "NoModel", "NotPicked", "counterexamples", "listing", "picked"]

_SHOWN = 40
_LONGEST_SIDE = 120
_CLAIM, _KIND = ("claim", "id"), ("evidence", "kind")
_NAMES = ("name", "check", "by", "control", "mutant", "subject")
_HOLDERS = ("counterexample", "instance")


class NotPicked(ValueError):
    """A file that holds no counterexample, or none that is wanted, or several that could be."""


class NoModel(ValueError):
    """A counterexample without a model, or with several, where one model is asked for."""


@dataclass(frozen=True)
class Counterexample:
    """What stands in a file: the data, and what the file says it is."""

    data: Mapping[str, Any]
    claim: str = ""
    names: tuple[str, ...] = ()
    kind: str = ""

    @property
    def address(self) -> str:
        """Return where it is from, in one line; of data that stands alone, what it is."""
        if not self.claim and not self.names:
            return "a model" if "bellcheck_mdp" in self.data else "a counterexample"
        named = ": ".join(part for part in (self.claim, *self.names[:1]) if part)
        more = "; ".join(part for part in (self.kind, *self.names[1:]) if part)
        return _in_one_line(f"{named} ({more})" if more else named)

    @property
    def refuted(self) -> str:
        """Return the two sides as a sentence, or nothing if they are not there."""
        sides = self.data.get("sides")
        if not isinstance(sides, Mapping):
            return ""
        left, right = (_short(_plain(sides.get(side))) for side in ("left", "right"))
        return _in_one_line(f"{left}  {sides.get('relation')}  {right}  is false")

    def instance(self) -> dict[str, Any]:
        """Return the values that the check is called with; raise ``UnreadableInstance``."""
        return {"mdp": self.model()} if "bellcheck_mdp" in self.data else instance_from_data(self.data)

    def model(self) -> FiniteMDP:
        """Return its one model; raise `NoModel`, or what is wrong with it."""
        found = list(_models(self.data))
        if len(found) != 1:
            raise NoModel(
                f"{self.address}: holds {len(found) or 'no'} models, and this format shows one; "
                "formats json and hypothesis show every value"
            )
        return from_data(found[0])

    def plain(self) -> Any:
        """Return the data as `bellcheck` writes it: models in their file format, decimals as floats."""
        return _plain(self.data)


def counterexamples(path: Path) -> list[Counterexample]:
    """Return what a file holds, each once, in its order; raise ``InvalidFile``, `NotPicked` or ``OSError``."""
    data = read_json(path)
    try:
        # A file of `mutants` says twice which is the smallest of each bug.
        found = list({(one.address, repr(one.data)): one for one in _found(data, {})}.values())
        alone = isinstance(data, Mapping) and ("sides" in data or any(_models(data)))
    except RecursionError:
        raise InvalidFile(f"{path}: nested too deep") from None
    if not found and alone:
        return [Counterexample(data)]
    if not found:
        raise NotPicked(
            f"{path}: holds neither a counterexample nor a model; `bellcheck verify --json FILE` writes some"
        )
    return found


def picked(
    found: Sequence[Counterexample], path: Path, *, claim: str | None, check: str | None, pick: int | None
) -> list[tuple[int, Counterexample]]:
    """Return those that are wanted, with their numbers from 1; raise `NotPicked` if there are none."""
    wanted = [
        (number, one)
        for number, one in enumerate(found, start=1)
        if (claim is None or one.claim == claim)
        and (check is None or check in one.names)
        and (pick is None or number == pick)
    ]
    if not wanted:
        asked = {"--claim": claim, "--check": check, "--pick": pick}
        said = " ".join(f"{option} {value}" for option, value in asked.items() if value is not None)
        raise NotPicked(f"{path}: none of its {len(found)} counterexamples is {said}; leave that out to see a list")
    return wanted


def listing(wanted: Sequence[tuple[int, Counterexample]]) -> list[str]:
    """Return a line for each of the first, with its number."""
    lines = [f"{number:5}  {one.address}" for number, one in wanted[:_SHOWN]]
    return lines + ([f"       and {len(wanted) - _SHOWN} more"] if len(wanted) > _SHOWN else [])


def _found(data: Any, around: Mapping[str, str]) -> Iterator[Counterexample]:
    if isinstance(data, list):
        for entry in data:
            yield from _found(entry, around)
    if not isinstance(data, Mapping):
        return
    said = {**around, **{key: value for key, value in data.items() if isinstance(value, str)}}
    for key, value in data.items():
        if key not in _HOLDERS or not isinstance(value, Mapping):
            yield from _found(value, said)
            continue
        names = tuple(dict.fromkeys(said[name] for name in _NAMES if name in said))
        yield Counterexample(value, _first(said, _CLAIM), names, _first(said, _KIND))


def _first(said: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((said[key] for key in keys if key in said), "")


def _models(data: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, Mapping) and "bellcheck_mdp" in data:
        yield data
    elif isinstance(data, Mapping | list):
        for entry in data.values() if isinstance(data, Mapping) else data:
            yield from _models(entry)


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return to_data(from_data(data)) if "bellcheck_mdp" in data else {k: _plain(v) for k, v in data.items()}
    if isinstance(data, list):
        return [_plain(entry) for entry in data]
    return float(data) if isinstance(data, Decimal) else data


def _short(side: Any) -> str:
    text = side if isinstance(side, str) else json.dumps(side, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SIDE else f"{text[:_LONGEST_SIDE]} ..."


def _in_one_line(text: str) -> str:
    """Return text that can stand in a comment or on a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
