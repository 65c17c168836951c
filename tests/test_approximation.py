"""Linear, polynomial and network q_hat: tables and gradients of flat parameter vectors."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bellcheck.mdp.approximation import LinearQ, NetworkQ, PolynomialQ, WrongShape
from bellcheck.mdp.arithmetic import exact_array, to_floats

torch = pytest.importorskip("torch")


def test_linear_is_a_matrix_product() -> None:
    """A linear table is X w, exactly."""
    q_hat = LinearQ([[1, "1/3"], [0, 2]])

    assert list(q_hat(exact_array(["1/2", 3]))) == list(exact_array(["3/2", 6]))


def test_polynomial_gradient_is_the_product_rule() -> None:
    """The gradient of 2 w0^2 w1 + 3 w1 is (4 w0 w1, 2 w0^2 + 3)."""
    q_hat = PolynomialQ([[2, 3]], [(0, 0, 1), (1,)], n_parameters=2)

    assert list(q_hat.gradient(exact_array([5, 7]), 0)) == list(exact_array([140, 53]))


@pytest.mark.parametrize(
    "q_hat",
    [
        LinearQ([["1/2", -1], [3, "5/4"]]),
        PolynomialQ([[1, "1/2", 3], [0, -2, 1]], [(), (0, 1), (1, 1, 1)], n_parameters=2),
    ],
    ids=["linear", "polynomial"],
)
def test_tensors_agree_with_rationals(q_hat: LinearQ | PolynomialQ) -> None:
    """On small dyadic numbers the tensor table, its stated gradient and autograd's all equal the rationals."""
    w = exact_array(["3/4", "-5/2"])
    leaf = torch.tensor(to_floats(w), requires_grad=True)
    tensors = q_hat.to_tensor()

    for pair in range(2):
        derivative = torch.autograd.grad(tensors(leaf)[pair], leaf)[0]

        assert exact_array(tensors(leaf).tolist())[pair] == q_hat(w)[pair]
        assert list(exact_array(derivative.tolist())) == list(q_hat.gradient(w, pair))
        assert list(exact_array(tensors.gradient(leaf.detach(), pair).tolist())) == list(q_hat.gradient(w, pair))


def test_network_reproduces_its_module() -> None:
    """At its initial parameters the network is the module, and other parameters leave the module as it was."""
    torch_layer = torch.nn.Linear(2, 1).double()
    with torch.no_grad():
        torch_layer.weight.copy_(torch.tensor([[1.0, -2.0]]))
        torch_layer.bias.fill_(0.5)
    q_hat = NetworkQ(torch_layer, [[1, 0], [0, 1], [1, 1]])

    assert q_hat(q_hat.initial).tolist() == [1.5, -1.5, -0.5]
    assert q_hat(torch.zeros(3, dtype=torch.float64)).tolist() == [0, 0, 0]
    assert torch_layer.bias.item() == 0.5


def test_network_gradient_is_backpropagation() -> None:
    """The gradient of one output of a linear module is that pair's features, and 1 for the bias."""
    q_hat = NetworkQ(torch.nn.Linear(2, 1).double(), [[1, 0], [3, 4]])

    assert q_hat.gradient(q_hat.initial, 1).tolist() == [3, 4, 1]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LinearQ([1, 2]), "a list of numbers"),
        (lambda: LinearQ([[], []]), "at least one column"),
        (lambda: LinearQ([[1], [1, 2]]), "lengths"),
        (lambda: LinearQ([[1, 2]])(exact_array([1])), "1 parameters for a q_hat that has 2"),
        (lambda: PolynomialQ([[1, 2]], [(0,)], 1), "2 columns of coefficients, 1 monomials"),
        (lambda: PolynomialQ([[1]], [(1,)], 1), "names a parameter outside"),
        (lambda: NetworkQ(torch.nn.ReLU(), [[1]]), "no parameters"),
        (lambda: NetworkQ(torch.nn.Linear(1, 1), [[1]]), "double"),
        (lambda: NetworkQ(torch.nn.Linear(1, 2).double(), [[1]])(torch.zeros(4).double()), "one value for each"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(build, message) -> None:  # type: ignore[no-untyped-def]
    """Each misfit is named."""
    with pytest.raises(WrongShape, match=message):
        build()


def test_importing_loads_no_torch() -> None:
    """The module is usable without torch installed."""
    code = "import sys, bellcheck.mdp.approximation, bellcheck.mdp.semi_gradient; print('torch' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "False"
