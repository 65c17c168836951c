"""Instances: what a check is called with, drawn by name and in order.

A draw is a Hypothesis strategy, a plain value, or a function whose required parameters are named like earlier draws
(``tables(mdp)``) or like what the evidence offers (``reals``, the z3 proof). Functions of `mdp.strategies` say by
`axis` how their value is tied to the model, which is what the reducer needs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, zeros
from bellcheck.mdp.file_format import to_data
from bellcheck.mdp.model import FiniteMDP

__all__ = [
    "accepts",
    "axes",
    "from_model",
    "instances",
    "resolve",
    "symbolic_mdp",
    "symbolic_number",
    "symbolic_table",
    "to_plain",
]


def resolve(draws: Mapping[str, Any], draw: Callable[[Any], Any], **offered: Any) -> dict[str, Any]:
    """Return the instance: each draw resolved in order; `draw` turns a strategy into a value."""
    known: dict[str, Any] = dict(offered)
    for name, source in draws.items():
        value = source
        while callable(value) and not isinstance(value, st.SearchStrategy):
            value = value(**{key: known[key] for key in _required(value)})
        known[name] = draw(value) if isinstance(value, st.SearchStrategy) else value
    return {name: known[name] for name in draws}


def _required(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]


@st.composite
def instances(draw: st.DrawFn, draws: Mapping[str, Any]) -> dict[str, Any]:
    """Instances of a check, as one strategy."""
    return resolve(draws, draw)


def axes(draws: Mapping[str, Any]) -> dict[str, str | None]:
    """Return how each value is tied to the model: "pair", "policy", "path", ... or None."""
    return {name: getattr(source, "axis", None) for name, source in draws.items()}


def accepts(draws: Mapping[str, Any]) -> Callable[[dict[str, Any]], bool]:
    """Return the predicate that tells whether an instance is one that these draws could have drawn."""
    predicates = {name: source.accepts for name, source in draws.items() if hasattr(source, "accepts")}
    return lambda instance: all(predicate(instance[name]) for name, predicate in predicates.items())


def symbolic_mdp(
    n_states: int, n_actions: int, *, terminal: int = 0, discounted: bool = True
) -> Callable[[Reals], FiniteMDP]:
    """All MDPs of a size: real probabilities, rewards r(s, a, s') and discount in [0, 1), as z3 variables.

    The last `terminal` states have no actions. Every state may follow every pair. Not `discounted`, they may have the
    discount 1 too.
    """

    def draw(reals: Reals) -> FiniteMDP:
        acting = n_states - terminal
        n_pairs = acting * n_actions
        probability = reals.array("p", n_pairs * n_states)
        discount = reals.real("discount")
        for value in probability:
            reals.assume(value >= 0)
            reals.suggest(value * n_states == 1)
        for x in range(n_pairs):
            reals.assume(sum(probability[x * n_states + 1 : (x + 1) * n_states], probability[x * n_states]) == 1)
        reals.assume(discount >= 0)
        reals.assume(discount < 1 if discounted else discount <= 1)
        reals.suggest(discount * 2 == 1)
        return FiniteMDP(
            n_states=n_states,
            pair_state=np.repeat(np.arange(acting), n_actions),
            pair_action=np.tile(np.arange(n_actions), acting),
            outcome_start=np.arange(n_pairs + 1) * n_states,
            probability=probability,
            reward=reals.array("r", n_pairs * n_states),
            next_state=np.tile(np.arange(n_states), n_pairs),
            discount=discount,
        )

    return draw


def symbolic_table(reals: Reals, mdp: FiniteMDP) -> Array:
    """All tables over the pairs of a model, as z3 variables."""
    return reals.array(str(reals.fresh("table")), mdp.n_pairs)


symbolic_table.axis = "pair"  # type: ignore[attr-defined]


def symbolic_number(name: str, low: int | None = None, high: int | None = None) -> Callable[[Reals], Any]:
    """Any real, or any in [low, high], as a z3 variable."""

    def draw(reals: Reals) -> Any:
        number = reals.real(name)
        if low is not None:
            reals.assume(number >= low)
        if high is not None:
            reals.assume(number <= high)
        return number

    return draw


def from_model(value: Any, model: Any) -> Any:
    """Return a symbolic value with its z3 variables replaced by the rationals of a z3 model."""
    if isinstance(value, FiniteMDP):
        from dataclasses import replace

        return replace(
            value,
            probability=from_model(value.probability, model),
            reward=from_model(value.reward, model),
            discount=from_model(value.discount, model),
        )
    if isinstance(value, np.ndarray) and value.dtype == object:
        array = zeros(np.empty(0, dtype=object), len(value))
        array[:] = [from_model(entry, model) for entry in value]
        return array
    if type(value).__module__.partition(".")[0] == "z3":
        import z3

        number = model.eval(value, model_completion=True)
        if z3.is_algebraic_value(number):
            number = number.approx(30)
        return fmpq(number.numerator_as_long(), number.denominator_as_long())
    return value


def to_plain(value: Any) -> Any:
    """Return a side of a relation as JSON data to be read by people; `instance_data` has what is read back."""
    if isinstance(value, FiniteMDP):
        return to_data(value)
    if isinstance(value, fmpq):
        return str(value)
    if isinstance(value, np.ndarray):
        return [to_plain(entry) for entry in value]
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    if is_dataclass(value):
        return {part.name: to_plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value).__module__.partition(".")[0] == "torch":
        return to_plain(value.detach().tolist())
    return str(value)
