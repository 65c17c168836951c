r"""Each q_hat twice: as the program that torch differentiates, and as expressions that SymPy differentiates.

.. math::
    \text{linear: } x \cdot w, \qquad
    \text{polynomial: } x_0 w_0 + x_1 w_0 w_1 + x_2 w_1^2, \qquad
    \text{two layers: } v \cdot f(U x + a) + b, \qquad
    \text{lookup: } v \cdot E_x

The expressions are written from these formulas and know neither the code of ``bellcheck.mdp`` nor a closed form of any
gradient: an objective is written down in named symbols, SymPy differentiates it once for each size, and the derivative
is evaluated in rationals. The two layers have f(z) = max(z, 0) between them; a lookup multiplies the row that a pair
names in a table of two by v; in the expression E_x = (1 - x) E_0 + x E_1. Networks whose activations round are in
`networks`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from bellcheck.mdp.approximation import LinearQ, NetworkQ, PolynomialQ, QHat
from bellcheck.mdp.arithmetic import Array, exact_array

if TYPE_CHECKING:
    import torch

__all__ = [
    "COLUMNS",
    "HIDDEN",
    "MONOMIALS",
    "N_PARAMETERS",
    "ROWS",
    "AnyQ",
    "AnyTable",
    "Family",
    "SymbolicQ",
    "evaluator",
    "looked_up",
    "named_rows",
    "row_numbers",
    "symbolic_q",
    "table_and_slopes",
    "torch_q",
    "undefined_functions",
]

Family = Literal["linear", "polynomial", "relu", "lookup"]
HIDDEN = 2
ROWS = 2
COLUMNS: dict[Family, int] = {"linear": 2, "polynomial": 3, "relu": 2, "lookup": 1}
"""The features of a pair."""
N_PARAMETERS: dict[Family, int] = {"linear": 2, "polynomial": 2, "relu": 9, "lookup": 6}
MONOMIALS = ((0,), (0, 1), (1, 1))


def torch_q(family: Family, features: Array) -> QHat:
    """Return the q_hat of ``bellcheck.mdp`` over tensors, for exact features of shape (N, columns)."""
    import torch

    if family == "linear":
        return LinearQ(features).to_tensor()
    if family == "polynomial":
        return PolynomialQ(features, MONOMIALS, N_PARAMETERS[family]).to_tensor()
    # Empty of initial values: the parameters are always given, and nothing may be drawn from torch's global generator.
    layers: list[torch.nn.Module]
    with torch.device("meta"):
        if family == "lookup":
            layers = [row_numbers(), torch.nn.Embedding(ROWS, HIDDEN), torch.nn.Linear(HIDDEN, 1, bias=False)]
        else:
            layers = [torch.nn.Linear(COLUMNS[family], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)]
    module = torch.nn.Sequential(*layers).double()
    return NetworkQ(module.to_empty(device="cpu"), features)


def row_numbers() -> torch.nn.Module:
    """Return a module that reads the one feature of each pair as the number of a row."""
    import torch

    class RowNumbers(torch.nn.Module):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features[:, 0].long()

    return RowNumbers()


def named_rows(features: Array) -> Array:
    """Return the one feature of each pair for a lookup: the number 1 where its first feature is positive, else 0."""
    return exact_array(int(x > 0) for x in features[:, 0]).reshape(-1, 1)


def looked_up(row: Any, entries: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the row of a table of two, as a linear function of its number 0 or 1."""
    return [(1 - row) * first + row * second for first, second in zip(*entries, strict=True)]


@dataclass(frozen=True)
class SymbolicQ:
    """The table of a q_hat: an expression a pair, in its parameters and in one row of features a pair."""

    table: tuple[Any, ...]
    parameters: tuple[Any, ...]
    features: tuple[Any, ...]


@cache
def symbolic_q(family: Family, n_pairs: int) -> SymbolicQ:
    """Return the table of a family for a number of pairs."""
    import sympy

    columns = COLUMNS[family]
    features = sympy.symbols(f"x:{n_pairs}:{columns}")
    rows = [features[i * columns : (i + 1) * columns] for i in range(n_pairs)]
    w = sympy.symbols(f"w:{N_PARAMETERS[family]}")
    table = {"linear": _linear, "polynomial": _polynomial, "relu": _relu_network, "lookup": _lookup}[family]
    return SymbolicQ(tuple(table(row, w) for row in rows), w, features)


def _linear(x: Sequence[Any], w: Sequence[Any]) -> Any:
    return x[0] * w[0] + x[1] * w[1]


def _polynomial(c: Sequence[Any], w: Sequence[Any]) -> Any:
    return c[0] * w[0] + c[1] * w[0] * w[1] + c[2] * w[1] ** 2


def _relu_network(x: Sequence[Any], w: Sequence[Any]) -> Any:
    import sympy

    return _two_layers(x, w, lambda z: sympy.Piecewise((z, z > 0), (0, True)))


def _two_layers(x: Sequence[Any], w: Sequence[Any], activation: Callable[[Any], Any]) -> Any:
    (u00, u01, u10, u11), (a0, a1), (v0, v1), (b,) = w[:4], w[4:6], w[6:8], w[8:]
    return v0 * activation(u00 * x[0] + u01 * x[1] + a0) + v1 * activation(u10 * x[0] + u11 * x[1] + a1) + b


def _lookup(x: Sequence[Any], w: Sequence[Any]) -> Any:
    first, second = looked_up(x[0], [w[0:2], w[2:4]])
    return w[4] * first + w[5] * second


def evaluator(arguments: Sequence[Any], expressions: Sequence[Any]) -> Callable[..., list[Any]]:
    """Return a function of values for the arguments: of numbers with +, - and *, and methods like ``z.tanh()``."""
    import sympy

    methods = {name: operator.methodcaller(name) for name in ("tanh", "exp", "log")}
    function: Callable[..., list[Any]] = sympy.lambdify(
        [list(argument) for argument in arguments], list(expressions), modules=[methods], cse=True
    )
    return function


@cache
def _table_and_slopes(family: Family, n_pairs: int) -> Callable[..., list[Any]]:
    import sympy

    q_hat = symbolic_q(family, n_pairs)
    slopes = [sympy.diff(entry, w) for entry in q_hat.table for w in q_hat.parameters]
    return evaluator([q_hat.features, q_hat.parameters], [*q_hat.table, *slopes])


def table_and_slopes(family: Family, features: Array, w: Array) -> tuple[Array, Array]:
    """Return the (N,) table and the (N, d) gradients of its entries, exactly, for rational features and parameters."""
    n_pairs = len(features)
    numbers = exact_array(_table_and_slopes(family, n_pairs)(features.flat, w))
    return numbers[:n_pairs], numbers[n_pairs:].reshape(n_pairs, len(w))


class AnyQ:
    """A q_hat that is an undefined function of the pair and of one parameter, all others being held where they are.

    The parameters are one SymPy symbol; a pair may be a symbol too.
    """

    def __call__(self, parameters: Any) -> AnyTable:
        """Return the table."""
        return AnyTable(parameters)

    def gradient(self, parameters: Any, pair: Any) -> Any:
        """Return SymPy's derivative of the entry at a pair."""
        import sympy

        return sympy.diff(self(parameters)[pair], parameters)


@dataclass(frozen=True)
class AnyTable:
    """The table of `AnyQ`."""

    parameters: Any

    def __getitem__(self, pair: Any) -> Any:
        import sympy

        return sympy.Function("q_hat")(pair, self.parameters)


def undefined_functions(name: str, count: int, arguments: Sequence[Any]) -> tuple[list[Any], Callable[[Any], Any]]:
    """Return undefined functions of the arguments, and how to name their values and first derivatives by symbols.

    SymPy differentiates the functions; as polynomials in named symbols, two results can always be told apart.
    """
    import sympy

    functions = [sympy.Function(f"{name}{i}")(*arguments) for i in range(count)]
    slopes = {sympy.diff(f, t): sympy.Symbol(f"d{f.func}/d{t}") for f in functions for t in arguments}
    values = {f: sympy.Symbol(str(f.func)) for f in functions}
    return functions, lambda expression: expression.doit().xreplace(slopes).xreplace(values)
