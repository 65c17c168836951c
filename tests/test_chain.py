"""The chain over pairs, its classes, its stationary weights."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from bellcheck.mdp import examples
from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.behaviour import epsilon_greedy, uniform
from bellcheck.mdp.chain import (
    MissingStart,
    NotUnique,
    can_end,
    cesaro_average,
    limiting_shares,
    pair_chain,
    reachable_pairs,
    recurrent_classes,
    restart_distribution,
    stationary,
)
from bellcheck.mdp.families import garnet, grid
from bellcheck.mdp.model import FiniteMDP


def _episodic(start: list[object] | None) -> FiniteMDP:
    return FiniteMDP.from_pairs(
        4,
        [(0, 0, [("1/2", 0, 1), ("1/2", 0, 2)]), (0, 1, [(1, 0, 0)]), (1, 0, [(1, 0, 2)]), (3, 0, [(1, 0, 3)])],
        "1/2",
        start=start,
    )


def test_entries_are_transition_times_policy() -> None:
    """P((s, a), (s', a')) = p(s' | s, a) pi(a' | s'), and an episode that ends begins again."""
    P = pair_chain(_episodic(["1/2", "1/2", 0, 0]), exact_array(["1/4", "3/4", 1, 1]))

    half = fmpq(1, 2)
    # Half goes to state 1, half ends and begins again: in state 0 or 1, evenly.
    assert list(P[0]) == [half * half / 4, half * half * 3 / 4, half + half * half, 0]
    assert list(P[2]) == [half / 4, half * 3 / 4, half, 0]
    assert list(P[3]) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "mdp", [garnet(5, 3, 2, "1/2", 0), grid(2, 3, "1/2", 0), examples.baird_star()], ids=["garnet", "grid", "baird"]
)
def test_stationary_weights_solve_their_equations(mdp: FiniteMDP) -> None:
    """The chain is stochastic, mu P = mu, mu >= 0 and mu sums to 1, in rationals."""
    P = pair_chain(mdp, uniform(mdp))
    mu = stationary(P)

    assert all(row.sum() == 1 for row in P)
    assert list(mu @ P) == list(mu)
    assert all(weight >= 0 for weight in mu)
    assert mu.sum() == 1


def test_stationary_of_floats_is_near_the_exact_one() -> None:
    """A float chain has float weights, close to the exact ones and exactly 0 at transient pairs."""
    mdp = examples.two_state_cycle()
    leading_in = FiniteMDP.from_pairs(3, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 2)]), (2, 0, [(1, 0, 1)])], "1/2")

    assert np.abs(stationary(pair_chain(mdp.to_float(), np.ones(2))) - 0.5).max() <= 2**-50
    assert stationary(pair_chain(leading_in.to_float(), np.ones(3)))[0] == 0
    assert list(stationary(pair_chain(leading_in, uniform(leading_in)))) == [0, fmpq(1, 2), fmpq(1, 2)]


def test_mu_jumps_with_the_greedy_action() -> None:
    """The weights of stay-or-switch are those of its docstring."""
    mdp = examples.stay_or_switch()
    weights = [
        stationary(pair_chain(mdp, epsilon_greedy(mdp, exact_array(q), "1/5"))) for q in ([1, 0, 1, 0], [1, 0, 0, 1])
    ]

    assert [list(mu * 100) for mu in weights] == [[45, 5, 45, 5], [81, 9, 1, 9]]


def test_two_closed_classes_have_no_unique_weights() -> None:
    """Several closed classes raise an error that carries and names them."""
    fork = [("1/2", 0, 1), ("1/2", 0, 2)]
    mdp = FiniteMDP.from_pairs(4, [(0, 0, fork), (1, 0, [(1, 0, 3)]), (2, 0, [(1, 0, 2)]), (3, 0, [(1, 0, 1)])], "1/2")
    with pytest.raises(NotUnique, match=r"2 closed classes of pairs \(1, 3; 2\)") as caught:
        stationary(pair_chain(mdp, uniform(mdp)))

    assert caught.value.classes == [(1, 3), (2,)]


def test_a_chain_without_pairs_has_no_weights() -> None:
    """Where all states are terminal there is no closed class, so nothing that sums to 1."""
    nothing = FiniteMDP.from_pairs(1, [], "1/2")

    with pytest.raises(NotUnique, match=r"not unique: 0 closed classes of pairs \(\)"):
        stationary(pair_chain(nothing, nothing.table()))


def test_stationary_of_tensors_is_differentiable() -> None:
    """For P = [[1 - a, a], [b, 1 - b]] mu is (b, a) / (a + b), and at a = b = 1/2 it falls by 1/2 a unit of a."""
    torch = pytest.importorskip("torch")
    a, b = torch.tensor([0.5, 0.5], dtype=torch.float64, requires_grad=True)
    P = torch.stack([torch.stack([1 - a, a]), torch.stack([b, 1 - b])])

    mu = stationary(P)

    assert mu.tolist() == [0.5, 0.5]
    assert [slope.item() for slope in torch.autograd.grad(mu[0], (a, b))] == [-0.5, 0.5]


def test_stationary_of_symbols_is_a_formula() -> None:
    """For P = [[1 - a, a], [b, 1 - b]] over symbols mu is (b, a) / (a + b)."""
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a b")
    P = np.array([[1 - a, a], [b, 1 - b]], dtype=object)

    mu = stationary(P)

    assert [sympy.simplify(share - of / (a + b)) for share, of in zip(mu, (b, a), strict=True)] == [0, 0]


def test_classes_of_a_periodic_chain() -> None:
    """A cycle is one class, however long its period."""
    P = pair_chain(examples.two_state_cycle(), exact_array([1, 1]))

    assert recurrent_classes(P) == [(0, 1)]


def test_averages_of_a_periodic_chain_settle_where_its_law_does_not() -> None:
    """On the cycle the law alternates for ever; its average over an even number of steps is stationary."""
    P = pair_chain(examples.two_state_cycle(), exact_array([1, 1]))
    first = exact_array([1, 0])

    assert [list(first), list(first @ P), list(first @ P @ P)] == [[1, 0], [0, 1], [1, 0]]
    assert [list(cesaro_average(P, first, n)) for n in (1, 2, 3)] == [
        [1, 0],
        [fmpq(1, 2), fmpq(1, 2)],
        [fmpq(2, 3), fmpq(1, 3)],
    ]


def test_an_end_without_a_beginning_is_an_error() -> None:
    """A chain that must begin again needs a start distribution, and one that acts."""
    with pytest.raises(MissingStart, match="has no start distribution; give one"):
        pair_chain(_episodic(None), exact_array([0, 1, 1, 1]))
    with pytest.raises(MissingStart, match="terminal states alone"):
        pair_chain(_episodic([0, 0, 1, 0]), exact_array([0, 1, 1, 1]))


def test_restart_forgets_terminal_starts() -> None:
    """A start in a terminal state is an empty episode; the next one begins at once."""
    restart = restart_distribution(_episodic(["1/4", "1/4", "1/2", 0]))

    assert list(restart) == [fmpq(1, 2), fmpq(1, 2), 0, 0]


def test_outcomes_of_probability_zero_end_nothing() -> None:
    """Impossible outcomes neither end an episode nor reach a state."""
    staying = [(1, 0, 0), (0, 0, 1), (0, 0, 2)]
    mdp = FiniteMDP.from_pairs(3, [(0, 0, staying), (1, 0, [(1, 0, 1)])], "1/2", start=[1, 0, 0])

    assert not can_end(mdp)
    assert can_end(_episodic(None))
    assert reachable_pairs(mdp).tolist() == [True, False]


def test_reachable_pairs_are_those_of_any_policy() -> None:
    """A pair is reachable if some sequence of actions leads to its state."""
    assert reachable_pairs(_episodic([1, 0, 0, 0])).tolist() == [True, True, True, False]
    with pytest.raises(MissingStart):
        reachable_pairs(_episodic(None))


def test_limiting_shares_mix_the_closed_classes() -> None:
    """From the first of three pairs, which leads evenly to two loops, the mean share of each loop is 1/2."""
    P = exact_array([0, "1/2", "1/2", 0, 1, 0, 0, 0, 1]).reshape(3, 3)

    assert [[str(share) for share in row] for row in limiting_shares(P)] == [
        ["0", "1/2", "1/2"],
        ["0", "1", "0"],
        ["0", "0", "1"],
    ]


def test_limiting_shares_of_a_gamblers_ruin() -> None:
    """Between ruin and a bank of two states with weights 1/3 and 2/3, one coin of three is ruined twice in three."""
    ruin, bank = [1, 0, 0, 0, 0], [0, 0, 0, "1/2", "1/2"]
    P = exact_array([*ruin, "1/2", 0, "1/2", 0, 0, 0, "1/2", 0, "1/2", 0, 0, 0, 0, 0, 1, *bank]).reshape(5, 5)

    assert [[str(share) for share in row] for row in limiting_shares(P)] == [
        ["1", "0", "0", "0", "0"],
        ["2/3", "0", "0", "1/9", "2/9"],
        ["1/3", "0", "0", "2/9", "4/9"],
        ["0", "0", "0", "1/3", "2/3"],
        ["0", "0", "0", "1/3", "2/3"],
    ]


def test_limiting_shares_of_tensors() -> None:
    """A chain in tensors has its shares in tensors."""
    torch = pytest.importorskip("torch")
    P = torch.tensor([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)

    shares = limiting_shares(P)

    assert shares.dtype == torch.float64
    assert shares.tolist() == [[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1]]


def test_limiting_shares_of_one_class_are_stationary() -> None:
    """On the cycle of two states every start has the shares (1/2, 1/2), in floats too."""
    P = np.array([[0.0, 1.0], [1.0, 0.0]])

    assert limiting_shares(P).tolist() == [[0.5, 0.5], [0.5, 0.5]]
