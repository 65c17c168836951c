r"""Often said: a maximum is differentiable, and automatic differentiation handles it.

.. math:: \frac{d}{dx} \tfrac12 \delta(x)^2 \ \text{exists, and is what the program returns}

Where actions tie it does not exist. Torch returns a number all the same, without a warning, and which number depends on
how the maximum was written: ``max(dim)`` differentiates the first of the tied entries, ``amax`` takes their mean.

What is true: as slopes of the maximum alone both are legitimate, for its subgradients are all the weighted means of the
tied actions' gradients, of which these are two. Therefore the answer for delta^2 / 2 lies between its slopes on the two
sides, and equals both where the greedy action is unique. It need not be a subgradient of delta^2 / 2: that function is
not convex in general. With the next values x and -x, the estimate x, reward -1 and gamma = 1/2 the slopes at 0 are 3/2
on the left and only 1/2 on the right (semi-gradient.max-kink); a function whose slope falls has no subgradient there at
all, and yet torch returns 1/2 or 1.

The semi-gradient does not ask: in it no maximum is differentiated.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.semi_gradient import full_gradient

from ..claim import Claim, cite
from ..dyadic import NETWORK_BITS, dyadic_parameters
from ..relation import Relation, all_of, at_most, equal
from ..semi_gradient.max_kink import RULES, TIES, slopes_along, td_error, tied_features, torch_gradients

max_is_differentiable = Claim(
    id="folklore.max-is-differentiable",
    title='"A maximum is differentiable, autograd handles it"',
    statement=r"\partial^{-} \tfrac12 \delta^2 = \partial^{+} \tfrac12 \delta^2 = \text{what torch returns}",
    subject="maximum",
    uses=("semi-gradient.max-kink",),
    sources=(cite("crossvalidated365618"),),
    expected="refuted",
)


def _slopes_and_answers(
    maximum: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> tuple[fmpq, fmpq, list[fmpq]]:
    """Return the slopes along the second parameter on the left and on the right, and torch's under each rule."""
    features, parameters = tied_features(estimate, level, slopes), exact_array([w, 0])

    def half_square(h: fmpq) -> fmpq:
        v = exact_array([w, h])
        delta = reward + discount * maximum(features[1:] @ v) - features[0] @ v
        return delta * delta / 2

    answers = [torch_gradients(full_gradient, rule, reward, discount, features, parameters)[1] for rule in RULES]
    return (*slopes_along(half_square), answers)


@max_is_differentiable.autograd(**TIES | {"slopes": dyadic_parameters(2, NETWORK_BITS)})
def torch_returns_the_derivative(
    maximum: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """The slopes on both sides agree with torch's answer, under both rules, where two actions tie."""
    left, right, answers = _slopes_and_answers(maximum, reward, discount, estimate, level, slopes, w)
    return all_of([equal(answers, left), equal(answers, right)])


@max_is_differentiable.truth(beside=torch_returns_the_derivative)
def torch_returns_a_number_between_the_slopes(
    maximum: Any, reward: fmpq, discount: fmpq, estimate: Array, level: fmpq, slopes: Array, w: fmpq
) -> Relation:
    """The answer is between the slopes, which differ by gamma delta times the spread of the tied actions' slopes."""
    left, right, answers = _slopes_and_answers(maximum, reward, discount, estimate, level, slopes, w)
    delta = td_error(reward, discount, estimate, level, w)
    return all_of(
        [
            at_most(min(left, right), answers),
            at_most(answers, max(left, right)),
            equal(right - left, discount * delta * (max(slopes) - min(slopes))),
        ]
    )
