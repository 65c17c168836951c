r"""Among policies that explore, being epsilon-greedy for one's own values improves on them.

.. math:: \pi(a \mid s) \ge \frac{\varepsilon}{|A(s)|} \ \forall s, a, \quad
    \pi' \ \varepsilon\text{-greedy for } q_\pi \implies v_{\pi'}(s) \ge v_\pi(s) \ \forall s

Why: give every action its share epsilon / |A(s)| first; both policies do. What is left of pi, 1 - epsilon in all, is
spread over actions, and pi' puts all of it on a best one. A maximum is at least a mean, so

.. math:: \sum_a \pi'(a \mid s) q_\pi(s, a) = \frac{\varepsilon}{|A(s)|} \sum_a q_\pi(s, a)
    + (1 - \varepsilon) \max_a q_\pi(s, a) \ge \sum_a \pi(a \mid s) q_\pi(s, a) = v_\pi(s),

which is the hypothesis of the improvement theorem. That theorem covers policies that draw their actions: a mixture of
actions has rewards and transitions of its own, and may be called an action.

The epsilon is the same on both sides. A policy that explores less than pi' need not gain: pi' explores for it, and that
costs. Hence improvement within a fixed epsilon ends at the best policy that explores so much, not at an optimal one;
lowering epsilon between two steps is safe, raising it is not. |A(s)| is the state's own number of actions.
"""

from __future__ import annotations

from typing import Any

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact, exact_array, maximum
from bellcheck.mdp.behaviour import uniform
from bellcheck.mdp.bellman import policy_values
from bellcheck.mdp.examples import two_arms
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, step_sizes

from ..assumptions import discounted, epsilon_soft, finite
from ..claim import Claim, cite
from ..definitions import action_values
from ..draws import symbolic_number
from ..mutants import chain, policy_iterations
from ..relation import Relation, at_most, given

eps_soft = Claim(
    id="improvement.eps-soft",
    title="Epsilon-greedy for one's own values improves on every epsilon-soft policy",
    statement=r"\pi(a \mid s) \ge \varepsilon / |A(s)|,\ \pi' \ \varepsilon\text{-greedy for } q_\pi"
    r" \implies v_{\pi'}(s) \ge v_\pi(s) \ \forall s",
    subject="behaviour",
    needs=(finite, discounted, epsilon_soft),
    uses=("improvement.improvement-theorem",),
    sources=(cite("sutton2018", "(5.2)"),),
)
eps_soft.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many actions epsilon / |A(s)| is 0, and no"
    " best action need exist.",
)


# -------------------------------------------------------------------- one state, all values and all policies


def _distribution(size: int) -> Any:
    def draw(reals: Reals) -> Array:
        chances = reals.array("pi", size)
        reals.assume(sum(chances[1:], chances[0]) == 1)
        for chance in chances:
            reals.suggest(chance * size == 1)
        return chances

    return draw


def _values(size: int) -> Any:
    return lambda reals: reals.array("q", size)


@eps_soft.all_reals(q=_values(2), chances=_distribution(2), epsilon=symbolic_number("epsilon", 0, 1))
@eps_soft.all_reals(q=_values(3), chances=_distribution(3), epsilon=symbolic_number("epsilon", 0, 1))
@eps_soft.all_reals(q=_values(4), chances=_distribution(4), epsilon=symbolic_number("epsilon", 0, 1))
def mean_choice_is_at_least_as_good(_: Any, q: Array, chances: Array, epsilon: Scalar) -> Relation:
    """The inequality of the proof, in a state with 2, 3 or 4 actions."""
    soft = at_most(epsilon, len(q) * chances)
    return given(soft, at_most((chances * q).sum(), epsilon * q.sum() / len(q) + (1 - epsilon) * maximum(q)))


@eps_soft.too_strong(beside=mean_choice_is_at_least_as_good)
def no_policy_is_better(_: Any, q: Array, chances: Array, epsilon: Scalar) -> Relation:
    """A policy that explores less may be better than one that must explore."""
    return given(
        at_most(0 * epsilon, chances),
        at_most((chances * q).sum(), epsilon * q.sum() / len(q) + (1 - epsilon) * maximum(q)),
    )


# -------------------------------------------------------------------- whole models, in rationals


@eps_soft.exact(mdp=mdps(), base=policies, epsilon=step_sizes(), softness=1)
def exploring_greedily_improves(behave: Any, mdp: FiniteMDP, base: Array, epsilon: Scalar, softness: int) -> Relation:
    """The old policy is `base`, but explores with probability epsilon (with `softness` 0 not at all)."""
    explored = softness * epsilon
    policy = explored * uniform(mdp) + (1 - explored) * base
    q = action_values(mdp, policy)
    better = behave(mdp, q, epsilon)
    new = policy_values(mdp, better, action_values(mdp, better))
    return at_most(policy_values(mdp, policy, q)[mdp.acting], new[mdp.acting])


eps_soft.attained(
    "a policy that is epsilon-greedy for its own values stays",
    by=exploring_greedily_improves,
    mdp=two_arms,
    base=lambda: exact_array([0, 1]),
    epsilon=lambda: exact("1/2"),
)
eps_soft.refutes(chain.least_greedy, by=exploring_greedily_improves)
eps_soft.refutes(policy_iterations.exploring_elsewhere, by=exploring_greedily_improves)
eps_soft.fails_without(epsilon_soft, by=exploring_greedily_improves, softness=0)
# To stay pays nothing, to leave pays 1: who means to leave sees no loss in one step of staying, and stays for ever.
eps_soft.fails_without(
    discounted,
    by=exploring_greedily_improves,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 0)]), (0, 1, [(1, 1, 1)])], discount=1),
    base=lambda: exact_array([0, 1]),
    epsilon=lambda: exact(0),
)


@eps_soft.too_strong(beside=exploring_greedily_improves)
def exploring_more_improves(behave: Any, mdp: FiniteMDP, base: Array, epsilon: Scalar, softness: int) -> Relation:
    """With half of what was left to greed given to exploration: a soft policy is not soft for a larger epsilon."""
    explored = softness * epsilon
    policy = explored * uniform(mdp) + (1 - explored) * base
    q = action_values(mdp, policy)
    better = behave(mdp, q, (1 + epsilon) / 2)
    new = policy_values(mdp, better, action_values(mdp, better))
    return at_most(policy_values(mdp, policy, q)[mdp.acting], new[mdp.acting])
