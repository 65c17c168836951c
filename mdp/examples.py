"""Textbook models as exact fixtures: each is the smallest in which one thing happens.

"S&B" is Sutton and Barto 2018. A function returns a new model; a discount may be given as for any model.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .arithmetic import Array, exact, exact_array
from .model import FiniteMDP, Outcome

__all__ = [
    "baird_behaviour",
    "baird_features",
    "baird_star",
    "baird_target_policy",
    "joint_law",
    "kinked_features",
    "kinked_maximum",
    "loan",
    "loops_of_one_weight",
    "noisy_self_loops",
    "presplit",
    "presplit_features",
    "self_loop",
    "split",
    "stay_or_switch",
    "twin_features",
    "twin_process",
    "two_arms",
    "two_state_cycle",
    "w_to_2w",
    "worsening_policies",
    "zero_reward_loop",
]


def self_loop(reward: object = 1, discount: object = "9/10") -> FiniteMDP:
    """Return one state with one action that leads back: q* = reward / (1 - gamma).

    Deterministic, so the error of Q-learning is exactly the product of the factors 1 - (1 - gamma) alpha_k.
    """
    return FiniteMDP.from_pairs(1, [(0, 0, [(1, reward, 0)])], discount, start=[1])


def zero_reward_loop() -> FiniteMDP:
    """Return the self-loop with reward 0 at discount 1: Tc = c for every constant c, so T has no unique fixed point."""
    return self_loop(reward=0, discount=1)


def two_state_cycle(discount: object = "9/10") -> FiniteMDP:
    """Return two states that lead to each other, with rewards 1 and 0, and a start in the first.

    The chain is periodic: the law at time t alternates between (1, 0) and (0, 1) and has no limit, while the shares of
    time tend to (1/2, 1/2).
    """
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (1, 0, [(1, 0, 0)])], discount, start=[1, 0])


def joint_law(law: Literal["independent", "correlated", "anticorrelated"]) -> FiniteMDP:
    """Return one of three models with the same marginals of reward and next state, and different joint laws.

    Discount 1/2. The pair (0, 0) pays 0 or 2 and leads to state 0 or 1, each with probability 1/2: independently; 2
    exactly when it leads to 1; or 2 exactly when it leads to 0. The pair (0, 1) returns to 0 and pays 1; state 1
    returns to itself and pays 2. All have q* = (8/3, 7/3, 4). The variance of the target of (0, 0) at q* is 10/9,
    16/9, 4/9; after three synchronous updates at step 1/2 from 0 the mean of Q(0, 0) is 693/512, 694/512, 692/512.
    """
    outcomes = {
        "independent": [("1/4", 0, 0), ("1/4", 0, 1), ("1/4", 2, 0), ("1/4", 2, 1)],
        "correlated": [("1/2", 0, 0), ("1/2", 2, 1)],
        "anticorrelated": [("1/2", 2, 0), ("1/2", 0, 1)],
    }[law]
    return FiniteMDP.from_pairs(2, [(0, 0, outcomes), (0, 1, [(1, 1, 0)]), (1, 0, [(1, 2, 1)])], "1/2", start=[1, 0])


def two_arms(discount: object = "9/10") -> FiniteMDP:
    """Return one state with two self-loops that pay 1 and 2.

    From the table 0 a greedy behaviour that sends ties to the first action never tries the second, and learns nothing
    of it.
    """
    return FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 2, 0)])], discount, start=[1])


def noisy_self_loops() -> FiniteMDP:
    """Return one state with two self-loops that pay 1 or -1, each with probability 1/2, at discount 9/10.

    q* = 0, but from 0 at step 1/2 the means of Q_0, ..., Q_4 at either pair are 0, 0, 9/80, 99/400, 12249/32000 (at
    step 1: 0, 0, 9/20, 171/200, 2439/2000): the maximum of noisy estimates is too large on average.
    """
    coin = [("1/2", 1, 0), ("1/2", -1, 0)]
    return FiniteMDP.from_pairs(1, [(0, 0, coin), (0, 1, coin)], "9/10", start=[1])


def loan(discount: object = "9/10") -> FiniteMDP:
    """Return two states: staying (0) in the first pays 0, borrowing (1) pays 1 and leads to the second, which pays -1.

    The second state leads back. Paying later is worth it: borrowing is optimal, and worth 1 / (1 + gamma). Value
    iteration from 0 borrows after one sweep and, if gamma > 1/2, no longer after two: then the values are 0 and -1.
    """
    return FiniteMDP.from_pairs(
        2, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 1, 1)]), (1, 0, [(1, -1, 0)])], discount, start=[1, 0]
    )


def worsening_policies() -> FiniteMDP:
    """Return three states with two actions each, discount 9/10, where a sweep of value iteration harms all states.

    From 0 the policy that is greedy after three sweeps has the values (34250/7401, 20345/4934, 73985/14802), the one
    after four sweeps only (6950/1713, 3985/1142, 15365/3426).
    """
    return FiniteMDP.from_pairs(
        3,
        [
            (0, 0, [("3/4", -1, 2), ("1/4", 1, 1)]),
            (0, 1, [("1/3", "3/4", 1), ("2/3", 1, 1)]),
            (1, 0, [("1/2", "1/4", 1), ("1/4", "1/2", 2), ("1/4", "-1/2", 1)]),
            (1, 1, [("7/10", "-1/2", 2), ("3/10", "1/4", 0)]),
            (2, 0, [("1/3", "1/2", 0), ("2/3", 1, 0)]),
            (2, 1, [("1/3", 0, 2), ("1/4", -1, 2), ("5/12", "-1/2", 0)]),
        ],
        "9/10",
        start=["1/3", "1/3", "1/3"],
    )


def stay_or_switch(discount: object = "9/10") -> FiniteMDP:
    """Return two states with the actions stay (0) and switch (1); staying in the first pays 1, all else 0.

    Pairs in order: (0, stay), (0, switch), (1, stay), (1, switch). Under the epsilon-greedy policy with epsilon 1/5 the
    stationary weights are (9/20, 1/20, 9/20, 1/20) if staying is greedy in both states and
    (81/100, 9/100, 1/100, 9/100) if switching is greedy in the second: mu jumps with the greedy action.
    """
    return FiniteMDP.from_pairs(
        2,
        [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 0, 1)]), (1, 0, [(1, 0, 1)]), (1, 1, [(1, 0, 0)])],
        discount,
        start=["1/2", "1/2"],
        action_names=["stay", "switch"],
    )


def baird_star(discount: object = "99/100") -> FiniteMDP:
    """Return Baird's star: seven states, rewards 0; dashed (0) leads to one of the first six, solid (1) to the last.

    S&B Fig. 11.1; Baird's own star of 1995 differs slightly. Every value is 0, which the features can represent.
    """
    to_one_of_six = [("1/6", 0, state) for state in range(6)]
    pairs = [pair for s in range(7) for pair in ((s, 0, to_one_of_six), (s, 1, [(1, 0, 6)]))]
    return FiniteMDP.from_pairs(7, pairs, discount, start=["1/7"] * 7, action_names=["dashed", "solid"])


def baird_features() -> Array:
    """Return the (7, 8) exact features of the states: v_i = 2 w_i + w_8 for i <= 6, v_7 = w_7 + 2 w_8 (S&B Fig. 11.1).

    Their rank is 7; the kernel is spanned by (1, 1, 1, 1, 1, 1, 4, -2).
    """
    features = np.zeros((7, 8), dtype=int)
    features[np.arange(6), np.arange(6)] = 2
    features[:6, 7] = 1
    features[6, 6:] = 1, 2
    return exact_array(features.flat).reshape(7, 8)


def baird_target_policy() -> Array:
    """Return the policy that always takes solid, (14,)."""
    return exact_array([0, 1] * 7)


def baird_behaviour() -> Array:
    """Return the policy that takes dashed with probability 6/7, so that each state comes next with probability 1/7."""
    return exact_array([exact("6/7"), exact("1/7")] * 7)


def twin_process(side: Literal["left", "right"], discount: object) -> FiniteMDP:
    """Return one of two reward processes that no data can tell apart (S&B Example 11.4).

    Left: A leads to B and pays 0; B leads to A and pays 1, or to B and pays -1. Right: A leads to B or B' and pays 0; B
    leads to A and pays 1; B' leads to B or B' and pays -1. All branches have probability 1/2, and B and B' look the
    same (`twin_features`). The left Bellman error is 0 at weights 0, the right one 2/3.
    """
    half = "1/2"
    pairs: list[tuple[int, int, list[Outcome]]]
    if side == "left":
        pairs = [(0, 0, [(1, 0, 1)]), (1, 0, [(half, 1, 0), (half, -1, 1)])]
        return FiniteMDP.from_pairs(2, pairs, discount, start=[1, 0], state_names=["A", "B"])
    pairs = [(0, 0, [(half, 0, 1), (half, 0, 2)]), (1, 0, [(1, 1, 0)]), (2, 0, [(half, -1, 1), (half, -1, 2)])]
    return FiniteMDP.from_pairs(3, pairs, discount, start=[1, 0, 0], state_names=["A", "B", "B'"])


def twin_features(side: Literal["left", "right"]) -> Array:
    """Return the exact features of the states of `twin_process`: one weight for A, one for all that looks like B."""
    rows = [[1, 0], [0, 1]] if side == "left" else [[1, 0], [0, 1], [0, 1]]
    return exact_array([entry for row in rows for entry in row]).reshape(len(rows), 2)


def w_to_2w(discount: object = "9/10", end: object = 0) -> FiniteMDP:
    """Return Tsitsiklis and Van Roy's two states, of values w and 2w: the first leads to the second, which loops.

    With the probability `end` the second state leads to a terminal state instead of itself (S&B Example 11.1). All
    rewards are 0, and so are all values. Features: (1), (2).
    """
    stop = exact(end)
    loop: list[Outcome] = [(1, 0, 1)] if stop == 0 else [(1 - stop, 0, 1), (stop, 0, 2)]
    return FiniteMDP.from_pairs(
        2 if stop == 0 else 3, [(0, 0, [(1, 0, 1)]), (1, 0, loop)], discount, start=[1, 0] if stop == 0 else [1, 0, 0]
    )


def loops_of_one_weight(reward: object, discount: object = "9/10") -> FiniteMDP:
    """Return one state with two self-loops of one reward, whose values are to be w and 2w: features (1), (2).

    Fitted to both pairs alike, Q-learning's fixed points number none for reward 1 and two, -30/23 and 15/2, for -1;
    at a discount below 5/6 there is one. The values are reward / (1 - discount), which no w gives to both.
    """
    return FiniteMDP.from_pairs(1, [(0, 0, [(1, reward, 0)]), (0, 1, [(1, reward, 0)])], discount, start=[1])


def kinked_maximum() -> FiniteMDP:
    """Return two states at discount 1/2: the first pays -1 and leads to the second, whose two actions pay 0 and loop.

    With the features (1), (1), (-1) the second state has the value |w|, so that half the squared TD error of the first
    pair, (|w|/2 - w - 1)^2 / 2, has the slopes 3/2 and 1/2 on the two sides of 0.
    """
    return FiniteMDP.from_pairs(
        2, [(0, 0, [(1, -1, 1)]), (1, 0, [(1, 0, 1)]), (1, 1, [(1, 0, 1)])], "1/2", start=[1, 0]
    )


def kinked_features() -> Array:
    """Return the (3, 1) exact features of the pairs of `kinked_maximum`."""
    return exact_array([1, 1, -1]).reshape(3, 1)


def split(chance: object = "1/2", rewards: tuple[object, object] = (1, 0)) -> FiniteMDP:
    """Return A that leads to B with that chance and else to C, which pay their rewards and end (S&B Example 11.2).

    Discount 1. The values of (A, B, C) are (1/2, 1, 0); the squared TD error is least at (1/2, 3/4, 1/4).
    """
    to_b = exact(chance)
    pairs: list[tuple[int, int, list[Outcome]]] = [
        (0, 0, [(to_b, 0, 1), (1 - to_b, 0, 2)]),
        (1, 0, [(1, rewards[0], 3)]),
        (2, 0, [(1, rewards[1], 3)]),
    ]
    return FiniteMDP.from_pairs(4, pairs, 1, start=[1, 0, 0, 0], state_names=["A", "B", "C", "end"])


def presplit(chance: object = "1/2", rewards: tuple[object, object] = (1, 0)) -> FiniteMDP:
    """Return `split` with the chance moved to the start: A1 leads to B, A2 to C (S&B Example 11.3).

    A1 and A2 look the same (`presplit_features`), so that what is seen is what is seen of `split`.
    """
    to_b = exact(chance)
    pairs: list[tuple[int, int, list[Outcome]]] = [
        (0, 0, [(1, 0, 2)]),
        (1, 0, [(1, 0, 3)]),
        (2, 0, [(1, rewards[0], 4)]),
        (3, 0, [(1, rewards[1], 4)]),
    ]
    start = [to_b, 1 - to_b, 0, 0, 0]
    return FiniteMDP.from_pairs(5, pairs, 1, start=start, state_names=["A1", "A2", "B", "C", "end"])


def presplit_features() -> Array:
    """Return the (4, 3) exact features of the states of `presplit` that act: one weight for A1 and A2, B, and C."""
    rows = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return exact_array([entry for row in rows for entry in row]).reshape(4, 3)
