r"""The update of a vector of parameters is the update of each element alone: one error, one step size for all.

.. math::
    \theta_j' = \theta_j + \alpha \, \delta \, \frac{\partial \hat q_\theta(s, a)}{\partial \theta_j},
    \qquad \delta = r + \gamma V_{\hat q_\theta}(s') - \hat q_\theta(s, a)

Why: it is the vector equation read in its j-th place. So each element may be thought of as the only parameter, all
others being held where they are: the same rule, applied to q_hat as a function of theta_j alone, gives theta_j'.

Two things are meant by it and break without notice. All elements move from the *same* theta: if each waits for those
before it, the error delta has changed when its turn comes. And alpha is the same for all: Adam divides each element of
the gradient by its own root mean square, so its first step has size alpha in every element where the gradient is not
nearly 0, and only the signs of the gradient are left of its direction (Kingma and Ba 2015, Algorithm 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.approximation import QHat
from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps

from ..assumptions import differentiable, plain_sgd
from ..claim import Claim, cite
from ..definitions import target
from ..dyadic import NETWORK_BITS, dyadic_features, dyadic_parameters
from ..exact_slopes import polynomial_q, slopes_along
from ..mutants import updates as mutants
from ..relation import Relation, all_of, equal

per_element = Claim(
    id="value-error.per-element",
    title="The update of a vector of parameters is the same update applied to each element",
    statement=r"\theta_j' = \theta_j + \alpha\, \delta\, \partial \hat q_\theta(s, a) / \partial \theta_j",
    subject="semi-gradient-rule",
    needs=(plain_sgd, differentiable),
    uses=("value-error.half-convention",),
    sources=(cite("sutton2018", "(9.7)", verified=False), cite("kingma2015", "Algorithm 1")),
)


@dataclass(frozen=True)
class _AlongOne:
    """A q_hat as a function of one of its parameters, the others held at those of w."""

    q_hat: QHat
    w: Array
    j: int

    def _parameters(self, value: Array) -> Array:
        moved = self.w.copy()
        moved[self.j] = value[0]
        return moved

    def __call__(self, value: Array) -> Array:
        return self.q_hat(self._parameters(value))

    def gradient(self, value: Array, pair: int) -> Array:
        return self.q_hat.gradient(self._parameters(value), pair)[self.j : self.j + 1]


def _entry(q_hat: QHat, pair: int, w: Array) -> Any:
    return q_hat(w)[pair]


_DRAWS: dict[str, Any] = {
    "mdp": mdps(max_states=2, max_actions=2),
    "degree": st.sampled_from([2, 1]),
    "coefficients": dyadic_features(3, NETWORK_BITS),
    "w": dyadic_parameters(2, NETWORK_BITS),
    "step_size": st.sampled_from([exact(a) for a in ("1/2", "1", "1/10")]),
}


@per_element.exact(**_DRAWS, optimiser="plain")
def elements_move_along_their_slopes(
    rule: Any, mdp: FiniteMDP, degree: int, coefficients: Array, w: Array, step_size: fmpq, optimiser: str
) -> Relation:
    """At every outcome each element moves by alpha delta times its slope, which is taken by differences.

    The `optimiser` takes the step: plain gradient descent, which is the rule itself, or Adam.
    """
    q_hat, moved = polynomial_q(degree, coefficients), {"plain": rule, "Adam": mutants.adam_first_step.call}[optimiser]
    parts = []
    for x in range(mdp.n_pairs):
        slopes = slopes_along(partial(_entry, q_hat, x), w, 2)
        for k in mdp.outcomes_of(x):
            delta = target(mdp, q_hat(w), k) - q_hat(w)[x]
            parts.append(equal(moved(mdp, q_hat, w, k, step_size), w + step_size * delta * slopes))
    return all_of(parts)


@per_element.exact(**_DRAWS)
def one_element_is_a_vector_of_one(
    rule: Any, mdp: FiniteMDP, degree: int, coefficients: Array, w: Array, step_size: fmpq
) -> Relation:
    """The rule with one element as the only parameter gives that element of the rule with all."""
    q_hat = polynomial_q(degree, coefficients)
    return all_of(
        equal(
            rule(mdp, q_hat, w, k, step_size),
            [rule(mdp, _AlongOne(q_hat, w, j), w[j : j + 1], k, step_size) for j in range(len(w))],
        )
        for k in range(len(mdp.reward))
    )


# -------------------------------------------------------------------- what must fail


@per_element.too_strong(beside=elements_move_along_their_slopes)
def adam_goes_the_same_way(
    rule: Any, mdp: FiniteMDP, degree: int, coefficients: Array, w: Array, step_size: fmpq, optimiser: str
) -> Relation:
    """The first step of Adam is a multiple of the rule's: both have the same direction."""
    q_hat = polynomial_q(degree, coefficients)
    steps = [
        [moved(mdp, q_hat, w, k, step_size) - w for moved in (rule, mutants.adam_first_step.call)]
        for k in range(len(mdp.reward))
    ]
    return equal(exact_array(a[0] * b[1] for a, b in steps), exact_array(a[1] * b[0] for a, b in steps))


for _check in (elements_move_along_their_slopes, one_element_is_a_vector_of_one):
    per_element.refutes(mutants.elements_in_turn, by=_check)
per_element.refutes(mutants.adam_first_step, by=elements_move_along_their_slopes)
per_element.fails_without(plain_sgd, by=elements_move_along_their_slopes, optimiser="Adam")
per_element.kept(differentiable, because="Without a derivative neither side is defined.")
