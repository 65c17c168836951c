"""What `bellcheck export` does: read a file, find the one counterexample that is meant, write it in a format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bellcheck.mdp.file_format import InvalidFile
from bellcheck.mdp.model import InvalidMDP
from bellcheck.proofs.instance_data import UnreadableInstance

from .counterexample_file import NoModel, NotPicked, counterexamples, listing, picked
from .diagram import NoRoom
from .export_formats import FORMATS, TooLong
from .python_code import NotWritable

__all__ = ["UnknownFormat", "export_text"]


class UnknownFormat(ValueError):
    """A format that nothing is written in."""


def export_text(
    path: Path, to: str, *, claim: str | None, check: str | None, pick: int | None, show: Callable[[str], None]
) -> str:
    """Return the counterexample or model of a file in a format.

    Where several could be meant, `show` is called with a line for each, and `NotPicked` is raised.
    """
    if to not in FORMATS:
        raise UnknownFormat(f"--to: {to!r} is no format; give one of {', '.join(FORMATS)}")
    wanted = picked(counterexamples(path), path, claim=claim, check=check, pick=pick)
    if len(wanted) > 1:
        for line in listing(wanted):
            show(line)
        raise NotPicked(
            f"{path}: {len(wanted)} counterexamples could be meant; say which: --pick N, --claim or --check"
        )
    try:
        return FORMATS[to](wanted[0][1])
    except (InvalidFile, InvalidMDP, NoModel, NoRoom, NotWritable, TooLong, UnreadableInstance) as error:
        raise type(error)(f"{path}: {error}") from None
