"""The domain reducer ends at the instance that one would put on a slide, and never leaves the assumptions."""

from __future__ import annotations

import zlib

import hypothesis.strategies as st
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings

from bellcheck.mdp.arithmetic import exact, exact_array, max_norm
from bellcheck.mdp.bellman import (
    expected_backup,
    greedy_pairs,
    optimality_operator,
    policy_operator,
    state_values,
)
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.reduce import reduce, size
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
from bellcheck.mdp.transitions import linked

SEEDS = [0, 1, 2, 3, 4]


@st.composite
def _instances(draw, functions, models):
    mdp = draw(models)
    return {
        "mdp": mdp,
        **{name: draw(f if isinstance(f, st.SearchStrategy) else f(mdp)) for name, f in functions.items()},
    }


def _axes(functions):
    return {"mdp": None, **{name: f.axis for name, f in functions.items()}}


def _row(mdp, x):
    return [(str(mdp.probability[k]), str(mdp.reward[k]), int(mdp.next_state[k])) for k in mdp.outcomes_of(x)]


def _shown(instance):
    """An instance as text, with the model as its constructor call."""
    return {name: str(value) for name, value in instance.items()}


def _update(mdp, q, step):
    pair, k, alpha = step
    changed = q.copy()
    target = mdp.reward[k] + mdp.discount * state_values(mdp, q)[mdp.next_state[k]]
    changed[pair] = (1 - alpha) * q[pair] + alpha * target
    return changed


def _run(mdp, q, path):
    for step in path:
        q = _update(mdp, q, step)
    return q


def _undiscounted(mdp, q):
    return mdp.table(0) + expected_backup(
        FiniteMDP.from_pairs(
            mdp.n_states,
            [
                (
                    int(mdp.pair_state[x]),
                    int(mdp.pair_action[x]),
                    [(mdp.probability[k], mdp.reward[k], int(mdp.next_state[k])) for k in mdp.outcomes_of(x)],
                )
                for x in range(mdp.n_pairs)
            ],
            1,
        ),
        state_values(mdp, q),
    )


# What is false, the values that it is about, and the (states, pairs, outcomes, steps) of a smallest counterexample.
FALSE = {
    "T without the discount is a contraction": (
        {"q": tables, "w": tables},
        lambda mdp, q, w: max_norm(_undiscounted(mdp, q) - _undiscounted(mdp, w)) > mdp.discount * max_norm(q - w),
        (1, 1, 1, 0),
    ),
    "every table is below q*": (
        {"q": tables},
        lambda mdp, q: any(q > policy_iteration(mdp).q),
        (1, 1, 1, 0),
    ),
    "a state has one greedy action": (
        {"q": tables},
        lambda mdp, q: greedy_pairs(mdp, q).sum() > len(mdp.acting),
        (1, 2, 2, 0),
    ),
    "T_pi and T agree": (
        {"q": tables, "pi": policies},
        lambda mdp, q, pi: any(policy_operator(mdp, pi, q) != optimality_operator(mdp, q)),
        (1, 2, 2, 0),
    ),
    "T keeps a constant table constant": (
        {"q": tables},
        lambda mdp, q: len(set(map(str, q))) == 1 and len(set(map(str, optimality_operator(mdp, q)))) > 1,
        (1, 2, 2, 0),
    ),
    "two states have one optimal value": (
        {},
        lambda mdp: len({str(v) for v in policy_iteration(mdp).v}) > 1,
        (2, 1, 1, 0),
    ),
    "three states have at most two optimal values": (
        {},
        lambda mdp: len({str(v) for v in policy_iteration(mdp).v}) > 2,
        (3, 2, 2, 0),
    ),
    "outcomes of a pair have one reward": (
        {},
        lambda mdp: any(len({r for _, r, _ in _row(mdp, x)}) > 1 for x in range(mdp.n_pairs)),
        (1, 1, 2, 0),
    ),
    "the reward tells nothing about the successor": (
        {},
        lambda mdp: any(
            len({(r, t) for _, r, t in _row(mdp, x)})
            == len({r for _, r, _ in _row(mdp, x)})
            == len({t for _, _, t in _row(mdp, x)})
            == 2
            for x in range(mdp.n_pairs)
        ),
        (2, 1, 2, 0),
    ),
    "Q-learning from 0 stays within the largest reward": (
        {"path": paths},
        lambda mdp, path: max_norm(_run(mdp, mdp.table(), path)) > max_norm(mdp.reward),
        (1, 1, 1, 2),
    ),
    "an update leaves other updates alone": (
        {"q": tables, "path": paths},
        lambda mdp, q, path: len({x for x, _, _ in path}) > 1 and any(_run(mdp, q, path) != _run(mdp, q, path[::-1])),
        (1, 2, 2, 2),
    ),
    "every recorded step is the last of its episode": (
        {"steps": recordings},
        lambda mdp, steps: any(not cut and mdp.pairs_of(mdp.next_state[k]) for _, k, cut in steps[:-1]),
        (1, 1, 1, 2),
    ),
    "a value is at most 5/2": ({"v": state_tables}, lambda mdp, v: max(v) > exact("5/2"), (1, 1, 1, 0)),
    "mu is at most one half": (
        {"mu": positive_distributions},
        lambda mdp, mu: max(mu) > fmpq(1, 2) and mdp.n_pairs > 1,
        (1, 2, 2, 0),
    ),
    "a discount is at most 9/10": ({}, lambda mdp: mdp.discount > exact("9/10"), (1, 1, 1, 0)),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("claim", FALSE)
def test_a_false_statement_is_reduced_to_the_smallest_counterexample(find_any, claim, seed):
    """Whatever Hypothesis finds first, the reduced instance fails too and has the least possible size."""
    functions, fails, smallest = FALSE[claim]
    models = mdps()
    found = find_any(_instances(functions, models), lambda instance: fails(**instance), seed)

    reduced = reduce(
        found, _axes(functions), lambda instance: fails(**instance), valid=lambda i: models.accepts(i["mdp"])
    )

    assert fails(**reduced)
    assert size(reduced, _axes(functions))[:4] == smallest


EXACT = {
    "T without the discount is a contraction": {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=1/2)",
        "q": "[1]",
        "w": "[0]",
    },
    "a value is at most 5/2": {"mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=1/2)", "v": "[3]"},
    "a state has one greedy action": {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], discount=1/2)",
        "q": "[0 0]",
    },
    "outcomes of a pair have one reward": {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1/2, 1, 0), (1/2, 0, 0)])], discount=1/2)"
    },
    "Q-learning from 0 stays within the largest reward": {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], discount=1/2)",
        "path": "((0, 0, 1/2), (0, 0, 1))",
    },
    "every recorded step is the last of its episode": {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=1/2)",
        "steps": "((0, 0, False), (0, 0, False))",
    },
    "a discount is at most 9/10": {"mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=99/100)"},
}


@pytest.mark.parametrize("claim", EXACT)
def test_numbers_end_at_those_of_a_slide(find_any, claim):
    """Of the smallest instances, the one with 0, 1 and 1/2 wherever they do."""
    functions, fails, _ = FALSE[claim]
    found = find_any(_instances(functions, mdps()), lambda instance: fails(**instance))

    reduced = reduce(
        found, _axes(functions), lambda instance: fails(**instance), valid=lambda i: mdps().accepts(i["mdp"])
    )

    assert _shown(reduced) == EXACT[claim]


EVERYTHING = {
    "q": tables,
    "v": state_tables,
    "pi": policies,
    "d": deterministic_policies,
    "b": positive_policies,
    "nu": distributions,
    "mu": positive_distributions,
    "alpha": step_sizes(),
    "path": paths,
    "recording": recordings,
    "rounds": synchronous_paths,
}


def _inconsistencies(mdp, q, v, pi, d, b, nu, mu, alpha, path, recording, rounds):
    """What is wrong with an instance: names of values that are not what their strategy promises."""

    def sums(policy):
        return [sum((policy[x] for x in mdp.pairs_of(s)), fmpq(0)) for s in mdp.acting]

    n, possible = mdp.n_pairs, [{k for k in mdp.outcomes_of(x) if mdp.probability[k] > 0} for x in range(mdp.n_pairs)]
    right = {
        "q": q.shape == (n,),
        "v": v.shape == (mdp.n_states,),
        "pi": pi.shape == (n,) and min(pi) >= 0 and sums(pi) == [1] * len(mdp.acting),
        "d": d.shape == (n,) and all(x in (0, 1) for x in d) and sums(d) == [1] * len(mdp.acting),
        "b": b.shape == (n,) and min(b) > 0 and sums(b) == [1] * len(mdp.acting),
        "nu": nu.shape == (n,) and min(nu) >= 0 and sum(nu, fmpq(0)) == 1,
        "mu": mu.shape == (n,) and min(mu) > 0 and sum(mu, fmpq(0)) == 1,
        "alpha": 0 <= alpha <= 1,
        "path": all(k in possible[x] and 0 <= size <= 1 for x, k, size in path),
        "recording": all(k in possible[x] for x, k, _ in recording) and linked(mdp, recording) == recording,
        "rounds": rounds[1].shape == (len(rounds[0]), n)
        and all(k in possible[x] for row in rounds[1] for x, k in enumerate(row))
        and all(0 <= size <= 1 for size in rounds[0]),
        "mdp": n > 0 and mdp.start is not None and sum(mdp.start, fmpq(0)) == 1,
    }
    return [name for name, is_right in right.items() if not is_right]


@settings(max_examples=40)
@given(_instances(EVERYTHING, mdps(start=True)), st.integers(0, 99))
def test_every_candidate_is_consistent(instance, salt):
    """Whichever edits are kept, the values on the model fit it, and stay what their strategies promise."""
    wrong = []

    def fails(candidate):
        wrong.extend(_inconsistencies(**candidate))
        return zlib.crc32(repr((salt, _shown(candidate))).encode()) % 3 > 0

    reduce(instance, _axes(EVERYTHING), fails, max_calls=200)

    assert wrong == []


@settings(max_examples=20)
@given(_instances(EVERYTHING, mdps(start=True)))
def test_nothing_is_left_where_everything_fails(instance):
    """If every instance fails, the result is the simplest one, whatever it started from."""
    reduced = reduce(instance, _axes(EVERYTHING), lambda candidate: True)

    assert _shown(reduced) == {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=1/2)",
        "q": "[0]",
        "v": "[0]",
        "pi": "[1]",
        "d": "[1]",
        "b": "[1]",
        "nu": "[1]",
        "mu": "[1]",
        "alpha": "1/2",
        "path": "()",
        "recording": "()",
        "rounds": "(array([], dtype=object), array([], shape=(0, 1), dtype=int64))",
    }


@given(_instances({"q": tables}, mdps()))
def test_nothing_changes_where_nothing_smaller_fails(instance):
    """If no other instance fails, the given one is returned, equal in every value."""
    reduced = reduce(instance, {"q": "pair"}, lambda candidate: False)

    assert reduced["mdp"] == instance["mdp"]
    assert all(reduced["q"] == instance["q"])


def test_the_assumptions_hold_all_the_way(find_any):
    """A check about models without terminal states and with discounts 9/10 or 99/100 never sees another one."""
    models = mdps(terminal=False, discounts=["9/10", "99/100"], start=True)
    found = find_any(models, lambda mdp: mdp.n_states == 4 and mdp.discount == exact("99/100"))
    seen = []

    def fails(instance):
        seen.append(instance["mdp"])
        return instance["mdp"].n_states >= 2

    reduced = reduce({"mdp": found}, {"mdp": None}, fails, valid=lambda i: models.accepts(i["mdp"]))["mdp"]

    assert all(models.accepts(mdp) for mdp in seen)
    assert (reduced.n_states, reduced.n_pairs, reduced.discount) == (2, 2, exact("9/10"))


def test_a_crash_is_not_a_failure():
    """An exception in the check does not count, so that a rare crash cannot displace a refutation."""

    def fails(instance):
        if instance["mdp"].n_states == 1:
            raise ZeroDivisionError
        return True

    chain = FiniteMDP.from_pairs(3, [(0, 0, [(1, 5, 1)]), (1, 0, [(1, 5, 2)]), (2, 0, [(1, 5, 0)])], "9/10")

    assert reduce({"mdp": chain}, {}, fails)["mdp"].n_states == 2


def test_an_interruption_ends_the_reduction():
    """Ctrl-C is not swallowed."""

    def fails(instance):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reduce({"x": exact("7/3")}, {}, fails)


def test_calls_are_bounded():
    """The check runs at most `max_calls` times, and what was reached by then is returned."""
    calls = []

    def fails(instance):
        calls.append(instance)
        return True

    chain = FiniteMDP.from_pairs(3, [(s, 0, [(1, 7, (s + 1) % 3)]) for s in range(3)], "9/10")
    reduced = reduce({"mdp": chain}, {}, fails, max_calls=1)

    assert len(calls) == 1
    assert reduced["mdp"].n_states == 2


def test_an_unknown_axis_is_named():
    """A misspelt axis is an error that names the value and the axes that there are."""
    with pytest.raises(ValueError, match=r"axis 'pairs' of q is unknown; give one of pair, state, policy"):
        reduce({"q": exact_array([1])}, {"q": "pairs"}, lambda instance: True)


@pytest.mark.parametrize(
    ("value", "simplest"),
    [("3", "2"), ("7/3", "2"), ("4/5", "1/2"), ("-3/10", "-1/2"), ("-9", "-2"), ("1", "1"), ("0", "0"), ("-1", "-1")],
)
def test_numbers_of_which_nothing_is_known_keep_their_side(value, simplest):
    """Without an axis a number stays on its side of -1, 0 and 1, in an array too; what is no rational stays."""
    instance = {"x": exact(value), "xs": exact_array([value]), "n": 7, "name": "seven"}

    reduced = reduce(instance, {}, lambda candidate: True)

    assert _shown(reduced) == {"x": simplest, "xs": f"[{simplest}]", "n": "7", "name": "seven"}


def test_free_numbers_may_become_any_number():
    """On the axis "numbers" a scalar and an array go all the way, whatever side they were on."""
    instance = {"x": exact("-7/3"), "xs": exact_array([5, "1/2"])}

    reduced = reduce(instance, {"x": "numbers", "xs": "numbers"}, lambda i: i["xs"][0] > 3)

    assert _shown(reduced) == {"x": "0", "xs": "[4 0]"}


def test_features_of_pairs_lose_rows():
    """A matrix with a row for each pair is tied to the pairs like a table."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 0)]), (1, 1, [(1, 3, 0)])], "1/2")
    features = exact_array(range(6)).reshape(3, 2)

    reduced = reduce(
        {"mdp": mdp, "features": features}, {"features": "pair"}, lambda i: 5 in i["features"] and 3 in i["mdp"].reward
    )

    assert reduced["mdp"].n_pairs == 1
    assert str(reduced["features"]) == "[[0 5]]"


def test_networks_lose_features_and_heads():
    """A column goes from the features and all heads at once, a head with the number of an action that no state has."""
    mdp = FiniteMDP.from_pairs(2, [(0, 1, [(1, 0, 1)]), (0, 2, [(1, 3, 1)])], "1/2")
    instance = {
        "mdp": mdp,
        "features": exact_array([5, 1, 1, 1]).reshape(2, 2),
        "online": exact_array(range(6)).reshape(3, 2),
        "target": exact_array(range(6)).reshape(3, 2),
    }

    reduced = reduce(
        instance,
        {"features": "features", "online": "heads", "target": "heads"},
        lambda i: i["features"][0, -1] == 1 and i["online"][i["mdp"].pair_action[-1], -1] == 5,
    )

    assert _shown(reduced) == {
        "mdp": "FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)])], discount=1/2)",
        "features": "[[1]]",
        "online": "[[5]]",
        "target": "[[0]]",
    }


def test_batches_become_short_and_plain():
    """A batch keeps the samples that it needs, uncut and with the weight 1 where that makes no difference."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/2", 0, 0), ("1/2", 3, 0)]), (0, 1, [(1, 2, 0)])], "1/2")
    batch = tuple((x, k, exact(w), True) for x, k, w in ((0, 0, "1/4"), (1, 2, "1/2"), (0, 1, "1/4"), (1, 2, "1")))

    reduced = reduce(
        {"mdp": mdp, "batch": batch}, {"batch": "batch"}, lambda i: len(i["batch"]) > 1 and i["batch"][0][3]
    )

    assert reduced["batch"] == ((0, 0, 1, True), (0, 0, 1, False))


def test_sequences_become_short():
    """Rows go, and what is left becomes simple."""
    reduced = reduce({"xs": exact_array([5, 7, 2, 9])}, {"xs": "sequence"}, lambda i: any(i["xs"] > 1))

    assert _shown(reduced) == {"xs": "[2]"}


def test_conventions_become_the_textbooks():
    """Each field that makes no difference becomes the default."""
    odd = LossConvention("huber", threshold=2, double=True, weighted=True, normalised=True, truncation="ends")

    reduced = reduce({"convention": odd}, {"convention": "convention"}, lambda i: i["convention"].weighted)

    assert reduced["convention"] == LossConvention(weighted=True)


def test_names_of_states_stay_with_their_states():
    """Dropping a state drops its name; actions keep theirs."""
    mdp = FiniteMDP.from_dict(
        {"a": {"go": [(1, 0, "b")]}, "b": {"go": [(1, 9, "b")], "stop": [(1, 0, "c")]}, "c": {}}, "1/2"
    )

    reduced = reduce({"mdp": mdp}, {}, lambda i: max(i["mdp"].reward) == 9)["mdp"]

    assert (reduced.state_names, reduced.action_names) == (("b",), ("go", "stop"))
    assert reduced.pair_name(0) == "(b, go)"


def test_two_models_are_left_alone():
    """With two models it is not known what lives on which, so only what is tied to neither changes."""
    models = {
        name: FiniteMDP.from_pairs(1, [(0, 0, [(1, reward, 0)])], "9/10") for name, reward in (("a", 2), ("b", 5))
    }

    reduced = reduce({**models, "x": exact("5/2")}, {}, lambda instance: True)

    assert _shown(reduced) == {**{name: str(mdp) for name, mdp in models.items()}, "x": "2"}


def test_a_model_in_floats_is_left_alone():
    """Reduction is exact; a model in binary64 stays as it is."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 3, 1)])], "9/10").to_float()

    assert reduce({"mdp": mdp}, {}, lambda instance: True)["mdp"] is mdp


def test_the_given_instance_is_not_touched():
    """Reduction builds new values."""
    mdp = FiniteMDP.from_pairs(2, [(0, 0, [("1/2", 3, 1), ("1/2", 1, 0)])], "9/10")
    instance = {"mdp": mdp, "q": exact_array([5]), "rounds": (exact_array([1]), np.array([[1]]))}
    before = _shown(instance)

    reduce(instance, {"q": "pair", "rounds": "synchronous_path"}, lambda candidate: True)

    assert _shown(instance) == before
