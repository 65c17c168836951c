r"""In binary64 the learner stays within 5 n u B of the exact one, on every path.

.. math:: \lVert \mathrm{fl}(Q_n) - Q_n \rVert_\infty \le 5\, n\, u\, B + 4 n\, 2^{-1075}, \qquad u = 2^{-53},\
          B = \max\Bigl(\lVert Q_0 \rVert, \frac{R}{1 - \gamma}\Bigr)

for n updates (or synchronous sweeps), provided n u <= 2^-10 and nothing overflows. Both learners read the same numbers:
rewards, discount, steps in [0, 1] and first table are floats taken as exact rationals.

Proof. Each operation returns its exact result times 1 + theta with |theta| <= u; a product below 2^-1022 has an
absolute error of at most h = 2^-1075 instead; sums and differences of floats never underflow inexactly; maxima are
exact. Let E_k be the distance after k updates. By q-learning.bounded the exact tables are at most B in absolute value,
so the float table is at most B + E_k. From it the rule computes

    a = fl(1 - alpha),  p = fl(a Q),  g = fl(gamma V),  t = fl(r + g),  s = fl(alpha t),  Q+ = fl(p + s).

Compared with the exact update of the *same float table*, the term (1 - alpha) Q carries three factors 1 + theta (a, p,
Q+), alpha r three (t, s, Q+) and alpha gamma V four (g, t, s, Q+). With |r| <= (1 - gamma) B the terms add up to at
most ((1 - alpha) + alpha (1 - gamma) + alpha gamma) (B + E_k) = B + E_k, so the local error is at most lambda (B +
E_k), where lambda = (1 + u)^4 - 1 = 4u + 6u^2 + 4u^3 + u^4 <= 4u (1 + 2u), and at most (1 + u) h + (1 + u)^3 h + (1 +
u) h < 3.01 h more if p, g and s underflow. What was wrong before is not amplified (q-learning.nonexpansive):

    E_{k+1} <= E_k + lambda (B + E_k) + 3.01 h,   E_0 = 0,   hence   E_n <= ((1 + lambda)^n - 1) (B + 3.01 h / lambda).

Put x = n lambda <= 2^-8 (1 + 2u). Then (1 + lambda)^n - 1 <= e^x - 1 <= x (1 + x) <= 1.004 x, and so
E_n <= 1.004 * 4 n u (1 + 2u) B + 1.004 * 3.01 n h <= 5 n u B + 4 n h. QED. One synchronous sweep is one update of every
entry from the same table, and the argument is about the largest error.

With a constant step alpha, synchronous errors do not add up: they stay below (5 u B + 4 h) / ((1 - gamma) alpha). For
by q-learning.nonexpansive E_{k+1} <= (1 - (1 - gamma) alpha) E_k + lambda (B + E_k) + 3.01 h, so that no E_k exceeds
(lambda B + 3.01 h) / ((1 - gamma) alpha - lambda); where (1 - gamma) alpha >= 21 u, lambda is at most 0.1905 times it,
and 4.0001 / 0.8095 < 5, 3.01 / 0.8095 < 4. Where it is less, the first bound is the smaller one, as n u <= 2^-10.

One step can be off by lambda B, which is 4/5 of the budget, and an example comes near. The constant is about the order
of operations. q + alpha (target - q) has a difference of up to 2B in it, and a single step of it can miss by more than
5 u B: the fixture below. And a kernel that keeps the order, and does not fuse or reorder, gives not similar but
identical bits; with an argmax in the loop nothing less would do, since one unit in the last place may change the action
and with it the rest of the path.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, exact_array, to_floats
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.simulation import bit_for_bit, run_trajectory, sample_outcomes, sample_synchronous
from bellcheck.mdp.strategies import mdps, paths, step_sizes, synchronous_paths, tables, tied_to

from ..assumptions import binary64, discounted, finite, steps_in_unit_interval
from ..bounds import largest_value, rounding_bound
from ..claim import Claim, cite
from ..definitions import target
from ..mutants import learners
from ..relation import Relation, all_of, at_most, equal

float_budget = Claim(
    id="q-learning.float-budget",
    title="In binary64 the learner stays within 5 n u B of the exact one",
    statement=r"\lVert \mathrm{fl}(Q_n) - Q_n \rVert_\infty \le 5\,n\,u\,\max(\lVert Q_0\rVert, R/(1-\gamma))"
    r" + 4n\,2^{-1075}",
    subject="q-learner",
    needs=(finite, discounted, steps_in_unit_interval, binary64),
    uses=("q-learning.bounded", "q-learning.nonexpansive"),
    sources=(cite("higham2002"),),
)

Path = tuple[tuple[int, int, Scalar], ...]


@tied_to("path")
def _long_paths(mdp: FiniteMDP) -> st.SearchStrategy[Path]:
    return paths(mdp).map(lambda path: path * 5)


def _worst_step() -> FiniteMDP:
    """A loop beside another, with numbers in which nearly every rounding goes the same way, and as far as it can."""
    reward, idle = float.fromhex("0x1.0003f0933f3c2p-2"), 0
    return FiniteMDP.from_pairs(
        1, [(0, 0, [(1, exact(reward), 0)]), (0, 1, [(1, idle, 0)])], exact(float.fromhex("0x1.7fffffff6fd4ap-1"))
    )


@float_budget.fixture(
    mdp=_worst_step,
    q=lambda: exact_array([float.fromhex("-0x1.0003f09279137p+0"), float.fromhex("0x1.0003f0927906ap+0")]),
    path=lambda: ((0, 0, exact(float.fromhex("0x1.ffffffff04351p-1"))),),
    bits=64,
)
@float_budget.pathwise(mdp=mdps(), q=tables, path=_long_paths, bits=64)
def floats_stay_within_the_budget(update: Any, mdp: FiniteMDP, q: Array, path: Path, bits: int) -> Relation:
    """The learner on rounded numbers, beside the exact rule on the same rounded numbers, after every update.

    Its table is kept in an IEEE format of so many bits.
    """
    rounded, same_bits = mdp.to_float(), bit_for_bit(mdp)
    table = to_floats(q).astype(f"f{bits // 8}")
    truth = exact_array(to_floats(q))
    largest = largest_value(same_bits, truth)
    relations = []
    for n, (pair, outcome, step_size) in enumerate(path, start=1):
        step = float(to_floats([step_size])[0])
        table = update(rounded, table, pair, outcome, step)
        moved = truth.copy()
        moved[pair] = (1 - exact(step)) * truth[pair] + exact(step) * target(same_bits, truth, outcome)
        truth = moved
        relations.append(at_most(abs(exact_array(table) - truth), rounding_bound(n, largest)))
    return all_of(relations)


def _same_way() -> dict[str, Any]:
    """A step of size nearly 1 at a discount of nearly 1: four roundings, by nearly u and all the same way."""
    reward, discount = float.fromhex("0x1.d10e697202c7cp-22"), float.fromhex("0x1.ffff5c2bad360p-1")
    first, second = float.fromhex("0x1.7f1bed9d66544p-3"), float.fromhex("0x1.0002ed6c8febep+0")
    loops = [(0, 0, [(1, exact(reward), 0)]), (0, 1, [(1, exact(0), 0)])]
    return {"mdp": FiniteMDP.from_pairs(1, loops, exact(discount)), "q": exact_array([first, second])}


_NEARLY_ONE = exact(float.fromhex("0x1.fffbb2eb5c03fp-1"))
float_budget.attained(
    "one step whose four roundings go the same way",
    by=floats_stay_within_the_budget,
    share="3/4",
    **_same_way(),
    path=((0, 0, _NEARLY_ONE),),
)
float_budget.refutes(learners.single_precision, by=floats_stay_within_the_budget)
float_budget.refutes(learners.difference_form, by=floats_stay_within_the_budget, kinds=("fixture",))


float_budget.fails_without(binary64, by=floats_stay_within_the_budget, bits=32)
float_budget.fails_without(steps_in_unit_interval, by=floats_stay_within_the_budget, path=((0, 0, exact(8)),) * 40)
float_budget.kept(
    discounted,
    because="At discount 1 the budget is infinite unless no reward is ever paid, and nothing is claimed.",
)
float_budget.kept(
    finite,
    because="Only finite models can be written down here, or run. The proof asks that rewards and first table be"
    " bounded, and no more.",
)


@float_budget.too_strong(beside=floats_stay_within_the_budget)
def floats_are_exact(update: Any, mdp: FiniteMDP, q: Array, path: Path, bits: int) -> Relation:
    """Rounding is real: the float run is not the exact run, rounded at the end."""
    rounded, same_bits = mdp.to_float(), bit_for_bit(mdp)
    table, truth = to_floats(q), exact_array(to_floats(q))
    for pair, outcome, step_size in path:
        step = float(to_floats([step_size])[0])
        table = update(rounded, table, pair, outcome, step)
        moved = truth.copy()
        moved[pair] = (1 - exact(step)) * truth[pair] + exact(step) * target(same_bits, truth, outcome)
        truth = moved
    return equal(table, to_floats(truth))


@tied_to("synchronous_path")
def _sweeps(mdp: FiniteMDP) -> st.SearchStrategy[tuple[Array, np.ndarray]]:
    return synchronous_paths(mdp).map(lambda path: (np.tile(path[0], 4), np.tile(path[1], (4, 1))))


@float_budget.pathwise(mdp=mdps(), q=tables, path=_sweeps, step_size=step_sizes())
def constant_steps_forget_rounding(
    update: Any, mdp: FiniteMDP, q: Array, path: tuple[Array, np.ndarray], step_size: Scalar
) -> Relation:
    """Synchronous sweeps at one positive step size stay below a bound without n in it, and below the budget."""
    rounded, same_bits = mdp.to_float(), bit_for_bit(mdp)
    step = float(to_floats([step_size])[0])
    alpha = exact(step)
    table = to_floats(q)
    truth = exact_array(table)
    largest = largest_value(same_bits, truth)
    relations = []
    for n, row in enumerate(path[1], start=1):
        table = np.array([update(rounded, table, x, int(k), step)[x] for x, k in enumerate(row)])
        targets = exact_array(target(same_bits, truth, int(k)) for k in row)
        truth = (1 - alpha) * truth + alpha * targets
        bound = rounding_bound(n, largest)
        if alpha > fmpq(0):
            bound = min(bound, rounding_bound(1, largest) / ((1 - same_bits.discount) * alpha))
        relations.append(at_most(abs(exact_array(table) - truth), bound))
    return all_of(relations)


float_budget.refutes(learners.single_precision, by=constant_steps_forget_rounding)
float_budget.attained(
    "one sweep with a step whose four roundings go the same way",
    by=constant_steps_forget_rounding,
    share="3/4",
    **_same_way(),
    path=lambda: (exact_array([_NEARLY_ONE]), np.array([[0, 1]])),
    step_size=_NEARLY_ONE,
)


@float_budget.pathwise(mdp=mdps(), q=tables, entropy=st.integers(0, 99))
def compiled_runs_are_the_plain_rule(update: Any, mdp: FiniteMDP, q: Array, entropy: int) -> Relation:
    """The compiled loops give the bits of the plain ones, and those of the rule applied along the path they took."""
    steps = 1.0 / np.arange(1, 13)
    times = np.arange(len(steps) + 1)
    mdp = _started_where_it_acts(mdp)
    rounded = mdp.to_float()
    relations = []

    taken = {}
    for engine in ("plain", "compiled"):
        rng = np.random.default_rng(entropy)
        taken[engine] = run_trajectory(mdp, q, steps, 0.25, rng, checkpoints=times, engine=engine)
    compiled = taken["compiled"]
    replayed = [to_floats(q)]
    for pair, outcome, step in zip(compiled.pairs, compiled.outcomes, compiled.step_sizes, strict=True):
        replayed.append(update(rounded, replayed[-1], int(pair), int(outcome), float(step)))
    relations += [equal(compiled.pairs, taken["plain"].pairs), equal(compiled.tables, np.array(replayed))]

    swept = sample_synchronous(mdp, q, steps, np.random.default_rng(entropy), checkpoints=times, engine="compiled")
    uniforms = np.random.default_rng(entropy).random((len(steps), mdp.n_pairs))
    replayed = [to_floats(q)]
    for step, row in zip(steps, sample_outcomes(mdp, uniforms), strict=True):
        old = replayed[-1]
        replayed.append(np.array([update(rounded, old, x, int(k), step)[x] for x, k in enumerate(row)]))
    relations.append(equal(swept, np.array(replayed)))
    return all_of(relations)


def _started_where_it_acts(mdp: FiniteMDP) -> FiniteMDP:
    start = exact_array([0] * mdp.n_states)
    start[mdp.acting[0]] = exact(1)
    return replace(mdp, start=start)


float_budget.refutes(learners.difference_form, by=compiled_runs_are_the_plain_rule)
