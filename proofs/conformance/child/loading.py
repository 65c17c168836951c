"""Finding the subject: ``package.module:name``, ``folder/file.py:name``, or a method below either, ``Class.method``."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from bellcheck.mdp.extras import missing_extra

__all__ = ["CannotLoad", "load"]

_OURS = "bellcheck."


class CannotLoad(Exception):
    """A subject that cannot be found or imported; the message names it, and what to do."""


def load(target: str) -> Any:
    """Return what a subject's address names. Raises `CannotLoad`; what the import itself raises is named in it."""
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise CannotLoad(f"{target!r} is no address of a subject; write package.module:name or file.py:name")
    module = _file(place) if place.endswith(".py") else _module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [key for key in vars(module) if not key.startswith("_") and callable(vars(module)[key])]
            raise CannotLoad(f"{place} has no {name}; it has {', '.join(sorted(known)[:12]) or 'nothing to call'}")
        found = getattr(found, part)
    if not callable(found):
        raise CannotLoad(f"{target} is a {type(found).__name__}, which cannot be called")
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise CannotLoad(
                f"no module {error.name!r} here; run in the folder that holds it, or name a file: folder/file.py:name"
            ) from None
        # A library that an adapter of ours is for; what other modules need is for their authors to say.
        remedy = missing_extra(error) if name.startswith(_OURS) else None
        raise CannotLoad(f"{name} {remedy}" if remedy else _failed(name, error)) from None
    except Exception as error:
        raise CannotLoad(_failed(name, error)) from None


def _file(place: str) -> Any:
    path = Path(place).resolve()
    if not path.is_file():
        raise CannotLoad(f"no file {place}")
    sys.path.insert(0, str(path.parent))  # its neighbours are imported as when it is run
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CannotLoad(_failed(place, error)) from None
    return module


def _failed(place: str, error: Exception) -> str:
    return f"{place} cannot be imported: {type(error).__name__}: {error}"
