"""Draws on which binary64 is exact: within their bits, and known to the reducer."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.proofs.dyadic import (
    LINEAR_BITS,
    NETWORK_BITS,
    dyadic_features,
    dyadic_mdps,
    dyadic_parameters,
    dyadic_tables,
    dyadic_weights,
    is_dyadic,
)


@pytest.mark.parametrize(
    ("numbers", "fits"), [(["1/16", -7], True), (["1/32"], False), (["1/3"], False), ([8], False), (["127/16"], True)]
)
def test_bits_are_counted_in_sixteenths(numbers: list[Any], fits: bool) -> None:
    """Seven bits are the multiples of 1/16 below 8 in size."""
    assert is_dyadic(exact_array(numbers), 7) is fits


@given(mdp=dyadic_mdps(max_states=3), data=st.data())
def test_draws_are_what_they_accept(mdp: FiniteMDP, data: st.DataObject) -> None:
    """Whatever is drawn has the bits that it promises, and the predicate for the reducer accepts it."""
    draws = [
        dyadic_tables(LINEAR_BITS),
        dyadic_weights(NETWORK_BITS),
        dyadic_features(3, NETWORK_BITS),
    ]
    values = [data.draw(draw(mdp)) for draw in draws]
    parameters = dyadic_parameters(4, NETWORK_BITS)

    assert dyadic_mdps(max_states=3).accepts(mdp)  # type: ignore[attr-defined]
    assert all(draw.accepts(value) for draw, value in zip(draws, values, strict=True))  # type: ignore[attr-defined]
    assert parameters.accepts(data.draw(parameters))  # type: ignore[attr-defined]
    assert values[2].shape == (mdp.n_pairs, 3)


def test_reducer_may_not_leave_the_grid() -> None:
    """A third, a negative weight and features of another width are refused."""
    assert not dyadic_tables(7).accepts(exact_array(["1/3"]))  # type: ignore[attr-defined]
    assert not dyadic_weights(7).accepts(exact_array([-1]))  # type: ignore[attr-defined]
    assert not dyadic_features(2, 7).accepts(exact_array([1]).reshape(1, 1))  # type: ignore[attr-defined]
    assert not dyadic_parameters(2, 7).accepts(exact_array([1]))  # type: ignore[attr-defined]
