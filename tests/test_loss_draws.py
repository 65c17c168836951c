"""Draws for DQN losses: neither binary64 nor binary32 rounds on them, and the reducer keeps to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from flint import fmpq
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.dqn_loss import dqn_loss
from bellcheck.mdp.linear_networks import linear_network, transitions
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.draws import instances
from bellcheck.proofs.loss_draws import batches, bits_needed, conventions, fits, heads, loss_mdps, state_features
from bellcheck.proofs.losses import possible_losses

DRAWS = {
    "mdp": loss_mdps(),
    "features": state_features,
    "online": heads,
    "target": heads,
    "batch": batches,
    "convention": conventions(),
}
LOOP = FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "1/2")
ONE = exact_array([1]).reshape(1, 1)
SAMPLE = (0, 0, fmpq(1), False)
SMALL = {
    "mdp": LOOP,
    "features": ONE,
    "online": ONE,
    "target": ONE,
    "batch": (SAMPLE,),
    "convention": LossConvention(),
}


@given(instances(DRAWS))
def test_draws_fit_single_precision_twice_over(instance: dict[str, Any]) -> None:
    """With every sample twice there are 24 bits at most; and the reducer's predicates accept what is drawn."""
    twice = {**instance, "batch": (*instance["batch"], *instance["batch"])}

    assert fits(24, **instance)
    assert fits(24, **twice)
    assert all(draw.accepts(instance[name]) for name, draw in DRAWS.items())  # type: ignore[attr-defined]


@given(instances(DRAWS))
def test_single_precision_makes_no_error(instance: dict[str, Any]) -> None:
    """A loss in binary32 is the rational to the last bit, and so is its gradient."""
    torch = pytest.importorskip("torch")
    mdp, convention, online = instance["mdp"], instance["convention"], instance["online"]
    batch = transitions(mdp, instance["features"], instance["batch"], len(online))
    narrow = {name: x.float() for name, x in vars(batch).items() if x.dtype == torch.float64}
    single = replace(batch, **narrow)
    learner, copy = (linear_network(instance[name]).float() for name in ("online", "target"))

    loss = dqn_loss(learner, copy, single, float(to_floats([mdp.discount])[0]), convention)
    loss.backward()

    right = possible_losses(**instance)
    found = exact(loss.item()), exact_array(learner.weight.grad.flatten().tolist())
    assert any(found[0] == x.value and (found[1] == x.gradient.ravel()).all() for x in right)


@pytest.mark.parametrize(("weight", "bits"), [(1, 5), (8, 10)])
def test_bits_are_counted(weight: int, bits: int) -> None:
    """Outputs up to 1 make errors up to 1 + 3/2, whose square has 5 bits; up to 8 they make errors up to 13."""
    assert bits_needed(**{**SMALL, "online": exact_array([weight]).reshape(1, 1)}) == bits


@pytest.mark.parametrize(
    "changed",
    [
        {"features": exact_array(["1/3"]).reshape(1, 1)},
        {"mdp": FiniteMDP.from_pairs(1, [(0, 0, [(1, "1/10", 0)])], "1/2")},
        {"mdp": FiniteMDP.from_pairs(1, [(0, 0, [(1, 1, 0)])], "9/10")},
        {"convention": LossConvention("huber", threshold="1/5")},
        {"batch": (SAMPLE,) * 3},
        {
            "batch": (SAMPLE, (0, 0, exact("1/2"), False)),
            "convention": LossConvention(weighted=True, normalised=True),
        },
    ],
    ids=["features", "reward", "discount", "threshold", "size", "sum of weights"],
)
def test_what_is_no_binary_fraction_never_fits(changed: dict[str, Any]) -> None:
    """A third, a tenth, and division by three are rounded by every float."""
    assert fits(24, **SMALL)
    assert not fits(10_000, **{**SMALL, **changed})


def test_the_reducer_may_not_leave_the_draws() -> None:
    """Batches of three, weights of a third or with an odd sum, other conventions and numbers above 3 are refused."""
    half = (0, 0, exact("1/2"), False)

    assert not batches.accepts((SAMPLE,) * 3)  # type: ignore[attr-defined]
    assert not batches.accepts((SAMPLE, half))  # type: ignore[attr-defined]
    assert not batches.accepts(((0, 0, exact("1/3"), False),))  # type: ignore[attr-defined]
    assert not heads.accepts(exact_array(["7/2"]))  # type: ignore[attr-defined]
    assert not conventions(weighted=True).accepts(LossConvention())  # type: ignore[attr-defined]
    assert not loss_mdps().accepts(FiniteMDP.from_pairs(1, [(0, 0, [(1, 10, 0)])], "1/2"))  # type: ignore[attr-defined]


@given(conventions(double=True, masked=False), st.data())
def test_fixed_fields_stay(convention: LossConvention, data: st.DataObject) -> None:
    """What is fixed is not drawn."""
    assert convention.double
    assert not convention.masked
    assert data.draw(conventions(error="huber", threshold=exact(1))).threshold == 1
