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

*Weights.* If 0 < alpha_k <= 1 and 1 / alpha_k - 1 / alpha_{k-1} <= 1, then v_k <= alpha_{k-1}: v_1 = alpha_0^2, and
v_{k+1} <= (1 - alpha_k)^2 alpha_{k-1} + alpha_k^2 <= (1 - alpha_k) alpha_k + alpha_k^2. Constant steps even have
v_k <= alpha / (2 - alpha). *Corollaries*, for the given n:

    alpha_k = 1 / (1 + (1 - gamma)(k + 1)):  ||Q_n - q*|| <= D_0 / m + Lambda (1 + gamma) / (1 - gamma) sqrt(L / (2 m)),
                                             with m = 1 + (1 - gamma) n;
    alpha_k = alpha:  ||Q_n - q*|| <= (1 - (1 - gamma) alpha)^n D_0
                                      + Lambda / (1 - gamma) sqrt(alpha L / (2 (2 - alpha))).

For the first, 1 - (1 - gamma) alpha_k = alpha_k / alpha_{k-1} telescopes and sum over k < n of (1 + (1 - gamma)
k)^(-1/2) is at most 2 sqrt(m) / (1 - gamma); for the second, sum the geometric series.

The bounds are loose by a factor of 5 to 50, so each of their terms has a control of its own: (1) is checked on every
path, exactly, with the noise that the path had; the bias term is attained by a single deterministic loop; the weights
are read off the learner itself; and only the probability is left to statistics.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, to_floats
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
    terminal_value_zero,
)
from ..bounds import largest_value, noise_range, noise_weights, rounding_bound, synchronous_bias, synchronous_bound
from ..claim import Claim, cite
from ..definitions import optimal_values, state_values
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

finite_time_synchronous = Claim(
    id="q-learning.finite-time-synchronous",
    title="With probability 1 - delta a synchronous run is within an explicit bound of q* at every step",
    statement=r"P\bigl(\forall k \le n:\ \lVert Q_k - q^* \rVert_\infty \le D_k + \Lambda\sqrt{v_k L/2}\bigr)"
    r" \ge 1 - \delta",
    subject="synchronous-run",
    needs=(
        finite,
        discounted,
        terminal_value_zero,
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


@tied_to("pair")
def _tables_or_best(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Any table, or q*, from where all error is noise."""
    return st.one_of(st.just(optimal_values(mdp)), tables(mdp))


@tied_to("synchronous_path")
def _longer_paths(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    return synchronous_paths(mdp).map(lambda path: (np.tile(path[0], 3), np.tile(path[1], (3, 1))))


@finite_time_synchronous.pathwise(mdp=mdps(max_states=3), q=_tables_or_best, path=_longer_paths)
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


@finite_time_synchronous.exact(mdp=_coin, schedule=st.one_of(_CONSTANT, _RESCALED, st.just(Linear())))
def weights_shrink_with_the_steps(run: Any, mdp: FiniteMDP, schedule: StepSize) -> Relation:
    """The weight of sample i in Q_k is Q_k after a reward of 1 at i alone: the squares sum to v_k <= alpha_{k-1}."""
    steps = [schedule(k) for k in range(_LENGTH)]
    impulses = [[[int(i == k)] for k in range(_LENGTH)] for i in range(_LENGTH)]
    weights = [[table[0] for table in run(mdp, mdp.table(0), steps, outcomes)] for outcomes in impulses]
    squares = [sum((row[k] * row[k] for row in weights), fmpq(0)) for k in range(_LENGTH + 1)]
    return all_of([equal(squares, list(noise_weights(steps))), at_most(squares[1:], steps)])


finite_time_synchronous.refutes(learners.synchronous(learners.doubled_step), by=weights_shrink_with_the_steps)


@finite_time_synchronous.too_strong(beside=weights_shrink_with_the_steps)
def weights_shrink_twice_as_fast(run: Any, mdp: FiniteMDP, schedule: StepSize) -> Relation:
    """alpha / 2, the first-order value for small constant steps, is below v_k for larger ones."""
    steps = [schedule(k) for k in range(_LENGTH)]
    return at_most(list(noise_weights(steps))[1:], [step / 2 for step in steps])


# -------------------------------------------------------------------- the corollaries


def _theorem(steps: list[fmpq], discount: fmpq, noise: arb, initial_error: fmpq) -> arb:
    """D_n + tau_n in ball arithmetic, where `noise` is Lambda sqrt(L / 2)."""
    tau = [noise * arb(v).sqrt() for v in noise_weights(steps)]
    *_, bias = synchronous_bias([arb(step) for step in steps], arb(discount), arb(initial_error), tau)
    return bias + tau[-1]


def _corollary(schedule: StepSize, n: int, discount: fmpq, noise: arb, initial_error: fmpq) -> arb:
    if isinstance(schedule, Constant):
        alpha = schedule.value
        spread = arb(alpha / (2 - alpha)).sqrt() / arb(1 - discount)
        return arb((1 - (1 - discount) * alpha) ** n * initial_error) + noise * spread
    m = 1 + (1 - discount) * n
    return arb(initial_error / m) + noise * arb((1 + discount) / (1 - discount)) / arb(m).sqrt()


def _schedules_with_a_corollary(discount: fmpq) -> st.SearchStrategy[StepSize]:
    return st.one_of(st.just(RescaledLinear(discount)), _CONSTANT)


_DISCOUNTS = st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10))
_LENGTHS = st.integers(1, 60)


@finite_time_synchronous.exact(
    discount=_DISCOUNTS,
    schedule=_schedules_with_a_corollary,
    n=_LENGTHS,
    initial_error=st.integers(0, 9).map(fmpq),
    noise=st.integers(0, 9).map(fmpq),
)
def corollaries_follow(
    run: Any, discount: fmpq, schedule: StepSize, n: int, initial_error: fmpq, noise: fmpq
) -> Relation:
    """D_n + tau_n is at most the corollary's formula, with roots in ball arithmetic; a relative 2^-40 allows equality.

    On the loop without noise the learner itself is at most the formula.
    """
    steps = [schedule(k) for k in range(n)]
    loop = self_loop(reward=0, discount=discount)
    *_, last = run(loop, exact_array([initial_error]), steps, [[0]] * n)
    closed = _corollary(schedule, n, discount, arb(noise), initial_error)
    slack = 1 + arb(2) ** -40
    return all_of(
        [
            at_most(_theorem(steps, discount, arb(noise), initial_error), closed * slack),
            at_most(arb(abs(last[0])), _corollary(schedule, n, discount, arb(0), initial_error) * slack),
        ]
    )


finite_time_synchronous.refutes(learners.synchronous(learners.undiscounted_target), by=corollaries_follow)


@finite_time_synchronous.too_strong(beside=corollaries_follow)
def noise_floor_is_first_order(
    run: Any, discount: fmpq, schedule: StepSize, n: int, initial_error: fmpq, noise: fmpq
) -> Relation:
    """alpha / 2 in place of alpha / (2 - alpha), and no 1 + gamma: the formulas' constants are needed."""
    steps = [schedule(k) for k in range(n)]
    if isinstance(schedule, Constant):
        spread = arb(schedule.value / 2).sqrt() / arb(1 - discount)
        closed = arb((1 - (1 - discount) * schedule.value) ** n * initial_error) + arb(noise) * spread
    else:
        m = 1 + (1 - discount) * n
        closed = arb(initial_error / m) + arb(noise) / arb(m).sqrt()
    return at_most(_theorem(steps, discount, arb(noise), initial_error), closed)


# -------------------------------------------------------------------- the probability


def _crossroads() -> FiniteMDP:
    """Two states whose rewards are deterministic and whose transitions are not, with dyadic numbers throughout."""
    either = [("1/2", 1, 0), ("1/2", 1, 1)]
    return FiniteMDP.from_pairs(
        2, [(0, 0, either), (0, 1, [(1, "1/2", 0)]), (1, 0, [("3/4", 0, 0), ("1/4", 0, 1)])], "1/2"
    )


_REPLICAS = 10
_STEPS = 400


def _zero(mdp: FiniteMDP) -> Array:
    return mdp.table(0)


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
    mdp=_crossroads,
    q=_zero,
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
