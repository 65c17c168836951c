r"""Along one epsilon-greedy trajectory a certificate, computed beside the learner, bounds the error of every pair.

Let the step size be a function a(m) of the number m of earlier visits to the pair. Run beside the learner, per pair,

.. math::
    v(x) \leftarrow (1 - a)^2 v(x) + a^2, \qquad \tau(x) = \Lambda(x) \sqrt{v(x) L / 2}, \qquad L = \ln(2 N n / \delta)

    D(x) \leftarrow (1 - a) D(x) + a \gamma \max_y \bigl(D(y) + \tau(y)\bigr)

where x is the visited pair and the old values stand on the right, from v = 0 and D(x) = |Q_0(x) - q*(x)|. With
probability at least 1 - delta, |Q_t(x) - q*(x)| <= D_t(x) + tau_t(x) for all x and all t <= n at once, whatever the
behaviour, its dependence on Q included: Lambda(x) is the range of r + gamma v*(s') over the outcomes of x.

Both D_0 and Lambda need q*: the certificate tests the theory on solved models, it certifies no unknown one.

Proof. Draw for each pair, in advance, a list of independent outcomes, and let the m-th visit use the m-th entry: given
the past the next outcome then has the law p(. | x) it should have, whichever behaviour chose x, so the trajectory has
the law of the controlled chain. Carry the noise e = r + gamma v*(s') - q*(x) of the visits through the steps, W(x) <-
(1 - a) W(x) + a e from 0. After m visits W(x) is a *fixed* function of the list of x, with weights whose squares add up
to v, so by Hoeffding it exceeds tau with probability at most delta / (N n); there are N pairs and at most n visits.
What remains holds on every path: |Q(x) - q*(x) - W(x)| <= D(x), for after an update it is at most (1 - a) |Q(x) - q*(x)
- W(x)| + a gamma max_y |Q(y) - q*(y)|, and |Q(y) - q*(y)| <= D(y) + |W(y)| <= D(y) + tau(y). QED.

Steps by a global clock are outside of the claim: the weights of the m-th visit are then random, for they depend on when
the visits came, and Hoeffding's inequality is not for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact, exact_array, max_norm, to_floats
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.families import garnet
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import Trajectory, bit_for_bit
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.step_size import RescaledLinear
from bellcheck.mdp.strategies import mdps

from ..assumptions import (
    discounted,
    finite,
    independent_samples,
    joint_sampling,
    steps_in_unit_interval,
    visit_steps,
)
from ..bounds import asynchronous_bounds, largest_value, noise_range, rounded_up, rounding_bound, trajectory_certificate
from ..claim import Claim, cite
from ..definitions import optimal_values, state_values
from ..mutants import simulators
from ..relation import Relation, all_of, at_most, equal
from ..runs import optimal_or_any
from ..sampled import crossroads, frozen_lake, lopsided_loop, one_way_to_two, trajectories_beside, zero_table

certificate = Claim(
    id="q-learning.trajectory-certificate",
    title="Along one epsilon-greedy trajectory a computed certificate bounds the error of every pair",
    statement=r"P\bigl(\forall t \le n, x:\ \lvert Q_t(x) - q^*(x) \rvert \le D_t(x) + \tau_t(x)\bigr) \ge 1 - \delta",
    subject="trajectory-run",
    needs=(
        finite,
        discounted,
        steps_in_unit_interval,
        visit_steps,
        independent_samples,
        joint_sampling,
    ),
    uses=(
        "bellman.max-nonexpansive",
        "bellman.fixed-point-optimal",
        "q-learning.float-budget",
        "q-learning.joint-law",
        "q-learning.noise-sandwich",
        "q-learning.finite-time-synchronous",
    ),
    sources=(cite("hoeffding1963"), cite("watkins1992")),
)


# -------------------------------------------------------------------- on every path

_SHORT = 1.0 / np.arange(1, 25)
_TIMES = np.arange(len(_SHORT) + 1)


def _short_run(run: Any, mdp: FiniteMDP, q: Array, entropy: int, **clock: str) -> Trajectory:
    """24 steps with epsilon 1/2 and the linear step size by visits; episodes begin in the first state that acts."""
    first = int(mdp.acting[0])
    start = exact_array([int(state == first) for state in range(mdp.n_states)])
    rng = np.random.default_rng(entropy)
    return run(replace(mdp, start=start), q, _SHORT, 0.5, rng, start_state=first, checkpoints=_TIMES, **clock)


def _plus(rounding: fmpq, bound: Iterable[Any]) -> np.ndarray:
    """Add what rounding costs; as floats that are no smaller, for a rational bound has hundreds of digits."""
    return np.array([rounded_up(exact(entry) + rounding) for entry in bound])


@certificate.pathwise(mdp=mdps(max_states=2), q=optimal_or_any, entropy=st.integers(0, 99))
def noise_carries_the_error(run: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """On any trajectory, with tau(x) = |W(x)| of that trajectory: every error is at most D(x) + tau(x), plus rounding.

    And it is a trajectory: each pair belongs to the state that the outcome before led to, or to the first.
    """
    path = _short_run(run, mdp, q, entropy)
    mdp, q = bit_for_bit(mdp), exact_array(to_floats(q))
    best = optimal_values(mdp)
    v = state_values(mdp, best)
    noise = mdp.table(0)

    def updates() -> Iterator[tuple[int, fmpq, fmpq]]:
        for pair, outcome, step in zip(path.pairs, path.outcomes, exact_array(path.step_sizes), strict=True):
            sample = mdp.reward[outcome] + mdp.discount * v[mdp.next_state[outcome]] - best[pair]
            noise[pair] = (1 - step) * noise[pair] + step * sample
            yield int(pair), step, abs(noise[pair])

    rounding = rounding_bound(len(_SHORT), largest_value(mdp, q))
    bounds = [_plus(rounding, bound) for bound in asynchronous_bounds(updates(), mdp.discount, abs(q - best))]
    reached = mdp.next_state[path.outcomes[:-1]]
    reached = np.where(np.isin(reached, mdp.terminal_states), mdp.acting[0], reached)
    return all_of(
        [
            *(at_most(abs(exact_array(table) - best), bound) for table, bound in zip(path.tables, bounds, strict=True)),
            equal(mdp.pair_state[path.pairs[1:]], reached),
        ]
    )


certificate.refutes(simulators.undiscounted, by=noise_carries_the_error)
_one_loop: dict[str, Any] = {"mdp": self_loop, "q": lambda: exact_array([0]), "entropy": 0}
certificate.attained(
    "one deterministic loop, but for rounding", by=noise_carries_the_error, share="999999/1000000", **_one_loop
)


@certificate.too_strong(beside=noise_carries_the_error)
def errors_never_grow(run: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """Without noise the certificate says that the largest error never grows; with it, it may."""
    path = _short_run(run, mdp, q, entropy)
    mdp, q = bit_for_bit(mdp), exact_array(to_floats(q))
    best = optimal_values(mdp)
    rounding = rounding_bound(len(_SHORT), largest_value(mdp, q))
    return at_most(
        [max_norm(exact_array(table) - best) for table in path.tables], rounded_up(max_norm(q - best) + rounding)
    )


@certificate.pathwise(mdp=mdps(max_states=2, max_outcomes=1), q=optimal_or_any, entropy=st.integers(0, 99), clock="")
def no_luck_is_needed_without_noise(run: Any, mdp: FiniteMDP, q: Array, entropy: int, clock: str) -> Relation:
    """In deterministic models Lambda is 0: the certificate, which counts visits of the pair, holds on every path.

    The learner counts them too, unless it is told to go by another clock.
    """
    path = _short_run(run, mdp, q, entropy, **({"clock": clock} if clock else {}))
    mdp, q = bit_for_bit(mdp), exact_array(to_floats(q))
    best = optimal_values(mdp)
    bounds = trajectory_certificate(path.pairs, _SHORT, mdp.discount, mdp.table(0), abs(q - best), 0.5, _TIMES)
    rounding = rounding_bound(len(_SHORT), largest_value(mdp, q))
    return all_of(
        [
            at_most(abs(exact_array(table) - best), _plus(rounding, bound))
            for table, bound in zip(path.tables, bounds, strict=True)
        ]
    )


certificate.refutes(simulators.one_count_for_all_pairs, by=no_luck_is_needed_without_noise)
certificate.refutes(simulators.sarsa, by=no_luck_is_needed_without_noise)
certificate.attained(
    "one deterministic loop, but for rounding", by=no_luck_is_needed_without_noise, share="999999/1000000", **_one_loop
)
certificate.fails_without(visit_steps, by=no_luck_is_needed_without_noise, clock="global")
certificate.kept(
    steps_in_unit_interval,
    because="The simulators refuse other steps; q-learning.noise-sandwich, all that holds on a path, fails for them.",
)
certificate.kept(
    discounted,
    because="The proof asks that q* = T q*, and the discount that there be one such table; at discount 1 a loop that"
    " pays 1 has none.",
)
certificate.kept(
    finite,
    because="Only finite models can be written down here. The bound itself grows with the logarithm of the number of"
    " pairs.",
)


# -------------------------------------------------------------------- the probability

_REPLICAS = 5
_STEPS = RescaledLinear(fmpq(1, 2)).floats(2000)


def _small_garnet() -> FiniteMDP:
    return garnet(2, 2, 2, "1/2", 7)


def _garnet() -> FiniteMDP:
    return garnet(4, 3, 2, "4/5", 7)


def _itself(mdp: FiniteMDP) -> FiniteMDP:
    return mdp


def _sampled_trajectories(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    ranges: Array,
    seed: np.random.SeedSequence,
    false_alarm: float,
    sampled: FiniteMDP,
    stuck: bool,
) -> Relation:
    """Replicas, each at its share of delta, beside the certificate for noise of these ranges."""

    def certify(
        same_bits: FiniteMDP, best: Array, path: Trajectory, share: float, checkpoints: np.ndarray
    ) -> np.ndarray:
        return trajectory_certificate(path.pairs, _STEPS, same_bits.discount, ranges, abs(q - best), share, checkpoints)

    return trajectories_beside(
        certify,
        run,
        mdp,
        q,
        _STEPS,
        sampled=sampled,
        clock="visits",
        stuck=stuck,
        replicas=_REPLICAS,
        seed=seed,
        false_alarm=false_alarm,
    )


_AS_CLAIMED: dict[str, Any] = {"q": zero_table, "sampled": _itself, "stuck": False}


@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own",
    mdp=frozen_lake,
    **_AS_CLAIMED,
)
@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own",
    mdp=_garnet,
    **_AS_CLAIMED,
)
@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own",
    mdp=_small_garnet,
    **_AS_CLAIMED,
)
@certificate.statistical(
    false_alarm=1e-9,
    power="from q* with the range of the rewards, or without noise, the bound is 0, and the first samples exceed it; "
    "samples that repeat do not depend on chance",
    mdp=crossroads,
    **_AS_CLAIMED,
)
def errors_stay_below_the_certificate(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    sampled: FiniteMDP,
    stuck: bool,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """On sampled trajectories every error is at most the certificate; shown is where it comes closest."""
    same_bits = bit_for_bit(mdp)
    ranges = noise_range(same_bits, state_values(same_bits, policy_iteration(same_bits).q))
    return _sampled_trajectories(run, mdp, q, ranges, seed, false_alarm, sampled, stuck)


# From q* the bound is 0 for ever; half of the visits have a sample that is off by 1/2.
certificate.fails_without(
    joint_sampling,
    by=errors_stay_below_the_certificate,
    mdp=lambda: one_way_to_two("joint"),
    q=optimal_values,
    sampled=lambda: one_way_to_two("product"),
)
# Always the gain: Q comes to 2, where q* is 1/4, and the certificate below 1/2.
certificate.fails_without(
    independent_samples, by=errors_stay_below_the_certificate, mdp=lambda: lopsided_loop("1/8"), stuck=True
)


@certificate.too_strong(beside=errors_stay_below_the_certificate, mdp=crossroads, q=optimal_values)
def noise_is_that_of_the_rewards(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    sampled: FiniteMDP,
    stuck: bool,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """From q*, with the range of the rewards for Lambda(x): transitions are noise too, and here the only noise."""
    rewards = [[mdp.reward[k] for k in mdp.outcomes_of(x)] for x in range(mdp.n_pairs)]
    ranges = exact_array(max(row) - min(row) for row in rewards)
    return _sampled_trajectories(run, mdp, q, ranges, seed, false_alarm, sampled, stuck)
