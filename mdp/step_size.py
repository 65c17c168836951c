r"""Step sizes: how far the k-th update moves, k = 0, 1, 2, ...

==========================  =================================  ================================================
schedule                    alpha_k                            on the deterministic one-state loop the error falls as
==========================  =================================  ================================================
``Constant(alpha)``         alpha                              (1 - (1 - gamma) alpha)^n, down to a noise floor
``Linear()``                1 / (k + 1)                        n^-(1 - gamma): hopeless when gamma is near 1
``RescaledLinear(gamma)``   1 / (1 + (1 - gamma)(k + 1))       1 / (1 + (1 - gamma) n)
``Polynomial(omega)``       (k + 1)^-omega                     exp(-(1 - gamma) n^(1 - omega) / (1 - omega)), roughly
==========================  =================================  ================================================

A schedule does not know what k counts. A run says so: all updates (the clock ``"global"``) or the visits to the pair
that is updated (``"visits"``).

A call returns a rational, ``floats`` the steps of a float run: the rationals rounded correctly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from flint import fmpq

from .arithmetic import NotANumber, exact, to_floats
from .rationals import number_from_outside

__all__ = ["Clock", "Constant", "InvalidStepSize", "Linear", "Polynomial", "RescaledLinear", "StepSize", "size"]

Clock: TypeAlias = Literal["global", "visits"]
"""What k counts: all updates so far, or the earlier visits to the updated pair."""


class InvalidStepSize(ValueError):
    """A parameter with which some step would leave [0, 1] or make no sense."""


@dataclass(frozen=True)
class Constant:
    """alpha_k = `value`, in [0, 1]; a float means the simplest rational that rounds to it.

    >>> Constant(0.1)(7), Constant("1/2").floats(2)
    (1/10, array([0.5, 0.5]))
    """

    value: fmpq

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _in_unit_interval(self.value, "step size"))

    def __call__(self, k: int) -> fmpq:
        """Return alpha_k."""
        return self.value

    def floats(self, n: int) -> np.ndarray:
        """Return the first `n` steps in binary64."""
        return np.full(n, to_floats([self.value])[0])

    @property
    def name(self) -> str:
        """Short text for tables and legends."""
        return f"constant {self.value}"

    @property
    def exact(self) -> bool:
        """Whether a call returns the value of the formula: always."""
        return True


@dataclass(frozen=True)
class Linear:
    """alpha_k = 1 / (k + 1).

    >>> Linear()(3)
    1/4
    """

    def __call__(self, k: int) -> fmpq:
        """Return alpha_k."""
        return fmpq(1, k + 1)

    def floats(self, n: int) -> np.ndarray:
        """Return the first `n` steps in binary64."""
        return 1.0 / np.arange(1, n + 1, dtype=np.float64)

    @property
    def name(self) -> str:
        """Short text for tables and legends."""
        return "linear"

    @property
    def exact(self) -> bool:
        """Whether a call returns the value of the formula: always."""
        return True


@dataclass(frozen=True)
class RescaledLinear:
    """alpha_k = 1 / (1 + (1 - gamma)(k + 1)) for the discount gamma, 0 <= gamma < 1.

    >>> RescaledLinear("9/10")(9)
    1/2
    """

    discount: fmpq

    def __post_init__(self) -> None:
        discount = _in_unit_interval(self.discount, "discount")
        if discount == 1:
            raise InvalidStepSize("at discount 1 the rescaled linear step is 1 for ever; use Linear or Polynomial")
        object.__setattr__(self, "discount", discount)

    def __call__(self, k: int) -> fmpq:
        """Return alpha_k."""
        return 1 / (1 + (1 - self.discount) * (k + 1))

    def floats(self, n: int) -> np.ndarray:
        """Return the first `n` steps in binary64."""
        # alpha_k = whole / (whole + rest (k + 1)): a quotient of integers, which Python rounds correctly at any size.
        whole = int(self.discount.q)
        rest = whole - int(self.discount.p)
        if whole + rest * n < 2**53:
            return whole / (whole + rest * np.arange(1, n + 1, dtype=np.float64))
        return np.fromiter((whole / (whole + rest * (k + 1)) for k in range(n)), np.float64, n)

    @property
    def name(self) -> str:
        """Short text for tables and legends."""
        return "rescaled linear"

    @property
    def exact(self) -> bool:
        """Whether a call returns the value of the formula: always."""
        return True


@dataclass(frozen=True)
class Polynomial:
    """alpha_k = (k + 1)^-omega, omega >= 0; convergence asks for omega <= 1.

    If omega is an integer the steps are rational. Otherwise a call returns, as a rational, the very float that `floats`
    returns, (k + 1.0) ** -omega as the C library computes it; `exact` says which case it is.

    >>> Polynomial("1/2")(3), Polynomial(2)(2), Polynomial("1/2").exact
    (1/2, 1/9, False)
    """

    omega: fmpq

    def __post_init__(self) -> None:
        omega = _number(self.omega, "exponent")
        if omega < 0:
            raise InvalidStepSize(f"exponent {omega} is negative, so steps would exceed 1; give one in [0, 1]")
        object.__setattr__(self, "omega", omega)

    def __call__(self, k: int) -> fmpq:
        """Return alpha_k, or where that is irrational the float nearby."""
        return 1 / fmpq(k + 1) ** int(self.omega) if self.exact else exact((k + 1.0) ** self._exponent)

    def floats(self, n: int) -> np.ndarray:
        """Return the first `n` steps in binary64."""
        if self.exact:
            return np.fromiter((1 / (k + 1) ** int(self.omega) for k in range(n)), np.float64, n)
        # NumPy's vectorised power may differ from the C library's in the last place, and so from __call__.
        exponent = self._exponent
        return np.fromiter(((k + 1.0) ** exponent for k in range(n)), np.float64, n)

    @property
    def _exponent(self) -> float:
        return -float(to_floats([self.omega])[0])

    @property
    def name(self) -> str:
        """Short text for tables and legends."""
        return f"polynomial {self.omega}"

    @property
    def exact(self) -> bool:
        """Whether a call returns the value of the formula: where omega is an integer."""
        return bool(self.omega.q == 1)


StepSize: TypeAlias = Constant | Linear | RescaledLinear | Polynomial
"""A schedule."""


def size(k: int, law: StepSize) -> fmpq:
    """Return alpha_k under a schedule: what a learner that declares `law` must use at its k-th update, k = 0, 1, ..."""
    return law(k)


def _number(value: object, what: str) -> fmpq:
    try:
        return number_from_outside(value)
    except NotANumber as error:
        raise InvalidStepSize(f"{what}: {error}") from None


def _in_unit_interval(value: object, what: str) -> fmpq:
    number = _number(value, what)
    if not 0 <= number <= 1:
        raise InvalidStepSize(f"{what} {number} is not in [0, 1]")
    return number
