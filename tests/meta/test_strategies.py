"""The strategies draw valid values, reach every feature that breaks theorems, and begin with the simplest."""

from __future__ import annotations

import inspect
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis.errors import InvalidArgument

from bellcheck.mdp import draws, strategies
from bellcheck.mdp.arithmetic import exact, is_exact
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.restrict import AXES
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import (
    deterministic_policies,
    distributions,
    mdps,
    paths,
    policies,
    positive_distributions,
    positive_policies,
    recordings,
    state_tables,
    step_sizes,
    synchronous_paths,
    tables,
)
from bellcheck.proofs.loss_draws import batches, conventions, heads, state_features


def _rows(mdp):
    """The outcomes of each pair, in a comparable form."""
    return [
        tuple((str(mdp.probability[k]), str(mdp.reward[k]), int(mdp.next_state[k])) for k in mdp.outcomes_of(x))
        for x in range(mdp.n_pairs)
    ]


def _reached(mdp, start):
    """The states that are entered from `start` in one step or more, with positive probability."""
    source = mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]
    edges = {(int(s), int(t)) for s, t, p in zip(source, mdp.next_state, mdp.probability, strict=True) if p > 0}
    reached, frontier = set(), {start}
    while frontier:
        frontier = {t for s, t in edges if s in frontier} - reached
        reached |= frontier
    return reached


def _has_a_period(mdp):
    """Whether three states or more are left for the next one only."""
    return (
        mdp.n_states >= 3
        and all(
            mdp.next_state[k] == (mdp.pair_state[x] + 1) % mdp.n_states
            for x in range(mdp.n_pairs)
            for k in mdp.outcomes_of(x)
        )
        and len(mdp.acting) == mdp.n_states
    )


def _is_its_mirror_image(mdp):
    rows = {
        (int(s), int(a)): sorted(row) for s, a, row in zip(mdp.pair_state, mdp.pair_action, _rows(mdp), strict=True)
    }
    last = mdp.n_states - 1
    image = {(last - s, a): sorted((p, r, last - t) for p, r, t in row) for (s, a), row in rows.items()}
    return mdp.n_states == 4 and rows == image and len(set(_rows(mdp))) >= 4 <= len(set(map(str, mdp.reward)))


def _reward_is_a_function_of_the_successor(mdp):
    seen = {}
    return (
        len(set(mdp.next_state)) >= 3
        and len(set(map(str, mdp.reward))) >= 3
        and all(seen.setdefault(int(t), r) == r for t, r in zip(mdp.next_state, mdp.reward, strict=True))
    )


FEATURES = {
    "tied optimal actions": lambda mdp: greedy_pairs(mdp, policy_iteration(mdp).q).sum() > len(mdp.acting),
    "duplicated actions": lambda mdp: (
        len(set(_rows(mdp))) >= 3
        and all(len(mdp.pairs_of(s)) >= 2 and len({_rows(mdp)[x] for x in mdp.pairs_of(s)}) == 1 for s in mdp.acting)
    ),
    "mirror-symmetric states": _is_its_mirror_image,
    "all rows equal": lambda mdp: mdp.n_pairs >= 4 and len(set(_rows(mdp))) == 1 and len(_rows(mdp)[0]) >= 2,
    "zero rewards": lambda mdp: len(set(_rows(mdp))) >= 5 and not any(mdp.reward),
    "all-negative rewards": lambda mdp: len(set(_rows(mdp))) >= 6 and max(mdp.reward) < 0,
    "a state with one action beside one with more": lambda mdp: {1, 2} <= set(np.diff(mdp.pair_start)),
    "action sets that differ": lambda mdp: (
        len({tuple(mdp.pair_action[mdp.pair_start[s] : mdp.pair_start[s + 1]]) for s in mdp.acting}) >= 3
    ),
    "action numbers with a gap": lambda mdp: any(
        tuple(mdp.pair_action[mdp.pair_start[s] : mdp.pair_start[s + 1]]) == (0, 2) for s in mdp.acting
    ),
    "an action numbered from 1": lambda mdp: any(mdp.pair_action[mdp.acting_start] == 1),
    "a terminal successor": lambda mdp: any(t in mdp.terminal_states for t in mdp.next_state),
    "a terminal state before the others": lambda mdp: mdp.terminal_states[:1] == (0,),
    "a terminal state between others": lambda mdp: bool({1, 2} & set(mdp.terminal_states)) and mdp.n_pairs >= 4,
    "a terminal state that nothing enters": lambda mdp: any(t not in mdp.next_state for t in mdp.terminal_states),
    "an unreachable acting state": lambda mdp: any(
        all(state not in _reached(mdp, other) for other in range(mdp.n_states)) for state in mdp.acting
    ),
    "a transient state that is entered": lambda mdp: any(
        state in _reached(mdp, before) and state not in _reached(mdp, state)
        for state in mdp.acting
        for before in mdp.acting
    ),
    "a periodic chain": _has_a_period,
    "a reducible chain": lambda mdp: (
        not mdp.terminal_states
        and any(not _reached(mdp, a) & _reached(mdp, b) for a in range(mdp.n_states) for b in range(a))
    ),
    "states that keep to themselves": lambda mdp: (
        len(mdp.acting) >= 3 and len(mdp.reward) >= 8 and all(_reached(mdp, s) <= {s} for s in mdp.acting)
    ),
    "states that never return": lambda mdp: (
        len(mdp.acting) >= 3
        and len(mdp.reward) >= 6
        and all(_reached(mdp, s) <= set(range(int(s), mdp.n_states)) for s in mdp.acting)
        and any(s not in _reached(mdp, s) for s in mdp.acting)
    ),
    "the same outcome twice": lambda mdp: any(len({o[1:] for o in row}) < len(row) for row in _rows(mdp)),
    "an outcome of probability 0": lambda mdp: 0 in mdp.probability,
    "rewards correlated with successors": lambda mdp: any(
        len({r for _, r, _ in row}) == len({t for _, _, t in row}) == len(row) == 3 for row in _rows(mdp)
    ),
    "rewards that the successor determines": _reward_is_a_function_of_the_successor,
    "two rewards for one successor": lambda mdp: any(
        len({r for _, r, _ in row}) == 3 and len({t for _, _, t in row}) == 1 for row in _rows(mdp)
    ),
    "discount 0": lambda mdp: mdp.discount == 0,
    "a discount of 1 - 2^-20": lambda mdp: mdp.discount == 1 - fmpq(1, 2**20),
    "the largest size": lambda mdp: mdp.n_states == 4 and mdp.n_pairs >= 8 and np.diff(mdp.outcome_start).max() == 3,
    "deterministic transitions": lambda mdp: len(set(_rows(mdp))) >= 7 and mdp.n_pairs == len(mdp.reward),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_models_reach(find_any, feature):
    """Each feature in which theorems break occurs among the models that are drawn."""
    mdp = find_any(mdps(), FEATURES[feature])

    assert mdps().accepts(mdp)


@given(mdps())
def test_models_are_valid_and_have_a_pair(mdp):
    """A model is exact, has a pair, and its constructor, which checks everything, accepts it once more."""
    again = FiniteMDP.from_pairs(
        mdp.n_states,
        [
            (
                int(mdp.pair_state[x]),
                int(mdp.pair_action[x]),
                [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)],
            )
            for x in range(mdp.n_pairs)
        ],
        mdp.discount,
    )

    assert mdp.n_pairs >= 1
    assert is_exact(mdp.probability)
    assert mdp == again


def test_the_simplest_model_is_one_loop_at_discount_one_half(minimal):
    """Hypothesis shrinks to one state, one action, reward 0, discount 1/2."""
    assert minimal(mdps()) == FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], "1/2")


@pytest.mark.parametrize("n_states", [2, 3, 4])
def test_hypothesis_shrinks_a_model_around_its_size(minimal, n_states):
    """A condition on the number of states alone leaves the rest at its simplest."""
    mdp = minimal(mdps(terminal=False), lambda mdp: mdp.n_states == n_states)

    assert (mdp.n_pairs, len(mdp.reward), mdp.discount) == (n_states, n_states, fmpq(1, 2))
    assert not any(mdp.reward)


@given(st.data(), st.integers(1, 12), st.integers(1, 5), st.integers(1, 12), st.booleans(), st.booleans())
def test_limits_are_kept(data, max_states, max_actions, max_outcomes, terminal, start):
    """What is drawn keeps the limits that were asked for, and `accepts` says so."""
    strategy = mdps(
        max_states=max_states,
        max_actions=max_actions,
        max_outcomes=max_outcomes,
        terminal=terminal,
        discounts=["9/10", 1],
        start=start,
    )

    mdp = data.draw(strategy)

    assert mdp.n_states <= max_states
    assert np.diff(mdp.pair_start).max() <= max_actions
    assert np.diff(mdp.outcome_start).max() <= max_outcomes
    assert terminal or mdp.terminal_states == ()
    assert mdp.discount in (exact("9/10"), exact(1))
    assert (mdp.start is not None) == start
    assert strategy.accepts(mdp)


def test_a_start_may_be_certain_spread_or_zero_somewhere(find_any):
    """Start distributions are drawn with and without zeros."""
    spread = find_any(mdps(start=True), lambda mdp: mdp.n_states >= 3 and all(p > 0 for p in mdp.start))
    certain = find_any(mdps(start=True), lambda mdp: mdp.n_states >= 3 and list(mdp.start).count(0) == mdp.n_states - 1)

    assert sum(spread.start, fmpq(0)) == sum(certain.start, fmpq(0)) == 1


LOOP = FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], "1/2")
STOP = FiniteMDP.from_pairs(2, [(0, a, [("1/2", 0, 0), ("1/2", 0, 1)]) for a in range(2)], 1)


@pytest.mark.parametrize(
    ("limits", "inside"),
    [
        ({"discounts": [1]}, True),
        ({}, False),
        ({"discounts": [1], "max_states": 1}, False),
        ({"discounts": [1], "max_actions": 1}, False),
        ({"discounts": [1], "max_outcomes": 1}, False),
        ({"discounts": [1], "terminal": False}, False),
        ({"discounts": [1], "start": True}, False),
        ({"discounts": ["1/2"]}, False),
    ],
    ids=str,
)
def test_accepts_tells_what_is_outside_the_limits(limits, inside):
    """`accepts` knows each limit."""
    assert mdps(**limits).accepts(STOP) is inside


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_states": 0}, "max_states=0 is not an integer from 1 to 12"),
        ({"max_states": 13}, "max_states=13 is not"),
        ({"max_states": True}, "max_states=True is not"),
        ({"max_actions": 6}, "max_actions=6 is not an integer from 1 to 5"),
        ({"max_outcomes": 1.5}, "max_outcomes=1.5 is not"),
        ({"discounts": []}, "discounts has 0 entries"),
        ({"discounts": ["3/2"]}, "discounts contains 3/2, which is not in"),
        ({"discounts": [-1]}, "discounts contains -1, which is not in"),
        ({"discounts": ["x"]}, "discounts: 'x' is not a rational number"),
        ({"discounts": "1/2"}, "discounts='1/2' is no list of rationals"),
        ({"discounts": st.just(1)}, "is no list of rationals; write it like"),
    ],
    ids=str,
)
def test_arguments_are_checked_at_the_call(arguments, message):
    """A wrong argument is named where the strategy is made, not when it draws."""
    with pytest.raises(InvalidArgument, match=message):
        mdps(**arguments)


DEPENDENT = [
    deterministic_policies,
    distributions,
    paths,
    policies,
    positive_distributions,
    positive_policies,
    recordings,
    state_tables,
    synchronous_paths,
    tables,
]


@st.composite
def _with(draw, function):
    mdp = draw(mdps())
    return mdp, draw(function(mdp))


def test_every_function_of_a_model_is_tied_to_it():
    """What is exported draws models, marks, or says along which known axis its values lie."""
    others = {"mdps", "step_sizes", "tied_to"}
    functions = [getattr(strategies, name) for name in strategies.__all__ if name not in others]

    assert {f.__name__ for f in functions} == {f.__name__ for f in DEPENDENT}
    of_losses = {f.axis for f in (state_features, heads, batches, conventions())}
    assert {f.axis for f in functions} | of_losses | {step_sizes().axis, "sequence", "numbers", None} == set(AXES)
    assert all(list(inspect.signature(f).parameters) == ["mdp"] for f in functions)


@given(_with(tables), _with(state_tables))
def test_tables_fit_their_model(pair_table, state_table):
    """A table has an exact entry for each pair, a state table for each state."""
    assert is_exact(pair_table[1])
    assert pair_table[1].shape == (pair_table[0].n_pairs,)
    assert state_table[1].shape == (state_table[0].n_states,)


@given(st.one_of(*map(_with, [policies, deterministic_policies, positive_policies])))
def test_policies_sum_to_one_in_each_state(drawn):
    """Probabilities are not negative and sum to exactly 1 in each state that has actions."""
    mdp, policy = drawn
    totals = [sum((policy[x] for x in mdp.pairs_of(s)), fmpq(0)) for s in mdp.acting]

    assert policy.shape == (mdp.n_pairs,)
    assert min(policy) >= 0
    assert totals == [1] * len(mdp.acting)


@given(_with(positive_policies), _with(deterministic_policies))
def test_policies_are_what_they_are_called(positive, deterministic):
    """A positive policy has no zero, a deterministic one nothing but zeros and ones."""
    assert min(positive[1]) > 0
    assert all(p in (0, 1) for p in deterministic[1])


@given(_with(distributions), _with(positive_distributions))
def test_distributions_sum_to_one(free, positive):
    """Both are exact distributions over the pairs; the positive one has no zero."""
    assert sum(free[1], fmpq(0)) == sum(positive[1], fmpq(0)) == 1
    assert min(free[1]) >= 0
    assert min(positive[1]) > 0
    assert free[1].shape == (free[0].n_pairs,)


@given(_with(paths))
def test_steps_are_possible(drawn):
    """Each step takes an outcome of its pair that has positive probability, with a step size in [0, 1]."""
    mdp, path = drawn

    assert len(path) <= 8
    assert all(k in mdp.outcomes_of(x) and mdp.probability[k] > 0 and 0 <= alpha <= 1 for x, k, alpha in path)


@given(_with(recordings))
def test_recordings_go_on_until_they_end_or_are_cut(drawn):
    """Each step takes a possible outcome, and begins where the one before led to unless an episode began."""
    mdp, recording = drawn

    assert len(recording) <= 8
    assert all(k in mdp.outcomes_of(x) and mdp.probability[k] > 0 for x, k, _ in recording)
    assert all(
        cut or not mdp.pairs_of(mdp.next_state[k]) or mdp.pair_state[following] == mdp.next_state[k]
        for (_, k, cut), (following, _, _) in pairwise(recording)
    )


@given(_with(synchronous_paths))
def test_synchronous_steps_are_possible(drawn):
    """Each step has a possible outcome for each pair, and a step size in [0, 1]."""
    mdp, (sizes, outcomes) = drawn

    assert outcomes.shape == (len(sizes), mdp.n_pairs)
    assert all(0 <= alpha <= 1 for alpha in sizes)
    assert all(k in mdp.outcomes_of(x) and mdp.probability[k] > 0 for row in outcomes for x, k in enumerate(row))


REACHED = {
    "a table with ties in one state": (tables, lambda mdp, q: greedy_pairs(mdp, q).sum() > len(mdp.acting) >= 2),
    "a table without ties": (tables, lambda mdp, q: len(set(map(str, q))) == mdp.n_pairs >= 4),
    "a constant table": (tables, lambda mdp, q: mdp.n_pairs >= 4 and len(set(map(str, q))) == 1 and q[0] != 0),
    "a negative table": (tables, lambda mdp, q: mdp.n_pairs >= 3 and max(q) < 0),
    "a value at a terminal state": (state_tables, lambda mdp, v: any(v[s] != 0 for s in mdp.terminal_states)),
    "a deterministic policy": (policies, lambda mdp, pi: mdp.n_pairs >= 6 and all(p in (0, 1) for p in pi)),
    "a policy with and without zeros": (
        policies,
        lambda mdp, pi: any(p == 0 for p in pi) and any(0 < p < 1 for p in pi),
    ),
    "not the lowest action": (deterministic_policies, lambda mdp, pi: all(pi[x] == 0 for x in mdp.acting_start)),
    "zeros in mu": (distributions, lambda mdp, mu: 2 <= sum(x == 0 for x in mu) < mdp.n_pairs - 1),
    "mu > 0, not uniform": (positive_distributions, lambda mdp, mu: mdp.n_pairs >= 3 and len(set(map(str, mu))) >= 3),
    "a policy > 0, not uniform": (
        positive_policies,
        lambda mdp, pi: any(p not in (1, fmpq(1, 2), fmpq(1, 3)) for p in pi),
    ),
    "no step": (paths, lambda mdp, path: path == ()),
    "eight steps": (paths, lambda mdp, path: len(path) == 8),
    "a trajectory": (
        paths,
        lambda mdp, path: (
            len(path) >= 3 and all(mdp.next_state[k] == mdp.pair_state[x] for (_, k, _), (x, _, _) in pairwise(path))
        ),
    ),
    "steps out of order": (
        paths,
        lambda mdp, path: any(mdp.next_state[k] != mdp.pair_state[x] for (_, k, _), (x, _, _) in pairwise(path)),
    ),
    "a pair visited twice": (paths, lambda mdp, path: mdp.n_pairs >= 3 and len({x for x, _, _ in path}) < len(path)),
    "step sizes 0 and 1": (paths, lambda mdp, path: {"0", "1"} <= {str(alpha) for _, _, alpha in path}),
    "an episode of three steps that ends": (
        recordings,
        lambda mdp, steps: any(
            not (steps[t - 1][2] or steps[t - 2][2]) and not mdp.pairs_of(mdp.next_state[steps[t][1]])
            for t in range(2, len(steps))
        ),
    ),
    "an episode cut off and another begun elsewhere": (
        recordings,
        lambda mdp, steps: any(
            cut and mdp.pairs_of(mdp.next_state[k]) and mdp.pair_state[following] != mdp.next_state[k]
            for (_, k, cut), (following, _, _) in pairwise(steps)
        ),
    ),
    "a time limit that falls on an end": (
        recordings,
        lambda mdp, steps: any(cut and not mdp.pairs_of(mdp.next_state[k]) for _, k, cut in steps),
    ),
    "two synchronous samples that differ": (
        synchronous_paths,
        lambda mdp, path: len(path[1]) >= 2 and any(path[1][0] != path[1][1]),
    ),
}


@pytest.mark.parametrize("feature", REACHED)
def test_values_on_a_model_reach(find_any, feature):
    """Each feature occurs among the values that are drawn on a model."""
    function, condition = REACHED[feature]

    mdp, value = find_any(_with(function), lambda drawn: condition(*drawn))

    assert condition(mdp, value)


SIMPLEST = {
    "tables": (tables, "[0 0]"),
    "state_tables": (state_tables, "[0]"),
    "policies": (policies, "[1 0]"),
    "deterministic_policies": (deterministic_policies, "[1 0]"),
    "positive_policies": (positive_policies, "[1/2 1/2]"),
    "distributions": (distributions, "[1 0]"),
    "positive_distributions": (positive_distributions, "[1/2 1/2]"),
    "paths": (paths, "()"),
    "recordings": (recordings, "()"),
}


@pytest.mark.parametrize("name", SIMPLEST)
def test_values_on_a_model_begin_with_the_simplest(minimal, name):
    """On a state with two actions, each strategy shrinks to the value that one would write down first."""
    function, shown = SIMPLEST[name]
    two_actions = FiniteMDP.from_pairs(1, [(0, a, [(1, 0, 0)]) for a in range(2)], "1/2")

    assert str(minimal(function(two_actions))) == shown


def test_step_sizes_reach_both_ends_and_begin_with_one_half(find_any, minimal):
    """0 and 1 are step sizes; the simplest is 1/2."""
    ends = [find_any(step_sizes(), lambda alpha, end=end: alpha == end) for end in (0, 1)]

    assert ends == [0, 1]
    assert minimal(step_sizes()) == fmpq(1, 2)


def test_every_draw_is_an_integer_below_99():
    """Hypothesis collects constants from 100 on, and mixes them into ranges that hold them: these hold none."""
    ranges = [repr(strategy) for strategy in draws._RANGES]

    assert ranges[1:] == [f"integers(min_value=0, max_value={largest})" for largest in range(99)]
    assert max(map(len, (draws.NUMBERS, draws.NEGATIVE, draws.DISCOUNTS, draws.STEP_SIZES))) < 100


@pytest.mark.parametrize("numbers", ["NUMBERS", "NEGATIVE", "DISCOUNTS", "STEP_SIZES"])
def test_numbers_are_listed_once(numbers):
    """No number is twice as likely as another, and each list begins with what its name promises."""
    listed = [str(x) for x in getattr(draws, numbers)]

    assert len(set(listed)) == len(listed)
    assert listed[0] == {"NUMBERS": "0", "NEGATIVE": "-1", "DISCOUNTS": "1/2", "STEP_SIZES": "1/2"}[numbers]
