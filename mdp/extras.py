"""Optional libraries: what needs a missing one is "not run" and names the extra that brings it."""

from __future__ import annotations

__all__ = ["MissingExtra", "missing_extra"]

_EXTRA_OF = {
    "altair": "report",
    "gymnasium": "gymnasium",
    "jinja2": "report",
    "latex2mathml": "report",
    "mdptoolbox": "pymdptoolbox",
    "numba": "fast",
    "pybtex": "report",
    "pytest": "pytest",
    "stable_baselines3": "stable-baselines3",
    "tensordict": "torchrl",
    "torch": "torch",
    "torchrl": "torchrl",
    "vl_convert": "report",
    "z3": "smt",
}


class MissingExtra(ImportError):
    """Something needs a library that is not installed."""


def missing_extra(error: ImportError) -> str | None:
    """Return the remedy for an import that failed because an extra is not installed; None for any other failure."""
    extra = _EXTRA_OF.get((error.name or "").partition(".")[0])
    return f"needs {error.name}: pip install 'bellcheck[{extra}]'" if extra else None
