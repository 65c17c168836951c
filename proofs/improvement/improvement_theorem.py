r"""Policy improvement: a policy whose every choice is at least as good as the old policy is at least as good.

.. math:: q_\pi(s, \pi'(s)) \ge v_\pi(s) \ \forall s \implies v_{\pi'}(s) \ge v_\pi(s) \ \forall s

and the conclusion is strict at every state where the hypothesis is.

Why: put the hypothesis into itself. v_pi(s) <= q_pi(s, pi'(s)) is one step of pi' followed by v_pi; bound that v_pi in
the same way, and again: after n steps of pi' what remains is discounted by gamma^n. The first step keeps its strictness.

The hypothesis is needed in *every* state: one worse choice can be reached from all the others. And the theorem is about
the value q_pi of a policy; along Q-learning Q_k is in general the value of no policy, and it says nothing there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array
from bellcheck.mdp.bellman import policy_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

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


def _no_worse_choices(mdp: FiniteMDP, policy: Array) -> st.SearchStrategy[Array]:
    """Deterministic policies that choose, in every state, among the actions with q_pi(s, a) >= v_pi(s)."""
    q = action_values(mdp, policy)
    v = policy_values(mdp, policy, q)
    choices = [[x for x in mdp.pairs_of(int(s)) if q[x] >= v[s]] for s in mdp.acting]
    return st.tuples(*map(st.sampled_from, choices)).map(lambda chosen: _deterministic(mdp.n_pairs, chosen))


_no_worse_choices.axis = "policy"  # type: ignore[attr-defined]


def _deterministic(n_pairs: int, chosen: tuple[int, ...]) -> Array:
    policy = np.zeros(n_pairs, dtype=object)
    policy[list(chosen)] = 1
    return policy


def _values(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> tuple[Array, Array, Array]:
    """Return v_pi, q_pi(s, pi'(s)) and v_pi' over the states that have actions."""
    q = evaluate(mdp, policy)
    v = policy_values(mdp, policy, q)[mdp.acting]
    chosen = policy_values(mdp, better, q)[mdp.acting]
    return v, chosen, policy_values(mdp, better, evaluate(mdp, better))[mdp.acting]


# Which actions are called 0 and 1 is a matter of names: (0, 0) to (1, 1) and (1, 0) are all changes of a 2 x 2 model.
@improvement_theorem.all_reals(mdp=symbolic_mdp(2, 2), policy=np.array([1, 0, 1, 0]), better=np.array([0, 1, 1, 0]))
@improvement_theorem.all_reals(mdp=symbolic_mdp(2, 2), policy=np.array([1, 0, 1, 0]), better=np.array([0, 1, 0, 1]))
@improvement_theorem.exact(mdp=mdps(), policy=policies, better=_no_worse_choices)
def better_choices_make_a_better_policy(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """v_pi' >= v_pi everywhere, and > wherever the new choice is strictly better."""
    v, chosen, v_better = _values(evaluate, mdp, policy, better)
    improved = [given(less_than(a, b), less_than(a, c)) for a, b, c in zip(v, chosen, v_better, strict=True)]
    return given(at_most(v, chosen), all_of([at_most(v, v_better), *improved]))


improvement_theorem.refutes(evaluations.two_sweeps, by=better_choices_make_a_better_policy)


@improvement_theorem.too_strong(beside=better_choices_make_a_better_policy, better=policies)
def one_better_choice_is_enough(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """The hypothesis at the first state alone does not help it: the other states may have become worse."""
    v, chosen, v_better = _values(evaluate, mdp, policy, better)
    return given(at_most(v[0], chosen[0]), at_most(v[0], v_better[0]))
