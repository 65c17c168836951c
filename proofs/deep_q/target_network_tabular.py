r"""C steps towards a frozen target are one step of damped value iteration, of size 1 - (1 - alpha)^C.

.. math:: Q_C = TQ^- + (1 - \alpha)^C (Q_0 - TQ^-), \qquad\text{and for}\ Q_0 = Q^-: \quad
          Q_C = (1 - \alpha_{\text{eff}})\, Q^- + \alpha_{\text{eff}}\, TQ^-, \quad
          \alpha_{\text{eff}} = 1 - (1 - \alpha)^C

and with steps of different sizes, 1 - alpha_eff is the product of the 1 - alpha_k.

Why: TQ^- is the same in all C steps, so Q_{k+1} - TQ^- = (1 - alpha) (Q_k - TQ^-), a geometric sequence. The tables
at the refreshes are then those of bellman.damped-vi, and their errors shrink by 1 - (1 - gamma) alpha_eff at each
refresh: as C grows towards the factor gamma of value iteration, and never below. Small steps between rare refreshes
cost samples; large C wins nothing once (1 - alpha)^C is small beside the noise.

The formula is that of expected steps, and also that of the *mean* of sampled ones, which is not so for Q-learning
(q-learning.jensen-gap): while the target is frozen, no maximum is taken of what is random. The gap comes back at the
refresh, when the noisy table becomes the target.

C steps are not one step of size C alpha, though nearly so where C alpha is small. And the target must be frozen: with
a refresh after every step these are C sweeps, each from the table that the last one left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.iteration import damped_value_iterates
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables

from ..assumptions import frozen_target
from ..claim import Claim, cite
from ..definitions import backup
from ..mutants import deep_q as mutants
from ..relation import Relation, all_of, equal

target_network_tabular = Claim(
    id="deep-q.target-network-tabular",
    title="C steps towards a frozen target are one damped sweep of size 1 - (1 - alpha)^C",
    statement=r"Q_C = (1 - \alpha_{\text{eff}})\, Q^- + \alpha_{\text{eff}}\, TQ^-,"
    r"\quad \alpha_{\text{eff}} = 1 - (1-\alpha)^C",
    subject="target-network",
    needs=(frozen_target,),
    uses=("bellman.damped-vi",),
    sources=(cite("mnih2015"),),
)


# -------------------------------------------------------------------- any number of steps


def _symbols() -> dict[str, Any]:
    import sympy

    names = {name: sympy.Symbol(name) for name in ("r", "gamma", "q", "target", "alpha")}
    return {**names, "C": sympy.Symbol("C", integer=True, nonnegative=True)}


def _number(value: Any) -> Array:
    array = np.empty(1, dtype=object)
    array[0] = value
    return array


@target_network_tabular.symbolic(share=lambda: _symbols()["alpha"])
def one_more_step_is_one_more_factor(expected_steps: Any, share: Any) -> Relation:
    """The induction over C: the formula is the start at C = 0, and a step takes it from C to C + 1, for every C.

    One loop stands for all pairs: what a step does to an entry depends on the entry and on T of the target there.
    """
    from dataclasses import replace

    s = _symbols()
    loop = replace(self_loop(), probability=_number(s["r"] ** 0), reward=_number(s["r"]), discount=s["gamma"])
    towards = s["r"] + s["gamma"] * s["target"]

    def formula(steps: Any) -> Any:
        return towards + (1 - share) ** steps * (s["q"] - towards)

    *_, after = expected_steps(loop, _number(formula(s["C"])), _number(s["target"]), [s["alpha"]])
    # (1 - alpha)^(C + 1) is written as (1 - alpha) (1 - alpha)^C, which SymPy's powers do not do by themselves.
    following = towards + (1 - share) * (formula(s["C"]) - towards)
    return all_of([equal(formula(0), s["q"]), equal(after[0], following)])


target_network_tabular.refutes(mutants.online_steps, by=one_more_step_is_one_more_factor)


# -------------------------------------------------------------------- models, step sizes, refreshes

_steps = st.lists(step_sizes(), min_size=1, max_size=4).map(exact_array)


def _run(expected_steps: Any, mdp: FiniteMDP, q: Array, target: Array, steps: Array, moving: bool) -> Array:
    """Return the last table; `moving` refreshes the target after every step."""
    for step_size in steps:
        *_, following = expected_steps(mdp, q, target, [step_size])
        q, target = following, following if moving else target
    return q


def _left(steps: Array) -> Scalar:
    return math.prod((1 - step_size for step_size in steps), start=fmpq(1))


@target_network_tabular.exact(mdp=mdps(), q=tables, target=tables, steps=_steps, moving=False)
def steps_move_straight_to_the_backup(
    expected_steps: Any, mdp: FiniteMDP, q: Array, target: Array, steps: Array, moving: bool
) -> Relation:
    """From any table, whatever the step sizes: what is left of the way is the product of the 1 - alpha_k."""
    towards = backup(mdp, target)
    last = _run(expected_steps, mdp, q, target, steps, moving)
    return equal(last, towards + _left(steps) * (q - towards))


for _mutant in (mutants.online_steps, mutants.undiscounted_copy):
    target_network_tabular.refutes(_mutant, by=steps_move_straight_to_the_backup)
target_network_tabular.fails_without(frozen_target, by=steps_move_straight_to_the_backup, moving=True)


@target_network_tabular.exact(
    mdp=mdps(max_states=3), q=tables, step_size=step_sizes(), steps=st.integers(1, 4), refreshes=st.integers(1, 3)
)
def refreshes_are_damped_value_iteration(
    expected_steps: Any, mdp: FiniteMDP, q: Array, step_size: Scalar, steps: int, refreshes: int
) -> Relation:
    """The tables at the refreshes are the iterates of damped value iteration at 1 - (1 - alpha)^C."""
    effective = 1 - (1 - step_size) ** steps
    iterates = list(damped_value_iterates(mdp, q, [effective] * refreshes))
    return equal(list(_refreshed(expected_steps, mdp, q, [step_size] * steps, refreshes)), iterates[1:])


def _refreshed(expected_steps: Any, mdp: FiniteMDP, q: Array, steps: list[Scalar], refreshes: int) -> Iterator[Array]:
    for _ in range(refreshes):
        *_, q = expected_steps(mdp, q, q, steps)
        yield q


for _mutant in (mutants.online_steps, mutants.undiscounted_copy):
    target_network_tabular.refutes(_mutant, by=refreshes_are_damped_value_iteration)


@target_network_tabular.too_strong(beside=refreshes_are_damped_value_iteration)
def step_sizes_add_up(
    expected_steps: Any, mdp: FiniteMDP, q: Array, step_size: Scalar, steps: int, refreshes: int
) -> Relation:
    """One sweep of size C alpha: steps overlap, each takes a share of what the ones before have left."""
    iterates = list(damped_value_iterates(mdp, q, [steps * step_size] * refreshes))
    return equal(list(_refreshed(expected_steps, mdp, q, [step_size] * steps, refreshes)), iterates[1:])


# -------------------------------------------------------------------- the mean of sampled steps


def _mean_of_runs(update: Any, mdp: FiniteMDP, q: Array, target: Array, pair: int, steps: Array, moving: bool) -> Array:
    """The mean table after one step of each size at a pair, over all outcomes of all steps."""
    possible = [k for k in mdp.outcomes_of(pair) if mdp.probability[k] > 0]
    mean = q * 0
    for outcomes in product(possible, repeat=len(steps)):
        table, copy = q, target
        for outcome, step_size in zip(outcomes, steps, strict=True):
            table = update(mdp, table, copy, pair, outcome, step_size)
            copy = table if moving else copy
        mean = mean + math.prod((mdp.probability[k] for k in outcomes), start=fmpq(1)) * table
    return mean


@target_network_tabular.enumerated(
    of="target-network-update",
    mdp=mdps(max_states=3),
    q=tables,
    target=tables,
    steps=st.lists(step_sizes(), min_size=1, max_size=3).map(exact_array),
    moving=False,
)
def means_of_samples_obey_the_formula(
    update: Any, mdp: FiniteMDP, q: Array, target: Array, steps: Array, moving: bool
) -> Relation:
    """Over all outcomes of up to three updates of the first pair: the mean is the expected step's, without a gap."""
    towards, mean = backup(mdp, target), _mean_of_runs(update, mdp, q, target, 0, steps, moving)
    return equal(mean[0], towards[0] + _left(steps) * (q[0] - towards[0]))


target_network_tabular.refutes(mutants.online_update, by=means_of_samples_obey_the_formula)
target_network_tabular.fails_without(frozen_target, by=means_of_samples_obey_the_formula, moving=True)


@target_network_tabular.fixture(mdp=self_loop, step_size=exact("1/2"), steps=3, value="7/8")
@target_network_tabular.fixture(mdp=self_loop, step_size=exact("1/10"), steps=10, value="6513215599/10000000000")
def one_loop_in_numbers(expected_steps: Any, mdp: FiniteMDP, step_size: Scalar, steps: int, value: str) -> Relation:
    """One loop that pays 1, from the target 0: ten steps of 1/10 come to 0.65, not to 1."""
    *_, last = expected_steps(mdp, mdp.table(0), mdp.table(0), [step_size] * steps)
    return equal(last, exact_array([value]))


target_network_tabular.refutes(mutants.online_steps, by=one_loop_in_numbers)
