r"""Q-learning comes within eps of q* after about N / ((1 - gamma)^4 eps^2) samples, in the worst case not before.

.. math:: \tilde\Theta\Bigl(\frac{N}{(1 - \gamma)^4 \varepsilon^2}\Bigr) \text{ samples for } |A(s)| \ge 2, \qquad
          \tilde\Theta\Bigl(\frac{N}{(1 - \gamma)^3 \varepsilon^2}\Bigr) \text{ for } |A(s)| = 1

for synchronous runs from rewards in [0, 1] with suitable steps, where N is the number of pairs and the tilde hides
logarithms: Li, Cai, Chen, Wei and Chi. The fourth power is a property of the maximum: with one action, where Q-learning
is TD learning, the third suffices, and that is the best that any method can do.

*Why this is cited and not tested.* The statement is one of order: its constants and logarithms are not specified, so no
finite set of runs could refute it. An exponent fitted to runs depends on the models, the range of gamma and eps and the
steps that were tried; passing or failing would say more of these than of the theorem. The lower bound is about the
worst models, which random ones do not show.

What is tested has its constants. q-learning.finite-time-synchronous is of the order N Lambda^2 / ((1 - gamma)^3 eps^2)
with rescaled linear steps, up to logarithms, where Lambda, the range of r + gamma v*(s'), can be as large as 1 / (1 -
gamma): the fifth power. q-learning.bounded-differences improves its constants, and the part that the confidence
multiplies by a whole power; the mean of the largest noise still is of the older order.
"""

from __future__ import annotations

from ..assumptions import discounted, finite, independent_samples
from ..claim import Claim, cite

minimax_order = Claim(
    id="q-learning.minimax-order",
    title="Q-learning needs samples of the order (1 - gamma)^-4 eps^-2, one power of the horizon more than necessary",
    statement=r"\tilde\Theta\bigl(N (1 - \gamma)^{-4} \varepsilon^{-2}\bigr) \text{ samples for } "
    r"\lVert Q_n - q^* \rVert_\infty \le \varepsilon, \text{ and } (1 - \gamma)^{-3} \text{ with one action a state}",
    subject="synchronous-run",
    needs=(finite, discounted, independent_samples),
    uses=("q-learning.finite-time-synchronous", "q-learning.bounded-differences"),
    sources=(cite("li2024"), cite("wainwright2019")),
    expected="cited",
)
for _assumption in minimax_order.needs:
    minimax_order.kept(_assumption, because="The statement is cited: there is no check that could drop it.")
