r"""Small networks with smooth activations: each as a program, as an expression, and with the error of its gradient.

===================  ==================================================  ==========
form                 q_hat(x), f = tanh or log(1 + exp)                   parameters
===================  ==================================================  ==========
one layer            v . f(U x + a) + b                                   9
two layers           v . f(U' f(U x + a) + a') + b                        15
one layer twice      v . f(U f(U x + a) + a) + b: shared parameters       9
embedding            v . f(U E_x + a) + b: row x of a table of two        13
===================  ==================================================  ==========

Torch is given a module; SymPy an expression that is written from this table and differentiated once; in the
expression E_x = (1 - x) E_0 + x E_1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from bellcheck.mdp.approximation import NetworkQ
from bellcheck.mdp.arithmetic import Array

from .approximations import ROWS, evaluator, looked_up, row_numbers

__all__ = ["NETWORKS", "WIDTH", "Layer", "Network", "network_error_term", "network_table"]

Form = Literal["one layer", "two layers", "one layer twice", "embedding"]
Activation = Literal["tanh", "softplus"]
WIDTH = 2
"""The number of units in each layer, of columns of an embedding, and of features."""
THRESHOLD = 64
"""Torch's softplus is the identity above a threshold, by default 20: off by 2e-9 there, which is no rounding."""


@dataclass(frozen=True)
class Layer:
    """Where a layer's parameters lie in the flat vector: a row of weights for each unit, and the units' shifts."""

    weights: tuple[tuple[int, ...], ...]
    shifts: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """One of the forms, with one of the activations."""

    form: Form
    activation: Activation

    def __str__(self) -> str:
        return f"{self.form}, {self.activation}"

    @property
    def columns(self) -> int:
        """The features of a pair: for an embedding the number of its row."""
        return 1 if self.form == "embedding" else WIDTH

    @property
    def embedding(self) -> tuple[tuple[int, ...], ...]:
        """Where the rows of the embedding lie, if there is one."""
        if self.form != "embedding":
            return ()
        return tuple(tuple(range(row * WIDTH, (row + 1) * WIDTH)) for row in range(ROWS))

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """The hidden layers in the order in which they are applied."""
        first = len(self.embedding) * WIDTH
        if self.form == "two layers":
            return _layer(first), _layer(first + WIDTH * (WIDTH + 1))
        return (_layer(first),) * (2 if self.form == "one layer twice" else 1)

    @property
    def output(self) -> Layer:
        """The last layer, of one unit."""
        first = self.hidden[-1].shifts[-1] + 1
        return Layer((tuple(range(first, first + WIDTH)),), (first + WIDTH,))

    @property
    def n_parameters(self) -> int:
        """d, the length of the parameter vector."""
        return self.output.shifts[0] + 1

    def to_torch(self, features: Array) -> NetworkQ:
        """Return the program, for exact features of shape (N, columns)."""
        return NetworkQ(_module(self), features)


_FORMS: tuple[Form, ...] = ("one layer", "two layers", "one layer twice", "embedding")
_ACTIVATIONS: tuple[Activation, ...] = ("tanh", "softplus")
NETWORKS = tuple(Network(form, activation) for form in _FORMS for activation in _ACTIVATIONS)


def _layer(first: int) -> Layer:
    shifts = first + WIDTH * WIDTH
    weights = tuple(tuple(range(first + j * WIDTH, first + (j + 1) * WIDTH)) for j in range(WIDTH))
    return Layer(weights, tuple(range(shifts, shifts + WIDTH)))


@cache
def _module(network: Network) -> Any:
    import torch

    smooth = torch.nn.Tanh() if network.activation == "tanh" else torch.nn.Softplus(threshold=THRESHOLD)
    # Empty of initial values: the parameters are always given, and nothing may be drawn from torch's global generator.
    with torch.device("meta"):
        layers = [torch.nn.Linear(WIDTH, WIDTH) for _ in set(network.hidden)]
        output, table = torch.nn.Linear(WIDTH, 1), torch.nn.Embedding(ROWS, WIDTH)
    hidden = [layers[i % len(layers)] for i in range(len(network.hidden))]
    parts: list[torch.nn.Module] = [part for layer in hidden for part in (layer, smooth)]
    if network.embedding:
        parts = [row_numbers(), table, *parts]
    return torch.nn.Sequential(*parts, output).double().to_empty(device="cpu")


# -------------------------------------------------------------------- the expression


def _expression(network: Network, x: Sequence[Any], w: Sequence[Any]) -> Any:
    import sympy

    inputs = list(x)
    if network.embedding:
        inputs = looked_up(x[0], [[w[k] for k in row] for row in network.embedding])
    for layer in network.hidden:
        sums = _sums(layer, inputs, w)
        inputs = [sympy.tanh(z) if network.activation == "tanh" else sympy.log(1 + sympy.exp(z)) for z in sums]
    return _sums(network.output, inputs, w)[0]


def _sums(layer: Layer, inputs: Sequence[Any], w: Sequence[Any]) -> list[Any]:
    return [
        sum(w[k] * x for k, x in zip(row, inputs, strict=True)) + w[shift]
        for row, shift in zip(layer.weights, layer.shifts, strict=True)
    ]


@cache
def network_table(network: Network) -> Callable[..., list[Any]]:
    """Return the function (x, w) -> [q_hat] of one pair's features and of the parameters."""
    import sympy

    x, w = sympy.symbols(f"x:{network.columns}"), sympy.symbols(f"w:{network.n_parameters}")
    return evaluator([x, w], [_expression(network, x, w)])


@cache
def network_error_term(network: Network) -> Callable[..., list[Any]]:
    """Return the function ([mu], [q], x, w) -> SymPy's derivatives by w of one pair's mu (q - q_hat)^2."""
    import sympy

    x, w = sympy.symbols(f"x:{network.columns}"), sympy.symbols(f"w:{network.n_parameters}")
    mu, q = sympy.symbols("mu q")
    term = mu * (q - _expression(network, x, w)) ** 2
    return evaluator([[mu], [q], x, w], [sympy.diff(term, parameter) for parameter in w])
