"""Small smooth networks: the program and the expression are the same function, and the bound has the right size."""

from __future__ import annotations

import flint
import pytest
from flint import arb

from bellcheck.mdp.arithmetic import exact_array, to_floats
from bellcheck.proofs.approximations import named_rows
from bellcheck.proofs.gradient_bound import gradient_error_bounds
from bellcheck.proofs.networks import NETWORKS, network_table

torch = pytest.importorskip("torch")

NUMBERS = ["1/2", "-1/4", "3/4", "1/2", "1/8", "-1/4", "1", "-1/2", "1/4", "-3/4", "5/4", "3/8", "-1/8", "1", "1/2"]
FEATURES = exact_array(["1/2", "-1", "-3/4", "1/4"]).reshape(2, 2)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_program_and_expression_agree(network) -> None:
    """Torch's outputs are the expression's, but for rounding."""
    features = named_rows(FEATURES) if network.embedding else FEATURES
    w = exact_array(NUMBERS[: network.n_parameters])
    q_hat = network.to_torch(features)

    with flint.ctx.workprec(128):
        expected = [float(network_table(network)(map(arb, row), map(arb, w))[0]) for row in features]

    assert q_hat.n_parameters == network.n_parameters
    assert q_hat(torch.tensor(to_floats(w))).tolist() == pytest.approx(expected, rel=2**-48)


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_bounds_are_small_and_never_zero(network) -> None:
    """With errors, weights and slopes of about 1 a bound is a few hundred units in the last place at the most."""
    features = named_rows(FEATURES) if network.embedding else FEATURES
    w = exact_array(NUMBERS[: network.n_parameters])

    bounds = gradient_error_bounds(network, exact_array(["1/2", "1/2"]), exact_array([2, -3]), features, w)

    assert all(0 < bound < 2**-41 for bound in bounds)
