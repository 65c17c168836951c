r"""Every table of Q-learning is optimal, exactly, in a decision process made of the experience alone.

.. math:: Q_k(s, a) = q^*_{\mathrm{replay}}(\langle s, k \rangle, a) \qquad\text{for all } s, a \text{ and } k

Write experience t = 1, 2, ... on a card: its pair x_t, reward r_t, next state s'_t and step size alpha_t. In the
action-replay process the state <s, k> is the state s with the lowest k cards. Action a looks through them from the top
for cards of the pair (s, a) and tosses a coin at each, heads with probability alpha_t. At the first heads, card t, it
pays r_t and moves to <s'_t, t - 1>. If no coin shows heads it pays Q_0(s, a) and stops.

Proof, by induction over k. At k = 0 there are no cards, and Q_0(s, a) is paid. Let the values at k - 1 be Q_{k-1}. If
card k is not of (s, a), the action finds the same cards at <s, k> as at <s, k - 1>, and Q_k(s, a) = Q_{k-1}(s, a). If
it is, the first coin plays card k with probability alpha_k, which is worth r_k + gamma max over b of the value of b at
<s'_k, k - 1>, that is r_k + gamma V_{Q_{k-1}}(s'_k); with tails the action goes on as from <s, k - 1>, which is worth
Q_{k-1}(s, a). The mean of the two is the update. QED.

Nothing was asked of where the experience comes from: any behaviour, any step sizes in [0, 1], even outcomes that the
model gives probability 0. The discount may be 1 as well, for each play removes a card. A common slip is the index: the
cards left are those below t, the card that was played, not those below k.

It is the first half of Watkins and Dayan's proof that Q-learning converges; the second half, not checked here, is that
the replay of a long experience is close to the model itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bellcheck.mdp.action_replay import action_replay_process
from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.examples import stay_or_switch
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_asynchronous
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps, paths, tables

from ..assumptions import steps_in_unit_interval
from ..claim import Claim, cite
from ..definitions import optimal_values
from ..mutants import learners, replay
from ..relation import Relation, equal
from ..runs import Path, Update, tables_along

action_replay = Claim(
    id="q-learning.action-replay",
    title="Every table of Q-learning is optimal in a decision process made of the experience alone",
    statement=r"Q_k(s, a) = q^*_{\mathrm{replay}}(\langle s, k \rangle, a)",
    subject="action-replay",
    needs=(steps_in_unit_interval,),
    uses=("bellman.fixed-point-optimal",),
    sources=(cite("watkins1992", "Lemma A"),),
)


def _learned(mdp: FiniteMDP, q: Array, path: Path) -> Array:
    """Q_0, ..., Q_n, one after the other."""
    return np.concatenate(list(run_asynchronous(mdp, q, path)))


@action_replay.pathwise(mdp=mdps(), q=tables, path=paths)
def learner_has_the_optimal_values(process: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """Policy iteration on the cards finds the learner's tables Q_0, ..., Q_n, every entry."""
    return equal(policy_iteration(process(mdp, q, path)).q, _learned(mdp, q, path))


for _mutant in (
    replay.two_cards_taken,
    replay.one_card_taken,
    replay.every_card_kept,
    replay.initial_table_left_out,
    replay.bottom_card_first,
    replay.coins_of_later_cards,
):
    action_replay.refutes(_mutant, by=learner_has_the_optimal_values)


@action_replay.pathwise(mdp=mdps(max_states=3, discounts=[1]), q=tables, path=paths)
def at_discount_one_as_well(process: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """The replay ends even where the model does not, so its values exist without discounting."""
    return equal(policy_iteration(process(mdp, q, path)).q, _learned(mdp, q, path))


for _mutant in (replay.two_cards_taken, replay.one_card_taken, replay.initial_table_left_out):
    action_replay.refutes(_mutant, by=at_discount_one_as_well)


@action_replay.pathwise(of="q-learner", mdp=mdps(max_states=3), q=tables, path=paths)
def update_climbs_the_replay(update: Update, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """The same of a given update, which is judged without another one beside it."""
    learned = np.concatenate([q, *tables_along(update, mdp, q, path)])
    return equal(learned, policy_iteration(action_replay_process(mdp, q, path)).q)


for _mutant in (
    learners.behaviour_average,
    learners.undiscounted_target,
    learners.argmax_in_place_of_max,
    learners.minimum_in_place_of_maximum,
    learners.whole_row_written,
):
    action_replay.refutes(_mutant, by=update_climbs_the_replay)


def _four_cards() -> Path:
    """On `stay_or_switch`, whose pairs have one outcome each: stay twice, then switch to there and back."""
    return tuple((x, x, exact(step_size)) for x, step_size in ((0, "1/2"), (0, "1/3"), (3, "1/2"), (1, "1/4")))


@action_replay.fixture(mdp=lambda: stay_or_switch("1/2"), q=lambda: exact_array([0, -1, "1/8", 0]), path=_four_cards)
def no_policy_does_better(process: Any, mdp: FiniteMDP, q: Array, path: Path) -> Relation:
    """By brute force: four cards, ten states with two actions, and the best of all 2^10 policies."""
    return equal(optimal_values(process(mdp, q, path)), _learned(mdp, q, path))


action_replay.refutes(replay.two_cards_taken, by=no_policy_does_better)

action_replay.kept(
    steps_in_unit_interval,
    because="A step size is the probability of heads: outside of [0, 1] there is no coin, hence no process. The "
    "recursion of the proof itself holds for all real step sizes.",
)
