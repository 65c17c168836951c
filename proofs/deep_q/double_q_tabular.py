r"""Double Q-learning keeps the symmetries of Q-learning, and loses its order.

.. math:: Q^A(s, a) \leftarrow (1 - \alpha)\, Q^A(s, a) + \alpha \bigl(r + \gamma\, Q^B(s', a^*)\bigr), \qquad
          Q^A(s', a^*) = \max_{a'} Q^A(s', a')

or with A and B exchanged. On every path of pairs, outcomes, step sizes and coins, for the two tables together:

* they stay in the interval of q-learning.bounded;
* rewards a r + b, a > 0, give the tables a Q + b / (1 - gamma) where nothing ends, as in q-learning.affine;
* a potential that is 0 at ends shifts both by Phi(s), as in q-learning.shaping-initialisation;
* renamed states and actions give renamed tables, as in q-learning.permutation, *if ties are split*.

Why: a value of Q^B is put in the place of a maximum, and it lies between the same ends; adding the same to all actions
of a state, in both tables, or scaling both by a > 0, changes no best action and maps the value as it maps the tables.

A tie of Q^A is a tie of values in Q-learning, where it does not matter which action is taken; here the tied actions
have different values in Q^B. A rule that takes the lowest index sees the numbers of the actions, and renaming changes
what is learnt.

*What is lost*: a larger table need not stay larger. With Q^A = (0, 1) and Q^B = (0, 5) the next state is worth 5; raise
Q^A to (2, 1), and it is worth 0, what Q^B has for the first action. The two targets are 5 gamma apart and the tables
only 2: the update is not nonexpansive either. So the proofs for Q-learning that go through T do not carry over; the
convergence of both tables to q* (van Hasselt 2010) is proved by way of their difference, which tends to 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.double_q import Pair, Ties
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update as q_learning_update
from bellcheck.mdp.strategies import mdps, paths, state_tables, tables
from bellcheck.mdp.transform import affine_rewards, shaped

from ..assumptions import (
    discounted,
    no_terminals,
    positive_scale,
    split_ties,
    steps_in_unit_interval,
    terminal_potential_zero,
)
from ..claim import Claim, cite
from ..definitions import state_value
from ..mutants import deep_q as mutants
from ..mutants import double_q as one_step_early
from ..relation import Relation, all_of, at_most, equal
from ..runs import Path, overlong_paths
from ..transformations import (
    any_number,
    negative_numbers,
    pair_keys,
    positive_numbers,
    potentials,
    renumbered,
    state_keys,
)

double_q_tabular = Claim(
    id="deep-q.double-q-tabular",
    title="Double Q-learning is bounded and keeps scale, shift, potentials and names, but not the order of tables",
    statement=r"(Q^A_k, Q^B_k)\ \text{obeys what}\ Q_k\ \text{obeys under}\ a r + b,\ \Phi,\ \sigma,"
    r"\ \text{and not}\ Q_0 \le Q'_0 \implies Q_k \le Q'_k",
    subject="double-q-learner",
    needs=(
        discounted,
        steps_in_unit_interval,
        no_terminals,
        positive_scale,
        terminal_potential_zero,
        split_ties,
    ),
    uses=("q-learning.bounded", "q-learning.affine", "q-learning.shaping-initialisation", "q-learning.permutation"),
    sources=(cite("vanhasselt2010"),),
)

Coins: TypeAlias = tuple[bool, ...]
_coins = st.tuples(*[st.booleans()] * 8)
_ties = st.sampled_from(["lowest", "split"])
_models = mdps(max_states=3, max_actions=2)


def _along(update: Any, mdp: FiniteMDP, a: Array, b: Array, path: Path, coins: Coins, ties: Ties) -> list[Array]:
    """Return Q^A_k and Q^B_k, one after the other in one array, after each step of a path."""
    runs, pair = [], (a, b)
    for first, (x, outcome, step_size) in zip(coins, path, strict=False):
        pair = update(mdp, pair, first, x, outcome, step_size, ties)
        runs.append(np.concatenate(pair))
    return runs


# -------------------------------------------------------------------- one step


@double_q_tabular.exact(mdp=mdps(), a=tables, b=tables, step=paths, coins=_coins)
def one_table_moves_towards_the_others_value(
    update: Any, mdp: FiniteMDP, a: Array, b: Array, step: Path, coins: Coins
) -> Relation:
    """The update written out, for the lowest of tied actions; with the same table twice, Q-learning's own."""
    relations = []
    for first, (x, outcome, step_size) in zip(coins, step[:2], strict=False):
        after = update(mdp, (a, b), first, x, outcome, step_size)
        chooser, values = (a, b) if first else (b, a)
        actions = mdp.pairs_of(int(mdp.next_state[outcome]))
        best = [y for y in actions if chooser[y] == state_value(mdp, chooser, int(mdp.next_state[outcome]))]
        target = mdp.reward[outcome] + mdp.discount * (values[best[0]] if best else fmpq(0))
        moved = chooser.copy()
        moved[x] = (1 - step_size) * chooser[x] + step_size * target
        relations.append(equal(np.concatenate(after), np.concatenate((moved, b) if first else (a, moved))))
        twice = update(mdp, (a, a), first, x, outcome, step_size)
        relations.append(equal(twice[not first], q_learning_update(mdp, a, x, outcome, step_size)))
    return all_of(relations)


for _mutant in (
    mutants.valued_by_its_own_table,
    mutants.both_tables_updated,
    mutants.undiscounted_double,
    one_step_early.valued_at_the_state_left,
    one_step_early.chosen_one_step_early,
):
    double_q_tabular.refutes(_mutant, by=one_table_moves_towards_the_others_value)


# -------------------------------------------------------------------- whole paths


@double_q_tabular.pathwise(mdp=_models, a=tables, b=tables, path=paths, coins=_coins, ties=_ties)
def both_tables_stay_inside(
    update: Any, mdp: FiniteMDP, a: Array, b: Array, path: Path, coins: Coins, ties: Ties
) -> Relation:
    """Both lie in the interval that the first tables and the rewards span, whatever the rule for ties."""
    low, high = (
        bound(*(bound(x) for x in (a, b, mdp.reward, mdp.reward / (1 - mdp.discount)))) for bound in (min, max)
    )
    return all_of(
        relation
        for run in _along(update, mdp, a, b, path, coins, ties)
        for relation in (at_most(low, run), at_most(run, high))
    )


for _mutant in (mutants.undiscounted_double, mutants.best_index_in_place_of_value):
    double_q_tabular.refutes(_mutant, by=both_tables_stay_inside)
double_q_tabular.fails_without(steps_in_unit_interval, by=both_tables_stay_inside, path=overlong_paths)
double_q_tabular.kept(
    discounted,
    because="At discount 1 the ends r / (1 - gamma) of the interval and the shift b / (1 - gamma) are divisions by 0.",
)
double_q_tabular.attained(
    "one rewarded loop from its value, which both tables keep",
    by=both_tables_stay_inside,
    mdp=self_loop(),
    a=exact_array([10]),
    b=exact_array([10]),
    path=((0, 0, exact("1/2")),),
    coins=(True,),
    ties="lowest",
)


def _mapped(update: Any, mdp: FiniteMDP, a: Array, b: Array, path: Path, coins: Coins, ties: Ties, by: Any) -> Relation:
    """Compare runs on the model and on another; `by` is that one and the maps of a table, there and back."""
    model, there, back = by
    plain = _along(update, mdp, a, b, path, coins, ties)
    after = _along(update, model, there(a), there(b), path, coins, ties)
    n = mdp.n_pairs
    return all_of(
        equal(np.concatenate([back(new[:n]), back(new[n:])]), old) for new, old in zip(after, plain, strict=True)
    )


@double_q_tabular.pathwise(
    mdp=mdps(max_states=3, max_actions=2, terminal=False),
    a=tables,
    b=tables,
    scale=positive_numbers,
    shift=any_number,
    path=paths,
    coins=_coins,
    ties=_ties,
)
def rewards_scale_and_shift_both(
    update: Any,
    mdp: FiniteMDP,
    a: Array,
    b: Array,
    scale: Scalar,
    shift: Scalar,
    path: Path,
    coins: Coins,
    ties: Ties,
) -> Relation:
    """Rewards a r + b: both tables are multiplied by a and moved by b / (1 - gamma)."""
    constant = shift / (1 - mdp.discount)
    changed = affine_rewards(mdp, scale, shift)
    maps = (changed, lambda q: scale * q + constant, lambda q: (q - constant) / scale)
    return _mapped(update, mdp, a, b, path, coins, ties, maps)


for _mutant in (mutants.undiscounted_double, mutants.best_index_in_place_of_value, mutants.clipped_double):
    double_q_tabular.refutes(_mutant, by=rewards_scale_and_shift_both)
double_q_tabular.fails_without(positive_scale, by=rewards_scale_and_shift_both, scale=negative_numbers)
double_q_tabular.fails_without(no_terminals, by=rewards_scale_and_shift_both, mdp=mdps(max_states=2))


@double_q_tabular.pathwise(mdp=_models, a=tables, b=tables, potential=potentials, path=paths, coins=_coins, ties=_ties)
def potentials_shift_both(
    update: Any, mdp: FiniteMDP, a: Array, b: Array, potential: Array, path: Path, coins: Coins, ties: Ties
) -> Relation:
    """Shaped rewards: both tables are below those of the plain learner, which starts from Q + Phi, by Phi(s)."""
    above = potential[mdp.pair_state]
    return _mapped(
        update, mdp, a, b, path, coins, ties, (shaped(mdp, potential), lambda q: q - above, lambda q: q + above)
    )


for _mutant in (mutants.undiscounted_double, mutants.end_bootstrapped_double):
    double_q_tabular.refutes(_mutant, by=potentials_shift_both)
double_q_tabular.fails_without(
    terminal_potential_zero, by=potentials_shift_both, mdp=mdps(max_states=2), potential=state_tables
)


@double_q_tabular.pathwise(
    mdp=_models, a=tables, b=tables, states=state_keys, pairs=pair_keys, path=paths, coins=_coins, ties="split"
)
def renamed_models_lead_to_renamed_tables(
    update: Any,
    mdp: FiniteMDP,
    a: Array,
    b: Array,
    states: Array,
    pairs: Array,
    path: Path,
    coins: Coins,
    ties: Ties,
) -> Relation:
    """With ties split, a learner on the renamed model and path has the renamed tables."""
    new = renumbered(mdp, states, pairs)
    plain = _along(update, mdp, a, b, path, coins, ties)
    after = _along(update, new.mdp, new.table(a), new.table(b), new.path(path), coins, ties)
    n = mdp.n_pairs
    return all_of(
        equal(run, np.concatenate([new.table(old[:n]), new.table(old[n:])]))
        for run, old in zip(after, plain, strict=True)
    )


double_q_tabular.refutes(mutants.best_index_in_place_of_value, by=renamed_models_lead_to_renamed_tables)
double_q_tabular.fails_without(split_ties, by=renamed_models_lead_to_renamed_tables, ties="lowest")


# -------------------------------------------------------------------- the order that is lost


def _two_loops() -> FiniteMDP:
    """One state with two loops that pay nothing."""
    return FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "9/10")


@double_q_tabular.fixture(mdp=_two_loops, a=exact_array([0, 1]), raised=exact_array([2, 1]), b=exact_array([0, 5]))
def raised_table_gives_a_lower_target(update: Any, mdp: FiniteMDP, a: Array, raised: Array, b: Array) -> Relation:
    """One whole step of the first table at the first pair: 5 gamma = 9/2 from the lower table, 0 from the higher."""
    targets = [update(mdp, (table, b), True, 0, 0, fmpq(1))[0][0] for table in (a, raised)]
    return equal(targets, exact_array(["9/2", "0"]))


double_q_tabular.refutes(mutants.valued_by_its_own_table, by=raised_table_gives_a_lower_target)
double_q_tabular.refutes(mutants.undiscounted_double, by=raised_table_gives_a_lower_target)


_one_state = mdps(max_states=1, max_actions=2, max_outcomes=1)


def _raised(a: Array) -> Array:
    """The table with 2 more at its first entry."""
    raised: Array = a.copy()
    raised[0] += 2
    return raised


@double_q_tabular.too_strong(beside=both_tables_stay_inside, mdp=_one_state)
def larger_tables_stay_larger(
    update: Any, mdp: FiniteMDP, a: Array, b: Array, path: Path, coins: Coins, ties: Ties
) -> Relation:
    """Another start, above the first, stays above: it holds for Q-learning."""
    pairs: list[Pair] = [(a, b), (_raised(a), b)]
    lower, upper = (_along(update, mdp, *pair, path, coins, ties) for pair in pairs)
    return all_of(at_most(x, y) for x, y in zip(lower, upper, strict=True))


@double_q_tabular.too_strong(beside=both_tables_stay_inside, mdp=_one_state)
def distances_never_grow(
    update: Any, mdp: FiniteMDP, a: Array, b: Array, path: Path, coins: Coins, ties: Ties
) -> Relation:
    """Two learners on one path come no further apart: it holds for Q-learning."""
    runs = (_along(update, mdp, table, b, path, coins, ties) for table in (a, _raised(a)))
    return all_of(at_most(max_norm(x - y), fmpq(2)) for x, y in zip(*runs, strict=True))
