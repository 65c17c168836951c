r"""Choosing by one set of estimates and valuing by another does not overestimate; it may underestimate.

.. math:: \mathbb E\bigl[\hat Q^B(\hat a)\bigr] = \sum_a P(\hat a = a)\, Q(a) \le \max_a Q(a), \qquad
          \hat Q^A(\hat a) = \max_a \hat Q^A(a)

for Q^B independent of Q^A, and unbiased: the mean of Q^B(a) is Q(a).

Why: given Q^A the action is given, and Q^B, which knows nothing of it, has the mean Q there. So the double estimate is
an unbiased estimate of the value of the action that is chosen; that action is sometimes not the best.

In numbers: two actions with the means 1 and 3/4: the first is estimated at 0 or 2, the second at 1/2 or 1, each with
probability 1/2 and all independently. The largest mean is 1. The largest estimate is 11/8 on average, too large by
3/8; the double estimate is 7/8, too small by 1/8.

Both conditions matter. With one set of estimates in both places it is the single estimator. The target network of
Double DQN is an older copy of the network that chooses: the two are not independent, and the statement says nothing
of it.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.double_q import Ties
from bellcheck.mdp.strategies import tied_to

from ..assumptions import independent_estimates, unbiased_estimates
from ..claim import Claim, cite
from ..mutants import deep_q as mutants
from ..relation import Relation, all_of, at_most, equal

double_estimator = Claim(
    id="deep-q.double-estimator",
    title="A double estimate has the mean value of the chosen action, which is at most the largest mean",
    statement=r"\mathbb E[\hat Q^B(\hat a)] = \textstyle\sum_a P(\hat a = a)\, Q(a) \le \max_a Q(a),"
    r"\quad \hat Q^A(\hat a) = \max_a \hat Q^A(a)",
    subject="double-estimator",
    needs=(independent_estimates, unbiased_estimates),
    sources=(cite("vanhasselt2010"),),
)

_ACTIONS = 3


@tied_to("numbers")
@st.composite
def _samples(draw: st.DrawFn) -> Array:
    """Two or three equally likely samples (rows) of estimates of three actions."""
    size = draw(st.integers(2, 3)) * _ACTIONS
    return exact_array(draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))).reshape(-1, _ACTIONS)


def _means(samples: Array) -> Array:
    return samples.sum(axis=0) / len(samples)


def _chances_of_choice(chooser: Array, ties: Ties) -> Array:
    """The probability with which each action is chosen, written out."""
    chances = exact_array([0] * chooser.shape[1])
    for row in chooser:
        best = [a for a, x in enumerate(row) if x == max(row)]
        for a in best if ties == "split" else best[:1]:
            chances[a] += fmpq(1, len(chooser) * (len(best) if ties == "split" else 1))
    return chances


def _mean_estimate(estimate: Any, chooser: Array, values: Array, ties: Ties, one_sample: bool) -> Scalar:
    """The mean of the double estimate over both samples; with `one_sample` they are the same one."""
    rows = list(zip(chooser, chooser, strict=True)) if one_sample else list(product(chooser, values))
    return sum((estimate(a, b, ties) for a, b in rows), fmpq(0)) / len(rows)


@double_estimator.enumerated(
    chooser=_samples(), values=_samples(), ties=st.sampled_from(["lowest", "split"]), one_sample=False, bias=0
)
def mean_is_that_of_the_chosen_action(
    estimate: Any, chooser: Array, values: Array, ties: Ties, one_sample: bool, bias: int
) -> Relation:
    """Over all pairs of samples; `bias` is what every entry of the second sample is too large by."""
    true = _means(chooser if one_sample else values)
    mean = _mean_estimate(estimate, chooser, values + bias, ties, one_sample)
    return all_of([equal(mean, _chances_of_choice(chooser, ties) @ true), at_most(mean, max(true))])


for _mutant in (mutants.one_sample_for_both, mutants.chosen_by_the_second, mutants.larger_of_both):
    double_estimator.refutes(_mutant, by=mean_is_that_of_the_chosen_action)
double_estimator.fails_without(independent_estimates, by=mean_is_that_of_the_chosen_action, one_sample=True)
double_estimator.fails_without(unbiased_estimates, by=mean_is_that_of_the_chosen_action, bias=1)
double_estimator.attained(
    "the chooser is never wrong",
    by=mean_is_that_of_the_chosen_action,
    chooser=exact_array([2, 0, 0, 3, 0, 1]).reshape(2, 3),
    values=exact_array([1, 0, 0, 4, 1, 0]).reshape(2, 3),
    ties="lowest",
)


@double_estimator.too_strong(beside=mean_is_that_of_the_chosen_action)
def double_estimates_are_unbiased(
    estimate: Any, chooser: Array, values: Array, ties: Ties, one_sample: bool, bias: int
) -> Relation:
    """For the largest mean they are too small wherever the chooser may be wrong."""
    return equal(_mean_estimate(estimate, chooser, values, ties, False), max(_means(values)))


_FIXTURE = exact_array(["0", "1/2", "0", "1", "2", "1/2", "2", "1"]).reshape(4, 2)
"""The first action is estimated at 0 or 2 and the second at 1/2 or 1, in all four combinations."""


@double_estimator.fixture(samples=_FIXTURE)
def single_mean_and_double_in_numbers(estimate: Any, samples: Array) -> Relation:
    """The single estimator 11/8, the largest mean 1, the double estimator 7/8."""
    single = sum((estimate(row, row, "lowest") for row in samples), fmpq(0)) / len(samples)
    double = _mean_estimate(estimate, samples, samples, "lowest", False)
    return equal([single, max(_means(samples)), double], exact_array(["11/8", "1", "7/8"]))


for _mutant in (mutants.one_sample_for_both, mutants.chosen_by_the_second, mutants.larger_of_both):
    double_estimator.refutes(_mutant, by=single_mean_and_double_in_numbers)
