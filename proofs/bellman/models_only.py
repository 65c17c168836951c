r"""Decision processes are accepted, as they were written, and nothing else is.

.. math:: p(s' \mid s, a) \ge 0, \qquad \sum_{s'} p(s' \mid s, a) = 1, \qquad 0 \le \gamma \le 1,
    \qquad \text{and every pair}\ (s, a)\ \text{once}

Why it matters: these are the hypotheses of every theorem here, and code that does not ask for them computes something
all the same. A row that sums to 9/5 lets T expand where gamma > 5/9, and sweeps overflow or stop at a number without a
meaning; one that sums to less is a model with an end that nobody wrote. With negative weights T is not monotone, and a
greedy policy may be the worst. Of NaN every comparison is false: a test that looks for what is wrong lets it pass, one
that asks for what is right does not. A discount above 1 is a sum that need not converge.

What is right must pass too: probabilities of 0, which most rows have, six sixths, which in binary64 are not 1, the
discount 0, a state without actions. Such a state is an end; code that keeps pairs by offsets, a segment for each state,
reads a neighbour's row in its place unless it looks. And a pair that is written twice is no pair: its two rows cannot
both be its own.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Scalar, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..claim import Claim
from ..mutants import readers
from ..relation import Relation, equal

models_only = Claim(
    id="bellman.models-only",
    title="Decision processes are accepted, as they were written, and nothing else is",
    statement=r"\text{accepted} \iff p \ge 0,\ \textstyle\sum_{s'} p(s' \mid s, a) = 1,\ 0 \le \gamma \le 1,"
    r"\ \text{each}\ (s, a)\ \text{once}",
    subject="input-check",
)

_models = mdps(max_states=2)

# -------------------------------------------------------------------- arrays


def _arrays(mdp: FiniteMDP) -> tuple[list[list[list[Any]]], list[list[Any]]]:
    """P and R of a model and one more state, which is where terminal states lead, for nothing.

    States with fewer actions than others have their last one more than once.
    """
    n, most = mdp.n_states + 1, max(len(mdp.pairs_of(s)) for s in range(mdp.n_states))
    idle = [fmpq(int(t == n - 1)) for t in range(n)]
    P, R = [], []
    for state in range(n):
        pairs = list(mdp.pairs_of(state)) if state < mdp.n_states else []
        rows, paid = [], []
        for x in pairs:
            row = [fmpq(0)] * n
            for k in mdp.outcomes_of(x):
                row[mdp.next_state[k]] += mdp.probability[k]
            rows.append(row)
            paid.append(sum((mdp.probability[k] * mdp.reward[k] for k in mdp.outcomes_of(x)), fmpq(0)))
        rows, paid = rows or [idle], paid or [fmpq(0)]
        P.append([list(rows[min(a, len(rows) - 1)]) for a in range(most)])
        R.append([paid[min(a, len(paid) - 1)] for a in range(most)])
    return P, R


_anywhere = st.sampled_from([0, -1])
"""The state whose first row is spoilt: the first of the model's, or the one that was added."""


def _die() -> FiniteMDP:
    """Lead to each of six states alike, of which one is the state itself and the others are ends."""
    return FiniteMDP.from_pairs(6, [(0, 0, [("1/6", 1, s) for s in range(6)])], "1/2")


@models_only.fixture(mdp=_die, state=0, excess=fmpq(0))
@models_only.exact(
    mdp=_models, state=_anywhere, excess=st.sampled_from(exact_array([0, "4/5", 1, "-1/2", "1/100", 0]).tolist())
)
def rows_sum_to_one(accepts: Any, mdp: FiniteMDP, state: int, excess: Scalar) -> Relation:
    """1 if it is accepted, beside 1 if every row sums to 1: to one entry some excess was added."""
    P, R = _arrays(mdp)
    P[state][0][state] += excess
    return equal(int(accepts(P, R, mdp.discount)), int(all(sum(row) == 1 for rows in P for row in rows)))


models_only.refutes(readers.no_look_at_sums, by=rows_sum_to_one, kinds=("exact",))
models_only.refutes(readers.sums_to_the_last_bit, by=rows_sum_to_one, kinds=("fixture",))


@models_only.exact(
    mdp=_models, state=_anywhere, moved=st.sampled_from(exact_array([0, "1/2", 1, "-1/2", "3/2", 2]).tolist())
)
def probabilities_are_not_negative(accepts: Any, mdp: FiniteMDP, state: int, moved: Scalar) -> Relation:
    """1 if it is accepted, beside 1 if no entry is below 0: some weight was moved from one successor to another."""
    P, R = _arrays(mdp)
    P[state][0][state] -= moved
    P[state][0][-1 - state] += moved
    return equal(int(accepts(P, R, mdp.discount)), int(all(p >= 0 for rows in P for row in rows for p in row)))


models_only.refutes(readers.no_look_at_signs, by=probabilities_are_not_negative)
models_only.refutes(readers.zeros_refused, by=probabilities_are_not_negative)


@models_only.exact(mdp=_models, state=_anywhere, spoilt=st.sampled_from(["nothing", "a probability", "a reward"]))
def numbers_are_numbers(accepts: Any, mdp: FiniteMDP, state: int, spoilt: str) -> Relation:
    """1 if it is accepted, beside 1 if every entry is a number: one may be NaN."""
    P, R = _arrays(mdp)
    if spoilt == "a probability":
        P[state][0][state] = float("nan")
    elif spoilt == "a reward":
        R[state][0] = float("nan")
    return equal(int(accepts(P, R, mdp.discount)), int(spoilt == "nothing"))


models_only.refutes(readers.not_a_number_passes, by=numbers_are_numbers)


# Not 1: there a solver may refuse a model for another reason, that it has no values (bellman.gamma-one).
@models_only.exact(
    mdp=_models,
    discount=st.sampled_from([*exact_array(["1/2", 0, "99/100", "3/2", "-1/2", "101/100"]), float("nan")]),
)
def discounts_are_in_the_unit_interval(accepts: Any, mdp: FiniteMDP, discount: Any) -> Relation:
    """1 if it is accepted, beside 1 if the discount lies in [0, 1]."""
    return equal(int(accepts(*_arrays(mdp), discount)), int(0 <= discount <= 1))


models_only.refutes(readers.no_look_at_the_discount, by=discounts_are_in_the_unit_interval)
models_only.refutes(readers.not_a_number_passes, by=discounts_are_in_the_unit_interval)

# -------------------------------------------------------------------- pairs

_Law = dict[tuple[int, int, int, fmpq], fmpq]


def _law(pairs: Any) -> _Law:
    """(s, a, s', r) -> probability, of what is possible: all that is written of a pair, added up."""
    law: _Law = {}
    for state, action, outcomes in pairs:
        for p, r, following in outcomes:
            key = (int(state), int(action), int(following), r)
            law[key] = law.get(key, exact(0)) + p
    return {key: p for key, p in law.items() if p != 0}


def _pairs_of(mdp: FiniteMDP) -> list[tuple[int, int, list[tuple[fmpq, fmpq, int]]]]:
    return [
        (
            int(mdp.pair_state[x]),
            int(mdp.pair_action[x]),
            [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)],
        )
        for x in range(mdp.n_pairs)
    ]


@models_only.exact(of="pair-reader", mdp=mdps(max_states=3), twice=st.booleans())
def pairs_are_read_as_written(read: Any, mdp: FiniteMDP, twice: bool) -> Relation:
    """The joint law of the model that is read, beside that of the list; with a pair written `twice` it is refused."""
    pairs = _pairs_of(mdp)
    if twice:
        pairs.append((*pairs[0][:2], pairs[-1][2]))
    try:
        model = read(mdp.n_states, pairs, mdp.discount)
    except ValueError:
        return equal(int(twice), 1)
    written, found = _law(pairs), _law(_pairs_of(model))
    keys = sorted({*written, *found})
    return equal([found.get(key, exact(0)) for key in keys], [written.get(key, exact(0)) for key in keys])


models_only.refutes(readers.pointers_added_up, by=pairs_are_read_as_written)
models_only.refutes(readers.neighbours_actions, by=pairs_are_read_as_written)
