"""An instance in words, a line each: the model by its transitions, then every other value by its name.

The data is JSON as `instance_data` writes it; what it says beside a value to be read back is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bellcheck.mdp.file_format import from_data
from bellcheck.mdp.model import FiniteMDP

from .instance_data import RECORDS

__all__ = ["shown", "told"]

_LONGEST = 300


def told(instance: Mapping[str, Any]) -> list[str]:
    """Return the lines that tell an instance, the last of them its two sides if it has some."""
    values = {name: value for name, value in instance.items() if name != "sides"}
    key = next((k for k, value in values.items() if isinstance(value, Mapping) and "bellcheck_mdp" in value), None)
    mdp = None if key is None else from_data(values[key])
    lines = [] if mdp is None else _model(mdp)
    rest = {name: value for name, value in values.items() if name != key}
    if mdp is not None and "outcome" in rest:
        lines.append("observed: " + _transition(mdp, _pair_of(mdp, int(rest["outcome"])), int(rest.pop("outcome"))))
        rest.pop("pair", None)
    for name, value in rest.items():
        if mdp is not None and isinstance(value, list) and len(value) == mdp.n_pairs and name in ("q", "w"):
            text = ", ".join(f"Q{mdp.pair_name(x)} = {value[x]}" for x in range(mdp.n_pairs))
            lines.append(f"{name}: {text}")
        else:
            lines.append(f"{name.replace('_', ' ')}: {shown(value)}")
    if "sides" in instance:
        sides = instance["sides"]
        lines.append(f"{shown(sides['left'])} {sides['relation']} {shown(sides['right'])} is false")
    return lines


def _model(mdp: FiniteMDP) -> list[str]:
    ends = f", {_states(mdp)} terminal" if mdp.terminal_states else ""
    lines = [f"{mdp.n_states} state{'s' if mdp.n_states > 1 else ''}{ends}, discount {mdp.discount}"]
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            chance = "" if mdp.probability[k] == 1 else f" with probability {mdp.probability[k]}"
            lines.append("  " + _transition(mdp, x, k) + chance)
    return lines


def _states(mdp: FiniteMDP) -> str:
    return "state " + " and ".join(mdp.state_name(s) for s in mdp.terminal_states)


def _transition(mdp: FiniteMDP, pair: int, outcome: int) -> str:
    state, action = (int(part[pair]) for part in (mdp.pair_state, mdp.pair_action))
    following = int(mdp.next_state[outcome])
    end = ", the end" if following in mdp.terminal_states else ""
    return (
        f"state {mdp.state_name(state)}, action {mdp.action_name(action)}: reward {mdp.reward[outcome]}, "
        f"to state {mdp.state_name(following)}{end}"
    )


def _pair_of(mdp: FiniteMDP, outcome: int) -> int:
    return next(x for x in range(mdp.n_pairs) if outcome in mdp.outcomes_of(x))


def shown(value: Any) -> str:
    """Return a value as one line, shortened if it is long."""
    value = _untagged(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).replace('"', "")
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


def _untagged(value: Any) -> Any:
    """Return a value without the tags that tell kinds of values apart in JSON; a record as its name and fields."""
    if isinstance(value, list):
        return [_untagged(entry) for entry in value]
    if isinstance(value, Mapping) and "bellcheck_mdp" not in value and len(value) == 1:
        [(tag, content)] = value.items()
        if tag in RECORDS and isinstance(content, Mapping):
            return f"{tag}({_fields(content)})" if content else tag
        return _untagged(content)
    return value


def _fields(record: Mapping[str, Any]) -> str:
    """Return what a record says: what is true by its name alone, what is false or missing not at all."""
    said = {name: _untagged(value) for name, value in record.items() if value is not None and value is not False}
    return ", ".join(name if value is True else f"{name} {value}" for name, value in said.items())
