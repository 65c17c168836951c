r"""Parametric action values: q_hat maps a parameter vector w to a table over the pairs.

.. math::
    \hat q_w = X w, \qquad \hat q_w(x) = \sum_m c_m(x) \prod_{j \in m} w_j, \qquad
    \hat q_w(x) = \text{network}_w(\phi(x))

Whatever the form, its parameters are *one flat vector*, so that objectives and their gradients are functions of plain
vectors w and u; and it supplies the gradient at one pair, which is all that the update rule of Q-learning asks for: a
row of features, the product rule, or back-propagation. Linear and polynomial q_hat work in every arithmetic, exactly in
rationals; networks are tensors of float64. Importing this module does not import torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .arithmetic import Array, exact_array, to_floats, zeros

if TYPE_CHECKING:
    import torch

__all__ = ["LinearQ", "NetworkQ", "PolynomialQ", "QHat", "WrongShape"]


class WrongShape(ValueError):
    """Features, coefficients, parameters or tables whose shapes do not fit together."""


class QHat(Protocol):
    """What every approximation offers: its table and the gradient of one entry of it."""

    def __call__(self, parameters: Array) -> Array:
        """Return the (N,) table of parameters of shape (d,)."""
        ...

    def gradient(self, parameters: Array, pair: int) -> Array:
        """Return the (d,) gradient of the table's entry at `pair`."""
        ...


class LinearQ:
    """q_hat_w = X w for an (N, d) array of features, one row a pair.

    Rows of numbers other than an array or tensor are read as exact rationals. Raises `WrongShape` unless there are two
    axes and at least one feature.

    >>> LinearQ([[1, 0], ["1/2", 2]])(exact_array([3, 1]))
    array([3, 7/2], dtype=object)
    """

    def __init__(self, features: Any) -> None:
        self.features = _matrix(features, "features", "(pairs, parameters)")

    @property
    def n_parameters(self) -> int:
        """d, the length of the parameter vector."""
        return int(self.features.shape[1])

    def __call__(self, parameters: Array) -> Array:
        """Return X w."""
        _require_length(parameters, self.n_parameters)
        return self.features @ parameters

    def gradient(self, parameters: Array, pair: int) -> Array:
        """Return the features of the pair, whatever the parameters are."""
        _require_length(parameters, self.n_parameters)
        return self.features[pair]

    def to_tensor(self) -> LinearQ:
        """Return the same q_hat over float64 tensors, every exact feature rounded correctly."""
        return LinearQ(_tensor(self.features))


class PolynomialQ:
    """q_hat_w(x) = sum over monomials m of c_m(x) times the product of the w_j with j in m.

    Parameters
    ----------
    coefficients : (N, M) array; rows of numbers other than an array or tensor are read as exact rationals.
    monomials : M tuples of parameter indices: () is 1, (0, 0, 2) is w_0^2 w_2. Products rather than powers, so that
        small dyadic numbers stay exact in binary64.
    n_parameters : d, the length of the parameter vector.

    >>> PolynomialQ([[1, 2]], [(), (0, 0, 1)], n_parameters=2)(exact_array([3, 5]))
    array([91], dtype=object)
    """

    def __init__(self, coefficients: Any, monomials: Sequence[tuple[int, ...]], n_parameters: int) -> None:
        self.coefficients = _matrix(coefficients, "coefficients", "(pairs, monomials)")
        self.monomials = tuple(monomials)
        self.n_parameters = n_parameters
        if self.coefficients.shape[1] != len(self.monomials):
            raise WrongShape(f"{self.coefficients.shape[1]} columns of coefficients, {len(self.monomials)} monomials")
        for monomial in self.monomials:
            if any(not 0 <= j < n_parameters for j in monomial):
                raise WrongShape(f"monomial {monomial} names a parameter outside 0, ..., {n_parameters - 1}")

    def __call__(self, parameters: Array) -> Array:
        """Return the table of the polynomial's values."""
        _require_length(parameters, self.n_parameters)
        table = zeros(parameters, len(self.coefficients))
        for m, monomial in enumerate(self.monomials):
            table = table + self.coefficients[:, m] * math.prod((parameters[j] for j in monomial), start=1)
        return table

    def gradient(self, parameters: Array, pair: int) -> Array:
        """Return the gradient at a pair by the product rule: each factor of each monomial left out once."""
        _require_length(parameters, self.n_parameters)
        gradient = zeros(parameters, self.n_parameters)
        for m, monomial in enumerate(self.monomials):
            for place, j in enumerate(monomial):
                others = monomial[:place] + monomial[place + 1 :]
                product = math.prod((parameters[i] for i in others), start=1)
                gradient[j] = gradient[j] + self.coefficients[pair, m] * product
        return gradient

    def to_tensor(self) -> PolynomialQ:
        """Return the same q_hat over float64 tensors, every exact coefficient rounded correctly."""
        return PolynomialQ(_tensor(self.coefficients), self.monomials, self.n_parameters)


class NetworkQ:
    """q_hat_w(x) = module(features[x]) with all parameters of a torch module as one flat vector w.

    Parameters
    ----------
    module : a ``torch.nn.Module`` of float64 parameters that maps (N, d_in) to (N,) or (N, 1); it is never changed.
    features : (N, d_in) inputs, one row a pair.

    Attributes
    ----------
    initial : (d,) the module's own parameters, flat, in the order of ``module.named_parameters()``.
    """

    def __init__(self, module: torch.nn.Module, features: Any) -> None:
        import torch

        self.module = module
        self.features = _tensor(_matrix(features, "features", "(pairs, inputs)"))
        self._shapes = {name: parameter.shape for name, parameter in module.named_parameters()}
        parts = [parameter.detach().reshape(-1) for parameter in module.parameters()]
        if not parts:
            raise WrongShape("the module has no parameters; there is nothing to learn")
        self.initial: torch.Tensor = torch.cat(parts)
        if self.initial.dtype != torch.float64:
            raise WrongShape(f"the module's parameters are {self.initial.dtype}; make it module.double()")

    @property
    def n_parameters(self) -> int:
        """d, the number of the module's parameters."""
        return len(self.initial)

    def __call__(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return the network's (N,) outputs."""
        import torch
        from torch.func import functional_call

        _require_length(parameters, self.n_parameters)
        parts = torch.split(parameters, [shape.numel() for shape in self._shapes.values()])
        by_name = {name: part.reshape(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}
        outputs: torch.Tensor = functional_call(self.module, by_name, (self.features,))
        n_pairs = len(self.features)
        if outputs.shape not in {(n_pairs,), (n_pairs, 1)}:
            raise WrongShape(f"the module returned shape {tuple(outputs.shape)}; one value for each of {n_pairs} pairs")
        return outputs.reshape(n_pairs)

    def gradient(self, parameters: torch.Tensor, pair: int) -> torch.Tensor:
        """Return the gradient of one output, which is what back-propagation supplies."""
        from torch.func import grad

        gradient: torch.Tensor = grad(lambda w: self(w)[pair])(parameters)
        return gradient


def _matrix(values: Any, what: str, axes: str) -> Any:
    if not hasattr(values, "shape"):
        if not all(hasattr(row, "__len__") for row in values):
            raise WrongShape(f"{what} are a list of numbers; they must be {axes}, a list of rows")
        rows = [exact_array(row) for row in values]
        if len({len(row) for row in rows}) > 1:
            raise WrongShape(f"the rows of {what} have lengths {[len(row) for row in rows]}; they must be equal")
        flat = exact_array(number for row in rows for number in row)
        values = flat.reshape(len(rows), len(rows[0]) if rows else 0)
    if len(values.shape) != 2 or values.shape[1] == 0:
        raise WrongShape(f"{what} have shape {tuple(values.shape)}; they must be {axes}, at least one column")
    return values


def _tensor(matrix: Any) -> torch.Tensor:
    import torch

    if isinstance(matrix, torch.Tensor):
        return matrix.to(torch.float64)
    return torch.from_numpy(to_floats(matrix.flat).reshape(matrix.shape))


def _require_length(parameters: Array, length: int) -> None:
    if len(parameters) != length:
        raise WrongShape(f"{len(parameters)} parameters for a q_hat that has {length}")
