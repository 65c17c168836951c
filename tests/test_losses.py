"""The definition of a DQN loss in rationals: slopes are derivatives, ties have several right answers."""

from __future__ import annotations

import pytest
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.exact_slopes import slope as slope_of
from bellcheck.proofs.losses import closest, penalty, possible_losses, possible_targets, slope


@pytest.mark.parametrize("error", ["-7/2", "-1/4", "1/8", "1/2", "3"])
@pytest.mark.parametrize(
    "convention",
    [
        LossConvention(),
        LossConvention("square"),
        LossConvention("absolute"),
        LossConvention("huber", threshold=1),
        LossConvention("huber", threshold="1/3"),
    ],
    ids=str,
)
def test_slopes_are_derivatives(convention: LossConvention, error: str) -> None:
    """Symmetric differences of the loss give its slope, away from the thresholds."""
    delta = exact(error)

    assert slope_of(lambda h: penalty(delta + h, convention), 2, fmpq(1, 100)) == slope(delta, convention)


def test_tied_best_actions_may_each_be_valued() -> None:
    """Double DQN with outputs (1, 1) of the one network and (3, 5) of the other has two right targets, DQN one."""
    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "1/2")
    one, online, target = exact_array([1]).reshape(1, 1), *(exact_array(w).reshape(2, 1) for w in ([1, 1], [3, 5]))
    sample, double = (0, 0, fmpq(1), False), LossConvention(double=True)

    assert possible_targets(mdp, one, online, target, sample, double) == [fmpq(3, 2), fmpq(5, 2)]
    assert possible_targets(mdp, one, online, target, sample, LossConvention()) == [fmpq(5, 2)]

    right = possible_losses(mdp, one, online, target, (sample, sample), double)
    assert len(right) == 4
    assert all(closest(loss, right).value == loss.value for loss in right)
