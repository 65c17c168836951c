"""Real libraries as subjects: what each is, and what its documents declare.

The modules beside this one are functions of the doors' signatures over a library's classes; they run in the child
process, and import the library and what the child has, nothing of ours besides. `KNOWN` is what a user would give on
the command line; it is plain data, so that nobody's library is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["KNOWN", "Known"]


@dataclass(frozen=True)
class Known:
    """An adapter: where it is, which kind of subject it makes, and what it declares."""

    module: str
    kind: str
    declared: dict[str, str] = field(default_factory=dict)


# P and R as (A, S, S) arrays, or as one sparse matrix an action, checked to be a model; the discount lies in (0, 1].
_ARRAYS = {"axes": "ass", "rewards": "full", "forms": "dense,sparse", "zero_discount": "no", "validates": "yes"}


def _toolbox(kind: str, **declared: str) -> Known:
    return Known(f"{__name__}.pymdptoolbox", kind, declared)


def _torchrl(**declared: str) -> Known:
    return Known(f"{__name__}.torchrl", "td-loss", declared)


KNOWN: dict[str, Known] = {
    "pymdptoolbox:value_iteration": _toolbox("solver", **_ARRAYS),
    "pymdptoolbox:gauss_seidel": _toolbox("solver", **_ARRAYS),
    "pymdptoolbox:policy_iteration": _toolbox("solver", **_ARRAYS, method="policy-iteration"),
    "pymdptoolbox:modified_policy_iteration": _toolbox("solver", **_ARRAYS),
    # R as one (S, A) matrix, "which can possibly be sparse".
    "pymdptoolbox:q_learning": _toolbox("learning", axes="ass", forms="dense,sparse"),
    "torchrl:dqn": _torchrl(error="square"),
    "torchrl:double_dqn": _torchrl(error="square", double="yes"),
    "torchrl:dqn_l1": _torchrl(error="absolute"),
    "torchrl:dqn_smooth_l1": _torchrl(error="huber", threshold="1"),
    "torchrl:weighted_dqn": _torchrl(error="square", weighted="yes", normalised="yes"),
    "stable_baselines3:dqn": Known(
        f"{__name__}.stable_baselines3",
        "td-loss",
        {"error": "huber", "threshold": "1", "dtype": "float32"},
    ),
}
"""Short address -> adapter."""
