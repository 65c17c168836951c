r"""Other rewards, known values: a factor, a constant, a potential, and no future.

.. math:: r \mapsto a r + b: \ v^* \mapsto a v^* + \tfrac{b}{1-\gamma}, \qquad
    r \mapsto r + \gamma \Phi(s') - \Phi(s): \ v^* \mapsto v^* - \Phi, \qquad
    \gamma = 0: \ v^*(s) = \max_a \mathbb E[r \mid s, a]

for a > 0, with b only where no episode ends, and Phi = 0 at ends.

Why: write c = b / (1 - gamma), so that b + gamma c = c. T of the new rewards takes a Q + c to a TQ + c, for a maximum
passes through an increasing affine map; so it has the fixed point a q* + c. With a potential it takes Q - Phi to
TQ - Phi: what is taken off at s comes back, discounted, from where Phi(s') was added. At discount 0 nothing follows.

These laws judge a solver without knowing a single value: it solves two models, and what it says of one must fit what it
says of the other, each within epsilon. A discount that is lost keeps the first law, and breaks the others: a constant
b then adds b for each step that is counted, and at discount 0 there are later steps.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact, exact_array
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, state_tables, tables
from bellcheck.mdp.transform import affine_rewards, shaped

from ..assumptions import discounted, no_terminals, positive_scale, terminal_potential_zero
from ..claim import Claim, cite
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import operators, planners, solvers
from ..relation import Relation, all_of, at_most, equal
from ..transformations import any_number, negative_numbers, positive_numbers, potentials

reward_laws = Claim(
    id="bellman.reward-laws",
    title="What a factor, a constant and a potential do to optimal values, and what is left at discount 0",
    statement=r"r \mapsto a r + b: v^* \mapsto a v^* + \tfrac{b}{1-\gamma};\quad"
    r" r \mapsto r + \gamma\Phi(s') - \Phi(s): v^* \mapsto v^* - \Phi;\quad \gamma = 0: v^* = \max_a \mathbb E[r]",
    subject="solver",
    needs=(discounted, no_terminals, positive_scale, terminal_potential_zero),
    uses=("bellman.fixed-point-optimal", "bellman.solver-promise"),
    sources=(cite("ng1999"),),
)
reward_laws.kept(
    discounted,
    because="At discount 1 b / (1 - gamma) is a division by 0 unless b = 0; the other laws ask for no discount.",
)

_discounts = ["1/2", 0, "3/4", "9/10", "99/100"]
_epsilons = st.sampled_from(exact_array([1, "1/2", "1/10", "1/100"]).tolist())

# -------------------------------------------------------------------- one backup


def _positive(reals: Reals) -> Scalar:
    number = reals.real("a")
    reals.assume(number > 0)
    return number


@reward_laws.all_reals(
    of="operator", mdp=symbolic_mdp(2, 2), q=symbolic_table, scale=_positive, constant=symbolic_number("c")
)
@reward_laws.exact(
    of="operator", mdp=mdps(max_states=3, terminal=False), q=tables, scale=positive_numbers, constant=any_number
)
def mapped_tables_have_mapped_backups(T: Any, mdp: FiniteMDP, q: Array, scale: Scalar, constant: Scalar) -> Relation:
    """On the rewards a r + (1 - gamma) c the backup of a Q + c is a TQ + c."""
    model = affine_rewards(mdp, scale, (1 - mdp.discount) * constant)
    return equal(T(model, q * scale + constant), T(mdp, q) * scale + constant)


reward_laws.refutes(operators.undiscounted_backup, by=mapped_tables_have_mapped_backups)


def _potential(reals: Reals, mdp: FiniteMDP) -> Array:
    return reals.array("Phi", mdp.n_states)


@reward_laws.all_reals(of="operator", mdp=symbolic_mdp(2, 2), q=symbolic_table, potential=_potential)
@reward_laws.exact(of="operator", mdp=mdps(max_states=3), q=tables, potential=potentials)
def shaped_tables_have_shaped_backups(T: Any, mdp: FiniteMDP, q: Array, potential: Array) -> Relation:
    """On the rewards r + gamma Phi(s') - Phi(s) the backup of Q - Phi is TQ - Phi."""
    above = potential[mdp.pair_state]
    return equal(T(shaped(mdp, potential), q - above), T(mdp, q) - above)


reward_laws.refutes(operators.undiscounted_backup, by=shaped_tables_have_shaped_backups)


def _mean_rewards(mdp: FiniteMDP) -> Array:
    return exact_array(
        sum((mdp.probability[k] * mdp.reward[k] for k in mdp.outcomes_of(x)), exact(0)) for x in range(mdp.n_pairs)
    )


@reward_laws.exact(of="operator", mdp=mdps(max_states=3, discounts=[0]), q=tables)
def without_a_future_a_backup_is_the_mean_reward(T: Any, mdp: FiniteMDP, q: Array) -> Relation:
    """At discount 0 TQ is E[r | s, a], whatever Q is."""
    return equal(T(mdp, q), _mean_rewards(mdp))


reward_laws.refutes(operators.undiscounted_backup, by=without_a_future_a_backup_is_the_mean_reward)


@reward_laws.exact(of="policy-operator", mdp=mdps(max_states=3, discounts=[0]), policy=policies, q=tables)
def without_a_future_so_is_a_backup_of_a_policy(T_pi: Any, mdp: FiniteMDP, policy: Array, q: Array) -> Relation:
    """At discount 0 T_pi Q is E[r | s, a], whatever Q and pi are."""
    return equal(T_pi(mdp, policy, q), _mean_rewards(mdp))


reward_laws.refutes(operators.undiscounted_policy_backup, by=without_a_future_so_is_a_backup_of_a_policy)

# -------------------------------------------------------------------- two models solved


def _fits(solve: Any, plain: FiniteMDP, mapped: FiniteMDP, epsilon: Scalar, scale: Scalar, shift: Any) -> Relation:
    """Of each state that acts: the values of the one model, times `scale` plus `shift`, are those of the other.

    Each may be off by epsilon. Unless both are answered, nothing is compared.
    """
    plans = [solve(model, epsilon) for model in (plain, mapped)]
    if not all(plan.answered for plan in plans):
        return all_of([])
    off = plans[1].values - (plans[0].values * scale + shift)
    return at_most(abs(off[plain.acting]), (1 + abs(scale)) * epsilon)


@reward_laws.exact(mdp=mdps(max_states=3, discounts=_discounts), epsilon=_epsilons, scale=positive_numbers)
def values_scale(solve: Any, mdp: FiniteMDP, epsilon: Scalar, scale: Scalar) -> Relation:
    """Rewards times a > 0 give values times a, within (1 + a) epsilon."""
    return _fits(solve, mdp, affine_rewards(mdp, scale, 0), epsilon, scale, exact(0))


@reward_laws.exact(mdp=mdps(max_states=3, terminal=False, discounts=_discounts), epsilon=_epsilons, shift=any_number)
def values_shift(solve: Any, mdp: FiniteMDP, epsilon: Scalar, shift: Scalar) -> Relation:
    """Where nothing ends, rewards plus b give values plus b / (1 - gamma), within 2 epsilon."""
    return _fits(solve, mdp, affine_rewards(mdp, 1, shift), epsilon, exact(1), shift / (1 - mdp.discount))


@reward_laws.exact(mdp=mdps(max_states=3, discounts=_discounts), epsilon=_epsilons, potential=potentials)
def values_lose_the_potential(solve: Any, mdp: FiniteMDP, epsilon: Scalar, potential: Array) -> Relation:
    """Rewards r + gamma Phi(s') - Phi(s) give values less Phi(s), within 2 epsilon, if Phi is 0 at ends."""
    return _fits(solve, mdp, shaped(mdp, potential), epsilon, exact(1), -potential)


def _best_mean_rewards(mdp: FiniteMDP) -> Array:
    mean = _mean_rewards(mdp)
    return exact_array(max((mean[x] for x in mdp.pairs_of(s)), default=exact(0)) for s in range(mdp.n_states))


@reward_laws.exact(mdp=mdps(max_states=3, discounts=[0]), epsilon=_epsilons)
def without_a_future_the_best_mean_reward_is_left(solve: Any, mdp: FiniteMDP, epsilon: Scalar) -> Relation:
    """At discount 0 values are the largest mean reward of each state, within epsilon."""
    plan = solve(mdp, epsilon)
    return at_most(abs(plan.values - _best_mean_rewards(mdp)), epsilon) if plan.answered else all_of([])


@reward_laws.exact(of="policy-iteration", mdp=mdps(max_states=3, discounts=[0]))
def without_a_future_it_is_left_exactly(iterate: Any, mdp: FiniteMDP) -> Relation:
    """At discount 0 policy iteration finds just the largest mean reward of each state."""
    plan = iterate(mdp)
    return equal(plan.values, _best_mean_rewards(mdp)) if plan.answered else all_of([])


reward_laws.refutes(solvers.span_without_correction, by=values_scale)
reward_laws.refutes(solvers.span_without_correction, by=values_shift)
reward_laws.refutes(solvers.span_without_correction, by=values_lose_the_potential)
reward_laws.refutes(solvers.undiscounted_sweeps, by=without_a_future_the_best_mean_reward_is_left)
reward_laws.refutes(planners.undiscounted_evaluation, by=without_a_future_it_is_left_exactly)

reward_laws.fails_without(positive_scale, by=values_scale, scale=negative_numbers)
reward_laws.fails_without(no_terminals, by=values_shift, mdp=mdps(max_states=2, discounts=_discounts))
reward_laws.fails_without(terminal_potential_zero, by=values_lose_the_potential, potential=state_tables)

# Binary64 has no third. It misses 1/3 by this much, 2/3 by twice as much, and 1 by nothing.
_third = self_loop("1/3", discount=0)
_missing = exact("1/3") - exact(1 / 3)
reward_laws.attained(
    "three times a third", by=values_scale, mdp=_third, epsilon=_missing * exact("3/4"), scale=exact(3)
)
reward_laws.attained("a third and a third", by=values_shift, mdp=_third, epsilon=_missing / 2, shift=exact("1/3"))
reward_laws.attained(
    "a third, and a potential of minus a third",
    by=values_lose_the_potential,
    mdp=_third,
    epsilon=_missing / 2,
    potential=exact_array(["-1/3"]),
)
reward_laws.attained("a third", by=without_a_future_the_best_mean_reward_is_left, mdp=_third, epsilon=_missing)
