r"""What the theory says of the gradients of a q_hat, as cotangents of its table: dJ/d q_hat(x) for each pair x.

.. math::
    \nabla \mathrm{VE} &= 2 \sum_x \mu(x) \, (\hat q(x) - q(x)) \, \nabla \hat q(x) \\
    \text{semi-gradient of } \tfrac12 \delta^2 &= -\delta \, \nabla \hat q(s, a) \\
    \text{full gradient of } \tfrac12 \delta^2
        &= -\delta \, \nabla \hat q(s, a) + \gamma \delta \, \nabla \hat q(s', a^*)

with delta = r + gamma max_a q_hat(s', a) - q_hat(s, a), the maximum attained at a^*, for an outcome (s, a, r, s'); the
update rule is one step of size alpha against the semi-gradient. Beside each formula stands the loss that torch is given
to differentiate. Only the formula is used on the other side, in `Arithmetic` of exact numbers or of rounded ones, in
which each product and sum of the loss's differentiation has its rounding. Where greedy actions tie, the maximum has no
derivative: that is a `Kink`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, fmpq

from bellcheck.mdp.arithmetic import Array, exact, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.solve import policy_iteration
from bellcheck.mdp.value_error import outcome_pairs, regression_loss, td_targets, value_error

from .operation import Kink
from .rounding import Arithmetic, balls

if TYPE_CHECKING:
    import torch

__all__ = ["OUTCOMES", "STATEMENTS", "Instance", "Setting", "drawn_models", "drawn_weights", "floats", "setting"]

OUTCOMES = 8
"""How many outcomes of a model are looked at; each costs a pass through the network in balls."""


@dataclass(frozen=True)
class Setting:
    """A model with weights mu and true values q, as the numbers of binary64 that torch is given."""

    name: str
    mdp: FiniteMDP
    mu: Array
    q: Array
    outcomes: Array


@dataclass(frozen=True)
class Instance:
    """One loss of a (N,) table for torch, and what its derivative by the table is."""

    where: str
    loss: Callable[[torch.Tensor], torch.Tensor]
    cotangent: Callable[[Arithmetic, Array], Array]


def floats(values: Any) -> Array:
    """Return numbers, of any kind or written as "1/3", rounded to binary64."""
    return to_floats([exact(value) if isinstance(value, str) else value for value in values])


def drawn_models(n_pairs: int, seed: np.random.SeedSequence, count: int = 3) -> list[FiniteMDP]:
    """Draw models with this number of pairs: two actions a state, one in the last if it is odd, one terminal state."""
    n_acting = (n_pairs + 1) // 2
    models = []
    for child in seed.spawn(count):
        rng = np.random.default_rng(child)
        pairs: list[Any] = []
        for pair in range(n_pairs):
            share = fmpq(int(rng.integers(1, 8)), 8)
            rewards = [fmpq(int(tenths), 10) for tenths in rng.integers(-10, 11, size=2)]
            successors = [int(state) for state in rng.choice(n_acting + 1, size=2, replace=False)]
            pairs.append((pair // 2, pair % 2, list(zip((share, 1 - share), rewards, successors, strict=True))))
        models.append(FiniteMDP.from_pairs(n_acting + 1, pairs, "9/10"))
    return models


def drawn_weights(n_pairs: int, seed: np.random.SeedSequence) -> Array:
    """Draw positive weights mu of shape (N,) that sum to 1 up to rounding."""
    shares = np.random.default_rng(seed).integers(1, 10, size=n_pairs)
    return shares / shares.sum()


def setting(name: str, mdp: FiniteMDP, mu: Any | None, q: Any | None, seed: np.random.SeedSequence) -> Setting:
    """Return a setting; mu is drawn and q is q* where they are not given."""
    for_mu, for_outcomes = seed.spawn(2)
    weights = drawn_weights(mdp.n_pairs, for_mu) if mu is None else floats(mu)
    values = floats(policy_iteration(mdp).q if q is None else q)
    n_outcomes = len(mdp.next_state)
    rng = np.random.default_rng(for_outcomes)
    chosen = np.sort(rng.choice(n_outcomes, size=min(OUTCOMES, n_outcomes), replace=False))
    return Setting(name, mdp.to_tensor(), weights, values, chosen)


def _value_gradients(setting: Setting) -> Iterator[Instance]:
    """VE of the setting's mu and q."""
    import torch

    mu, q = torch.from_numpy(setting.mu), torch.from_numpy(setting.q)

    def cotangent(arithmetic: Arithmetic, table: Array) -> Array:
        # The product rule on mu e e has two terms, which are rounded one by one.
        term = arithmetic.multiply(balls(setting.mu), arithmetic.subtract(balls(setting.q), table))
        return -arithmetic.add(term, term)

    yield Instance(setting.name, lambda table: value_error(mu, q, table), cotangent)


def _semi_gradients(setting: Setting) -> Iterator[Instance]:
    """Half the squared TD error of each outcome, its target detached."""
    for outcome in setting.outcomes:
        pair = int(outcome_pairs(setting.mdp)[outcome])

        def loss(table: torch.Tensor, outcome: int = outcome, pair: int = pair) -> torch.Tensor:
            return regression_loss(table[pair, None], td_targets(setting.mdp, table.detach())[outcome, None])

        def cotangent(arithmetic: Arithmetic, table: Array, outcome: int = outcome, pair: int = pair) -> Array:
            return _at(len(table), pair, -_td_error(arithmetic, setting.mdp, table, outcome, pair))

        yield Instance(_named(setting, outcome), loss, cotangent)


def _full_gradients(setting: Setting) -> Iterator[Instance]:
    """Half the squared TD error of each outcome, its target moving with the parameters."""
    for outcome in setting.outcomes:
        pair = int(outcome_pairs(setting.mdp)[outcome])

        def loss(table: torch.Tensor, outcome: int = outcome, pair: int = pair) -> torch.Tensor:
            return regression_loss(table[pair, None], td_targets(setting.mdp, table)[outcome, None])

        def cotangent(arithmetic: Arithmetic, table: Array, outcome: int = outcome, pair: int = pair) -> Array:
            td_error = _td_error(arithmetic, setting.mdp, table, outcome, pair)
            semi = _at(len(table), pair, -td_error)
            best = _greedy_pair(setting.mdp, table, int(setting.mdp.next_state[outcome]))
            if best is None:
                return semi
            through = arithmetic.multiply(balls(float(setting.mdp.discount)), td_error)
            return arithmetic.add(semi, _at(len(table), best, through))

        yield Instance(_named(setting, outcome), loss, cotangent)


STATEMENTS: dict[str, Callable[[Setting], Iterator[Instance]]] = {
    "value gradient": _value_gradients,
    "semi-gradient": _semi_gradients,
    "update rule": _semi_gradients,
    "full gradient": _full_gradients,
}
"""The rows of a report; the update rule is a step against the semi-gradient."""


def _named(setting: Setting, outcome: int) -> str:
    return f"{setting.name}, outcome {outcome}"


def _at(length: int, place: int, value: Any) -> Array:
    table = np.full(length, arb(0), dtype=object)
    table[place] = np.asarray(value, dtype=object).item()
    return table


def _pairs_of(mdp: FiniteMDP, state: int) -> np.ndarray:
    return np.flatnonzero(np.asarray(mdp.pair_state) == state)


def _td_error(arithmetic: Arithmetic, mdp: FiniteMDP, table: Array, outcome: int, pair: int) -> Array:
    following = table[_pairs_of(mdp, int(mdp.next_state[outcome]))]
    value = arb(0)
    if len(following):
        value = following[0]
        for other in following[1:]:
            value = value.max(other)
    target = arithmetic.add(balls(float(mdp.reward[outcome])), arithmetic.multiply(balls(float(mdp.discount)), value))
    half = arithmetic.multiply(balls(0.5), arithmetic.subtract(target, table[pair]))
    return arithmetic.add(half, half)


def _greedy_pair(mdp: FiniteMDP, table: Array, state: int) -> int | None:
    """Return the one pair of the largest value, None at a terminal state; raises `Kink` at a tie."""
    pairs = _pairs_of(mdp, state)
    for best in pairs:
        if all(table[best] > table[other] for other in pairs if other != best):
            return int(best)
    if len(pairs):
        raise Kink(f"the greedy actions of state {state} tie, exactly or within rounding")
    return None
