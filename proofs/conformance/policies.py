"""Doors of behaviour policies, step sizes and target networks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.model import FiniteMDP

from .door import Door, Foreign, View, choice, number
from .faults import Fault, NotOffered
from .grid import Grid, as_float, fraction_bits, require_exact
from .otherwise import behaviour_ties, first_step
from .sandbox import InvalidSubject
from .tables import ARGUMENTS, TABLE, Table

__all__ = ["DOORS"]


# -------------------------------------------------------------------- behaviour


def _policy(foreign: Foreign) -> Callable[..., Array]:
    declared_ties, declared_epsilon = foreign.declared["ties"], foreign.declared["epsilon"]

    def policy(mdp: FiniteMDP, q: Array, epsilon: object, ties: str = "lowest") -> Array:
        """The signature of ``bellcheck.mdp.behaviour.epsilon_greedy``."""
        if ties != declared_ties:
            raise NotOffered(f"ties {ties!r}, where {declared_ties!r} is declared")
        chance = exact(epsilon)
        if declared_epsilon is not None and chance != declared_epsilon:
            raise NotOffered(f"epsilon {chance}, where {declared_epsilon} is built in")
        table = Table(foreign, mdp)
        sizes = [len(mdp.pairs_of(state)) for state in map(int, mdp.acting)]
        if any(n & (n - 1) for n in sizes):
            raise NotOffered("a state with three actions: a third of epsilon has no exact binary form")
        rows = table.rows(q)
        found = []
        for state in map(int, mdp.acting):
            question = {"rows": rows, "columns": table.columns, "state": state, "epsilon": as_float(chance), "draws": 0}
            probabilities = foreign.ask(question)["probabilities"]
            n = len(mdp.pairs_of(state))
            if not np.isfinite(probabilities).all():
                raise Fault("not-finite", f"the probabilities of state {state} are {probabilities}")
            if any(p != 0 for p in probabilities[n:]):
                raise Fault(
                    "elsewhere", f"state {state} has {n} actions, and others have probability {probabilities[n:]}"
                )
            found += probabilities[:n]
        return exact_array(found)

    return policy


def _sampler(foreign: Foreign) -> Callable[..., np.ndarray]:
    def counts(
        mdp: FiniteMDP, q: Array, epsilon: object, draws: int, rng: np.random.Generator, ties: str = "lowest"
    ) -> np.ndarray:
        """The signature of ``bellcheck.mdp.behaviour.action_counts``."""
        seed = int(rng.integers(2**31))
        table = Table(foreign, mdp)
        rows = table.rows(q)
        found: list[int] = []
        for state in map(int, mdp.acting):
            question = {"rows": rows, "columns": table.columns, "state": state, "epsilon": as_float(exact(epsilon))}
            answer = foreign.ask({**question, "draws": draws, "seed": seed + state}, seed=seed + state)
            n = len(mdp.pairs_of(state))
            if any(answer["counts"][n:]):
                raise Fault(
                    "elsewhere", f"state {state} has {n} actions, and others were drawn: {answer['counts'][n:]}"
                )
            found += answer["counts"][:n]
        return np.array(found)

    return counts


def _observe_ties(foreign: Foreign) -> None:
    """Take from one answer where the greedy share goes, if that is not declared: either way is the field's."""
    epsilon = foreign.declared["epsilon"] or fmpq(0)
    sampled = foreign.declared["returns"] == "action"
    question = {"rows": [[0.0, 0.0]], "columns": [[0, 1]], "state": 0, "epsilon": 0.0, "seed": 0}
    try:
        answer = foreign.ask({**question, "draws": 400 if sampled else 0})
    except Fault:
        return
    share = answer["counts"][0] / 400 if sampled else answer["probabilities"][0]
    # Split, it is 1/2; else 1 - epsilon/2. What lies between is the checks' to judge.
    ties = "split" if share < (3 - float(epsilon)) / 4 else "lowest"
    foreign.declared["ties"] = foreign.inferred["ties"] = ties


def _behaviour_views(foreign: Foreign) -> list[View]:
    if "ties" not in foreign.texts:
        _observe_ties(foreign)
    told = "legal" in foreign.roles or "state" not in foreign.roles
    grid = Grid(rectangular=not told)
    epsilon, unasked = foreign.declared["epsilon"], foreign.unasked("epsilon")
    pins = {"ties": foreign.declared["ties"], **({} if epsilon is None else {"epsilon": epsilon})}
    advice = f"ties are {foreign.declared['ties']}; where they are not, say which: --declare ties=split|lowest"
    if foreign.declared["returns"] == "action":
        call = _sampler(foreign)
        return [View("behaviour-sampler", call, grid, pins=pins, left_out=unasked, advice=advice, pointwise=False)]
    otherwise = partial(behaviour_ties, foreign)
    return [
        View(
            "behaviour",
            _policy(foreign),
            grid,
            pins=pins,
            left_out=unasked,
            advice=advice,
            other_declarations=otherwise,
        )
    ]


# -------------------------------------------------------------------- step sizes


def _step_size(foreign: Foreign) -> Callable[..., Scalar]:
    def size(k: int, law: object) -> float:
        """The signature of ``bellcheck.mdp.step_size.size``; the law is the declared one."""
        answer: float = foreign.ask({"k": int(k), "discount": None})["step_size"]
        if not np.isfinite(answer):
            raise Fault("not-finite", f"after {k} updates the step size is {answer}")
        return answer

    return size


def _law(foreign: Foreign) -> tuple[str, str]:
    """The declared law as the draws of checks name it."""
    name, parameter = foreign.declared["law"].replace("-", " "), foreign.declared["parameter"]
    if (name == "linear") != (parameter is None):
        needed = "has none" if name == "linear" else "needs one"
        raise InvalidSubject(f"--declare parameter=NUMBER: the law {name!r} {needed}")
    return name, "" if parameter is None else str(parameter)


# -------------------------------------------------------------------- target networks


def _follow(foreign: Foreign) -> Callable[..., Any]:
    declared_tau = foreign.declared["tau"]

    def follow(
        onlines: Sequence[Array],
        target: Array,
        interval: int,
        tau: Scalar,
        train_every: int = 1,
        n_envs: int = 1,
        reloads: Collection[int] = (),
    ) -> list[Array]:
        """The signature of ``bellcheck.mdp.target_sync.follow``: the schedule is ours, the update the subject's."""
        if n_envs != 1 or train_every != 1 or reloads:
            raise NotOffered("several environments, pauses in training or reloading: the subject is one update")
        if declared_tau is not None and tau != declared_tau:
            raise NotOffered(f"tau {tau}, where {declared_tau} is built in")
        bits = fraction_bits([tau]) * (1 + len(onlines) // interval) + fraction_bits(
            [*target, *(x for o in onlines for x in o)]
        )
        require_exact(bits, [*target, *(max(abs(x) for x in o) for o in onlines)])
        question = {
            "onlines": [[as_float(x) for x in online] for online in onlines],
            "target": [as_float(x) for x in target],
            "interval": int(interval),
            "tau": as_float(tau),
        }
        return [exact_array(parameters) for parameters in foreign.ask(question)["targets"]]

    return follow


DOORS = (
    Door(
        "behaviour",
        "an epsilon-greedy policy: probabilities, or an action drawn from them",
        "policy(Q_of_s, epsilon) or policy(Q, s, epsilon[, legal, rng])",
        (
            TABLE,
            ARGUMENTS,
            choice("ties", "the greedy share goes to the lowest best action, or to all alike", "split", "lowest"),
            choice("returns", "probabilities, or an action", "probabilities", "action"),
            number("epsilon", "the share of exploration, where it is built in", low=0, high=1),
        ),
        ("behaviour", "behaviour-sampler"),
        _behaviour_views,
    ),
    Door(
        "step-size",
        "a schedule of step sizes",
        "alpha(k), k being the number of earlier updates",
        (
            ARGUMENTS,
            choice("law", "the formula", "linear", "rescaled-linear", "polynomial", "constant"),
            number("parameter", "its number: the discount, the exponent, or the step size", low=0),
            number("first", "what the first k is called", low=0, default="0"),
        ),
        ("step-size",),
        lambda foreign: [
            View(
                "step-size",
                _step_size(foreign),
                Grid(),
                pins={"law": _law(foreign)},
                other_declarations=partial(first_step, foreign),
            )
        ],
    ),
    Door(
        "target-update",
        "the update of a target network",
        "update(target, online[, tau]): lists of arrays, an array, or torch modules; in place or returned",
        (
            ARGUMENTS,
            choice("parameters", "how parameters are kept", "list", "array", "module", form=True),
            number("tau", "the share of the online network, where it is built in", low=0, high=1),
        ),
        ("target-sync",),
        lambda foreign: [
            View(
                "target-sync",
                _follow(foreign),
                Grid(),
                pins={} if foreign.declared["tau"] is None else {"tau": foreign.declared["tau"]},
                left_out=foreign.unasked("tau"),
            )
        ],
    ),
)
