"""The two forms of each q_hat: the program and the expression are the same function."""

from __future__ import annotations

import pytest

from bellcheck.mdp.arithmetic import exact_array, to_floats
from bellcheck.proofs.approximations import COLUMNS, N_PARAMETERS, Family, named_rows, table_and_slopes, torch_q

torch = pytest.importorskip("torch")

NUMBERS = ["1/2", -1, 2, "3/4", "-1/4", 1, "5/4", -2, "1/8"]


@pytest.mark.parametrize("family", ["linear", "polynomial", "relu", "lookup"])
def test_program_and_expression_agree(family: Family) -> None:
    """On dyadic numbers torch's table and SymPy's are equal, and so are the gradients of each entry."""
    columns = COLUMNS[family]
    features = exact_array((NUMBERS * 2)[: 3 * columns]).reshape(3, columns)
    if family == "lookup":
        features = named_rows(features)
    w = exact_array(NUMBERS[: N_PARAMETERS[family]])
    q_hat, parameters = torch_q(family, features), torch.tensor(to_floats(w))

    table, slopes = table_and_slopes(family, features, w)

    assert list(exact_array(q_hat(parameters).tolist())) == list(table)
    for pair in range(3):
        assert list(exact_array(q_hat.gradient(parameters, pair).tolist())) == list(slopes[pair])


def test_networks_draw_nothing_from_torchs_generator() -> None:
    """Building a network leaves the global generator as it was."""
    before = torch.random.get_rng_state()

    torch_q("relu", exact_array([1, 2]).reshape(1, 2))

    assert torch.equal(before, torch.random.get_rng_state())
