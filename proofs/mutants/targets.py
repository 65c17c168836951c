"""Wrong targets of one transition: masks that poison, flags that are mixed up, terms that are added, padded rows.

Each has the signature of `bellcheck.mdp.episode_ends.flagged_target`.
"""

from __future__ import annotations

from bellcheck.mdp.arithmetic import Array, Scalar
from bellcheck.mdp.episode_ends import flagged_target
from bellcheck.mdp.model import FiniteMDP

from ..subject import Subject

__all__ = [
    "cut_off_ends_bootstrapped",
    "discount_added",
    "masked_by_a_product",
    "padding_at_cut_offs",
    "value_subtracted",
]

PADDING = -9_999_999


def _masked_by_a_product(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """``r + gamma * v * (1 - terminated)``: 0 times inf, and 0 times nan, is nan."""
    return mdp.reward[outcome] + mdp.discount * values[mdp.next_state[outcome]] * (1 - int(terminated))


def _cut_off_ends_bootstrapped(
    mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool
) -> Scalar:
    """Whatever was cut off is bootstrapped, even if the time limit fell on an end."""
    return flagged_target(mdp, values, outcome, terminated and not truncated, truncated)


def _padding_at_cut_offs(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """A sequence that stops before its end is padded: no action is legal in the padding, and the maximum is the mask's.

    Where the sequence ended the value is masked, and nobody sees it.
    """
    if truncated and not terminated:
        return mdp.reward[outcome] + mdp.discount * PADDING
    return flagged_target(mdp, values, outcome, terminated, truncated)


def _value_subtracted(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """``r + gamma - (1 - terminated) * v``."""
    bootstrapped = mdp.reward[outcome] + mdp.discount
    return bootstrapped if terminated else bootstrapped - values[mdp.next_state[outcome]]


def _discount_added(mdp: FiniteMDP, values: Array, outcome: int, terminated: bool, truncated: bool) -> Scalar:
    """``r + (gamma + (1 - terminated) + v)``."""
    return mdp.reward[outcome] + (mdp.discount + (1 - int(terminated)) + values[mdp.next_state[outcome]])


masked_by_a_product = Subject("flagged-target", "masked by multiplying with 0", _masked_by_a_product, bug="A4")
cut_off_ends_bootstrapped = Subject(
    "flagged-target", "ends on which a time limit falls bootstrapped", _cut_off_ends_bootstrapped, bug="A6"
)
padding_at_cut_offs = Subject("flagged-target", "padding taken for the next state", _padding_at_cut_offs, bug="A10")
value_subtracted = Subject("flagged-target", "value subtracted, not discounted", _value_subtracted, bug="D7")
discount_added = Subject("flagged-target", "discount and mask added to the value", _discount_added, bug="D8")
