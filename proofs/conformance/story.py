"""A counterexample as a story: the model, a line a transition, what was asked, what was due and what came."""

from __future__ import annotations

import json
from typing import Any

from bellcheck.mdp.file_format import from_data
from bellcheck.mdp.model import FiniteMDP

from .verdicts import Result

__all__ = ["story"]


def story(result: Result) -> list[str]:
    """Return the lines that tell a counterexample: the model, what was asked, what was due and what came."""
    lines = [f"{result.name}: {result.says}"]
    if result.call is not None:
        lines += _asked(result.call.asked)
        lines += [f"expected {_shown(result.call.expected)}", f"got      {_shown(result.call.got)}"]
    elif result.instance is not None:
        lines += _asked({name: value for name, value in result.instance.items() if name != "sides"})
        if "sides" in result.instance:
            sides = result.instance["sides"]
            lines.append(f"{_shown(sides['left'])} {sides['relation']} {_shown(sides['right'])} is false")
    if result.reason is not None:
        lines.append(result.reason)
    return lines


def _asked(values: dict[str, Any]) -> list[str]:
    """The model in words, a line a transition; then every other value by its name."""
    lines = []
    key = next((name for name, value in values.items() if isinstance(value, dict) and "bellcheck_mdp" in value), None)
    mdp = None
    if key is not None:
        mdp = from_data(values[key])
        lines += _model(mdp)
    rest = {name: value for name, value in values.items() if name != key}
    if mdp is not None and "outcome" in rest:
        lines.append("observed: " + _transition(mdp, _pair_of(mdp, int(rest["outcome"])), int(rest.pop("outcome"))))
        rest.pop("pair", None)
    for name, value in rest.items():
        if mdp is not None and isinstance(value, list) and len(value) == mdp.n_pairs and name in ("q", "w"):
            shown = ", ".join(f"Q{mdp.pair_name(x)} = {value[x]}" for x in range(mdp.n_pairs))
            lines.append(f"{name}: {shown}")
        else:
            lines.append(f"{name.replace('_', ' ')}: {_shown(value)}")
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


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).replace('"', "")
    return text if len(text) <= 300 else text[:300] + " ..."
