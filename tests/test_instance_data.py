"""Instances as JSON data: what is written is read back, and what nobody wrote is refused."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.step_size import Constant, Linear, Polynomial, RescaledLinear
from bellcheck.mdp.strategies import mdps, paths, policies, step_sizes, synchronous_paths, tables
from bellcheck.proofs.draws import instances
from bellcheck.proofs.instance_data import UnreadableInstance, instance_from_data, instance_to_data
from bellcheck.proofs.networks import NETWORKS
from bellcheck.proofs.subject import reference
from bellcheck.reports.output import to_json

LOOP = FiniteMDP.from_pairs(1, [(0, 0, [("1/3", 1, 0), ("2/3", 0, 0)])], "1/2")


def _through_json(instance: dict[str, Any]) -> Any:
    return json.loads(to_json(instance_to_data(instance)))


def _same(a: Any, b: Any) -> bool:
    """Whether two values are equal in type, shape and entries."""
    if isinstance(a, np.ndarray):
        return type(b) is type(a) and (a.dtype, a.shape) == (b.dtype, b.shape) and np.array_equal(a, b)
    if isinstance(a, tuple):
        return type(b) is tuple and len(a) == len(b) and all(map(_same, a, b))
    return type(b) is type(a) and bool(a == b)


VALUES = {
    "rational": (exact("-3/4"), "-3/4"),
    "table": (exact_array([1, "1/2"]), ["1", "1/2"]),
    "matrix": (exact_array([1, 2, 3, "4/5"]).reshape(2, 2), [["1", "2"], ["3", "4/5"]]),
    "empty table": (exact_array([]), {"rational": [], "shape": [0]}),
    "matrix without columns": (exact_array([]).reshape(3, 0), {"rational": [], "shape": [3, 0]}),
    "integer": (7, 7),
    "boolean": (True, True),
    "nothing": (None, None),
    "float": (0.1, 0.1),
    "infinite": (float("-inf"), {"float": "-inf"}),
    "text": ("masked", "masked"),
    "text of a number": ("100/19", {"text": "100/19"}),
    "path": (((0, 1, exact("1/2")), (0, 0, exact(1))), [[0, 1, "1/2"], [0, 0, "1"]]),
    "empty path": ((), []),
    "tables of two lengths": ((exact_array([1]), exact_array([1, 2])), [["1"], ["1", "2"]]),
    "integers": ((0, 2), [0, 2]),
    "integer array": (np.array([[0], [3]]), {"int64": [[0], [3]]}),
    "integer array without rows": (np.empty((0, 2), dtype=np.int64), {"int64": [], "shape": [0, 2]}),
    "float array": (np.array([0.1, np.inf]), {"float64": ["0.1", "inf"]}),
    "mask": (np.array([True, False]), {"bool": [True, False]}),
    "schedule": (Constant("1/60"), {"Constant": {"value": "1/60"}}),
    "schedule without parameters": (Linear(), {"Linear": {}}),
    "schedules": ((Polynomial("1/2"), RescaledLinear("9/10")), [
        {"Polynomial": {"omega": "1/2"}}, {"RescaledLinear": {"discount": "9/10"}},
    ]),
    "network": (NETWORKS[3], {"Network": {"form": "two layers", "activation": "softplus"}}),
}  # fmt: skip


@pytest.mark.parametrize(("value", "data"), VALUES.values(), ids=VALUES)
def test_value_is_read_back_as_what_it_was(value: Any, data: Any) -> None:
    """Each kind of value has one form in JSON, and no two kinds share it."""
    written = _through_json({"value": value})

    assert written == {"value": data}
    assert _same(value, instance_from_data(written)["value"])


DRAWS = {
    "mdp": mdps(start=True), "q": tables, "policy": policies, "alpha": step_sizes(), "path": paths,
    "synchronous": synchronous_paths, "coins": st.tuples(st.booleans(), st.booleans()),
}  # fmt: skip


@given(instances(DRAWS))
def test_drawn_instance_is_read_back(instance: dict[str, Any]) -> None:
    """Whatever a check draws of a model and what lives on it comes back equal, with its check or without."""
    written = _through_json(instance)

    for read in (instance_from_data(written), instance_from_data(written, DRAWS)):
        assert list(read) == list(instance)
        assert all(_same(value, read[name]) for name, value in instance.items())


def test_lists_come_back_as_sequences() -> None:
    """JSON has one kind of list: a list is read as a tuple, one of rationals as an array."""
    read = instance_from_data(_through_json({"counts": [1, 2], "steps": [exact("1/2"), exact(1)]}))

    assert _same(read["counts"], (1, 2))
    assert _same(read["steps"], exact_array(["1/2", 1]))


def test_sides_are_no_part_of_the_instance() -> None:
    """A counterexample may be handed over whole."""
    counterexample = {**instance_to_data({"mdp": LOOP}), "sides": {"left": "1", "relation": "equals", "right": "2"}}

    assert instance_from_data(counterexample) == {"mdp": LOOP}


def test_what_a_check_states_is_taken_from_the_check() -> None:
    """A subject or a function is written in words; its check has it, also as a function of what is drawn before it."""
    states: dict[str, Any] = {"n": st.integers(0, 9), "stated": lambda n: [reference("solver"), n]}

    written = _through_json({"n": 3, "stated": [reference("solver"), 3]})

    assert written == {"n": 3, "stated": [{"stated": "reference"}, 3]}
    assert instance_from_data(written, states) == {"n": 3, "stated": [reference("solver"), 3]}


@pytest.mark.parametrize(
    ("data", "draws", "message"),
    [
        ({"q": {"stated": "t + 1"}}, None, r"^q: .*'t \+ 1'.* is in words: only its check has the value"),
        ({"q": {"stated": "t + 1"}}, {"q": st.integers()}, "is in words, but was drawn; list its class"),
        ({"q": {"stated": "t + 1"}}, {"q": lambda: 2}, "is not what the check states: 2"),
        ({"q": 1, "w": 2}, {"q": 1}, "^'w' is not an argument of the check; its arguments are q$"),
        ({"q": 1}, {"q": 1, "w": 2}, "^'w' is missing; its arguments are q, w$"),
        ({"q": {"float32": [1.0]}}, None, "is no value; bellcheck.proofs.instance_data lists the forms"),
        ({"q": {}}, None, "is no value"),
        ({"q": {"int64": ["x"]}}, None, r"^q: \['x'\] is no array of int64$"),
        ({"q": {"int64": [[1], [1, 2]]}}, None, "is no array of int64"),
        ({"q": {"rational": [], "shape": [3]}}, None, r"0 entries do not have the shape \[3\]"),
        ({"q": {"Constant": {"value": "2"}}}, None, r"^q: Constant: step size 2 is not in \[0, 1\]$"),
        ({"q": {"Constant": {}}}, None, r"Constant has the fields \['value'\], not \[\]"),
        ({"q": {"Subject": {"kind": "x", "name": "x", "where": "os:system"}}}, None, "is no value"),
        ({"mdp": {"bellcheck_mdp": 1}}, None, "^mdp: .*missing required field"),
        ({"mdp": {"bellcheck_mdp": 1, "states": 1, "transitions": []}}, None, "^mdp: there is no discount"),
    ],
)
def test_data_that_nobody_wrote_is_refused(data: Any, draws: Any, message: str) -> None:
    """The error names the value and what is wrong with it; nothing but listed records can be built."""
    with pytest.raises(UnreadableInstance, match=message):
        instance_from_data(data, draws)
