r"""SARSA: the update that bootstraps from the action taken next, and where it comes to rest under constant exploration.

.. math::
    Q(s, a) \leftarrow (1 - \alpha)\, Q(s, a) + \alpha \bigl(r + \gamma\, Q(s', a')\bigr),
        \qquad a' \sim \pi(\cdot \mid s')

    (T_\varepsilon Q)(s, a) = \mathbb E\bigl[r + \gamma \bigl((1 - \varepsilon) \max\nolimits_b Q(s', b)
        + \varepsilon \operatorname{mean}\nolimits_b Q(s', b)\bigr)\bigr]

Expected SARSA takes the mean over a' in place of a sample (Sutton and Barto 2018, section 6.4). If pi is
epsilon-greedy for Q itself both move on average towards T_epsilon Q, whichever greedy action a tie goes to. T_epsilon
is a gamma-contraction like T, and its fixed point is the largest q_pi of all policies that give every action at least
epsilon / |A(s)|: policy iteration with epsilon-greedy policies ends there.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import Array, Scalar, segment_sum, zeros
from .behaviour import epsilon_greedy
from .bellman import expected_backup, policy_values, state_values
from .model import FiniteMDP
from .rationals import number_from_outside
from .solve import Solution, evaluate, require_proper

__all__ = ["expected_update", "soft_optimality_operator", "soft_policy_iteration", "update"]


def update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, next_pair: int | None, step_size: Scalar) -> Array:
    """Return a new table in which Q(x) has become (1 - alpha) Q(x) + alpha (r + gamma Q(x')), x being `pair`.

    `next_pair` is x' = (s', a'), the pair that the learner takes next, or None where the outcome is terminal.
    """
    value = zeros(q, 1)[0] if next_pair is None else q[next_pair]
    return _moved(mdp, q, pair, outcome, value, step_size)


def expected_update(mdp: FiniteMDP, q: Array, pair: int, outcome: int, policy: Array, step_size: Scalar) -> Array:
    """Return the new table of expected SARSA, whose target has the mean of Q(s', .) under an (N,) `policy`."""
    value = policy_values(mdp, policy, q)[mdp.next_state[outcome]]
    return _moved(mdp, q, pair, outcome, value, step_size)


def _moved(mdp: FiniteMDP, q: Array, pair: int, outcome: int, value: Scalar, step_size: Scalar) -> Array:
    changed = q[np.arange(len(q))]
    changed[pair] = (1 - step_size) * q[pair] + step_size * (mdp.reward[outcome] + mdp.discount * value)
    return changed


def soft_optimality_operator(mdp: FiniteMDP, q: Array, epsilon: Scalar) -> Array:
    """Return T_epsilon Q for a table `q` of shape (N,); `epsilon` is a number of its arithmetic, in [0, 1]."""
    return expected_backup(mdp, _soft_values(mdp, q, epsilon))


def _soft_values(mdp: FiniteMDP, q: Array, epsilon: Scalar) -> Array:
    values = state_values(mdp, q)
    mean = segment_sum(q, mdp.acting_start) / np.diff(mdp.pair_start)[mdp.acting]
    values[mdp.acting] = values[mdp.acting] * (1 - epsilon) + mean * epsilon
    return values


def soft_policy_iteration(mdp: FiniteMDP, epsilon: object) -> Solution:
    """Return the fixed point of T_epsilon of an exact model, its state values and an epsilon-greedy policy that has it.

    Each policy is epsilon-greedy for the table of the one before. No value falls and, unless the table is the fixed
    point, one rises, so that no policy comes back. Raises `ImproperPolicy` at discount 1 unless every policy
    terminates, and `InvalidBehaviour` if `epsilon` is not in [0, 1].
    """
    require_proper(mdp)
    policy = epsilon_greedy(mdp, mdp.table(0), epsilon)
    chance = number_from_outside(epsilon)
    iterations = 1
    q = evaluate(mdp, policy)
    while not np.array_equal(soft_optimality_operator(mdp, q, chance), q):
        policy = epsilon_greedy(mdp, q, chance)
        q = evaluate(mdp, policy)
        iterations += 1
    return Solution(q, _soft_values(mdp, q, chance), policy, iterations)
