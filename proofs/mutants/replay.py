"""Wrong action-replay processes: decks that are shuffled, or from which the wrong cards are taken.

Each has the signature of `bellcheck.mdp.action_replay.action_replay_process`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bellcheck.mdp.arithmetic import Array, Scalar, exact
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = [
    "bottom_card_first",
    "coins_of_later_cards",
    "every_card_kept",
    "initial_table_left_out",
    "one_card_taken",
    "two_cards_taken",
]

Process = Callable[[FiniteMDP, Array, Sequence[tuple[int, int, Scalar]]], FiniteMDP]


def _process(
    left: Callable[[int, int], int] = lambda k, t: t - 1,
    order: Callable[[int, int], Sequence[int]] = lambda k, n: range(k, 0, -1),
    pays: Callable[[Scalar], Scalar] = lambda value: value,
) -> Process:
    """Return a process with `left` cards after card t of k, cards looked at in `order`, and what is paid in the end."""

    def build(mdp: FiniteMDP, q0: Array, path: Sequence[tuple[int, int, Scalar]]) -> FiniteMDP:
        stop = (len(path) + 1) * mdp.n_states
        pairs = []
        for k in range(len(path) + 1):
            for x in range(mdp.n_pairs):
                outcomes, unplayed = [], exact(1)
                for t in order(k, len(path)):
                    pair, outcome, step_size = path[t - 1]
                    if pair == x:
                        if t <= k:
                            following = left(k, t) * mdp.n_states + int(mdp.next_state[outcome])
                            outcomes.append((unplayed * step_size, mdp.reward[outcome], following))
                        else:
                            outcomes.append((unplayed * step_size, q0[x], stop))
                        unplayed *= 1 - step_size
                outcomes.append((unplayed, pays(q0[x]), stop))
                pairs.append((k * mdp.n_states + int(mdp.pair_state[x]), int(mdp.pair_action[x]), outcomes))
        return FiniteMDP.from_pairs(stop + 1, pairs, mdp.discount)

    return build


def _replay(name: str, process: Process) -> Subject:
    return Subject("action-replay", name, process)


two_cards_taken = _replay("to <s', t - 2>", _process(left=lambda k, t: max(t - 2, 0)))
one_card_taken = _replay("to <s', k - 1>", _process(left=lambda k, t: k - 1))
every_card_kept = _replay("to <s', k>", _process(left=lambda k, t: k))
initial_table_left_out = _replay("no payment of Q_0 in the end", _process(pays=lambda value: value * 0))
bottom_card_first = _replay("cards looked at from the bottom", _process(order=lambda k, n: range(1, k + 1)))
coins_of_later_cards = _replay("coins tossed for cards above k", _process(order=lambda k, n: range(n, 0, -1)))
