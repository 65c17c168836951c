r"""A user's module in place of q_hat: its value gradient, semi-gradient and full gradient are what the theory says.

    from bellcheck.proofs.modules import check_module
    report = check_module(net, features)
    print(report)

Two routes that share no derivative: torch differentiates the losses through the module, and the formulas of
`gradients` are evaluated with the exact derivative of what the module computes (`tape`, `operations`), at the module's
own parameters, to 60 digits. They may differ by what rounding can do to back-propagation along the same graph
(`rounding`), and by no more: the bound is derived for each number, not chosen. The derivative of the tape cannot see
``detach``, ``no_grad`` or a backward written by hand, so a module whose gradient is not that of its values is refuted,
with the place.

Whatever is not understood is *not run*, with the reason: an operation unknown here, a random forward, a kink.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from bellcheck.mdp.approximation import WrongShape
from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.extras import MissingExtra, missing_extra
from bellcheck.mdp.model import FiniteMDP

from .faults import NotDifferentiated, culprit, differentiated, fault_before, fault_of_running
from .gradients import STATEMENTS, Instance, Setting, drawn_models, floats, setting
from .operation import Kink, Unsupported
from .recording import Untraceable, record, require_traceable
from .rounding import BINARY64, EXACT, Overflow, balls, magnitude, precisely
from .tape import Tape

if TYPE_CHECKING:
    import torch

__all__ = ["ModuleReport", "NotAModule", "Row", "check_module"]

STEP_SIZE = 0.1


class NotAModule(TypeError):
    """Something other than a ``torch.nn.Module``."""


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One statement; `difference` and `bound` are of the number that comes nearest to its bound, or goes farthest over.

    `where` names that number, `instances` counts the losses compared, `reason` explains every status but "holds".
    """

    name: str
    status: Literal["holds", "refuted", "not-run"]
    instances: int = 0
    difference: float | None = None
    bound: float | None = None
    where: str | None = None
    reason: str | None = None


class ModuleReport(msgspec.Struct, kw_only=True):
    """What a module was found to be, row by row; `print` shows it, `msgspec.json.encode` writes it."""

    module: str
    pairs: int
    parameters: int
    rows: list[Row]

    @property
    def holds(self) -> bool:
        """Whether every row holds."""
        return all(row.status == "holds" for row in self.rows)

    def __str__(self) -> str:
        lines = [f"{self.module}: {self.parameters} parameters, {self.pairs} pairs"]
        for row in self.rows:
            line = f"  {row.name:<15}{row.status:<8}"
            if row.difference is not None:
                line += f"  off by {row.difference:.1e}, rounding explains {row.bound:.1e} ({row.instances} compared)"
            lines.append(line.rstrip())
        reasons = dict.fromkeys(row.reason for row in self.rows if row.reason)
        return "\n".join([*lines, *(f"  {reason}" for reason in reasons)])


def check_module(
    module: torch.nn.Module,
    features: Any,
    *,
    mdp: FiniteMDP | None = None,
    mu: Any | None = None,
    q: Any | None = None,
    seed: int = 0,
) -> ModuleReport:
    """Return whether the gradients that torch takes of a module are what the theory says.

    Parameters
    ----------
    module : maps the features to one value a pair, of shape (N,) or (N, 1), in float64. It is run, and never changed;
        parameters that require no gradient are constants.
    features : one row a pair. A tensor of integers stays one (for an embedding); all else becomes float64.
    mdp : the model of N pairs; three small ones are drawn from `seed` if it is not given. Of each, at most eight
        outcomes are drawn.
    mu, q : weights and true values of shape (N,); drawn, and q* of the model, if they are not given.

    Raises `NotAModule`, ``MissingExtra`` if torch is not installed, and `WrongShape` for features, a model, mu or q
    that do not fit together. Everything else is in the report.
    """
    _require_module(module)
    inputs = _tensor(features)
    for name, given in (("mu", mu), ("q", q)):
        if given is not None and len(given) != len(inputs):
            raise WrongShape(f"{name} has {len(given)} entries for {len(inputs)} rows of features, one a pair")
    if mdp is not None and mdp.n_pairs != len(inputs):
        raise WrongShape(f"{len(inputs)} rows of features for a model of {mdp.n_pairs} pairs; give one row a pair")
    rows = _rows(module, inputs, mdp, mu, q, np.random.SeedSequence(seed))
    size = sum(parameter.numel() for parameter in module.parameters())
    return ModuleReport(module=type(module).__name__, pairs=len(inputs), parameters=size, rows=rows)


def _rows(
    module: torch.nn.Module, inputs: torch.Tensor, mdp: FiniteMDP | None, mu: Any, q: Any, seed: np.random.SeedSequence
) -> list[Row]:
    fault = fault_before(module, inputs) or fault_of_running(module, inputs)
    if fault is None:
        try:
            require_traceable(module, inputs)
            tape, output = record(module, inputs)
            with precisely():
                comparison = _Comparison(tape, output)
                models = drawn_models(len(inputs), seed) if mdp is None else [mdp]
                settings = [
                    setting("the model" if mdp else f"model {i}", model, mu, q, child)
                    for i, (model, child) in enumerate(zip(models, seed.spawn(len(models)), strict=True))
                ]
                return [comparison.of_table(), *(comparison.row(name, settings) for name in STATEMENTS)]
        except (NotDifferentiated, Overflow, Unsupported, Untraceable) as error:
            fault = str(error)
    return [Row(name=name, status="not-run", reason=f"not run: {fault}") for name in ("table", *STATEMENTS)]


class _Comparison:
    """A recorded module, its exact values, and what binary64 may make of them."""

    def __init__(self, tape: Tape, output: torch.Tensor) -> None:
        self.tape, self.output = tape, output
        self.exact, self.rounded = tape.values(EXACT), tape.values(BINARY64)
        self._known: dict[tuple[str, str], list[list[Array]]] = {}

    def of_table(self) -> Row:
        """Compare q_hat itself."""
        found, slot = _Worst(), self.tape.output
        found.cause = "the value itself is not what its operations give"
        found.compare("q_hat", "one entry a pair", self.output.detach().numpy(), self.exact[slot], self.rounded[slot])
        return found.row("table", 1, None)

    def row(self, name: str, settings: list[Setting]) -> Row:
        """Compare one gradient on all instances of the settings."""
        found, count, kink = _Worst(), 0, None
        for instance in (each for s in settings for each in STATEMENTS[name](s)):
            try:
                self._compare(instance, found, step_size=STEP_SIZE if name == "update rule" else None)
                count += 1
                if found.wrong and found.cause is None:
                    found.cause = self._cause(instance)
            except Kink as error:
                kink = kink or f"not run: {error} ({instance.where}); there the derivative is one of several"
        return found.row(name, count, kink)

    def _compare(self, instance: Instance, found: _Worst, step_size: float | None) -> None:
        exact, rounded = self._derivatives(instance)
        trained = self.tape.trained
        gradients = differentiated(instance.loss(self.output.reshape(-1)), list(trained.values()))
        for (name, parameter), gradient in zip(trained.items(), gradients, strict=True):
            slot = self.tape.parameters[name]
            sides = [gradient.numpy(), exact[slot], rounded[slot]]
            if step_size is not None:
                start = balls(parameter.detach().numpy())
                sides = [
                    (parameter.detach() - step_size * gradient).numpy(),
                    *(
                        arithmetic.subtract(start, arithmetic.multiply(balls(step_size), side))
                        for arithmetic, side in ((EXACT, exact[slot]), (BINARY64, rounded[slot]))
                    ),
                ]
            found.compare(name, instance.where, *sides)

    def _derivatives(self, instance: Instance) -> list[list[Array]]:
        # The update rule asks for the semi-gradients again.
        key = (instance.cotangent.__qualname__, instance.where)
        if key not in self._known:
            self._known[key] = [
                self.tape.cotangents(
                    arithmetic, values, instance.cotangent(arithmetic, values[self.tape.output].ravel())
                )
                for arithmetic, values in ((EXACT, self.exact), (BINARY64, self.rounded))
            ]
        return self._known[key]

    def _cause(self, instance: Instance) -> str:
        import torch

        table = self.output.detach().reshape(-1).clone().requires_grad_()
        (cotangent,) = torch.autograd.grad(instance.loss(table), table)
        return culprit(self.tape, self.output, self.rounded, cotangent.numpy())


class _Worst:
    """The number nearest to its bound, or farthest over it."""

    def __init__(self) -> None:
        self.difference = self.bound = 0.0
        self.where: str | None = None
        self.wrong: list[str] = []
        self.cause: str | None = None

    def compare(self, name: str, instance: str, computed: Any, exact: Array, rounded: Array) -> None:
        """Compare an array of binary64 with its exact values and what they may be rounded to."""
        bounds = magnitude(rounded - exact)
        differences = magnitude(balls(computed) - exact)
        if not np.isfinite(computed).all() or np.any(differences > bounds):
            self.wrong += [] if name in self.wrong else [name]
        # Floats only choose which number to show.
        shares = np.ravel(differences.astype(float) / np.maximum(bounds.astype(float), sys.float_info.min))
        farthest = int(shares.argmax())
        if self.where is None or shares[farthest] * self.bound > self.difference:
            self.difference, self.bound = float(differences.flat[farthest]), float(bounds.flat[farthest])
            place = [int(i) for i in np.unravel_index(farthest, computed.shape)]
            self.where = f"{name}{place or ''}, {instance}"

    def row(self, name: str, instances: int, kink: str | None) -> Row:
        """Return the row: refuted by one wrong number, not run if there is a kink, else it holds."""
        row = Row(name=name, status="not-run" if kink else "holds", instances=instances, reason=kink)
        if self.wrong:
            row.status, row.reason = "refuted", f"wrong for {', '.join(self.wrong)}: {self.cause}"
        if self.where is not None:
            row.difference, row.bound, row.where = self.difference, self.bound, self.where
        return row


def _require_module(module: Any) -> None:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra(f"checking a module {missing_extra(error) or error}") from None
    if not isinstance(module, torch.nn.Module):
        raise NotAModule(f"{module!r} is a {type(module).__name__}, not a torch.nn.Module; wrap its forward in one")


def _tensor(features: Any) -> torch.Tensor:
    import torch

    if isinstance(features, torch.Tensor):
        whole = not (features.is_floating_point() or features.is_complex())
        tensor = features.detach().clone() if whole else features.detach().to(torch.float64, copy=True)
    else:
        array = np.asarray(features, dtype=object)
        tensor = torch.from_numpy(floats(array.ravel()).reshape(array.shape))
    if tensor.ndim == 0 or len(tensor) == 0:
        raise WrongShape("the features are empty; give one row a pair")
    return tensor.cpu()
