r"""Often said: potential-based shaping is harmless, whatever the potential.

.. math:: r \mapsto r + \gamma \Phi(s') - \Phi(s) \quad\text{leaves the greedy actions of}\ q_* \
          \text{as they are, and}\ Q^{\text{plain}}_k = Q^{\text{shaped}}_k + \Phi

It is, if Phi is 0 at terminal states (q-learning.shaping-initialisation). If not, the last step pays gamma Phi(s') and
nothing takes it back: no Q(s', .) is there to have -Phi(s') in it. What is true for every Phi is

.. math:: Q^{\text{shaped}}_k(s, a) + \Phi(s) = Q^{\text{bonus}}_k(s, a)

where the bonus model is the plain one with gamma Phi(s') on top of each reward that ends at s'. So shaping with such a
potential means another problem: one with a prize for ending, or a fine. The first step to such an end leaves the plain
table behind by alpha gamma Phi(s').

Why: add Phi(s) to the shaped target r + gamma Phi(s') - Phi(s) + gamma V(s'). If s' has actions, gamma Phi(s') joins
V(s') to make the other learner's value; if it has none, gamma Phi(s') is left over beside the reward.

It happens easily: a potential such as minus the distance to a goal is 0 at the goal, but not where an episode ends
elsewhere, in a hole, or because time is up and that is treated as an end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, state_tables, tables
from bellcheck.mdp.transform import shaped

from ..claim import Claim, cite
from ..definitions import optimal_values
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, tables_along

shaping_is_harmless = Claim(
    id="folklore.shaping-is-harmless",
    title='"Potential-based shaping is harmless, whatever the potential"',
    statement=r"r \mapsto r + \gamma\Phi(s') - \Phi(s) \implies Q^{\text{plain}}_k = Q^{\text{shaped}}_k + \Phi"
    r"\quad\text{for every}\ \Phi",
    subject="q-learner",
    uses=("q-learning.shaping-initialisation",),
    sources=(cite("ng1999"),),
    expected="refuted",
)


def _paid_at_the_end(mdp: FiniteMDP, potential: Array) -> FiniteMDP:
    """The model that adds gamma Phi(s') to each reward that ends at s'."""
    ends = exact_array(int(state in mdp.terminal_states) for state in mdp.next_state)
    return replace(mdp, reward=mdp.reward + ends * mdp.discount * potential[mdp.next_state])


def _greedy(mdp: FiniteMDP, q: Array) -> np.ndarray:
    return greedy_pairs(mdp, q).astype(int)


def _with_a_way_out(mdp: FiniteMDP) -> FiniteMDP:
    """Give every acting state one more action, which pays 0 and ends the episode: there is something to choose."""
    pairs = [
        (
            int(mdp.pair_state[x]),
            int(mdp.pair_action[x]),
            [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)],
        )
        for x in range(mdp.n_pairs)
    ]
    leave = int(mdp.pair_action.max()) + 1
    pairs += [(int(state), leave, [(fmpq(1), fmpq(0), mdp.n_states)]) for state in mdp.acting]
    return FiniteMDP.from_pairs(mdp.n_states + 1, pairs, mdp.discount)


_models = mdps(max_states=2, max_actions=1).map(_with_a_way_out)


@shaping_is_harmless.exact(of="exact-solver", mdp=_models, potential=state_tables)
def best_actions_stay(solve: Any, mdp: FiniteMDP, potential: Array) -> Relation:
    """The same actions are optimal, ties included."""
    return equal(_greedy(mdp, solve(shaped(mdp, potential)).q), _greedy(mdp, solve(mdp).q))


@shaping_is_harmless.truth(beside=best_actions_stay)
def best_actions_are_those_with_the_prize(solve: Any, mdp: FiniteMDP, potential: Array) -> Relation:
    """Those actions are optimal that are so with a prize of gamma Phi(s') for ending, and q* is theirs less Phi(s)."""
    prize = _paid_at_the_end(mdp, potential)
    best = optimal_values(prize)
    found = solve(shaped(mdp, potential)).q
    return all_of(
        [equal(found, best - potential[mdp.pair_state]), equal(_greedy(mdp, found), _greedy(mdp, best))]
        + ([] if prize != mdp else [equal(_greedy(mdp, found), _greedy(mdp, solve(mdp).q))])
    )


@shaping_is_harmless.pathwise(mdp=mdps(max_states=3), q=tables, potential=state_tables, path=paths)
def tables_differ_by_the_potential(update: Update, mdp: FiniteMDP, q: Array, potential: Array, path: Path) -> Relation:
    """A learner on shaped rewards from Q_0 and one on plain rewards from Q_0 + Phi differ by Phi(s) at every step."""
    return _apart_by_the_potential(update, mdp, mdp, q, potential, path)


def _apart_by_the_potential(
    update: Update, plain: FiniteMDP, mdp: FiniteMDP, q: Array, potential: Array, path: Path
) -> Relation:
    above = potential[mdp.pair_state]
    left = tables_along(update, plain, q + above, path)
    right = tables_along(update, shaped(mdp, potential), q, path)
    return all_of(equal(a, b + above) for a, b in zip(left, right, strict=True))


@shaping_is_harmless.truth(beside=tables_differ_by_the_potential)
def tables_differ_by_the_potential_from_those_with_the_prize(
    update: Update, mdp: FiniteMDP, q: Array, potential: Array, path: Path
) -> Relation:
    """They do so with the prize; without it, until a step ends at a potential that is not 0.

    By that step the plain learner falls short of the shaped one by alpha gamma Phi(s').
    """
    prize = _paid_at_the_end(mdp, potential)
    paid = [outcome for _, outcome, _ in path if prize.reward[outcome] != mdp.reward[outcome]]
    before = [step[1] for step in path].index(paid[0]) if paid else len(path)
    relations = [
        _apart_by_the_potential(update, prize, mdp, q, potential, path),
        _apart_by_the_potential(update, mdp, mdp, q, potential, path[:before]),
    ]
    if paid:
        pair, outcome, step_size = path[before]
        above = potential[mdp.pair_state]
        plain = tables_along(update, mdp, q + above, path[: before + 1])[-1]
        after = tables_along(update, shaped(mdp, potential), q, path[: before + 1])[-1]
        missing = step_size * mdp.discount * potential[mdp.next_state[outcome]]
        relations.append(equal(after[pair] + above[pair] - plain[pair], missing))
    return all_of(relations)
