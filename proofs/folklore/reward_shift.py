r"""Often said: a constant b added to every reward shifts every value by b / (1 - gamma).

.. math:: r \mapsto r + b \quad\Longrightarrow\quad q_\pi \mapsto q_\pi + \tfrac{b}{1 - \gamma}
          \quad\text{and, from}\ Q_0 + \tfrac{b}{1 - \gamma}, \quad Q_k \mapsto Q_k + \tfrac{b}{1 - \gamma}

It does where no episode ends (q-learning.affine). Where one may, the constant is paid only as long as it lasts: under a
policy pi the values shift by b times the expected discounted number of rewards to come,

.. math:: d_\pi(s, a) = \mathbb E_\pi \Bigl[ \sum_{t < \tau} \gamma^t \Bigr] \le \frac{1}{1 - \gamma},

tau being the number of steps to the end, and a learner's tables by something between 0 and b / (1 - gamma), exactly the
latter until a step ends an episode for the first time.

Why: the values are linear in the rewards, and d_pi are the values of the reward 1. For a learner, the difference of two
tables becomes on an update an average of its old entry and of b + gamma d with d between 0 and b / (1 - gamma), or of
b, which lies there as well.

So a bonus for every step is no matter of taste: it pays for long episodes. With a choice between a stop that pays 0 and
a loop that pays -1 for ever, stopping is best; with 2 added to both, at discount 9/10, it is worth 2 and the loop 10.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.draws import NUMBERS
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, policies, tables, tied_to
from bellcheck.mdp.transform import affine_rewards

from ..assumptions import discounted
from ..claim import Claim
from ..definitions import action_values
from ..relation import Relation, all_of, at_most, equal
from ..runs import Path, Update, tables_along

reward_shift = Claim(
    id="folklore.reward-shift",
    title='"A constant added to all rewards shifts all values by b / (1 - gamma)"',
    statement=r"r \mapsto r + b \implies q_\pi \mapsto q_\pi + \tfrac{b}{1-\gamma}"
    r" \ \text{and}\ Q_k \mapsto Q_k + \tfrac{b}{1-\gamma}",
    subject="q-learner",
    needs=(discounted,),
    uses=("q-learning.affine",),
    expected="refuted",
)
reward_shift.kept(discounted, because="At discount 1 the shift b / (1 - gamma) is a division by 0.")


@tied_to("numbers")
def _shifts() -> st.SearchStrategy[Scalar]:
    return st.sampled_from(list(NUMBERS))


_models = mdps(max_states=3)


@reward_shift.exact(of="evaluation", mdp=_models, policy=policies, shift=_shifts)
def values_shift(evaluate: Any, mdp: FiniteMDP, policy: Array, shift: Scalar) -> Relation:
    """The values of a policy shift by b / (1 - gamma)."""
    return equal(evaluate(affine_rewards(mdp, 1, shift), policy), evaluate(mdp, policy) + shift / (1 - mdp.discount))


@reward_shift.truth(beside=values_shift)
def values_shift_by_the_expected_duration(evaluate: Any, mdp: FiniteMDP, policy: Array, shift: Scalar) -> Relation:
    """They shift by b d_pi, the expected discounted number of rewards, of which there are 1 to 1 / (1 - gamma)."""
    duration = action_values(affine_rewards(mdp, 0, 1), policy)
    return all_of(
        [
            equal(evaluate(affine_rewards(mdp, 1, shift), policy), evaluate(mdp, policy) + shift * duration),
            at_most(1, duration),
            at_most(duration, 1 / (1 - mdp.discount)),
        ]
    )


@reward_shift.pathwise(mdp=_models, q=tables, shift=_shifts, path=paths)
def tables_shift(update: Update, mdp: FiniteMDP, q: Array, shift: Scalar, path: Path) -> Relation:
    """Two learners on one path, the second on r + b and from a table that is larger by b / (1 - gamma): it stays so."""
    constant = shift / (1 - mdp.discount)
    return all_of(equal(difference, constant) for difference in _differences(update, mdp, q, shift, path))


def _differences(update: Update, mdp: FiniteMDP, q: Array, shift: Scalar, path: Path) -> list[Array]:
    plain = tables_along(update, mdp, q, path)
    moved = tables_along(update, affine_rewards(mdp, 1, shift), q + shift / (1 - mdp.discount), path)
    return [after - before for after, before in zip(moved, plain, strict=True)]


@reward_shift.truth(beside=tables_shift)
def tables_shift_by_as_much_until_an_end(
    update: Update, mdp: FiniteMDP, q: Array, shift: Scalar, path: Path
) -> Relation:
    """They shift by something from 0 to b / (1 - gamma), and by just that until a step leads to a terminal state."""
    constant = shift / (1 - mdp.discount)
    low, high = min(constant, 0 * constant), max(constant, 0 * constant)
    relations = []
    ended = False
    for (_, outcome, _), difference in zip(path, _differences(update, mdp, q, shift, path), strict=True):
        ended = ended or int(mdp.next_state[outcome]) in mdp.terminal_states
        relations += [at_most(low, difference), at_most(difference, high)]
        relations += [] if ended else [equal(difference, constant)]
    return all_of(relations)
