"""A model survives its file unchanged, and no file is read as anything but what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from bellcheck.mdp import file_format
from bellcheck.mdp.arithmetic import exact
from bellcheck.mdp.file_format import InvalidFile, dump, dumps, from_data, load, loads, to_data
from bellcheck.mdp.model import FiniteMDP, InvalidMDP
from bellcheck.mdp.strategies import mdps

LAMP = FiniteMDP.from_dict(
    {"on": {"wait": [("3/4", 2, "on"), ("1/4", -1, "off")], "switch": [(1, 0, "off")]}, "off": {}},
    "9/10",
    start={"on": 1},
)
LAMP_TEXT = """{
  "bellcheck_mdp": 1,
  "discount": "9/10",
  "states": ["on", "off"],
  "actions": ["wait", "switch"],
  "start": ["1", "0"],
  "transitions": [
    {"state": 0, "action": 0, "outcomes": [
      {"probability": "3/4", "reward": "2", "next": 0},
      {"probability": "1/4", "reward": "-1", "next": 1}
    ]},
    {"state": 0, "action": 1, "outcomes": [
      {"probability": "1", "reward": "0", "next": 1}
    ]}
  ]
}
"""


def one_step(*, discount: str = '"1/2"', probability: str = "1", reward: str = "0", following: str = "1") -> str:
    """Return the file of a model with one pair, its values as JSON."""
    return (
        f'{{"bellcheck_mdp": 1, "discount": {discount}, "states": 2, "transitions": [{{"state": 0, "action": 0, '
        f'"outcomes": [{{"probability": {probability}, "reward": {reward}, "next": {following}}}]}}]}}'
    )


@given(mdps())
def test_text_gives_the_model_back(mdp: FiniteMDP) -> None:
    """Writing and reading changes nothing, and writing again gives the same text."""
    text = dumps(mdp)
    again = loads(text)

    assert again == mdp
    assert dumps(again) == text


@given(mdps())
def test_embedded_data_gives_the_model_back(mdp: FiniteMDP) -> None:
    """What `to_data` returns survives JSON and is what the text of the file holds."""
    embedded = json.loads(json.dumps(to_data(mdp)))

    assert from_data(embedded) == mdp
    assert embedded == json.loads(dumps(mdp))


def test_text_has_an_outcome_a_line() -> None:
    """Two versions of a file differ in the lines of the outcomes that differ."""
    assert dumps(LAMP) == LAMP_TEXT


def test_file_gives_the_model_back(tmp_path: Path) -> None:
    """`load` reads what `dump` wrote, names that are not ASCII included."""
    named = FiniteMDP.from_dict({"été": {"→": [(1, 1, "été")]}}, "1/2")
    dump(named, tmp_path / "model.json")

    assert load(tmp_path / "model.json") == named


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0.1", "1/10"),
        ('"0.1"', "1/10"),
        ('"2/20"', "1/10"),
        ("1e-1", "1/10"),
        ("-3", "-3"),
        ("12345678901234567890.5", "24691357802469135781/2"),
    ],
)
def test_numbers_are_read_digit_by_digit(written: str, meant: str) -> None:
    """A decimal is the decimal that stands there: no binary float takes part."""
    assert loads(one_step(reward=written)).reward[0] == exact(meant)


def test_given_discount_replaces_the_one_in_the_file() -> None:
    """A file may leave the discount open, and one that is given wins."""
    without = one_step().replace('"discount": "1/2", ', "")

    assert loads(without, discount="1/3").discount == exact("1/3")
    assert loads(one_step(), discount="1/3").discount == exact("1/3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ('{"bellcheck_mdp": 1,\n  "discount":', "line 2, column 14: not JSON"),
        (LAMP_TEXT[:200], "line 9, column"),
        ("states: 2", "line 1, column 1: not JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[]", "Expected `object`, got `array`"),
        ('{"bellcheck_mdp": 2, "states": 1, "transitions": []}', "format version 2 is not known"),
        ('{"states": 1, "transitions": []}', "missing required field `bellcheck_mdp`"),
        (one_step().replace('"next"', '"then"'), "unknown field `then` - at `$.transitions[0].outcomes[0]`"),
        (
            one_step().replace('"next": 1', '"next": 1, "next": 0'),
            'the key "next" is given twice - at `$.transitions[0].outcomes[0]`',
        ),
        (one_step().replace('"states": 2', '"states": 2, "states": 3'), 'the key "states" is given twice - at `$`'),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', 'the key "a" is given twice - at `$`'),
        (one_step(discount='"abc"'), "'abc' is not a rational number; write it like 3/4, 0.75 or 2 - at `$.discount`"),
        (one_step(discount='"1/0"'), "'1/0' is not a rational number"),
        (one_step(discount="NaN"), "nan is not an exact number"),
        (one_step(probability="NaN"), "0.75 or 2 - at `$.transitions[0].outcomes[0].probability`"),
        (one_step(probability='"nan"'), "'nan' is not a rational number"),
        (one_step(reward="-Infinity"), "-inf is not an exact number"),
        (one_step(reward="true"), "True is not an exact number"),
        (one_step(reward="1e999999999"), "'1E+999999999' is not a rational number"),
        (one_step(reward='"1e-999999999"'), "'1e-999999999' is not a rational number"),
        (one_step(reward="1e" + "9" * 40), "is not a rational number"),
        (one_step(reward="9" * 100_000), "999... is not a rational number"),
        (one_step(reward='"' + "9" * 100_000 + '"'), "999... is not a rational number"),
        (one_step(following="1.0"), "Expected `int`, got `decimal` - at `$.transitions[0].outcomes[0].next`"),
        (one_step(following="true"), "Expected `int`, got `bool`"),
        (one_step(following='"off"'), "Expected `int`, got `str`"),
        (one_step(following="-1"), "Expected `int` >= 0"),
        (one_step(following="9" * 40), "Expected `int` <= 1000000"),
        (one_step().replace('"states": 2', '"states": 1000000000'), "Expected `int` <= 1000000 - at `$.states`"),
    ],
)
def test_text_that_is_no_model_is_refused(text: str, message: str) -> None:
    """The error names the value and its place, after the source."""
    with pytest.raises(InvalidFile) as caught:
        loads(text, "model.json")

    assert str(caught.value).startswith("model.json: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (one_step(probability='"9/10"'), "probabilities of state 0, action 0 sum to 9/10, not 1"),
        (one_step(probability="0.9999999999999999999"), "sum to 9999999999999999999/10000000000000000000, not 1"),
        (one_step(probability="-1"), "probability -1 of state 0, action 0 is negative"),
        (one_step(following="7"), "next state 7 of state 0, action 0 does not exist; there are 2"),
        (one_step(discount='"3/2"'), "discount 3/2 is not in [0, 1]"),
        (one_step(discount="-1"), "discount -1 is not in [0, 1]"),
        (one_step().replace('"discount": "1/2", ', ""), "there is no discount"),
        (LAMP_TEXT.replace('["1", "0"]', '["1"]'), "the start distribution has 1 entries for 2 states"),
        (
            LAMP_TEXT.replace('["1", "0"]', '["1/2", "1/3"]'),
            "probabilities of the start distribution sum to 5/6, not 1",
        ),
        (LAMP_TEXT.replace('"off"', '"on"'), "state name 'on' is given twice"),
        (LAMP_TEXT.replace('"action": 1', '"action": 0'), "the pair state on, action wait is given twice"),
        (LAMP_TEXT.replace('"action": 1', '"action": 2'), "action 2 of state 0 does not exist"),
        ('{"bellcheck_mdp": 1, "discount": 0, "states": 0, "transitions": []}', "there are no states"),
    ],
)
def test_model_that_is_no_decision_process_is_refused(text: str, message: str) -> None:
    """Nothing in a file is adjusted: what does not add up is an error that says to what it adds up."""
    with pytest.raises(InvalidMDP) as caught:
        loads(text, "model.json")

    assert str(caught.value).startswith("model.json: ")
    assert message in str(caught.value)


def test_binary_floats_are_refused_in_data() -> None:
    """Data built in Python holds text or integers: a float has lost its decimal digits."""
    data = to_data(LAMP)
    data["discount"] = 0.9

    with pytest.raises(InvalidFile, match=r"0\.9 is not an exact number.*at `\$\.discount`"):
        from_data(data)


def test_model_in_floating_point_is_not_written() -> None:
    """A rounded model has no file, for it would not be the one that was meant."""
    with pytest.raises(InvalidMDP, match="in floating point cannot be written"):
        to_data(LAMP.to_float())


def test_file_over_the_stated_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte more than the limit is an error, the limit itself is not."""
    path = tmp_path / "model.json"
    dump(LAMP, path)
    monkeypatch.setattr(file_format, "MAX_BYTES", path.stat().st_size)
    accepted = load(path)
    path.write_text(dumps(LAMP) + "\n", encoding="utf-8")

    assert accepted == LAMP
    with pytest.raises(InvalidFile, match="larger than 0 MiB"):
        load(path)


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A model is UTF-8; the error names the byte that is not."""
    path = tmp_path / "model.json"
    path.write_bytes(dumps(LAMP).encode("utf-16"))

    with pytest.raises(InvalidFile, match="byte 0 is not UTF-8"):
        load(path)
