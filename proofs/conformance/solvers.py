"""Doors of what is given a whole model: Bellman operators, solvers, and learners that run by themselves.

A model is handed over as a `rectangle`. A solver is held to what it promises of its values, its policy and its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.bellman import state_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.planning import Plan

from ..claim import Check
from ..subject import reference
from .door import Door, Foreign, View, choice, flag, names, number
from .faults import Fault, NotOffered
from .grid import Grid, as_float, fraction_bits, require_exact
from .rectangle import MODEL, Rectangle, forms_of

__all__ = ["DOORS"]

SOLVER_DISCOUNTS = tuple(exact_array(["0", "1/4", "1/2", "3/4", "7/8", "15/16", "63/64", "127/128"]))
PATIENCE = 1.0
"""Seconds after which a solver is taken to work on what is no model, rather than to refuse it."""


# -------------------------------------------------------------------- operators


def _operator(foreign: Foreign, form: str) -> Callable[..., Array]:
    def operator(mdp: FiniteMDP, q: Array) -> Array:
        """The signature of ``bellcheck.mdp.bellman.optimality_operator``."""
        rectangle = Rectangle(mdp)
        bits = fraction_bits(mdp.probability) + fraction_bits([mdp.discount]) + fraction_bits([*q, *mdp.reward])
        require_exact(bits, [*q, *mdp.reward])
        if "table" in foreign.roles:
            answer = foreign.ask(
                {**rectangle.question(), "table": rectangle.rows(q), "values": [], "sparse": form == "sparse"}
            )
            return rectangle.table(answer["result"])
        # An operator on state values, of models in which each state has one action: the pair's own.
        v = state_values(mdp, q)
        return exact_array(_value_of(foreign, mdp, x, v, form) for x in range(mdp.n_pairs))

    return operator


def _value_of(foreign: Foreign, mdp: FiniteMDP, pair: int, v: Array, form: str) -> Scalar:
    rectangle = Rectangle(mdp)
    state = int(mdp.pair_state[pair])
    column = rectangle.pairs[state].index(pair)
    question = rectangle.question()
    question["P"] = [[rows[column]] for rows in question["P"]]
    question["R"] = [[row[column]] for row in question["R"]]
    answer = foreign.ask({**question, "table": [], "values": [as_float(x) for x in v], "sparse": form == "sparse"})
    value = answer["result"][state]
    if not np.isfinite(value):
        raise Fault("not-finite", f"(TV)({state}) is {value}")
    return exact(value)


# -------------------------------------------------------------------- solvers


@dataclass(frozen=True)
class _Partial(Plan):
    """The plan of a solver that leaves something out: what it does not give cannot be asked of it."""

    missing: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        if name in object.__getattribute__(self, "missing"):
            raise NotOffered(f"the solver does not say {name}")
        return object.__getattribute__(self, name)


def _epsilon(foreign: Foreign) -> fmpq:
    """Return the declared epsilon as a program holds it: the float that is nearest."""
    return exact(_nearest_float(foreign.declared["epsilon"]))


def _nearest_float(x: fmpq) -> float:
    """Round: what a promise is about is handed over, and is computed with by nobody who could be blamed for it."""
    return int(x.p) / int(x.q)


def _threshold(foreign: Foreign) -> fmpq:
    """Return a threshold on the change of a sweep that keeps the promise of the declared epsilon.

    A sweep, in place or not, that changes no value by theta leaves a residual below gamma theta. So the values are
    within gamma theta / (1 - gamma), and a greedy policy loses at most twice that (bellman.residual-bounds): with
    theta = epsilon (1 - gamma) / 2 for the largest gamma that is asked, less than epsilon. For the default epsilon
    2^-20 the theta 2^-28 is far above the rounding of a sweep, about 2^-40 for values up to 32 / (1 - gamma) = 2^12.
    """
    return _epsilon(foreign) * (1 - max(SOLVER_DISCOUNTS)) / 2


def _solve(foreign: Foreign, form: str) -> Callable[..., Plan]:
    def solve(mdp: FiniteMDP, epsilon: Scalar, start: Array | None = None) -> Plan:
        """The signature of ``bellcheck.mdp.planning.plan``."""
        return _plan(foreign, mdp, epsilon, start if "start" in foreign.roles else None, form)

    return solve


def _plan(foreign: Foreign, mdp: FiniteMDP, epsilon: Scalar, start: Array | None, form: str) -> Plan:
    rectangle = Rectangle(mdp)
    question = {
        **rectangle.question(),
        "epsilon": _nearest_float(epsilon),
        "threshold": _nearest_float(_threshold(foreign)),
        "start": None if start is None else [as_float(x) for x in start],
        "sparse": form == "sparse",
    }
    answer = foreign.ask(question)
    if start is not None and "start" in answer["changed"]:
        start += 1  # what was done to the array in the child shows in the caller's
    missing = tuple(part for part in ("values", "policy", "converged") if answer[part] is None)
    values = exact_array([])
    if "values" not in missing:
        if not np.isfinite(answer["values"]).all():
            raise Fault("not-finite", f"the values are {answer['values']}")
        values = exact_array(answer["values"])
    policy = mdp.table(0)
    if "policy" not in missing:
        for state in map(int, mdp.acting):
            policy[rectangle.pairs[state][answer["policy"][state]]] = fmpq(1)
    return _Partial(values, policy, answer["converged"], answer["sweeps"], missing=missing)


def _iterate(foreign: Foreign, form: str) -> Callable[..., Plan]:
    def iterate(mdp: FiniteMDP) -> Plan:
        """The signature of ``bellcheck.mdp.planning.iterate``."""
        found = _plan(foreign, mdp, _epsilon(foreign), None, form)
        if found.sweeps is None:
            raise NotOffered("the solver does not say how many policies it looked at")
        # Its values are floats, and the check that asks for v* itself is not for them.
        return _Partial(found.values, found.policy, None, found.sweeps, missing=("values",))

    return iterate


def _accepts(foreign: Foreign) -> Callable[..., bool]:
    def accepts(P: Any, R: Any, discount: Any) -> bool:
        """Whether the solver answers, given arrays of which the check knows whether they are a model."""
        if discount == 0 and not foreign.declared["zero_discount"]:
            raise NotOffered("discount 0, which the subject does not take")
        question = {"P": _floats(P), "R": _floats(R), "terminal": [], "discount": float(_floats(discount))}
        question |= {"epsilon": _nearest_float(_epsilon(foreign)), "threshold": _nearest_float(_threshold(foreign))}
        question |= {"start": None, "sparse": False}
        if reference("input-check").call(P, R, discount):
            foreign.ask(question)  # what goes wrong here is no refusal, but a fault
            return True
        try:
            foreign.ask(question, seconds=PATIENCE)
        except Fault as fault:
            return fault.kind == "hangs"
        return True

    return accepts


def _floats(value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        return [_floats(entry) for entry in value]
    return as_float(value) if isinstance(value, fmpq) else float(value)


def _solver_views(foreign: Foreign) -> list[View]:
    said = "epsilon" in foreign.texts
    pins = {"epsilon": _epsilon(foreign)} if said or "epsilon" not in foreign.roles else {}
    no_start = "no parameter is an initial value function"
    asks_for_a_start = ("start_is_left_alone", "start_is_used")
    advice = f"if it promises less than to come within {_epsilon(foreign)}, say so: --declare epsilon=NUMBER"
    untold = not said and not {"epsilon", "threshold"} & foreign.roles

    def left_out(check: Check) -> str | None:
        return no_start if check.name in asks_for_a_start and "start" not in foreign.roles else None

    def unasked(check: Check) -> str | None:
        if not foreign.declared["validates"]:
            return "--declare validates=yes asks how it treats what is no model"
        return None if foreign.declared["model"] == "arrays" else "what is no model is written in arrays, and no table"

    def as_declared(instance: dict[str, Any]) -> dict[str, Any]:
        # The promise is held as it was given; moved onto the grid, 1/100 would have become 1/128.
        return {**instance, **{name: pin for name, pin in pins.items() if name in instance}}

    discounts = SOLVER_DISCOUNTS if foreign.declared["zero_discount"] else SOLVER_DISCOUNTS[1:]
    grid = Grid(discounts=discounts, probabilities=True, mean_rewards=True)
    views = []
    for form, label in forms_of(foreign):
        views.append(
            View(
                "solver",
                _solve(foreign, form),
                grid,
                label,
                pins,
                effort=4,
                pointwise=False,
                left_out=left_out,
                derive=as_declared,
                advice=advice if untold else None,
            )
        )
        if foreign.declared["method"] == "policy-iteration":
            views.append(View("policy-iteration", _iterate(foreign, form), grid, label, effort=6, pointwise=False))
    views.append(View("input-check", _accepts(foreign), grid, reductions=10, pointwise=False, left_out=unasked))
    return views


# -------------------------------------------------------------------- learners that run by themselves


def _learn(foreign: Foreign, form: str) -> Callable[..., Array]:
    def learn(mdp: FiniteMDP, seed: int, start_state: int | None = None) -> Array:
        """A whole run from Q = 0, of which only the last table is seen."""
        rectangle = Rectangle(mdp)
        question = {**rectangle.question(), "steps": int(foreign.declared["steps"]), "sparse": form == "sparse"}
        return rectangle.table(foreign.ask({**question, "seed": int(seed)}, seed=int(seed))["table"])

    return learn


def _learning_views(foreign: Foreign) -> list[View]:
    grid = Grid(probabilities=True, mean_rewards=True)
    return [
        View(
            "learner-run",
            _learn(foreign, form),
            grid,
            label,
            effort=0.8,
            reductions=80,
            pointwise=False,
        )
        for form, label in forms_of(foreign)
    ]


DOORS = (
    Door(
        "operator",
        "a Bellman optimality operator, of tables or of state values",
        "T(P, R, gamma, Q) -> TQ, or T(P, R, gamma, V) -> TV",
        MODEL,
        ("operator",),
        lambda foreign: [
            View("operator", _operator(foreign, form), Grid(probabilities=True), label)
            for form, label in forms_of(foreign)
        ],
    ),
    Door(
        "solver",
        "a solver: values, a policy, and what it says of itself",
        "solve(P, R, gamma[, epsilon or theta, v_init]) -> values, policy[, converged, iterations]",
        (
            *MODEL,
            number("epsilon", "how near the values and the policy are promised to be", low=0, default="1/1048576"),
            choice("method", "policy iteration counts its policies", "any", "policy-iteration"),
            flag("validates", "whether it promises to refuse what is no model", default=False),
            flag("zero_discount", "whether it takes a discount of 0", default=True),
            names("returns", "what is returned, in order: values, table, policy, converged, sweeps, or - for another"),
        ),
        ("solver", "policy-iteration", "input-check"),
        _solver_views,
    ),
    Door(
        "learning",
        "a whole run of a tabular learner on a model",
        "learn(P, R, gamma[, steps, seed or rng]) -> Q",
        (*MODEL, number("steps", "how many steps a run has", low=1, default="1000")),
        ("learner-run",),
        _learning_views,
        random=True,
    ),
)
