r"""The action-replay process: the decision process that the experience of a Q-learner is, read as a deck of cards.

Write each experience t = 1, ..., n on a card: the pair x_t, its reward r_t, the next state s'_t and the step size
alpha_t. A state of the process is <s, k>: state s with the lowest k cards. To take action a there, look through those
cards from the top for one of the pair (s, a), and at each such card t toss a coin that shows heads with probability
alpha_t. At the first heads the process pays r_t and moves to <s'_t, t - 1>: only the cards below t are left. If none
shows heads it pays Q_0(s, a) and stops. So card t is played with probability

.. math:: \alpha_t \prod_{t < u \le k,\ x_u = x_t} (1 - \alpha_u)

Every play removes a card, so the process ends whatever the policy, at any discount. Watkins and Dayan 1992, Lemma A:
its optimal value of a at <s, k> is Q_k(s, a), the learner's table after k updates.
"""

from __future__ import annotations

from collections.abc import Sequence

from .arithmetic import Array, Scalar, exact
from .model import FiniteMDP, Outcome

__all__ = ["action_replay_process"]


def action_replay_process(mdp: FiniteMDP, q0: Array, path: Sequence[tuple[int, int, Scalar]]) -> FiniteMDP:
    """Return the process that replays a path of n steps (pair, outcome, step size), as an exact model.

    With S states and N pairs, <s, k> is state k S + s and its action a is pair k N + x, where x is the pair (s, a) of
    `mdp` and k = 0, ..., n; the last state is where it stops. A table of the process is n + 1 tables of `mdp`, one
    after the other. Of `mdp` only its pairs, its discount and the outcomes on the path are read: no probability, and no
    table but `q0`. Raises `InvalidMDP` if a step size is not in [0, 1].
    """
    n_states = mdp.n_states
    stop = (len(path) + 1) * n_states
    pairs = []
    for k in range(len(path) + 1):
        for x in range(mdp.n_pairs):
            outcomes: list[Outcome] = []
            unplayed = exact(1)
            for t in range(k, 0, -1):
                pair, outcome, step_size = path[t - 1]
                if pair == x:
                    following = (t - 1) * n_states + int(mdp.next_state[outcome])
                    outcomes.append((unplayed * step_size, mdp.reward[outcome], following))
                    unplayed *= 1 - step_size
            outcomes.append((unplayed, q0[x], stop))
            pairs.append((k * n_states + int(mdp.pair_state[x]), int(mdp.pair_action[x]), outcomes))
    return FiniteMDP.from_pairs(stop + 1, pairs, mdp.discount)
