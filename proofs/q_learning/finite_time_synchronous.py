r"""With probability 1 - delta a synchronous run is near q* at every k up to n, within a bound of known constants.

.. math:: \lVert Q_k - q^* \rVert_\infty \le D_k + \tau_k, \qquad \tau_k = \Lambda \sqrt{v_k L / 2},\quad
          L = \ln \frac{2 N n}{\delta}

    v_0 = 0,\ v_{k+1} = (1 - \alpha_k)^2 v_k + \alpha_k^2, \qquad
    D_0 = \lVert Q_0 - q^* \rVert,\ D_{k+1} = (1 - (1 - \gamma)\alpha_k) D_k + \gamma \alpha_k \tau_k

N is the number of pairs and Lambda the range of the noise: the largest over x of the largest minus the smallest
r + gamma v*(s') that p(. | x) makes possible. Any steps in [0, 1] will do that do not depend on the samples.

Proof. Let e_k(x) = r_k + gamma v*(s'_k) - q*(x), of mean 0, independent over k, in an interval of length Lambda, and
W_{k+1} = (1 - alpha_k) W_k + alpha_k e_k from W_0 = 0. (1) *On every path*, with U_k = ||Q_k - q* - W_k||,

    U_{k+1} <= (1 - alpha_k) U_k + gamma alpha_k (U_k + ||W_k||),

because Q_{k+1} - q* - W_{k+1} = (1 - alpha_k)(Q_k - q* - W_k) + gamma alpha_k (V_{Q_k}(s') - v*(s')), the maximum is
nonexpansive, and ||Q_k - q*|| <= U_k + ||W_k||. (2) W_k(x) is a sum of the e_i(x) with weights whose squares add up to
v_k, so Hoeffding gives P(|W_k(x)| > tau_k) <= 2 exp(-2 tau_k^2 / (Lambda^2 v_k)) = delta / (N n). (3) Unless one of
these N n events happens, U_k <= D_k by (1), and the error is at most U_k + ||W_k||. QED. Independence across pairs was
not used, and only q* enters Lambda: the iterates need not be bounded in advance.

For two step sizes both terms are closed formulas (q-learning.finite-time-corollaries).

The bound is loose by a factor of 5 to 50 in sampled runs, so each of its parts has a control of its own: (1) is checked
on every path, exactly, with the noise that the path had; the bias term is attained by a single deterministic loop; the
weights are read off the learner itself. What is left is probability: at one pair all sequences of samples are listed,
and six tosses of a coin use 1/28 of the allowed delta; on larger models it is left to statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm, to_floats
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import sample_outcomes
from bellcheck.mdp.step_size import Constant, Linear, Polynomial, RescaledLinear, StepSize
from bellcheck.mdp.strategies import mdps, synchronous_paths, tables, tied_to

from ..assumptions import (
    deterministic_steps,
    discounted,
    finite,
    independent_samples,
    joint_sampling,
    steps_in_unit_interval,
)
from ..bounds import largest_value, noise_range, noise_weights, rounding_bound, synchronous_bias, synchronous_bound
from ..claim import Claim, cite
from ..definitions import optimal_values, state_values
from ..mutants import learners
from ..mutants.simulators import separate_marginals_of
from ..relation import Relation, all_of, at_most, equal
from ..runs import optimal_or_any
from ..sampled import crossroads, zero_table

finite_time_synchronous = Claim(
    id="q-learning.finite-time-synchronous",
    title="With probability 1 - delta a synchronous run is within an explicit bound of q* at every step",
    statement=r"P\bigl(\forall k \le n:\ \lVert Q_k - q^* \rVert_\infty \le D_k + \Lambda\sqrt{v_k L/2}\bigr)"
    r" \ge 1 - \delta",
    subject="synchronous-run",
    needs=(
        finite,
        discounted,
        steps_in_unit_interval,
        deterministic_steps,
        independent_samples,
        joint_sampling,
    ),
    uses=(
        "bellman.max-nonexpansive",
        "bellman.fixed-point-optimal",
        "q-learning.float-budget",
        "q-learning.noise-sandwich",
    ),
    sources=(cite("wainwright2019"), cite("hoeffding1963"), cite("evendar2003")),
)

Path = tuple[Array, np.ndarray]


# -------------------------------------------------------------------- on every path


def _noise(mdp: FiniteMDP, best: Array, path: Path) -> list[Array]:
    """W_0, ..., W_n of a path."""
    v = state_values(mdp, best)
    noise = [mdp.table(0)]
    for step_size, row in zip(*path, strict=True):
        sample = mdp.reward[row] + mdp.discount * v[mdp.next_state[row]] - best
        noise.append((1 - step_size) * noise[-1] + step_size * sample)
    return noise


@tied_to("synchronous_path")
def _longer_paths(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    return synchronous_paths(mdp).map(lambda path: (np.tile(path[0], 3), np.tile(path[1], (3, 1))))


@finite_time_synchronous.pathwise(mdp=mdps(max_states=3), q=optimal_or_any, path=_longer_paths)
def noise_carries_the_error(run: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """On any path, with tau_k = ||W_k|| of that path: the error of every table is at most D_k + tau_k."""
    best = optimal_values(mdp)
    noise = [max_norm(w) for w in _noise(mdp, best, path)]
    bias = synchronous_bias(path[0], mdp.discount, max_norm(q - best), noise)
    errors = [max_norm(table - best) for table in run(mdp, q, *path)]
    return at_most(errors, [d + tau for d, tau in zip(bias, noise, strict=True)])


for _mutant in (
    learners.undiscounted_target,
    learners.sum_over_actions,
    learners.doubled_step,
):
    finite_time_synchronous.refutes(learners.synchronous(_mutant), by=noise_carries_the_error)
finite_time_synchronous.attained(
    "one deterministic loop, at every step",
    by=noise_carries_the_error,
    mdp=self_loop,
    q=lambda: exact_array([0]),
    path=lambda: (exact_array(["1/2", 1, "1/3"]), np.zeros((3, 1), dtype=int)),
)


@tied_to("synchronous_path")
def _paths_with_steps_of_two(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    return synchronous_paths(mdp).map(lambda path: (0 * path[0] + 2, path[1]))


finite_time_synchronous.fails_without(steps_in_unit_interval, by=noise_carries_the_error, path=_paths_with_steps_of_two)
finite_time_synchronous.kept(
    discounted,
    because="The proof asks that q* = T q*, and the discount that there be one such table. At discount 1 a loop that"
    " pays 1 has none; where one exists the proof holds, and the bound never falls below D_0.",
)
finite_time_synchronous.kept(
    finite,
    because="Only finite models can be written down here. The bound itself grows with the logarithm of the number of"
    " pairs.",
)


def _with_coins(mdp: FiniteMDP) -> FiniteMDP:
    """Toss a coin for 1 or -1 beside every reward."""

    def outcomes(x: int) -> list[tuple[fmpq, fmpq, int]]:
        return [
            (mdp.probability[k] / 2, mdp.reward[k] + coin, int(mdp.next_state[k]))
            for k in mdp.outcomes_of(x)
            for coin in (1, -1)
        ]

    pairs = [(int(mdp.pair_state[x]), int(mdp.pair_action[x]), outcomes(x)) for x in range(mdp.n_pairs)]
    return FiniteMDP.from_pairs(mdp.n_states, pairs, mdp.discount)


@finite_time_synchronous.too_strong(
    beside=noise_carries_the_error, mdp=mdps(max_states=2, terminal=False).map(_with_coins)
)
def noise_is_not_fed_back(run: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """The noise of one step is bootstrapped from in the next: without the term gamma alpha tau the bound fails."""
    best = optimal_values(mdp)
    noise = [max_norm(w) for w in _noise(mdp, best, path)]
    bias = synchronous_bias(path[0], mdp.discount, max_norm(q - best), [fmpq(0)] * len(noise))
    errors = [max_norm(table - best) for table in run(mdp, q, *path)]
    return at_most(errors, [d + tau for d, tau in zip(bias, noise, strict=True)])


# -------------------------------------------------------------------- the bias and the weights, exactly


_CONSTANT = st.integers(1, 60).map(lambda sixtieths: Constant(fmpq(sixtieths, 60)))
_RESCALED = st.integers(0, 59).map(lambda sixtieths: RescaledLinear(fmpq(sixtieths, 60)))
_SCHEDULES = st.one_of(_CONSTANT, _RESCALED, st.just(Linear()), st.just(Polynomial(fmpq(2))))


_loops = mdps(max_states=1, max_actions=1, max_outcomes=1, terminal=False)
_LENGTH = 8


@finite_time_synchronous.exact(mdp=_loops, q=tables, schedule=_SCHEDULES)
def deterministic_loop_attains_the_bias(run: Any, mdp: FiniteMDP, q: Array, schedule: StepSize) -> Relation:
    """One deterministic loop: no noise, and the error is D_k exactly, a product of factors 1 - (1 - gamma) alpha."""
    steps = [schedule(k) for k in range(_LENGTH)]
    best = mdp.reward / (1 - mdp.discount)
    errors = [max_norm(table - best) for table in run(mdp, q, steps, [[0]] * _LENGTH)]
    return equal(errors, list(synchronous_bias(steps, mdp.discount, max_norm(q - best), [fmpq(0)] * _LENGTH)))


finite_time_synchronous.refutes(
    learners.synchronous(learners.undiscounted_target), by=deterministic_loop_attains_the_bias
)
finite_time_synchronous.refutes(learners.synchronous(learners.doubled_step), by=deterministic_loop_attains_the_bias)


@finite_time_synchronous.too_strong(beside=deterministic_loop_attains_the_bias)
def bias_vanishes_like_an_average(run: Any, mdp: FiniteMDP, q: Array, schedule: StepSize) -> Relation:
    """As if the target did not move: the product of 1 - alpha in place of 1 - (1 - gamma) alpha."""
    steps = [schedule(k) for k in range(_LENGTH)]
    best = mdp.reward / (1 - mdp.discount)
    errors = [max_norm(table - best) for table in run(mdp, q, steps, [[0]] * _LENGTH)]
    return at_most(errors, list(synchronous_bias(steps, fmpq(0), max_norm(q - best), [fmpq(0)] * _LENGTH)))


def _coin() -> FiniteMDP:
    return FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 0)])], 0)


@finite_time_synchronous.exact(mdp=_coin, schedule=_SCHEDULES)
def weights_are_read_off_the_learner(run: Any, mdp: FiniteMDP, schedule: StepSize) -> Relation:
    """The weight of sample i in Q_k is Q_k after a reward of 1 at i alone: the squares sum to v_k."""
    steps = [schedule(k) for k in range(_LENGTH)]
    impulses = [[[int(i == k)] for k in range(_LENGTH)] for i in range(_LENGTH)]
    weights = [[table[0] for table in run(mdp, mdp.table(0), steps, outcomes)] for outcomes in impulses]
    squares = [sum((row[k] * row[k] for row in weights), fmpq(0)) for k in range(_LENGTH + 1)]
    return equal(squares, list(noise_weights(steps)))


finite_time_synchronous.refutes(learners.synchronous(learners.doubled_step), by=weights_are_read_off_the_learner)


# -------------------------------------------------------------------- the probability, over all sequences of samples

_INDEPENDENT, _REPEATED, _RISING, _APART = (
    "independent",
    "one, used at every step",
    "used where they raise the table",
    "r and s' drawn apart",
)


def _stay_or_end() -> FiniteMDP:
    """A coin decides whether a loop pays 1 and goes on, or pays 2 and ends: q* = 2 is the target in either case."""
    return FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 1, 0), ("1/2", 2, 1)])], "1/2")


def _sequences(mdp: FiniteMDP, steps: Array, samples: str) -> Iterator[tuple[fmpq, Array, list[int]]]:
    """Yield the sequences of steps and outcomes of one pair, each with its probability."""
    n, p = len(steps), mdp.probability
    if samples == _REPEATED:
        yield from ((p[k], steps, [k] * n) for k in range(len(p)))
    elif samples == _RISING:
        # A step of 0 changes nothing, so with equal steps only the number of times that the larger outcome came counts.
        for m in range(n + 1):
            yield math.comb(n, m) * p[1] ** m * p[0] ** (n - m), steps * (np.arange(n) < m), [1] * n
    else:
        for path in product(range(len(p)), repeat=n):
            yield math.prod((p[k] for k in path), start=fmpq(1)), steps, list(path)


# Dyadic steps, so that the bound, whose steps are floats, is that of the same steps.
_STEP = st.sampled_from([fmpq(1, 8), fmpq(1, 16), fmpq(1, 4), fmpq(1, 2), fmpq(1)])
_STEPS_OF_A_RUN = st.one_of(
    st.tuples(_STEP, st.integers(5, 7)).map(lambda drawn: exact_array([drawn[0]] * drawn[1])),
    st.lists(_STEP, min_size=1, max_size=6).map(exact_array),
)


@finite_time_synchronous.enumerated(
    mdp=st.sampled_from([_coin(), _stay_or_end()]),
    steps=_STEPS_OF_A_RUN,
    delta=st.sampled_from([0.875, 0.5, 0.125]),
    samples=_INDEPENDENT,
)
def failures_are_as_rare_as_stated(run: Any, mdp: FiniteMDP, steps: Array, delta: float, samples: str) -> Relation:
    """At one pair, from q*: the probability of all sequences with an error beyond the bound is at most delta."""
    best = optimal_values(mdp)
    ranges = noise_range(mdp, state_values(mdp, best))
    played = separate_marginals_of(mdp) if samples == _APART else mdp
    failed = fmpq(0)
    for chance, taken, path in _sequences(played, steps, samples):
        bounds = exact_array(synchronous_bound(to_floats(taken), mdp.discount, 1, ranges, 0, delta))
        errors = exact_array(abs(table[0] - best[0]) for table in run(played, best, taken, [[k] for k in path]))
        failed += chance * bool((errors > bounds).any())
    return at_most(failed, exact(delta))


for _mutant in (learners.undiscounted_target, learners.doubled_step):
    finite_time_synchronous.refutes(learners.synchronous(_mutant), by=failures_are_as_rare_as_stated)
_six_tosses: dict[str, Any] = {"mdp": _coin, "steps": exact_array(["1/8"] * 6), "delta": 0.875}
finite_time_synchronous.attained(
    "six tosses of a coin at step 1/8: all alike with probability 1/32",
    by=failures_are_as_rare_as_stated,
    share="1/28",
    **_six_tosses,
)
finite_time_synchronous.fails_without(
    independent_samples, by=failures_are_as_rare_as_stated, **_six_tosses, samples=_REPEATED
)
finite_time_synchronous.fails_without(
    deterministic_steps,
    by=failures_are_as_rare_as_stated,
    mdp=_coin,
    steps=exact_array(["1/16"] * 24),
    delta=0.5,
    samples=_RISING,
)
finite_time_synchronous.fails_without(
    joint_sampling,
    by=failures_are_as_rare_as_stated,
    mdp=_stay_or_end,
    steps=exact_array([1]),
    delta=0.25,
    samples=_APART,
)


# -------------------------------------------------------------------- the probability, sampled


_REPLICAS = 10
_STEPS = 400


def _sampled_runs(
    run: Any, mdp: FiniteMDP, q: Array, ranges: Array, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """Replicas in binary64 under two schedules, each at its share of delta, beside the bound for noise so ranged."""
    rounded, best = mdp.to_float(), optimal_values(mdp)
    schedules: list[StepSize] = [RescaledLinear(mdp.discount), Constant(fmpq(1, 16))]
    share = false_alarm / (len(schedules) * _REPLICAS)
    # Rounding a run costs the float budget; rounding q* and the difference, less than that of one more update.
    rounding = float(to_floats([rounding_bound(_STEPS + 1, largest_value(mdp, q))])[0])
    relations = []
    for schedule in schedules:
        steps = schedule.floats(_STEPS)
        bounds = synchronous_bound(steps, mdp.discount, mdp.n_pairs, ranges, max_norm(q - best), share) + rounding
        for stream in seed.spawn(_REPLICAS):
            outcomes = sample_outcomes(mdp, np.random.default_rng(stream).random((_STEPS, mdp.n_pairs)))
            seen = np.array(list(run(rounded, to_floats(q), steps, outcomes)))
            errors = np.abs(seen - to_floats(best)).max(axis=1)
            worst = int(np.argmax(errors - bounds))
            relations.append(at_most(errors[worst], bounds[worst]))
    return all_of(relations)


@finite_time_synchronous.statistical(
    false_alarm=1e-9,
    power="on every path: without the discount Q(0, 1) grows by at least 1/32 a sweep at step 1/16, to 12.5, where q* "
    "and the bound are below 2; and from q* the first sweep is off by more than 0, the bound by the rewards",
    mdp=crossroads,
    q=zero_table,
)
def sampled_errors_stay_below_the_bound(
    run: Any, mdp: FiniteMDP, q: Array, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """On sampled outcomes the error of every table is at most D_k + tau_k; where it is largest beside it, shown here.

    All numbers are dyadic, so that the probabilities sampled from are the model's.
    """
    ranges = noise_range(mdp, state_values(mdp, optimal_values(mdp)))
    return _sampled_runs(run, mdp, q, ranges, seed, false_alarm)


finite_time_synchronous.refutes(
    learners.synchronous(learners.undiscounted_target), by=sampled_errors_stay_below_the_bound
)


@finite_time_synchronous.too_strong(beside=sampled_errors_stay_below_the_bound, q=optimal_values)
def noise_is_that_of_the_rewards(
    run: Any, mdp: FiniteMDP, q: Array, seed: np.random.SeedSequence, false_alarm: float
) -> Relation:
    """From q*, with the range of the rewards for Lambda: transitions are noise too, and here the only noise."""
    rewards = [[mdp.reward[k] for k in mdp.outcomes_of(x)] for x in range(mdp.n_pairs)]
    return _sampled_runs(run, mdp, q, exact_array(max(row) - min(row) for row in rewards), seed, false_alarm)
