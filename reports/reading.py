"""What had to be done to an environment's table before it was a model, in words."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal

from flint import fmpq

from bellcheck.mdp.interop.gymnasium import Reading

__all__ = ["changes"]


def changes(reading: Reading) -> list[str]:
    """Return a clause for each kind of change, none if the table was read as it is."""
    clauses = []
    if reading.changes:
        clauses.append(
            f"{len(reading.changes)} floating-point probabilities are read as rationals beside them, "
            f"at most {_rounded_up(reading.largest_change)} away"
        )
    if reading.added_up:
        clauses.append(f"{reading.added_up} outcomes are added to an equal one of the same pair")
    if reading.dropped_rows:
        states = ", ".join(map(str, reading.dropped_rows))
        clauses.append(f"entered by termination alone, so without actions here: {states}")
    return clauses


def _rounded_up(number: fmpq) -> str:
    """Return two digits that are not below a number, as "at most" needs them."""
    upwards = Context(prec=2, rounding=ROUND_CEILING)
    return f"{upwards.divide(Decimal(int(number.p)), Decimal(int(number.q))):.1e}"
