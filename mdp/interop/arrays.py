r"""A model as the arrays that pymdptoolbox and QuantEcon take.

===========================  =======================  ===================  =========================================
library, form                transitions              rewards              where a state lacks an action
===========================  =======================  ===================  =========================================
pymdptoolbox                 P (A, S, S)              R (S, A)             its first action stands in for it
QuantEcon, product           Q (S, A, S)              R (S, A)             reward minus infinity
QuantEcon, pairs             Q (L, S)                 R (L,)               there is no such pair
===========================  =======================  ===================  =========================================

Three things are lost, and none of them changes a value. The joint law becomes its marginals p(s' | s, a) and the mean
reward r(s, a). A terminal state becomes one that leads to itself and pays nothing. In pymdptoolbox each state needs
every action: a copy of an action that it has changes no maximum.

Every float is the rational rounded correctly; `rounded` names the rationals that binary64 does not hold. So rows sum to
1 only nearly, which pymdptoolbox allows up to 10 units of 2^-52; neither library is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..arithmetic import Array, exact, fraction, is_exact, segment_sum
from ..model import FiniteMDP, InvalidMDP

__all__ = ["PairArrays", "ProductArrays", "ToolboxArrays", "to_pymdptoolbox", "to_quantecon", "to_quantecon_pairs"]

ROW_TOLERANCE = 10 * float(np.spacing(1.0))
"""How far pymdptoolbox lets a row's sum be from 1 (``util.isStochastic``, version 4.0b3); QuantEcon does not look."""


@dataclass(frozen=True, eq=False)
class ToolboxArrays:
    """What ``mdptoolbox.mdp.PolicyIteration(P, R, discount)`` and its siblings take.

    `P` has shape (A, S, S) and `R` (S, A): column a of a state is the action ``action_of[s, a]``, -1 in a terminal one.
    For sparse matrices: ``[scipy.sparse.csr_matrix(p) for p in P]``.
    """

    P: np.ndarray
    R: np.ndarray
    discount: float
    action_of: np.ndarray
    rounded: tuple[fmpq, ...]


@dataclass(frozen=True, eq=False)
class ProductArrays:
    """What ``quantecon.markov.DiscreteDP(R, Q, beta)`` takes: `R` of shape (S, A), `Q` (S, A, S), A by number."""

    R: np.ndarray
    Q: np.ndarray
    beta: float
    rounded: tuple[fmpq, ...]


@dataclass(frozen=True, eq=False)
class PairArrays:
    """What ``quantecon.markov.DiscreteDP(R, Q, beta, s_indices, a_indices)`` takes, by pairs in their order.

    `R`, `s_indices` and `a_indices` have shape (L,), `Q` (L, S); a terminal state has the one action 0.
    """

    R: np.ndarray
    Q: np.ndarray
    beta: float
    s_indices: np.ndarray
    a_indices: np.ndarray
    rounded: tuple[fmpq, ...]


def to_pymdptoolbox(mdp: FiniteMDP) -> ToolboxArrays:
    """Return an exact model as pymdptoolbox takes it; a column is an action that some state has, by its number.

    Raises ``InvalidMDP`` where the library takes no such model: at discount 0; without any action; or where binary64
    cannot hold it.

    >>> mdp = FiniteMDP.from_pairs(2, [(0, 3, [("1/2", 1, 0), ("1/2", 0, 1)]), (0, 5, [(1, 4, 1)])], "1/2")
    >>> arrays = to_pymdptoolbox(mdp)
    >>> arrays.P[0].tolist(), arrays.R.tolist(), arrays.action_of.tolist()
    ([[0.5, 0.5], [0.0, 1.0]], [[0.5, 4.0], [0.0, 0.0]], [[3, 5], [-1, -1]])
    """
    if mdp.discount == 0:
        raise InvalidMDP("discount 0: pymdptoolbox takes only discounts above 0; q* is the mean reward of each pair")
    if not mdp.n_pairs:
        raise InvalidMDP("no state has an action; pymdptoolbox needs one")
    rewards, to_float = _mean_rewards(mdp), _Rounding()
    columns = np.unique(mdp.pair_action)
    P = np.zeros((len(columns), mdp.n_states, mdp.n_states))
    R = np.zeros((mdp.n_states, len(columns)))
    action_of = np.full((mdp.n_states, len(columns)), -1)
    for state in range(mdp.n_states):
        pairs = mdp.pairs_of(state)
        pair_of = {int(mdp.pair_action[x]): x for x in pairs}
        for column, action in enumerate(columns):
            if not pairs:
                P[column, state, state] = 1.0
                continue
            x = pair_of.get(int(action), pairs[0])
            P[column, state] = _row(mdp, x, to_float)
            R[state, column] = to_float(rewards[x])
            action_of[state, column] = mdp.pair_action[x]
    for column in range(len(columns)):
        _require_rows(P[column], column)
    return ToolboxArrays(P, R, _discount(mdp, to_float), action_of, to_float.moved)


def to_quantecon(mdp: FiniteMDP) -> ProductArrays:
    """Return an exact model as QuantEcon takes it over states x actions; an action that is missing pays -infinity.

    Its row of `Q`, which is never used, stays in the state. Raises ``InvalidMDP`` where binary64 cannot hold the model.
    """
    rewards, to_float = _mean_rewards(mdp), _Rounding()
    n_actions = 1 + int(mdp.pair_action.max(initial=0))
    R = np.full((mdp.n_states, n_actions), -np.inf)
    Q = np.zeros((mdp.n_states, n_actions, mdp.n_states))
    Q[np.arange(mdp.n_states), :, np.arange(mdp.n_states)] = 1.0
    R[list(mdp.terminal_states), 0] = 0.0
    for x in range(mdp.n_pairs):
        pair = mdp.pair_state[x], mdp.pair_action[x]
        R[pair], Q[pair] = to_float(rewards[x]), _row(mdp, x, to_float)
    return ProductArrays(R, Q, _discount(mdp, to_float), to_float.moved)


def to_quantecon_pairs(mdp: FiniteMDP) -> PairArrays:
    """Return an exact model as QuantEcon takes it over state-action pairs: ours, and one for each terminal state.

    Raises ``InvalidMDP`` where binary64 cannot hold the model.
    """
    rewards, to_float = _mean_rewards(mdp), _Rounding()
    pairs = [(int(mdp.pair_state[x]), int(mdp.pair_action[x]), x) for x in range(mdp.n_pairs)]
    pairs += [(state, 0, -1) for state in mdp.terminal_states]
    pairs.sort()
    Q = np.zeros((len(pairs), mdp.n_states))
    R = np.zeros(len(pairs))
    for row, (state, _, x) in enumerate(pairs):
        if x < 0:
            Q[row, state] = 1.0
        else:
            Q[row], R[row] = _row(mdp, x, to_float), to_float(rewards[x])
    s_indices, a_indices = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    return PairArrays(R, Q, _discount(mdp, to_float), s_indices, a_indices, to_float.moved)


# -------------------------------------------------------------------- from rationals to floats


class _Rounding:
    """Rounds rationals, and remembers those that binary64 does not hold."""

    def __init__(self) -> None:
        self._moved: set[fmpq] = set()

    def __call__(self, number: fmpq) -> float:
        try:
            rounded = float(fraction(number))
        except OverflowError:
            raise InvalidMDP(
                "a mean reward is too large for binary64, which ends at 1.8e308; rescale the rewards"
            ) from None
        if exact(rounded) != number:
            self._moved.add(number)
        return rounded

    @property
    def moved(self) -> tuple[fmpq, ...]:
        return tuple(sorted(self._moved))


def _row(mdp: FiniteMDP, pair: int, to_float: _Rounding) -> np.ndarray:
    """Return p(. | s, a) in floats; outcomes that lead to the same state are added up before they are rounded."""
    total: dict[int, fmpq] = {}
    for k in mdp.outcomes_of(pair):
        following = int(mdp.next_state[k])
        total[following] = total.get(following, fmpq(0)) + mdp.probability[k]
    row = np.zeros(mdp.n_states)
    for following, probability in total.items():
        row[following] = to_float(probability)
    return row


def _mean_rewards(mdp: FiniteMDP) -> Array:
    if not is_exact(mdp.probability):
        raise InvalidMDP("a model in floating point has been rounded already; give the exact one that it was made from")
    return segment_sum(mdp.probability * mdp.reward, mdp.outcome_start[:-1])


def _discount(mdp: FiniteMDP, to_float: _Rounding) -> float:
    rounded = to_float(mdp.discount)
    if rounded == 1 and mdp.discount != 1:
        raise InvalidMDP(f"discount {mdp.discount} rounds to 1 in binary64: that would be another problem")
    return rounded


def _require_rows(P: np.ndarray, column: int) -> None:
    off = np.abs(P.sum(axis=1) - 1)
    if off.max() > ROW_TOLERANCE:
        state = int(off.argmax())
        raise InvalidMDP(
            f"the probabilities of state {state}, column {column} sum to {P[state].sum()!r} in binary64; "
            f"pymdptoolbox takes 1 to within {ROW_TOLERANCE:.2g}. Give it probabilities that binary64 holds"
        )
