r"""A table of transitions with done flags is a model with one more state, where nothing follows.

.. math:: q(s, a) = \sum_{(p, s', r, d) \in P[s][a]} p \, \bigl(r + (1 - d)\, \gamma \max_{a'} q(s', a')\bigr)

for every pair: outcomes of a row add up, also where they name the same successor, and after a done flag nothing counts,
whatever row the table has for the state that is named.

Why: an outcome is an event, and a row the list of events; two that lead to the same state are still two. A done flag
says of one transition that nothing follows, so that leading it to a state of value 0 is the same equation. The state
that it names keeps its row for those who enter it otherwise.

Gymnasium's tables have all of this. On slippery ice a step against a wall stays where it is, and in a corner there are
two of those: ``P[s, a, s'] = p`` in place of ``+=`` loses a third of the row. Goals and holes have rows that lead back
to themselves and would pay for ever if they paid. They pay 0, so that code which ignores the flag gets away with it,
there; and in Taxi, where the state that a delivery names is an ordinary one too, it does not. A solver that keeps the
row of an end for its reward alone adds that reward once.
"""

from __future__ import annotations

from typing import Any, Literal

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import ends_marked
from ..claim import Claim
from ..definitions import optimal_values, state_values
from ..mutants import readers
from ..relation import Relation, equal
from ..transformations import any_number

table_forms = Claim(
    id="bellman.table-forms",
    title="A table with done flags is a model with one more state, where nothing follows",
    statement=r"q(s, a) = \sum_{(p, s', r, d) \in P[s][a]} p\,\bigl(r + (1-d)\,\gamma \max_{a'} q(s', a')\bigr)",
    subject="table-reader",
    needs=(ends_marked,),
)

Marked = Literal["ends", "nothing"]
_Event = tuple[fmpq, int, fmpq, bool]


def _events(mdp: FiniteMDP, cut: Array) -> dict[tuple[int, int], list[_Event]]:
    """(probability, next state, reward, whether it ends) pair by pair; a pair that is cut ends whatever it leads to."""
    ends = mdp.terminal_states
    return {
        (int(mdp.pair_state[x]), int(mdp.pair_action[x])): [
            (mdp.probability[k], int(t), mdp.reward[k], bool(cut[x] > 0) or int(t) in ends)
            for k, t in zip(mdp.outcomes_of(x), mdp.next_state[list(mdp.outcomes_of(x))], strict=True)
        ]
        for x in range(mdp.n_pairs)
    }


def _table(mdp: FiniteMDP, cut: Array, paid: Scalar, marked: Marked) -> dict[int, dict[int, list[Any]]]:
    """The table of floats that an environment has: an end has a row too, which leads back to it and pays."""
    table: dict[int, dict[int, list[Any]]] = {state: {} for state in range(mdp.n_states)}
    for (state, action), events in _events(mdp, cut).items():
        table[state][action] = [
            (*to_floats([p]), t, *to_floats([r]), done and marked == "ends") for p, t, r, done in events
        ]
    for state in mdp.terminal_states:
        table[state][0] = [(1.0, state, *to_floats([paid]), marked == "ends")]
    return table


@table_forms.exact(mdp=mdps(max_states=3, max_actions=2), cut=tables, paid=any_number, marked="ends")
def events_add_up_until_the_flag(read: Any, mdp: FiniteMDP, cut: Array, paid: Scalar, marked: Marked) -> Relation:
    """q* of the model that is read solves the equation of the table, at every pair that an episode meets."""
    model = read(_table(mdp, cut, paid, marked), mdp.discount)
    best = optimal_values(model)
    value = state_values(model, best)
    expected = [
        sum((p * (r if done else r + mdp.discount * value[t]) for p, t, r, done in events), fmpq(0))
        for events in _events(mdp, cut).values()
    ]
    return equal([best[model.pair(state, action)] for state, action in _events(mdp, cut)], expected)


for _mutant in (readers.last_successor_kept, readers.done_flag_ignored, readers.ends_that_pay):
    table_forms.refutes(_mutant, by=events_add_up_until_the_flag)
table_forms.fails_without(ends_marked, by=events_add_up_until_the_flag, marked="nothing")
