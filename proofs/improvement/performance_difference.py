r"""The gain of one policy over another is the advantage of its choices, added up along its own path.

.. math:: q_{\pi'} - q_\pi = (I - \gamma P_{\pi'})^{-1} \, (T_{\pi'} q_\pi - q_\pi),
    \qquad P_{\pi'}((s, a), (s', a')) = p(s' \mid s, a) \, \pi'(a' \mid s')

and for states v_pi' - v_pi is, from s, the sum over k of gamma^k times the mean of q_pi(S_k, A_k) - v_pi(S_k) on pi'.

Why: T_pi' q = r + gamma P_pi' q = r + q - D q with D = I - gamma P_pi', and q_pi' = D^-1 r solves q = T_pi' q. So

.. math:: D^{-1} (T_{\pi'} q_\pi - q_\pi) = D^{-1} (r - D q_\pi) = D^{-1} r - q_\pi = q_{\pi'} - q_\pi.

Written as a sum: with A = T_pi' q_pi - q_pi, n steps leave (gamma P_pi')^n (q_pi' - q_pi), which each step splits into
(gamma P_pi')^n A and the next remainder.

This is policy improvement with the amount: P_pi' has no negative entry, so A >= 0 gives q_pi' >= q_pi. The weights are
those of the *new* policy's path, which is what makes the identity exact and hard to estimate from old data. With the
old policy's matrix it holds to first order in the change of policy only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq_mat

from bellcheck.mdp.arithmetic import Array, exact_array
from bellcheck.mdp.bellman import policy_operator, policy_values
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, policies

from ..assumptions import discounted, finite
from ..claim import Claim, cite, lean
from ..definitions import action_values
from ..mutants import evaluations
from ..relation import Relation, all_of, equal

performance_difference = Claim(
    id="improvement.performance-difference",
    title="A policy's gain is the advantage of its choices, added up along its own path",
    statement=r"q_{\pi'} - q_\pi = (I - \gamma P_{\pi'})^{-1}\,(T_{\pi'} q_\pi - q_\pi)",
    subject="evaluation",
    needs=(finite, discounted),
    sources=(cite("kakade2002", "Lemma 6.1"),),
    proved_in=(lean("pdl_one_step", library="jin-yidan/verified-rl"),),
)
performance_difference.kept(
    finite,
    because="Only finite models can be written down here. With infinitely many pairs and bounded rewards the inverse is"
    " the sum of the powers of gamma P; with unbounded rewards the values need not exist.",
)
performance_difference.kept(
    discounted,
    because="At discount 1 the inverse exists just if the new policy ends from every state, and then the same lines"
    " prove the same identity; otherwise values need not exist, and there is nothing to compare.",
)


# -------------------------------------------------------------------- any number of pairs: matrices of any size


def _matrices() -> tuple[Any, ...]:
    """D = I - gamma P_pi', its like for pi, the rewards r: their products do not commute; and gamma, which does."""
    import sympy

    return (*sympy.symbols("D D_pi r", commutative=False), sympy.Symbol("gamma", positive=True))


def _one_pair() -> tuple[Any, ...]:
    """A loop that pays 1, at discount 1/2: it goes on under the new policy, and ends under the old one."""
    import sympy

    return sympy.Rational(1, 2), sympy.Integer(1), sympy.Integer(1), sympy.Rational(1, 2)


@performance_difference.symbolic(matrices=_matrices)
def gain_is_the_advantage_along_the_new_path(_: Any, matrices: tuple[Any, ...]) -> Relation:
    """The chain of equalities above, in matrices that need not commute."""
    new, old, rewards, discount = matrices
    q, q_new, chain = old**-1 * rewards, new**-1 * rewards, (1 - new) / discount
    links = [
        new**-1 * (rewards + discount * chain * q - q),
        new**-1 * (rewards - new * q),
        new**-1 * rewards - q,
        q_new - q,
    ]
    solves = equal(rewards + discount * chain * q_new, q_new)
    return all_of([solves, *(equal(a, b) for a, b in pairwise(links))])


@performance_difference.too_strong(beside=gain_is_the_advantage_along_the_new_path, matrices=_one_pair)
def gain_is_the_advantage_along_the_old_path(_: Any, matrices: tuple[Any, ...]) -> Relation:
    """The advantage of the new policy's choices, met as often as the old policy meets them."""
    new, old, rewards, _discount = matrices
    q = old**-1 * rewards
    return equal(old**-1 * (rewards - new * q), new**-1 * rewards - q)


def _powers() -> tuple[Any, ...]:
    """gamma P_pi', the gain q_pi' - q_pi, and the number n of steps."""
    import sympy

    return (*sympy.symbols("G h", commutative=False), sympy.Symbol("n", integer=True, nonnegative=True))


def _one_step() -> tuple[Any, ...]:
    """The loop once more: gamma P_pi' = 1/2, and a gain of 1."""
    import sympy

    return sympy.Rational(1, 2), sympy.Integer(1), sympy.Integer(1)


@performance_difference.symbolic(powers=_powers)
def each_step_takes_its_share(_: Any, powers: tuple[Any, ...]) -> Relation:
    """(gamma P')^n (q' - q) is (gamma P')^n A and what remains after n + 1 steps, for every n: A = (I - gamma P') h."""
    step, gain, n = powers
    return equal(step**n * gain, step**n * (gain - step * gain) + step ** (n + 1) * gain)


@performance_difference.too_strong(beside=each_step_takes_its_share, powers=_one_step)
def each_step_takes_the_first_share(_: Any, powers: tuple[Any, ...]) -> Relation:
    """As if every step gained what the first does: the choices count where the path has come to by then."""
    step, gain, n = powers
    return equal(step**n * gain, (gain - step * gain) + step ** (n + 1) * gain)


# -------------------------------------------------------------------- the identity, in rationals


def _inverse(mdp: FiniteMDP, policy: Array) -> fmpq_mat:
    """Return (I - gamma P_pi)^-1, written out over outcomes."""
    n = mdp.n_pairs
    matrix = fmpq_mat(n, n)
    for x in range(n):
        matrix[x, x] += 1
        for k in mdp.outcomes_of(x):
            for y in mdp.pairs_of(int(mdp.next_state[k])):
                matrix[x, y] -= mdp.discount * mdp.probability[k] * policy[y]
    return matrix.inv()


def _times(matrix: fmpq_mat, vector: Array) -> Array:
    return exact_array((matrix * fmpq_mat(len(vector), 1, list(vector))).entries())


@performance_difference.exact(mdp=mdps(), policy=policies, better=policies)
def gain_in_every_pair(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """The identity for two arbitrary policies, none of them better."""
    q = evaluate(mdp, policy)
    advantage = policy_operator(mdp, better, q) - q
    return equal(evaluate(mdp, better) - q, _times(_inverse(mdp, better), advantage))


performance_difference.refutes(evaluations.one_sweep, by=gain_in_every_pair)


@performance_difference.too_strong(beside=gain_in_every_pair)
def gain_along_the_old_path(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """With the old policy's matrix: where the new policy goes is forgotten."""
    q = evaluate(mdp, policy)
    advantage = policy_operator(mdp, better, q) - q
    return equal(evaluate(mdp, better) - q, _times(_inverse(mdp, policy), advantage))


def _discounted_visits(mdp: FiniteMDP, policy: Array) -> np.ndarray:
    """Return, for each pair of acting states, the sum over k of gamma^k P(S_k = s' | S_0 = s): at once, by a solve."""
    n = len(mdp.acting)
    position = {int(state): i for i, state in enumerate(mdp.acting)}
    matrix = fmpq_mat(n, n)
    for i in range(n):
        matrix[i, i] += 1
    for x in range(mdp.n_pairs):
        for k in mdp.outcomes_of(x):
            if int(mdp.next_state[k]) in position:
                row, column = position[int(mdp.pair_state[x])], position[int(mdp.next_state[k])]
                matrix[row, column] -= mdp.discount * policy[x] * mdp.probability[k]
    return exact_array(matrix.inv().entries()).reshape(n, n)


@performance_difference.exact(mdp=mdps(), policy=policies, better=policies)
def gain_in_every_state(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """v_pi' - v_pi is the sum over states of discounted visits by pi' times the mean advantage of its action there."""
    q = evaluate(mdp, policy)
    v, v_new = policy_values(mdp, policy, q), policy_values(mdp, better, evaluate(mdp, better))
    advantage = policy_values(mdp, better, q) - v
    visits = _discounted_visits(mdp, better)
    return equal((v_new - v)[mdp.acting], visits.dot(advantage[mdp.acting]))


performance_difference.refutes(evaluations.one_sweep, by=gain_in_every_state)


@performance_difference.too_strong(beside=gain_in_every_state)
def gain_is_the_first_advantage(evaluate: Any, mdp: FiniteMDP, policy: Array, better: Array) -> Relation:
    """Only the first choice counted: its advantage is a bound where later ones gain too, not the gain."""
    v = policy_values(mdp, policy, action_values(mdp, policy))
    v_new = policy_values(mdp, better, action_values(mdp, better))
    return equal((v_new - v)[mdp.acting], (policy_values(mdp, better, evaluate(mdp, policy)) - v)[mdp.acting])
