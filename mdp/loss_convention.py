r"""What right losses of a DQN may differ in, each of which a program must declare before it can be judged.

.. math::
    L = \sum_i c_i\, \ell(\delta_i), \qquad \delta_i = y_i - \hat q(s_i, a_i), \qquad
    y_i = r_i + \gamma\, \hat q^-(s'_i, a^*_i) \ \text{or}\ r_i

=============  ===============================================================================================
field          what it says
=============  ===============================================================================================
`error`        l(delta): delta^2 / 2, delta^2, |delta|, or the Huber loss, which is delta^2 / 2 up to its
               `threshold` kappa and kappa (|delta| - kappa / 2) beyond
`reduction`    c_i is 1/n for the mean over a batch of n, 1 for the sum
`double`       a* is the best action of s' by the online network, not by the target network
`weighted`     c_i is multiplied by an importance weight w_i
`normalised`   the weighted mean divides by the sum of the weights, not by n
`masked`       a* is one of the actions that s' has; otherwise one of all heads of the network
`truncation`   a step that was cut off "bootstraps" like any other, or counts among the "ends", where y = r
=============  ===============================================================================================

Clipping a gradient is the optimiser's business: the gradient that is judged is the loss's, before it is clipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from .arithmetic import Scalar, exact

__all__ = ["LossConvention", "WrongConvention"]


class WrongConvention(ValueError):
    """Fields of a convention that do not go together."""


@dataclass(frozen=True)
class LossConvention:
    """The convention of a DQN loss; the defaults are the textbook's.

    The threshold of a Huber loss is a positive rational, text such as "1/2" included. Raises `WrongConvention`.

    >>> print(LossConvention("huber", threshold=1, double=True))
    huber (threshold 1), mean, double
    """

    error: Literal["half-square", "square", "absolute", "huber"] = "half-square"
    threshold: Scalar = None
    reduction: Literal["mean", "sum"] = "mean"
    double: bool = False
    weighted: bool = False
    normalised: bool = False
    masked: bool = True
    truncation: Literal["bootstraps", "ends"] = "bootstraps"

    def __post_init__(self) -> None:
        if self.threshold is not None:
            object.__setattr__(self, "threshold", exact(self.threshold))
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                raise WrongConvention(f"{name} {getattr(self, name)!r} is none of {', '.join(known)}")
        if (self.error == "huber") != (self.threshold is not None):
            raise WrongConvention(f"error {self.error!r} with threshold {self.threshold}; Huber losses have one")
        if self.threshold is not None and not self.threshold > 0:
            raise WrongConvention(f"threshold {self.threshold}; give a positive one")
        if self.normalised and not (self.weighted and self.reduction == "mean"):
            raise WrongConvention("normalised weights belong to a weighted mean; say weighted=True, reduction='mean'")

    def __str__(self) -> str:
        error = self.error if self.threshold is None else f"{self.error} (threshold {self.threshold})"
        departures = [name for name in ("double", "weighted", "normalised") if getattr(self, name)]
        departures += [] if self.masked else ["all heads"]
        departures += [] if self.truncation == "bootstraps" else ["cut-offs are ends"]
        return ", ".join([error, self.reduction, *departures])

    def to_data(self) -> dict[str, Any]:
        """Return the fields as JSON data, from which ``LossConvention(**data)`` makes it again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"threshold": None if self.threshold is None else str(self.threshold)}

    def departures(self) -> int:
        """Count the fields that are not the textbook's."""
        return sum(getattr(self, field.name) != field.default for field in fields(self))

    def simpler(self) -> Iterator[LossConvention]:
        """Yield the conventions with fewer departures, one of them given up."""
        for field in fields(self):
            given_up: dict[str, Any] = {field.name: field.default}
            if field.name == "error":
                given_up["threshold"] = None
            if field.name in ("weighted", "reduction"):
                given_up["normalised"] = False
            if field.name == "threshold" or getattr(self, field.name) == field.default:
                continue
            yield replace(self, **given_up)


_KNOWN = {
    "error": ("half-square", "square", "absolute", "huber"),
    "reduction": ("mean", "sum"),
    "truncation": ("bootstraps", "ends"),
}
