r"""Damped value iteration approaches q* by the product of the factors 1 - (1 - gamma) alpha_k.

.. math:: X_{k+1} = (1 - \alpha_k) X_k + \alpha_k T X_k \implies
          \lVert X_n - q^* \rVert \le \prod_{k < n} (1 - (1-\gamma) \alpha_k) \, \lVert X_0 - q^* \rVert

Why: q* = (1 - alpha) q* + alpha T q*. Subtract, and use the contraction: with 0 <= alpha <= 1 both weights are
non-negative, so ||X_{k+1} - q*|| <= (1 - alpha_k) ||X_k - q*|| + alpha_k gamma ||X_k - q*||.

Only the share (1 - gamma) alpha_k of the error goes in a step, not alpha_k: this is why Q-learning with the step sizes
1 / (k + 1) is slow. The bound is attained on one loop, at every step. The product tends to 0 whenever the step sizes
have an infinite sum: without noise, no more is asked of them.

A step size above 1 makes the first weight negative, and what should cancel adds up: on two states that lead to each
other a step of 3/2 at discount 1/2 makes the error (1, -1) larger by 5/4, where the product says 1/4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.examples import self_loop, two_state_cycle
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..assumptions import discounted, steps_in_unit_interval
from ..claim import Claim, cite, lean, rocq
from ..definitions import optimal_values
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import iteration
from ..relation import Relation, at_most, equal

damped_vi = Claim(
    id="bellman.damped-vi",
    title="A step of damped value iteration leaves at most the share 1 - (1 - gamma) alpha of the error",
    statement=r"\lVert X_n - q^* \rVert \le \prod_{k<n} (1 - (1-\gamma)\alpha_k) \, \lVert X_0 - q^* \rVert",
    subject="damped-value-iteration",
    needs=(steps_in_unit_interval, discounted),
    uses=("bellman.contraction", "bellman.fixed-point-optimal"),
    sources=(cite("bertsekas1996"),),
    proved_in=(
        rocq("Deterministic_RM_2a"),
        lean("synchronous_vi_geometric_decay", library="jin-yidan/verified-rl"),
    ),
)


def _errors(iterate: Any, mdp: FiniteMDP, q: Array, steps: Any) -> list[Scalar]:
    best = optimal_values(mdp)
    return [max_norm(table - best) for table in iterate(mdp, q, steps)]


def _bounds(mdp: FiniteMDP, error: Scalar, steps: Any) -> list[Scalar]:
    """Return the error times the product of the factors, after each step."""
    bounds = [error]
    for step_size in steps:
        bounds.append((1 - (1 - mdp.discount) * step_size) * bounds[-1])
    return bounds


_steps = st.lists(step_sizes(), min_size=1, max_size=4).map(exact_array)


@damped_vi.exact(mdp=mdps(max_states=3), q=tables, steps=_steps)
def errors_shrink_by_the_product(iterate: Any, mdp: FiniteMDP, q: Array, steps: Array) -> Relation:
    """After each step the error is at most the product of the factors so far times the first error."""
    first, *errors = _errors(iterate, mdp, q, steps)
    _, *bounds = _bounds(mdp, first, steps)
    return at_most(errors, bounds)


@damped_vi.all_reals(
    mdp=symbolic_mdp(2, 2), q=symbolic_table, w=symbolic_table, step_size=symbolic_number("alpha", 0, 1)
)
def runs_approach_each_other(iterate: Any, mdp: FiniteMDP, q: Array, w: Array, step_size: Scalar) -> Relation:
    """One step leaves at most the share 1 - (1 - gamma) alpha between two tables; a run that begins at q* stays."""
    (_, x), (_, y) = iterate(mdp, q, [step_size]), iterate(mdp, w, [step_size])
    return at_most(max_norm(x - y), (1 - (1 - mdp.discount) * step_size) * max_norm(q - w))


def _symbol(name: str) -> Any:
    def draw() -> Any:
        import sympy

        return sympy.Symbol(name)

    return draw


# A step from any table at any step size is the induction step: from it the product follows at every length.
@damped_vi.symbolic(reward=_symbol("r"), discount=_symbol("gamma"), entry=_symbol("Q"), steps=lambda: [_symbol("a")()])
@damped_vi.fixture(
    reward=exact(1), discount=exact("9/10"), entry=exact(0), steps=exact_array(["1/2", "1/3", "1/4", "1/5"])
)
def one_loop_follows_the_product(iterate: Any, reward: Any, discount: Any, entry: Any, steps: Any) -> Relation:
    """X_n - q* is the product of the factors times X_0 - q*, on the loop that pays r, q* = r / (1 - gamma)."""
    rewards, q = np.array([reward], dtype=object), np.array([entry], dtype=object)
    # The probability 1 in the same arithmetic.
    loop = replace(self_loop(), probability=rewards * 0 + 1, reward=rewards, discount=discount)
    best = reward / (1 - discount)
    return equal([table[0] - best for table in iterate(loop, q, steps)], _bounds(loop, entry - best, steps))


damped_vi.attained(
    "one loop, at every step",
    by=errors_shrink_by_the_product,
    mdp=self_loop(),
    q=exact_array([0]),
    steps=exact_array(["1/2", "1/3"]),
)
damped_vi.attained(
    "one loop, two runs",
    by=runs_approach_each_other,
    mdp=self_loop(),
    q=exact_array([0]),
    w=exact_array([10]),
    step_size=exact("1/2"),
)

damped_vi.fails_without(
    steps_in_unit_interval,
    by=errors_shrink_by_the_product,
    mdp=two_state_cycle("1/2"),
    q=exact_array(["7/3", "-1/3"]),
    steps=exact_array(["3/2"]),
)
damped_vi.kept(
    discounted,
    because="At discount 1 the product is 1, and the bound says no more than that T spreads nothing: true of any fixed "
    "point, but then there may be none, or many (bellman.gamma-one).",
)

damped_vi.refutes(iteration.exchanged_shares, by=errors_shrink_by_the_product)
damped_vi.refutes(iteration.exchanged_shares, by=runs_approach_each_other)
damped_vi.refutes(iteration.exchanged_shares, by=one_loop_follows_the_product)


@damped_vi.too_strong(beside=errors_shrink_by_the_product)
def errors_shrink_by_the_steps(iterate: Any, mdp: FiniteMDP, q: Array, steps: Array) -> Relation:
    """Not 1 - alpha: what a step takes away is discounted too."""
    first, *errors = _errors(iterate, mdp, q, steps)
    bound = first
    for step_size in steps:
        bound = (1 - step_size) * bound
    return at_most(errors[-1], bound)
