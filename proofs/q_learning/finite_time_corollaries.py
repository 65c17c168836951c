r"""For two step sizes the finite-time bound is a closed formula: about 1 / ((1 - gamma) k), and a constant.

.. math::
    \alpha_k = \frac{1}{1 + (1 - \gamma)(k + 1)}: \quad \lVert Q_n - q^* \rVert_\infty
        \le \frac{D_0}{m} + \Lambda \, \frac{1 + \gamma}{1 - \gamma} \sqrt{\frac{L}{2 m}}, \quad m = 1 + (1 - \gamma) n

    \alpha_k = \alpha: \quad \lVert Q_n - q^* \rVert_\infty \le (1 - (1 - \gamma) \alpha)^n D_0
        + \frac{\Lambda}{1 - \gamma} \sqrt{\frac{\alpha L}{2 (2 - \alpha)}}

with probability at least 1 - delta, for a given n, with Lambda, L and D_0 = ||Q_0 - q*|| as in
q-learning.finite-time-synchronous.

Proof. There the error is at most D_n + tau_n with tau_n = Lambda sqrt(v_n L / 2). *Weights.* If 0 < alpha_k <= 1 and
1 / alpha_k - 1 / alpha_{k-1} <= 1, then v_k <= alpha_{k-1}: v_1 = alpha_0^2, and v_{k+1} <= (1 - alpha_k)^2 alpha_{k-1}
+ alpha_k^2 <= (1 - alpha_k) alpha_k + alpha_k^2. Constant steps even have v_k <= alpha / (2 - alpha). *Bias.* For the
first, 1 - (1 - gamma) alpha_k = alpha_k / alpha_{k-1} telescopes, so that D_n is D_0 / m plus gamma / m times the sum
of tau_k, k < n, and the sum of (1 + (1 - gamma) k)^(-1/2) is at most 2 sqrt(m) / (1 - gamma): noise of Lambda sqrt(L /
2 m) comes once as tau_n and 2 gamma / (1 - gamma) times through D_n, which makes (1 + gamma) / (1 - gamma). For the
second, sum the geometric series. QED.

Nothing else was used of how the run came about: what the theorem needs of steps and samples is needed there.

The first formula tends to 0 like 1 / sqrt(n), the second to a floor, as a learner with constant steps does.
"""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.step_size import Constant, RescaledLinear

from ..assumptions import discounted
from ..bounds import noise_weights, synchronous_bias
from ..claim import Claim, cite
from ..mutants import learners
from ..relation import Relation, all_of, at_most

finite_time_corollaries = Claim(
    id="q-learning.finite-time-corollaries",
    title="For a rescaled linear and a constant step size the finite-time bound is a closed formula",
    statement=r"P\Bigl(\lVert Q_n - q^* \rVert_\infty \le \tfrac{D_0}{m} + \Lambda \tfrac{1+\gamma}{1-\gamma}"
    r" \sqrt{L/2m}\Bigr) \ge 1 - \delta;\quad P\Bigl(\lVert Q_n - q^* \rVert_\infty \le (1-(1-\gamma)\alpha)^n D_0"
    r" + \tfrac{\Lambda}{1-\gamma} \sqrt{\alpha L / 2(2-\alpha)}\Bigr) \ge 1 - \delta",
    subject="synchronous-run",
    needs=(discounted,),
    uses=("q-learning.finite-time-synchronous",),
    sources=(cite("wainwright2019"), cite("evendar2003")),
)


# -------------------------------------------------------------------- the weights


_SIXTIETHS = st.integers(1, 60).map(lambda sixtieths: fmpq(sixtieths, 60))


@st.composite
def _steps(draw: st.DrawFn) -> Array:
    """Steps in (0, 1] whose inverses grow by at most 1: linear, constant, or free."""
    n = draw(st.integers(1, 8))
    growth = draw(st.sampled_from([st.just(fmpq(1)), st.just(fmpq(0)), st.integers(-6, 6).map(lambda k: fmpq(k, 6))]))
    inverses = [1 / draw(_SIXTIETHS)]
    for _ in range(n - 1):
        inverses.append(max(fmpq(1), inverses[-1] + draw(growth)))
    return exact_array(1 / x for x in inverses)


@finite_time_corollaries.exact(steps=_steps())
def weights_shrink_with_the_steps(run: Any, steps: Array) -> Relation:
    """The sum of the squared weights after step k is at most the last step size.

    The weight of sample i is the table after a reward of 1 at i alone.
    """
    coin = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 1, 0)])], 0)
    impulses = [[[int(i == k)] for k in range(len(steps))] for i in range(len(steps))]
    weights = [[table[0] for table in run(coin, coin.table(0), steps, outcomes)][1:] for outcomes in impulses]
    squares = exact_array(sum((row[k] * row[k] for row in weights), fmpq(0)) for k in range(len(steps)))
    return at_most(squares, steps)


finite_time_corollaries.refutes(learners.synchronous(learners.doubled_step), by=weights_shrink_with_the_steps)
finite_time_corollaries.attained(
    "the linear step size, which averages",
    by=weights_shrink_with_the_steps,
    steps=lambda: exact_array([1, "1/2", "1/3"]),
)


@finite_time_corollaries.too_strong(beside=weights_shrink_with_the_steps)
def weights_shrink_twice_as_fast(run: Any, steps: Array) -> Relation:
    """alpha / 2, the first-order value for small constant steps, is below v_k for larger ones."""
    return at_most(list(noise_weights(steps))[1:], steps / 2)


# -------------------------------------------------------------------- the formulas


def _theorem(steps: list[fmpq], discount: fmpq, noise: arb, initial_error: fmpq) -> arb:
    """D_n + tau_n in ball arithmetic, where `noise` is Lambda sqrt(L / 2)."""
    tau = [noise * arb(v).sqrt() for v in noise_weights(steps)]
    *_, bias = synchronous_bias([arb(step) for step in steps], arb(discount), arb(initial_error), tau)
    return bias + tau[-1]


def _formula(alpha: fmpq | None, n: int, discount: fmpq, noise: arb, initial_error: fmpq) -> arb:
    """The formula of the constant step alpha, or of the rescaled linear steps."""
    if alpha is not None:
        spread = arb(alpha / (2 - alpha)).sqrt() / arb(1 - discount)
        return arb((1 - (1 - discount) * alpha) ** n * initial_error) + noise * spread
    m = 1 + (1 - discount) * n
    return arb(initial_error / m) + noise * arb((1 + discount) / (1 - discount)) / arb(m).sqrt()


def _first_order(alpha: fmpq | None, n: int, discount: fmpq, noise: arb, initial_error: fmpq) -> arb:
    if alpha is not None:
        spread = arb(alpha / 2).sqrt() / arb(1 - discount)
        return arb((1 - (1 - discount) * alpha) ** n * initial_error) + noise * spread
    m = 1 + (1 - discount) * n
    return arb(initial_error / m) + noise / arb(m).sqrt()


def _schedule(alpha: fmpq | None, n: int, discount: fmpq) -> list[fmpq]:
    schedule = RescaledLinear(discount) if alpha is None else Constant(alpha)
    return [schedule(k) for k in range(n)]


@finite_time_corollaries.exact(
    discount=st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10)),
    alpha=st.one_of(st.none(), _SIXTIETHS),
    n=st.integers(1, 60),
    initial_error=st.integers(0, 9).map(fmpq),
    noise=st.integers(0, 9).map(fmpq),
)
def corollaries_follow(
    run: Any, discount: fmpq, alpha: fmpq | None, n: int, initial_error: fmpq, noise: fmpq
) -> Relation:
    """D_n + tau_n is at most the formula. With roots in balls, it is refuted where one ball lies above the other.

    On the loop without noise the learner itself is at most the formula. Without an alpha the steps are the linear ones.
    """
    steps = _schedule(alpha, n, discount)
    *_, last = run(self_loop(reward=0, discount=discount), exact_array([initial_error]), steps, [[0]] * n)
    return all_of(
        [
            at_most(
                _theorem(steps, discount, arb(noise), initial_error).lower(),
                _formula(alpha, n, discount, arb(noise), initial_error).upper(),
            ),
            at_most(arb(abs(last[0])), _formula(alpha, n, discount, arb(0), initial_error).upper()),
        ]
    )


_all_noise: dict[str, Any] = {"discount": fmpq(1, 2), "initial_error": fmpq(0), "noise": fmpq(1)}
finite_time_corollaries.attained(
    "noise alone, after 60 steps of size 1/2",
    by=corollaries_follow,
    share="999999/1000000",
    alpha=fmpq(1, 2),
    n=60,
    **_all_noise,
)
finite_time_corollaries.attained(
    "noise alone, after 60 rescaled linear steps", by=corollaries_follow, share="7/10", alpha=None, n=60, **_all_noise
)
finite_time_corollaries.refutes(learners.synchronous(learners.undiscounted_target), by=corollaries_follow)
finite_time_corollaries.kept(
    discounted,
    because="At discount 1 both formulas divide by 0, and claim nothing.",
)


@finite_time_corollaries.too_strong(beside=corollaries_follow)
def noise_floor_is_first_order(
    run: Any, discount: fmpq, alpha: fmpq | None, n: int, initial_error: fmpq, noise: fmpq
) -> Relation:
    """alpha / 2 in place of alpha / (2 - alpha), and no 1 + gamma: the formulas' constants are needed."""
    theorem = _theorem(_schedule(alpha, n, discount), discount, arb(noise), initial_error)
    return at_most(theorem, _first_order(alpha, n, discount, arb(noise), initial_error))
