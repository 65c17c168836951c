r"""Transformations of models under which the theory says what happens: other rewards, other names.

==================  ================================================  =============================================
function            reward of an outcome, or pair (s, a)              what is known of it
==================  ================================================  =============================================
`affine_rewards`    a r + b                                           the table a Q + b / (1 - gamma), if nothing ends
`shaped`            r + gamma Phi(s') - Phi(s)                        the table Q(s, a) - Phi(s), if Phi is 0 at ends
`relabelled`        (s, a) goes by another number                     the same table, its entries in another order
==================  ================================================  =============================================

Probabilities and successors stay as they are, so a path of the old model is one of the new. Everything works in every
arithmetic; next to an exact model, numbers are read by `arithmetic.exact`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arithmetic import Array, Scalar, exact, exact_array, is_exact
from .model import FiniteMDP

__all__ = ["InvalidTransformation", "Relabelled", "affine_rewards", "relabelled", "shaped"]


class InvalidTransformation(ValueError):
    """A potential or a renumbering that does not fit the model."""


def affine_rewards(mdp: FiniteMDP, scale: object, shift: object) -> FiniteMDP:
    """Return the model that pays a r + b where `mdp` pays r, for a = `scale` and b = `shift`.

    >>> loop = FiniteMDP.from_pairs(1, [(0, 0, [(1, 3, 0)])], "1/2")
    >>> affine_rewards(loop, 2, "1/2").reward
    array([13/2], dtype=object)
    """
    a, b = (_in_arithmetic_of(mdp, value) for value in (scale, shift))
    # The array stands first: z3's multiplication would take a whole array for a number.
    return replace(mdp, reward=mdp.reward * a + b)


def shaped(mdp: FiniteMDP, potential: Array | Sequence[object]) -> FiniteMDP:
    """Return the model that pays r + gamma Phi(s') - Phi(s) where `mdp` pays r: potential-based shaping.

    `potential` holds Phi, an (S,) vector with an entry for terminal states too; it need not be 0 there, though only
    then is shaping without effect (Ng, Harada and Russell 1999). Raises `InvalidTransformation` for another shape.

    >>> mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 0, 1)])], "1/2")
    >>> shaped(mdp, [3, 0]).reward, shaped(mdp, [3, 4]).reward
    (array([-3], dtype=object), array([-1], dtype=object))
    """
    phi: Array = exact_array(potential) if is_exact(mdp.reward) else potential
    if np.shape(phi) != (mdp.n_states,):
        raise InvalidTransformation(
            f"the potential has shape {np.shape(phi)}; it needs one entry for each of {mdp.n_states} states"
        )
    source = mdp.pair_state[np.repeat(np.arange(mdp.n_pairs), np.diff(mdp.outcome_start))]
    return replace(mdp, reward=mdp.reward + phi[mdp.next_state] * mdp.discount - phi[source])


@dataclass(frozen=True)
class Relabelled:
    """A model under other numbers, and how to find the old ones in it.

    `states`, `pairs` and `outcomes` have shapes (S,), (N,) and (K,): entry i is the new number of the old i.
    """

    mdp: FiniteMDP
    states: np.ndarray
    pairs: np.ndarray
    outcomes: np.ndarray

    def table(self, q: Array) -> Array:
        """Return the (N,) table over the new pairs that has at each pair what `q` has under its old number."""
        return q[np.argsort(self.pairs)]

    def path(self, path: Sequence[tuple[int, int, Scalar]]) -> tuple[tuple[int, int, Scalar], ...]:
        """Return a path of (pair, outcome, step size) under the new numbers."""
        return tuple((int(self.pairs[pair]), int(self.outcomes[outcome]), size) for pair, outcome, size in path)


def relabelled(mdp: FiniteMDP, states: Sequence[int] | np.ndarray, actions: Sequence[int] | np.ndarray) -> Relabelled:
    """Return the model in which state s has the number ``states[s]`` and the action of pair x ``actions[x]``.

    `states` is a permutation of all states; `actions` has shape (N,), a number >= 0 for each pair, different within a
    state. A state keeps its name, an action takes the name that its new number has. Raises `InvalidTransformation`.

    >>> mdp = FiniteMDP.from_pairs(2, [(0, 0, [(1, 5, 0)]), (0, 1, [(1, 7, 1)])], "1/2")
    >>> relabelled(mdp, states=[1, 0], actions=[1, 0]).mdp
    FiniteMDP.from_pairs(2, [(1, 0, [(1, 7, 0)]), (1, 1, [(1, 5, 1)])], discount=1/2)
    """
    of_state, of_pair = np.asarray(states), np.asarray(actions)
    if sorted(of_state.tolist()) != list(range(mdp.n_states)):
        raise InvalidTransformation(f"states {of_state.tolist()} is no permutation of 0 to {mdp.n_states - 1}")
    if of_pair.shape != (mdp.n_pairs,):
        raise InvalidTransformation(
            f"actions has shape {of_pair.shape}; it needs a number for each of {mdp.n_pairs} pairs"
        )
    for state in mdp.acting:
        numbers = [int(of_pair[x]) for x in mdp.pairs_of(state)]
        if len(set(numbers)) < len(numbers) or min(numbers) < 0:
            raise InvalidTransformation(f"actions of state {state} become {numbers}; give each its own number >= 0")
    old_pairs = np.lexsort((of_pair, of_state[mdp.pair_state]))
    old_outcomes = np.array([k for x in old_pairs for k in mdp.outcomes_of(x)], dtype=np.int64)
    old_states = np.argsort(of_state)
    model = replace(
        mdp,
        pair_state=of_state[mdp.pair_state[old_pairs]],
        pair_action=of_pair[old_pairs],
        outcome_start=np.cumsum([0, *np.diff(mdp.outcome_start)[old_pairs]]),
        probability=mdp.probability[old_outcomes],
        reward=mdp.reward[old_outcomes],
        next_state=of_state[mdp.next_state[old_outcomes]],
        start=None if mdp.start is None else mdp.start[old_states],
        state_names=None if mdp.state_names is None else tuple(mdp.state_names[s] for s in old_states),
    )
    return Relabelled(model, of_state, np.argsort(old_pairs), np.argsort(old_outcomes))


def _in_arithmetic_of(mdp: FiniteMDP, value: object) -> Scalar:
    return exact(value) if is_exact(mdp.reward) else value
