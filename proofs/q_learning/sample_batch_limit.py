r"""Minibatches from a replay buffer move the table on average as the whole buffer does: towards its empirical model.

.. math::
    \mathbb E_B\Bigl[Q + \tfrac{1}{b} \sum_{i \in B} (Q_i^+ - Q)\Bigr] = Q + \tfrac{1}{n} \sum_{i=1}^{n} (Q_i^+ - Q)
        = Q + \alpha\, \hat\mu\, (\hat T Q - Q)

B is drawn uniformly from the n experiences of the buffer, with or without replacement, and b is its size; Q_i^+ is the
table after one update of Q by experience i. On the right stand the shares mu_hat(x) of the buffer that are of x, and
T_hat, which is T with the relative frequencies of the outcomes of x in the buffer in place of p(. | x).

Why: every experience is equally often a member of the batch, and the update is a mean over members, each seen from the
same table; of a mean over members the mean over batches is the mean over the buffer. Grouped by pairs that is the
second equality, for the mean of r + gamma V_Q(s') over the experiences of x is (T_hat Q)(x).

So the size of the batch changes the noise and nothing else, and a learner on a fixed buffer is led to what is optimal
for the buffer, not for the model. With priorities, where experience i is drawn with probability p_i, the mean is
another one unless its change is weighted by 1 / (n p_i). To take the members one after the other, each from the table
that the last one left, is another rule as well; and in NumPy ``Q[pairs] += changes`` is a third, for where a pair
occurs twice it keeps the last change alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, step_sizes, tables, tied_to

from ..assumptions import uniform_batches
from ..claim import Claim
from ..definitions import backup, target
from ..mutants import minibatch
from ..relation import Relation, all_of, equal
from ..runs import Path

sample_batch_limit = Claim(
    id="q-learning.sample-batch-limit",
    title="Uniform minibatches move the table on average as the whole buffer does",
    statement=r"\mathbb E_B\bigl[Q + \tfrac1b \textstyle\sum_{i \in B} (Q_i^+ - Q)\bigr]"
    r" = Q + \tfrac1n \sum_{i=1}^n (Q_i^+ - Q) = Q + \alpha\,\hat\mu\,(\hat T Q - Q)",
    subject="minibatch",
    needs=(uniform_batches,),
)

_LARGEST = 3


@tied_to("path")
def _buffers(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    """One to three experiences, often of the same pair; their step sizes are not used."""
    possible = next(k for k in mdp.outcomes_of(0) if mdp.probability[k] > 0)
    return paths(mdp).map(lambda path: path[:_LARGEST] or ((0, possible, fmpq(1)),))


_models = mdps(max_states=3, max_actions=2)
_sizes = st.integers(1, 3)
_priorities = st.tuples(*[st.integers(1, 5)] * _LARGEST)


def _members(buffer: Path) -> list[tuple[int, int]]:
    return [(pair, outcome) for pair, outcome, _ in buffer]


def _whole_buffer(mdp: FiniteMDP, q: Array, buffer: Path, step_size: Scalar) -> Array:
    """Q plus the mean change, written out."""
    moved = q.copy()
    for pair, outcome in _members(buffer):
        moved[pair] += step_size * (target(mdp, q, outcome) - q[pair]) / len(buffer)
    return moved


def _chances(buffer: Path, priorities: Sequence[int]) -> list[fmpq]:
    taken = priorities[: len(buffer)]
    return [fmpq(priority, sum(taken)) for priority in taken]


def _mean(
    update: Any, mdp: FiniteMDP, q: Array, buffer: Path, size: int, step_size: Scalar, chances: Any, weights: Any
) -> Array:
    """The mean over all batches with replacement, member i being drawn with chance i and weighted by weight i."""
    members = _members(buffer)
    mean = q * 0
    for batch in product(range(len(buffer)), repeat=size):
        chance = math.prod((chances[i] for i in batch), start=fmpq(1))
        weight = None if weights is None else [weights[i] for i in batch]
        mean = mean + chance * update(mdp, q, [members[i] for i in batch], step_size, weight)
    return mean


@sample_batch_limit.enumerated(
    mdp=_models, q=tables, buffer=_buffers, size=_sizes, step_size=step_sizes(), priorities=(1,) * _LARGEST
)
def batches_average_to_the_buffer(
    update: Any, mdp: FiniteMDP, q: Array, buffer: Path, size: int, step_size: Scalar, priorities: tuple[int, ...]
) -> Relation:
    """Over all batches of a size, with replacement and, where there are enough experiences, without."""
    whole = _whole_buffer(mdp, q, buffer, step_size)
    drawn = _mean(update, mdp, q, buffer, size, step_size, _chances(buffer, priorities), None)
    subsets = [update(mdp, q, list(batch), step_size) for batch in combinations(_members(buffer), size)]
    without = [equal(sum(subsets, q * 0) / len(subsets), whole)] if subsets else []
    return all_of([equal(drawn, whole), *without])


for _mutant in (minibatch.last_of_a_pair, minibatch.one_after_the_other, minibatch.sum_in_place_of_mean):
    sample_batch_limit.refutes(_mutant, by=batches_average_to_the_buffer)
sample_batch_limit.fails_without(uniform_batches, by=batches_average_to_the_buffer, priorities=_priorities)


@sample_batch_limit.too_strong(beside=batches_average_to_the_buffer)
def every_batch_is_the_buffer(
    update: Any, mdp: FiniteMDP, q: Array, buffer: Path, size: int, step_size: Scalar, priorities: tuple[int, ...]
) -> Relation:
    """It is an average: a single batch moves the table elsewhere."""
    whole = _whole_buffer(mdp, q, buffer, step_size)
    return all_of([equal(update(mdp, q, list(b), step_size), whole) for b in combinations(_members(buffer), size)])


@sample_batch_limit.enumerated(
    mdp=_models, q=tables, buffer=_buffers, size=_sizes, step_size=step_sizes(), priorities=_priorities
)
def importance_weights_make_up_for_priorities(
    update: Any, mdp: FiniteMDP, q: Array, buffer: Path, size: int, step_size: Scalar, priorities: tuple[int, ...]
) -> Relation:
    """Drawn with probabilities p_i, members weighted by 1 / (n p_i) average to the buffer again."""
    chances = _chances(buffer, priorities)
    weights = [1 / (len(buffer) * chance) for chance in chances]
    whole = _whole_buffer(mdp, q, buffer, step_size)
    return equal(_mean(update, mdp, q, buffer, size, step_size, chances, weights), whole)


sample_batch_limit.refutes(minibatch.weights_left_out, by=importance_weights_make_up_for_priorities)
sample_batch_limit.refutes(minibatch.last_of_a_pair, by=importance_weights_make_up_for_priorities)


def _empirical(mdp: FiniteMDP, buffer: Path) -> FiniteMDP:
    """The model with the buffer's relative frequencies at the pairs that it holds."""
    probability = mdp.probability.copy()
    outcomes = [outcome for _, outcome in _members(buffer)]
    for pair in {pair for pair, _ in _members(buffer)}:
        row = list(mdp.outcomes_of(pair))
        seen = [outcomes.count(k) for k in row]
        probability[row] = [fmpq(count, sum(seen)) for count in seen]
    return replace(mdp, probability=probability)


@sample_batch_limit.exact(mdp=_models, q=tables, buffer=_buffers, step_size=step_sizes())
def buffer_leads_to_its_own_model(update: Any, mdp: FiniteMDP, q: Array, buffer: Path, step_size: Scalar) -> Relation:
    """With the whole buffer as the batch, each pair moves towards T_hat by its share of the buffer."""
    pairs = [pair for pair, _ in _members(buffer)]
    share = exact_array(fmpq(pairs.count(x), len(pairs)) for x in range(mdp.n_pairs))
    towards = backup(_empirical(mdp, buffer), q)
    return equal(update(mdp, q, _members(buffer), step_size), q + step_size * share * (towards - q))


for _mutant in (minibatch.last_of_a_pair, minibatch.one_after_the_other, minibatch.sum_in_place_of_mean):
    sample_batch_limit.refutes(_mutant, by=buffer_leads_to_its_own_model)


@sample_batch_limit.too_strong(beside=buffer_leads_to_its_own_model)
def buffer_leads_to_the_model(update: Any, mdp: FiniteMDP, q: Array, buffer: Path, step_size: Scalar) -> Relation:
    """A buffer holds some outcomes more often than the model has them, and others never."""
    pairs = [pair for pair, _ in _members(buffer)]
    share = exact_array(fmpq(pairs.count(x), len(pairs)) for x in range(mdp.n_pairs))
    moved = update(mdp, q, _members(buffer), step_size)
    return equal(moved, q + step_size * share * (backup(mdp, q) - q))
