"""What `bellcheck solve` says: the exact solution of one model, as text and as JSON.

Exact values may have hundreds of digits. The value of the start stands in full; the table shortens a long number to its
decimals, and the JSON has every one of them.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from flint import fmpq
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bellcheck.mdp.arithmetic import NotANumber, exact, fraction
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.file_format import load, to_data
from bellcheck.mdp.interop.gymnasium import Reading, from_gymnasium
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import Solution

from .reading import changes

__all__ = [
    "GYMNASIUM",
    "MAX_ACTING_STATES",
    "TooLarge",
    "read_model",
    "require_solvable",
    "six_decimals",
    "solution_data",
    "solution_text",
]

GYMNASIUM = "gymnasium:"
"""What an MDP on the command line begins with if it is an environment."""
MAX_ACTING_STATES = 2_000
"""An exact linear solve holds the square of this many rationals: about half a minute, half a gigabyte."""
_ROWS = 120
_LONGEST = 44  # beside state, decimals and mark on a line of 80 characters
_LONGEST_START = 1_000


class TooLarge(ValueError):
    """A model with more states than an exact solve can hold."""


def read_model(name: str, discount: str | None) -> tuple[FiniteMDP, Reading | None]:
    """Return the model that `name` means on the command line, a file or ``gymnasium:ENV_ID``.

    The second value says what had to be done to an environment's table; a file is read as it is.
    """
    if discount is not None:
        try:
            number = exact(discount)
        except NotANumber as error:
            raise InvalidMDP(f"--discount: {error}") from None
        if not 0 <= number <= 1:
            raise InvalidMDP(f"--discount: {discount} is not in [0, 1]")
    if name.startswith(GYMNASIUM):
        if discount is None:
            raise InvalidMDP(f"{name} has no discount of its own; give one, for instance --discount 99/100")
        reading = from_gymnasium(name.removeprefix(GYMNASIUM), discount)
        return reading.mdp, reading
    return load(name, discount), None


def require_solvable(mdp: FiniteMDP) -> None:
    """Raise `TooLarge` where an exact solve would exhaust the memory."""
    if len(mdp.acting) > MAX_ACTING_STATES:
        raise TooLarge(
            f"{len(mdp.acting)} states have actions; the exact solver takes {MAX_ACTING_STATES}. "
            "For a float table with a certified bound call bellcheck.mdp.solve.value_iteration"
        )


def six_decimals(value: fmpq) -> str:
    """Round an exact number to six decimals, ties to even.

    >>> from flint import fmpq
    >>> six_decimals(fmpq(-2, 3))
    '-0.666667'
    """
    millionths = round(fraction(value) * 1_000_000)
    whole, part = divmod(abs(millionths), 1_000_000)
    return f"{'-' if millionths < 0 else ''}{whole}.{part:06d}"


def solution_data(mdp: FiniteMDP, reading: Reading | None, solution: Solution) -> dict[str, Any]:
    """Return the solution for ``--json``: the model as its file format, every number as exact text."""
    greedy = greedy_pairs(mdp, solution.q)
    data: dict[str, Any] = {
        "bellcheck": version("bellcheck"),
        "mdp": to_data(mdp),
        "start_value": None if mdp.start is None else str(_start_value(mdp, solution)),
        "v": [str(value) for value in solution.v],
        "q": [
            {
                "state": int(mdp.pair_state[x]),
                "action": int(mdp.pair_action[x]),
                "value": str(solution.q[x]),
                "greedy": bool(greedy[x]),
            }
            for x in range(mdp.n_pairs)
        ],
    }
    if reading is not None:
        data["environment"] = {
            "id": reading.name,
            "added_up": reading.added_up,
            "dropped_rows": list(reading.dropped_rows),
            "changes": [
                {"state": c.state, "action": c.action, "next": c.next_state, "given": c.given, "used": str(c.used)}
                for c in reading.changes
            ],
        }
    return data


def solution_text(name: str, mdp: FiniteMDP, reading: Reading | None, solution: Solution) -> RenderableType:
    """Return the solution for the terminal: the model, the value of its start, the first states with their actions."""
    size = f"{mdp.n_states} states ({len(mdp.terminal_states)} terminal), {mdp.n_pairs} pairs"
    lines = [
        f"{_printable(name)}: {size}, discount {mdp.discount}",
        *([] if reading is None else changes(reading)),
        "",
        _start_line(mdp, solution),
        "",
    ]
    table, left_out = _table(mdp, solution)
    after = [f"{left_out} more states have actions."] if left_out else []
    if left_out or any(len(str(value)) > _LONGEST for value in solution.q):
        after.append("--json FILE writes every state and every digit.")
    return Group(*map(Text, lines), table, *map(Text, after))


def _start_value(mdp: FiniteMDP, solution: Solution) -> fmpq:
    return sum((mdp.start * solution.v).tolist(), fmpq(0))


def _start_line(mdp: FiniteMDP, solution: Solution) -> str:
    if mdp.start is None:
        return "The model has no start distribution."
    starts = np.flatnonzero(mdp.start > 0)
    name = _printable(mdp.state_name(int(starts[0])))
    left = f"v*({name})" if len(starts) == 1 else f"mean of v* over {len(starts)} start states"
    value = _start_value(mdp, solution)
    return f"{left} = {_exact(value, _LONGEST_START)}, rounded {six_decimals(value)}"


def _table(mdp: FiniteMDP, solution: Solution) -> tuple[Table, int]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("state, action", overflow="fold")
    table.add_column("v*, q*", justify="right", overflow="fold")
    table.add_column("rounded", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    greedy = greedy_pairs(mdp, solution.q)

    def add(name: str, value: fmpq, mark: str = "", style: str = "") -> None:
        table.add_row(Text(name), Text(_exact(value, _LONGEST)), six_decimals(value), mark, style=style)

    for shown, state in enumerate(mdp.acting):
        pairs = mdp.pairs_of(state)
        if table.row_count and table.row_count + 1 + len(pairs) > _ROWS:
            return table, len(mdp.acting) - shown
        add(_printable(mdp.state_name(int(state))), solution.v[state], style="bold")
        for x in pairs:
            action = _printable(mdp.action_name(int(mdp.pair_action[x])))
            add(f"  {action}", solution.q[x], "greedy" if greedy[x] else "")
    return table, 0


def _exact(value: fmpq, longest: int) -> str:
    text = str(value)
    if len(text) <= longest:
        return text
    return f"{'-' if value < 0 else ''}({len(str(abs(value.p)))} digits)/({len(str(value.q))} digits)"


def _printable(name: str) -> str:
    # A name from a file must not steer the terminal.
    return name if name.isprintable() else ascii(name)
