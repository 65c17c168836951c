r"""A declared step size is its formula, lies in [0, 1], and where it is to have an infinite sum it has one.

.. math:: \alpha_k \in [0, 1], \qquad \alpha_k \ge \frac{c}{k + 1}, \qquad
          \sum_{k=n}^{2n-1} \alpha_k \ge \frac{c}{2} \quad (n \ge 1), \quad\text{hence}\quad \sum_k \alpha_k = \infty

==========================  ==============================  ===================
law                         alpha_k                         c
==========================  ==============================  ===================
constant v > 0              v                               v
linear                      1 / (k + 1)                     1
rescaled linear             1 / (1 + (1 - gamma)(k + 1))    1 / (2 - gamma)
polynomial, omega <= 1      (k + 1)^-omega                  1
==========================  ==============================  ===================

Why: 1 + h m <= (1 + h) m for m >= 1, with h = 1 - gamma and m = k + 1; the rest is plain. The block of n terms from n
on has c / (n + 1) + ... + c / (2n) >= n c / (2n). Its sum only grows with n: the next block has the terms 1 / (2n + 1)
and 1 / (2n + 2) more, and 1 / (n + 1) less, which is a gain of 1 / (2n + 1) - 1 / (2n + 2). Blocks that double, from 1,
2, 4, ..., follow each other, so the sum of the first 2^j steps is at least j c / 2.

That the sum is infinite is what convergence needs (q-learning.step-necessary-sufficient), along the visits of each pair
and not over all updates. No finite number of steps shows it; a lower envelope, which is checked term by term, does. A
learner whose step size is multiplied by a factor below 1 at every update stops before it arrives
(q-learning.summable-steps), however small the first errors made it look.

In rationals the formula is held exactly. In binary64, and where it is irrational, as with the exponent 3/5, a step size
is a float near it, which may be below an envelope that the formula attains. A power and a quotient cost a
unit in the last place each; and the exponent is rounded too, by at most 2^-53 omega, which changes the power by the
factor (k + 1)^(2^-53 omega), that is by at most omega ln(k + 1) units. The discounts of the rescaled steps are dyadic,
so that 1 - gamma is not rounded at all.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact, to_floats
from bellcheck.mdp.step_size import Constant, Linear, Polynomial, RescaledLinear, StepSize

from ..assumptions import divergent_steps
from ..claim import Claim, cite
from ..mutants import step_sizes as mutants
from ..relation import Relation, all_of, at_most, equal

step_size_law = Claim(
    id="q-learning.step-size-law",
    title="A declared step size is its formula, lies in [0, 1], and where its sum is to be infinite it is",
    statement=r"\alpha_k \in [0, 1],\quad \alpha_k \ge \tfrac{c}{k+1}"
    r" \implies \textstyle\sum_{k=n}^{2n-1} \alpha_k \ge \tfrac{c}{2} \implies \sum_k \alpha_k = \infty",
    subject="step-size",
    needs=(divergent_steps,),
    sources=(cite("sutton2018", "(2.7)", verified=False),),
)

Law: TypeAlias = tuple[str, str]
"""The name of a schedule and its parameter."""

_DIVERGENT: list[Law] = [
    ("linear", ""),
    *(("constant", value) for value in ("1/2", "1", "1/10")),
    *(("rescaled linear", discount) for discount in ("1/2", "0", "7/8", "255/256")),
    *(("polynomial", exponent) for exponent in ("1/2", "1", "0", "3/5", "4/5")),
]
_laws = st.sampled_from([*_DIVERGENT, ("constant", "0"), ("polynomial", "2")])
_divergent = st.sampled_from(_DIVERGENT)
_counts = st.sampled_from([0, 1, 2, 3, 5, 9, 40])


def _schedule(law: Law) -> StepSize:
    """The schedule that a learner declares."""
    name, parameter = law
    if name == "linear":
        return Linear()
    kinds: dict[str, type[Constant | RescaledLinear | Polynomial]] = {
        "constant": Constant,
        "rescaled linear": RescaledLinear,
        "polynomial": Polynomial,
    }
    return kinds[name](exact(parameter))


# -------------------------------------------------------------------- the formula


def _formula(law: Law, k: int) -> tuple[fmpq, int]:
    """The law written out, as a rational and the power of alpha that it is."""
    name, parameter = law
    if name == "constant":
        return exact(parameter), 1
    if name == "rescaled linear":
        return 1 / (1 + (1 - exact(parameter)) * (k + 1)), 1
    exponent = exact(parameter) if name == "polynomial" else fmpq(1)
    return fmpq(1, k + 1) ** int(exponent.p), int(exponent.q)


def _within(size: Any, law: Law, k: int) -> tuple[fmpq, fmpq]:
    """The step size, twice; or what is as far below it and above as it may be from its formula, if it was rounded."""
    number = size(k, _schedule(law))
    alpha = exact(number)
    if not isinstance(number, float) and _formula(law, k)[1] == 1:
        return alpha, alpha
    # The logarithm to the base 2 is larger than the natural one, and the exponents here are at most 1.
    units = (2 + (k + 1).bit_length()) * exact(math.ulp(float(to_floats([alpha])[0])))
    return alpha - units, alpha + units


@step_size_law.exact(law=_laws, k=_counts)
def sizes_are_those_of_the_law(size: Any, law: Law, k: int) -> Relation:
    """The formula, exactly or up to rounding; and from 0 to 1."""
    alpha, (value, power) = exact(size(k, _schedule(law))), _formula(law, k)
    below, above = _within(size, law, k)
    inside = [at_most(0, alpha), at_most(alpha, 1)]
    if below == above:
        return all_of([*inside, equal(alpha, value)])
    return all_of([*inside, at_most(below**power, value), at_most(value, above**power)])


for _mutant in (mutants.inverse_root, mutants.halved_each_time, mutants.two_over_the_count):
    step_size_law.refutes(_mutant, by=sizes_are_those_of_the_law)
step_size_law.attained("the first linear step", by=sizes_are_those_of_the_law, law=("linear", ""), k=0)


# -------------------------------------------------------------------- the sum


def _envelope(law: Law) -> fmpq:
    """The c of the law's lower envelope c / (k + 1)."""
    name, parameter = law
    if name == "constant":
        return exact(parameter)
    return 1 / (2 - exact(parameter)) if name == "rescaled linear" else fmpq(1)


@step_size_law.exact(law=_divergent, k=_counts)
def sizes_stay_above_the_envelope(size: Any, law: Law, k: int) -> Relation:
    """Term by term, for the laws that declare an infinite sum."""
    _, above = _within(size, law, k)
    return at_most(_envelope(law) / (k + 1), above)


step_size_law.refutes(mutants.halved_each_time, by=sizes_stay_above_the_envelope)
step_size_law.fails_without(divergent_steps, by=sizes_stay_above_the_envelope, law=("polynomial", "2"))
step_size_law.attained("every linear step", by=sizes_stay_above_the_envelope, law=("linear", ""), k=9)


@step_size_law.too_strong(beside=sizes_stay_above_the_envelope)
def sizes_stay_above_a_higher_one(size: Any, law: Law, k: int) -> Relation:
    """c cannot be larger: a linear step, and the first of each other law, is on the envelope."""
    _, above = _within(size, law, k)
    return at_most(exact("11/10") * _envelope(law) / (k + 1), above)


@step_size_law.exact(law=_divergent, n=st.sampled_from([1, 2, 3, 4, 8, 32]))
def blocks_that_double_add_half_the_constant(size: Any, law: Law, n: int) -> Relation:
    """The n steps from the n-th on add up to c / 2 at least: as often as one likes, the sum grows by that."""
    return at_most(_envelope(law) / 2, sum((_within(size, law, k)[1] for k in range(n, 2 * n)), fmpq(0)))


step_size_law.refutes(mutants.halved_each_time, by=blocks_that_double_add_half_the_constant)
step_size_law.fails_without(divergent_steps, by=blocks_that_double_add_half_the_constant, law=("polynomial", "2"))
step_size_law.attained(
    "the second linear step by itself", by=blocks_that_double_add_half_the_constant, law=("linear", ""), n=1
)


def _gain(power: int) -> Any:
    """What the block of n terms from n on gains as n grows by 1, if the terms are (k + 1)^-power."""
    import sympy

    n = sympy.Symbol("n", integer=True, positive=True)
    terms = (2 * n + 1) ** -power + (2 * n + 2) ** -power - (n + 1) ** -power
    return sympy.factor(sympy.together(terms))


@step_size_law.symbolic()
def blocks_of_the_envelope_never_shrink(_: Any) -> Relation:
    """The first block of 1 / (k + 1) is 1/2, and each gains two terms that are more than the one it loses."""
    return at_most(0, _gain(power=1))


@step_size_law.too_strong(beside=blocks_of_the_envelope_never_shrink)
def blocks_of_squares_never_shrink(_: Any) -> Relation:
    """With 1 / (k + 1)^2 they do shrink, and the sum is finite."""
    return at_most(0, _gain(power=2))
