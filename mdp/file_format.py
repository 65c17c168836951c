"""A model as JSON: every number exactly as written, everything else refused with its place.

A file holds the pairs in the order of their numbers, an outcome a line, so that two versions compare well::

    {
      "bellcheck_mdp": 1,
      "discount": "9/10",
      "states": ["on", "off"],
      "start": ["1", "0"],
      "transitions": [
        {"state": 0, "action": 0, "outcomes": [
          {"probability": "3/4", "reward": "2", "next": 0},
          {"probability": "1/4", "reward": "-1", "next": 1}
        ]}
      ]
    }

States and actions go by number, from 0; ``states`` is their count or their names, ``actions`` (optional) names. A state
without a row is terminal. A number is text ("3/4", "0.75", "2") or a JSON number; decimals are read digit by digit,
0.1 is one tenth, no binary float takes part. Probabilities that do not sum to exactly 1 are an error, never adjusted.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Context, Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from flint import fmpq

from .arithmetic import exact, is_exact
from .model import FiniteMDP, InvalidMDP

__all__ = [
    "FORMAT_VERSION",
    "MAX_BYTES",
    "MAX_STATES",
    "InvalidFile",
    "dump",
    "dumps",
    "from_data",
    "load",
    "loads",
    "read_json",
    "to_data",
]

FORMAT_VERSION = 1
MAX_BYTES = 64 * 2**20
"""The largest file that is read; its tree of Python objects takes some 20 times the memory."""
MAX_STATES = 1_000_000
"""States need no rows, so that the size of a file does not bound their number."""


class InvalidFile(ValueError):
    """Text that is not a model in this format: not JSON, too large, nested too deep, a wrong type or key."""


_Index = Annotated[int, msgspec.Meta(ge=0, le=MAX_STATES)]


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Outcome(_Record):
    probability: fmpq
    reward: fmpq
    next: _Index


class _Row(_Record):
    state: _Index
    action: _Index
    outcomes: list[_Outcome]


class _File(_Record):
    bellcheck_mdp: int
    states: _Index | list[str]
    transitions: list[_Row]
    discount: fmpq | None = None
    actions: list[str] | None = None
    start: list[fmpq] | None = None


def to_data(mdp: FiniteMDP) -> dict[str, Any]:
    """Return an exact model as plain dictionaries, lists, integers and text, ready to be embedded in other JSON."""
    if not is_exact(mdp.probability):
        raise InvalidMDP("a model in floating point cannot be written; write the exact one that it was made from")
    data: dict[str, Any] = {
        "bellcheck_mdp": FORMAT_VERSION,
        "discount": str(mdp.discount),
        "states": mdp.n_states if mdp.state_names is None else list(mdp.state_names),
    }
    if mdp.action_names is not None:
        data["actions"] = list(mdp.action_names)
    if mdp.start is not None:
        data["start"] = [str(probability) for probability in mdp.start]
    data["transitions"] = [
        {
            "state": int(mdp.pair_state[x]),
            "action": int(mdp.pair_action[x]),
            "outcomes": [
                {"probability": str(mdp.probability[k]), "reward": str(mdp.reward[k]), "next": int(mdp.next_state[k])}
                for k in mdp.outcomes_of(x)
            ],
        }
        for x in range(mdp.n_pairs)
    ]
    return data


def from_data(data: Any, discount: object = None) -> FiniteMDP:
    """Build the model that `to_data` wrote; a `discount` that is given replaces the one in the data.

    Raises `InvalidFile` for a wrong type or key, with its path, and `InvalidMDP` for what is no decision process.
    """
    try:
        file = msgspec.convert(data, _File, dec_hook=_read_number)
    except msgspec.ValidationError as error:
        raise InvalidFile(_with_remedy(str(error))) from None
    if file.bellcheck_mdp != FORMAT_VERSION:
        raise InvalidFile(
            f"format version {file.bellcheck_mdp} is not known; this is a reader of version "
            f"{FORMAT_VERSION} - at `$.bellcheck_mdp`"
        )
    if discount is None and file.discount is None:
        raise InvalidMDP('there is no discount; write it into the file ("discount": "9/10") or give one')
    named = isinstance(file.states, list)
    return FiniteMDP.from_pairs(
        len(file.states) if isinstance(file.states, list) else file.states,
        [
            (row.state, row.action, [(o.probability, o.reward, o.next) for o in row.outcomes])
            for row in file.transitions
        ],
        file.discount if discount is None else discount,
        start=file.start,
        state_names=file.states if named else None,  # type: ignore[arg-type]
        action_names=file.actions,
    )


def _with_remedy(message: str) -> str:
    place = "" if " - at " in message else " - at `$`"
    if "unknown field" in message:
        return f"{message}{place}; the module bellcheck.mdp.file_format lists the keys"
    if "`bellcheck_mdp`" in message:
        return f'{message}{place}; add "bellcheck_mdp": {FORMAT_VERSION}'
    if "Expected `int`" in message:
        return f"{message}{place}; states and actions go by their numbers from 0, with names or without"
    return message + place


def dumps(mdp: FiniteMDP) -> str:
    """Return an exact model as JSON text: the same model gives the same text, with an outcome a line."""
    data = to_data(mdp)
    rows = data.pop("transitions")
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in data.items()]
    written = [
        f'    {{"state": {row["state"]}, "action": {row["action"]}, "outcomes": [\n'
        + ",\n".join(f"      {json.dumps(outcome)}" for outcome in row["outcomes"])
        + "\n    ]}"
        for row in rows
    ]
    table = "[\n" + ",\n".join(written) + "\n  ]" if rows else "[]"
    return "\n".join(["{", *lines, f'  "transitions": {table}', "}", ""])


def loads(text: str, source: str = "the text", discount: object = None) -> FiniteMDP:
    """Build the model in JSON text; errors begin with `source`. See `from_data`."""
    try:
        return from_data(_parse(text), discount)
    except (InvalidFile, InvalidMDP) as error:
        raise type(error)(f"{source}: {error}") from None


def dump(mdp: FiniteMDP, path: str | Path) -> None:
    """Write an exact model to a file."""
    Path(path).write_text(dumps(mdp), encoding="utf-8")


def load(path: str | Path, discount: object = None) -> FiniteMDP:
    """Build the model in a file; besides what `from_data` raises, ``OSError`` if it cannot be read."""
    return loads(_text_of(path), str(path), discount)


def read_json(path: str | Path) -> Any:
    """Return the data in a JSON file, its decimals as ``Decimal``; raise `InvalidFile` or ``OSError``."""
    text = _text_of(path)
    try:
        return _parse(text)
    except InvalidFile as error:
        raise InvalidFile(f"{path}: {error}") from None


def _text_of(path: str | Path) -> str:
    with Path(path).open("rb") as file:
        # Asking for the size first would say nothing about a pipe; one byte more than allowed settles it for both.
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InvalidFile(f"{path}: larger than {MAX_BYTES // 2**20} MiB, the most that is read")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{path}: byte {error.start} is not UTF-8; a model is JSON text") from None


def _parse(text: str) -> Any:
    repeated: list[tuple[str, dict[str, Any]]] = []

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.append((next(key for key in counts if counts[key] > 1), found))
        return found

    if not text.strip():
        raise InvalidFile("empty; a model is a JSON object, see `bellcheck.mdp.file_format`")
    try:
        data = json.loads(text, object_pairs_hook=record, parse_float=_decimal, parse_int=_integer)
        if repeated:
            key, owner = repeated[-1]  # the outermost: an inner one may belong to a value that a repetition dropped
            raise InvalidFile(f"the key {json.dumps(key)} is given twice - at `{_path_of(owner, data)}`")
    except json.JSONDecodeError as error:
        raise InvalidFile(f"line {error.lineno}, column {error.colno}: not JSON ({error.msg})") from None
    except RecursionError:
        raise InvalidFile("nested too deep; a model nests 5 levels") from None
    return data


def _path_of(owner: object, data: Any, path: str = "$") -> str | None:
    if data is owner:
        return path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        found = _path_of(owner, child, f"{path}.{key}" if isinstance(data, dict) else f"{path}[{key}]")
        if found is not None:
            return found
    return None


def _decimal(text: str) -> Decimal:
    # Digits and exponent are kept as they stand; what cannot be held becomes NaN, which is refused with its path.
    return Decimal(text, Context(traps=[]))


def _integer(text: str) -> int | Decimal:
    # int() refuses thousands of digits with a message about the interpreter's settings and without a place.
    return int(text) if len(text) <= 4_000 else _decimal(text)


def _read_number(_: type, value: object) -> fmpq:
    # A float is NaN, an infinity, or data built in Python, whose decimal digits are lost already.
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f'{value!r} is not an exact number; write it like "3/4", 0.75 or 2')
    return exact(str(value) if isinstance(value, Decimal) else value)
