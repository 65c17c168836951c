"""Judge anybody's code by the checks that the theory is verified with.

>>> from bellcheck.proofs.conformance import check_q_learner  # doctest: +SKIP
>>> results = check_q_learner("homework.py:update")  # doctest: +SKIP
>>> [(r.id, r.got, r.expected) for r in results if r.status == "refuted"]  # doctest: +SKIP

There is such a function for each kind of subject; `parametrize_with_claims` makes tests of the same checks. Names are
resolved on first use, for the child process imports this package and needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["judge_subject", "parametrize_with_claims"]

_MODULE_OF = {"judge_subject": "front", "parametrize_with_claims": "parametrize"}


def __getattr__(name: str) -> Any:
    if name.startswith("check_"):
        checks = import_module(f"{__name__}.front").CHECKS
        if name in checks:
            return checks[name]
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
