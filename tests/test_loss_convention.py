"""What a DQN loss declares about itself, and how its declaration is told from what it does."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from flint import fmpq

from bellcheck.mdp.loss_convention import LossConvention, WrongConvention
from bellcheck.proofs.loss_conventions import agreeing, every_convention, telling_batches, telling_networks
from bellcheck.proofs.loss_draws import fits
from bellcheck.proofs.losses import possible_losses, same

ALL = every_convention()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"error": "l1"}, "error 'l1' is none of half-square, square, absolute, huber"),
        ({"reduction": "none"}, "reduction 'none' is none of mean, sum"),
        ({"error": "huber"}, "error 'huber' with threshold None; Huber losses have one"),
        ({"threshold": 1}, "error 'half-square' with threshold 1; Huber losses have one"),
        ({"error": "huber", "threshold": 0}, "threshold 0; give a positive one"),
        ({"normalised": True}, "normalised weights belong to a weighted mean"),
        ({"normalised": True, "weighted": True, "reduction": "sum"}, "belong to a weighted mean"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields: dict[str, Any], message: str) -> None:
    """The error names the field, its value and what is known."""
    with pytest.raises(WrongConvention, match=message):
        LossConvention(**fields)


def test_data_make_it_again() -> None:
    """As JSON data a convention loses nothing, and no two conventions are written alike."""
    assert [LossConvention(**convention.to_data()) for convention in ALL] == ALL
    assert len(set(map(str, ALL))) == len(ALL) == 280


def test_thresholds_are_rationals() -> None:
    """Text and integers are read as exact numbers."""
    assert LossConvention("huber", threshold="1/2").threshold == fmpq(1, 2)
    assert LossConvention("huber", threshold=2) == LossConvention("huber", threshold="2")


def test_simplifying_ends_at_the_textbook() -> None:
    """Each simpler convention has fewer departures, and only the textbook's has none that is simpler."""
    for convention in ALL:
        simpler = list(convention.simpler())

        assert all(other.departures() < convention.departures() for other in simpler)
        assert bool(simpler) == (convention != LossConvention())


def test_any_two_conventions_are_told_apart() -> None:
    """Of all pairs of conventions each has another loss or gradient on the telling batches; and no best actions tie."""
    found = [
        [possible_losses(**telling_networks(), batch=batch, convention=convention) for batch in telling_batches()]
        for convention in ALL
    ]

    assert {len(possible) for by_batch in found for possible in by_batch} == {1}
    assert not any(all(same(x[0], y[0]) for x, y in zip(a, b, strict=True)) for a, b in combinations(found, 2))


def test_telling_batches_fit_single_precision() -> None:
    """A library that computes in binary32 is recognised as well."""
    assert all(
        fits(24, **telling_networks(), batch=batch, convention=convention)
        for batch in telling_batches()
        for convention in ALL
    )


def test_a_wrong_declaration_is_found_out() -> None:
    """A loss that is asked for one thing and does another is recognised by what it does."""
    linear_networks = pytest.importorskip("bellcheck.mdp.linear_networks")
    pytest.importorskip("torch")
    done = LossConvention("huber", threshold=1, double=True, truncation="ends")

    def loss(*instance: Any) -> Any:
        return linear_networks.linear_dqn_loss(*instance[:-1], done)

    assert agreeing(loss, LossConvention()) == [done]
    assert agreeing(linear_networks.linear_dqn_loss, LossConvention("square")) == [LossConvention("square")]
