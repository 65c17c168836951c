r"""A learner that bootstraps through ends solves another problem; one that stops at cut-offs, yet another.

.. math:: \text{unmasked:}\quad q^*_u = T_u\, q^*_u, \qquad
          (T_u Q)(s, a) = \sum_{s', r} p\,(r + \gamma V(s')), \quad V(s') = u(s')\ \text{at ends}

    \gamma \min(0, \min u) \le q^*_u - q^* \le \gamma \max(0, \max u)

where u(s') is what the network says of a terminal state. It is q* of the model in which each end is a loop that pays
(1 - gamma) u for ever. And where a share c of all transitions are cut off and taken for ends,

.. math:: (1 - c)\, (r + \gamma V(s')) + c\, r = r + (1 - c)\, \gamma\, V(s'),

the learner solves the problem with the discount (1 - c) gamma.

Why: a loop that pays (1 - gamma) u is worth u. Under any policy an end is entered at most once, after t >= 1 steps, and
then adds gamma^t u: between the two bounds, and so is the difference of the largest values. The last line is a sum.

Nobody trains the value of a terminal state: no transition begins there. Its u is whatever the initialisation and the
generalisation from other states make of it, and it does not fade with more data.

So the mask is a choice between two targets, and no product: where u is infinite or undefined, as in a network that has
diverged or a table that was never filled, 0 u is undefined too, and the target of an end is still r.

A time limit is another thing. It is not in the state, the process would have gone on, and the value of s' is what is
missing from the recording: the target bootstraps. A loop that pays 1 at discount 9/10 is worth 10; with cut-offs every
tenth step on average taken for ends it seems to be worth 100/19, a bit more than half. If the limit is part of the task
the time left belongs into the state, and *then* it is an end. And where it falls on a step that ends, it is an end.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, to_floats
from bellcheck.mdp.episode_ends import with_values_at_ends
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, state_tables, step_sizes, tables

from ..assumptions import discounted, ends_marked
from ..claim import Claim, cite
from ..definitions import backup, optimal_values, state_values
from ..mutants import deep_q as mutants
from ..mutants import targets as wrong_targets
from ..relation import Relation, all_of, at_most, equal

terminal_mask = Claim(
    id="deep-q.terminal-mask",
    title="Bootstrapping through ends solves another model; taking cut-offs for ends lowers the discount",
    statement=r"\gamma \min(0, \min u) \le q^*_u - q^* \le \gamma \max(0, \max u), \quad"
    r" (1-c)(r + \gamma V(s')) + c\,r = r + (1-c)\gamma V(s')",
    subject="flagged-target",
    needs=(ends_marked, discounted),
    uses=("bellman.fixed-point-optimal",),
    sources=(cite("pardo2018"), cite("mnih2015")),
)

Marked = Literal["ends", "nothing", "cut-offs too"]


def _outputs(mdp: FiniteMDP, q: Array, ends: Array) -> Array:
    """What a network says of the states: V_Q where there are actions, and anything at ends."""
    values = state_values(mdp, q)
    terminal = list(mdp.terminal_states)
    values[terminal] = ends[terminal]
    return values


def _mean_targets(target: Any, mdp: FiniteMDP, values: Array, marked: Marked, cut: bool) -> Array:
    """The mean target of each pair; a transition may be cut off, and terminates as it is marked."""
    means = mdp.table(0)
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            ended = marked != "nothing" and int(mdp.next_state[k]) in mdp.terminal_states
            terminated = ended or (marked == "cut-offs too" and cut)
            means[x] += mdp.probability[k] * target(mdp, values, k, terminated, cut and not ended)
    return means


@terminal_mask.exact(mdp=mdps(), q=tables, ends=state_tables, cut=st.booleans(), marked="ends")
def values_of_ends_do_not_matter(
    target: Any, mdp: FiniteMDP, q: Array, ends: Array, cut: bool, marked: Marked
) -> Relation:
    """Masked where the process ends and nowhere else, the mean target is TQ, cut off or not."""
    return equal(_mean_targets(target, mdp, _outputs(mdp, q, ends), marked, cut), backup(mdp, q))


for _mutant in (mutants.mask_forgotten, mutants.done_is_done, mutants.reward_of_an_end_lost):
    terminal_mask.refutes(_mutant, by=values_of_ends_do_not_matter)
terminal_mask.fails_without(ends_marked, by=values_of_ends_do_not_matter, marked="nothing")


@terminal_mask.exact(mdp=mdps(), values=state_tables)
def flags_say_whether_a_target_bootstraps(target: Any, mdp: FiniteMDP, values: Array) -> Relation:
    """Each outcome under all flags: r if it terminated, r + gamma V(s') if not, be it cut off or not."""
    relations = []
    for k in range(len(mdp.reward)):
        bootstrapped = mdp.reward[k] + mdp.discount * values[mdp.next_state[k]]
        for truncated in (False, True):
            relations.append(equal(target(mdp, values, k, True, truncated), mdp.reward[k]))
            relations.append(equal(target(mdp, values, k, False, truncated), bootstrapped))
    return all_of(relations)


for _mutant in (
    wrong_targets.cut_off_ends_bootstrapped,
    wrong_targets.padding_at_cut_offs,
    wrong_targets.value_subtracted,
    mutants.done_is_done,
    mutants.mask_forgotten,
):
    terminal_mask.refutes(_mutant, by=flags_say_whether_a_target_bootstraps)


@terminal_mask.exact(mdp=mdps(), q=tables, undefined=st.sampled_from([math.nan, math.inf, -math.inf]))
def undefined_values_of_ends_do_not_matter(target: Any, mdp: FiniteMDP, q: Array, undefined: float) -> Relation:
    """In binary64, with no number at the ends: the target of a step to an end is its reward, to the last bit."""
    rounded, values = mdp.to_float(), to_floats(state_values(mdp, q))
    values[list(mdp.terminal_states)] = undefined
    to_ends = [k for k in range(len(rounded.reward)) if int(rounded.next_state[k]) in mdp.terminal_states]
    with np.errstate(invalid="ignore"):  # what a mutant makes of 0 times inf is for the relation to say
        targets = [target(rounded, values, k, True, truncated) for k in to_ends for truncated in (False, True)]
    return equal(targets, [rounded.reward[k] for k in to_ends for _ in (False, True)])


for _mutant in (wrong_targets.masked_by_a_product, mutants.mask_forgotten):
    terminal_mask.refutes(_mutant, by=undefined_values_of_ends_do_not_matter)


def _looped_values(mdp: FiniteMDP, ends: Array) -> Array:
    """v* of the model with a loop at each end."""
    model = with_values_at_ends(mdp, ends)
    return state_values(model, optimal_values(model))


@terminal_mask.exact(mdp=mdps(max_states=2), ends=state_tables, marked="nothing")
def forgotten_masks_solve_another_model(target: Any, mdp: FiniteMDP, ends: Array, marked: Marked) -> Relation:
    """Unmasked targets have q* of the model with loops at ends as their fixed point, off by at most gamma u."""
    looped = _looped_values(mdp, ends)
    q = _mean_targets(target, mdp, looped, marked, False)
    off = q - optimal_values(mdp)
    worth = [ends[s] for s in mdp.terminal_states]
    return all_of(
        [
            equal(state_values(mdp, q)[mdp.acting], looped[mdp.acting]),
            at_most(mdp.discount * min([fmpq(0), *worth]), off),
            at_most(off, mdp.discount * max([fmpq(0), *worth])),
        ]
    )


for _mutant in (mutants.undiscounted_bootstrap, mutants.value_of_the_last_state):
    terminal_mask.refutes(_mutant, by=forgotten_masks_solve_another_model)


def _one_step() -> FiniteMDP:
    """One reward of 1, and the end."""
    return FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "9/10")


terminal_mask.attained(
    "one step to an end that the network holds for 5",
    by=forgotten_masks_solve_another_model,
    mdp=_one_step,
    ends=exact_array([0, 5]),
)
terminal_mask.kept(
    discounted,
    because="At discount 1 a loop that pays (1 - gamma) u pays nothing, and its value is not u but undetermined"
    " (bellman.gamma-one).",
)


@terminal_mask.too_strong(beside=forgotten_masks_solve_another_model)
def training_makes_up_for_the_mask(target: Any, mdp: FiniteMDP, ends: Array, marked: Marked) -> Relation:
    """The fixed point of unmasked targets is q*: it is, where every end happens to be worth 0."""
    looped = _looped_values(mdp, ends)
    return equal(_mean_targets(target, mdp, looped, marked, False), optimal_values(mdp))


# -------------------------------------------------------------------- time limits


def _with_cut_offs(target: Any, mdp: FiniteMDP, values: Array, share: Scalar, marked: Marked) -> Array:
    """The mean targets if each transition is cut off with probability `share`."""
    kept, cut = (_mean_targets(target, mdp, values, marked, cut) for cut in (False, True))
    return (1 - share) * kept + share * cut


@terminal_mask.enumerated(mdp=mdps(), q=tables, share=step_sizes(), marked="cut-offs too")
def cut_offs_taken_for_ends_lower_the_discount(
    target: Any, mdp: FiniteMDP, q: Array, share: Scalar, marked: Marked
) -> Relation:
    """Over all outcomes, cut off or not: the mean target is that of the discount (1 - c) gamma."""
    shorter = replace(mdp, discount=(1 - share) * mdp.discount)
    return equal(_with_cut_offs(target, mdp, state_values(mdp, q), share, marked), backup(shorter, q))


for _mutant in (mutants.undiscounted_bootstrap, mutants.mask_forgotten, mutants.reward_of_an_end_lost):
    terminal_mask.refutes(_mutant, by=cut_offs_taken_for_ends_lower_the_discount)


@terminal_mask.too_strong(beside=cut_offs_taken_for_ends_lower_the_discount)
def cut_offs_may_be_taken_for_ends(target: Any, mdp: FiniteMDP, q: Array, share: Scalar, marked: Marked) -> Relation:
    """The discount stays as it is: only where nothing is cut off, or nothing follows."""
    return equal(_with_cut_offs(target, mdp, state_values(mdp, q), share, marked), backup(mdp, q))


@terminal_mask.fixture(mdp=self_loop, share=exact("1/10"), marked="ends", value="10")
@terminal_mask.fixture(mdp=self_loop, share=exact("1/10"), marked="cut-offs too", value="100/19")
def one_loop_in_numbers(target: Any, mdp: FiniteMDP, share: Scalar, marked: Marked, value: str) -> Relation:
    """A loop that pays 1 for ever, cut off at every tenth step on average: worth 10, or 100/19 if these were ends."""
    fixed = np.array([exact(value)], dtype=object)
    return equal(_with_cut_offs(target, mdp, fixed, share, marked), fixed)


terminal_mask.refutes(mutants.undiscounted_bootstrap, by=one_loop_in_numbers)
