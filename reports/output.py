"""Files that the command line writes: whether they can be is settled before the work, not after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

__all__ = ["Unwritable", "nothing_left_behind", "require_writable", "to_json", "write_json"]


class Unwritable(OSError):
    """A place for output that cannot be written; found before the work, not after it."""


def require_writable(path: Path) -> None:
    """Raise `Unwritable` if a file cannot be written there; leaves an existing file as it is."""
    try:
        existed = path.exists()
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise Unwritable(f"cannot write {path}: {error.strerror}; give another file") from None


def to_json(data: object) -> str:
    """Return data, of the types that msgspec knows, as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data)).decode()


def write_json(path: Path, data: object) -> None:
    """Write data as indented JSON."""
    path.write_text(to_json(data) + "\n", encoding="utf-8")


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Let Hypothesis keep its files in a temporary folder rather than in the one where the command was given."""
    name = "HYPOTHESIS_STORAGE_DIRECTORY"
    if name in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="bellcheck-") as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            del os.environ[name]
