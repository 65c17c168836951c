r"""Shaping rewards by a potential is the same as starting from it.

.. math:: Q^{\text{plain}}_k(s, a) = Q^{\text{shaped}}_k(s, a) + \Phi(s) \quad\text{for all}\ k

where the first learner is paid r and starts from Q_0 + Phi, the second is paid r + gamma Phi(s') - Phi(s) and starts
from Q_0, both along one path, with any step sizes; Phi is any function of the state that is 0 at terminal states.

Why: suppose it holds for a table. Then V_plain(s') = V_shaped(s') + Phi(s'), because Phi(s') is the same for all
actions in s', and at a terminal s' all three are 0. So the shaped target is

.. math:: r + \gamma \Phi(s') - \Phi(s) + \gamma V_{\text{shaped}}(s') = r + \gamma V_{\text{plain}}(s') - \Phi(s),

the plain one less Phi(s), and the update averages it with an entry of which the same is true.

The tables of a state differ by a constant, so whatever looks at differences between actions only, greedy,
epsilon-greedy and softmax among them, behaves alike: learners that choose their own actions then have one path indeed.
A behaviour that looks at the values themselves, a roulette wheel or a softmax whose temperature follows the largest
value, does not.

Where Phi is not 0 at a terminal state, an end pays gamma Phi(s') that no later step takes back
(folklore.shaping-is-harmless).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bellcheck.mdp.arithmetic import Array, Reals, Scalar, exact_array
from bellcheck.mdp.bellman import greedy_pairs
from bellcheck.mdp.model import FiniteMDP
from bellcheck.mdp.q_learning import run_asynchronous
from bellcheck.mdp.strategies import mdps, paths, state_tables, tables, tied_to
from bellcheck.mdp.transform import shaped

from ..assumptions import terminal_potential_zero
from ..claim import Claim, cite, lean
from ..draws import symbolic_mdp, symbolic_table
from ..mutants import behaviours, invariants, learners
from ..relation import Relation, all_of, equal
from ..runs import Path, Update, any_step, tables_along
from ..transformations import potentials

shaping_initialisation = Claim(
    id="q-learning.shaping-initialisation",
    title="Shaping rewards by a potential is the same as starting from it",
    statement=r"Q^{\text{plain}}_k(s, a) = Q^{\text{shaped}}_k(s, a) + \Phi(s)",
    subject="q-learner",
    needs=(terminal_potential_zero,),
    sources=(cite("wiewiora2003"), cite("ng1999")),
    proved_in=(lean("shaped_bellman_shift", library="jin-yidan/verified-rl"),),
)


def _symbolic_potential(*, zero_at_ends: bool) -> Any:
    @tied_to("state")
    def draw(reals: Reals, mdp: FiniteMDP) -> Array:
        potential = reals.array("phi", mdp.n_states)
        for state in mdp.terminal_states if zero_at_ends else ():
            reals.assume(potential[state] == 0)
        return potential

    return draw


@shaping_initialisation.all_reals(
    mdp=symbolic_mdp(3, 2, terminal=1),
    q=symbolic_table,
    potential=_symbolic_potential(zero_at_ends=True),
    step_size=any_step,
)
def one_step_keeps_them_apart_by_the_potential(
    update: Update, mdp: FiniteMDP, q: Array, potential: Array, step_size: Scalar
) -> Relation:
    """The induction step, for all reals.

    The first pair stands for all, its own state, another and a terminal one for the successors.
    """
    model, above = shaped(mdp, potential), potential[mdp.pair_state]
    plain = [update(mdp, q + above, 0, k, step_size)[0] for k in mdp.outcomes_of(0)]
    after = [update(model, q, 0, k, step_size)[0] for k in mdp.outcomes_of(0)]
    return equal(plain, [entry + potential[0] for entry in after])


shaping_initialisation.refutes(learners.undiscounted_target, by=one_step_keeps_them_apart_by_the_potential)
shaping_initialisation.refutes(learners.sum_over_actions, by=one_step_keeps_them_apart_by_the_potential)
shaping_initialisation.fails_without(
    terminal_potential_zero,
    by=one_step_keeps_them_apart_by_the_potential,
    potential=_symbolic_potential(zero_at_ends=False),
)


@shaping_initialisation.pathwise(mdp=mdps(), q=tables, potential=potentials, path=paths)
def paths_keep_them_apart_by_the_potential(
    update: Update, mdp: FiniteMDP, q: Array, potential: Array, path: Path
) -> Relation:
    """Two learners on one path: their tables differ by Phi(s) after every step."""
    above = potential[mdp.pair_state]
    plain = tables_along(update, mdp, q + above, path)
    after = tables_along(update, shaped(mdp, potential), q, path)
    return all_of(equal(a, b + above) for a, b in zip(plain, after, strict=True))


for _mutant in (learners.undiscounted_target, learners.bootstrapped_end):
    shaping_initialisation.refutes(_mutant, by=paths_keep_them_apart_by_the_potential)
shaping_initialisation.fails_without(
    terminal_potential_zero, by=paths_keep_them_apart_by_the_potential, mdp=mdps(max_states=2), potential=state_tables
)


@shaping_initialisation.too_strong(beside=paths_keep_them_apart_by_the_potential)
def with_the_sign_turned_around(update: Update, mdp: FiniteMDP, q: Array, potential: Array, path: Path) -> Relation:
    """Paid r + Phi(s) - gamma Phi(s'), the learner is led away from where the potential is high."""
    above = potential[mdp.pair_state]
    plain = tables_along(update, mdp, q + above, path)
    after = tables_along(update, shaped(mdp, -potential), q, path)
    return all_of(equal(a, b + above) for a, b in zip(plain, after, strict=True))


@shaping_initialisation.pathwise(
    of="behaviour",
    mdp=mdps(),
    q=tables,
    potential=potentials,
    epsilon=st.sampled_from(exact_array([0, "1/10", "1/2"]).tolist()),
    ties=st.sampled_from(["lowest", "split"]),
    path=paths,
)
def greedy_behaviour_is_identical(
    behaviour: Any, mdp: FiniteMDP, q: Array, potential: Array, epsilon: Scalar, ties: str, path: Path
) -> Relation:
    """After every step both learners have the same greedy actions and the same epsilon-greedy policy."""
    plain = run_asynchronous(mdp, q + potential[mdp.pair_state], path)
    after = run_asynchronous(shaped(mdp, potential), q, path)
    relations = []
    for a, b in zip(plain, after, strict=True):
        relations.append(equal(greedy_pairs(mdp, a).astype(int), greedy_pairs(mdp, b).astype(int)))
        relations.append(equal(behaviour(mdp, a, epsilon, ties), behaviour(mdp, b, epsilon, ties)))
    return all_of(relations)


for _behaviour in (invariants.roulette_wheel, behaviours.search_from_zero):
    shaping_initialisation.refutes(_behaviour, by=greedy_behaviour_is_identical)


@tied_to("pair")
def _quarters(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.lists(st.integers(-40, 40), min_size=mdp.n_pairs, max_size=mdp.n_pairs).map(_in_quarters)


@tied_to("state")
def _state_quarters(mdp: FiniteMDP) -> st.SearchStrategy[Array]:
    return st.lists(st.integers(-40, 40), min_size=mdp.n_states, max_size=mdp.n_states).map(_in_quarters)


def _in_quarters(integers: list[int]) -> Array:
    return exact_array(integers) / 4


@shaping_initialisation.exact(
    of="softmax",
    mdp=mdps(),
    q=_quarters,
    potential=_state_quarters,
    temperature=st.sampled_from([1.0, 0.5, 0.1, 10.0]),
)
def softmax_behaviour_is_identical(
    behaviour: Any, mdp: FiniteMDP, q: Array, potential: Array, temperature: float
) -> Relation:
    """The softmax policies of Q and Q + Phi are the same, to the last bit.

    A multiple of 1/4 below 2^7 is a float, and so is the difference of two: no rounding tells the tables apart.
    """
    above = potential[mdp.pair_state]
    return equal(behaviour(mdp, q, temperature), behaviour(mdp, q + above, temperature))


shaping_initialisation.refutes(invariants.relative_temperature, by=softmax_behaviour_is_identical)
