"""References as text: the entries of ``proofs/references.bib``, set in a plain style."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["reference"]


@cache
def _references() -> dict[str, str]:
    from pybtex.database import parse_string
    from pybtex.plugin import find_plugin

    entries = parse_string(files("bellcheck.proofs").joinpath("references.bib").read_text("utf-8"), "bibtex")
    style = find_plugin("pybtex.style.formatting", "plain")()
    plain_text = find_plugin("pybtex.backends", "plaintext")()
    return {entry.key: entry.text.render(plain_text) for entry in style.format_bibliography(entries)}


def reference(key: str) -> str:
    """Return the text of an entry, authors, title, place and year; raises ``KeyError`` for an unknown key."""
    return _references()[key]
