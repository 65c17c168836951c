r"""Often said: the squares of the step sizes must have a finite sum, so larger steps than (k + 1)^(-1/2) fail.

.. math:: \sum_k \alpha_k^2 = \infty \implies Q_n \not\to q^*

The condition of Robbins and Monro is sufficient; nothing fails without it. Rewards are bounded, and so is all noise:
for synchronous updates with alpha_k = (k + 1)^-omega, any 0 < omega <= 1, Q_n tends to q* with probability 1.

Proof. Let v_k be the sum of the squared weights that the first k samples have in a value. It is at most alpha_{k-1}:
the lemma on weights of q-learning.finite-time-corollaries, because 1 / alpha_k - 1 / alpha_{k-1} <= 1. Take
q-learning.finite-time-synchronous for the horizon n with delta_n = n^-2: unless an event of that probability happens,

.. math:: \lVert Q_n - q^* \rVert \le D_n + \tau_n, \qquad
          \tau_k \le \Lambda \sqrt{\alpha_{k-1} L_n / 2}, \quad L_n = \ln (2 N n^3).

Unroll D from any m < n: with c = 1 - gamma the weights of the tau_j sum to at most gamma / c, so that

.. math:: D_n \le D_m \prod_{j=m}^{n-1} (1 - c\,\alpha_j) + \frac{\gamma}{c} \max_{m \le j < n} \tau_j, \qquad
          D_m \le D_0 + \frac{\gamma}{c} \max_{j < m} \tau_j .

Put m = floor(sqrt(n)). The late tau_j are of order n^(-omega / 4) sqrt(log n); the steps since m sum to at least
ln(n) / 2 - 1, thus the product is of order n^(-c / 2), while D_m grows like sqrt(log n). So D_n + tau_n tends to 0. The
probabilities n^-2 have a finite sum: by Borel-Cantelli only finitely many of the events happen. QED.

What does fail: steps that do not tend to 0 (q-learning.noise-floor) and steps with a finite sum
(q-learning.summable-steps). For one value, mean-square convergence needs just the opposite of those two
(q-learning.step-necessary-sufficient). Steps by visits along a trajectory need an argument of their own.
"""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.model import FiniteMDP

from ..assumptions import deterministic_steps, discounted, finite, independent_samples
from ..bounds import synchronous_bias
from ..claim import Claim, cite
from ..loops import variance_in_balls
from ..relation import Relation, all_of, at_most, less_than

must_be_square_summable = Claim(
    id="folklore.must-be-square-summable",
    title='"The squares of the step sizes must have a finite sum"',
    statement=r"\sum_k \alpha_k^2 = \infty \implies Q_n \not\to q^*",
    subject="synchronous-run",
    needs=(finite, discounted, deterministic_steps, independent_samples),
    uses=(
        "q-learning.finite-time-synchronous",
        "q-learning.finite-time-corollaries",
        "q-learning.step-necessary-sufficient",
    ),
    sources=(cite("hoeffding1963"),),
    expected="refuted",
)


def _steps(omega: fmpq, n: int) -> list[arb]:
    return [arb(k + 1) ** arb(-omega) for k in range(n)]


def _squared_weights(run: Any, omega: fmpq, n: int) -> arb:
    """The weight of sample i in Q_n is Q_n after a reward of 1 at i alone; return the sum of their squares."""
    coin = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 0)])], 0)
    steps, total = _steps(omega, n), arb(0)
    for i in range(n):
        *_, last = run(coin, exact_array([0]), steps, [[int(i == k)] for k in range(n)])
        total += last[0] ** 2
    return total


# Up to 1/2 the squares of the steps have an infinite sum.
_OMEGAS = st.integers(1, 5).map(lambda tenths: fmpq(tenths, 10))


@must_be_square_summable.exact(
    omega=_OMEGAS, n=st.integers(1, 6), discount=st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10))
)
def noise_does_not_average_out(run: Any, omega: fmpq, n: int, discount: fmpq) -> Relation:
    """Under (k + 1)^-omega the squared weights of the samples sum to no less after 4 n updates than after n."""
    return at_most(_squared_weights(run, omega, n), _squared_weights(run, omega, 4 * n))


@must_be_square_summable.truth(beside=noise_does_not_average_out)
def noise_is_at_most_the_last_step(run: Any, omega: fmpq, n: int, discount: fmpq) -> Relation:
    """They sum to at most alpha_{k-1}, which tends to 0; and D, fed with that, obeys the bound of the proof."""
    k = 4 * n
    steps = _steps(omega, k)
    noise = [arb(0), *(step.sqrt() for step in steps)]
    bias = list(synchronous_bias(steps, arb(discount), arb(1), noise))
    rate, m = arb(1 - discount), int(k**0.5)
    product = arb(1)
    for step in steps[m:]:
        product *= 1 - rate * step
    late, early = noise[m], max(noise[:m])
    return all_of(
        [
            less_than(_squared_weights(run, omega, k), _squared_weights(run, omega, n)),
            at_most(_squared_weights(run, omega, k), steps[-1]),
            at_most(bias[m], 1 + arb(discount) / rate * early),
            at_most(bias[k], bias[m] * product + arb(discount) / rate * late),
        ]
    )


_DISCOUNT, _UPDATES = fmpq(1, 2), 200_000


@must_be_square_summable.fixture()
def inverse_square_roots_leave_a_floor(run: Any) -> Relation:
    """Rewards of variance 1 at discount 1/2: (k + 1)^(-1/2) leaves no less than the constant step 1/10, 4/39."""
    return at_most(arb(fmpq(4, 39)), variance_in_balls(run, _DISCOUNT, fmpq(1, 2), _UPDATES))


@must_be_square_summable.truth(beside=inverse_square_roots_leave_a_floor)
def inverse_square_roots_leave_a_step(run: Any) -> Relation:
    """After 200,000 updates the variance is 0.0022, rounded, and about alpha / (2 (1 - gamma)): 1 / sqrt(200000)."""
    variance = variance_in_balls(run, _DISCOUNT, fmpq(1, 2), _UPDATES)
    last = arb(_UPDATES).rsqrt()
    return all_of(
        [
            at_most(abs(variance - arb(fmpq(22, 10_000))), arb(fmpq(1, 20_000))),
            at_most(abs(variance / last - 1), arb(fmpq(1, 100))),
        ]
    )
