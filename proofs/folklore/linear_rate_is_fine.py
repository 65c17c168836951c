r"""Often said: the step size 1 / n is fine, for it averages the samples and so the error falls like 1 / n.

.. math:: \lvert Q_n - q^* \rvert \le \frac{\lvert Q_0 - q^* \rvert}{n} \qquad (\alpha_k = 1 / (k + 1))

It would if the targets stood still. But they are made of the table that is being learned, and an average of all targets
so far remembers the bad ones. On a deterministic loop at discount gamma the error after n updates is exactly

.. math:: \frac{\Gamma(n + \gamma)}{\Gamma(\gamma)\,\Gamma(n + 1)} \approx \frac{n^{-(1 - \gamma)}}{\Gamma(\gamma)}

of the first (q-learning.linear-vs-rescaled-vs-poly). It does converge; but to shrink the error to a share eps takes
about (1 / eps)^(1 / (1 - gamma)) updates. At gamma = 99/100, 0.907 of the error is left after 10,000 updates, and half
of it until some number of updates between 10^29 and 10^30. No noise and no exploration are to blame: there is one
state, one action and one outcome. The remedy is a clock slowed by 1 - gamma (the rescaled step) or a slower decay.
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb, fmpq
from hypothesis import strategies as st

from bellcheck.mdp.step_size import Linear

from ..assumptions import deterministic_model, discounted
from ..claim import Claim, cite
from ..loops import errors_without_noise, in_balls
from ..relation import Relation, all_of, at_most, equal

linear_rate_is_fine = Claim(
    id="folklore.linear-rate-is-fine",
    title='"The step size 1/n is fine"',
    statement=r"\alpha_k = \tfrac{1}{k+1} \implies \lvert Q_n - q^* \rvert \le \tfrac1n \lvert Q_0 - q^* \rvert",
    subject="synchronous-run",
    needs=(discounted, deterministic_model),
    uses=("q-learning.linear-vs-rescaled-vs-poly",),
    sources=(cite("evendar2003"), cite("szepesvari1998", verified=False)),
    expected="refuted",
)


@linear_rate_is_fine.exact(
    discount=st.integers(0, 19).map(lambda twentieths: fmpq(twentieths, 20)),
    first=st.integers(1, 9).map(fmpq),
    n=st.integers(1, 20),
)
def error_falls_like_one_over_n(run: Any, discount: fmpq, first: fmpq, n: int) -> Relation:
    """On the loop without noise at most 1 / n of the error is left after n updates."""
    return at_most(errors_without_noise(run, discount, first, [Linear()(k) for k in range(n)])[-1], first / n)


@linear_rate_is_fine.truth(beside=error_falls_like_one_over_n)
def error_falls_like_a_small_power(run: Any, discount: fmpq, first: fmpq, n: int) -> Relation:
    """The product of (k + gamma) / (k + 1) is left: at least 1 / n of gamma, and at most a power of 1 / n of all."""
    left = errors_without_noise(run, discount, first, [Linear()(k) for k in range(n)])[-1] / first
    product = math.prod((k + discount for k in range(n)), start=fmpq(1)) / math.factorial(n)
    relations = [equal(left, product), at_most(discount / n, left)]
    if discount > 0:
        relations.append(at_most(arb(left) * arb(discount).gamma(), arb(n) ** arb(discount - 1)))
    return all_of(relations)


# -------------------------------------------------------------------- at discount 99/100

_DISCOUNT, _UPDATES = fmpq(99, 100), 10_000


def _left(run: Any) -> arb:
    return errors_without_noise(run, _DISCOUNT, arb(1), in_balls([Linear()(k) for k in range(_UPDATES)]))[-1]


def _power(n: int) -> arb:
    """Return n^-(1 - gamma) / Gamma(gamma)."""
    return arb(n) ** arb(_DISCOUNT - 1) / arb(_DISCOUNT).gamma()


@linear_rate_is_fine.fixture()
def ten_thousand_updates_are_plenty(run: Any) -> Relation:
    """10,000 updates of one value leave less than a tenth of its error."""
    return at_most(_left(run), arb(1) / 10)


@linear_rate_is_fine.truth(beside=ten_thousand_updates_are_plenty)
def half_is_left_for_ages(run: Any) -> Relation:
    """0.907 is left then, rounded, and one half between 10^29 and 10^30 updates, by the bounds on the product."""
    return all_of(
        [
            at_most(abs(_left(run) - arb(fmpq(907, 1000))), arb(1) / 2000),
            at_most(_left(run), _power(_UPDATES)),
            at_most(_power(_UPDATES + 1), _left(run)),
            at_most(arb(1) / 2, _power(10**29 + 1)),
            at_most(_power(10**30), arb(1) / 2),
        ]
    )
