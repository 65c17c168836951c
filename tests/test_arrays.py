"""Models as the arrays of other libraries: read back they have the same values, and what is rounded is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.interop import arrays
from bellcheck.mdp.interop.arrays import to_pymdptoolbox, to_quantecon, to_quantecon_pairs
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.strategies import mdps

RAGGED = FiniteMDP.from_pairs(
    3,
    [
        (0, 0, [("1/2", 1, 0), ("1/4", 3, 2), ("1/4", -1, 2)]),
        (0, 2, [(1, 5, 1)]),
        (1, 2, [("3/4", 0, 0), ("1/4", "1/8", 1)]),
    ],
    "1/2",
)


def dyadic(mdp: FiniteMDP) -> FiniteMDP:
    """Return a model with every number rounded to a multiple of 1/64 that binary64 holds."""

    def down(number: fmpq) -> fmpq:
        return fmpq((number * 64).floor(), 64)

    rows = [[down(mdp.probability[k]) for k in mdp.outcomes_of(x)] for x in range(mdp.n_pairs)]
    full = [[1 - sum(row[1:], fmpq(0)), *row[1:]] for row in rows]
    return replace(
        mdp,
        probability=exact_array([p for row in full for p in row]),
        reward=exact_array(map(down, mdp.reward)),
    )


DYADIC = mdps(discounts=["1/2", "3/4", "15/16", "1/4"]).map(dyadic)


@given(DYADIC)
def test_pymdptoolbox_arrays_have_the_same_values(mdp: FiniteMDP) -> None:
    """Every column of every state is worth what the action is that it stands for, a terminal state nothing."""
    made = to_pymdptoolbox(mdp)
    n_states, n_actions = made.action_of.shape

    q = policy_iteration(FiniteMDP.from_arrays(made.P.transpose(1, 0, 2), made.R, made.discount)).q

    expected, solution = np.zeros((n_states, n_actions), dtype=object), policy_iteration(mdp).q
    for state, column in np.ndindex(n_states, n_actions):
        action = int(made.action_of[state, column])
        expected[state, column] = fmpq(0) if action < 0 else solution[mdp.pair(state, action)]
    assert made.rounded == ()
    assert np.array_equal(q.reshape(n_states, n_actions), expected)


@given(DYADIC)
def test_quantecon_product_form_has_the_same_values(mdp: FiniteMDP) -> None:
    """The actions that pay anything but minus infinity are the model's, and worth the same."""
    made = to_quantecon(mdp)
    available = np.isfinite(made.R)

    R = np.where(available, made.R, 0)
    read = FiniteMDP.from_arrays(made.Q, R, made.beta, available=available, terminal=mdp.terminal_states)

    assert made.rounded == ()
    assert np.array_equal(made.Q.sum(axis=2), np.ones(made.R.shape))
    assert (made.R[list(mdp.terminal_states)].max(axis=1, initial=0) == 0).all()
    assert read.pair_action.tolist() == mdp.pair_action.tolist()
    assert np.array_equal(policy_iteration(read).q, policy_iteration(mdp).q)


@given(DYADIC)
def test_quantecon_pairs_have_the_same_values(mdp: FiniteMDP) -> None:
    """The pairs are the model's, in its order; a terminal state stays where it is and pays nothing."""
    made = to_quantecon_pairs(mdp)
    pairs = zip(made.s_indices, made.a_indices, made.Q.tolist(), made.R.tolist(), strict=True)

    read = FiniteMDP.from_pairs(
        mdp.n_states, [(s, a, [(p, r, t) for t, p in enumerate(row)]) for s, a, row, r in pairs], made.beta
    )

    ends = np.isin(made.s_indices, mdp.terminal_states)
    assert made.rounded == ()
    assert list(zip(made.s_indices[~ends], made.a_indices[~ends], strict=True)) == list(
        zip(mdp.pair_state, mdp.pair_action, strict=True)
    )
    assert np.array_equal(policy_iteration(read).q[~ends], policy_iteration(mdp).q)
    assert not policy_iteration(read).q[ends].any()


@given(mdps(discounts=["1/3", "9/10", "99/100"]), st.sampled_from([to_pymdptoolbox, to_quantecon, to_quantecon_pairs]))
def test_each_float_is_the_rational_rounded_correctly(mdp: FiniteMDP, export) -> None:
    """No entry is off by more than half a unit in the last place, and those that are off at all are named."""
    made = export(mdp)
    law = [
        sum((mdp.probability[k] for k in mdp.outcomes_of(x) if mdp.next_state[k] == t), fmpq(0))
        for x in range(mdp.n_pairs)
        for t in range(mdp.n_states)
    ]
    mean = [sum((mdp.probability[k] * mdp.reward[k] for k in mdp.outcomes_of(x)), fmpq(0)) for x in range(mdp.n_pairs)]

    held = to_floats([*law, *mean, mdp.discount])
    entries = {*(made.P if export is to_pymdptoolbox else made.Q).flat, *made.R.flat}

    assert set(held[:-1]) - entries == set()
    assert entries - set(held) <= {0.0, 1.0, -np.inf}
    assert made.rounded == tuple(
        sorted({x for x, y in zip([*law, *mean, mdp.discount], held, strict=True) if x != exact(y)})
    )


def test_a_missing_action_is_a_copy_of_the_first() -> None:
    """pymdptoolbox knows no ragged action sets: the map says which action a column is."""
    made = to_pymdptoolbox(RAGGED)

    assert made.P.shape == (2, 3, 3)
    assert made.action_of.tolist() == [[0, 2], [2, 2], [-1, -1]]
    assert made.P[0].tolist() == [[0.5, 0.0, 0.5], [0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]
    assert made.P[1].tolist() == [[0.0, 1.0, 0.0], [0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]
    assert made.R.tolist() == [[1.0, 5.0], [0.03125, 0.03125], [0.0, 0.0]]


def test_a_missing_action_pays_minus_infinity() -> None:
    """QuantEcon marks an action that a state lacks by its reward; action 1, which no state has, is there too."""
    made = to_quantecon(RAGGED)

    assert made.R.tolist() == [[1.0, -np.inf, 5.0], [-np.inf, -np.inf, 0.03125], [0.0, -np.inf, -np.inf]]


def test_rounded_rationals_are_named_once() -> None:
    """Thirds and tenths are no binary fractions."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [("1/3", "1/10", 0), ("2/3", "1/10", 0)]), (0, 1, [(1, "1/10", 0)])], "1/3")

    assert to_quantecon_pairs(mdp).rounded == (fmpq(1, 10), fmpq(1, 3))


def test_discount_1_is_handed_over() -> None:
    """What a library does without discounting is its own affair."""
    mdp = replace(RAGGED, discount=fmpq(1))

    assert to_pymdptoolbox(mdp).discount == to_quantecon(mdp).beta == to_quantecon_pairs(mdp).beta == 1.0


@pytest.mark.parametrize("export", [to_pymdptoolbox, to_quantecon, to_quantecon_pairs])
@pytest.mark.parametrize(
    ("mdp", "message"),
    [
        (replace(RAGGED, discount=1 - fmpq(1, 2**60)), r"discount .* rounds to 1 in binary64"),
        (replace(RAGGED, reward=RAGGED.reward * fmpq(10) ** 400), "a mean reward is too large for binary64"),
        (RAGGED.to_float(), "has been rounded already; give the exact one"),
    ],
)
def test_model_that_binary64_does_not_hold_is_refused(export, mdp: FiniteMDP, message: str) -> None:
    """An export never changes the problem without a word."""
    with pytest.raises(InvalidMDP, match=message):
        export(mdp)


@pytest.mark.parametrize(
    ("mdp", "message"),
    [
        (replace(RAGGED, discount=fmpq(0)), "discount 0: pymdptoolbox takes only discounts above 0"),
        (FiniteMDP.from_pairs(2, [], "1/2"), "no state has an action; pymdptoolbox needs one"),
    ],
)
def test_model_that_pymdptoolbox_does_not_take_is_refused(mdp: FiniteMDP, message: str) -> None:
    """The library would refuse it with an assertion and no remedy."""
    with pytest.raises(InvalidMDP, match=message):
        to_pymdptoolbox(mdp)


def test_rows_are_held_to_what_pymdptoolbox_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven sevenths do not sum to 1 in binary64; the library lets that pass, and a row that it refuses is named."""
    mdp = FiniteMDP.from_pairs(7, [(0, 0, [("1/7", 0, state) for state in range(7)])], "1/2")

    assert abs(to_pymdptoolbox(mdp).P[0, 0].sum() - 1) > 0
    monkeypatch.setattr(arrays, "ROW_TOLERANCE", 0.0)
    with pytest.raises(InvalidMDP, match="the probabilities of state 0, column 0 sum to"):
        to_pymdptoolbox(mdp)
