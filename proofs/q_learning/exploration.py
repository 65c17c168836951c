r"""An epsilon-greedy behaviour gives each action epsilon / |A(s)|, and what is left to the best, by its rule for ties.

.. math:: \pi(a \mid s) = \frac{\varepsilon}{|A(s)|} + (1 - \varepsilon)\, \frac{[a \in C(s)]}{|C(s)|}, \qquad
          A^*(s) = \operatorname{arg\,max}_{a \in A(s)} Q(s, a)

where C(s) is A*(s) if ties are split, and its first action alone if they go to the lowest.

Why: with probability epsilon an action is drawn evenly from those that the state has, the best ones included; else a
best one is taken. The terms sum to epsilon + (1 - epsilon) = 1 over A(s).

So a state with two actions explores otherwise than one with ten, and |A(s)| is the state's own number. The rule for
ties is part of the behaviour, and nowhere more than at the beginning, where all entries are equal: a learner that sends
ties to the first action does the same thing in every state until something is learnt, and in a world where that leads
nowhere, for ever (q-learning.unvisited). Which rule it is, it has to declare.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..claim import Claim, cite
from ..mutants import behaviours, invariants
from ..relation import Relation, at_most, equal

exploration = Claim(
    id="q-learning.exploration",
    title="Epsilon-greedy gives each action epsilon / |A(s)|, and what is left to the best by the rule for ties",
    statement=r"\pi(a \mid s) = \tfrac{\varepsilon}{|A(s)|} + (1 - \varepsilon)\, \tfrac{[a \in C(s)]}{|C(s)|},"
    r"\quad C(s) = \operatorname{arg\,max}_a Q(s, a) \ \text{or its first action}",
    subject="behaviour",
    sources=(cite("sutton2018", "section 2.2", verified=False),),
)

_epsilons = st.integers(0, 10).map(lambda tenths: fmpq(tenths, 10))
_ties = st.sampled_from(["split", "lowest"])


def _stated(mdp: FiniteMDP, q: Array, epsilon: fmpq, ties: str) -> Array:
    """The probabilities written out, action by action."""
    policy = []
    for x in range(mdp.n_pairs):
        row = mdp.pairs_of(int(mdp.pair_state[x]))
        best = [y for y in row if q[y] == max(q[z] for z in row)]
        chosen = best if ties == "split" else best[:1]
        policy.append(epsilon / len(row) + ((1 - epsilon) / len(chosen) if x in chosen else 0))
    return exact_array(policy)


@exploration.exact(mdp=mdps(), q=tables, epsilon=_epsilons, ties=_ties)
def probabilities_are_as_stated(behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq, ties: str) -> Relation:
    """Of every action of every state, under either rule for ties."""
    return equal(behaviour(mdp, q, epsilon, ties), _stated(mdp, q, epsilon, ties))


for _mutant in (
    behaviours.always_random,
    behaviours.first_of_the_tied,
    behaviours.epsilon_for_each_action,
    behaviours.search_from_zero,
    behaviours.first_action_false,
    invariants.roulette_wheel,
):
    exploration.refutes(_mutant, by=probabilities_are_as_stated)


@exploration.too_strong(beside=probabilities_are_as_stated)
def ties_do_not_matter(behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq, ties: str) -> Relation:
    """The two rules are two behaviours."""
    return equal(behaviour(mdp, q, epsilon, ties), _stated(mdp, q, epsilon, "split"))


# -------------------------------------------------------------------- a behaviour that draws

_DRAWS = 20_000


def _tied_and_not() -> FiniteMDP:
    """Two states with four actions each, which stay where they are."""
    return FiniteMDP.from_pairs(2, [(s, a, [(1, 0, s)]) for s in range(2) for a in range(4)], "1/2")


@exploration.statistical(
    of="behaviour-sampler",
    false_alarm=1e-9,
    power="'action chosen at random always' and 'the first of tied actions' with probability at least 1 - 1e-9: some"
    " action is off by 1/4 or more, and a share strays from its mean by more than 0.024 with probability 1e-9",
    mdp=_tied_and_not,
    q=exact_array([-1, 1, 1, 0, -1, -2, -2, -3]),
    epsilon=exact("1/4"),
    ties="split",
)
def shares_are_near_the_probabilities(
    sampler: Any,
    mdp: FiniteMDP,
    q: Array,
    epsilon: fmpq,
    ties: str,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """Of 20,000 draws in each state, by Hoeffding's inequality for each of the eight actions on both sides."""
    counts = sampler(mdp, q, epsilon, _DRAWS, np.random.default_rng(seed), ties)
    strays = math.sqrt(math.log(2 * mdp.n_pairs / false_alarm) / (2 * _DRAWS))
    return at_most(abs(exact_array(counts) / _DRAWS - _stated(mdp, q, epsilon, ties)), exact(strays))


for _mutant in (behaviours.always_random, behaviours.first_of_the_tied):
    exploration.refutes(behaviours.drawing(_mutant), by=shares_are_near_the_probabilities)
