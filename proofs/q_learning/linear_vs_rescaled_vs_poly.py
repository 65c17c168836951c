r"""How fast three step sizes forget: exactly, on one deterministic loop, whose error after n updates is a product.

.. math:: \frac{Q_n - q^*}{Q_0 - q^*} = \prod_{k<n} \bigl(1 - (1 - \gamma)\alpha_k\bigr) =
    \begin{cases}
    \dfrac{\Gamma(n + \gamma)}{\Gamma(\gamma)\, \Gamma(n + 1)} & \alpha_k = 1 / (k + 1) \\
    \dfrac{1}{1 + (1 - \gamma) n} & \alpha_k = 1 / (1 + (1 - \gamma)(k + 1))
    \end{cases}

and for alpha_k = (k + 1)^-omega with 0 <= omega < 1 it is at most
exp(-(1 - gamma) ((n + 1)^(1 - omega) - 1) / (1 - omega)).

Why the product: q* = r + gamma q*, so Q - q* is multiplied by 1 - alpha + alpha gamma. *Linear*: the factors are
(k + gamma) / (k + 1). *Rescaled*: with m_k = 1 + (1 - gamma) k the factor is m_k / m_{k+1}, and the product telescopes.
*Polynomial*: 1 - x <= exp(-x), and the sum of (k + 1)^-omega over k < n is at least the integral from 1 to n + 1.

**The linear step is slow.** Because log Gamma is convex, Gamma(n + gamma) <= Gamma(n)^(1 - gamma)
Gamma(n + 1)^gamma and Gamma(n + 1) <= Gamma(n + gamma)^gamma Gamma(n + gamma + 1)^(1 - gamma), that is

.. math:: \frac{(n + \gamma)^{-(1 - \gamma)}}{\Gamma(\gamma)}
    \le \frac{\Gamma(n + \gamma)}{\Gamma(\gamma)\,\Gamma(n + 1)}
    \le \frac{n^{-(1 - \gamma)}}{\Gamma(\gamma)}, \qquad 0 < \gamma < 1.

At gamma = 99/100, after 10,000 updates, 0.907 of the error is left; of the rescaled step's, 1/101 = 0.0099. A sample
mean is what the linear step computes, and the targets of long ago are in it with the same weight as today's. At
gamma = 0, where targets do not move, that is right: one update is enough (and Gamma(gamma) has its pole).

This is the bias alone. Noise asks for steps that tend to 0, and then all three give it room (q-learning.noise-floor,
q-learning.finite-time-synchronous).
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.step_size import Linear, RescaledLinear, StepSize

from ..assumptions import deterministic_model, discounted
from ..claim import Claim, cite
from ..definitions import optimal_values
from ..loops import errors_without_noise, in_balls, symbolic_update
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

linear_vs_rescaled_vs_poly = Claim(
    id="q-learning.linear-vs-rescaled-vs-poly",
    title="On a deterministic loop the error under linear, rescaled and polynomial steps is known exactly",
    statement=r"\prod_{k<n} (1 - (1-\gamma)\alpha_k) = \tfrac{\Gamma(n+\gamma)}{\Gamma(\gamma)\Gamma(n+1)},\ "
    r"\tfrac{1}{1+(1-\gamma)n}\ \text{for}\ \alpha_k = \tfrac{1}{k+1},\ \tfrac{1}{1+(1-\gamma)(k+1)}",
    subject="synchronous-run",
    needs=(discounted, deterministic_model),
    sources=(cite("evendar2003"), cite("wainwright2019"), cite("szepesvari1998", verified=False)),
)
linear_vs_rescaled_vs_poly.kept(
    discounted,
    because="At discount 1 the loop has no q* unless its reward is 0, and then no step size reduces the error.",
)

_ZERO = fmpq(0)
_MUTANTS = [learners.synchronous(mutant) for mutant in (learners.undiscounted_target, learners.doubled_step)]


# -------------------------------------------------------------------- for every n, by induction


@linear_vs_rescaled_vs_poly.symbolic()
def closed_forms_by_induction(run: Any) -> Relation:
    """For every n: one update multiplies the error by 1 - (1 - gamma) alpha, which takes each closed form to the next.

    At n = 0 the closed forms are 1.
    """
    import sympy

    n, discount, error, reward = sympy.symbols("n gamma e r", positive=True)
    best = reward / (1 - discount)
    linear = sympy.gamma(n + discount) / (sympy.gamma(discount) * sympy.gamma(n + 1))
    rescaled = 1 / (1 + (1 - discount) * n)
    relations = []
    for closed, step_size in ((linear, 1 / (n + 1)), (rescaled, 1 / (1 + (1 - discount) * (n + 1)))):
        after = symbolic_update(run, best + error, step_size, reward, discount) - best
        growth = sympy.gammasimp(closed.subs(n, n + 1) / closed)
        relations += [equal(closed.subs(n, 0), sympy.Integer(1)), equal(sympy.together(after), growth * error)]
    return all_of(relations)


@linear_vs_rescaled_vs_poly.too_strong(beside=closed_forms_by_induction)
def linear_step_forgets_like_a_mean(run: Any) -> Relation:
    """As if the target stood still: under the linear step the error would be 1 / n of the first."""
    import sympy

    n, discount, error = sympy.symbols("n gamma e", positive=True)
    after = symbolic_update(run, error / n, 1 / (n + 1), sympy.Integer(0), discount)
    return equal(sympy.simplify(after - error / (n + 1)), sympy.Integer(0))


# -------------------------------------------------------------------- any loop, in rationals


def _loop(reward: fmpq, spread: fmpq, discount: fmpq) -> FiniteMDP:
    """One action that pays more or less than `reward` by `spread`, evenly."""
    outcomes = [("1/2", reward + spread, 0), ("1/2", reward - spread, 0)]
    return FiniteMDP.from_pairs(1, [(0, 0, outcomes)], discount)


def _errors(run: Any, loop: FiniteMDP, first: fmpq, schedule: StepSize, n: int) -> Array:
    """Q_n - q* on the path of the first outcome, from q* + `first`."""
    best = optimal_values(loop)
    *_, last = run(loop, best + first, [schedule(k) for k in range(n)], [[0]] * n)
    return last - best


_NUMBERS = st.integers(-8, 8).map(lambda halves: fmpq(halves, 2))
_DISCOUNTS = st.integers(1, 19).map(lambda twentieths: fmpq(twentieths, 20))
_LENGTHS = st.integers(1, 40)


@linear_vs_rescaled_vs_poly.exact(
    discount=st.one_of(st.just(fmpq(0)), _DISCOUNTS), reward=_NUMBERS, first=_NUMBERS, n=_LENGTHS
)
def error_is_the_product(run: Any, discount: fmpq, reward: fmpq, first: fmpq, n: int, spread: fmpq = _ZERO) -> Relation:
    """After n updates: the rising factorial over n! under the linear step, 1 / (1 + (1 - gamma) n) rescaled."""
    loop = _loop(reward, spread, discount)
    rising = math.prod((k + discount for k in range(n)), start=fmpq(1)) / math.factorial(n)
    return all_of(
        [
            equal(_errors(run, loop, first, Linear(), n), rising * first),
            equal(_errors(run, loop, first, RescaledLinear(discount), n), first / (1 + (1 - discount) * n)),
        ]
    )


linear_vs_rescaled_vs_poly.fails_without(deterministic_model, by=error_is_the_product, spread=st.just(fmpq(1)))


@linear_vs_rescaled_vs_poly.too_strong(beside=error_is_the_product)
def linear_and_rescaled_are_alike(run: Any, discount: fmpq, reward: fmpq, first: fmpq, n: int) -> Relation:
    """Both are of order 1 / k, but the factor 1 / (1 - gamma) decides."""
    error = _errors(run, _loop(reward, _ZERO, discount), first, Linear(), n)
    return at_most(abs(error), abs(first) / (1 + (1 - discount) * n))


# -------------------------------------------------------------------- powers of n, in balls


@linear_vs_rescaled_vs_poly.exact(discount=_DISCOUNTS, n=_LENGTHS)
def linear_error_is_a_power(run: Any, discount: fmpq, n: int) -> Relation:
    """Under the linear step the error is between (n + gamma)^-(1 - gamma) and n^-(1 - gamma), over Gamma(gamma)."""
    error = errors_without_noise(run, discount, arb(1), in_balls([Linear()(k) for k in range(n)]))[-1]
    scaled, exponent = error * arb(discount).gamma(), arb(discount - 1)
    return all_of([at_most(arb(n + discount) ** exponent, scaled), at_most(scaled, arb(n) ** exponent)])


linear_vs_rescaled_vs_poly.attained(
    "the power is the order: at n = 40 and discount 19/20 both sides are near",
    by=linear_error_is_a_power,
    share="99/100",
    discount=lambda: fmpq(19, 20),
    n=40,
)


@linear_vs_rescaled_vs_poly.too_strong(beside=linear_error_is_a_power)
def linear_error_is_of_order_one_over_n(run: Any, discount: fmpq, n: int) -> Relation:
    """With the exponent 1 in place of 1 - gamma."""
    error = errors_without_noise(run, discount, arb(1), in_balls([Linear()(k) for k in range(n)]))[-1]
    return at_most(error * arb(discount).gamma(), 1 / arb(n))


@linear_vs_rescaled_vs_poly.exact(
    discount=_DISCOUNTS, omega=st.integers(0, 9).map(lambda tenths: fmpq(tenths, 10)), n=_LENGTHS
)
def polynomial_error_is_a_stretched_exponential(run: Any, discount: fmpq, omega: fmpq, n: int) -> Relation:
    """Under (k + 1)^-omega: at most exp(-(1 - gamma) ((n + 1)^(1 - omega) - 1) / (1 - omega))."""
    steps = [arb(k + 1) ** arb(-omega) for k in range(n)]
    total = (arb(n + 1) ** arb(1 - omega) - 1) / arb(1 - omega)
    return at_most(errors_without_noise(run, discount, arb(1), steps)[-1], (-arb(1 - discount) * total).exp())


linear_vs_rescaled_vs_poly.attained(
    "one small step: 1 - x is near exp(-x)",
    by=polynomial_error_is_a_stretched_exponential,
    share="9/10",
    discount=lambda: fmpq(19, 20),
    omega=lambda: fmpq(0),
    n=1,
)


@linear_vs_rescaled_vs_poly.too_strong(beside=polynomial_error_is_a_stretched_exponential)
def targets_stand_still(run: Any, discount: fmpq, omega: fmpq, n: int) -> Relation:
    """Without the factor 1 - gamma in the exponent: the target moves along."""
    steps = [arb(k + 1) ** arb(-omega) for k in range(n)]
    total = (arb(n + 1) ** arb(1 - omega) - 1) / arb(1 - omega)
    return at_most(errors_without_noise(run, discount, arb(1), steps)[-1], (-total).exp())


# -------------------------------------------------------------------- 0.907 and 0.0099

_DISCOUNT, _UPDATES = fmpq(99, 100), 10_000


@linear_vs_rescaled_vs_poly.fixture()
def ten_thousand_updates(run: Any) -> Relation:
    """At gamma = 99/100 the linear step leaves 0.907 of the error, rounded, and the rescaled step 1/101."""
    steps = in_balls([Linear()(k) for k in range(_UPDATES)])
    linear = errors_without_noise(run, _DISCOUNT, arb(1), steps)[-1]
    schedule = RescaledLinear(_DISCOUNT)
    rescaled = errors_without_noise(run, _DISCOUNT, fmpq(1), [schedule(k) for k in range(_UPDATES)])[-1]
    return all_of([at_most(abs(linear - arb(fmpq(907, 1000))), arb(1) / 2000), equal(rescaled, fmpq(1, 101))])


for _mutant in _MUTANTS:
    linear_vs_rescaled_vs_poly.refutes(_mutant, by=closed_forms_by_induction)
    linear_vs_rescaled_vs_poly.refutes(_mutant, by=error_is_the_product)
    linear_vs_rescaled_vs_poly.refutes(_mutant, by=linear_error_is_a_power)
linear_vs_rescaled_vs_poly.refutes(_MUTANTS[0], by=ten_thousand_updates)
linear_vs_rescaled_vs_poly.refutes(_MUTANTS[0], by=polynomial_error_is_a_stretched_exponential)
