r"""Along a trajectory an update inherits the error of the successor that came: a sharper certificate of every pair.

Let the step size be a function a(m) of the number m of earlier visits to the pair. Run beside the learner, for the
visited pair x and the successor s' that came, from v = b = w = 0 and D(x) = |Q_0(x) - q*(x)|,

.. math::
    D(x) \leftarrow (1 - a) D(x) + a \gamma \max_{a' \in A(s')} \bigl(D(s', a') + \tau(s', a')\bigr)
        \quad\text{(the maximum is 0 where } s' \text{ is terminal)}

    v \leftarrow (1 - a)^2 v + a^2, \qquad b \leftarrow \max((1 - a) b, a), \qquad w \leftarrow (1 - a) w + a

    \tau = \min\Bigl(\Lambda \sqrt{v L / 2},\ \ \tfrac{1}{3} b M L + \sqrt{(\tfrac{1}{3} b M L)^2 + 2 \sigma^2 v L},
        \ \ M w\Bigr), \qquad L = \ln(2 N n / \delta)

where v, b, w, tau, Lambda, sigma^2 and M are those of the pair: the range, the variance and the largest absolute value
of its noise e = r + gamma v*(s') - q*(x); N counts the pairs with any. With probability at least 1 - delta, |Q_t(x) -
q*(x)| <= D_t(x) + tau_t(x) for all x and all t <= n at once, whatever the behaviour, its dependence on Q included.

Like the older certificate it needs q*: it tests the theory on solved models, it certifies no unknown one.

Proof. (1) *On every path*, with W(x) <- (1 - a) W(x) + a e the noise of the visits carried along: |Q(x) - q*(x) -
W(x)| <= D(x) if |W| <= tau at all times. For after an update it is (1 - a) (Q(x) - q*(x) - W(x)) + a gamma (V_Q(s') -
v*(s')), and |V_Q(s') - v*(s')| <= max over a' in A(s') of |Q - q*|(s', a'), since a maximum is nonexpansive; both
values are 0 if s' is terminal; and |Q - q*|(y) <= D(y) + |W(y)|.

(2) *The noise.* As in q-learning.trajectory-certificate the m-th visit of x may use the m-th entry of a list of
independent outcomes drawn in advance, so W(x) after m visits is a sum of m independent terms c_i e_i with fixed weights
whose squares sum to v, whose maximum is b and whose sum is w. Three bounds hold. Hoeffding: P(|W| > t) <= 2 exp(-2 t^2
/ (Lambda^2 v)). Bernstein: the terms have |c_i e_i| <= b M and variances that add up to sigma^2 v, so P(|W| > t) <=
2 exp(-t^2 / (2 (sigma^2 v + b M t / 3))), which is 2 exp(-L) at the second threshold, the root of t^2 = 2 L sigma^2 v +
2 L b M t / 3. And |W| <= M w always. Which threshold is least is a matter of x and m alone, not of the samples, so it
may be chosen: P(|W| > tau) <= 2 exp(-L) = delta / (N n). There are at most n visits of each of N pairs with noise. QED.

It is never above the older certificate: none of its three changes (the successor for all pairs, the least of three
thresholds, pairs without noise not counted) makes anything larger, and both recursions increase with what they are
given. The third threshold matters most where a pair is visited rarely: Hoeffding's, at L = 30, exceeds the whole range
of the noise until v < 1/15, and what a certificate inherits then it forgets only slowly.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, to_floats
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.examples import self_loop, two_arms, two_state_cycle
from bellcheck.mdp.families import garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_asynchronous
from bellcheck.mdp.simulation import Trajectory
from bellcheck.mdp.step_size import Clock, RescaledLinear
from bellcheck.mdp.strategies import mdps, paths, step_sizes, tables

from ..assumptions import (
    discounted,
    finite,
    independent_samples,
    joint_sampling,
    steps_in_unit_interval,
    visit_steps,
)
from ..bounds import asynchronous_bounds
from ..claim import Claim, cite
from ..definitions import optimal_values
from ..mutants import certificates
from ..relation import Relation, all_of, at_most, less_than
from ..runs import optimal_or_any
from ..sampled import crossroads, frozen_lake, lopsided_loop, one_way_to_two, trajectories_beside, zero_table
from ..sharper_bounds import noise_at, successor_certificate

certificate = Claim(
    id="q-learning.successor-certificate",
    title="Along a trajectory an update inherits the error of the successor that came: a sharper certificate",
    statement=r"P\bigl(\forall t \le n, x:\ \lvert Q_t(x) - q^*(x) \rvert \le D_t(x) + \tau_t(x)\bigr) \ge 1 - \delta,"
    r"\quad D(x) \leftarrow (1 - a) D(x) + a \gamma \max_{a' \in A(s')} \bigl(D + \tau\bigr)(s', a')",
    subject="trajectory-run",
    needs=(finite, discounted, steps_in_unit_interval, visit_steps, independent_samples, joint_sampling),
    uses=(
        "bellman.max-nonexpansive",
        "bellman.fixed-point-optimal",
        "q-learning.float-budget",
        "q-learning.noise-sandwich",
        "q-learning.trajectory-certificate",
    ),
    sources=(cite("hoeffding1963"), cite("boucheron2013"), cite("watkins1992")),
)
certificate.kept(
    finite,
    because="Only finite models can be written down. With infinitely many pairs the union over pairs and visits is "
    "infinite, and so is L.",
)
certificate.kept(
    discounted,
    because="At discount 1 q* need not exist, as on a loop that pays 1. Where T has a fixed point every step of the "
    "proof goes through; the certificate only need not shrink.",
)

Path = tuple[tuple[int, int, Scalar], ...]


# -------------------------------------------------------------------- on every path


def _updates(mdp: FiniteMDP, best: Array, path: Path) -> list[tuple[int, range, Scalar, fmpq]]:
    """The pair, the pairs of its successor, the step, and |W| of the pair thereafter."""
    v = state_values(mdp, best)
    noise = mdp.table(0)
    updates = []
    for pair, outcome, step in path:
        state = int(mdp.next_state[outcome])
        sample = mdp.reward[outcome] + mdp.discount * v[state] - best[pair]
        noise[pair] = (1 - step) * noise[pair] + step * sample
        updates.append((pair, mdp.pairs_of(state), step, abs(noise[pair])))
    return updates


@certificate.pathwise(of="successor-bounds", mdp=mdps(max_states=2, max_actions=2), q=optimal_or_any, path=paths)
def the_successor_carries_the_error(bounds: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """On any path, with tau(x) = |W(x)| of that path: every error of the learner is at most D(x) + tau(x)."""
    best = optimal_values(mdp)
    known = bounds(_updates(mdp, best, path), mdp.discount, abs(q - best))
    # The list of bounds is changed in place: compare it before the next update.
    return all_of(
        [
            at_most(abs(table - best), exact_array(bound))
            for table, bound in zip(run_asynchronous(mdp, q, path), known, strict=True)
        ]
    )


certificate.refutes(certificates.own_noise_only, by=the_successor_carries_the_error)


@certificate.too_strong(
    beside=the_successor_carries_the_error,
    mdp=lambda: two_arms("1/2"),
    q=lambda: exact_array([3, 6]),
    path=lambda: ((0, 0, fmpq(1)),),
)
def first_action_of_the_successor_is_enough(bounds: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """The table (3, 6) is off q* = (3, 4) at the second arm only, from where the first arm inherits its error."""
    best = optimal_values(mdp)
    updates = [(pair, following[:1], step, tau) for pair, following, step, tau in _updates(mdp, best, path)]
    *_, known = bounds(updates, mdp.discount, abs(q - best))
    *_, table = run_asynchronous(mdp, q, path)
    return at_most(abs(table - best), exact_array(known))


def _loop() -> FiniteMDP:
    return self_loop(reward=1, discount="1/2")


certificate.attained(
    "a loop without noise",
    by=the_successor_carries_the_error,
    mdp=_loop,
    q=lambda: exact_array([0]),
    path=lambda: ((0, 0, fmpq(1, 2)), (0, 0, fmpq(1, 3))),
)
certificate.fails_without(
    steps_in_unit_interval,
    by=the_successor_carries_the_error,
    mdp=lambda: self_loop(reward=1, discount=0),
    q=lambda: exact_array([0]),
    path=lambda: ((0, 0, fmpq(3)),),
)


def _beside_the_older(bounds: Any, mdp: FiniteMDP, q: Array, path: Path) -> tuple[Array, Array]:
    """The bounds of this recursion along a path and those of the older one, for the same noise."""
    best = optimal_values(mdp)
    updates = _updates(mdp, best, path)
    new = bounds(updates, mdp.discount, abs(q - best))
    old = asynchronous_bounds(((pair, step, tau) for pair, _, step, tau in updates), mdp.discount, abs(q - best))
    # The lists of bounds are changed in place: copy each before the next update.
    newer, older = (np.concatenate([exact_array(bound) for bound in known]) for known in (new, old))
    return newer, older


@certificate.pathwise(of="successor-bounds", mdp=mdps(max_states=2), q=tables, path=paths)
def never_above_the_older_certificate(bounds: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """With the same noise D(x) + tau(x) is at most that of q-learning.trajectory-certificate, at every pair, always."""
    return at_most(*_beside_the_older(bounds, mdp, q, path))


@certificate.too_strong(beside=never_above_the_older_certificate)
def always_below_the_older_certificate(bounds: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """Where the successor is the worst pair the two are equal."""
    return less_than(*_beside_the_older(bounds, mdp, q, path))


certificate.attained(
    "a loop, whose successor is its only pair",
    by=never_above_the_older_certificate,
    mdp=_loop,
    q=lambda: exact_array([0]),
    path=lambda: ((0, 0, fmpq(1, 2)),),
)


# -------------------------------------------------------------------- the noise of one pair


_LOGARITHMS = st.integers(3, 24).map(lambda quarters: fmpq(quarters, 4))


@certificate.enumerated(
    of="noise-thresholds",
    mdp=st.integers(2, 40).map(lambda k: lopsided_loop(fmpq(1, k))),
    steps=st.lists(step_sizes(), min_size=1, max_size=4),
    logarithm=_LOGARITHMS,
)
def noise_exceeds_its_threshold_rarely(thresholds: Any, mdp: FiniteMDP, steps: list[fmpq], logarithm: fmpq) -> Relation:
    """P(|W| > tau) over all outcomes of the visits to a loop is at most 2 exp(-L).

    The threshold, computed in binary64, is enlarged by 2^-40 of itself, and so by more than its roundings.
    """
    (best,) = optimal_values(mdp)
    v = exact_array([best])
    taken = to_floats(steps)
    tau = thresholds(noise_at(mdp, v), taken.tolist(), float(to_floats([logarithm])[0]))(0, len(steps))
    allowed = exact(tau) * (1 + fmpq(1, 2**40))
    often = fmpq(0)
    for outcomes in product(mdp.outcomes_of(0), repeat=len(steps)):
        w, p = fmpq(0), fmpq(1)
        for step, k in zip(exact_array(taken), outcomes, strict=True):
            w = (1 - step) * w + step * (mdp.reward[k] + mdp.discount * best - best)
            p *= mdp.probability[k]
        often += p if abs(w) > allowed else 0
    return at_most(arb(often), 2 * arb(-logarithm).exp())


certificate.refutes(certificates.as_if_normal, by=noise_exceeds_its_threshold_rarely)
certificate.attained(
    "two tosses of a coin, where the bound is below 3/4",
    by=noise_exceeds_its_threshold_rarely,
    share="2/3",
    mdp=lambda: lopsided_loop("1/2"),
    steps=lambda: [fmpq(1), fmpq(1, 2)],
    logarithm=fmpq(99, 100),
)


# -------------------------------------------------------------------- without noise, and the probability


_STEPS = 1000
_REPLICAS = 3


def _garnet() -> FiniteMDP:
    return garnet(4, 3, 2, "4/5", 7)


def _grid() -> FiniteMDP:
    """Six cells, slippery, with a terminal one."""
    return grid(2, 3, "4/5", 7)


def _itself(mdp: FiniteMDP) -> FiniteMDP:
    return mdp


def _sampled(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    sampled: FiniteMDP,
    clock: Clock,
    stuck: bool,
    targets_are_noise: bool,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """Trajectories, each at its share of delta, beside the certificate for noise at v*, or at 0."""
    steps = RescaledLinear(mdp.discount).floats(_STEPS)

    def certify(
        same_bits: FiniteMDP, best: Array, path: Trajectory, share: float, checkpoints: np.ndarray
    ) -> np.ndarray:
        v = state_values(same_bits, best)
        noise = noise_at(same_bits, v if targets_are_noise else 0 * v)
        return successor_certificate(
            same_bits, path.pairs, path.outcomes, steps, noise, abs(q - best), share, checkpoints
        )

    return trajectories_beside(
        certify,
        run,
        mdp,
        q,
        steps,
        sampled=sampled,
        clock=clock,
        stuck=stuck,
        replicas=_REPLICAS,
        seed=seed,
        false_alarm=false_alarm,
    )


@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own",
    mdp=frozen_lake,
    q=zero_table,
    sampled=_itself,
    clock="visits",
    stuck=False,
)
@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own",
    mdp=_grid,
    q=zero_table,
    sampled=_itself,
    clock="visits",
    stuck=False,
)
@certificate.statistical(
    false_alarm=1e-9,
    power="the controls run on models of their own, where the bound is 0 and the first visits exceed it, or the path "
    "does not depend on chance",
    mdp=_garnet,
    q=zero_table,
    sampled=_itself,
    clock="visits",
    stuck=False,
)
def errors_stay_below_the_certificate(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    sampled: FiniteMDP,
    clock: Clock,
    stuck: bool,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """On sampled trajectories every error is at most the certificate; shown is where it comes closest."""
    return _sampled(run, mdp, q, sampled, clock, stuck, True, seed, false_alarm)


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
    independent_samples,
    by=errors_stay_below_the_certificate,
    mdp=lambda: lopsided_loop("1/8"),
    q=zero_table,
    stuck=True,
)
# A cycle without noise: the certificate counts visits, half as many as updates; the learner's error falls more slowly.
certificate.fails_without(
    visit_steps, by=errors_stay_below_the_certificate, mdp=two_state_cycle, q=zero_table, clock="global"
)


@certificate.too_strong(beside=errors_stay_below_the_certificate, mdp=crossroads, q=optimal_values)
def noise_is_that_of_the_rewards(
    run: Any,
    mdp: FiniteMDP,
    q: Array,
    sampled: FiniteMDP,
    clock: Clock,
    stuck: bool,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """From q*, with the noise of r for that of r + gamma v*(s'): transitions are noise too, and here the only noise."""
    return _sampled(run, mdp, q, sampled, clock, stuck, False, seed, false_alarm)
