r"""T is monotone and convex, and passes a constant on, discounted, where the episode goes on.

.. math:: Q \le Q' \implies TQ \le TQ'

    T(\lambda Q + (1 - \lambda) Q') \le \lambda \, TQ + (1 - \lambda) \, TQ'

    T(Q + c) = TQ + \gamma c \quad\text{if no state is terminal}

Why: TQ is a mean of rewards and discounted maxima. A maximum is monotone in its arguments; it is convex, since the best
action of a mixture earns in each of the two tables at most what is best there; it passes a constant on. A mean with
weights p >= 0, times gamma >= 0, keeps all three.

A terminal state has value 0 whatever Q is, and passes nothing on. Then the constant comes through with the probability
that the episode goes on, T(Q + c)(x) = TQ(x) + gamma c P(s' has actions | x), for all models and tables.

Monotone: bounds can be pushed through T, which is how bounds on Q-learning are made. Convex: T of a mean of tables is
at most the mean of T, so that noise, on average, raises what is bootstrapped. With a minimum (costs) T is concave.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

from bellcheck.mdp.arithmetic import Array, Scalar, exact, segment_sum
from bellcheck.mdp.draws import NUMBERS
from bellcheck.mdp.examples import self_loop
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.strategies import mdps, step_sizes, tables, tied_to

from ..assumptions import no_terminals
from ..claim import Claim, cite, isabelle, rocq
from ..draws import symbolic_mdp, symbolic_number, symbolic_table
from ..mutants import iteration, operators
from ..relation import Relation, at_most, equal, given

monotone_convex_shift = Claim(
    id="bellman.monotone-convex-shift",
    title="T is monotone and convex, and passes a constant on, discounted",
    statement=r"Q \le Q' \Rightarrow TQ \le TQ'; \quad "
    r"T(\lambda Q + (1-\lambda) Q') \le \lambda TQ + (1-\lambda) TQ'; \quad "
    r"T(Q + c) = TQ + \gamma c",
    subject="operator",
    needs=(no_terminals,),
    sources=(cite("bertsekas1996"), cite("puterman1994", "section 6.2", verified=False)),
    proved_in=(isabelle("𝓛⇩b_mono"), isabelle("𝓛⇩b_conv"), rocq("bellman_max_op_monotone_le")),
)


_models = mdps(max_states=3)


@tied_to("pair")
def _above(mdp: FiniteMDP, q: Array) -> st.SearchStrategy[Array]:
    return tables(mdp).map(lambda raised: q + abs(raised))


@tied_to("pair")
def _apart(mdp: FiniteMDP, q: Array) -> st.SearchStrategy[Array]:
    # Q and -Q disagree on the best action wherever Q prefers one.
    return st.one_of(st.just(-q), tables(mdp))


_constants = st.sampled_from(list(NUMBERS))


@monotone_convex_shift.all_reals(mdp=symbolic_mdp(3, 3), q=symbolic_table, w=symbolic_table)
@monotone_convex_shift.exact(mdp=_models, q=tables, w=_above)
def higher_tables_have_higher_backups(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """Q <= W at every pair makes TQ <= TW at every pair."""
    return given(at_most(q, w), at_most(T(mdp, q), T(mdp, w)))


@monotone_convex_shift.too_strong(beside=higher_tables_have_higher_backups)
def higher_backups_are_of_higher_tables(T: Any, mdp: FiniteMDP, q: Array, w: Array) -> Relation:
    """T forgets: W may lie above Q, at an action that is not greedy, and TW be no higher."""
    return given(at_most(T(mdp, w), T(mdp, q)), at_most(w, q))


@monotone_convex_shift.all_reals(
    mdp=symbolic_mdp(2, 2), q=symbolic_table, w=symbolic_table, weight=symbolic_number("weight", 0, 1)
)
@monotone_convex_shift.exact(mdp=_models, q=tables, w=_apart, weight=step_sizes())
def mixtures_gain_nothing(T: Any, mdp: FiniteMDP, q: Array, w: Array, weight: Scalar) -> Relation:
    """T of a mixture of two tables is at most the mixture of T of each."""
    mixed = T(mdp, q * weight + w * (1 - weight))
    return at_most(mixed, T(mdp, q) * weight + T(mdp, w) * (1 - weight))


@monotone_convex_shift.too_strong(beside=mixtures_gain_nothing)
def mixtures_lose_nothing(T: Any, mdp: FiniteMDP, q: Array, w: Array, weight: Scalar) -> Relation:
    """T is not concave: where the tables disagree on the best action, mixing them loses."""
    mixed = T(mdp, q * weight + w * (1 - weight))
    return at_most(T(mdp, q) * weight + T(mdp, w) * (1 - weight), mixed)


@monotone_convex_shift.exact(mdp=mdps(max_states=3, terminal=False), q=tables, c=_constants)
def constants_pass_discounted(T: Any, mdp: FiniteMDP, q: Array, c: Scalar) -> Relation:
    """T(Q + c) = TQ + gamma c."""
    return equal(T(mdp, q + c), T(mdp, q) + mdp.discount * c)


def _goes_on(mdp: FiniteMDP) -> Array:
    """Return the (N,) probabilities that the next state has actions."""
    acting = [int(bool(mdp.pairs_of(int(state)))) for state in mdp.next_state]
    return segment_sum(mdp.probability * acting, mdp.outcome_start[:-1])


@monotone_convex_shift.all_reals(mdp=symbolic_mdp(3, 2, terminal=1), q=symbolic_table, c=symbolic_number("c"))
@monotone_convex_shift.exact(mdp=_models, q=tables, c=_constants)
def constants_pass_where_the_episode_goes_on(T: Any, mdp: FiniteMDP, q: Array, c: Scalar) -> Relation:
    """T(Q + c) = TQ + gamma c P(the next state has actions), with terminal states or without."""
    return equal(T(mdp, q + c), T(mdp, q) + _goes_on(mdp) * (mdp.discount * c))


@monotone_convex_shift.too_strong(beside=constants_pass_where_the_episode_goes_on)
def constants_pass_in_full(T: Any, mdp: FiniteMDP, q: Array, c: Scalar) -> Relation:
    """Not discounted, the constant does not come through."""
    return equal(T(mdp, q + c), T(mdp, q) + _goes_on(mdp) * c)


_loop = self_loop()
monotone_convex_shift.attained(
    "a loop, where equal tables have equal backups",
    by=higher_tables_have_higher_backups,
    mdp=_loop,
    q=_loop.table(3),
    w=_loop.table(3),
)
monotone_convex_shift.attained(
    "a loop: without a choice T is affine",
    by=mixtures_gain_nothing,
    mdp=_loop,
    q=_loop.table(3),
    w=_loop.table(-1),
    weight=exact("1/3"),
)

_one_step = FiniteMDP.from_pairs(2, [(0, 0, [(1, 1, 1)])], "1/2")
monotone_convex_shift.fails_without(
    no_terminals, by=constants_pass_discounted, mdp=_one_step, q=_one_step.table(0), c=exact(1)
)

monotone_convex_shift.refutes(iteration.largest_magnitude, by=higher_tables_have_higher_backups, kinds=("exact",))
monotone_convex_shift.refutes(operators.minimum_in_place_of_maximum, by=mixtures_gain_nothing)
monotone_convex_shift.refutes(operators.undiscounted_backup, by=constants_pass_discounted)
monotone_convex_shift.refutes(operators.undiscounted_backup, by=constants_pass_where_the_episode_goes_on)
