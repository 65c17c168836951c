r"""Q-learning converges to q* with probability 1 if all pairs are visited for ever and steps fall, but not too fast.

.. math:: Q_n \to q^* \text{ almost surely, if along the visits of each pair }
          \sum_m \alpha_m = \infty,\ \ \sum_m \alpha_m^2 < \infty

for a finite model with a discount below 1 in which every pair is visited infinitely often, by whatever behaviour. This
is the theorem of Watkins and Dayan; it is cited here, and machine-proved elsewhere. No finite number of steps can show
a limit or refute one. What can be shown, and is, are three finite statements that its proofs are made of:

*Without noise every sweep helps.* If each pair has one outcome and is updated once with step a, in any order, the
error ||Q - q*|| shrinks by the factor 1 - (1 - gamma) a at least: an entry becomes at most (1 - a) E + a gamma E, and
no other entry grows above E. The product of such factors tends to 0 where, and only where, the steps have an infinite
sum. Checked exactly, on deterministic models.

*From sure bounds to almost sure limits.* For synchronous runs with alpha_k = 1 / (1 + (1 - gamma)(k + 1)) the whole
proof is short: with m = 1 + (1 - gamma) n and delta = n^-2, q-learning.finite-time-corollaries says that

    ||Q_n - q*|| <= f(n) = D_0 / m + Lambda (1 + gamma) / (1 - gamma) sqrt(ln(2 N n^3) / (2 m))

fails with probability at most n^-2. Since f falls to 0, for every eps there is an n_0 with f < eps from there on; the
sum of n^-2 is finite, so by Borel and Cantelli ||Q_n - q*|| > eps for finitely many n only. QED. Checked is that such
an n_0 is found, and that f falls from there on: ln(2 N n^3) / m has a negative derivative where

    3 (1 + (1 - gamma) n) <= (1 - gamma) n ln(2 N n^3),

and once this holds it holds for all larger n, for the logarithm grows and 1 / n falls. With alpha_k = (k + 1)^-omega,
0 < omega <= 1, the bound of that theorem tends to 0 just as well, for tau_k is at most a constant times the root of
k^-omega ln n, and the early ones are forgotten like a power of n or faster: that the squares have a finite sum, which
fails for omega <= 1/2, is sufficient and not necessary.

*A run comes near, and stays away without a hypothesis.* From 10 everywhere a run of 1500 sweeps through the pairs ends
within 1 of q*; its certificate says that it does but with a stated probability, for steps with and without a finite sum
of squares. With one hypothesis removed it does not: a pair never visited, steps 2^-(k + 1), steps that are 1 for ever,
the same sample for ever, discount 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.examples import self_loop, two_arms, zero_reward_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import sample_outcomes
from bellcheck.mdp.step_size import Constant, Polynomial, RescaledLinear
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..assumptions import (
    discounted,
    divergent_steps,
    finite,
    independent_samples,
    square_summable_steps,
    visited_for_ever,
)
from ..bounds import rounding_bound
from ..claim import Claim, cite, lean, rocq
from ..definitions import optimal_values
from ..mutants import learners
from ..relation import Relation, all_of, at_most
from ..sharper_bounds import noise_at, successor_certificate

as_convergence = Claim(
    id="q-learning.as-convergence",
    title="Q-learning converges to q* with probability 1: a theorem cited, its finite parts checked",
    statement=r"\sum_m \alpha_m = \infty,\ \sum_m \alpha_m^2 < \infty \text{ along the visits of every pair}"
    r" \implies P(Q_n \to q^*) = 1",
    subject="q-learner",
    needs=(finite, discounted, visited_for_ever, divergent_steps, square_summable_steps, independent_samples),
    uses=(
        "bellman.max-nonexpansive",
        "bellman.fixed-point-optimal",
        "q-learning.float-budget",
        "q-learning.finite-time-corollaries",
        "q-learning.successor-certificate",
    ),
    sources=(cite("watkins1992"), cite("jaakkola1994"), cite("tsitsiklis1994")),
    proved_in=(
        lean("ae_tendsto_of_QLearning_iid"),
        lean("ae_tendsto_of_QLearning_markov"),
        rocq("qlearn"),
    ),
)
as_convergence.kept(
    finite,
    because="Only finite models can be written down. Finitely many rewards are needed: with standard Cauchy rewards, "
    "discount 0 and step 1 / n the average Q_n has the Cauchy law for every n.",
)


# -------------------------------------------------------------------- without noise


def _swept(update: Any, mdp: FiniteMDP, q: Array, order: Sequence[int], steps: Sequence[fmpq]) -> list[Array]:
    """The tables after each sweep through `order`, where each pair has one outcome."""
    swept = [q]
    for step in steps:
        for pair in order:
            q = update(mdp, q, pair, mdp.outcomes_of(pair)[0], step)
        swept.append(q)
    return swept


def _all_pairs(mdp: FiniteMDP) -> st.SearchStrategy[list[int]]:
    return st.permutations(range(mdp.n_pairs))


@as_convergence.pathwise(
    mdp=mdps(max_states=3, max_actions=2, max_outcomes=1),
    q=tables,
    order=_all_pairs,
    steps=st.lists(step_sizes(), min_size=1, max_size=3),
)
def every_sweep_shrinks_the_error(
    update: Any, mdp: FiniteMDP, q: Array, order: Sequence[int], steps: Sequence[fmpq]
) -> Relation:
    """In a deterministic model a sweep in any order leaves at most 1 - (1 - gamma) a of the error."""
    best = optimal_values(mdp)
    errors = [max_norm(table - best) for table in _swept(update, mdp, q, order, steps)]
    factors = [1 - (1 - mdp.discount) * step for step in steps]
    return at_most(errors[1:], [factor * error for factor, error in zip(factors, errors, strict=False)])


as_convergence.refutes(learners.undiscounted_target, by=every_sweep_shrinks_the_error)
as_convergence.refutes(learners.sum_over_actions, by=every_sweep_shrinks_the_error)
as_convergence.attained(
    "a loop",
    by=every_sweep_shrinks_the_error,
    mdp=self_loop,
    q=lambda: exact_array([0]),
    order=lambda: [0],
    steps=lambda: [fmpq(1, 2)],
)
as_convergence.fails_without(
    visited_for_ever,
    by=every_sweep_shrinks_the_error,
    mdp=two_arms,
    q=lambda: exact_array([0, 0]),
    order=lambda: [0],
    steps=lambda: [fmpq(1, 2)],
)


# -------------------------------------------------------------------- from sure bounds to almost sure limits

_LARGEST = 2**200


def _bound(n: int, discount: fmpq, n_pairs: int, noise: fmpq, first: fmpq, failures: arb) -> arb:
    """f(n) for the logarithm of 1 / delta."""
    m = arb(1 + (1 - discount) * n)
    logarithm = arb(2 * n_pairs * n).log() + failures
    return first / m + noise * arb((1 + discount) / (1 - discount)) * (logarithm / (2 * m)).sqrt()


def _first_below(eps: fmpq, discount: fmpq, n_pairs: int, noise: fmpq, first: fmpq, failures: Any) -> tuple[int, arb]:
    """The first power of 2, or `_LARGEST`, at which the bound is below eps, and the bound."""
    n = 1
    while n < _LARGEST and not _bound(n, discount, n_pairs, noise, first, failures(n)) < arb(eps):
        n *= 2
    return n, _bound(n, discount, n_pairs, noise, first, failures(n))


@as_convergence.exact(
    of="synchronous-run",
    discount=st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10)),
    n_pairs=st.integers(1, 100),
    noise=st.integers(1, 9).map(fmpq),
    first=st.integers(0, 9).map(fmpq),
    eps=st.integers(1, 20).map(lambda digits: fmpq(1, 10**digits)),
)
def bounds_that_fail_finitely_often_tend_to_zero(
    run: Any, discount: fmpq, n_pairs: int, noise: fmpq, first: fmpq, eps: fmpq
) -> Relation:
    """With delta = n^-2 there is an n_0 with f(n_0) < eps from which f falls; its first term is a loop's error."""
    n, bound = _first_below(eps, discount, n_pairs, noise, first, lambda n: 2 * arb(n).log())
    short = 8
    steps = [RescaledLinear(discount)(k) for k in range(short)]
    *_, last = run(self_loop(reward=0, discount=discount), exact_array([first]), steps, [[0]] * short)
    return all_of(
        [
            at_most(bound, arb(eps)),
            at_most(3 * arb(1 + (1 - discount) * n), arb((1 - discount) * n) * arb(2 * n_pairs * n**3).log()),
            at_most(abs(last[0]), first / (1 + (1 - discount) * short)),
        ]
    )


as_convergence.refutes(
    learners.synchronous(learners.undiscounted_target), by=bounds_that_fail_finitely_often_tend_to_zero
)
as_convergence.attained(
    "the error of a loop, the first term of the bound",
    by=bounds_that_fail_finitely_often_tend_to_zero,
    discount=fmpq(1, 2),
    n_pairs=1,
    noise=fmpq(1),
    first=fmpq(1),
    eps=fmpq(1, 10),
)


@as_convergence.too_strong(beside=bounds_that_fail_finitely_often_tend_to_zero)
def even_exponentially_rare_failures(
    run: Any, discount: fmpq, n_pairs: int, noise: fmpq, first: fmpq, eps: fmpq
) -> Relation:
    """With delta = 2^-n in place of n^-2 the bound does not tend to 0."""
    _, bound = _first_below(eps, discount, n_pairs, noise, first, lambda n: n * arb(2).log())
    return at_most(bound, arb(eps))


# -------------------------------------------------------------------- a run

_SWEEPS = 1500
_NEAR = 1.0


def _coin() -> FiniteMDP:
    """A loop that pays 2 or -2, without a future."""
    return FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 2, 0), ("1/2", -2, 0)])], 0)


def _tens(mdp: FiniteMDP) -> Array:
    return exact_array([10] * mdp.n_pairs)


def _every_pair(mdp: FiniteMDP) -> list[int]:
    return list(range(mdp.n_pairs))


def _crossroads() -> FiniteMDP:
    """Two states of two actions, for tables that are rectangles; rewards are deterministic, transitions are not."""
    either = [("1/2", 1, 0), ("1/2", 1, 1)]
    back = [("3/4", 0, 0), ("1/4", 0, 1)]
    return FiniteMDP.from_pairs(
        2, [(0, 0, either), (0, 1, [(1, "1/2", 0)]), (1, 0, back), (1, 1, [(1, "1/4", 1)])], "1/2"
    )


def _polynomial(omega: fmpq) -> np.ndarray:
    return Polynomial(omega).floats(_SWEEPS)


_CLASSICAL: dict[str, Any] = {"mdp": _crossroads, "best": optimal_values, "visited": _every_pair, "fresh": True}


@as_convergence.statistical(
    false_alarm=1e-9,
    power="whatever the samples",
    steps=lambda: _polynomial(fmpq(2, 5)),
    **_CLASSICAL,
)
@as_convergence.statistical(
    false_alarm=1e-9,
    power="whatever the samples: see each control",
    steps=lambda: _polynomial(fmpq(4, 5)),
    **_CLASSICAL,
)
def a_run_comes_near(
    update: Any,
    mdp: FiniteMDP,
    best: Array,
    visited: Sequence[int],
    fresh: bool,
    steps: np.ndarray,
    seed: np.random.SeedSequence,
    false_alarm: float,
) -> Relation:
    """From 10 everywhere all errors are at most 1 after the sweeps, and so is the certificate that vouches for it."""
    rounded = mdp.to_float()
    outcomes = sample_outcomes(mdp, np.random.default_rng(seed).random((_SWEEPS, mdp.n_pairs)))
    if not fresh:
        outcomes[:] = outcomes[0]
    q = to_floats(_tens(mdp))
    for step, row in zip(steps, outcomes, strict=True):
        for pair in visited:
            q = update(rounded, q, pair, int(row[pair]), step)
    pairs = np.tile(visited, _SWEEPS)
    noise = noise_at(mdp, state_values(mdp, best))
    (certificate,) = successor_certificate(
        mdp,
        pairs,
        outcomes[:, visited].ravel(),
        steps,
        noise,
        abs(_tens(mdp) - best),
        false_alarm,
        [len(pairs)],
    )
    # An update adds at most the largest reward, at every discount up to 1; summed up like that, the magnitude is some
    # hundred times what it is, which covers the rounding of any other way to write the update.
    largest = max_norm(_tens(mdp)) + len(pairs) * max_norm(mdp.reward)
    rounding = float(to_floats([rounding_bound(len(pairs) + 1, largest)])[0])
    return all_of([at_most(certificate + rounding, _NEAR), at_most(abs(q - to_floats(best)), _NEAR)])


as_convergence.refutes(learners.undiscounted_target, by=a_run_comes_near)
# The pair (0, 1) keeps the value 10.
as_convergence.fails_without(visited_for_ever, by=a_run_comes_near, visited=lambda: [0, 2, 3])
# On a loop without noise the error 10 is multiplied by the product of 1 - 2^-(k + 2), which is above 1/2.
as_convergence.fails_without(
    divergent_steps,
    by=a_run_comes_near,
    mdp=lambda: self_loop(reward=0, discount="1/2"),
    steps=lambda: 0.5 ** np.arange(1, _SWEEPS + 1).clip(max=400),
)
# The last toss is all that Q knows: 2 or -2.
as_convergence.fails_without(
    square_summable_steps, by=a_run_comes_near, mdp=_coin, steps=lambda: Constant(fmpq(1)).floats(_SWEEPS)
)
# The first toss is all that there is: Q goes to 2 or -2.
as_convergence.fails_without(
    independent_samples, by=a_run_comes_near, mdp=_coin, fresh=False, steps=lambda: _polynomial(fmpq(4, 5))
)
# The target is the value itself, and stays 10.
as_convergence.fails_without(
    discounted,
    by=a_run_comes_near,
    mdp=zero_reward_loop,
    best=lambda: exact_array([0]),
    steps=lambda: _polynomial(fmpq(4, 5)),
)
