"""The value error whose weights move with the parameters."""

from __future__ import annotations

import pytest

from bellcheck.mdp.approximation import LinearQ
from bellcheck.mdp.arithmetic import exact_array
from bellcheck.mdp.behaviour import softmax
from bellcheck.mdp.chain import NotUnique, pair_chain, stationary
from bellcheck.mdp.examples import stay_or_switch
from bellcheck.mdp.model import FiniteMDP

torch = pytest.importorskip("torch")


def test_policy_is_the_softmax_of_the_table():
    """The same policy as in binary64 arrays, and no overflow where values are large."""
    from bellcheck.mdp.moving_weights import softmax_policy

    mdp = stay_or_switch()

    policy = softmax_policy(mdp.to_tensor(), torch.tensor([1000.0, 1001.0, 0.0, 0.0], dtype=torch.float64))

    assert policy.tolist() == pytest.approx(softmax(mdp, exact_array([1000, 1001, 0, 0]), 1.0).tolist())


def test_weights_are_those_of_an_even_policy_at_zero():
    """At w = 0 staying and switching are even and so are the four pairs: VE is the mean square of q."""
    from bellcheck.mdp.moving_weights import moving_value_error

    q_hat = LinearQ([[1, 0], [0, 1], [1, 1], [0, 0]]).to_tensor()
    q = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    w = torch.zeros(2, dtype=torch.float64)

    assert moving_value_error(stay_or_switch().to_tensor(), q, q_hat, w).item() == pytest.approx(30 / 4)


def test_the_derivative_of_the_weights_of_one_state():
    """One state with two loops has mu = pi: by the logistic function's derivative 1/4 at 0, VE moves by +-1/4."""
    from bellcheck.mdp.moving_weights import moving_value_error

    mdp = FiniteMDP.from_pairs(1, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 0, 0)])], "1/2").to_tensor()
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    q = torch.tensor([1.0, 0.0], dtype=torch.float64)

    moving_value_error(mdp, q, LinearQ([[1], [0]]).to_tensor(), w).backward()

    # 2 mu (q_hat - q) grad q_hat + grad mu (q - q_hat)^2 = 2 (1/2) (-1) + 1/4
    assert w.grad.tolist() == pytest.approx([-3 / 4])


def test_several_closed_classes_are_an_error():
    """Two loops that never meet have no one share of time."""
    from bellcheck.mdp.moving_weights import moving_value_error

    mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 0)]), (1, 0, [(1, 0, 1)])], "1/2").to_tensor()
    zero = torch.zeros(2, dtype=torch.float64)

    with pytest.raises(NotUnique, match="2 closed classes"):
        moving_value_error(mdp, zero, LinearQ([[1, 0], [0, 1]]).to_tensor(), zero)


def test_stationary_weights_in_symbols():
    """A state that is left with probability p and entered again with r has the share r / (p + r)."""
    import numpy as np
    import sympy

    p, r = sympy.symbols("p r", positive=True)
    P = np.array([[1 - p, p], [r, 1 - r]], dtype=object)

    assert [
        sympy.simplify(mu - share) for mu, share in zip(stationary(P), (r / (p + r), p / (p + r)), strict=True)
    ] == [
        0,
        0,
    ]


def test_stationary_weights_of_tensors_are_those_of_numbers():
    """The same weights as in exact arithmetic, up to rounding."""
    mdp = stay_or_switch()
    policy = exact_array(["9/10", "1/10", "1/10", "9/10"])

    mu = stationary(pair_chain(mdp.to_tensor(), torch.tensor([0.9, 0.1, 0.1, 0.9], dtype=torch.float64)))

    assert mu.tolist() == pytest.approx([float(x.p) / float(x.q) for x in stationary(pair_chain(mdp, policy))])
