r"""Tables may be padded to a rectangle, if what is padded is masked and terminal states are worth 0.

.. math::
    V(s) = \max_{a} \tilde Q(s, a), \quad
    \tilde Q(s, a) = \begin{cases} Q(s, a) & a \in A(s) \\ -\infty & a \notin A(s) \end{cases}, \qquad
    V(\text{terminal}) = 0

gives the same T, and so the same q* and the same greedy actions, as a model in which each state has the actions that it
has.

Why: an entry below all others never is the maximum of a row that has another. A terminal state's row has none, its
maximum would be minus infinity; nothing follows an end, so its value is set to 0 by definition.

With 0 as padding the maximum of a state whose actions are all worth less is 0. One loop that pays -1, at discount 1/2,
is worth -2; padded with a zero it is worth 0, and its table tends to -1. Where all values are positive the fault is
invisible. And a terminal state that is given a value of its own pays it to every episode that ends.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import masked_actions, terminal_value_zero
from ..claim import Claim
from ..mutants import operators
from ..relation import Relation, all_of, equal

action_sets_terminals = Claim(
    id="bellman.action-sets-terminals",
    title="Padded tables give the same T if the padding is masked and terminal states are worth 0",
    statement=r"\tilde Q(s, a) = -\infty \ (a \notin A(s)),\ V(\text{terminal}) = 0 \implies \tilde T \tilde Q = TQ",
    subject="operator",
    needs=(masked_actions, terminal_value_zero),
)

MASKED = "masked"

# -------------------------------------------------------------------- two other ways to hold a model


def _dictionary_backup(mdp: FiniteMDP, q: Array) -> Array:
    """TQ by dictionaries: state -> action -> value, a state without actions being an empty one."""
    values: dict[int, dict[int, fmpq]] = {state: {} for state in range(mdp.n_states)}
    for x in range(mdp.n_pairs):
        values[int(mdp.pair_state[x])][int(mdp.pair_action[x])] = q[x]
    best = {state: max(row.values()) if row else fmpq(0) for state, row in values.items()}
    backed_up = []
    for x in range(mdp.n_pairs):
        outcomes = [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]
        backed_up.append(sum((p * (r + mdp.discount * best[after]) for p, r, after in outcomes), fmpq(0)))
    return exact_array(backed_up)


def _padded_values(mdp: FiniteMDP, q: Array, padding: Any, end: fmpq) -> list[fmpq]:
    """V from a rectangle with a column for every action that occurs, and one for an action that no state has.

    Masked padding lies below every entry, which among finitely many is what minus infinity does.
    """
    filling = min(q) - 1 if isinstance(padding, str) else padding
    table = [[filling] * (int(mdp.pair_action.max()) + 2) for _ in range(mdp.n_states)]
    for x in range(mdp.n_pairs):
        table[mdp.pair_state[x]][mdp.pair_action[x]] = q[x]
    return [max(row) if state in mdp.acting else end for state, row in enumerate(table)]


def _padded_backup(mdp: FiniteMDP, q: Array, padding: Any, end: fmpq) -> Array:
    v = exact_array(_padded_values(mdp, q, padding, end))
    outcomes = mdp.probability * (mdp.reward + mdp.discount * v[mdp.next_state])
    return exact_array(sum(outcomes[list(mdp.outcomes_of(x))], fmpq(0)) for x in range(mdp.n_pairs))


# -------------------------------------------------------------------- they agree


@action_sets_terminals.exact(mdp=mdps(max_states=3), q=tables, padding=lambda: MASKED, end=lambda: fmpq(0))
def padding_changes_nothing(T: Any, mdp: FiniteMDP, q: Array, padding: Any, end: fmpq) -> Relation:
    """TQ by pairs, by dictionaries and by a padded rectangle; q* solves the padded equation; the greedy pairs agree."""
    best = policy_iteration(mdp).q
    v = exact_array(_padded_values(mdp, q, padding, end))
    greedy = [bool(q[x] == v[mdp.pair_state[x]]) for x in range(mdp.n_pairs)]
    return all_of(
        [
            equal(T(mdp, q), _dictionary_backup(mdp, q)),
            equal(_padded_backup(mdp, q, padding, end), T(mdp, q)),
            equal(_padded_backup(mdp, best, padding, end), best),
            equal(greedy, greedy_pairs(mdp, q)),
        ]
    )


for _mutant in (
    operators.padded_maximum,
    operators.terminal_value_from_the_table,
    operators.minimum_in_place_of_maximum,
):
    action_sets_terminals.refutes(_mutant, by=padding_changes_nothing)

action_sets_terminals.fails_without(masked_actions, by=padding_changes_nothing, padding=lambda: fmpq(0))
action_sets_terminals.fails_without(terminal_value_zero, by=padding_changes_nothing, end=lambda: fmpq(1))


@action_sets_terminals.fixture(mdp=lambda: self_loop(reward=-1, discount="1/2"), padding=lambda: MASKED)
def one_losing_loop(T: Any, mdp: FiniteMDP, padding: Any) -> Relation:
    """A loop that pays -1 at discount 1/2 is worth -2, and so is its state."""
    worth = exact_array([-2])
    return all_of([equal(T(mdp, worth), worth), equal(_padded_values(mdp, worth, padding, fmpq(0)), [fmpq(-2)])])


action_sets_terminals.refutes(operators.undiscounted_backup, by=one_losing_loop)
action_sets_terminals.fails_without(masked_actions, by=one_losing_loop, padding=lambda: fmpq(0))


@action_sets_terminals.too_strong(beside=one_losing_loop)
def zero_padding_gives_the_same(T: Any, mdp: FiniteMDP, padding: Any) -> Relation:
    """Padded with a zero too, the equation of the loop has the solution -2; its solution is -1."""
    worth = exact_array([-2])
    return equal(_padded_backup(mdp, worth, fmpq(0), fmpq(0)), worth)
