r"""Often said: Q-learning stays within the values that the rewards allow.

.. math:: \frac{r_{\min}}{1 - \gamma} \le Q_k \le \frac{r_{\max}}{1 - \gamma}
          \quad\text{if it holds for}\ k = 0

It does where no episode ends. Where one may, an episode that pays 1 at every step and ends with its first has the value
1, below 1 / (1 - gamma), and the learner goes there. For an interval that holds every table, the end must be in it:

.. math:: \min\Bigl(\min Q_0,\ r_{\min},\ \tfrac{r_{\min}}{1 - \gamma}\Bigr) \le Q_k \le
          \max\Bigl(\max Q_0,\ r_{\max},\ \tfrac{r_{\max}}{1 - \gamma}\Bigr)

(q-learning.bounded, with the proof.) The difference shows where all rewards have one sign: then r_min > 0 lies below
r_min / (1 - gamma), or r_max < 0 above r_max / (1 - gamma).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact_array
from bellcheck.mdp.draws import STEP_SIZES
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, paths, tied_to

from ..assumptions import discounted, steps_in_unit_interval
from ..claim import Claim, cite
from ..relation import Relation, all_of, at_most, given
from ..runs import Path, Update, tables_along

bounded_by_discounted_rewards = Claim(
    id="folklore.bounded-by-discounted-rewards",
    title='"Q-learning stays between r_min / (1 - gamma) and r_max / (1 - gamma)"',
    statement=r"\tfrac{r_{\min}}{1-\gamma} \le Q_0 \le \tfrac{r_{\max}}{1-\gamma}"
    r" \implies \tfrac{r_{\min}}{1-\gamma} \le Q_k \le \tfrac{r_{\max}}{1-\gamma}",
    subject="q-learner",
    needs=(discounted, steps_in_unit_interval),
    uses=("q-learning.bounded",),
    sources=(cite("gosavi2006"),),
    expected="refuted",
)
bounded_by_discounted_rewards.kept(discounted, because="At discount 1 the ends of the interval are divisions by 0.")
bounded_by_discounted_rewards.kept(
    steps_in_unit_interval,
    because="It is refuted with it; without it the true interval is left as well, which q-learning.bounded shows.",
)


def _one_reward_and_out(mdp: FiniteMDP) -> FiniteMDP:
    """Every outcome ends the episode, and all pay what the first pays: the interval is a point."""
    return replace(
        mdp,
        n_states=mdp.n_states + 1,
        reward=mdp.reward * 0 + mdp.reward[0],
        next_state=np.full(len(mdp.reward), mdp.n_states),
    )


@tied_to("pair")
def _positions(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    """Places in the unit interval, its ends included."""
    places = st.sampled_from(list(STEP_SIZES))
    return st.lists(places, min_size=mdp.n_pairs, max_size=mdp.n_pairs).map(exact_array)


def _interval(mdp: FiniteMDP) -> tuple[Scalar, Scalar]:
    return mdp.reward.min() / (1 - mdp.discount), mdp.reward.max() / (1 - mdp.discount)


def _inside(low: Scalar, high: Scalar, tables: list[Array]) -> Relation:
    return all_of(relation for table in tables for relation in (at_most(low, table), at_most(table, high)))


_models = st.one_of(mdps(max_states=3), mdps(max_states=1).map(_one_reward_and_out))


@bounded_by_discounted_rewards.pathwise(mdp=_models, position=_positions, path=paths)
def tables_stay_inside(update: Update, mdp: FiniteMDP, position: Array, path: Path) -> Relation:
    """A learner that begins in the interval, at a position from 0 (low end) to 1 (high end), stays in it."""
    low, high = _interval(mdp)
    q = low + position * (high - low)
    return given(_inside(low, high, [q]), _inside(low, high, tables_along(update, mdp, q, path)))


@bounded_by_discounted_rewards.truth(beside=tables_stay_inside)
def tables_stay_inside_with_the_end(update: Update, mdp: FiniteMDP, position: Array, path: Path) -> Relation:
    """The interval that has the first table and the undiscounted rewards in it as well is not left."""
    low, high = _interval(mdp)
    q = low + position * (high - low)
    low, high = min(low, q.min(), mdp.reward.min()), max(high, q.max(), mdp.reward.max())
    return _inside(low, high, tables_along(update, mdp, q, path))
