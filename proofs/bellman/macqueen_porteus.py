r"""One sweep encloses q* from both sides, entry by entry, and the greedy policy with it.

With m = min(TQ - Q), M = max(TQ - Q) over all pairs, without terminal states, and pi greedy for Q,

.. math:: TQ + \frac{\gamma m}{1-\gamma} \le q_\pi \le q^* \le TQ + \frac{\gamma M}{1-\gamma}

Why: let c = m / (1 - gamma) and L = Q + c. T_pi Q = TQ, for pi is greedy, and a constant passes discounted, so that
T_pi L = TQ + gamma c >= Q + m + gamma c = L. So T_pi climbs from L to its fixed point q_pi, which is therefore at
least T_pi L = TQ + gamma m / (1 - gamma). In the same way T descends to q* from Q + M / (1 - gamma).

These are the bounds to stop value iteration by. They see more than the norm of the residual does: where a sweep adds
the same amount to every entry the two sides meet, and TQ plus a constant is q*, however far from it Q was.

With terminal states a constant passes only in part, and the bounds fail where m > 0 or M < 0: an episode that ends pays
no more. They hold with min(m, 0) and max(M, 0), as if terminal states were loops of reward 0 with the entry 0 in Q.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from bellcheck.mdp.arithmetic import Array, maximum
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, tables

from ..assumptions import discounted, no_terminals
from ..claim import Claim, cite
from ..definitions import action_values, optimal_values, policies_within
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import operators
from ..relation import Relation, all_of, at_most, equal, given

macqueen_porteus = Claim(
    id="bellman.macqueen-porteus",
    title="One sweep encloses q* and the values of the greedy policy, entry by entry",
    statement=r"TQ + \frac{\gamma \min(TQ-Q)}{1-\gamma} \le q_\pi \le q^* \le TQ + \frac{\gamma\max(TQ-Q)}{1-\gamma}",
    subject="operator",
    needs=(no_terminals, discounted),
    uses=(
        "bellman.contraction",
        "bellman.fixed-point-optimal",
        "bellman.least-supersolution",
        "bellman.monotone-convex-shift",
    ),
    sources=(cite("macqueen1966"), cite("porteus1971"), cite("puterman1994", "section 6.6", verified=False)),
)

_models = mdps(max_states=3)


def _values_of_greedy(mdp: FiniteMDP, q: Array) -> list[Array]:
    return [action_values(mdp, policy) for policy in policies_within(mdp, greedy_pairs(mdp, q))]


def _enclosed(mdp: FiniteMDP, q: Array, backup: Array, low: Any, high: Any) -> Relation:
    """Between TQ + gamma low / (1 - gamma) and TQ + gamma high / (1 - gamma): q* and every greedy policy's values."""
    below = backup + mdp.discount * low / (1 - mdp.discount)
    above = backup + mdp.discount * high / (1 - mdp.discount)
    best = optimal_values(mdp)
    return all_of([at_most(best, above), *(at_most(below, values) for values in _values_of_greedy(mdp, q))])


@macqueen_porteus.exact(mdp=mdps(max_states=3, terminal=False), q=tables)
def a_sweep_encloses(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """The lower bound holds for every policy that is greedy for Q, the upper one for q*."""
    backup = T(mdp, q)
    return _enclosed(mdp, q, backup, min(backup - q), max(backup - q))


macqueen_porteus.fails_without(no_terminals, by=a_sweep_encloses, mdp=_models)
macqueen_porteus.kept(
    discounted,
    because="Without discount and terminal states values are infinite sums. Multiplied by 1 - gamma the bounds say no "
    "more than m <= 0 <= M at discount 1, which is true where T has a fixed point.",
)
macqueen_porteus.attained(
    "one loop, whose residual is constant: both bounds are q*",
    by=a_sweep_encloses,
    mdp=self_loop(),
    q=self_loop().table(3),
)
macqueen_porteus.refutes(operators.undiscounted_backup, by=a_sweep_encloses)
macqueen_porteus.refutes(operators.doubled_reward, by=a_sweep_encloses)


@macqueen_porteus.too_strong(beside=a_sweep_encloses)
def with_one_more_step_in_place_of_all(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """gamma in place of gamma / (1 - gamma) accounts for one later step only."""
    backup = T(mdp, q)
    scale = 1 - mdp.discount
    return _enclosed(mdp, q, backup, min(backup - q) * scale, max(backup - q) * scale)


@macqueen_porteus.exact(mdp=_models, q=tables)
def a_sweep_encloses_with_terminal_states(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """With min(m, 0) and max(M, 0) the bounds hold where episodes end as well."""
    backup = T(mdp, q)
    return _enclosed(mdp, q, backup, min(fmpq(0), *(backup - q)), max(fmpq(0), *(backup - q)))


macqueen_porteus.attained(
    "one loop, from below", by=a_sweep_encloses_with_terminal_states, mdp=self_loop(), q=self_loop().table(3)
)
macqueen_porteus.refutes(operators.undiscounted_backup, by=a_sweep_encloses_with_terminal_states)
macqueen_porteus.refutes(operators.doubled_reward, by=a_sweep_encloses_with_terminal_states)


@macqueen_porteus.all_reals(mdp=symbolic_mdp(2, 2), q=symbolic_table, best=symbolic_table)
def a_sweep_encloses_the_fixed_point(T: Any, mdp: FiniteMDP, q: Array, best: Array) -> Relation:
    """gamma m <= (1 - gamma) (q* - TQ) <= gamma M wherever q* = T q*."""
    backup = T(mdp, q)
    low, high = -maximum(q - backup), maximum(backup - q)
    distance = (best - backup) * (1 - mdp.discount)
    enclosed = all_of([at_most(low * mdp.discount, distance), at_most(distance, high * mdp.discount)])
    return given(equal(T(mdp, best), best), enclosed)


@macqueen_porteus.too_strong(beside=a_sweep_encloses_the_fixed_point)
def the_fixed_point_is_one_step_away(T: Any, mdp: FiniteMDP, q: Array, best: Array) -> Relation:
    """Nor is q* within one discounted residual of TQ."""
    backup = T(mdp, q)
    return given(equal(T(mdp, best), best), at_most(best - backup, maximum(backup - q) * mdp.discount))


macqueen_porteus.attained(
    "one loop, at its value",
    by=a_sweep_encloses_the_fixed_point,
    mdp=self_loop(),
    q=self_loop().table(3),
    best=self_loop().table(10),
)
