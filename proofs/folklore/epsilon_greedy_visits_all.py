r"""Often said: an epsilon-greedy behaviour visits every pair again and again.

.. math:: \varepsilon > 0 \implies P(x \text{ is visited infinitely often}) = 1 \text{ for all pairs } x

A fixed epsilon > 0 gives every *action* of the current state a probability of at least epsilon / |A(s)|, however the
table changes; which *states* come is for the model to say. True is: the pairs that follow a pair with positive
probability, sooner or later, are those of the model's graph, whatever the table and the epsilon > 0. In a finite chain
everything that can be reached from wherever one is, now and later, is visited infinitely often. So if all states lead
to each other, new beginnings after an end included, the sentence is right. A transient state is left behind after
finitely many visits. The smallest case: one state that leads to another, which loops.

Nor is it enough that epsilon_t > 0 always. Two loops pay 1 and 2, the table begins at 0 and ties go to the first. A
learner that explores with epsilon_t = 2^-(t + 1) tries the second loop only by exploring, with probability epsilon_t /
2, and these sum to 1/2: with probability more than 1/2 it is never tried at all. What is needed is that the sum
diverges (epsilon_t = 1/t will do on two loops), and that the model lets the learner come back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.chain import pair_chain
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import update
from bellcheck.mdp.strategies import mdps, tables

from ..claim import Claim
from ..relation import Relation, all_of, at_most, equal, less_than

epsilon_greedy_visits_all = Claim(
    id="folklore.epsilon-greedy-visits-all",
    title='"An epsilon-greedy behaviour visits every pair again and again"',
    statement=r"\varepsilon > 0 \implies P(x \text{ is visited infinitely often}) = 1",
    subject="behaviour",
    uses=("q-learning.unvisited",),
    expected="refuted",
)


# -------------------------------------------------------------------- a fixed epsilon


def _visits(behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq) -> Array:
    """From each pair, the expected visits to each in the next N steps: 0 only where a pair can never follow."""
    P = pair_chain(mdp, behaviour(mdp, q, epsilon))
    power, total = P, P
    for _ in range(mdp.n_pairs - 1):
        power = power @ P
        total = total + power
    return total


def _follows(mdp: FiniteMDP) -> np.ndarray:
    """Whether a pair can follow another, by the arrows of the model; after an end comes the first state that acts."""
    reached = np.zeros((mdp.n_pairs, mdp.n_pairs), dtype=bool)
    for x in range(mdp.n_pairs):
        waiting = [x]
        while waiting:
            for k in mdp.outcomes_of(waiting.pop()):
                row = mdp.pairs_of(int(mdp.next_state[k])) or mdp.pairs_of(int(mdp.acting[0]))
                new = [y for y in row if mdp.probability[k] > 0 and not reached[x, y]]
                reached[x, new] = True
                waiting += new
    return reached


def _begun_in_the_first_state(mdp: FiniteMDP) -> FiniteMDP:
    """Let episodes start, and start again, in the first state that acts."""
    return replace(mdp, start=exact_array(int(state == mdp.acting[0]) for state in range(mdp.n_states)))


@epsilon_greedy_visits_all.exact(
    mdp=mdps(max_states=3).map(_begun_in_the_first_state),
    q=tables,
    epsilon=st.integers(1, 10).map(lambda tenths: fmpq(tenths, 10)),
)
def every_pair_follows_every_pair(behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq) -> Relation:
    """From every pair, every pair is visited with positive probability: so, in a finite chain, for ever again."""
    return less_than(fmpq(0), _visits(behaviour, mdp, q, epsilon))


@epsilon_greedy_visits_all.truth(beside=every_pair_follows_every_pair)
def those_follow_that_the_model_leads_to(behaviour: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq) -> Relation:
    """Exactly those follow to which the model's arrows lead: all of them if its states communicate."""
    visits = _visits(behaviour, mdp, q, epsilon)
    return equal(np.asarray(visits > 0, dtype=bool), _follows(mdp))


# -------------------------------------------------------------------- an epsilon that falls too fast


def _chance_to_try(behaviour: Any, mdp: FiniteMDP, epsilons: list[fmpq]) -> fmpq:
    """The probability that the second of two loops is tried at all, by a learner that begins at 0."""
    q, untried = mdp.table(0), fmpq(1)
    for epsilon in epsilons:
        untried *= behaviour(mdp, q, epsilon)[0]
        q = update(mdp, q, 0, 0, exact("1/2"))
    return 1 - untried


def _halved(n: int) -> list[fmpq]:
    return [fmpq(1, 2 ** (t + 1)) for t in range(n)]


@epsilon_greedy_visits_all.fixture(mdp=lambda: two_arms("1/2"), n=8)
def positive_epsilon_tries_everything(behaviour: Any, mdp: FiniteMDP, n: int) -> Relation:
    """After n steps with epsilon_t = 2^-(t + 1) it is at least as likely as not that both loops were tried."""
    return at_most(fmpq(1, 2), _chance_to_try(behaviour, mdp, _halved(n)))


@epsilon_greedy_visits_all.truth(beside=positive_epsilon_tries_everything)
def all_epsilons_together_bound_the_chance(behaviour: Any, mdp: FiniteMDP, n: int) -> Relation:
    """The chance is at most the sum of epsilon_t / 2, below 1/2 for every n; with a fixed epsilon it tends to 1."""
    fixed = exact("1/10")
    return all_of(
        [
            at_most(_chance_to_try(behaviour, mdp, _halved(n)), sum(_halved(n), fmpq(0)) / 2),
            less_than(sum(_halved(n), fmpq(0)) / 2, fmpq(1, 2)),
            equal(_chance_to_try(behaviour, mdp, [fixed] * n), 1 - (1 - fixed / 2) ** n),
        ]
    )
