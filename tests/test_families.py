"""Random families: reproducible, valid, of the shape that they promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bellcheck.mdp.chain import reachable_pairs
from bellcheck.mdp.families import Seed, corridor, garnet, grid
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration

Draw = Callable[[Seed], FiniteMDP]
FAMILIES: dict[str, Draw] = {
    "garnet": lambda seed: garnet(6, 3, 2, "9/10", seed),
    "corridor": lambda seed: corridor(5, "9/10", seed),
    "grid": lambda seed: grid(3, 4, "9/10", seed),
}


@pytest.mark.parametrize("draw", FAMILIES.values(), ids=FAMILIES)
def test_a_seed_names_a_model(draw: Draw) -> None:
    """The same seed gives the same model in each of its forms, another seed another."""
    assert draw(7) == draw(np.random.SeedSequence(7)) == draw(np.random.default_rng(7))
    assert draw(7) != draw(8)


@pytest.mark.parametrize("draw", FAMILIES.values(), ids=FAMILIES)
def test_models_are_small_exact_and_reachable(draw: Draw) -> None:
    """Denominators of entries stay below 100, every pair is reachable, and the model can be solved exactly."""
    for seed in range(10):
        mdp = draw(seed)

        assert max(int(number.q) for number in [*mdp.probability, *mdp.reward]) < 100
        assert reachable_pairs(mdp).all()
        assert len(policy_iteration(mdp).q) == mdp.n_pairs


def test_garnet_has_its_branching() -> None:
    """Each pair has the asked number of different successors, none impossible."""
    mdp = garnet(7, 2, 4, "1/2", 3)

    assert mdp.n_pairs == 14
    assert all(len({int(mdp.next_state[k]) for k in mdp.outcomes_of(x)}) == 4 for x in range(14))
    assert all(probability > 0 for probability in mdp.probability)


@pytest.mark.parametrize("branching", [0, 4])
def test_garnet_refuses_an_impossible_branching(branching: int) -> None:
    """A branching outside 1..n_states is named."""
    with pytest.raises(ValueError, match=f"branching {branching} is not in 1..3"):
        garnet(3, 2, branching, "1/2", 0)


def test_the_corridor_is_worth_walking() -> None:
    """With a patient discount the optimal policy refuses every bait."""
    for seed in range(10):
        policy = policy_iteration(corridor(6, "99/100", seed)).policy

        assert list(policy) == [0, 1] * 6


def test_the_grid_ends_in_its_last_cell() -> None:
    """The last cell is the one terminal state; all moves cost something."""
    mdp = grid(3, 4, "1", 0)

    assert mdp.terminal_states == (11,)
    assert all(reward < 0 for reward in mdp.reward)
