"""Which convention a loss follows: two batches on which any two conventions have different losses or gradients.

A check of a loss takes its convention from its author. If it fails, the first question is whether the declaration was
wrong, and `agreeing` answers it. The first batch has four steps: two that go on, one of them with a large error; one
that was cut off; one that ended. The state that follows has two of four actions, and its outputs are such that plain
and double DQN, with the mask and without, take four different values. The second batch is one step alone: there mean
and sum agree and weights over their sum cancel, so that factors which make up for each other in the first are told
apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from bellcheck.mdp.arithmetic import exact, exact_array
from bellcheck.mdp.linear_networks import Batch, Loss
from bellcheck.mdp.loss_convention import LossConvention
from bellcheck.mdp.model import FiniteMDP

from .losses import possible_losses, same

__all__ = ["agreeing", "every_convention", "telling_batches", "telling_networks"]


def every_convention(thresholds: Sequence[object] = ("1/4", "1/2", "1", "2")) -> list[LossConvention]:
    """Return all conventions, of Huber losses those with the given thresholds."""
    errors = [{"error": error} for error in ("half-square", "square", "absolute")]
    hubers = [{"error": "huber", "threshold": threshold} for threshold in thresholds]
    reductions: list[dict[str, Any]] = [{"reduction": r, "weighted": w} for r in ("mean", "sum") for w in (False, True)]
    reductions.append({"reduction": "mean", "weighted": True, "normalised": True})
    rest = product((False, True), (True, False), ("bootstraps", "ends"))
    return [
        LossConvention(**error, **reduction, double=double, masked=masked, truncation=truncation)
        for (double, masked, truncation), error, reduction in product(rest, [*errors, *hubers], reductions)
    ]


def telling_networks() -> dict[str, Any]:
    """Return the model, the features and the two networks of the telling instances."""
    outcomes = [(3, 1), (1, 1), ("-1/2", 2), (0, 1)]
    acting = [(0, action, [(1, reward, following)]) for action, (reward, following) in enumerate(outcomes)]
    return {
        "mdp": FiniteMDP.from_pairs(3, [*acting, (1, 0, [(1, 0, 1)]), (1, 1, [(1, 0, 1)])], "1/2"),
        "features": exact_array([1, 0, 0, 1, 1, 1]).reshape(3, 2),
        "online": exact_array([0, 1, "1/2", 2, 0, 0, -1, 3]).reshape(4, 2),
        "target": exact_array([0, 2, 0, 1, 0, 3, 0, -1]).reshape(4, 2),
    }


def telling_batches() -> list[Batch]:
    """Return the two batches."""
    weights = exact_array(["1/4", "1/2", "1", "1/4"])
    return [tuple((k, k, weight, k == 1) for k, weight in enumerate(weights)), ((0, 0, exact("1/4"), False),)]


def agreeing(loss: Loss, declared: LossConvention) -> list[LossConvention]:
    """Return the conventions, the declared one among them or not, that a loss follows if it is asked for that one."""
    networks = telling_networks()
    mdp, features, online, target = networks.values()
    computed = [loss(mdp, features, online, target, batch, declared) for batch in telling_batches()]
    thresholds = sorted({*exact_array(["1/4", "1/2", "1", "2"]), *([declared.threshold] if declared.threshold else [])})
    return [
        convention
        for convention in every_convention(thresholds)
        if all(
            any(same(found, right) for right in possible_losses(**networks, batch=batch, convention=convention))
            for found, batch in zip(computed, telling_batches(), strict=True)
        )
    ]
