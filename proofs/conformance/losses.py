"""The door of TD losses: a batch and two linear networks go in, the loss and its gradients come out.

What a loss may choose it declares: the error function, the reduction, double or not, weights, masks, truncation. A
wrong declaration is found out, for any two conventions differ on two batches (`loss_conventions`).

So is one that was never made, where it is a choice of scale and shape: error, threshold, reduction and weights are
taken from the answers to those batches, if one convention gives them all, and `Foreign.inferred` says so. The rest is
what programs get wrong, and a bug must not pass for a convention: there the default holds until another is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bellcheck.mdp.arithmetic import Array, exact, exact_array
from bellcheck.mdp.linear_networks import Batch, Differentiated
from bellcheck.mdp.loss_convention import LossConvention, WrongConvention
from bellcheck.mdp.model import FiniteMDP

from ..claim import Check
from ..loss_conventions import agreeing
from ..loss_draws import fits
from .door import Door, Foreign, View, choice, flag, number
from .faults import Fault, NotOffered
from .grid import MANTISSA, Grid, as_float
from .sandbox import InvalidSubject
from .tables import ARGUMENTS, DISCOUNT

__all__ = ["DOORS"]


_FIELDS = ("error", "threshold", "reduction", "double", "weighted", "normalised", "masked", "truncation")
_INFERRED = ("error", "threshold", "reduction", "weighted", "normalised")
"""What is taken from the answers where it is not declared."""


def _convention(foreign: Foreign) -> LossConvention:
    """Return the convention that the subject is held to, and note in `foreign.inferred` what it does not declare."""
    held = {name: foreign.declared[name] for name in _FIELDS}
    missing = [name for name in _INFERRED if name not in foreign.texts]
    fitting = [
        convention
        for convention in _followed(foreign)
        if all(name in missing or getattr(convention, name) == value for name, value in held.items())
    ]
    if len(fitting) == 1:
        [found] = fitting
        foreign.inferred = {
            name: _text(value) for name, value in found.to_data().items() if getattr(found, name) != held[name]
        }
        return found
    try:
        return LossConvention(**held)
    except WrongConvention as error:
        raise InvalidSubject(f"--declare: {error}") from None


def _followed(foreign: Foreign) -> list[LossConvention]:
    """Return the conventions that the subject follows on the telling batches; none if it cannot be asked about them."""
    if foreign.declared["discount"] is None and "discount" not in foreign.roles:
        return []
    # Any error will do, for no question depends on it; a threshold is one of those that are looked for.
    asked = LossConvention(
        error="huber",
        threshold=foreign.declared["threshold"] or 1,
        **{name: foreign.declared[name] for name in _FIELDS if name not in _INFERRED},
    )
    try:
        return agreeing(_loss(foreign, asked), asked)
    except (NotOffered, Fault):
        return []


def _loss(foreign: Foreign, declared: LossConvention) -> Callable[..., Differentiated]:
    def loss(
        mdp: FiniteMDP, features: Array, online: Array, target: Array, batch: Batch, convention: LossConvention
    ) -> Differentiated:
        """The signature of ``bellcheck.mdp.linear_networks.linear_dqn_loss``."""
        if convention != declared:
            raise NotOffered(f"the convention {convention}, where {declared} is declared")
        built_in = foreign.declared["discount"]
        if built_in is not None and mdp.discount != built_in:
            raise NotOffered(f"the discount {mdp.discount}, where {built_in} is built in")
        shared = not {"target", "batch"} & foreign.roles
        if shared and not np.array_equal(online, target):
            raise NotOffered("two networks, where the loss takes one")
        dtype = foreign.declared["dtype"]
        instance = {"mdp": mdp, "features": features, "online": online, "target": target, "batch": batch}
        if not fits(MANTISSA[dtype], convention=convention, **instance):
            raise NotOffered(f"numbers that {dtype} would round")
        answer = foreign.ask(_question(mdp, features, online, None if shared else target, batch, declared))
        numbers = [answer["value"], *np.ravel(answer["gradient"] or []), *np.ravel(answer["target_gradient"] or [])]
        if not np.isfinite(numbers).all():
            raise Fault("not-finite", f"the loss is {answer['value']}, its gradient {answer['gradient']}")
        gradients = (_exact(answer[name], online) for name in ("gradient", "target_gradient"))
        return Differentiated(exact(answer["value"]), *gradients)

    return loss


def _question(
    mdp: FiniteMDP, features: Array, online: Array, target: Array | None, batch: Batch, declared: LossConvention
) -> dict[str, Any]:
    outcomes = [outcome for _, outcome, _, _ in batch]
    following = [int(mdp.next_state[outcome]) for outcome in outcomes]
    return {
        "online": _rows(online),
        "target": None if target is None else _rows(target),
        "observations": _rows(features[[int(mdp.pair_state[pair]) for pair, *_ in batch]]),
        "actions": [int(mdp.pair_action[pair]) for pair, *_ in batch],
        "rewards": [as_float(mdp.reward[outcome]) for outcome in outcomes],
        "next_observations": _rows(features[following]),
        "terminated": [state in mdp.terminal_states for state in following],
        "truncated": [bool(cut) for *_, cut in batch],
        "ends_include_cuts": declared.truncation == "ends",
        "weights": [as_float(weight) for _, _, weight, _ in batch],
        "next_mask": [[_has(mdp, state, action) for action in range(len(online))] for state in following],
        "discount": as_float(mdp.discount),
    }


def _rows(matrix: Array) -> list[list[float]]:
    return [[as_float(x) for x in row] for row in matrix]


def _has(mdp: FiniteMDP, state: int, action: int) -> bool:
    return any(int(mdp.pair_action[x]) == action for x in mdp.pairs_of(state))


def _exact(gradient: list[list[float]] | None, like: Array) -> Array:
    """A gradient as rationals; none at all is zero."""
    if gradient is None:
        return 0 * like
    if np.shape(gradient) != like.shape:
        raise Fault("wrong-shape", f"a gradient of shape {np.shape(gradient)}, for weights of shape {like.shape}")
    return exact_array(np.ravel(gradient)).reshape(like.shape)


def _views(foreign: Foreign) -> list[View]:
    declared = _convention(foreign)
    loss = _loss(foreign, declared)

    unasked = foreign.unasked("discount")

    def left_out(check: Check) -> str | None:
        if (reason := unasked(check)) is not None:
            return reason
        drawn = check.draws.get("convention")
        about = getattr(drawn, "accepts", lambda convention: convention.double == getattr(drawn, "double", None))
        return None if about(declared) else "a statement about another convention than the declared one"

    def other_declarations(calls: object) -> list[str]:
        try:
            found = agreeing(loss, declared)
        except (NotOffered, Fault):
            return []
        return [] if declared in found else [_written(other, declared) for other in found[:2]]

    pins: dict[str, Any] = {"convention": declared}
    if not {"target", "batch"} & foreign.roles:
        pins["target"] = lambda online: online
    grid = Grid(discount=foreign.declared["discount"])
    return [View("dqn-loss", loss, grid, pins=pins, left_out=left_out, other_declarations=other_declarations)]


def _written(convention: LossConvention, declared: LossConvention) -> str:
    """A convention as one declares it, in place of the declared one."""
    usual = LossConvention(masked=False).to_data()
    instead_of = declared.to_data()
    parts = []
    for name, value in convention.to_data().items():
        if value not in (usual[name], None) or value != instead_of[name]:
            parts.append(f"{name}={_text(value)}")
    return " ".join(parts)


def _text(value: object) -> str:
    return "yes" if value is True else "no" if value is False else str(value)


DOORS = (
    Door(
        "td-loss",
        "a DQN loss",
        "loss(q_net, target_net, batch, gamma), or the parts of the batch by name; a scalar tensor",
        (
            ARGUMENTS,
            choice("error", "the function of the TD error", "half-square", "square", "absolute", "huber"),
            number("threshold", "where the Huber loss becomes linear", low=0),
            choice("reduction", "mean or sum over the batch", "mean", "sum"),
            flag("double", "double DQN: the online network chooses, the target network values", default=False),
            flag("weighted", "importance weights multiply the losses", default=False),
            flag("normalised", "the weighted mean divides by the sum of the weights", default=False),
            flag("masked", "the maximum runs over the legal actions of the next state", default=False),
            choice("truncation", "a cut-off bootstraps like any step, or counts among the ends", "bootstraps", "ends"),
            DISCOUNT,
            choice("dtype", "the precision of networks and batch", "float64", "float32", form=True),
            choice("dones", "flags are numbers or booleans", "numbers", "bool", form=True),
            replace(flag("columns", "actions, rewards and flags have shape (B, 1)", default=False), form=True),
        ),
        ("dqn-loss",),
        _views,
    ),
)
