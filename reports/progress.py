"""Progress while working: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

__all__ = ["Report", "progress_on"]

Report = Callable[[str, int, int], None]
"""Called with what is about to run, and how many of how many parts are done."""

PLAIN_LINES = 20
"""How many lines a whole run may print where there is no terminal."""


@contextmanager
def progress_on(console: Console, *, plain: bool = True) -> Iterator[Report]:
    """Yield the function to report progress to; `plain` says whether to print lines where there is no terminal."""
    if not console.is_terminal:
        printed = -1

        def print_line(step: str, done: int, total: int) -> None:
            nonlocal printed
            reached = done * PLAIN_LINES // max(1, total)
            if plain and reached > printed:
                printed = reached
                console.print(f"[{done}/{total}] {step}", markup=False, soft_wrap=True)

        yield print_line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)
