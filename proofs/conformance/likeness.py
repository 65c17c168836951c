"""Which planted bug a wrong subject looks like: one that gives its answers, all of them, to what it was asked.

A subject that answers like a planted bug wherever it was asked, and not like our reference, has most likely the same
bug. Or its declaration is wrong: it agrees under another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..planted import origin, planted
from ..subject import reference
from .recorder import Recorder, alike

__all__ = ["likeness"]

MOST = 3


def likeness(recorders: Iterable[Recorder]) -> list[str]:
    """Return in words what the subject looks like, the best explanations first; none if nothing fits."""
    found = []
    for recorder in recorders:
        if not recorder.view.pointwise or not recorder.calls:
            continue
        ours = reference(recorder.view.kind)
        wrong = [call for call in recorder.calls if not _answers_like(ours.call, *call)]
        if not wrong:
            continue
        where = f"on all {len(recorder.calls)} calls that were compared, {len(wrong)} of them wrong"
        others = recorder.view.other_declarations(recorder.calls)
        found += [f"it agrees with another declaration: {words}" for words in others]
        for mutant in planted(recorder.view.kind):
            # The wrong ones first: most mutants fail at the first.
            if all(_answers_like(mutant.call, *call) for call in [*wrong, *recorder.calls]):
                cited = f" ({origin(mutant)})" if origin(mutant) else ""
                found.append(f"it answers like the planted bug {mutant.name!r}{cited}, {where}")
    return found[:MOST]


def _answers_like(function: Callable[..., Any], arguments: tuple[Any, ...], answer: Any) -> bool:
    try:
        return alike(function(*arguments), answer)
    except Exception:  # a planted bug may be one that cannot answer at all
        return False
