r"""Policy improvement: a policy whose every choice is at least as good as the old policy is at least as good.

.. math:: q_\pi(s, \pi'(s)) \ge v_\pi(s) \ \forall s \implies v_{\pi'}(s) \ge v_\pi(s) \ \forall s

and the conclusion is strict at every state where the hypothesis is.

Why: put the hypothesis into itself. v_pi(s) <= q_pi(s, pi'(s)) is one step of pi' followed by v_pi; bound that v_pi in
the same way, and again: after n steps of pi' what remains is discounted by gamma^n. The first step stays strict.

The hypothesis is needed in *every* state: one worse choice can be reached from all the others. So is the discount, for
what remains after n steps must vanish: at discount 1, where leaving pays 1, staying looks as good, since one can leave
later; but whoever stays for ever gets 0. And the theorem is about the value q_pi of a policy; along Q-learning Q_k is
in general the value of no policy, and it says nothing there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import policy_values
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies, tables

from ..assumptions import discounted, finite, greedy_improvement
from ..claim import Claim, cite, isabelle, lean, rocq
from ..definitions import action_values
from ..draws import symbolic_mdp
from ..mutants import evaluations
from ..relation import Relation, all_of, at_most, given, less_than

improvement_theorem = Claim(
    id="improvement.improvement-theorem",
    title="A policy whose every choice is at least as good is at least as good",
    statement=r"q_\pi(s, \pi'(s)) \ge v_\pi(s) \ \forall s \implies v_{\pi'}(s) \ge v_\pi(s) \ \forall s",
    subject="evaluation",
    needs=(finite, discounted, greedy_improvement),
    sources=(cite("sutton2018", "(4.7)-(4.8)"),),
    proved_in=(
        rocq("policy_improvement_1"),
        lean("DP.policy_improvement_theorem", library="prove2me/formalpedia, SuttonBartoRL"),
        isabelle("policy_eval_mon"),
    ),
)


def _values(mdp: FiniteMDP, policy: Array, q: Array) -> Array:
    return policy_values(mdp, policy, q)[mdp.acting]


# Which action is called 1 is a matter of names, and actions may be equal: this pair stands for all pairs at 2 x 2.
@improvement_theorem.all_reals(mdp=symbolic_mdp(2, 2), policy=np.array([1, 0, 1, 0]), better=np.array([0, 1, 0, 1]))
def better_choices_make_a_better_policy(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """v_pi' >= v_pi everywhere, and > wherever the new choice is strictly better."""
    q = evaluate(mdp, policy)
    v, chosen = _values(mdp, policy, q), _values(mdp, better, q)
    v_better = _values(mdp, better, evaluate(mdp, better))
    improved = [given(less_than(a, b), less_than(a, c)) for a, b, c in zip(v, chosen, v_better, strict=True)]
    return given(at_most(v, chosen), all_of([at_most(v, v_better), *improved]))


@improvement_theorem.too_strong(beside=better_choices_make_a_better_policy)
def one_better_choice_is_enough(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """The hypothesis at the first state alone does not help it: the other state may have become worse."""
    q = evaluate(mdp, policy)
    v, chosen = _values(mdp, policy, q), _values(mdp, better, q)
    return given(at_most(v[0], chosen[0]), at_most(v[0], _values(mdp, better, evaluate(mdp, better))[0]))


def _paid_in_advance(mdp: FiniteMDP) -> FiniteMDP:
    """Pay for each state on the way in and charge for it on the way out: values order the actions, rewards do not."""
    price = exact_array(100 * (state + 1) * bool(mdp.pairs_of(state)) for state in range(mdp.n_states))
    left = np.repeat(mdp.pair_state, np.diff(mdp.outcome_start))
    return replace(mdp, reward=mdp.reward + mdp.discount * price[mdp.next_state] - price[left])


_models = st.one_of(mdps(), mdps().map(_paid_in_advance))


@improvement_theorem.exact(mdp=_models, policy=policies, preference=tables, worse_by=0)
def improving_on_its_own_evaluation(
    evaluate: Any, mdp: FiniteMDP, policy: Array, preference: Array, worse_by: int
) -> Relation:
    """Whoever evaluates, chooses by it among the no worse actions, and follows them, gains in true value.

    `preference` picks one of the actions with q_pi(s, a) >= v_pi(s) - `worse_by`, so that greedy is only one case of
    many.
    """
    q = evaluate(mdp, policy)
    v = policy_values(mdp, policy, q)
    better = mdp.table(0)
    for state in mdp.acting:
        no_worse = [x for x in mdp.pairs_of(int(state)) if q[x] >= v[state] - worse_by]
        better[max(no_worse, key=lambda x: preference[x])] = fmpq(1)
    gained = _values(mdp, better, q) > _values(mdp, policy, q)
    old, new = (_values(mdp, chosen, action_values(mdp, chosen)) for chosen in (policy, better))
    return all_of([at_most(old, new), *(less_than(a, b) for a, b, more in zip(old, new, gained, strict=True) if more)])


improvement_theorem.refutes(evaluations.one_sweep, by=improving_on_its_own_evaluation)
improvement_theorem.fails_without(greedy_improvement, by=improving_on_its_own_evaluation, worse_by=100)
# To stay is preferred, and pays nothing; to leave pays 1.
improvement_theorem.fails_without(
    discounted,
    by=improving_on_its_own_evaluation,
    mdp=lambda: FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)]), (0, 1, [(1, 0, 0)])], discount=1),
    policy=lambda: exact_array([1, 0]),
    preference=lambda: exact_array([0, 1]),
)
improvement_theorem.kept(
    finite,
    because="Only finite models can be written down here. The proof asks that v_pi be bounded, for its remainder to"
    " vanish, as it is if rewards are.",
)
improvement_theorem.attained(
    "a policy without alternative, which is its own improvement",
    by=improving_on_its_own_evaluation,
    mdp=self_loop,
    policy=lambda: exact_array([1]),
    preference=lambda: exact_array([0]),
)
