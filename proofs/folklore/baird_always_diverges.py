r"""Often said: on Baird's star the semi-gradient diverges.

.. math:: w \leftarrow w + \alpha (b - A w) \ \text{diverges for every}\ \alpha > 0

With all states updated equally often it does so exactly if gamma >= 15/17 = 0.882... (semi-gradient.baird-star); the
book's 99/100 is beyond. At gamma = 4/5 small steps converge, with the same features, the same policies and the same
mismatch of weights and policy. With the weights of the target policy's own chain they converge at every discount below
1. What makes it diverge is all of this at once: bootstrapping with a long horizon, from values that share weights,
updated at other frequencies than the policy's own.

The true values can be represented, w = 0, so that divergence is no lack of a good answer.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import exact

from ..claim import Claim, cite
from ..relation import Relation, equal
from ..semi_gradient.baird_star import CONVERGES, DIVERGES, UNIFORM, behaviour_of_the_expected_update, discounts

baird_always_diverges = Claim(
    id="folklore.baird-always-diverges",
    title='"On Baird\'s star the semi-gradient diverges"',
    statement=r"w \leftarrow w + \alpha (b - A w) \ \text{diverges for all}\ \alpha > 0",
    subject="key-matrix",
    uses=("semi-gradient.baird-star",),
    sources=(cite("baird1995"), cite("sutton2018", "Fig. 11.1", verified=False)),
    expected="refuted",
)


@baird_always_diverges.exact(discount=discounts())
def diverges_at_every_discount(key_matrix: Any, discount: fmpq) -> Relation:
    """No small step converges, whatever the discount, all states updated equally often."""
    return equal(behaviour_of_the_expected_update(key_matrix, UNIFORM, discount), DIVERGES)


@baird_always_diverges.truth(beside=diverges_at_every_discount)
def diverges_from_fifteen_seventeenths_on(key_matrix: Any, discount: fmpq) -> Relation:
    """It diverges at every step size if gamma >= 15/17; below, small steps converge."""
    expected = DIVERGES if discount >= exact("15/17") else CONVERGES
    return equal(behaviour_of_the_expected_update(key_matrix, UNIFORM, discount), expected)
