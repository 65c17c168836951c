r"""Clipped rewards change the problem; a clipped error changes the step, where it is large.

.. math:: \lVert q^*_{\text{clipped}} - q^* \rVert \le \frac{\max |r - \text{clip}(r)|}{1 - \gamma}, \qquad
          \nabla L_\kappa(\delta) = \text{clip}_\kappa(\delta)\, \nabla \delta

where L_kappa is the Huber loss: delta^2 / 2 up to kappa, a line of slope kappa beyond.

Why: T with clipped rewards differs from T by at most c = max |r - clip(r)| in every entry. At its fixed point, ||q' -
q*|| <= ||T'q' - T'q*|| + ||T'q* - Tq*|| <= gamma ||q' - q*|| + c. Rewards within the bounds change nothing. For the
loss: inside it is the square; outside its slope is kappa times the sign, which is the clipped error.

What clipping rewards does not keep is the greedy policy. Paid 1 now, or 10 a step later, at discount 1/2: q* = (1, 5),
and the second is better. Clipped to [-1, 1] it is (1, 1/2), and the first is. Learners so trained count rewards instead
of adding them up.

What clipping errors does not keep is the mean. The expected step of the square vanishes where the estimate is the mean
target; that of the Huber loss where the mean of the *clipped* errors vanishes, which is nearer to the median. A pair
that pays 10 with probability 1/4, and else 0, is worth 5/2; at kappa = 1 the Huber loss is stationary at 1/3.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm, to_floats
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..assumptions import discounted, small_errors
from ..claim import Claim, cite
from ..definitions import optimal_values
from ..dyadic import LINEAR_BITS, dyadic_parameters, is_dyadic
from ..mutants import deep_q as mutants
from ..relation import Relation, all_of, at_most, equal, less_than

clipping_huber = Claim(
    id="deep-q.clipping-huber",
    title="Clipping rewards changes q*; the Huber loss has the gradient of the square only where errors are small",
    statement=r"\lVert q^*_{\text{clipped}} - q^* \rVert \le \tfrac{1}{1-\gamma} \max |r - \text{clip}(r)|, \quad"
    r" L_\kappa' = \text{clip}_\kappa",
    subject="huber-loss",
    needs=(discounted, small_errors),
    uses=("bellman.contraction", "bellman.fixed-point-optimal"),
    sources=(cite("mnih2015"), cite("huber1964")),
)


# -------------------------------------------------------------------- errors

_thresholds = st.sampled_from(exact_array([1, "1/2", 2, 4]).tolist())


def _torch_slopes(loss: Any, errors: Array, threshold: Scalar) -> Array:
    """The derivative of the summed loss in each error, by torch; every number is dyadic, and no operation rounds."""
    import torch

    tensor = torch.tensor(to_floats(errors), requires_grad=True)
    loss(tensor, float(to_floats([threshold])[0])).sum().backward()
    assert tensor.grad is not None
    return exact_array(tensor.grad.tolist())


@cache
def _derivatives() -> tuple[Any, Any, Any, Any]:
    """Return delta, kappa and SymPy's derivatives of the square and of the lines."""
    import sympy

    delta, kappa = sympy.Symbol("delta", real=True), sympy.Symbol("kappa", positive=True)
    return delta, kappa, sympy.diff(delta**2 / 2, delta), sympy.diff(kappa * (abs(delta) - kappa / 2), delta)


def _symbolic_slopes(errors: Array, threshold: Scalar) -> list[Any]:
    """The derivatives of the two pieces, each where it is in force; at the threshold they agree."""
    import sympy

    delta, kappa, square, line = _derivatives()
    slopes = []
    for x in errors:
        piece = square if abs(x) <= threshold else line
        numbers = {delta: sympy.Rational(int(x.p), int(x.q)), kappa: sympy.Rational(int(threshold.p), int(threshold.q))}
        slopes.append(piece.xreplace(numbers).doit())
    return slopes


@clipping_huber.autograd(errors=dyadic_parameters(3, LINEAR_BITS), threshold=_thresholds)
def slope_is_the_clipped_error(loss: Any, errors: Array, threshold: Scalar) -> Relation:
    """Torch's derivative of our loss and of its own, SymPy's of the two pieces, and the clipped error: all equal."""
    import torch

    clipped = exact_array(max(-threshold, min(threshold, x)) for x in errors)

    def theirs(tensor: Any, delta: float) -> Any:
        return torch.nn.functional.huber_loss(tensor, torch.zeros_like(tensor), reduction="none", delta=delta)

    return all_of(
        [
            equal(_torch_slopes(loss, errors, threshold), clipped),
            equal(_torch_slopes(theirs, errors, threshold), clipped),
            equal(_symbolic_slopes(errors, threshold), clipped),
        ]
    )


for _mutant in (mutants.smooth_l1, mutants.square_for_huber):
    clipping_huber.refutes(_mutant, by=slope_is_the_clipped_error)


def _within(threshold: Scalar) -> st.SearchStrategy[Array]:
    """Three multiples of 1/16 in [-kappa, kappa]."""
    sixteenths = int((16 * threshold).floor())
    return st.lists(st.integers(-sixteenths, sixteenths), min_size=3, max_size=3).map(lambda n: exact_array(n) / 16)


_within.accepts = lambda errors: is_dyadic(errors, LINEAR_BITS) and max_norm(errors) <= fmpq(1, 2)  # type: ignore[attr-defined]
_any_errors = dyadic_parameters(3, LINEAR_BITS)


@clipping_huber.autograd(threshold=_thresholds, errors=_within)
def small_errors_have_the_gradient_of_the_square(loss: Any, threshold: Scalar, errors: Array) -> Relation:
    """Up to the threshold the gradient is that of half the square, the error itself."""
    return equal(_torch_slopes(loss, errors, threshold), errors)


clipping_huber.refutes(mutants.smooth_l1, by=small_errors_have_the_gradient_of_the_square)
clipping_huber.fails_without(small_errors, by=small_errors_have_the_gradient_of_the_square, errors=_any_errors)


def _rare_prize() -> FiniteMDP:
    """Pays 10 with probability 1/4, and else nothing, and ends."""
    return FiniteMDP.from_pairs(2, [(0, 0, [("1/4", 10, 1), ("3/4", 0, 1)])], "9/10")


@clipping_huber.fixture(mdp=_rare_prize, threshold=fmpq(1), stationary="1/3", mean="5/2")
def huber_is_stationary_off_the_mean(
    loss: Any, mdp: FiniteMDP, threshold: Scalar, stationary: str, mean: str
) -> Relation:
    """Near 1/3 the mean loss rises by as much on both sides; the square's is least at the mean, which is q*."""
    q = exact(stationary)

    def expected(estimate: Scalar) -> Scalar:
        return mdp.probability @ loss(mdp.reward - estimate, threshold)

    step = fmpq(1, 100)
    left, right = (expected(q + side * step) - expected(q) for side in (-1, 1))
    # A quadratic around its minimum rises by as much on both sides.
    return all_of([equal(left, right), less_than(fmpq(0), left), equal(optimal_values(mdp), exact_array([mean]))])


clipping_huber.refutes(mutants.square_for_huber, by=huber_is_stationary_off_the_mean)

# -------------------------------------------------------------------- rewards


@clipping_huber.exact(of="reward-clip", mdp=mdps(max_states=2), low=st.integers(-2, 0), high=st.integers(0, 2))
def clipping_moves_values_by_at_most_what_it_cuts(clip: Any, mdp: FiniteMDP, low: int, high: int) -> Relation:
    """The values move by at most the largest cut over 1 - gamma, and not at all if nothing is cut."""
    cut = exact_array(max(low - r, r - high, fmpq(0)) for r in mdp.reward)
    best, clipped = optimal_values(mdp), optimal_values(clip(mdp, fmpq(low), fmpq(high)))
    return at_most((1 - mdp.discount) * max_norm(clipped - best), max_norm(cut))


for _mutant in (mutants.scaled_to_the_bounds, mutants.sign_of_the_reward):
    clipping_huber.refutes(_mutant, by=clipping_moves_values_by_at_most_what_it_cuts)
clipping_huber.attained(
    "one loop that pays 3, clipped to 1",
    by=clipping_moves_values_by_at_most_what_it_cuts,
    mdp=lambda: self_loop(3),
    low=-1,
    high=1,
)
clipping_huber.kept(
    discounted, because="At discount 1 the bound is a division by 0, and q* itself need not exist (bellman.gamma-one)."
)


@clipping_huber.too_strong(beside=clipping_moves_values_by_at_most_what_it_cuts)
def clipping_keeps_values(clip: Any, mdp: FiniteMDP, low: int, high: int) -> Relation:
    """Clipped rewards are other rewards."""
    return equal(optimal_values(clip(mdp, fmpq(low), fmpq(high))), optimal_values(mdp))


@clipping_huber.too_strong(beside=clipping_moves_values_by_at_most_what_it_cuts)
def clipping_keeps_the_greedy_policy(clip: Any, mdp: FiniteMDP, low: int, high: int) -> Relation:
    """The order of sums is not that of sums of clipped numbers."""
    best, clipped = optimal_values(mdp), optimal_values(clip(mdp, fmpq(low), fmpq(high)))
    return equal(*(np.asarray(greedy_pairs(mdp, q), dtype=int) for q in (best, clipped)))


def _sooner_or_more() -> FiniteMDP:
    """Be paid 1 and end, or go on and be paid 10 a step later."""
    return FiniteMDP.from_pairs(3, [(0, 0, [(1, 1, 2)]), (0, 1, [(1, 0, 1)]), (1, 0, [(1, 10, 2)])], "1/2")


@clipping_huber.fixture(of="reward-clip", mdp=_sooner_or_more)
def greedy_action_changes_in_numbers(clip: Any, mdp: FiniteMDP) -> Relation:
    """q* = (1, 5, 10) before and (1, 1/2, 1) after rewards are clipped to [-1, 1]."""
    values = [optimal_values(model) for model in (mdp, clip(mdp, fmpq(-1), fmpq(1)))]
    return equal(values, [exact_array([1, 5, 10]), exact_array([1, "1/2", 1])])


clipping_huber.refutes(mutants.scaled_to_the_bounds, by=greedy_action_changes_in_numbers)
