r"""Whatever the behaviour, Q-learning rests at q*; SARSA rests at the values of the best policy that goes on exploring.

.. math::
    \mathbb E[Q^+ \mid Q] = Q \iff Q = q^* \quad\text{for Q-learning, if every pair is visited,}

    \mathbb E[Q^+ \mid Q] = Q \iff Q = q_\varepsilon \quad\text{for SARSA with an epsilon-greedy behaviour,}

where q_epsilon is the largest q_pi of all policies that give each action at least epsilon / |A(s)|, and step sizes are
in (0, 1].

*Q-learning.* With x drawn from mu the mean update is Q + alpha mu (TQ - Q) (q-learning.one-step-expectation). With
positive weights mu it leaves Q alone only if TQ = Q, hence Q = q*. Any other table has an entry that moves by at least
alpha (min mu) (1 - gamma) ||Q - q*|| (bellman.residual-bounds). The behaviour decides how fast, not where. At a pair
that is never visited Q(x) may be anything.

*SARSA* bootstraps from the action a' that it takes next. If that is epsilon-greedy for Q, the mean over s' and a' is

    (T_eps Q)(x) = E[r + gamma ((1 - eps) max_b Q(s', b) + eps mean_b Q(s', b))],

at ties too, for all greedy actions have the same value. T_eps is a monotone gamma-contraction, because an average of
maximum and mean is monotone and nonexpansive. Let q_eps be its fixed point. A policy that gives each action at least
eps / |A(s)| is (1 - eps) pi' + eps uniform for some policy pi', so T_pi Q <= T_eps Q, with equality if pi' is greedy
for Q: therefore q_pi <= q_eps, and q_eps is q_pi of its own epsilon-greedy policy.

*The distance.* Let g(s) = v*(s) - mean_b q*(s, b), the price of one exploring step, 0 in terminal states. The first
iterate of T_eps from q* is q* - gamma eps E[g(s')]; the others go on falling to q_eps, each by at most gamma times as
much as the one before:

    gamma eps E[g(s') | x]  <=  q*(x) - q_eps(x)  <=  gamma eps max_y E[g(s') | y] / (1 - gamma).

So q_eps = q* only where exploring is free, and q_eps tends to q* like eps. The smallest case has one state and two
actions: loops that pay 1 and 2, at discount 1/2, have q* = (3, 4) and q_eps = (3 - eps/2, 4 - eps/2). It attains the
upper bound; a choice before the last step attains the lower one. Note that the epsilon-greedy policy *of q** is another
one, and not always the best: on the edge of a cliff q_eps is more careful.

This says where the mean update rests, not that a path gets there: for SARSA that is known if epsilon falls to 0 slowly
enough for every pair to be visited for ever.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact, exact_array, max_norm
from bellcheck.mdp.behaviour import epsilon_greedy, uniform
from bellcheck.mdp.examples import self_loop, two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, positive_distributions, tables, tied_to

from ..assumptions import discounted, every_pair_visited
from ..claim import Claim, cite
from ..definitions import action_values, deterministic_policies_of, optimal_values, state_value
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import learners, sarsa
from ..relation import Relation, all_of, at_most, equal, given

any_behaviour = Claim(
    id="q-learning.any-behaviour",
    title="Q-learning rests at q* whatever the behaviour; SARSA at the best policy that still explores",
    statement=r"\mathbb E[Q^+ \mid Q] = Q \iff Q = q^*\ \text{(Q-learning)},\quad"
    r" \mathbb E[Q^+ \mid Q] = Q \iff Q = q_\varepsilon\ \text{(SARSA)}",
    subject="q-learner",
    needs=(discounted, every_pair_visited),
    uses=(
        "q-learning.one-step-expectation",
        "bellman.contraction",
        "bellman.fixed-point-optimal",
        "bellman.residual-bounds",
    ),
    sources=(cite("sutton2018", "sections 6.4-6.5"), cite("singh2000")),
)

_models = mdps(max_states=2, discounts=["1/2", 0, "3/4", "9/10"])
_positive_steps = st.integers(1, 12).map(lambda twelfths: fmpq(twelfths, 12))
_epsilons = st.integers(0, 10).map(lambda tenths: fmpq(tenths, 10))


# -------------------------------------------------------------------- Q-learning


def _mean_after(update: Any, mdp: FiniteMDP, q: Array, mu: Array, step_size: Scalar) -> Array:
    """The mean of the table after one update of a pair drawn from mu."""
    return sum(
        update(mdp, q, x, k, step_size) * (mu[x] * mdp.probability[k])
        for x in range(mdp.n_pairs)
        for k in mdp.outcomes_of(x)
    )


@any_behaviour.enumerated(
    mdp=_models, q=tables, mu=positive_distributions, nu=positive_distributions, step_size=_positive_steps
)
def q_star_alone_is_at_rest(update: Any, mdp: FiniteMDP, q: Array, mu: Array, nu: Array, step_size: Scalar) -> Relation:
    """Under two behaviours: q* stays where it is, and another table moves by a share of its distance to q*."""
    best = optimal_values(mdp)
    relations = []
    for weights in (mu, nu):
        moved = max_norm(_mean_after(update, mdp, q, weights, step_size) - q)
        relations.append(equal(_mean_after(update, mdp, best, weights, step_size), best))
        relations.append(at_most(step_size * min(weights) * (1 - mdp.discount) * max_norm(q - best), moved))
    return all_of(relations)


any_behaviour.attained(
    "a single loop, which is visited always",
    by=q_star_alone_is_at_rest,
    mdp=lambda: self_loop(1, "1/2"),
    q=lambda: exact_array([0]),
    mu=lambda: exact_array([1]),
    nu=lambda: exact_array([1]),
    step_size=lambda: exact("1/2"),
)
for _mutant in (
    learners.behaviour_average,
    learners.undiscounted_target,
    learners.argmax_in_place_of_max,
    learners.minimum_in_place_of_maximum,
    learners.bootstrapped_end,
):
    any_behaviour.refutes(_mutant, by=q_star_alone_is_at_rest)


@any_behaviour.too_strong(beside=q_star_alone_is_at_rest)
def behaviours_move_alike(update: Any, mdp: FiniteMDP, q: Array, mu: Array, nu: Array, step_size: Scalar) -> Relation:
    """On the way the behaviour does matter."""
    first, second = (_mean_after(update, mdp, q, weights, step_size) for weights in (mu, nu))
    return equal(first, second)


def _symbolic_weights(name: str, *, positive: bool) -> Any:
    @tied_to("positive_distribution" if positive else "distribution")
    def draw(reals: Reals, mdp: FiniteMDP) -> Array:
        weights = reals.array(name, mdp.n_pairs)
        for weight in weights:
            reals.assume(weight > 0 if positive else weight >= 0)
        reals.assume(sum(weights[1:], weights[0]) == 1)
        return weights

    return draw


def _symbolic_step(reals: Reals) -> Scalar:
    step_size = reals.real("step_size")
    reals.assume(step_size > 0)
    reals.assume(step_size <= 1)
    return step_size


def _symbolic(mdp: Any) -> dict[str, Any]:
    return {
        "mdp": mdp,
        "q": symbolic_table,
        "w": symbolic_table,
        "mu": _symbolic_weights("mu", positive=True),
        "nu": _symbolic_weights("nu", positive=True),
        "step_size": _symbolic_step,
    }


@any_behaviour.all_reals(**_symbolic(symbolic_mdp(2, 2, terminal=1)))
@any_behaviour.all_reals(**_symbolic(symbolic_mdp(1, 2)))
def tables_at_rest_are_one(
    update: Any, mdp: FiniteMDP, q: Array, w: Array, mu: Array, nu: Array, step_size: Scalar
) -> Relation:
    """A table that rests under one behaviour and a table that rests under another are the same."""
    first, second = _mean_after(update, mdp, q, mu, step_size), _mean_after(update, mdp, w, nu, step_size)
    return given(all_of([equal(first, q), equal(second, w)]), equal(q, w))


any_behaviour.fails_without(every_pair_visited, by=tables_at_rest_are_one, mu=_symbolic_weights("mu", positive=False))
any_behaviour.fails_without(discounted, by=tables_at_rest_are_one, mdp=symbolic_mdp(1, 2, discounted=False))


# -------------------------------------------------------------------- SARSA


def _price_of_exploring(mdp: FiniteMDP, q: Array, state: int) -> fmpq:
    """V_Q(s) minus the mean of Q(s, .), 0 in terminal states."""
    row = mdp.pairs_of(state)
    return state_value(mdp, q, state) - sum((q[y] for y in row), fmpq(0)) / max(len(row), 1)


def _soft_backup(mdp: FiniteMDP, q: Array, epsilon: fmpq) -> Array:
    """T_epsilon Q, written out."""

    def value(state: int) -> fmpq:
        return state_value(mdp, q, state) - epsilon * _price_of_exploring(mdp, q, state)

    return exact_array(
        sum(
            mdp.probability[k] * (mdp.reward[k] + mdp.discount * value(int(mdp.next_state[k])))
            for k in mdp.outcomes_of(x)
        )
        for x in range(mdp.n_pairs)
    )


def _next_pairs(mdp: FiniteMDP, policy: Array, outcome: int) -> list[tuple[int | None, fmpq]]:
    row = mdp.pairs_of(int(mdp.next_state[outcome]))
    return [(y, policy[y]) for y in row] if row else [(None, fmpq(1))]


@any_behaviour.enumerated(of="sarsa", mdp=_models, q=tables, epsilon=_epsilons, step_size=_positive_steps)
def mean_of_sarsa_is_the_soft_backup(
    update: Any, mdp: FiniteMDP, q: Array, epsilon: fmpq, step_size: Scalar
) -> Relation:
    """Over all outcomes and all actions taken next, wherever the greedy behaviour sends a tie."""
    towards = (1 - step_size) * q + step_size * _soft_backup(mdp, q, epsilon)
    relations = []
    for ties in ("lowest", "split"):
        policy = epsilon_greedy(mdp, q, epsilon, ties)
        for x in range(mdp.n_pairs):
            mean = fmpq(0)
            for k in mdp.outcomes_of(x):
                for y, chance in _next_pairs(mdp, policy, k):
                    mean += mdp.probability[k] * chance * update(mdp, q, x, k, y, step_size)[x]
            relations.append(equal(mean, towards[x]))
    return all_of(relations)


for _mutant in (sarsa.best_value_of_next_state, sarsa.action_repeated, sarsa.end_bootstrapped):
    any_behaviour.refutes(_mutant, by=mean_of_sarsa_is_the_soft_backup)


@any_behaviour.exact(of="soft-solver", mdp=_models, epsilon=_epsilons)
def sarsa_rests_at_the_best_soft_policy(solve: Any, mdp: FiniteMDP, epsilon: fmpq) -> Relation:
    """The fixed point of T_epsilon is the best of all soft policies, by brute force, and near q* as stated."""
    rest, best = solve(mdp, epsilon).q, optimal_values(mdp)
    even = uniform(mdp)
    soft = [action_values(mdp, (1 - epsilon) * p + epsilon * even) for p in deterministic_policies_of(mdp)]
    price = (best - _soft_backup(mdp, best, fmpq(1))) * epsilon  # gamma eps E[g(s')]
    return all_of(
        [
            equal(_soft_backup(mdp, rest, epsilon), rest),
            equal(exact_array(max(q[x] for q in soft) for x in range(mdp.n_pairs)), rest),
            at_most(price, best - rest),
            at_most((1 - mdp.discount) * (best - rest), max_norm(price)),
        ]
    )


any_behaviour.attained(
    "two loops for the upper bound, at every pair",
    by=sarsa_rests_at_the_best_soft_policy,
    mdp=lambda: two_arms("1/2"),
    epsilon=lambda: exact("1/2"),
)


def _choice_before_the_end() -> FiniteMDP:
    return FiniteMDP.from_pairs(3, [(0, 0, [(1, 0, 1)]), (1, 0, [(1, 0, 2)]), (1, 1, [(1, 1, 2)])], "1/2")


any_behaviour.attained(
    "a choice before the last step for the lower bound, at every pair",
    by=sarsa_rests_at_the_best_soft_policy,
    mdp=_choice_before_the_end,
    epsilon=lambda: exact("1/2"),
)
any_behaviour.refutes(sarsa.exploring_left_out, by=sarsa_rests_at_the_best_soft_policy)


@any_behaviour.too_strong(beside=sarsa_rests_at_the_best_soft_policy)
def sarsa_rests_at_q_star(solve: Any, mdp: FiniteMDP, epsilon: fmpq) -> Relation:
    """As long as it explores it does not."""
    return equal(solve(mdp, epsilon).q, optimal_values(mdp))


@any_behaviour.fixture(of="soft-solver", mdp=lambda: two_arms("1/2"))
def two_loops_show_the_difference(solve: Any, mdp: FiniteMDP) -> Relation:
    """Loops that pay 1 and 2: SARSA rests at (3 - eps/2, 4 - eps/2); with epsilon 0 that would be q*."""
    epsilons = (fmpq(0), fmpq(1, 10), fmpq(1, 2), fmpq(1))
    return all_of([equal(solve(mdp, epsilon).q, exact_array([3, 4]) - epsilon / 2) for epsilon in epsilons])


any_behaviour.refutes(sarsa.exploring_left_out, by=two_loops_show_the_difference)


def _cliff() -> FiniteMDP:
    """State 0 pays 1 and stays, or leads to the edge, state 1, where a step pays 8 and a slip -24, and both end."""
    edge = [(1, 0, [(1, 8, 2)]), (1, 1, [(1, -24, 2)])]
    return FiniteMDP.from_pairs(3, [(0, 0, [(1, 1, 0)]), (0, 1, [(1, 0, 1)]), *edge], "1/2")


@any_behaviour.fixture(of="soft-solver", mdp=_cliff)
def sarsa_avoids_the_cliff(solve: Any, mdp: FiniteMDP) -> Relation:
    """q* = (3, 4, 8, -24) goes to the edge; with epsilon 1/2 half of all steps explore, and it is better to stay."""
    return all_of(
        [
            equal(optimal_values(mdp), exact_array([3, 4, 8, -24])),
            equal(solve(mdp, fmpq(1, 2)).q, exact_array(["8/5", 0, 8, -24])),
        ]
    )


any_behaviour.refutes(sarsa.greedy_for_q_star, by=sarsa_avoids_the_cliff)


# -------------------------------------------------------------------- there is one fixed point


@any_behaviour.all_reals(
    of="soft-operator",
    mdp=symbolic_mdp(2, 2, terminal=1),
    q=symbolic_table,
    w=symbolic_table,
    distance=symbolic_number("distance"),
    epsilon=symbolic_number("epsilon", 0, 1),
)
def soft_operator_contracts(
    T_eps: Any, mdp: FiniteMDP, q: Array, w: Array, distance: Scalar, epsilon: Scalar
) -> Relation:
    """Tables within any distance of each other are mapped to within gamma times that, so two cannot both rest.

    One direction is enough, for the tables may change places.
    """
    within = all_of([at_most(q - w, distance), at_most(w - q, distance)])
    return given(within, at_most(T_eps(mdp, q, epsilon) - T_eps(mdp, w, epsilon), mdp.discount * distance))


any_behaviour.refutes(sarsa.all_of_both, by=soft_operator_contracts)
