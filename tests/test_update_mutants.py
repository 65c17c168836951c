"""The wrong steps are what they are named after."""

from __future__ import annotations

import pytest

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import exact, exact_array, to_floats
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.semi_gradient import td_loss
from bellcheck.proofs.mutants.updates import adam_first_step

torch = pytest.importorskip("torch")


def test_adam_is_torchs() -> None:
    """The rational first step of Adam is the one that torch's optimiser takes, but for rounding."""
    mdp, q_hat, w, step_size = self_loop(), LinearQ([["1/2", -3]]), exact_array([1, 2]), exact("1/8")
    parameters = torch.nn.Parameter(torch.tensor(to_floats(w)))
    optimiser = torch.optim.Adam([parameters], lr=0.125)
    td_loss(mdp.to_tensor(), q_hat.to_tensor(), parameters, [0]).backward()
    optimiser.step()

    moved = adam_first_step.call(mdp, q_hat, w, 0, step_size)

    assert parameters.tolist() == pytest.approx(to_floats(moved).tolist(), rel=1e-12)
