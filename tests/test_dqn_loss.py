"""The loss of a deep Q-network on batches worked out by hand, and on linear networks from exact numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flint import fmpq

from bellcheck.mdp.approximation import WrongShape
from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.dqn_loss import Transitions, dqn_loss, dqn_targets
from bellcheck.mdp.linear_networks import linear_dqn_loss, linear_network, transitions
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

torch = pytest.importorskip("torch")

MODEL = FiniteMDP.from_pairs(3, [(0, 0, [(1, 1, 1)]), (0, 1, [(1, 2, 2)]), (1, 1, [(1, 0, 0)])], "1/2")
"""State 0 pays 1 on the way to state 1, which has action 1 alone, or 2 on the way to the end."""
FEATURES = exact_array([1, 0, 0, 1, 1, 1]).reshape(3, 2)
ONLINE = exact_array([1, 5, 1, 2]).reshape(2, 2)
TARGET = exact_array([0, 8, 0, 4]).reshape(2, 2)
BATCH = ((0, 0, fmpq(1), False), (1, 1, exact("1/2"), True))


def _targets(**fields: Any) -> list[float]:
    networks = linear_network(ONLINE), linear_network(TARGET)
    batch = transitions(MODEL, FEATURES, BATCH, 2)
    return dqn_targets(*networks, batch, 0.5, LossConvention(**fields)).tolist()


def test_targets_take_the_actions_that_there_are() -> None:
    """State 1 is worth its action 1; without the mask the head of a missing action, 8, would be the larger."""
    assert _targets() == [3.0, 2.0]
    assert _targets(masked=False) == [5.0, 2.0]


def test_cut_offs_are_ends_where_that_is_declared() -> None:
    """The first step is cut off: it bootstraps, or its target is its reward."""
    cut = transitions(MODEL, FEATURES, ((0, 0, fmpq(1), True),), 2)
    networks = linear_network(ONLINE), linear_network(TARGET)

    assert dqn_targets(*networks, cut, 0.5, LossConvention()).tolist() == [3.0]
    assert dqn_targets(*networks, cut, 0.5, LossConvention(truncation="ends")).tolist() == [1.0]


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_outputs_that_are_no_numbers_do_not_matter_at_ends(value: float) -> None:
    """What a network says of a terminal state is not multiplied by 0, which would make it NaN."""
    batch = transitions(MODEL, FEATURES, BATCH[1:], 2)

    def overflowing(observation: Any) -> Any:
        return torch.full((len(observation), 2), value, dtype=torch.float64)

    loss = dqn_loss(linear_network(ONLINE), overflowing, batch, 0.5, LossConvention())

    assert loss.item() == 0.5


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({}, "5/4"),
        ({"error": "square"}, "5/2"),
        ({"error": "absolute"}, "3/2"),
        ({"error": "huber", "threshold": 1}, "1"),
        ({"reduction": "sum"}, "5/2"),
        ({"weighted": True}, "9/8"),
        ({"weighted": True, "normalised": True}, "3/2"),
    ],
)
def test_losses_by_convention(fields: dict[str, Any], value: str) -> None:
    """TD errors of 2 and 1 with weights 1 and 1/2."""
    computed = linear_dqn_loss(MODEL, FEATURES, ONLINE, TARGET, BATCH, LossConvention(**fields))

    assert computed.value == exact(value)


def test_gradients_are_exact_and_the_target_network_has_none() -> None:
    """Each head moves by its own errors, here -2/2 and -1/2 in the feature of state 0."""
    computed = linear_dqn_loss(MODEL, FEATURES, ONLINE, TARGET, BATCH, LossConvention())

    assert computed.gradient.tolist() == [[-1, 0], [fmpq(-1, 2), 0]]
    assert computed.target_gradient.tolist() == [[0, 0], [0, 0]]


def test_nothing_is_drawn_from_the_global_generator() -> None:
    """Networks are empty of initial values."""
    before = torch.get_rng_state()

    linear_dqn_loss(MODEL, FEATURES, ONLINE, TARGET, BATCH, LossConvention())

    assert torch.equal(torch.get_rng_state(), before)


def test_transitions_say_what_gymnasium_says() -> None:
    """Terminated where the successor has no actions, truncated where the sample is cut: both may be."""
    batch = transitions(MODEL, FEATURES, BATCH, 2)

    assert batch.terminated.tolist() == [False, True]
    assert batch.truncated.tolist() == [False, True]
    assert batch.legal.tolist() == [[False, True], [False, False]]
    assert batch.weight.tolist() == [1.0, 0.5]
    assert isinstance(replace(batch, reward=-batch.reward), Transitions)


@pytest.mark.parametrize(("features", "heads"), [(FEATURES[:2], 2), (FEATURES, 1)])
def test_shapes_that_do_not_fit_are_named(features: Any, heads: int) -> None:
    """Every state needs a row of features, every action a head."""
    with pytest.raises(WrongShape, match=f"{len(features)} rows of features and {heads} heads for 3 states"):
        transitions(MODEL, features, BATCH, heads)
