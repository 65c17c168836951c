"""An instance as JSON data, and read back: a counterexample in a file is one that a check can be called with.

==============================  ================================================================================
value                           as JSON
==============================  ================================================================================
model                           its file format (`bellcheck.mdp.file_format`)
rational                        ``"3/4"``
array of rationals              ``[["1", "0"], ["1/2", "2"]]``; without entries ``{"rational": [], "shape": [0, 2]}``
integer, boolean, None, float   itself; ``{"float": "inf"}`` if it is not finite
text                            itself; ``{"text": "3/4"}`` if it would read as a rational
tuple or list                   ``[0, 0, "1/2"]``
another array                   ``{"int64": [[0], [1]]}``, under the name of its type
a record                        ``{"Constant": {"value": "1/60"}}``: one of `RECORDS`, by its fields
anything else                   ``{"stated": "t + 1"}``: in words, for it is what the check states and not drawn
==============================  ================================================================================

What is read is what was written, but for sequences: a list comes back as a tuple, and one of rationals as an array.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import NotANumber, exact, exact_array, is_exact
from bellcheck.mdp.file_format import InvalidFile, from_data, to_data
from bellcheck.mdp.model import FiniteMDP, InvalidMDP

from .draws import resolve

__all__ = ["RECORDS", "UnreadableInstance", "instance_from_data", "instance_to_data", "value_from_data"]

RECORDS = {
    "Constant": "bellcheck.mdp.step_size",
    "Linear": "bellcheck.mdp.step_size",
    "LossConvention": "bellcheck.mdp.loss_convention",
    "Network": "bellcheck.proofs.networks",
    "Polynomial": "bellcheck.mdp.step_size",
    "RescaledLinear": "bellcheck.mdp.step_size",
}
"""The dataclasses that checks draw, and the module of each. A file can build these and no others."""

_DTYPES = ("bool", "float64", "int64")


class UnreadableInstance(ValueError):
    """Data that is no instance of a check; the message names the value and what to do."""


# -------------------------------------------------------------------- written


def instance_to_data(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return an instance as JSON data that `instance_from_data` reads back."""
    return {name: _to_data(value) for name, value in instance.items()}


def _to_data(value: Any) -> Any:
    if isinstance(value, FiniteMDP):
        return to_data(value)
    if isinstance(value, fmpq):
        return str(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": str(value)}
    if isinstance(value, str):
        return {"text": value} if _is_number(value) else value
    if isinstance(value, np.ndarray):
        return _array_to_data(value)
    if isinstance(value, list | tuple):
        return [_to_data(entry) for entry in value]
    kind = type(value)
    if is_dataclass(value) and RECORDS.get(kind.__name__) == kind.__module__:
        return {kind.__name__: {field.name: _to_data(getattr(value, field.name)) for field in fields(value)}}
    return {"stated": str(value)}


def _array_to_data(values: np.ndarray) -> Any:
    without_entries = {} if values.size else {"shape": list(values.shape)}
    if is_exact(values.reshape(-1)):
        return [_to_data(entry) for entry in values] if values.size else {"rational": [], **without_entries}
    if values.dtype.name not in _DTYPES:
        return {"stated": str(values)}
    # JSON has no infinities; NumPy reads them as text.
    odd = values.dtype == np.float64 and not np.isfinite(values).all()
    return {values.dtype.name: values.astype(str).tolist() if odd else values.tolist(), **without_entries}


def _is_number(text: str) -> bool:
    try:
        exact(text)
    except NotANumber:
        return False
    return True


# -------------------------------------------------------------------- read


def instance_from_data(data: Mapping[str, Any], draws: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the instance that `instance_to_data` wrote; a counterexample's ``sides`` are left out.

    `draws` are those of the check, whose arguments the data must name; what a check only states is taken from them.
    Without them every value is read that needs no check. Raises `UnreadableInstance`.
    """
    names = [name for name in data if name != "sides"]
    if draws is None:
        return {name: _read(name, data[name], {}, {}) for name in names}
    if set(names) != set(draws):
        odd = sorted(set(names) ^ set(draws))
        raise UnreadableInstance(
            f"{odd[0]!r} is {'not an argument of the check' if odd[0] in data else 'missing'}; "
            f"its arguments are {', '.join(draws)}"
        )
    read: dict[str, Any] = {}
    for name in draws:
        read[name] = _read(name, data[name], draws, read)
    return read


def _read(name: str, data: Any, draws: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    try:
        return _stated(name, data, draws, known) if _has_stated(data) else value_from_data(data)
    except (UnreadableInstance, InvalidFile, InvalidMDP, NotANumber) as error:
        raise UnreadableInstance(f"{name}: {error}") from None


def _has_stated(data: Any) -> bool:
    if isinstance(data, Mapping):
        return "stated" in data or any(map(_has_stated, data.values()))
    return isinstance(data, list) and any(map(_has_stated, data))


def _stated(name: str, data: Any, draws: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Return what the check states in the place of a draw, if it is what the data says."""
    if name not in draws:
        raise UnreadableInstance(f"{data} is in words: only its check has the value")
    stated = resolve({name: draws[name]}, lambda strategy: strategy, **known)[name]
    if isinstance(stated, st.SearchStrategy):
        raise UnreadableInstance(f"{data} is in words, but was drawn; list its class in instance_data.RECORDS")
    if _to_data(stated) != data:
        raise UnreadableInstance(f"{data} is not what the check states: {_to_data(stated)}")
    return stated


def value_from_data(data: Any) -> Any:
    """Return the value that was written as `data`; raise `UnreadableInstance` if none was."""
    if data is None or isinstance(data, bool | int | float):
        return data
    if isinstance(data, Decimal):
        return float(data)
    if isinstance(data, str):
        return exact(data) if _is_number(data) else data
    if isinstance(data, list):
        return _array(data) if _is_rational(data) else tuple(map(value_from_data, data))
    if isinstance(data, Mapping) and "bellcheck_mdp" in data:
        return from_data(data)
    if isinstance(data, Mapping) and data:
        tag, content = next(iter(data.items()))
        if tag in RECORDS and len(data) == 1 and isinstance(content, Mapping):
            return _record(tag, content)
        if tag == "rational" and set(data) == {tag, "shape"}:
            return _shaped(exact_array([]), data["shape"])
        if tag in _DTYPES and set(data) <= {tag, "shape"}:
            return _plain_array(tag, content, data.get("shape"))
        if tag == "float" and len(data) == 1 and content in ("inf", "-inf", "nan"):
            return float(content)
        if tag == "text" and len(data) == 1 and isinstance(content, str):
            return content
    raise UnreadableInstance(f"{str(data)[:80]} is no value; bellcheck.proofs.instance_data lists the forms")


def _is_rational(data: list[Any]) -> bool:
    """Whether nested lists are an array of rationals: not empty, and as long as each other at every depth."""
    if all(isinstance(entry, str) for entry in data):
        return bool(data) and all(map(_is_number, data))
    return (
        all(isinstance(entry, list) for entry in data)
        and len({len(entry) for entry in data}) == 1
        and all(map(_is_rational, data))
    )


def _array(data: list[Any]) -> np.ndarray:
    nested = np.array(data, dtype=object)
    return exact_array(nested.reshape(-1)).reshape(nested.shape)


def _plain_array(dtype: str, entries: Any, shape: Any) -> np.ndarray:
    try:
        array = np.array(entries, dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableInstance(f"{str(entries)[:80]} is no array of {dtype}") from None
    return array if shape is None else _shaped(array, shape)


def _shaped(array: np.ndarray, shape: Any) -> np.ndarray:
    try:
        return array.reshape(shape)
    except (TypeError, ValueError):
        raise UnreadableInstance(f"{array.size} entries do not have the shape {shape}") from None


def _record(name: str, content: Mapping[str, Any]) -> Any:
    kind = getattr(import_module(RECORDS[name]), name)
    given, taken = set(content), {field.name for field in fields(kind)}
    if given != taken:
        raise UnreadableInstance(f"{name} has the fields {sorted(taken)}, not {sorted(given)}")
    try:
        return kind(**{field: value_from_data(value) for field, value in content.items()})
    except ValueError as error:
        raise UnreadableInstance(f"{name}: {error}") from None
