"""What `bellcheck export` writes: a counterexample or a model in each format, as text.

=============  ======================================================================================================
format         what it is
=============  ======================================================================================================
json           the counterexample, or the model, as `bellcheck` writes and reads it
gymnasium      Python that builds the model and a `FiniteMDPEnv` of it
p-dict         Python: the table of Gymnasium's toy-text environments, with discount and start
pymdptoolbox   Python that solves the model by pymdptoolbox
quantecon      Python that solves the model by QuantEcon, over state-action pairs
hypothesis     Python: an ``@example`` with every value that the check was called with
latex          a ``tikzpicture`` of the model
svg            a drawing of the model
=============  ======================================================================================================

Python needs what it imports and nothing else: its numbers are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from keyword import iskeyword
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import exact, to_floats
from bellcheck.mdp.file_format import dumps
from bellcheck.mdp.interop.arrays import to_pymdptoolbox, to_quantecon_pairs
from bellcheck.mdp.interop.p_dict import to_p_dict
from bellcheck.proofs.instance_data import value_from_data

from .counterexample_file import Counterexample
from .diagram import to_svg, to_tikz
from .output import to_json
from .python_code import Code, NotWritable, call, code_of, imports, listed, model_code, written

__all__ = ["FORMATS", "TooLong"]

MAX_ENTRIES = 20_000
"""Entries of an array that are still written out as text."""


class TooLong(ValueError):
    """A model whose arrays are no text for people any more."""


def _json(one: Counterexample) -> str:
    return dumps(one.model()) if "bellcheck_mdp" in one.data else to_json(one.plain()) + "\n"


def _gymnasium(one: Counterexample) -> str:
    model = written(model_code(one.model()).after("mdp = "))
    return _script(one, ["Needs bellcheck[gymnasium]."], f"{model}\nenv = FiniteMDPEnv(mdp)\n")


def _p_dict(one: Counterexample) -> str:
    mdp = one.model()
    table = to_p_dict(mdp)
    rows = [
        _dictionary((str(action), listed(map(repr, row))) for action, row in actions.items())
        for actions in table.values()
    ]
    lines = [written(_dictionary(zip(map(str, table), rows, strict=True)).after("P = "))]
    if mdp.start is not None:
        lines.append(written(listed(map(repr, to_floats(mdp.start).tolist())).after("initial_state_distrib = ")))
    lines.append(f"discount = {float(to_floats([mdp.discount])[0])!r}")
    numbers = {*mdp.probability, *mdp.reward, mdp.discount, *(() if mdp.start is None else mdp.start)}
    notes = ["P[state][action] = [(probability, next state, reward, terminated), ...]"]
    return _script(
        one, [*notes, *_rounded(x for x in numbers if exact(to_floats([x])[0]) != x)], "\n".join(lines) + "\n"
    )


def _pymdptoolbox(one: Counterexample) -> str:
    mdp = one.model()
    _require_short(len(np.unique(mdp.pair_action)) * mdp.n_states**2, "to_pymdptoolbox")
    made = to_pymdptoolbox(mdp)
    notes = [
        "Needs pymdptoolbox. P[a, s, s'], R[s, a]; column a of state s is action_of[s][a], -1 if it is terminal.",
        *_rounded(made.rounded),
    ]
    body = [
        written(_numpy(made.P).after("P = ")),
        written(_numpy(made.R).after("R = ")),
        f"discount = {made.discount!r}",
        written(_nested(made.action_of.tolist()).after("action_of = ")),
        "",
        "solver = PolicyIteration(P, R, discount)",
        *(["solver.run()", "print(solver.V, solver.policy)"] if mdp.discount < 1 else []),
    ]
    return _script(one, notes, "\n".join(body) + "\n")


def _quantecon(one: Counterexample) -> str:
    mdp = one.model()
    _require_short((mdp.n_pairs + len(mdp.terminal_states)) * mdp.n_states, "to_quantecon_pairs")
    made = to_quantecon_pairs(mdp)
    notes = ["Needs quantecon. R[i], Q[i, s'] of the pair (s_indices[i], a_indices[i]).", *_rounded(made.rounded)]
    body = [
        written(_numpy(made.R).after("R = ")),
        written(_numpy(made.Q).after("Q = ")),
        f"beta = {made.beta!r}",
        written(_nested(made.s_indices.tolist()).after("s_indices = ")),
        written(_nested(made.a_indices.tolist()).after("a_indices = ")),
        "",
        "ddp = DiscreteDP(R, Q, beta, s_indices, a_indices)",
        *(
            ['result = ddp.solve(method="policy_iteration")', "print(result.v, result.sigma)"]
            if mdp.discount < 1
            else []
        ),
    ]
    return _script(one, notes, "\n".join(body) + "\n")


def _hypothesis(one: Counterexample) -> str:
    instance = one.instance()
    if not instance:
        raise NotWritable(f"{one.address}: its check is called with no values, so there is no example to give")
    for name in instance:
        if not name.isidentifier() or iskeyword(name):
            raise NotWritable(f"{name!r} is no name of an argument, and would be code in the example")
    decorator = written(call("@example", **{name: code_of(value) for name, value in instance.items()}))
    stub = f"def test_yours({', '.join(instance)}):\n    ...\n"
    return _script(one, ["Put @example above the @given of a test with these arguments."], f"\n{decorator}\n{stub}")


def _latex(one: Counterexample) -> str:
    return f"% {one.address}\n{to_tikz(one.model(), _table(one))}"


def _svg(one: Counterexample) -> str:
    return to_svg(one.model(), _table(one))


FORMATS: dict[str, Callable[[Counterexample], str]] = {
    "json": _json,
    "gymnasium": _gymnasium,
    "p-dict": _p_dict,
    "pymdptoolbox": _pymdptoolbox,
    "quantecon": _quantecon,
    "hypothesis": _hypothesis,
    "latex": _latex,
    "svg": _svg,
}


# -------------------------------------------------------------------- what they share


def _script(one: Counterexample, notes: Iterable[str], body: str) -> str:
    comments = [f"# {line}" for line in (one.address, one.refuted, *notes) if line]
    header = [*imports(body), ""]
    return "\n".join([*comments, "", *(header if len(header) > 1 else []), body])


def _rounded(numbers: Iterable[fmpq]) -> list[str]:
    shown = ", ".join(map(str, sorted(numbers)))
    return [f"Rounded to binary64: {shown if len(shown) < 200 else f'{shown[:200]} ...'}"] if shown else []


def _dictionary(entries: Iterable[tuple[str, Code]]) -> Code:
    return Code("{", tuple(value.after(f"{key}: ") for key, value in entries), "}")


def _nested(values: Any) -> Code:
    return listed(map(_nested, values)) if isinstance(values, list) else Code(repr(values))


def _numpy(values: np.ndarray) -> Code:
    return call("np.array", _nested(values.tolist()))


def _table(one: Counterexample) -> Any:
    """Return the table q of a counterexample over the pairs of its model, if it has one."""
    q = value_from_data(one.data["q"]) if isinstance(one.data.get("q"), list) else None
    return q if isinstance(q, np.ndarray) and q.shape == (one.model().n_pairs,) else None


def _require_short(entries: int, function: str) -> None:
    if entries > MAX_ENTRIES:
        raise TooLong(
            f"the arrays have {entries} entries, more than the {MAX_ENTRIES} that are written as text; "
            f"call bellcheck.mdp.interop.arrays.{function}"
        )
