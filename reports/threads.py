"""Public threads as links: what a row of the catalogue of bugs names in words, such as "ray-project/ray issue 4626"."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["linked", "threads_of"]

_THREADS = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+) (?P<numbers>(?:issues?|PRs?) \d+(?:(?:, | and )(?:(?:issues?|PRs?) )?\d+)*)"
)
_NUMBER = re.compile(r"(?:(?P<kind>issue|PR)s? )?(?P<number>\d+)")
_PATH = {"issue": "issues", "PR": "pull"}


def threads_of(words: str) -> list[tuple[int, int, str]]:
    """Return the links in a line of words: where each begins and ends, and its address; none if it names none.

    >>> threads_of("aimacode/aima-python issues 29 and 917")[1]
    (35, 38, 'https://github.com/aimacode/aima-python/issues/917')
    """
    named = _THREADS.fullmatch(words)
    if named is None:
        return []
    found, kind = [], ""
    for one in _NUMBER.finditer(words, named.start("numbers")):
        kind = one["kind"] or kind
        found.append(
            (one.start(), one.end(), f"https://github.com/{named['repository']}/{_PATH[kind]}/{one['number']}")
        )
    return found


def linked(words: str) -> Markup:
    """Return a line of words as HTML with its links; the first of them takes in the repository's name."""
    parts: list[Markup] = []
    end = 0
    for begin, stop, address in threads_of(words):
        begins = begin if parts else 0
        parts += [escape(words[end:begins]), Markup('<a href="{}">{}</a>').format(address, words[begins:stop])]
        end = stop
    return Markup("").join([*parts, escape(words[end:])])
