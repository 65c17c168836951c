"""A model as a program keeps it: P and R as arrays, as sparse matrices, or as a transition table of Gymnasium's form.

Where a state has fewer actions than others its first one is repeated, which changes no value; a terminal state becomes
one that stays where it is and pays nothing, or is marked as the end in a transition table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.model import FiniteMDP

from .door import Foreign, choice, names
from .faults import Fault
from .grid import as_float
from .tables import ARGUMENTS

__all__ = ["MODEL", "Rectangle", "forms_of"]

MODEL = (
    choice(
        "model",
        "P and R are arrays, or P is Gymnasium's table {s: {a: [(p, s', r, terminated)]}}",
        "arrays",
        "table",
        form=True,
    ),
    choice("axes", "the axes of P: state, action, state or action, state, state", "sas", "ass", form=True),
    choice("rewards", "R has an entry for each state and action, or for each entry of P", "sa", "full", form=True),
    names("forms", "in which forms P and R may come: dense, sparse, or both"),
    ARGUMENTS,
)


class Rectangle:
    """A model as arrays: P (S, A, S) and R (S, A), exact, and which pair each column of a state is."""

    def __init__(self, mdp: FiniteMDP) -> None:
        self.mdp = mdp
        n = mdp.n_states
        width = max(len(mdp.pairs_of(state)) for state in range(n))
        self.pairs: list[list[int]] = []
        P = [[[fmpq(0)] * n for _ in range(width)] for _ in range(n)]
        R = [[fmpq(0)] * width for _ in range(n)]
        for state in range(n):
            own = list(mdp.pairs_of(state))
            self.pairs.append(own + own[:1] * (width - len(own)))
            for column in range(width):
                if not own:
                    P[state][column][state] = fmpq(1)
                    continue
                for k in mdp.outcomes_of(self.pairs[state][column]):
                    P[state][column][int(mdp.next_state[k])] += mdp.probability[k]
                    R[state][column] += mdp.probability[k] * mdp.reward[k]
        self.P, self.R = P, R

    def question(self) -> dict[str, Any]:
        """Return the model as floats; raises `NotOffered` where one would round."""
        return {
            "P": [[[as_float(p) for p in row] for row in rows] for rows in self.P],
            "R": [[as_float(r) for r in row] for row in self.R],
            "terminal": list(self.mdp.terminal_states),
            "discount": as_float(self.mdp.discount),
        }

    def rows(self, q: Array) -> list[list[float]]:
        """Return a table over the pairs in the rectangle; terminal states have 0."""
        return [[as_float(q[x]) for x in row] if row else [0.0] * len(self.R[0]) for row in self.pairs]

    def table(self, rows: list[list[float]]) -> Array:
        """Return the table over the pairs that a rectangle holds; a repeated column is not looked at."""
        q = [rows[int(self.mdp.pair_state[x])][self._column(x)] for x in range(self.mdp.n_pairs)]
        if not np.isfinite(q).all():
            raise Fault("not-finite", f"the table is {q}")
        return exact_array(q)

    def _column(self, pair: int) -> int:
        return pair - int(self.mdp.pair_start[self.mdp.pair_state[pair]])


def forms_of(foreign: Foreign) -> list[tuple[str, str]]:
    """Return the forms that P and R come in, each with the label of its results: none where there is one form."""
    forms = foreign.declared["forms"] or ("dense",)
    return [(form, form if len(forms) > 1 else "") for form in forms]
